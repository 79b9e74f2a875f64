"""How long the lists of a document may get: `first` and `last`, multiplied down the tree, before anything is run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from thirdeye.errors import LimitExceeded

MAX_NODES: Final = 20_000
# No list gives more at once.
_LONGEST: Final = 1_000
# A list that is given neither, and has no default either, has about so many.
_UNSAID: Final = 20


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in a document: its size, or the variable that has it, and the lists below it."""

    size: int | str
    default: int
    below: "tuple[Listing, ...]"

    def nodes(self, variables: Mapping[str, Any]) -> int:
        """How many nodes it may have, with all those below."""
        size = variables.get(self.size) if isinstance(self.size, str) else self.size
        if type(size) is not int:
            size = self.default
        # What is out of its range is for the resolver to refuse, by name.
        size = min(max(size, 0), _LONGEST)
        return size * (1 + sum(each.nodes(variables) for each in self.below))


def check_sizes(listings: tuple[Listing, ...], variables: Mapping[str, Any]) -> None:
    """Raises LimitExceeded when all lists together may have more than MAX_NODES nodes."""
    nodes = sum(each.nodes(variables) for each in listings)
    if nodes > MAX_NODES:
        raise LimitExceeded(
            f"the lists of this query may have {nodes} nodes together; at most {MAX_NODES} are allowed: "
            "make `first` smaller",
            "nodes",
        )


def listings_of(schema: GraphQLSchema, document: DocumentNode) -> dict[str | None, tuple[Listing, ...]]:
    """The lists of each operation of a valid document, by the operation's name; none for one without a name."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    found = {}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            finder = _Finder(schema, fragments, node)
            root = schema.get_root_type(node.operation)
            assert root is not None
            found[node.name.value if node.name else None] = tuple(finder.below(root, node.selection_set))
    return found


class _Finder:
    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], operation: OperationDefinitionNode
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._defaults = {
            each.variable.name.value: int(each.default_value.value)
            for each in operation.variable_definitions or ()
            if isinstance(each.default_value, IntValueNode)
        }

    def below(self, parent: Any, selections: SelectionSetNode) -> Iterator[Listing]:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield from self._field(parent, node)
            elif isinstance(node, InlineFragmentNode):
                yield from self.below(parent, node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                yield from self.below(parent, self._fragments[node.name.value].selection_set)

    def _field(self, parent: Any, node: FieldNode) -> Iterator[Listing]:
        field = parent.fields.get(node.name.value) if isinstance(parent, GraphQLObjectType) else None
        if field is None or node.selection_set is None:
            return
        below = tuple(self.below(get_named_type(field.type), node.selection_set))
        if "first" not in field.args:
            yield from below
            return
        written = field.args["first"].ast_node
        default = _integer(written.default_value if written else None, _UNSAID)
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        value = given.get("first") or given.get("last")
        if isinstance(value, VariableNode):
            name = value.name.value
            yield Listing(name, self._defaults.get(name, default), below)
        else:
            yield Listing(_integer(value, default), default, below)


def _integer(node: ValueNode | None, otherwise: int) -> int:
    return int(node.value) if isinstance(node, IntValueNode) else otherwise
