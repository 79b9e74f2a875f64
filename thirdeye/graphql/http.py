"""GraphQL over HTTP: one ASGI endpoint. Transport errors are answered in OM's shape, all others in GraphQL's."""

from hashlib import blake2b
from typing import Final

from graphql import OperationType
from starlette.types import Message, Receive, Scope, Send

from thirdeye.asgi import NO_STORE, headers_of, send_response
from thirdeye.edge.idempotency import HEADER
from thirdeye.edge.refusal import refuse
from thirdeye.errors import HeaderPairs, LimitExceeded, ThirdEyeError, TransportError
from thirdeye.graphql.answer import Answer
from thirdeye.graphql.documents import (
    DocumentCache,
    PreparedDocument,
    RejectionCache,
    rejection_cache,
    remember_rejected,
)
from thirdeye.graphql.explorer import POLICY, asks_for_page
from thirdeye.graphql.hot_answers import Head, HotAnswer, HotAnswers
from thirdeye.graphql.operation_runner import OperationRunner
from thirdeye.graphql.operations import PersistedOperations
from thirdeye.graphql.request import (
    RESPONSE_JSON,
    GraphQLRequest,
    Headers,
    arrived,
    check_content_type,
    check_sizes,
    media_type,
    names_json,
    parse_body,
    parse_query_string,
    read_body,
    whole_body,
)
from thirdeye.request_state import request_state

ADHOC: Final = "adhoc"
_REPLAYED: Final = ((b"idempotency-replayed", b"true"),)
# The caller may keep the answer but must ask again: a change is seen at once, and the same answer is not sent twice.
_REVALIDATE: Final = ((b"cache-control", b"private, no-cache"), (b"vary", b"Accept, Authorization, X-OM-Operation-Id"))


class GraphQLEndpoint:
    """`/api/v1/thirdeye/graphql`. `explorer` is the page for a browser's GET; with `persisted_only` no other documents
    are run than the persisted ones.
    """

    def __init__(
        self,
        *,
        documents: DocumentCache,
        operations: PersistedOperations,
        runner: OperationRunner,
        explorer: bytes | None,
        hot: HotAnswers,
        persisted_only: bool = False,
    ) -> None:
        self._documents = documents
        self._operations = operations
        self._runner = runner
        self._explorer = explorer
        self._hot = hot
        self._persisted_only = persisted_only
        # Whole bodies whose document is over a limit, with the message and the name of the limit.
        self._over_limit: RejectionCache[bytes, tuple[str, str]] = rejection_cache()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head, first, body = self._hot.head_of(scope), None, b""
        if self._hot.kept_for(head) is not None:
            if scope["method"] == "POST":
                first = arrived(receive)
            found = await self._find_hot(head, first, scope)
            if found is not None:
                await self._hot.send(found, scope, send)
                return
        headers: Headers = dict(reversed(scope["headers"]))
        if self._explorer is not None and asks_for_page(scope):
            await send_response(send, 200, self._explorer, (*NO_STORE, POLICY), b"text/html; charset=utf-8")
            return
        try:
            content_type = media_type(headers.get(b"accept"))
            if scope["method"] == "POST":
                prepared, request, body = await self._read_post(scope, headers, receive, first)
            else:
                prepared, request = self._read_get(scope, headers)
            if content_type is None:
                raise TransportError(406, "Accept must allow application/graphql-response+json or application/json")
            token = await self._hot.token(prepared.family, head, body)
            answer = await self._runner.execute(scope, prepared, request, idempotency_key=headers.get(HEADER))
            status, sent, response_headers = _response(scope, headers, answer, content_type)
            if token is not None and not answer.errors and self._hot.holds(prepared.family, token):
                self._keep(head, body, prepared, token, (status, sent, response_headers, content_type), scope)
            # While a slow client reads, the data behind the body are not kept.
            del answer, request
        except ThirdEyeError as error:
            await refuse(scope, send, error)
            return
        await send_response(send, status, sent, response_headers, content_type)

    async def _find_hot(self, head: Head, first: Message | None, scope: Scope) -> HotAnswer | None:
        body = whole_body(first) if scope["method"] == "POST" else b""
        return None if body is None else await self._hot.find(head, body)

    def _keep(
        self,
        head: Head,
        body: bytes,
        prepared: PreparedDocument,
        token: object,
        response: tuple[int, bytes, HeaderPairs, bytes],
        scope: Scope,
    ) -> None:
        status, sent, response_headers, content_type = response
        assert prepared.family is not None
        answer = HotAnswer(
            family=prepared.family,
            token=token,
            operation=request_state(scope).operation or ADHOC,
            status=status,
            body=sent,
            headers=tuple(headers_of(status, sent, response_headers, content_type)),
        )
        self._hot.keep(head, body, answer)

    async def _read_post(
        self, scope: Scope, headers: Headers, receive: Receive, first: Message | None
    ) -> tuple[PreparedDocument, GraphQLRequest, bytes]:
        # An unknown id is refused before a byte of the body is read.
        operation_id = self._operation_id(headers)
        body = await read_body(receive, first)
        if not body and operation_id is not None:
            request = GraphQLRequest()
        else:
            check_content_type(headers)
            # The very same body again is refused before it is even parsed.
            over_limit = self._over_limit.get(body) if operation_id is None else None
            if over_limit is not None:
                request_state(scope).operation = ADHOC
                raise LimitExceeded(*over_limit[1])
            request = parse_body(body)
        try:
            return self._prepare(scope, operation_id, request, len(body)), request, body
        except LimitExceeded as error:
            remember_rejected(self._over_limit, body, (error.message, error.limit), error.message)
            raise

    def _read_get(self, scope: Scope, headers: Headers) -> tuple[PreparedDocument, GraphQLRequest]:
        if scope["method"] != "GET":
            raise TransportError(405, "GraphQL is asked with POST, or GET for queries", ((b"allow", b"GET, POST"),))
        only_post = ((b"allow", b"POST"),)
        if not names_json(headers.get(b"accept")):
            message = "a GET needs Accept: application/graphql-response+json or application/json; or ask with POST"
            raise TransportError(405, message, only_post)
        operation_id = self._operation_id(headers)
        request = parse_query_string(scope["query_string"])
        prepared = self._prepare(scope, operation_id, request, len(scope["query_string"]))
        if prepared.document is not None and prepared.kind(request.operation_name) is OperationType.MUTATION:
            raise TransportError(405, "mutations are asked with POST", only_post)
        return prepared, request

    def _operation_id(self, headers: Headers) -> str | None:
        """The id of the persisted operation that the header names. Raises BadInput for an unknown one."""
        header = headers.get(b"x-om-operation-id")
        if header is None:
            return None
        operation_id = header.decode("latin-1")
        self._operations.find(operation_id)
        return operation_id

    def _prepare(
        self, scope: Scope, operation_id: str | None, request: GraphQLRequest, raw_size: int
    ) -> PreparedDocument:
        """What is to be run: a persisted operation by its id, else the document in the request."""
        document_id = request.document_id
        if operation_id is not None and document_id not in (None, operation_id):
            raise TransportError(400, "documentId: differs from X-OM-Operation-Id; send one of them")
        operation_id = operation_id or document_id
        check_sizes(request, raw_size)
        state = request_state(scope)
        if operation_id is not None:
            prepared = self._operations.find(operation_id, "documentId" if document_id else "X-OM-Operation-Id")
            state.operation = operation_id
            return prepared
        state.operation = ADHOC
        if request.query is None:
            raise TransportError(400, "query: must be a string with a GraphQL document; or name one in documentId")
        if self._persisted_only:
            message = "only persisted operations are served here; name one in documentId or X-OM-Operation-Id"
            raise TransportError(400, message)
        return self._documents.prepare(request.query)


def _response(scope: Scope, headers: Headers, answer: Answer, content_type: bytes) -> tuple[int, bytes, HeaderPairs]:
    """Status, body and headers."""
    if scope["method"] == "GET" and not answer.errors and request_state(scope).operation != ADHOC:
        return _revalidated(headers, answer.body, content_type)
    status = 400 if answer.is_request_error and content_type == RESPONSE_JSON else 200
    return status, answer.body, (*NO_STORE, *_REPLAYED) if answer.replayed else NO_STORE


def _revalidated(headers: Headers, body: bytes, content_type: bytes) -> tuple[int, bytes, HeaderPairs]:
    """The answer to a persisted query by GET, or 304 when the caller has the same already."""
    tag = b'"' + blake2b(content_type + body, digest_size=16).hexdigest().encode() + b'"'
    tags_of_caller = {tag.strip().removeprefix(b"W/") for tag in headers.get(b"if-none-match", b"").split(b",")}
    response_headers = (*_REVALIDATE, (b"etag", tag))
    return (304, b"", response_headers) if tag in tags_of_caller else (200, body, response_headers)
