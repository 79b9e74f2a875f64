"""Refused requests by caller, operation and reason, counted by the hour and kept apart from the log."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

import structlog

from thirdeye.background import PeriodicTask
from thirdeye.clock import Clock
from thirdeye.database import MySQL
from thirdeye.edge import store
from thirdeye.errors import ThirdEyeError
from thirdeye.session import Values

# In seconds. A process that is killed loses what it counted since the last write.
_WRITE_INTERVAL: Final = 5.0
# Different refusals that a process counts between two writes; any others are counted together.
_MAX_KINDS: Final = 500
_OTHERS: Final = "(others)"
_RETENTION: Final = timedelta(days=30)
_MAX_ROWS: Final = 50_000
UNVERIFIED: Final = "(unverified)"
log = structlog.get_logger(__name__)


@dataclass
class _Count:
    refusals: int
    first: datetime
    last: datetime


class Audit:
    """Counts refusals in memory and writes them to ThirdEye's schema; while that is unavailable they stay counted."""

    def __init__(self, thirdeye: MySQL, clock: Clock) -> None:
        self._thirdeye = thirdeye
        self._clock = clock
        self._counts: dict[tuple[str, str, str], _Count] = {}
        self._writing = PeriodicTask(self._try_to_write, _WRITE_INTERVAL, event="audit_not_written")

    def note(self, who: str | None, what: str, why: str) -> None:
        """Counts one refusal; `who` is None when no caller could be verified."""
        now = self._clock()
        key = (who or UNVERIFIED, what, why)
        if key not in self._counts and len(self._counts) >= _MAX_KINDS:
            key = (_OTHERS, _OTHERS, why)
        count = self._counts.setdefault(key, _Count(0, now, now))
        count.refusals, count.last = count.refusals + 1, now

    async def start(self) -> None:
        """Begins to write in the background."""
        self._writing.start()

    async def stop(self) -> None:
        """Writes what was counted, if the schema is there."""
        await self._writing.stop()
        await self._try_to_write()

    async def _try_to_write(self) -> None:
        try:
            await self.write()
        except ThirdEyeError:
            pass  # `dependencies` logs what is unavailable
        except Exception:
            log.exception("audit_not_written")

    async def write(self) -> None:
        """Writes the counts since the last write and drops old rows. Raises DatabaseUnavailable, losing nothing."""
        if not self._counts:
            return
        counts, self._counts = self._counts, {}
        try:
            await store.add_refusals(self._thirdeye, [_row(*key, count) for key, count in counts.items()])
        except BaseException:
            for key, count in counts.items():
                newer = self._counts.get(key)
                self._counts[key] = count
                if newer is not None:
                    count.refusals, count.last = count.refusals + newer.refusals, newer.last
            raise
        await store.drop_refusals(self._thirdeye, self._clock() - _RETENTION, _MAX_ROWS)


def _row(who: str, what: str, why: str, count: _Count) -> Values:
    # By the hour of the first: one count spans seconds, or the time for which the database was unavailable.
    hour = count.first.replace(minute=0, second=0, microsecond=0)
    counted = (hour.isoformat(), who, what, why)
    return {
        # Identifies a row by what it counts: long names make poor keys.
        "digest": blake2b("\0".join(counted).encode("utf-8", "replace"), digest_size=16).digest(),
        "who": who,
        "what": what,
        "why": why,
        "refusals": count.refusals,
        "first_at": count.first,
        "last_at": count.last,
    }
