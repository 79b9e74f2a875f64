"""What every request gets: its id, its log line, its place in the metrics, and security headers on its answer."""

import random
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thirdeye.asgi import send_error
from thirdeye.errors import HeaderPairs
from thirdeye.observability.logging import DirectLog
from thirdeye.observability.metrics import Metrics
from thirdeye.request_state import RequestState, request_state

_VALID_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}\Z")
# Callers must not be able to make label values, so any other method is OTHER.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# On every answer. An answer may set its own policy; otherwise a browser neither frames it nor runs anything in it.
SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_HEADERS_WITH_POLICY: Final = (*SECURITY_HEADERS, _POLICY)
log = structlog.get_logger("thirdeye.request")


def request_id_from(header: bytes | None) -> str:
    """The caller's request id when it is valid, else a new one."""
    if header is not None:
        text = header.decode("latin-1")
        if _VALID_REQUEST_ID.match(text):
            return text
    # Names a request, guards nothing.
    return f"{random.getrandbits(128):032x}"


def begin_request(scope: Scope) -> RequestState:
    """The state of a request, with its id."""
    header = None
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            header = value
            break
    state = request_state(scope)
    state.request_id = request_id_from(header)
    return state


def security_headers_of(headers: Iterable[tuple[bytes, bytes]]) -> HeaderPairs:
    """What an answer with these headers gets beside them."""
    for name, _ in headers:
        if name == _POLICY[0]:
            return SECURITY_HEADERS
    return _HEADERS_WITH_POLICY


def method_of(scope: Scope) -> str:
    """The request's method, or OTHER."""
    method: str = scope["method"]
    return method if method in _METHODS else "OTHER"


class RequestRecorder:
    """Writes the log line of a request that ended, and counts it.

    `on_refusal` is called for each refusal with the caller's name if it is known, method and route, and the reason.
    """

    def __init__(
        self,
        *,
        metrics: Metrics,
        route_of: Callable[[str], str],
        on_refusal: Callable[[str | None, str, str], None] = lambda _who, _what, _why: None,
    ) -> None:
        self._metrics = metrics
        self._route_of = route_of
        self._on_refusal = on_refusal
        self._log = DirectLog("thirdeye.request")

    def record(self, scope: Scope, state: RequestState, status: int, seconds: float) -> None:
        """The request was answered with this status after so many seconds."""
        route = self._route_of(scope["path"])
        method = method_of(scope)
        self._metrics.observe_request(method, route, status, seconds)
        user = state.principal.name if state.principal else None
        reason = state.refusal_reason or (f"HTTP {status}" if 400 <= status < 500 else None)
        if reason is not None:
            what = f"{method} {route} {state.operation}" if state.operation else f"{method} {route}"
            self._on_refusal(user or state.claimed, what, reason)
        # By this name the documentation finds what is logged.
        _log = self._log
        _log.info(
            "request",
            request_id=state.request_id,
            method=method,
            path=scope["path"],
            user=user,
            operation=state.operation,
            status=status,
            ms=round(seconds * 1000, 2),
        )


class RequestMiddleware:
    """Gives each HTTP request its id, its log line, its place in the metrics, and each answer its security headers."""

    def __init__(self, app: ASGIApp, *, recorder: RequestRecorder) -> None:
        self._app = app
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        state = begin_request(scope)
        request_id = state.request_id
        status = 0

        # No coroutine of its own: it only passes on.
        def send_with_headers(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.get("headers", ())
                message["headers"] = [*headers, (b"x-request-id", request_id.encode()), *security_headers_of(headers)]
            return send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            log.exception("internal_error", request_id=request_id, path=scope["path"])
            if status:
                raise  # half an answer cannot be taken back: the server ends the connection
            # The caller learns the request id, the log has the rest.
            message = f"An internal error came up; its request id is {request_id}"
            await send_error(send_with_headers, 500, message)
        finally:
            self._recorder.record(scope, state, status or 500, time.perf_counter() - started)
