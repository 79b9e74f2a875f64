"""The version of a family of stored data, as a process knows it: it moves with every change, in the change's transaction."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from thirdeye.errors import Unavailable
from thirdeye.single_flight import SingleFlight

# How long what was read counts as the newest, in seconds.
CHECK_SECONDS: Final = 1.0


class DataVersion:
    """What `read` finds in the database, one small statement, asked for at most once a second and only when somebody asks.

    Equal versions mean that nothing of the family has changed between them. What is read is remembered as of when the
    reading began.
    """

    def __init__(
        self,
        read: Callable[[], Coroutine[Any, Any, int]],
        *,
        timeout: float,
        seconds: float = CHECK_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._timeout = timeout
        self._seconds = seconds
        self._monotonic = monotonic
        self._version: int | None = None
        self._until = -1.0
        self._changes = 0
        self._flights = SingleFlight()

    @property
    def known(self) -> int | None:
        """The version if it was read within the last second; None when it must be read again, or cannot be."""
        return self._version if self._monotonic() < self._until else None

    async def current(self) -> int | None:
        """The version, at most a second old; None while the database does not tell it."""
        if self._monotonic() < self._until:
            return self._version
        try:
            async with asyncio.timeout(self._timeout):
                return await self._flights.do(self._changes, self._look)
        except (TimeoutError, Unavailable):
            # Not every request is to wait for a database that does not answer.
            self._version, self._until = None, self._monotonic() + self._seconds
            return None

    async def _look(self) -> int:
        began, changes = self._monotonic(), self._changes
        version = await self._read()
        if changes == self._changes:
            self._version, self._until = version, began + self._seconds
        return version

    def forget(self) -> None:
        """This process has changed the family: what is being read may be from before."""
        self._changes += 1
        self._until = -1.0

    async def stop(self) -> None:
        """Ends what is being read."""
        await self._flights.stop()
