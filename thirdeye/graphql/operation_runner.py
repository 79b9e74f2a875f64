"""Runs operations, for GraphQL and REST alike: within the deadline, and a mutation with an Idempotency-Key once."""

import asyncio
from typing import Any, Final, Protocol

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType, execute
from starlette.types import Scope

from thirdeye.connection_shares import ConnectionShare, sharing
from thirdeye.context import Context
from thirdeye.deadlines import Deadlines
from thirdeye.edge.idempotency import HEADER, Idempotency, validate_key
from thirdeye.errors import BadInput, RequestTimeout
from thirdeye.graphql.answer import Answer, AnswerError
from thirdeye.graphql.cost import check_cost
from thirdeye.graphql.documents import PreparedDocument
from thirdeye.graphql.errors import code_of, format_error, log_internal
from thirdeye.graphql.executor import PlainExecutor
from thirdeye.graphql.list_sizes import check_sizes
from thirdeye.graphql.operations import PersistedOperations
from thirdeye.graphql.request import GraphQLRequest, JsonObject
from thirdeye.graphql.turns import EXPENSIVE, ExpensiveRequests
from thirdeye.observability.metrics import Metrics
from thirdeye.pacing import Pace, paced
from thirdeye.request_state import RequestState, request_state

# So many connections a request takes at most, however many fields it has.
_CONNECTIONS: Final = 2
# Bytes of JSON. A thousand tables with all of their fields are a quarter of it.
MAX_ANSWER: Final = 8_000_000
# Without a path nothing was executed, and these codes say that the request was wrong: the specification's request errors.
_REQUEST_ERRORS: Final = frozenset({"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"})
# Codes of errors that count as refusals in the audit.
_REFUSALS: Final = frozenset({"FORBIDDEN", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"})


class ContextOf(Protocol):
    """Makes a request's context; `of_document` is what is kept of the document that it runs."""

    def __call__(self, scope: Scope, of_document: dict[tuple[str, int], Any]) -> Context: ...


class OperationRunner:
    """Executes prepared documents. `context_of` makes a request's context; `deadline` is in seconds, for expensive requests
    `turn` until they are begun and `expensive_deadline` from then on.
    """

    def __init__(
        self,
        *,
        schema: GraphQLSchema,
        operations: PersistedOperations,
        context_of: ContextOf,
        metrics: Metrics,
        idempotency: Idempotency,
        deadline: float = Deadlines.answer,
        turn: float = Deadlines.turn,
        expensive_deadline: float = Deadlines.expensive_answer,
    ) -> None:
        self._schema = schema
        self._operations = operations
        self._context_of = context_of
        self._metrics = metrics
        self._idempotency = idempotency
        self._deadline = deadline
        self._expensive_deadline = expensive_deadline
        self._expensive = ExpensiveRequests(turn)

    async def execute_persisted(self, scope: Scope, operation_id: str, variables: JsonObject) -> Answer:
        """The answer of a persisted operation. Raises ThirdEyeError as `execute` does."""
        request_state(scope).operation = operation_id
        key = next((value for name, value in scope["headers"] if name == HEADER), None)
        return await self.execute(
            scope, self._operations.find(operation_id), GraphQLRequest(variables=variables), idempotency_key=key
        )

    async def execute(
        self, scope: Scope, prepared: PreparedDocument, request: GraphQLRequest, *, idempotency_key: bytes | None
    ) -> Answer:
        """The answer to a request. A mutation with a key, from the header or the request's extensions, is executed once.

        Raises LimitExceeded for one whose lists or cost are over the limits, BadInput for an invalid key, Conflict for one of
        another request, Unavailable or RequestTimeout while a request with this key is in progress, Unavailable for an
        expensive one whose turn does not come.
        """
        if prepared.is_cheap:
            return await self._execute_with_key(scope, prepared, request, idempotency_key, self._deadline)
        variables = request.variables or {}
        check_sizes(prepared.list_sizes_of(request.operation_name), variables)
        cost = check_cost(prepared.cost_of(request.operation_name), variables)
        if cost <= EXPENSIVE:
            return await self._execute_with_key(scope, prepared, request, idempotency_key, self._deadline)
        principal = request_state(scope).principal
        async with self._expensive.turn(principal.name if principal else "") as waited:
            # Whoever waited for long has what is left: the proxy gives up on both together.
            deadline = min(self._expensive_deadline, self._deadline - waited)
            return await self._execute_with_key(scope, prepared, request, idempotency_key, deadline)

    async def _execute_with_key(
        self,
        scope: Scope,
        prepared: PreparedDocument,
        request: GraphQLRequest,
        idempotency_key: bytes | None,
        deadline: float,
    ) -> Answer:
        if idempotency_key is None and not request.extensions:
            return await self._execute(scope, prepared, request, deadline)
        key = validate_key(idempotency_key, (request.extensions or {}).get("idempotencyKey"))
        principal = request_state(scope).principal
        if key is None or principal is None or prepared.kind(request.operation_name) is not OperationType.MUTATION:
            return await self._execute(scope, prepared, request, deadline)
        return await self._execute_once(scope, prepared, request, principal.name, key, deadline)

    async def _execute_once(
        self,
        scope: Scope,
        prepared: PreparedDocument,
        request: GraphQLRequest,
        caller: str,
        key: str,
        deadline: float,
    ) -> Answer:
        answer: Answer | None = None

        async def work() -> tuple[bytes, bool]:
            nonlocal answer
            answer = await self._execute(scope, prepared, request, deadline)
            return answer.body, not answer.is_transient

        fields = [request_state(scope).operation, request.query, request.variables, request.operation_name]
        fingerprint = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
        try:
            async with asyncio.timeout(deadline):
                outcome = await self._idempotency.once(caller, key, fingerprint, work)
        except TimeoutError:
            message = f"the answer took more than {deadline:g} s; send the same request again"
            raise RequestTimeout(message) from None
        if answer is None:
            return Answer.from_body(outcome.body)
        return answer.undone() if outcome.undone else answer

    async def _execute(
        self, scope: Scope, prepared: PreparedDocument, request: GraphQLRequest, deadline: float
    ) -> Answer:
        state = request_state(scope)
        if prepared.document is None:
            code = prepared.code or "INTERNAL"
            errors = [AnswerError(format_error(error, code, state.request_id)) for error in prepared.errors]
            answer = Answer(None, errors, is_request_error=True)
        else:
            context = self._context_of(scope, prepared.worked_out)
            answer = self._answer(await self._run(prepared, request, context, deadline), state)
            if len(answer.body) > MAX_ANSWER:
                answer = self._too_large(answer, prepared.kind(request.operation_name), state)
        self._count(answer, state)
        return answer

    async def _run(
        self, prepared: PreparedDocument, request: GraphQLRequest, context: Context, deadline: float
    ) -> ExecutionResult:
        assert prepared.document is not None
        try:
            async with asyncio.timeout(deadline):
                with sharing(ConnectionShare(_CONNECTIONS)), paced(Pace()):
                    result = execute(
                        self._schema,
                        prepared.document,
                        context_value=context,
                        variable_values=request.variables,
                        operation_name=request.operation_name,
                        executor_class=PlainExecutor,
                        plans=prepared.plans,
                        hide_suggestions=True,
                    )
                    return result if isinstance(result, ExecutionResult) else await result
        except TimeoutError:
            timeout = RequestTimeout(f"the answer took more than {deadline:g} s; ask for less")
            return ExecutionResult(None, [GraphQLError(timeout.message, original_error=timeout)])

    @staticmethod
    def _answer(result: ExecutionResult, state: RequestState) -> Answer:
        errors = []
        for error in result.errors or ():
            code = code_of(error)
            if code == "INTERNAL":
                log_internal(error, state.request_id, state.operation)
            errors.append(AnswerError(format_error(error, code, state.request_id)))
        is_request_error = result.data is None and any(
            error.is_before_execution and error.code in _REQUEST_ERRORS for error in errors
        )
        return Answer(result.data, errors, is_request_error=is_request_error)

    @staticmethod
    def _too_large(answer: Answer, kind: OperationType | None, state: RequestState) -> Answer:
        message = (
            f"the answer has {len(answer.body)} bytes, at most {MAX_ANSWER} are sent; ask for fewer nodes or fields"
        )
        if kind is OperationType.MUTATION:
            message += ". What was to be changed is changed"
        error = BadInput(message)
        formatted = format_error(GraphQLError(message, original_error=error), error.code, state.request_id)
        return Answer(None, [AnswerError(formatted)])

    def _count(self, answer: Answer, state: RequestState) -> None:
        self._metrics.observe_operation(state.operation or "adhoc", "error" if answer.errors else "ok")
        for error in answer.errors:
            self._metrics.errors.labels(error.code).inc()
            if error.code in _REFUSALS:
                state.refusal_reason = error.code
