"""GraphQL over HTTP: one ASGI endpoint. Everything about transport is refused in OM's shape, the rest in GraphQL's."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute

from thirdeye.errors import STATUS_OF_CODE, RequestTimeout, ThirdEyeError, om_error
from thirdeye.graphql.context import Context
from thirdeye.graphql.documents import DocumentCache, Prepared
from thirdeye.graphql.errors import code_of, format_error, log_internal
from thirdeye.graphql.executor import PlainExecutor, PlanCache
from thirdeye.graphql.operations import PersistedOperations
from thirdeye.telemetry import Metrics, Receive, Scope, Send

MAX_BODY = 1_000_000
# Of a body that is too large so much is read and thrown away, so that the client gets to see the answer.
_MAX_DRAIN = 50_000_000
# OM's proxy gives up after five seconds without a byte.
_DEADLINE = 4.6
_JSON, _RESPONSE_JSON = b"application/json", b"application/graphql-response+json"
# By lower-case name; of several of one name, the first.
Headers = Mapping[bytes, bytes]


_OPTIONAL: tuple[tuple[str, type, str], ...] = (
    ("variables", dict, "an object"),
    ("operationName", str, "a string"),
    ("extensions", dict, "an object"),
)


class TransportError(ThirdEyeError):
    """A request that is no GraphQL request; answered in OM's shape with its own status."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(message)
        self.http_status = status
        self.headers = headers


class GraphQLEndpoint:
    """`POST /api/v1/thirdeye/graphql`. `context_of` makes a request's context; `explorer` answers a browser's GET."""

    def __init__(
        self,
        *,
        schema: GraphQLSchema,
        documents: DocumentCache,
        operations: PersistedOperations,
        context_of: Callable[[Scope], Context],
        metrics: Metrics,
        explorer: bytes | None,
    ) -> None:
        self._schema = schema
        self._documents = documents
        self._operations = operations
        self._context_of = context_of
        self._metrics = metrics
        self._explorer = explorer
        self._plans = PlanCache()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = dict(reversed(scope["headers"]))
        try:
            if scope["method"] != "POST":
                await self._not_post(scope, headers, send)
                return
            prepared, request = await self._request(scope, headers, receive)
            body, failed_early = await self._answer(scope, prepared, request)
        except TransportError as error:
            await _respond(
                send, error.http_status, orjson.dumps(om_error(error.http_status, error.message)), error.headers
            )
            return
        except ThirdEyeError as error:
            await _respond(send, error.status, orjson.dumps(om_error(error.status, error.message)))
            return
        modern = _RESPONSE_JSON in headers.get(b"accept", b"")
        status = 400 if modern and failed_early else 200
        await _respond(send, status, body, content_type=_RESPONSE_JSON if modern else _JSON)

    async def run_persisted(
        self, scope: Scope, operation: str, variables: dict[str, Any]
    ) -> tuple[dict[str, Any] | None, tuple[int, str] | None]:
        """A persisted operation for a REST route: its data, or its first error as HTTP status and message."""
        scope["state"]["operation"] = operation
        request_id = scope["state"]["request_id"]
        prepared = self._operations.find(operation)
        result = await self._execute(prepared, {"variables": variables}, self._context_of(scope))
        self._render(result, request_id, operation)
        if not result.errors:
            return result.data, None
        error = result.errors[0]
        code = code_of(error)
        return None, (STATUS_OF_CODE.get(code, 500), format_error(error, code, request_id)["message"])

    async def _not_post(self, scope: Scope, headers: Headers, send: Send) -> None:
        if self._explorer is not None and scope["method"] == "GET" and b"text/html" in headers.get(b"accept", b""):
            await _respond(send, 200, self._explorer, content_type=b"text/html; charset=utf-8")
            return
        raise TransportError(405, "GraphQL is asked with POST", ((b"allow", b"POST"),))

    async def _request(self, scope: Scope, headers: Headers, receive: Receive) -> tuple[Prepared, dict[str, Any]]:
        given_id = headers.get(b"x-om-operation-id")
        operation_id = None if given_id is None else given_id.decode("latin-1")
        # An unknown id is refused before a byte of the body is read.
        prepared = self._operations.find(operation_id) if operation_id is not None else None
        raw = await read_body(headers, receive)
        if not raw and prepared is not None:
            request: dict[str, Any] = {}
        else:
            _check_content_type(headers)
            request = parse_request(raw, needs_query=prepared is None)
        if prepared is None:
            prepared = self._documents.prepare(request["query"])
        scope["state"]["operation"] = operation_id or "adhoc"
        return prepared, request

    async def _answer(self, scope: Scope, prepared: Prepared, request: dict[str, Any]) -> tuple[bytes, bool]:
        request_id, operation = scope["state"]["request_id"], scope["state"]["operation"]
        if prepared.document is None:
            errors = [format_error(error, prepared.code or "INTERNAL", request_id) for error in prepared.errors]
            self._count(operation, errors)
            return orjson.dumps({"errors": errors}), True
        context = self._context_of(scope)
        if prepared.score_only and not request.get("operationName"):
            body = await self._answer_score(prepared, context, operation)
            if body is not None:
                return body, False
        result = await self._execute(prepared, request, context)
        return self._render(result, request_id, operation)

    async def _answer_score(self, prepared: Prepared, context: Context, operation: str) -> bytes | None:
        """A question for nothing but the score is a function of the stored answer: rendered once for each."""
        answer = await context.score.cached()
        if answer is None:
            return None
        if prepared.rendered is None or prepared.rendered[0] is not answer:
            result = await self._execute(prepared, {}, context)
            if result.errors:
                return None
            prepared.rendered = (answer, orjson.dumps({"data": result.data}))
        self._count(operation, [])
        return prepared.rendered[1]

    async def _execute(self, prepared: Prepared, request: dict[str, Any], context: Context) -> ExecutionResult:
        assert prepared.document is not None
        try:
            async with asyncio.timeout(_DEADLINE):
                result = execute(
                    self._schema,
                    prepared.document,
                    context_value=context,
                    variable_values=request.get("variables"),
                    operation_name=request.get("operationName"),
                    executor_class=PlainExecutor,
                    plans=self._plans.of(prepared.document),
                )
                return result if isinstance(result, ExecutionResult) else await result
        except TimeoutError:
            timeout = RequestTimeout(f"the answer took more than {_DEADLINE:g} s; ask for less")
            return ExecutionResult(None, [GraphQLError(timeout.message, original_error=timeout)])

    def _render(self, result: ExecutionResult, request_id: str, operation: str) -> tuple[bytes, bool]:
        errors = []
        for error in result.errors or ():
            code = code_of(error)
            if code == "INTERNAL":
                log_internal(error, request_id, operation)
            errors.append(format_error(error, code, request_id))
        self._count(operation, errors)
        answer: dict[str, Any] = {"data": result.data}
        if errors:
            answer["errors"] = errors
        # Without a path nothing was executed at all: variables or the operation's name did not fit.
        failed_early = result.data is None and any("path" not in error for error in errors)
        if failed_early:
            del answer["data"]
        return orjson.dumps(answer), failed_early

    def _count(self, operation: str, errors: list[dict[str, Any]]) -> None:
        self._metrics.observe_operation(operation, "error" if errors else "ok")
        for error in errors:
            self._metrics.errors.labels(error["extensions"]["code"]).inc()


def _check_content_type(headers: Headers) -> None:
    given = headers.get(b"content-type", b"")
    if given == _JSON:
        return
    media, _, parameters = given.decode("latin-1").partition(";")
    if media.strip().lower() != "application/json":
        raise TransportError(415, "the Content-Type must be application/json")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if charset and charset not in {"utf-8", "utf8"}:
        raise TransportError(415, "the charset must be utf-8")


async def read_body(headers: Headers, receive: Receive) -> bytes:
    """The body of a request. Raises TransportError 413 over a megabyte, once the client can take the answer."""
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > MAX_BODY and b"100-continue" in headers.get(b"expect", b"").lower():
        raise _too_large()
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise TransportError(400, "the request ended before its body")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            chunks.append(chunk)
        elif size > _MAX_DRAIN:
            raise _too_large()
        if not message.get("more_body", False):
            break
    if size > MAX_BODY:
        raise _too_large()
    return b"".join(chunks)


def _too_large() -> TransportError:
    return TransportError(413, f"the body must have at most {MAX_BODY} bytes", ((b"connection", b"close"),))


def parse_request(raw: bytes, *, needs_query: bool) -> dict[str, Any]:
    """The fields of a GraphQL request. Raises TransportError 400 for what is none."""
    try:
        request = orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        raise TransportError(400, "the body must be a JSON object in UTF-8") from None
    if not isinstance(request, dict):
        raise TransportError(400, "the body must be one JSON object; batches are not served")
    if needs_query and not isinstance(request.get("query"), str):
        raise TransportError(400, "query: must be a string with a GraphQL document")
    for name, kind, text in _OPTIONAL:
        value = request.get(name)
        if value is not None and not isinstance(value, kind):
            raise TransportError(400, f"{name}: must be {text} or null")
    return request


async def _respond(
    send: Send, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = (), content_type: bytes = _JSON
) -> None:
    start_headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": start_headers})
    await send({"type": "http.response.body", "body": body})
