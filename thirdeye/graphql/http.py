"""GraphQL over HTTP: one ASGI endpoint. Everything about transport is refused in OM's shape, the rest in GraphQL's."""

import asyncio
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType, execute
from starlette.types import Receive, Scope, Send

from thirdeye.context import Context
from thirdeye.deadlines import Deadlines
from thirdeye.edge.idempotency import HEADER, Idempotency, validate_key
from thirdeye.errors import LimitExceeded, RequestTimeout, ThirdEyeError, om_error
from thirdeye.graphql.documents import DocumentCache, Prepared, Refusals
from thirdeye.graphql.errors import code_of, format_error, log_internal
from thirdeye.graphql.executor import PlainExecutor, PlanCache
from thirdeye.graphql.explorer import POLICY
from thirdeye.graphql.list_sizes import check_sizes as check_lists
from thirdeye.graphql.operations import PersistedOperations
from thirdeye.graphql.request import (
    JSON,
    RESPONSE_JSON,
    Headers,
    TransportError,
    check_content_type,
    check_sizes,
    media_type,
    names_json,
    parse_query_string,
    parse_request,
    read_body,
)
from thirdeye.observability.metrics import Metrics

# Codes of errors that come up before anything is executed: the specification's request errors.
_REQUEST_ERRORS: Final = frozenset({"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"})
# Codes of errors that say no to somebody, for the audit.
_REFUSALS: Final = frozenset({"FORBIDDEN", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"})
# Codes of errors that may be gone when the same is asked again: such an answer is not kept.
_PASSING: Final = frozenset({"TIMEOUT", "UNAVAILABLE", "INTERNAL"})
_REPLAYED: Final = ((b"idempotency-replayed", b"true"),)
_NO_STORE: Final = ((b"cache-control", b"no-store"),)
# May be kept by whoever asked, and is asked for again: a change is seen at once, the same answer is not sent twice.
_REVALIDATE: Final = (
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"Accept, Authorization, X-OM-Operation-Id"),
)


class GraphQLEndpoint:
    """`/api/v1/thirdeye/graphql`. `context_of` makes a request's context; `explorer` answers a browser's GET; with
    `persisted_only` no other documents are run than the persisted ones."""

    def __init__(
        self,
        *,
        schema: GraphQLSchema,
        documents: DocumentCache,
        operations: PersistedOperations,
        context_of: Callable[[Scope], Context],
        metrics: Metrics,
        explorer: bytes | None,
        idempotency: Idempotency,
        persisted_only: bool = False,
        deadline: float = Deadlines.answer,
    ) -> None:
        self._schema = schema
        self._documents = documents
        self._operations = operations
        self._context_of = context_of
        self._metrics = metrics
        self._explorer = explorer
        self._persisted_only = persisted_only
        self._deadline = deadline
        self._idempotency = idempotency
        self._plans = PlanCache()
        self._refused: Refusals[bytes, tuple[str, str]] = Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = dict(reversed(scope["headers"]))
        try:
            if scope["method"] != "POST" and self._is_for_explorer(scope, headers):
                await _respond(send, 200, self._explorer or b"", (*_NO_STORE, POLICY), b"text/html; charset=utf-8")
                return
            content_type = media_type(headers.get(b"accept"))
            if scope["method"] == "POST":
                prepared, request = await self._posted(scope, headers, receive)
            else:
                prepared, request = self._got(scope, headers)
            if content_type is None:
                raise TransportError(406, "Accept must allow application/graphql-response+json or application/json")
            check_lists(prepared.lists(request.get("operationName")), request.get("variables") or {})
            body, request_error, clean = await self._answer_once(scope, prepared, request, headers)
        except ThirdEyeError as error:
            status = error.http_status if isinstance(error, TransportError) else error.status
            scope["state"]["refused"] = error.reason
            more = error.headers if isinstance(error, TransportError) else ()
            await _respond(send, status, orjson.dumps(om_error(status, error.message)), (*_NO_STORE, *more))
            return
        if scope["method"] != "POST" and clean and scope["state"]["operation"] != "adhoc":
            await _respond_revalidated(send, headers, body, content_type)
            return
        status = 400 if request_error and content_type is RESPONSE_JSON else 200
        again = _REPLAYED if scope["state"].get("replayed") else ()
        await _respond(send, status, body, (*_NO_STORE, *again), content_type=content_type)

    async def run_persisted(
        self, scope: Scope, operation: str, variables: dict[str, Any]
    ) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """A persisted operation for a REST route: its data, or its first error as GraphQL has it.

        A mutation with an Idempotency-Key is done once. Raises ThirdEyeError for a key that does not fit.
        """
        scope["state"]["operation"] = operation
        prepared = self._operations.find(operation)
        headers: Headers = dict(reversed(scope["headers"]))
        body, _, _ = await self._answer_once(scope, prepared, {"variables": variables}, headers)
        answer = orjson.loads(body)
        return (None, answer["errors"][0]) if answer.get("errors") else (answer["data"], None)

    def _is_for_explorer(self, scope: Scope, headers: Headers) -> bool:
        return self._explorer is not None and scope["method"] == "GET" and b"text/html" in headers.get(b"accept", b"")

    async def _posted(self, scope: Scope, headers: Headers, receive: Receive) -> tuple[Prepared, dict[str, Any]]:
        # An unknown id is refused before a byte of the body is read.
        operation_id = self._named(headers)
        raw = await read_body(headers, receive)
        if not raw and operation_id is not None:
            request: dict[str, Any] = {}
        else:
            check_content_type(headers)
            # The very same request again is refused before it is even parsed.
            again = self._refused.get(raw) if operation_id is None else None
            if again is not None:
                scope["state"]["operation"] = "adhoc"
                raise LimitExceeded(*again)
            request = parse_request(raw)
        try:
            return self._prepared(scope, operation_id, request, len(raw)), request
        except LimitExceeded as error:
            self._refused.put(raw, (error.message, error.limit))
            raise

    def _got(self, scope: Scope, headers: Headers) -> tuple[Prepared, dict[str, Any]]:
        allow = (b"allow", b"GET, POST")
        if scope["method"] != "GET":
            raise TransportError(405, "GraphQL is asked with POST, or GET for queries", (allow,))
        if not names_json(headers.get(b"accept")):
            message = "a GET needs Accept: application/graphql-response+json or application/json; or ask with POST"
            raise TransportError(405, message, ((b"allow", b"POST"),))
        operation_id = self._named(headers)
        request = parse_query_string(scope["query_string"])
        prepared = self._prepared(scope, operation_id, request, len(scope["query_string"]))
        if prepared.document is not None and prepared.kind(request.get("operationName")) is OperationType.MUTATION:
            raise TransportError(405, "mutations are asked with POST", ((b"allow", b"POST"),))
        return prepared, request

    def _named(self, headers: Headers) -> str | None:
        given = headers.get(b"x-om-operation-id")
        if given is None:
            return None
        operation_id = given.decode("latin-1")
        self._operations.find(operation_id)
        return operation_id

    def _prepared(self, scope: Scope, operation_id: str | None, request: dict[str, Any], size: int) -> Prepared:
        """What is to be run: a persisted operation by its id, else the document sent along."""
        document_id = request.get("documentId")
        if operation_id is not None and document_id not in (None, operation_id):
            raise TransportError(400, "documentId: differs from X-OM-Operation-Id; send one of them")
        operation_id = operation_id or document_id
        check_sizes(request, size)
        if operation_id is not None:
            prepared = self._operations.find(operation_id, "documentId" if document_id else "X-OM-Operation-Id")
            scope["state"]["operation"] = operation_id
            return prepared
        scope["state"]["operation"] = "adhoc"
        query = request.get("query")
        if query is None:
            raise TransportError(400, "query: must be a string with a GraphQL document; or name one in documentId")
        if self._persisted_only:
            message = "only persisted operations are served here; name one in documentId or X-OM-Operation-Id"
            raise TransportError(400, message)
        return self._documents.prepare(query)

    async def _answer_once(
        self, scope: Scope, prepared: Prepared, request: dict[str, Any], headers: Headers
    ) -> tuple[bytes, bool, bool]:
        """As `_answer`; a mutation with a key is done once, and answered as the first time from then on."""
        header, extensions = headers.get(HEADER), request.get("extensions")
        if header is None and not extensions:
            return await self._answer(scope, prepared, request)
        key = validate_key(header, (extensions or {}).get("idempotencyKey"))
        context = self._context_of(scope)
        name = request.get("operationName")
        if key is None or context.principal is None or prepared.kind(name) is not OperationType.MUTATION:
            return await self._answer(scope, prepared, request)
        outcome = (False, False)

        async def work() -> tuple[bytes, bool]:
            nonlocal outcome
            body, *rest = await self._answer(scope, prepared, request)
            outcome = (rest[0], rest[1])
            return body, not scope["state"].get("passing")

        asked = [scope["state"]["operation"], request.get("query"), request.get("variables"), name]
        fingerprint = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
        try:
            async with asyncio.timeout(self._deadline):
                body, scope["state"]["replayed"] = await self._idempotency.once(
                    context.principal.name, key, fingerprint, work
                )
        except TimeoutError:
            raise RequestTimeout(
                f"the answer took more than {self._deadline:g} s; send the same request again"
            ) from None
        return body, *outcome

    async def _answer(self, scope: Scope, prepared: Prepared, request: dict[str, Any]) -> tuple[bytes, bool, bool]:
        """The body, whether nothing was executed because the request was wrong, and whether there is no error in it."""
        request_id, operation = scope["state"]["request_id"], scope["state"]["operation"]
        if prepared.document is None:
            errors = [format_error(error, prepared.code or "INTERNAL", request_id) for error in prepared.errors]
            self._count(scope, operation, errors)
            return orjson.dumps({"errors": errors}), True, False
        context = self._context_of(scope)
        if prepared.score_only and not request.get("operationName"):
            body = await self._answer_score(scope, prepared, context, operation)
            if body is not None:
                return body, False, True
        result = await self._execute(prepared, request, context)
        return self._render(scope, result, request_id, operation)

    async def _answer_score(self, scope: Scope, prepared: Prepared, context: Context, operation: str) -> bytes | None:
        """A question for nothing but the score is a function of the stored answer: rendered once for each."""
        answer = await context.score.cached()
        if answer is None:
            return None
        if prepared.rendered is None or prepared.rendered[0] is not answer:
            result = await self._execute(prepared, {}, context)
            if result.errors:
                return None
            prepared.rendered = (answer, orjson.dumps({"data": result.data}))
        self._count(scope, operation, [])
        return prepared.rendered[1]

    async def _execute(self, prepared: Prepared, request: dict[str, Any], context: Context) -> ExecutionResult:
        assert prepared.document is not None
        try:
            async with asyncio.timeout(self._deadline):
                result = execute(
                    self._schema,
                    prepared.document,
                    context_value=context,
                    variable_values=request.get("variables"),
                    operation_name=request.get("operationName"),
                    executor_class=PlainExecutor,
                    plans=self._plans.of(prepared.document),
                    hide_suggestions=True,
                )
                return result if isinstance(result, ExecutionResult) else await result
        except TimeoutError:
            timeout = RequestTimeout(f"the answer took more than {self._deadline:g} s; ask for less")
            return ExecutionResult(None, [GraphQLError(timeout.message, original_error=timeout)])

    def _render(
        self, scope: Scope, result: ExecutionResult, request_id: str, operation: str
    ) -> tuple[bytes, bool, bool]:
        errors = []
        for error in result.errors or ():
            code = code_of(error)
            if code == "INTERNAL":
                log_internal(error, request_id, operation)
            errors.append(format_error(error, code, request_id))
        self._count(scope, operation, errors)
        answer: dict[str, Any] = {"data": result.data}
        if errors:
            answer["errors"] = errors
        # Without a path nothing was executed at all: variables or the operation's name did not fit.
        request_error = result.data is None and any(
            "path" not in error and error["extensions"]["code"] in _REQUEST_ERRORS for error in errors
        )
        if request_error:
            del answer["data"]
        return orjson.dumps(answer), request_error, not errors

    def _count(self, scope: Scope, operation: str, errors: list[dict[str, Any]]) -> None:
        self._metrics.observe_operation(operation, "error" if errors else "ok")
        for error in errors:
            code = error["extensions"]["code"]
            if code in _PASSING:
                scope["state"]["passing"] = True
            self._metrics.errors.labels(code).inc()
            if code in _REFUSALS:
                scope["state"]["refused"] = code


async def _respond_revalidated(send: Send, headers: Headers, body: bytes, content_type: bytes) -> None:
    """A persisted query's answer by GET, or that the one at hand is still right."""
    tag = b'"' + blake2b(content_type + body, digest_size=16).hexdigest().encode() + b'"'
    known = {each.strip().removeprefix(b"W/") for each in headers.get(b"if-none-match", b"").split(b",")}
    more = (*_REVALIDATE, (b"etag", tag))
    if tag in known:
        await _respond(send, 304, b"", more)
        return
    await _respond(send, 200, body, more, content_type)


async def _respond(
    send: Send,
    status: int,
    body: bytes,
    headers: tuple[tuple[bytes, bytes], ...] = _NO_STORE,
    content_type: bytes = JSON,
) -> None:
    start_headers = [*headers]
    if status != 304:
        start_headers += [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": start_headers})
    await send({"type": "http.response.body", "body": body})
