"""Verdicts and blockers as the columns of the inventory hold them; the rules are in `thirdeye.verdict`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array


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
