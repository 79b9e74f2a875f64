"""Locks that the server holds for a connection, and how to wait for one without holding a connection meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final

from thirdeye.session import Session

_LEASE_PULSE: Final = 10.0
# How long to wait before a lock that another process holds is asked for again.
_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.25


@asynccontextmanager
async def named_lock(session: Session, name: str, seconds: float) -> AsyncIterator[bool]:
    """A lock that the server holds for a connection, and frees when that ends; whether it was got within `seconds`."""
    row = await session.fetch_one("SELECT GET_LOCK(%(name)s, %(seconds)s) AS got", {"name": name, "seconds": seconds})
    got = bool(row and row["got"])
    try:
        yield got
    finally:
        if got:
            # Where the connection has ended, the lock has as well.
            with suppress(Exception):
                await session.fetch_one("SELECT RELEASE_LOCK(%(name)s) AS released", {"name": name})


async def is_locked(session: Session, name: str) -> bool:
    """Whether some connection holds a lock of this name; also when the server cannot tell."""
    row = await session.fetch_one("SELECT IS_FREE_LOCK(%(name)s) AS free", {"name": name})
    return not (row and row["free"])


class Turns:
    """By name whose turn it is in this process, first come, first served."""

    def __init__(self) -> None:
        # The lock, and how many hold it or wait for it.
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Only one at a time is within."""
        lock, users = self._locks.get(name) or (asyncio.Lock(), 0)
        self._locks[name] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            users = self._locks[name][1]
            if users == 1:
                del self._locks[name]
            else:
                self._locks[name] = lock, users - 1


def pauses() -> Iterator[float]:
    """How long to wait after each attempt to get a lock, in seconds."""
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)


class Lease:
    """A lock that is kept alive; `lost` once its connection has ended.

    A task of its own holds it, for `databases` gives every task one connection, which nothing else may speak on.
    """

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Session]], name: str) -> None:
        self._connect = connect
        self._values = {"name": name}
        self._task: asyncio.Task[None] | None = None
        self._got: asyncio.Future[bool] | None = None
        self._done = asyncio.Event()
        self.lost = False

    async def get(self) -> bool:
        """Whether the lock was free; then it is held until `stop`."""
        self._got = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._hold(self._got))
        return await self._got

    async def stop(self) -> None:
        """Gives the lock back."""
        self._done.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _hold(self, got: asyncio.Future[bool]) -> None:
        try:
            async with self._connect() as session:
                await session.execute("SET SESSION wait_timeout = 60")
                row = await session.fetch_one("SELECT GET_LOCK(%(name)s, 0) AS got", self._values)
                got.set_result(bool(row and row["got"]))
                if got.result():
                    await self._keep(session)
                    await session.fetch_one("SELECT RELEASE_LOCK(%(name)s) AS released", self._values)
                await session.execute("SET SESSION wait_timeout = DEFAULT")
        except Exception as error:
            self.lost = True
            if not got.done():
                got.set_exception(error)

    async def _keep(self, session: Session) -> None:
        while not self._done.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._done.wait(), _LEASE_PULSE)
            await session.fetch_one("SELECT 1 AS alive")
