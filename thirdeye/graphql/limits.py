"""What a document may cost, measured before validation in time linear in its size.

Fragments are measured once each and count wherever they are spread, so a bomb of nested spreads is counted, not expanded.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from graphql.language import ast

from thirdeye.errors import LimitExceeded

MAX_DEPTH = 8
MAX_FIELDS = 500
MAX_ALIASES = 100
MAX_SAME_KEY = 50
MAX_DIRECTIVES = 20
# Counts beyond any limit stop growing here, so that a bomb of 2^30 fields stays a small number.
_CAP = 1_000_000


@dataclass(slots=True)
class Cost:
    """What a selection costs with its fragments expanded; the depth of its own fields is 1."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def add(self, other: "Cost", deeper: int = 0) -> None:
        """Adds a selection that is `deeper` levels below."""
        if other.fields:
            self.depth = min(max(self.depth, other.depth + deeper), _CAP)
        self.fields = min(self.fields + other.fields, _CAP)
        self.aliases = min(self.aliases + other.aliases, _CAP)
        self.directives = min(self.directives + other.directives, _CAP)


class _CostMeter:
    def __init__(self, document: ast.DocumentNode) -> None:
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, ast.FragmentDefinitionNode)
        }
        self._measured: dict[str, Cost] = {}
        self._open: set[str] = set()
        # Whether fragments spread each other in a cycle: then there is no end to expanding them.
        self.has_cycle = False

    def selection_set(self, node: ast.SelectionSetNode, level: int = 1) -> Cost:
        if level > 100:
            raise LimitExceeded(f"the query is deeper than {MAX_DEPTH} levels", "depth")
        cost = Cost()
        for selection in node.selections:
            cost.directives += len(selection.directives or ())
            if isinstance(selection, ast.FieldNode):
                cost.add(Cost(depth=1, fields=1, aliases=int(selection.alias is not None)))
                if selection.selection_set:
                    cost.add(self.selection_set(selection.selection_set, level + 1), deeper=1)
            elif isinstance(selection, ast.InlineFragmentNode):
                cost.add(self.selection_set(selection.selection_set, level + 1))
            elif isinstance(selection, ast.FragmentSpreadNode):
                cost.add(self.fragment(selection.name.value, level + 1))
        return cost

    def fragment(self, name: str, level: int) -> Cost:
        if name in self._measured:
            return self._measured[name]
        node = self._fragments.get(name)
        # Unknown fragments and cycles are for the validation to report.
        if node is None or name in self._open:
            self.has_cycle = self.has_cycle or node is not None
            return Cost()
        self._open.add(name)
        cost = self.selection_set(node.selection_set, level)
        cost.directives += len(node.directives or ())
        self._open.discard(name)
        self._measured[name] = cost
        return cost

    def expanded(self, nodes: Iterable[ast.SelectionSetNode]) -> Iterable[ast.FieldNode]:
        for node in nodes:
            for selection in node.selections:
                if isinstance(selection, ast.FieldNode):
                    yield selection
                elif isinstance(selection, ast.InlineFragmentNode):
                    yield from self.expanded((selection.selection_set,))
                elif isinstance(selection, ast.FragmentSpreadNode):
                    name = selection.name.value
                    # A fragment without fields has nothing to count, however many spreads are in it.
                    if name in self._measured and self._measured[name].fields:
                        yield from self.expanded((self._fragments[name].selection_set,))

    def check_keys(self, nodes: list[ast.SelectionSetNode]) -> None:
        """Counts response keys place by place; called only once the fields are known to be few."""
        fields = list(self.expanded(nodes))
        keys = Counter(_response_key(field) for field in fields)
        for key, count in keys.items():
            if count > MAX_SAME_KEY:
                message = f"the response key {key} is asked {count} times; at most {MAX_SAME_KEY} are allowed"
                raise LimitExceeded(message, "same key")
            below = [field.selection_set for field in fields if _response_key(field) == key and field.selection_set]
            if below:
                self.check_keys(below)


def _response_key(field: ast.FieldNode) -> str:
    return field.alias.value if field.alias else field.name.value


def measure(document: ast.DocumentNode, meter: _CostMeter | None = None) -> Cost:
    """The cost of all operations of a document together; the depth is that of the deepest."""
    meter = meter or _CostMeter(document)
    total = Cost()
    for node in document.definitions:
        if isinstance(node, ast.OperationDefinitionNode):
            total.add(meter.selection_set(node.selection_set))
            total.directives += len(node.directives or ())
            total.directives += sum(len(variable.directives or ()) for variable in node.variable_definitions or ())
    return total


def check_limits(document: ast.DocumentNode) -> bool:
    """Raises LimitExceeded, with the limit and the document's value, for one over a limit of the contract.

    False for one whose fragments spread each other in a cycle: it is invalid, and nothing may be expanded in it.
    """
    meter = _CostMeter(document)
    cost = measure(document, meter)
    for name, value, limit in (
        ("levels deep", cost.depth, MAX_DEPTH),
        ("fields", cost.fields, MAX_FIELDS),
        ("aliases", cost.aliases, MAX_ALIASES),
        ("directives", cost.directives, MAX_DIRECTIVES),
    ):
        if value > limit:
            count = f"over {_CAP - 1}" if value >= _CAP else str(value)
            raise LimitExceeded(f"the query has {count} {name}; at most {limit} are allowed", name)
    if meter.has_cycle:
        return False
    for node in document.definitions:
        if isinstance(node, ast.OperationDefinitionNode):
            meter.check_keys([node.selection_set])
    return True
