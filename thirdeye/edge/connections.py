"""The open connections of a process: how many there may be, in all and from one address, and whether each one moves."""

import asyncio
from collections import Counter
from typing import Final, Protocol

import structlog

# Seconds in which a client that is sent something must take some of it.
WRITE_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 1.0
# So many refused connections at a time are told so; others are only ended.
_MAX_TOLD: Final = 100
log = structlog.get_logger(__name__)


class Connection(Protocol):
    """What a connection can be asked for."""

    def is_stuck(self, now: float, seconds: float) -> bool: ...
    def abort(self) -> None: ...


class Connections:
    """Admits at most `limit` connections, and `limit_by_address` from one address; ends those whose client does not read."""

    def __init__(
        self,
        *,
        limit: int = 800,
        limit_by_address: int = 400,
        write_seconds: float = WRITE_SECONDS,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._limit = limit
        self._limit_by_address = limit_by_address
        self._write_seconds = write_seconds
        self._look_seconds = look_seconds
        # By connection its address, and those that were refused.
        self._admitted: dict[Connection, str] = {}
        self._refused: set[Connection] = set()
        self._by_address = Counter[str]()
        self._timer: asyncio.TimerHandle | None = None

    def admit(self, connection: Connection, address: str, loop: asyncio.AbstractEventLoop) -> bool:
        """Counts a connection unless there are enough. Ends it at once while many are being told that they are refused."""
        if self._timer is None:
            self._look_later(loop)
        if len(self._admitted) < self._limit and self._by_address[address] < self._limit_by_address:
            self._admitted[connection] = address
            self._by_address[address] += 1
            return True
        self._refused.add(connection)
        if len(self._refused) > _MAX_TOLD:
            connection.abort()
        return False

    def leave(self, connection: Connection) -> None:
        """The connection has ended."""
        self._refused.discard(connection)
        address = self._admitted.pop(connection, None)
        if address is not None:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def look(self, now: float) -> None:
        """Ends the connections whose client took nothing for too long."""
        for connection, address in list(self._admitted.items()):
            if connection.is_stuck(now, self._write_seconds):
                log.info("client_does_not_read", address=address)
                connection.abort()

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        def look() -> None:
            self._timer = None
            self.look(loop.time())
            if self._admitted:
                self._look_later(loop)

        self._timer = loop.call_later(self._look_seconds, look)
