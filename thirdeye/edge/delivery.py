"""Sends large answers in pieces, each of which the client must take in time: one that does not read holds little, and not
for long. Whoever sends waits, so that what a request holds (its place among the requests in progress, a place among the
exports) is free when its bytes are gone, and not before.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thirdeye.deadlines import Deadlines
from thirdeye.request_state import request_state

PIECE: Final = 65_536
# Bytes of all answers that are being sent; over it, the one whose client took nothing for the longest is given up.
MAX_UNREAD: Final = 64_000_000
log = structlog.get_logger(__name__)


class _GivenUp(Exception):
    """Unwinds what was sending."""


class _Delivery:
    """An answer on its way: how many of its bytes are still to be sent, and the timeout of the piece that waits."""

    __slots__ = ("given_up", "timeout", "unread")

    def __init__(self) -> None:
        self.unread = 0
        self.given_up = False
        self.timeout: asyncio.Timeout | None = None

    def give_up(self) -> None:
        self.given_up = True
        if self.timeout is not None:
            self.timeout.reschedule(asyncio.get_running_loop().time())


class DeliveryMiddleware:
    """Ends the connection of a client that does not take its answer; `on_given_up` is called for each."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        on_given_up: Callable[[], None] = lambda: None,
        piece_seconds: float = Deadlines.piece,
        max_unread: int = MAX_UNREAD,
    ) -> None:
        self._app = app
        self._on_given_up = on_given_up
        self._piece_seconds = piece_seconds
        self._max_unread = max_unread
        # Those with bytes to be sent; the one that moved last stands last.
        self._under_way: dict[_Delivery, None] = {}
        self._unread = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        delivery: _Delivery | None = None

        def send_in_pieces(message: Message) -> Awaitable[None]:
            nonlocal delivery
            if delivery is None:
                if len(message.get("body", b"")) <= PIECE and not message.get("more_body", False):
                    return send(message)  # the usual answer, in one
                delivery = _Delivery()
            return self._deliver(delivery, message, send)

        try:
            await self._app(scope, receive, send_in_pieces)
        except _GivenUp:
            self._end(scope)
        finally:
            if delivery is not None:
                self._move(delivery, -delivery.unread)

    async def _deliver(self, delivery: _Delivery, message: Message, send: Send) -> None:
        body: bytes = message.get("body", b"")
        self._move(delivery, len(body))
        for start in range(0, len(body), PIECE):
            piece = body[start : start + PIECE]
            await self._send(delivery, {"type": "http.response.body", "body": piece, "more_body": True}, send)
            self._move(delivery, -len(piece))
        if not message.get("more_body", False):
            # The server takes this once the last piece has left it.
            await self._send(delivery, {"type": "http.response.body", "body": b"", "more_body": False}, send)

    async def _send(self, delivery: _Delivery, message: Message, send: Send) -> None:
        if delivery.given_up:
            raise _GivenUp
        try:
            async with asyncio.timeout(self._piece_seconds) as delivery.timeout:
                await send(message)
        except TimeoutError:
            raise _GivenUp from None
        finally:
            delivery.timeout = None

    def _move(self, delivery: _Delivery, added: int) -> None:
        """Counts bytes that are to be sent, or were; gives up the slowest answers while there are too many."""
        delivery.unread += added
        self._unread += added
        self._under_way.pop(delivery, None)
        if delivery.unread:
            self._under_way[delivery] = None
        while self._unread > self._max_unread and len(self._under_way) > 1:
            slowest = next(iter(self._under_way))
            del self._under_way[slowest]
            self._unread -= slowest.unread
            slowest.unread = 0
            slowest.give_up()

    def _end(self, scope: Scope) -> None:
        log.info("answer_not_taken", request_id=request_state(scope).request_id, path=scope["path"])
        self._on_given_up()
        # Without our own protocol, the server closes the connection because its answer is not complete.
        abort: Callable[[], None] | None = scope.get("thirdeye.abort")
        if abort is not None:
            abort()
