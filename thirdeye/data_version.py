"""Versions of families of stored data, as a process knows them: each moves with every change, in the change's transaction."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from pymysql.err import MySQLError

from thirdeye.errors import Unavailable
from thirdeye.single_flight import SingleFlight

# How long what was read counts as the newest, in seconds.
CHECK_SECONDS: Final = 1.0


class _Version:
    """What `read` finds in the database, one small statement that is given up after `timeout` seconds."""

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
        self._flights = SingleFlight()

    async def stop(self) -> None:
        """Ends what is being read."""
        await self._flights.stop()


class DataVersion(_Version):
    """What `read` finds in the database, one small statement, asked for at most once a second and only when somebody asks.

    Equal versions mean that nothing of the family has changed between them. What is read is remembered as of when the
    reading began.
    """

    _version: int | None = None
    _until = -1.0
    _changes = 0

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


@dataclass(eq=False, frozen=True)
class Unchanged:
    """Stands for the data of one version, for a while."""

    version: int
    until: float


class CheckedVersion(_Version):
    """A version that is read for each question anew, for the change that somebody has just made is to be seen at once.

    Those who ask while it is being read wait for the next reading, and share that. What is not ThirdEye's own of this
    release (an older one, SQL by hand) changes data and moves no version: after `seconds` nothing counts as unchanged.
    """

    _unchanged: Unchanged | None = None

    async def unchanged(self) -> Unchanged | None:
        """The same object for as long as nothing changes; None while the database does not tell."""
        began = self._monotonic()
        try:
            async with asyncio.timeout(self._timeout):
                version = await self._flights.begun_from_now(None, self._read)
        except (TimeoutError, Unavailable, MySQLError):
            # Also of a schema that is not migrated yet: what is asked for may be there all the same.
            return None
        known = self._unchanged
        if known is None or known.version != version or known.until <= began:
            known = self._unchanged = Unchanged(version, began + self._seconds)
        return known

    async def start(self) -> None:
        """Reads nothing before somebody asks."""
