"""How many connections a request holds at once, however many of its fields are resolved at the same time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any


class ConnectionShare:
    """At most so many connections for all tasks that have this share; the others wait, without one, for their turn."""

    def __init__(self, connections: int) -> None:
        self._free = asyncio.Semaphore(connections)
        self._holders: set[asyncio.Task[Any] | None] = set()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        """Until the end one connection more is taken from the share."""
        task = asyncio.current_task()
        if task in self._holders:
            # `databases` has one connection for each task, however often that asks: it must not wait for itself.
            yield
            return
        async with self._free:
            self._holders.add(task)
            try:
                yield
            finally:
                self._holders.discard(task)


_share: ContextVar[ConnectionShare | None] = ContextVar("connection share", default=None)


@contextmanager
def sharing(share: ConnectionShare | None) -> Iterator[None]:
    """What is done within, and in all tasks begun within, has this share; with None there is no bound but the pool's."""
    token = _share.set(share)
    try:
        yield
    finally:
        _share.reset(token)


def current_share() -> ConnectionShare | None:
    """The share that the caller has."""
    return _share.get()
