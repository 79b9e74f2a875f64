"""What a document costs: the weights of its fields, by `@cost` in the schema, times the lists that they are in.

A unit is about a millisecond. Fragments are measured once each, wherever they are spread; sizes that are variables are
filled in for each request, so that all the rest is done once for each document.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from graphql import (
    GraphQLDirective,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_directive_values,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)
from graphql.language import ast

from thirdeye.errors import LimitExceeded

MAX_COST: Final = 1_000
# Of a field or type without `@cost`: a field of plain values, and an object.
LEAF_COST: Final = 0.005
OBJECT_COST: Final = 0.02
# Of a list that has neither `first` nor `size`: about so many.
USUAL_LENGTH: Final = 5
# Of a page without `first`, `last` or a default.
USUAL_PAGE: Final = 20
# No page of a list is longer.
_MAX_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Times:
    """A cost for each item of a list whose size one of these variables has."""

    variables: tuple[str, ...]
    default: int
    each: "Cost"

    def of(self, values: Mapping[str, object]) -> float:
        sizes = [size for size in map(values.get, self.variables) if type(size) is int]
        return _page(max(sizes, default=self.default)) * self.each.of(values)


@dataclass(frozen=True, slots=True)
class Cost:
    """A sum: what is known, and what variables decide."""

    known: float = 0.0
    times: tuple[tuple[float, _Times], ...] = ()

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.known + other.known, self.times + other.times)

    def scaled(self, factor: float) -> "Cost":
        """So many times as much."""
        return Cost(self.known * factor, tuple((factor * share, times) for share, times in self.times))

    def is_at_most(self, limit: float) -> bool:
        """Whether it is under a limit whatever the variables."""
        return not self.times and self.known <= limit

    def of(self, variables: Mapping[str, object]) -> float:
        """The cost with these variables."""
        if not self.times:
            return self.known
        return self.known + sum(share * times.of(variables) for share, times in self.times)


@dataclass(frozen=True, slots=True)
class _Selection:
    """What a selection costs for one object. Lists in it that have no size of their own have that of the page around, if
    there is one: `lists` is what an item of each costs, all together.
    """

    own: Cost = Cost()
    lists: Cost = Cost()

    def __add__(self, other: "_Selection") -> "_Selection":
        return _Selection(self.own + other.own, self.lists + other.lists)

    @property
    def without_page(self) -> Cost:
        return self.own + self.lists.scaled(USUAL_LENGTH)


def check_cost(cost: Cost, variables: Mapping[str, object]) -> float:
    """What it comes to with these variables. Raises LimitExceeded for a cost over MAX_COST."""
    value = cost.of(variables)
    if value > MAX_COST:
        message = f"the fields of this query cost {value:,.0f} together; at most {MAX_COST:,} are allowed"
        raise LimitExceeded(f"{message}: ask for fewer of them at once, or make `first` smaller", "cost")
    return value


class Weights:
    """The weights of a schema, read once."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        directive = schema.get_directive("cost")
        self._by_field = dict[tuple[str, str], FieldWeight]()
        objects = [type_ for type_ in schema.type_map.values() if isinstance(type_, GraphQLObjectType)]
        of_object = {type_.name: _declared(directive, type_.ast_node)[0] or 0.0 for type_ in objects}
        for type_ in objects:
            for name, field in type_.fields.items():
                given = get_named_type(field.type)
                weight, size = _declared(directive, field.ast_node)
                usual = LEAF_COST if is_leaf_type(given) else OBJECT_COST
                self._by_field[type_.name, name] = FieldWeight(
                    declared=weight is not None,
                    once=usual if weight is None else weight,
                    each=of_object.get(given.name, 0.0),
                    size=size,
                )

    def of(self, type_name: str, field_name: str) -> "FieldWeight":
        """The weight of a field."""
        return self._by_field[type_name, field_name]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldWeight:
    """What a field costs `once`, and `each` object that it gives; the length of its list, if the schema says so."""

    declared: bool
    once: float
    each: float
    size: int | None


def _declared(
    directive: GraphQLDirective | None, node: ast.FieldDefinitionNode | ast.ObjectTypeDefinitionNode | None
) -> tuple[float | None, int | None]:
    """The weight and the size that `@cost` gives."""
    values = get_directive_values(directive, node) if directive and node else None
    return (values["weight"], values.get("size")) if values else (None, None)


def costs_of(weights: Weights, document: ast.DocumentNode) -> dict[str | None, Cost]:
    """The cost of each operation of a valid document, by the operation's name; none for one without a name."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, ast.FragmentDefinitionNode)}
    costs = {}
    for node in document.definitions:
        if isinstance(node, ast.OperationDefinitionNode):
            root = weights.schema.get_root_type(node.operation)
            assert root is not None
            meter = _Meter(weights, fragments, node)
            costs[node.name.value if node.name else None] = meter.selections(root, node.selection_set).without_page
    return costs


class _Meter:
    """Measures the selections of one operation: its variables have defaults of their own."""

    def __init__(
        self,
        weights: Weights,
        fragments: Mapping[str, ast.FragmentDefinitionNode],
        operation: ast.OperationDefinitionNode,
    ) -> None:
        self._weights = weights
        self._fragments = fragments
        self._measured: dict[str, _Selection] = {}
        self._defaults = {
            variable.variable.name.value: int(variable.default_value.value)
            for variable in operation.variable_definitions or ()
            if isinstance(variable.default_value, ast.IntValueNode)
        }

    def selections(self, parent: GraphQLNamedType, node: ast.SelectionSetNode) -> _Selection:
        total = _Selection()
        for selection in node.selections:
            if isinstance(selection, ast.FieldNode):
                total += self._field(parent, selection)
            elif isinstance(selection, ast.InlineFragmentNode):
                total += self.selections(parent, selection.selection_set)
            elif isinstance(selection, ast.FragmentSpreadNode):
                total += self._fragment(parent, selection.name.value)
        return total

    def _fragment(self, parent: GraphQLNamedType, name: str) -> _Selection:
        # Without interfaces and unions a fragment is about one type, wherever it is spread.
        if name not in self._measured:
            self._measured[name] = self.selections(parent, self._fragments[name].selection_set)
        return self._measured[name]

    def _field(self, parent: GraphQLNamedType, node: ast.FieldNode) -> _Selection:
        field = parent.fields.get(node.name.value) if isinstance(parent, GraphQLObjectType) else None
        if field is None:
            # What tells about the schema: it is bounded by the other limits.
            return _Selection(Cost(LEAF_COST))
        weight = self._weights.of(parent.name, node.name.value)
        own = Cost(weight.once)
        if node.selection_set is None:
            return _Selection(own)
        below = self.selections(get_named_type(field.type), node.selection_set)
        item = below.without_page + Cost(weight.each)
        if not is_list_type(get_nullable_type(field.type)):
            if "first" not in field.args:
                return _Selection(own + item)
            # A page: its list is among the fields below.
            return _Selection(own + Cost(weight.each) + below.own + self._paged(field, node, below.lists))
        if "first" in field.args:
            return _Selection(own + self._paged(field, node, item))
        return _Selection(own, item) if weight.size is None else _Selection(own + item.scaled(weight.size))

    def _paged(self, field: GraphQLField, node: ast.FieldNode, item: Cost) -> Cost:
        """What the items of a page cost."""
        argument = field.args["first"].ast_node
        default = _integer(argument.default_value if argument else None, USUAL_PAGE)
        given = [each.value for each in node.arguments or () if each.name.value in ("first", "last")]
        sizes = [int(value.value) for value in given if isinstance(value, ast.IntValueNode)]
        names = tuple(value.name.value for value in given if isinstance(value, ast.VariableNode))
        if not names:
            return item.scaled(_page(max(sizes, default=default)))
        usual = max([*sizes, *(self._defaults[name] for name in names if name in self._defaults)], default=default)
        return Cost(times=((1.0, _Times(names, usual, item)),))


def _page(size: int) -> int:
    # The resolver refuses what is out of range, naming the argument.
    return min(max(size, 0), _MAX_PAGE)


def _integer(node: ast.ValueNode | None, otherwise: int) -> int:
    return int(node.value) if isinstance(node, ast.IntValueNode) else otherwise
