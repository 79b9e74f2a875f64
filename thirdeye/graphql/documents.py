"""Documents, parsed, measured and validated once each, then kept by their text."""

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, TypeVar

from cachetools import Cache, FIFOCache, LRUCache
from graphql import GraphQLError, GraphQLSchema, GraphQLSyntaxError, NoFragmentCyclesRule, specified_rules, validate
from graphql.language import OperationType, Visitor, ast, visit
from graphql.language.parser import Parser
from graphql.validation import ASTValidationRule

from thirdeye.errors import LimitExceeded
from thirdeye.graphql.cost import Cost, Weights, costs_of
from thirdeye.graphql.executor import Plans, plans_for
from thirdeye.graphql.families import family_of
from thirdeye.graphql.limits import MAX_FIELDS, check_limits, measure
from thirdeye.graphql.list_sizes import ListSize, list_sizes_of
from thirdeye.graphql.turns import EXPENSIVE

# A document of 500 fields, 100 of them with aliases, and some hundred arguments, has fewer.
_MAX_TOKENS: Final = 2_500
_MAX_ERRORS: Final = 5
# Of all prepared documents together, and of what is remembered of the rejected ones, by the sizes below.
_MAX_PREPARED_BYTES: Final = 32_000_000
_MAX_REJECTED_BYTES: Final = 4_000_000
# What things take in memory at most, measured: a document or an error by itself, a token with its part of the tree, a
# field with its plan and its part of a kept score.
_ENTRY_BYTES: Final = 2_500
_TOKEN_BYTES: Final = 550
_FIELD_BYTES: Final = 1_500
_INTROSPECTION_DEPTH: Final = 20
# Fields of a type that can be read without the playground: none of them leads on to the rest of the schema.
_TYPE_FIELDS: Final = frozenset({"__typename", "name", "kind", "description", "specifiedByURL", "isOneOf"})
# One match for each token, whole strings and comments included: counts them in a fiftieth of the time to parse them.
_TOKEN: Final = re.compile(
    r"""#[^\n\r]*+"""
    r'''|"""(?:[^"\\]|\\"""|\\|"(?!""))*+(?:""")?|"(?:[^"\\\n\r]|\\.)*+"?+'''
    r"""|-?[0-9](?:[eE][+-]?|[0-9]|\.(?!\.))*+|[_A-Za-z][_A-Za-z0-9]*+|\.\.\.|[^\s,\ufeff]"""
)
_NO_COST: Final = Cost()
Text = TypeVar("Text", str, bytes)
Reason = TypeVar("Reason")
Fact = TypeVar("Fact")
# The size of a rejected text, and why it was rejected.
RejectionCache = FIFOCache[Text, tuple[int, Reason]]


def rejection_cache() -> "RejectionCache[Text, Reason]":
    """Remembers why texts were rejected, up to a bound on the memory that this takes."""
    return FIFOCache(_MAX_REJECTED_BYTES, getsizeof=lambda entry: entry[0])


def remember_rejected(cache: "RejectionCache[Text, Reason]", text: Text, reason: Reason, *messages: str) -> None:
    """Remembers a rejection, with the messages that are kept with it."""
    size = sum(_ENTRY_BYTES + sys.getsizeof(message) for message in messages) + sys.getsizeof(text)
    _keep(cache, text, (size, reason))


def _keep(cache: "Cache[Text, Any]", text: Text, value: object) -> None:
    # One that is too large for the whole cache is prepared each time.
    with suppress(ValueError):
        cache[text] = value


@dataclass
class PreparedDocument:
    """A document ready to run, or the errors that keep it from running, and their code.

    `operations` has the kind of each operation, `list_sizes` its lists and `costs` its cost, by its name. `family`: the
    family of stored data that its answer is a function of, whoever asks (`families.py`). `is_cheap`: whatever the variables,
    none of its operations is over a limit or expensive. `plans` are those of the executor, `worked_out` is what resolvers keep
    of it (`Context.of_document`), and `size` is about the most that all of this takes in memory, in bytes.
    """

    document: ast.DocumentNode | None
    errors: list[GraphQLError] = field(default_factory=list)
    code: str | None = None
    operations: dict[str | None, OperationType] = field(default_factory=dict)
    list_sizes: dict[str | None, tuple[ListSize, ...]] = field(default_factory=dict)
    costs: dict[str | None, Cost] = field(default_factory=dict)
    family: str | None = None
    is_cheap: bool = False
    plans: Plans | None = None
    worked_out: dict[tuple[str, int], Any] = field(default_factory=dict)
    size: int = 0

    def kind(self, operation_name: str | None) -> OperationType | None:
        """The kind of the operation that would run; None when none or several could."""
        return self._of_operation(self.operations, operation_name)

    def list_sizes_of(self, operation_name: str | None) -> tuple[ListSize, ...]:
        """The lists of the operation that would run."""
        return self._of_operation(self.list_sizes, operation_name) or ()

    def cost_of(self, operation_name: str | None) -> Cost:
        """The cost of the operation that would run."""
        return self._of_operation(self.costs, operation_name) or _NO_COST

    @staticmethod
    def _of_operation(by_name: dict[str | None, Fact], operation_name: str | None) -> Fact | None:
        if operation_name:
            return by_name.get(operation_name)
        return next(iter(by_name.values())) if len(by_name) == 1 else None


class _NoIntrospection(ASTValidationRule):
    """Refuses `__schema`, and any field of `__type` that leads beyond the type itself."""

    def enter_field(self, node: ast.FieldNode, *_: object) -> None:
        name, selections = node.name.value, node.selection_set
        if name == "__schema" or (name == "__type" and selections and not _stays_within_type(selections)):
            message = "Introspection is switched off on this server; GRAPHQL_PLAYGROUND=true in development allows it."
            self.report_error(GraphQLError(message, node))


def _stays_within_type(selections: ast.SelectionSetNode) -> bool:
    return all(isinstance(node, ast.FieldNode) and node.name.value in _TYPE_FIELDS for node in selections.selections)


class DocumentCache:
    """Prepared documents by text, the most recently used ones."""

    def __init__(self, schema: GraphQLSchema, *, playground: bool) -> None:
        self._schema = schema
        self._weights = Weights(schema)
        self._playground = playground
        self._rules = [*specified_rules] if playground else [*specified_rules, _NoIntrospection]
        self._documents: LRUCache[str, PreparedDocument] = LRUCache(_MAX_PREPARED_BYTES, attrgetter("size"))
        self._invalid: RejectionCache[str, PreparedDocument] = rejection_cache()
        # The message, and the name of the limit.
        self._over_limit: RejectionCache[str, tuple[str, str]] = rejection_cache()

    def prepare(self, text: str) -> PreparedDocument:
        """The document with this text. Raises LimitExceeded for one over a limit."""
        prepared = self._documents.get(text)
        if prepared is not None:
            return prepared
        if text in self._over_limit:
            raise LimitExceeded(*self._over_limit[text][1])
        if text in self._invalid:
            return self._invalid[text][1]
        try:
            prepared = self._prepare(text)
        except LimitExceeded as error:
            remember_rejected(self._over_limit, text, (error.message, error.limit), error.message)
            raise
        if prepared.document is None:
            # The same text again shall cost next to nothing, so its errors are kept, but not its tree.
            for invalid in prepared.errors:
                invalid.nodes = invalid.source = invalid.__traceback__ = None
            remember_rejected(self._invalid, text, prepared, *(invalid.message for invalid in prepared.errors))
        else:
            _keep(self._documents, text, prepared)
        return prepared

    def _prepare(self, text: str) -> PreparedDocument:
        document = _parse(text)
        if isinstance(document, GraphQLSyntaxError):
            return PreparedDocument(None, errors=[document], code="GRAPHQL_PARSE_FAILED")
        rules: Sequence[type[ASTValidationRule]] = self._rules
        if not (self._playground and _is_introspection_of_explorer(document)) and not check_limits(document):
            # A cycle of fragments is what is wrong with it; other rules would walk it, and take their time.
            rules = [NoFragmentCyclesRule]
        errors = validate(self._schema, document, rules, max_errors=_MAX_ERRORS, hide_suggestions=not self._playground)
        if errors:
            value_errors = [_value_error(error, document) for error in errors]
            if all(value_errors):
                return PreparedDocument(None, errors=[error for error in value_errors if error], code="BAD_USER_INPUT")
            return PreparedDocument(None, errors=errors, code="GRAPHQL_VALIDATION_FAILED")
        list_sizes, costs = list_sizes_of(self._schema, document), costs_of(self._weights, document)
        return PreparedDocument(
            document,
            operations={
                node.name.value if node.name else None: node.operation
                for node in document.definitions
                if isinstance(node, ast.OperationDefinitionNode)
            },
            list_sizes=list_sizes,
            costs=costs,
            family=family_of(document),
            is_cheap=not any(list_sizes.values()) and all(cost.is_at_most(EXPENSIVE) for cost in costs.values()),
            plans=plans_for(document),
            size=_size_of(text, document),
        )


def _size_of(text: str, document: ast.DocumentNode) -> int:
    """About the most that a document takes, in bytes: its tokens hold parts of the text once more."""
    tokens, fields = len(_TOKEN.findall(text)), measure(document).fields
    return 2 * (_ENTRY_BYTES + sys.getsizeof(text)) + _TOKEN_BYTES * tokens + _FIELD_BYTES * fields


def _parse(text: str) -> ast.DocumentNode | GraphQLSyntaxError:
    """The document, or what is wrong with its text. Raises LimitExceeded."""
    if len(text) > _MAX_TOKENS and len(_TOKEN.findall(text)) > _MAX_TOKENS:
        raise _too_many_tokens()
    parser = Parser(text, max_tokens=_MAX_TOKENS)
    try:
        return parser.parse_document()
    except GraphQLSyntaxError as error:
        if parser.token_count > _MAX_TOKENS:
            raise _too_many_tokens() from None
        return error
    except RecursionError:
        raise LimitExceeded("the query is nested too deeply to be read", "depth") from None


def _too_many_tokens() -> LimitExceeded:
    return LimitExceeded(f"the query has more than {_MAX_TOKENS} tokens", "tokens")


def _value_error(error: GraphQLError, document: ast.DocumentNode) -> GraphQLError | None:
    """An error about a value written into the document, by the name of its argument; None for any other error.

    The same value in a variable is bad input, so it is here as well.
    """
    node = error.nodes[0] if error.nodes else None
    if not isinstance(node, ast.ValueNode) or isinstance(node, ast.VariableNode):
        return None
    finder = _ArgumentFinder(node)
    visit(document, finder)
    if finder.name is None:
        return None
    return GraphQLError(f"{finder.name}: {error.message}", error.nodes, extensions={"argument": finder.name})


class _ArgumentFinder(Visitor):
    def __init__(self, value: ast.ValueNode) -> None:
        super().__init__()
        self.name: str | None = None
        self._value = value

    def enter_argument(self, node: ast.ArgumentNode, *_: object) -> None:
        if node.value is self._value:
            self.name = node.name.value


def _is_introspection_of_explorer(document: ast.DocumentNode) -> bool:
    """Whether this is what explorers send to learn the schema: deep by nature, but bounded in every other way."""
    for node in document.definitions:
        if isinstance(node, ast.OperationDefinitionNode):
            names = [
                field.name.value if isinstance(field, ast.FieldNode) else "" for field in node.selection_set.selections
            ]
            if node.name is None or node.name.value != "IntrospectionQuery" or names != ["__schema"]:
                return False
    cost = measure(document)
    return cost.fields <= MAX_FIELDS and cost.depth <= _INTROSPECTION_DEPTH and not cost.aliases + cost.directives
