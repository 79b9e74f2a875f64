"""So many requests at a time, and none once the process stops: what is over is told to come back, not kept waiting."""

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from thirdeye.edge.refusal import refuse, retry_after


class ConcurrencyMiddleware:
    """Answers 503 with `Retry-After` over `most` requests at once, or while `stopping`; what is public is exempt."""

    def __init__(
        self, app: ASGIApp, *, most: int, is_public: Callable[[Scope], bool], stopping: Callable[[], bool]
    ) -> None:
        self._app = app
        self._most = most
        self._is_public = is_public
        self._stopping = stopping
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_public(scope):
            await self._app(scope, receive, send)
            return
        if self._stopping():
            message = "this process is stopping; ask again"
            await refuse(scope, send, 503, message, "stopping", (retry_after(1), (b"connection", b"close")))
            return
        if self._running >= self._most:
            message = "too many requests are being answered at the moment; try again in a second"
            await refuse(scope, send, 503, message, "busy", (retry_after(1),))
            return
        self._running += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running -= 1
