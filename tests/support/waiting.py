"""Waiting for what must happen, however slow the machine is."""

import asyncio
import time
from collections.abc import Callable

from tests.support import PATIENCE
from thirdeye.local.servers import wait_until


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE, *, saying: Callable[[], object] = str) -> None:
    """Asks until the condition holds; fails with what `saying` gives after so many seconds."""
    assert wait_until(condition, seconds=seconds), f"not within {seconds:g} s: {saying()}"


async def wait_for_async(condition: Callable[[], bool]) -> None:
    """The same beside a running event loop; the condition may block."""
    deadline = time.monotonic() + PATIENCE
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline, f"not within {PATIENCE:g} s"
        await asyncio.sleep(0.02)
