"""The tokens that were denied by hand, known to every process within seconds."""

from typing import Final

import structlog

from thirdeye.auth import store
from thirdeye.background import PeriodicTask
from thirdeye.database import MySQL
from thirdeye.errors import ThirdEyeError

_INTERVAL: Final = 2.0
log = structlog.get_logger(__name__)


class Denylist:
    """Reads the list every two seconds; while the database is away, the list known last counts."""

    def __init__(self, thirdeye: MySQL) -> None:
        self._thirdeye = thirdeye
        self._denied: frozenset[bytes] = frozenset()
        self._polling = PeriodicTask(self._read, _INTERVAL, event="deny_list_not_read")

    def __contains__(self, digest: object) -> bool:
        return digest in self._denied

    async def start(self) -> None:
        """Reads it once, and goes on in the background."""
        await self._read()
        self._polling.start()

    async def stop(self) -> None:
        """Stops reading."""
        await self._polling.stop()

    async def _read(self) -> None:
        try:
            self._denied = await store.denied_tokens(self._thirdeye)
        except ThirdEyeError:
            pass  # what is away is logged by who watches it
        except Exception as error:
            log.warning("deny_list_not_read", error=type(error).__name__)
