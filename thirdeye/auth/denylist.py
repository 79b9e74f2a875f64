"""Tokens denied by an administrator; every process learns of a denial within seconds."""

from typing import Final

import structlog

from thirdeye.auth import store
from thirdeye.background import PeriodicTask
from thirdeye.database import MySQL
from thirdeye.errors import ThirdEyeError

_POLL_SECONDS: Final = 2.0
log = structlog.get_logger(__name__)


class Denylist:
    """Reads the list every two seconds; while the database is unavailable, the last list read stays in force."""

    def __init__(self, thirdeye: MySQL) -> None:
        self._thirdeye = thirdeye
        self._denied: frozenset[bytes] = frozenset()
        self._polling = PeriodicTask(self._read, _POLL_SECONDS, event="deny_list_not_read")

    def __contains__(self, digest: object) -> bool:
        return digest in self._denied

    async def start(self) -> None:
        """Reads the list once, then keeps reading it in the background."""
        await self._read()
        self._polling.start()

    async def stop(self) -> None:
        """Stops reading."""
        await self._polling.stop()

    async def _read(self) -> None:
        try:
            self._denied = await store.denied_digests(self._thirdeye)
        except ThirdEyeError:
            pass  # `dependencies.py` logs an outage
        except Exception as error:
            log.warning("deny_list_not_read", error=type(error).__name__)
