"""Turns of the event loop: a request that computes for long gives others theirs every few milliseconds.

Awaiting alone does not: what a request waits for arrives for many of its fields at once, and they would all go on in the
same turn.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, ParamSpec, TypeVar

# For so long a request may go on in one turn of the loop, in seconds, before others have theirs.
_SLICE: Final = 0.004
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Pace:
    """How long a request has gone on in this turn of the loop."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._began: float | None = None
        self._order = asyncio.Lock()
        # Its threads compete with the event loop for the interpreter: one at a time.
        self.thread = asyncio.Lock()

    async def keep(self) -> None:
        """Lets others have their turns when this request has had its share; its own tasks go on one by one."""
        if not self._is_over() and not self._order.locked():
            return
        async with self._order:
            while True:
                if not self._is_over():
                    return
                await asyncio.sleep(0)

    def _is_over(self) -> bool:
        if self._began is None:
            self._began = self._clock()
            asyncio.get_running_loop().call_soon(self._end)
        return self._clock() - self._began > _SLICE

    def _end(self) -> None:
        self._began = None


_pace: ContextVar[Pace | None] = ContextVar("pace", default=None)


@contextmanager
def paced(pace: Pace) -> Iterator[None]:
    """What is done within, and in all tasks begun within, keeps this pace."""
    token = _pace.set(pace)
    try:
        yield
    finally:
        _pace.reset(token)


async def keep_pace() -> None:
    """Between two parts of a longer work: lets others have their turns if the request has had its share, or is none."""
    pace = _pace.get()
    await (asyncio.sleep(0) if pace is None else pace.keep())


async def in_thread(work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """What some work gives that would hold up the event loop, done in a thread: one at a time for each request."""
    pace = _pace.get()
    if pace is None:
        return await asyncio.to_thread(work, *args, **kwargs)
    async with pace.thread:
        return await asyncio.to_thread(work, *args, **kwargs)
