"""Expensive requests take turns, so that whatever is asked beside them waits for few of them at a time."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from thirdeye.edge.refusal import retry_after
from thirdeye.errors import Unavailable
from thirdeye.locks import Turns

# A request over this cost is expensive: it computes for a tenth of a second and more.
EXPENSIVE: Final = 100.0
# So many are worked on at the same time: one computes while another waits for a database.
_AT_ONCE: Final = 2


class ExpensiveRequests:
    """Who asks for more waits behind all others: of each caller one is worked on, or waits for its turn, at a time."""

    def __init__(self, seconds: float, at_once: int = _AT_ONCE, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._free = asyncio.Semaphore(at_once)
        self._of_caller = Turns()

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[float]:
        """Within it is the caller's turn, for which it waited so many seconds. Raises Unavailable when it does not come in
        time.
        """
        began = self._clock()
        until = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(until) as waiting, self._of_caller.turn(caller), self._free:
                waiting.reschedule(None)
                yield self._clock() - began
        except TimeoutError:
            if not waiting.expired():
                raise
            message = (
                "too many expensive requests are being answered at the moment; ask for less, or try again in a second"
            )
            raise Unavailable(message, reason="busy", headers=(retry_after(1),)) from None
