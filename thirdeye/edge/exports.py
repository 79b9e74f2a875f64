"""A bound on the exports in progress, of one caller and in all: each may take long, and must leave room for short answers."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from thirdeye.edge.refusal import retry_after
from thirdeye.errors import RateLimited, Unavailable
from thirdeye.request_state import request_state

_RETRY_SECONDS: Final = 5
Export = Callable[[Request], Awaitable[Response]]


class ExportSlots:
    """`limit` exports at a time, `limit_by_caller` of one caller. One ends when its last byte was taken."""

    def __init__(self, *, limit: int, limit_by_caller: int) -> None:
        self._limit = limit
        self._limit_by_caller = limit_by_caller
        self._by_caller = Counter[str]()

    @property
    def in_progress(self) -> int:
        """How many there are."""
        return self._by_caller.total()

    def bounded(self, export: Export) -> Export:
        """The export, refused over a limit: 429 over a caller's, 503 over that of all, with `Retry-After`."""

        async def respond(request: Request) -> Response:
            return _BoundedResponse(self, export, request)

        return respond

    @contextmanager
    def slot(self, caller: str) -> Iterator[None]:
        """One of the places. Raises RateLimited or Unavailable when there is none."""
        headers = (retry_after(_RETRY_SECONDS),)
        if self._by_caller[caller] >= self._limit_by_caller:
            message = f"a caller may have {self._limit_by_caller} exports at a time; read those first, or end them"
            raise RateLimited(message, reason="exports", headers=headers)
        if self.in_progress >= self._limit:
            message = "too many exports are being sent at the moment; try again in a few seconds"
            raise Unavailable(message, reason="exports", headers=headers)
        self._by_caller[caller] += 1
        try:
            yield
        finally:
            self._by_caller[caller] -= 1
            if not self._by_caller[caller]:
                del self._by_caller[caller]


class _BoundedResponse(Response):
    """Makes and sends an export within a slot."""

    def __init__(self, slots: ExportSlots, export: Export, request: Request) -> None:
        super().__init__()
        self._slots = slots
        self._export = export
        self._request = request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal = request_state(scope).principal
        with self._slots.slot(principal.name if principal else ""):
            response = await self._export(self._request)
            await response(scope, receive, send)
