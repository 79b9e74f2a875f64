"""The span of a request. Stands before everything else, and only where traces are on."""

from collections.abc import Callable, Collection
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thirdeye.observability.requests import method_of
from thirdeye.observability.spans import Spans
from thirdeye.request_state import request_state

_TRACE_HEADERS: Final = frozenset({b"traceparent", b"tracestate"})


class TraceMiddleware:
    """Makes a span of each request but those for `untraced` paths: probes ask every few seconds.

    A valid `traceparent` makes it a part of the caller's trace; any other is ignored.
    """

    def __init__(
        self, app: ASGIApp, *, spans: Spans, route_of: Callable[[str], str], untraced: Collection[str] = ()
    ) -> None:
        self._app = app
        self._spans = spans
        self._route_of = route_of
        self._untraced = frozenset(untraced)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._untraced:
            await self._app(scope, receive, send)
            return
        origin = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _TRACE_HEADERS}
        method, route, status = method_of(scope), self._route_of(scope["path"]), 0

        async def send_and_look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        name = f"{method} {route}"
        with self._spans.request(name, origin, {"http.request.method": method, "http.route": route}) as span:
            try:
                await self._app(scope, receive, send_and_look)
            finally:
                state = request_state(scope)
                span.note(
                    {
                        "http.response.status_code": status or None,
                        "thirdeye.operation": state.operation,
                        "thirdeye.request_id": state.request_id,
                    }
                )
                if status >= 500:
                    span.fail(str(status))
