"""The tokens that were denied by hand, known to every process within seconds."""

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from thirdeye.auth import store
from thirdeye.database import MySQL
from thirdeye.errors import ThirdEyeError

_LOOK_EVERY: Final = 2.0
log = structlog.get_logger(__name__)


class Denylist:
    """Reads the list every two seconds; while the database is away, the list known last counts."""

    def __init__(self, thirdeye: MySQL) -> None:
        self._thirdeye = thirdeye
        self._denied: frozenset[bytes] = frozenset()
        self._task: asyncio.Task[None] | None = None

    def __contains__(self, digest: object) -> bool:
        return digest in self._denied

    async def start(self) -> None:
        """Reads it once, and goes on in the background."""
        await self._look()
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Stops reading."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            await self._look()

    async def _look(self) -> None:
        try:
            self._denied = await store.denied_tokens(self._thirdeye)
        except ThirdEyeError:
            pass  # what is away is logged by who watches it
        except Exception as error:
            log.warning("deny_list_not_read", error=type(error).__name__)
