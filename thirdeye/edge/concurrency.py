"""A bound on the requests in progress, and none once the process stops: what is over is told to come back."""

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from thirdeye.edge.refusal import refuse, retry_after
from thirdeye.errors import Unavailable


class RequestPlaces:
    """The places of requests in progress: `limit` of them, and none while `stopping`."""

    def __init__(self, *, limit: int, stopping: Callable[[], bool]) -> None:
        self._limit = limit
        self.stopping = stopping
        self.taken = 0

    @property
    def all_taken(self) -> bool:
        """Whether no further request is to be answered for now."""
        return self.taken >= self._limit

    @property
    def is_open(self) -> bool:
        """Whether a request may be answered now."""
        return not self.all_taken and not self.stopping()


class ConcurrencyMiddleware:
    """Answers 503 with `Retry-After` while there is no place, or the process stops; public paths are exempt."""

    def __init__(self, app: ASGIApp, *, places: RequestPlaces, is_public: Callable[[Scope], bool]) -> None:
        self._app = app
        self._places = places
        self._is_public = is_public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_public(scope):
            await self._app(scope, receive, send)
            return
        if self._places.stopping():
            headers = (retry_after(1), (b"connection", b"close"))
            message = "this process is stopping; ask again"
            await refuse(scope, send, Unavailable(message, reason="stopping", headers=headers))
            return
        if self._places.all_taken:
            message = "too many requests are being answered at the moment; try again in a second"
            await refuse(scope, send, Unavailable(message, reason="busy", headers=(retry_after(1),)))
            return
        self._places.taken += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._places.taken -= 1
