"""What each request gets: its id, its log line, its place in the metrics, and security headers on its answer."""

import random
import re
import time
from collections.abc import Callable
from typing import Final

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thirdeye.errors import om_error
from thirdeye.observability.metrics import Metrics

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}\Z")
log = structlog.get_logger("thirdeye.request")


def request_id_from(value: bytes | None) -> str:
    """The caller's request id when it is sane, else a new one."""
    if value is not None:
        text = value.decode("latin-1")
        if _SANE_REQUEST_ID.match(text):
            return text
    # Names a request, guards nothing.
    return f"{random.getrandbits(128):032x}"


# On every answer. What an answer says itself stands; a browser shows none of them in a frame, runs nothing in them.
SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_WITH_POLICY: Final = (*SECURITY_HEADERS, _POLICY)


class RequestMiddleware:
    """Gives each HTTP request its id, its log line, its place in the metrics, and each answer its security headers.

    `on_refusal` is told of each refusal: the caller's name if it is known, method and route, and why in few words.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        route_of: Callable[[str], str],
        on_refusal: Callable[[str | None, str, str], None] = lambda _who, _what, _why: None,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._route_of = route_of
        self._on_refusal = on_refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        given = None
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                given = value
                break
        request_id = request_id_from(given)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = message.get("headers", ())
                more: tuple[tuple[bytes, bytes], ...] = SECURITY_HEADERS
                for name, _ in given:
                    if name == _POLICY[0]:
                        break
                else:
                    more = _WITH_POLICY
                message["headers"] = [*given, (b"x-request-id", request_id.encode()), *more]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            log.exception("internal_error", request_id=request_id, path=scope["path"])
            if status:
                raise  # half an answer cannot be taken back: the server ends the connection
            await self._answer_internal(send_with_headers, request_id)
        finally:
            self._record(scope, status or 500, time.perf_counter() - started)

    @staticmethod
    async def _answer_internal(send: Send, request_id: str) -> None:
        """The caller learns the request id, the log has the rest."""
        body = orjson.dumps(om_error(500, f"An internal error came up; its request id is {request_id}"))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 500, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        state, route = scope["state"], self._route_of(scope["path"])
        # Only methods that exist: a caller must not be able to make label values.
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._metrics.observe_request(method, route, status, seconds)
        principal = state.get("principal")
        why = state.get("refused") or (f"HTTP {status}" if 400 <= status < 500 else None)
        if why is not None:
            who = principal.name if principal else state.get("claimed")
            operation = state.get("operation")
            self._on_refusal(who, f"{method} {route} {operation}" if operation else f"{method} {route}", why)
        log.info(
            "request",
            request_id=state["request_id"],
            method=method,
            path=scope["path"],
            user=principal.name if principal else None,
            operation=state.get("operation"),
            status=status,
            ms=round(seconds * 1000, 2),
        )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
