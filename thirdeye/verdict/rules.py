"""Purge score, blockers and verdict, as pure functions over columns: one value per table."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Mask
from thirdeye.inventory.rules import Activity, has_activity
from thirdeye.inventory.verdicts import (
    BLOCKER_BIT,
    NEEDED,
    UNKNOWN_IDLE_DAYS,
    UNKNOWN_PURGE_SCORE,
    VERDICT_CODE,
    Blocker,
    Verdict,
)

PART_WEIGHTS: Final = {"idle": 0.60, "size": 0.15, "disuse": 0.15, "refresh": 0.10}
_IDLE_DAYS, _IDLE_POINTS = (0, 30, 90, 180, 365), (0.0, 2.0, 6.0, 8.5, 10.0)
_MIN_SIZE_BYTES: Final = 10_000_000
_MAX_QUERIES: Final = 500
_REFRESH_DAYS: Final = 30
_REFRESHED_UNREAD_DAYS: Final = 90


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The risks an organisation accepts: shares, 0 to 1; costs in USD a month; days as differences of UTC dates."""

    delete_risk: float = 0.05
    archive_risk: float = 0.30
    minimum_idle_days: int = 0
    protected_tags: tuple[str, ...] = ()
    archive_saving: float = 0.80
    review_cost: float = 10.0
    recently_written_days: int = 30
    recently_created_days: int = 30
    observed_days: int = 400
    # Whether signs of care turn DELETE and ARCHIVE into REVIEW.
    review_cared_for: bool = False


@dataclass(frozen=True, kw_only=True)
class BlockerFacts:
    """What blockers depend on, one value per table. Days as in `columns.py`."""

    activity: Array
    written: Array
    unreadable_write: Mask
    known_since: Array
    critical_tier: Mask
    protected: Mask
    in_data_product: Mask
    cared_for: Mask
    kept: Mask
    in_use_downstream: Mask
    unknown_downstream: Mask
    no_lineage: Mask
    feed_silent: Mask
    evidence_partial: Mask
    short_history: Mask
    return_risk: Mask
    calibration_off: Mask
    series_in_use: Mask
    mass_absence: Mask
    incomplete: bool = False


def purge_parts(
    idle: Array, size: Array, queries: Array, accessed: Array, written: Array, today: int
) -> dict[str, Array]:
    """The parts of the purge score, each 0 to 10: idle, size, disuse, refresh."""
    counted_queries = np.minimum(np.maximum(queries, 0), _MAX_QUERIES)
    days_unread = written.astype(np.int64) - accessed.astype(np.int64)
    never_read = (written > 0) & (today - written.astype(np.int64) <= _REFRESHED_UNREAD_DAYS)
    return {
        "idle": np.interp(idle.astype(np.float64), _IDLE_DAYS, _IDLE_POINTS),
        "size": np.where(size > 0, np.clip(10 * np.log10(np.maximum(size, 1) / _MIN_SIZE_BYTES) / 6, 0.0, 10.0), 0.0),
        "disuse": 10 * (1 - np.log1p(counted_queries) / math.log(_MAX_QUERIES + 1)),
        "refresh": 10 * np.where(accessed > 0, np.clip(days_unread / _REFRESH_DAYS, 0.0, 1.0), never_read),
    }


def purge_score(parts: dict[str, Array], idle: Array) -> Array:
    """The score in tenths, rounded half up; UNKNOWN_PURGE_SCORE for unknown idle days."""
    total = np.sum([PART_WEIGHTS[name] * values for name, values in parts.items()], axis=0)
    # A weighted sum that is a half in decimals may be slightly less in binary.
    tenths = np.floor(total * 10 + 0.5 + 1e-9).astype(np.uint8)
    return np.where(idle == UNKNOWN_IDLE_DAYS, UNKNOWN_PURGE_SCORE, tenths).astype(np.uint8)


def blockers(tables: BlockerFacts, today: int, policy: Policy) -> Array:
    """The blockers of each table, as bits."""

    def is_recent(day: Array, days: int) -> Mask:
        recent: Mask = (day > 0) & (today - day.astype(np.int64) <= days)
        return recent

    cases = {
        Blocker.ACTIVE_DOWNSTREAM: tables.in_use_downstream,
        Blocker.UNKNOWN_DOWNSTREAM: tables.unknown_downstream,
        Blocker.CRITICAL_TIER: tables.critical_tier,
        Blocker.PROTECTED_TAG: tables.protected,
        Blocker.RECENTLY_WRITTEN: is_recent(tables.written, policy.recently_written_days) | tables.unreadable_write,
        Blocker.RECENTLY_CREATED: is_recent(tables.known_since, policy.recently_created_days),
        Blocker.UNKNOWN_USAGE: has_activity(tables.activity, Activity.UNKNOWN),
        Blocker.SHORT_HISTORY: tables.short_history,
        Blocker.EVIDENCE_INCOMPLETE: np.full(len(tables.activity), tables.incomplete),
        Blocker.KEPT_BY_OWNER: tables.kept,
        Blocker.CALIBRATION_OFF: tables.calibration_off,
        Blocker.FEED_SILENT: tables.feed_silent,
        Blocker.EVIDENCE_PARTIAL: tables.evidence_partial,
        Blocker.NO_LINEAGE: tables.no_lineage,
        Blocker.SERIES_IN_USE: tables.series_in_use,
        Blocker.MASS_ABSENCE: tables.mass_absence,
        Blocker.IN_DATA_PRODUCT: tables.in_data_product,
        Blocker.RETURN_RISK: tables.return_risk,
        Blocker.CARED_FOR: tables.cared_for & policy.review_cared_for,
    }
    bits = np.zeros(len(tables.activity), np.uint32)
    for blocker, mask in cases.items():
        bits |= np.where(mask, BLOCKER_BIT[blocker], 0).astype(np.uint32)
    return bits


def verdicts(
    *,
    activity: Array,
    idle: Array,
    cost: Array,
    without_storage: Mask,
    without_plan: Mask,
    risk: Array,
    bits: Array,
    policy: Policy,
) -> Array:
    """The verdict on each table, as a code; the first match wins. Costs in USD a month, NaN for unknown ones.

    Of `bits` NEEDED counts beside the blockers.
    """

    def has(*any_of: Blocker) -> Mask:
        blocked: Mask = (bits & sum(BLOCKER_BIT[blocker] for blocker in any_of)) != 0
        return blocked

    used = has_activity(activity, Activity.NEW, Activity.ACTIVE, Activity.COOLING)
    unknown = has_activity(activity, Activity.UNKNOWN)
    long_enough = idle >= policy.minimum_idle_days
    complete = ~has(Blocker.SHORT_HISTORY, Blocker.NO_LINEAGE, Blocker.EVIDENCE_PARTIAL)
    may_go = (risk <= policy.delete_risk) & complete & long_enough
    # Without storage there is nothing to archive: it goes as a whole, or somebody looks at it.
    clean_up = may_go & ((bits & NEEDED) == 0) & ~has(Blocker.RECENTLY_WRITTEN, Blocker.CARED_FOR)
    cases: tuple[tuple[Mask, Verdict], ...] = (
        (used | has(Blocker.ACTIVE_DOWNSTREAM, Blocker.SERIES_IN_USE, Blocker.KEPT_BY_OWNER), Verdict.KEEP),
        (unknown & (cost >= policy.review_cost), Verdict.REVIEW),
        (unknown, Verdict.KEEP),
        (
            has(
                Blocker.CRITICAL_TIER,
                Blocker.PROTECTED_TAG,
                Blocker.IN_DATA_PRODUCT,
                Blocker.UNKNOWN_DOWNSTREAM,
                Blocker.EVIDENCE_INCOMPLETE,
                Blocker.FEED_SILENT,
                Blocker.CALIBRATION_OFF,
                Blocker.MASS_ABSENCE,
            ),
            Verdict.REVIEW,
        ),
        (without_storage & clean_up, Verdict.DELETE),
        (without_storage, Verdict.REVIEW),
        (has(Blocker.RECENTLY_WRITTEN), Verdict.STOP_REFRESH),
        (without_plan, Verdict.REVIEW),
        # Of a copy, too, somebody should be asked: else less evidence, which forbids DELETE, would take away more.
        (has(Blocker.CARED_FOR), Verdict.REVIEW),
        (may_go, Verdict.DELETE),
        ((risk <= policy.archive_risk) & long_enough, Verdict.ARCHIVE),
    )
    codes = [VERDICT_CODE[verdict] for _, verdict in cases]
    return np.select([case for case, _ in cases], codes, VERDICT_CODE[Verdict.REVIEW]).astype(np.uint8)
