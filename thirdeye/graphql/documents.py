"""Documents, parsed, measured and validated once each, then kept by their text."""

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoFragmentCyclesRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
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
from thirdeye.graphql.list_sizes import Listing, listings_of

# A document of 500 fields, 100 of them with aliases, and some hundred arguments, has fewer.
_MAX_TOKENS: Final = 2_500
_MAX_ERRORS: Final = 5
# Documents that can run; and of those that cannot, why, for texts of so many characters together.
_KEPT: Final = 500
_REFUSED_CHARACTERS: Final = 2_000_000
_INTROSPECTION_DEPTH: Final = 20
# Fields of a type that may be asked without the playground: nothing that leads on to the rest of the schema.
_SHALLOW: Final = frozenset({"__typename", "name", "kind", "description", "specifiedByURL", "isOneOf"})
# One match a token, strings and comments whole: counted at a fiftieth of what parsing them costs.
_TOKEN: Final = re.compile(
    r'''#[^\n\r]*+|"""(?:[^"\\]|\\"""|\\|"(?!""))*+(?:""")?|"(?:[^"\\\n\r]|\\.)*+"?+|(?:[_A-Za-z0-9]|-|\.(?!\.))++|\.\.\.|[^\s,\ufeff]'''
)


@dataclass
class Prepared:
    """A document ready to run, or the errors that keep it from running."""

    document: DocumentNode | None
    errors: list[GraphQLError] = field(default_factory=list)
    code: str | None = None
    # The kind of each operation, and its lists, by its name.
    operations: dict[str | None, OperationType] = field(default_factory=dict)
    listings: dict[str | None, tuple[Listing, ...]] = field(default_factory=dict)
    # Asks for nothing but the score, without variables or directives: its answer is a function of the stored score.
    score_only: bool = False
    # The last such answer and its bytes.
    rendered: tuple[Any, bytes] | None = None

    def kind(self, operation_name: str | None) -> OperationType | None:
        """The kind of the operation that would run; None when none or several could."""
        if operation_name:
            return self.operations.get(operation_name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None

    def lists(self, operation_name: str | None) -> tuple[Listing, ...]:
        """The lists of the operation that would run."""
        if operation_name:
            return self.listings.get(operation_name, ())
        return next(iter(self.listings.values())) if len(self.listings) == 1 else ()


Text = TypeVar("Text", str, bytes)
Reason = TypeVar("Reason")


class Refusals(Generic[Text, Reason]):
    """Why texts were refused lately, bounded by the length of the texts together."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Text, Reason] = OrderedDict()
        self._size = 0

    def get(self, text: Text) -> Reason | None:
        """Why, or None."""
        return self._kept.get(text)

    def put(self, text: Text, reason: Reason) -> None:
        """Remembers one; forgets those that came first."""
        if text not in self._kept:
            self._size += len(text)
        self._kept[text] = reason
        while self._size > _REFUSED_CHARACTERS:
            self._size -= len(self._kept.popitem(last=False)[0])


class _NoIntrospection(ASTValidationRule):
    """Refuses `__schema`, and of `__type` all but what is said of the type itself."""

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if node.name.value == "__schema":
            self._refuse(node)
        if node.name.value == "__type" and node.selection_set and not _is_shallow(node.selection_set):
            self._refuse(node)

    def _refuse(self, node: FieldNode) -> None:
        message = "Introspection is switched off on this server; GRAPHQL_PLAYGROUND=true in development allows it."
        self.report_error(GraphQLError(message, node))


def _is_shallow(selections: SelectionSetNode) -> bool:
    return all(isinstance(each, FieldNode) and each.name.value in _SHALLOW for each in selections.selections)


class DocumentCache:
    """Prepared documents by text, the most recently used ones."""

    def __init__(self, schema: GraphQLSchema, *, playground: bool) -> None:
        self._schema = schema
        self._playground = playground
        self._rules = [*specified_rules] if playground else [*specified_rules, _NoIntrospection]
        self._kept: OrderedDict[str, Prepared] = OrderedDict()
        # What cannot run by its text: its errors, or the message and the name of the limit it is over.
        self._refused: Refusals[str, Prepared | tuple[str, str]] = Refusals()

    def prepare(self, text: str) -> Prepared:
        """The document of this text. Raises LimitExceeded for one over a limit."""
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
            return kept
        refused = self._refused.get(text)
        if isinstance(refused, tuple):
            raise LimitExceeded(*refused)
        if refused is not None:
            return refused
        try:
            prepared = self._prepare(text)
        except LimitExceeded as error:
            self._refuse(text, (error.message, error.limit))
            raise
        if prepared.document is None:
            self._refuse(text, prepared)
            return prepared
        self._kept[text] = prepared
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return prepared

    def _refuse(self, text: str, refused: Prepared | tuple[str, str]) -> None:
        """Remembers why, so that the same text again costs next to nothing; its tree is not kept."""
        if isinstance(refused, Prepared):
            for error in refused.errors:
                error.nodes = error.source = error.__traceback__ = None
        self._refused.put(text, refused)

    def _prepare(self, text: str) -> Prepared:
        document = _parsed(text)
        if isinstance(document, GraphQLSyntaxError):
            return Prepared(document=None, errors=[document], code="GRAPHQL_PARSE_FAILED")
        rules: Sequence[type[ASTValidationRule]] = self._rules
        if not (self._playground and _is_explorers_introspection(document)) and not check_limits(document):
            # A circle of fragments is what is wrong with it; other rules would walk it, and take their time.
            rules = [NoFragmentCyclesRule]
        errors = validate(self._schema, document, rules, max_errors=_MAX_ERRORS, hide_suggestions=not self._playground)
        if errors:
            values = [_of_value(error, document) for error in errors]
            if all(values):
                return Prepared(document=None, errors=[error for error in values if error], code="BAD_USER_INPUT")
            return Prepared(document=None, errors=errors, code="GRAPHQL_VALIDATION_FAILED")
        return Prepared(
            document=document,
            operations={
                node.name.value if node.name else None: node.operation
                for node in document.definitions
                if isinstance(node, OperationDefinitionNode)
            },
            listings=listings_of(self._schema, document),
            score_only=_asks_only_score(document),
        )


def _parsed(text: str) -> DocumentNode | GraphQLSyntaxError:
    """The document, or what is wrong with its text. Raises LimitExceeded."""
    tokens = sum(not match.startswith("#") for match in _TOKEN.findall(text)) if len(text) > _MAX_TOKENS else 0
    if tokens > _MAX_TOKENS:
        raise LimitExceeded(f"the query has more than {_MAX_TOKENS} tokens", "tokens")
    try:
        return parse(text, max_tokens=_MAX_TOKENS)
    except GraphQLSyntaxError as error:
        if "token" in error.message and str(_MAX_TOKENS) in error.message:
            raise LimitExceeded(f"the query has more than {_MAX_TOKENS} tokens", "tokens") from None
        if "nested too deeply" in error.message:
            raise LimitExceeded("the query is nested too deeply to be read", "depth") from None
        return error
    except RecursionError:
        raise LimitExceeded("the query is nested too deeply to be read", "depth") from None


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
