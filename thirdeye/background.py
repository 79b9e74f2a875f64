"""Work that goes on beside the requests: once every so many seconds, whatever happens to it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

Sleep = Callable[[float], Awaitable[None]]
log = structlog.get_logger(__name__)


class PeriodicTask:
    """Runs `work`, waits `interval` seconds and runs it again until stopped. What it raises is logged as `event`."""

    def __init__(
        self,
        work: Callable[[], Awaitable[None]],
        interval: float | Callable[[], float],
        *,
        event: str,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._work = work
        self._interval = interval
        self._event = event
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None

    def start(self, *, wait_first: bool = True) -> None:
        """Begins, in the running loop; `wait_first` when the first run was done already."""
        self._task = asyncio.create_task(self._run(wait=wait_first))

    async def stop(self) -> None:
        """Cancels it and waits for its end; does nothing when it was not started."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self, *, wait: bool) -> None:
        while True:
            if wait:
                await self._sleep(self._interval() if callable(self._interval) else self._interval)
            wait = True
            try:
                await self._work()
            except Exception:
                log.exception(self._event)
            if (task := asyncio.current_task()) and task.cancelling():
                # `asyncio.wait_for` of Python 3.11 loses a cancellation that comes as what it waits for ends.
                return
