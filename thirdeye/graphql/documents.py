"""Documents, parsed, measured and validated once each, then kept by their text."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    ValueNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    specified_rules,
    validate,
    visit,
)
from graphql.validation import ASTValidationRule

from thirdeye.errors import LimitExceeded
from thirdeye.graphql.limits import MAX_FIELDS, check_limits, measure

# A document of 500 fields with arguments has some thousands.
_MAX_TOKENS = 10_000
_MAX_ERRORS = 5
_KEPT = 500
_INTROSPECTION_DEPTH = 20


@dataclass
class Prepared:
    """A document ready to run, or the errors that keep it from running."""

    document: DocumentNode | None
    errors: list[GraphQLError] = field(default_factory=list)
    code: str | None = None
    # Asks for nothing but the score, without variables or directives: its answer is a function of the stored score.
    score_only: bool = False
    # The last such answer and its bytes.
    rendered: tuple[Any, bytes] | None = None


class _NoSchemaIntrospection(ASTValidationRule):
    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if node.name.value == "__schema":
            self.report_error(GraphQLError("Introspection is switched off on this server.", node))


class DocumentCache:
    """Prepared documents by text, the most recently used ones."""

    def __init__(self, schema: GraphQLSchema, *, playground: bool) -> None:
        self._schema = schema
        self._playground = playground
        self._rules = [*specified_rules] if playground else [*specified_rules, _NoSchemaIntrospection]
        self._kept: OrderedDict[str, Prepared] = OrderedDict()

    def prepare(self, text: str) -> Prepared:
        """The document of this text. Raises LimitExceeded for one over a limit, which is not kept."""
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
            return kept
        prepared = self._prepare(text)
        self._kept[text] = prepared
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return prepared

    def _prepare(self, text: str) -> Prepared:
        try:
            document = parse(text, max_tokens=_MAX_TOKENS)
        except GraphQLSyntaxError as error:
            if "token" in error.message and str(_MAX_TOKENS) in error.message:
                raise LimitExceeded(f"the query has more than {_MAX_TOKENS} tokens") from None
            if "nested too deeply" in error.message:
                raise LimitExceeded("the query is nested too deeply to be read") from None
            return Prepared(document=None, errors=[error], code="GRAPHQL_PARSE_FAILED")
        except RecursionError:
            raise LimitExceeded("the query is nested too deeply to be read") from None
        if not (self._playground and _is_explorers_introspection(document)):
            check_limits(document)
        errors = validate(self._schema, document, self._rules, max_errors=_MAX_ERRORS)
        if errors:
            values = [_of_value(error, document) for error in errors]
            if all(values):
                return Prepared(document=None, errors=[error for error in values if error], code="BAD_USER_INPUT")
            return Prepared(document=None, errors=errors, code="GRAPHQL_VALIDATION_FAILED")
        return Prepared(document=document, score_only=_asks_only_score(document))


def _of_value(error: GraphQLError, document: DocumentNode) -> GraphQLError | None:
    """An error about a value written into the document, by the name of its argument; None for any other error.

    The same value in a variable is bad input, so it is here as well.
    """
    node = error.nodes[0] if error.nodes else None
    if not isinstance(node, ValueNode) or isinstance(node, VariableNode):
        return None
    finder = _ArgumentOf(node)
    visit(document, finder)
    if finder.name is None:
        return None
    return GraphQLError(f"{finder.name}: {error.message}", error.nodes, extensions={"argument": finder.name})


class _ArgumentOf(Visitor):
    def __init__(self, value: ValueNode) -> None:
        super().__init__()
        self.name: str | None = None
        self._value = value

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        if node.value is self._value:
            self.name = node.name.value


def _asks_only_score(document: DocumentNode) -> bool:
    if len(document.definitions) != 1:
        return False
    node = document.definitions[0]
    return (
        isinstance(node, OperationDefinitionNode)
        and node.operation is OperationType.QUERY
        and not node.variable_definitions
        and not node.directives
        and all(
            isinstance(selection, FieldNode) and selection.name.value == "ziScore" and not selection.directives
            for selection in node.selection_set.selections
        )
        and "@" not in print_ast(node)
    )


def _is_explorers_introspection(document: DocumentNode) -> bool:
    """Whether this is what explorers send to learn the schema: deep by nature, but bounded in every other way."""
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            fields = [selection for selection in node.selection_set.selections if isinstance(selection, FieldNode)]
            asked = [field.name.value for field in fields]
            if node.name is None or node.name.value != "IntrospectionQuery" or asked != ["__schema"]:
                return False
            if len(node.selection_set.selections) != 1:
                return False
    cost = measure(document)
    return cost.fields <= MAX_FIELDS and cost.depth <= _INTROSPECTION_DEPTH and not cost.aliases + cost.directives
