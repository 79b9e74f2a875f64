"""Work that many ask for at once, done once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

from thirdeye.connection_shares import ConnectionShare
from thirdeye.database import detached_task

Result = TypeVar("Result")


class SingleFlight:
    """Whoever asks for what is being worked on waits for that work, and has its result or its error.

    The work goes on when whoever began it goes away. With `connections`, all of it together holds at most so many.
    """

    def __init__(self, connections: int | None = None) -> None:
        self._share = None if connections is None else ConnectionShare(connections)
        self._running: dict[Hashable, asyncio.Task[Any]] = {}

    async def do(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """The result of the work of this key that is running, else of `work`."""
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = detached_task(work(), self._share)
            task.add_done_callback(lambda done: self._ended(key, done))
        result: Result = await asyncio.shield(task)
        return result

    async def begun_from_now(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Like `do`, but never the result of work that had begun before."""
        earlier = self._running.get(key)
        if earlier is not None:
            await asyncio.wait({earlier})
        return await self.do(key, work)

    async def stop(self) -> None:
        """Cancels all running work and waits for its end."""
        tasks = set(self._running.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _ended(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        del self._running[key]
        # Nobody may be left to look at the error.
        if not task.cancelled():
            task.exception()
