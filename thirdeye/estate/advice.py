"""What ThirdEye advises about a table, as the columns of the inventory hold it: verdict, blockers, scores.

The rules are in `thirdeye.verdict`; a refresh asks them through an Adviser, because imports point downwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Protocol

import numpy as np

from thirdeye.database import Session
from thirdeye.estate.columns import Array, Mask


class Verdict(StrEnum):
    """What is best done with a table."""

    KEEP = "KEEP"
    REVIEW = "REVIEW"
    STOP_REFRESH = "STOP_REFRESH"
    ARCHIVE = "ARCHIVE"
    DELETE = "DELETE"


class Blocker(StrEnum):
    """A reason why a table must not go."""

    ACTIVE_DOWNSTREAM = "ACTIVE_DOWNSTREAM"
    UNKNOWN_DOWNSTREAM = "UNKNOWN_DOWNSTREAM"
    CRITICAL_TIER = "CRITICAL_TIER"
    PROTECTED_TAG = "PROTECTED_TAG"
    RECENTLY_WRITTEN = "RECENTLY_WRITTEN"
    RECENTLY_CREATED = "RECENTLY_CREATED"
    UNKNOWN_USAGE = "UNKNOWN_USAGE"
    SHORT_HISTORY = "SHORT_HISTORY"
    EVIDENCE_INCOMPLETE = "EVIDENCE_INCOMPLETE"
    KEPT_BY_OWNER = "KEPT_BY_OWNER"
    CALIBRATION_OFF = "CALIBRATION_OFF"


# The columns that hold it.
ADVICE: Final = ("idle", "verdict", "purge", "blockers", "risk")
# Columns hold the place in this list, and a bit for each blocker.
VERDICTS: Final = tuple(Verdict)
VERDICT_CODE: Final[Mapping[Verdict, int]] = {verdict: code for code, verdict in enumerate(VERDICTS)}
BLOCKERS: Final = tuple(Blocker)
BLOCKER_BIT: Final[Mapping[Blocker, int]] = {blocker: 1 << place for place, blocker in enumerate(BLOCKERS)}
# Purge scores are held in tenths; this one and this number of idle days say that nobody can tell.
NO_SCORE: Final = 255
NO_IDLE: Final = 65_535


def blockers_of(bits: int) -> list[Blocker]:
    """The blockers that these bits name."""
    return [blocker for blocker in BLOCKERS if bits & BLOCKER_BIT[blocker]]


def saved_share(archive_share: float) -> Array:
    """The share of a table's monthly cost that following a verdict saves, by its code."""
    shares = np.zeros(len(VERDICTS))
    shares[VERDICT_CODE[Verdict.DELETE]] = 1.0
    shares[VERDICT_CODE[Verdict.ARCHIVE]] = archive_share
    return shares


@dataclass(frozen=True)
class DaysSoFar:
    """What all days before one say of each table, as `columns.py` has it, and of each service the first day of any row."""

    last_use: Array
    days_of_use: Array
    longest_gap: Array
    first_row: Array


@dataclass(frozen=True, kw_only=True)
class Estate:
    """What a refresh knows of the estate when it asks for advice.

    `query` and `source` are columns by name, to be read and, for those of the advice, to be written. `observed` (days)
    and `prices` (USD per GB and month) are by service number. Nodes of the lineage are the tables, then the other
    assets; `sources` and `targets` are its edges. `incomplete`: parts of OM that verdicts must not do without could not
    be read.
    """

    query: Any
    source: Any
    present: Mask
    service: Array
    observed: Array
    prices: Sequence[Decimal]
    nodes: int
    sources: Array
    targets: Array
    tag_sets: Sequence[Sequence[str]]
    incomplete: bool


class Adviser(Protocol):
    """Who advises. One refresh: begin, a call before each day of usage, advise, compare for each chunk, publish."""

    def begin(self, created: Array, present: Mask, service: Array, today: int) -> None:
        """Begins a refresh: day of creation (0: unknown) and service of each table."""

    def before_day(self, day: int, so_far: DaysSoFar) -> None:
        """Told, oldest day first, what all days before `day` say; at last with the day after today."""

    async def advise(self, estate: Estate) -> dict[str, Any]:
        """Writes the columns of the advice; gives what readers need to explain it, as JSON."""

    def compare(self, before: Mapping[str, Array] | None, after: Mapping[str, Array], first: int) -> None:
        """Told the columns of a chunk that begins at number `first`, as they were published last and as they are now."""

    async def publish(self, session: Session, generation: int) -> None:
        """Writes what is remembered of this refresh, in the transaction that publishes it."""
