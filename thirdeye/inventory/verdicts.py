"""Verdicts and blockers as columns hold them. The rules that give them are in `thirdeye.verdict`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array


class Verdict(StrEnum):
    """What to do with a table."""

    KEEP = "KEEP"
    REVIEW = "REVIEW"
    STOP_REFRESH = "STOP_REFRESH"
    ARCHIVE = "ARCHIVE"
    DELETE = "DELETE"


class Blocker(StrEnum):
    """A reason not to delete or archive a table."""

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
    FEED_SILENT = "FEED_SILENT"
    EVIDENCE_PARTIAL = "EVIDENCE_PARTIAL"
    NO_LINEAGE = "NO_LINEAGE"
    SERIES_IN_USE = "SERIES_IN_USE"
    MASS_ABSENCE = "MASS_ABSENCE"
    IN_DATA_PRODUCT = "IN_DATA_PRODUCT"
    CARED_FOR = "CARED_FOR"
    RETURN_RISK = "RETURN_RISK"


# The columns that a verdict fills.
ADVICE_FIELDS: Final = ("idle", "verdict", "purge", "blockers", "risk", "expected_risk", "own_risk")
# The columns of labels, but for the tags that a row of the inventory has, too.
LABEL_FIELDS: Final = ("marks", "products", "editor", "followers")
# What an answer about a table needs beside its row of the inventory.
SHOWN_FIELDS: Final = (*ADVICE_FIELDS, "series", "place", "flags", "departed", "use_kind", "write_cost", *LABEL_FIELDS)
# Columns hold a verdict as its index in this tuple, and blockers as bits.
VERDICTS: Final = tuple(Verdict)
VERDICT_CODE: Final[Mapping[Verdict, int]] = {verdict: code for code, verdict in enumerate(VERDICTS)}
STOP_REFRESH: Final = VERDICT_CODE[Verdict.STOP_REFRESH]
BLOCKERS: Final = tuple(Blocker)
BLOCKER_BIT: Final[Mapping[Blocker, int]] = {blocker: 1 << place for place, blocker in enumerate(BLOCKERS)}
ALL_BLOCKERS: Final = sum(BLOCKER_BIT.values())
# Stands among the bits of the blockers and is none: somebody approved the removal, and nothing keeps the table.
APPROVED: Final = 1 << 30
# Likewise: the table has no storage of its own, as a view, and something depends on it, be it in use or not.
NEEDED: Final = 1 << 29
# Nothing is concluded about a table that has it.
MASS_ABSENCE: Final = BLOCKER_BIT[Blocker.MASS_ABSENCE]
# Columns hold return risks as numbers: 0 for none, else thousandths and 1. The value of each number.
RISKS: Final = np.append(np.nan, np.arange(1_001) / 1_000)
# Columns hold purge scores in tenths. These values stand for a purge score and for idle days that are unknown.
UNKNOWN_PURGE_SCORE: Final = 255
UNKNOWN_IDLE_DAYS: Final = 65_535


def risk_numbers(risks: Array) -> Array:
    """The number of each return risk, rounded up, so that none is at or under a limit that it exceeds; 0 for NaN."""
    # What is a thousandth in decimals may be slightly more in binary.
    thousandths = np.ceil(np.nan_to_num(risks, nan=-1.0) * 1_000 - 1e-9)
    return (np.clip(thousandths, -1, 1_000) + 1).astype(np.uint16)


def risk_deciles(numbers: Array) -> Array:
    """The decile of each number of a return risk: 1 for up to 10 %, 10 for more than 90 %, 0 for none."""
    return np.where(numbers > 0, np.maximum((numbers.astype(np.int64) + 98) // 100, 1), 0).astype(np.uint8)


def blockers_of(bits: int) -> list[Blocker]:
    """The blockers whose bits are set."""
    return [blocker for blocker in BLOCKERS if bits & BLOCKER_BIT[blocker]]


def saved_shares(archive_share: float) -> Array:
    """The share of a table's monthly cost that following each verdict saves, by code; STOP_REFRESH saves its writes."""
    shares = np.zeros(len(VERDICTS))
    shares[VERDICT_CODE[Verdict.DELETE]] = 1.0
    shares[VERDICT_CODE[Verdict.ARCHIVE]] = archive_share
    return shares
