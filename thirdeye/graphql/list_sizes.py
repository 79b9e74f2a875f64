"""How long the lists of a document may get: `first` and `last`, multiplied down the tree, before anything is run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from graphql import GraphQLNamedType, GraphQLObjectType, GraphQLSchema, get_named_type
from graphql.language import ast

from thirdeye.errors import LimitExceeded

MAX_NODES: Final = 20_000
# No page of a list is longer.
_MAX_PAGE: Final = 1_000
# Of a list without `first`, `last` or a default: about so many.
_USUAL_LENGTH: Final = 20


@dataclass(frozen=True, slots=True)
class ListSize:
    """The size of a list in a document, or the variable that has it, and the lists below it."""

    size: int | str
    default: int
    below: "tuple[ListSize, ...]"

    def nodes(self, variables: Mapping[str, object]) -> int:
        """How many nodes it may have, including those below."""
        size = variables.get(self.size) if isinstance(self.size, str) else self.size
        if type(size) is not int:
            size = self.default
        # The resolver refuses what is out of range, naming the argument.
        size = min(max(size, 0), _MAX_PAGE)
        return size * (1 + sum(list_size.nodes(variables) for list_size in self.below))


def check_sizes(list_sizes: tuple[ListSize, ...], variables: Mapping[str, object]) -> None:
    """Raises LimitExceeded when all lists together may have more than MAX_NODES nodes."""
    nodes = sum(list_size.nodes(variables) for list_size in list_sizes)
    if nodes > MAX_NODES:
        message = f"the lists of this query may have {nodes} nodes together; at most {MAX_NODES} are allowed"
        raise LimitExceeded(f"{message}: make `first` smaller", "nodes")


def list_sizes_of(schema: GraphQLSchema, document: ast.DocumentNode) -> dict[str | None, tuple[ListSize, ...]]:
    """The lists of each operation of a valid document, by the operation's name; none for one without a name."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, ast.FragmentDefinitionNode)}
    by_operation = {}
    for node in document.definitions:
        if isinstance(node, ast.OperationDefinitionNode):
            finder = _ListFinder(schema, fragments, node)
            root = schema.get_root_type(node.operation)
            assert root is not None
            by_operation[node.name.value if node.name else None] = tuple(finder.below(root, node.selection_set))
    return by_operation


class _ListFinder:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, ast.FragmentDefinitionNode],
        operation: ast.OperationDefinitionNode,
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._defaults = {
            variable.variable.name.value: int(variable.default_value.value)
            for variable in operation.variable_definitions or ()
            if isinstance(variable.default_value, ast.IntValueNode)
        }

    def below(self, parent: GraphQLNamedType, selections: ast.SelectionSetNode) -> Iterator[ListSize]:
        for node in selections.selections:
            if isinstance(node, ast.FieldNode):
                yield from self._field(parent, node)
            elif isinstance(node, ast.InlineFragmentNode):
                yield from self.below(parent, node.selection_set)
            elif isinstance(node, ast.FragmentSpreadNode):
                yield from self.below(parent, self._fragments[node.name.value].selection_set)

    def _field(self, parent: GraphQLNamedType, node: ast.FieldNode) -> Iterator[ListSize]:
        field = parent.fields.get(node.name.value) if isinstance(parent, GraphQLObjectType) else None
        if field is None or node.selection_set is None:
            return
        below = tuple(self.below(get_named_type(field.type), node.selection_set))
        if "first" not in field.args:
            yield from below
            return
        argument = field.args["first"].ast_node
        default = _integer(argument.default_value if argument else None, _USUAL_LENGTH)
        arguments = {argument.name.value: argument.value for argument in node.arguments or ()}
        value = arguments.get("first") or arguments.get("last")
        if isinstance(value, ast.VariableNode):
            name = value.name.value
            yield ListSize(name, self._defaults.get(name, default), below)
        else:
            yield ListSize(_integer(value, default), default, below)


def _integer(node: ast.ValueNode | None, otherwise: int) -> int:
    return int(node.value) if isinstance(node, ast.IntValueNode) else otherwise
