"""Tokens denied by an administrator; every process learns of a denial within seconds."""

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from thirdeye.auth import store
from thirdeye.database import MySQL
from thirdeye.errors import ThirdEyeError

_POLL_SECONDS: Final = 2.0
log = structlog.get_logger(__name__)


class Denylist:
    """Reads the list every two seconds; while the database is unavailable, the last list read stays in force."""

    def __init__(self, thirdeye: MySQL) -> None:
        self._thirdeye = thirdeye
        self._denied: frozenset[bytes] = frozenset()
        self._task: asyncio.Task[None] | None = None

    def __contains__(self, digest: object) -> bool:
        return digest in self._denied

    async def start(self) -> None:
        """Reads the list once, then keeps reading it in the background."""
        await self._read()
        self._task = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        """Stops reading."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            await self._read()

    async def _read(self) -> None:
        try:
            self._denied = await store.denied_digests(self._thirdeye)
        except ThirdEyeError:
            pass  # `dependencies.py` logs an outage
        except Exception as error:
            log.warning("deny_list_not_read", error=type(error).__name__)
