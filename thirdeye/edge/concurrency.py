"""A bound on the requests in progress, and none once the process stops: what is over is told to come back."""

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from thirdeye.edge.refusal import refuse, retry_after
from thirdeye.errors import Unavailable


class ConcurrencyMiddleware:
    """Answers 503 with `Retry-After` over `limit` requests in progress, or while `stopping`; public paths are exempt."""

    def __init__(
        self, app: ASGIApp, *, limit: int, is_public: Callable[[Scope], bool], stopping: Callable[[], bool]
    ) -> None:
        self._app = app
        self._limit = limit
        self._is_public = is_public
        self._stopping = stopping
        self._in_progress = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_public(scope):
            await self._app(scope, receive, send)
            return
        if self._stopping():
            headers = (retry_after(1), (b"connection", b"close"))
            message = "this process is stopping; ask again"
            await refuse(scope, send, Unavailable(message, reason="stopping", headers=headers))
            return
        if self._in_progress >= self._limit:
            message = "too many requests are being answered at the moment; try again in a second"
            await refuse(scope, send, Unavailable(message, reason="busy", headers=(retry_after(1),)))
            return
        self._in_progress += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_progress -= 1
