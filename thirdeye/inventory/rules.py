"""The rules of evidence, activity and use, as pure functions over columns.

They take and return arrays with one value per table. Days are numbers as in `columns.py`, 0 if unknown. Ages are
differences of UTC dates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Mask, day_number
from thirdeye.inventory.watched_days import WatchedDays

# An earlier date comes from a broken clock and counts as absent.
_EARLIEST_DAY: Final = day_number(date(2000, 1, 1))


class Evidence(StrEnum):
    """How a table's last use is known; it depends on the usage feed of its database."""

    QUERIES = "QUERIES"
    LIFECYCLE = "LIFECYCLE"
    METADATA = "METADATA"
    NONE = "NONE"


class Activity(StrEnum):
    """How long ago a table was used."""

    NEW = "NEW"
    ACTIVE = "ACTIVE"
    COOLING = "COOLING"
    STALE = "STALE"
    DORMANT = "DORMANT"
    UNKNOWN = "UNKNOWN"


class UnknownReason(StrEnum):
    """Why nobody can tell whether a table is used."""

    NO_FEED = "NO_FEED"
    UNREADABLE = "UNREADABLE"
    UNDATED = "UNDATED"
    FEW_DAYS = "FEW_DAYS"
    AGE = "AGE"


class FeedState(StrEnum):
    """Whether a usage feed still delivers."""

    LIVE = "LIVE"
    SILENT = "SILENT"
    ABSENT = "ABSENT"


# Columns hold an index into these tuples.
EVIDENCES: Final = tuple(Evidence)
ACTIVITIES: Final = tuple(Activity)
# 0 for a table whose activity is known.
UNKNOWN_REASONS: Final = (None, *UnknownReason)
UNKNOWN_CODE: Final[Mapping[UnknownReason, int]] = {kind: code for code, kind in enumerate(UNKNOWN_REASONS) if kind}
EVIDENCE_CODE: Final[Mapping[Evidence, int]] = {kind: code for code, kind in enumerate(EVIDENCES)}
ACTIVITY_CODE: Final[Mapping[Activity, int]] = {kind: code for code, kind in enumerate(ACTIVITIES)}
# Tables of these types have no storage of their own to free.
TYPES_WITHOUT_STORAGE: Final = frozenset({
    "View", "SecureView", "SemanticView", "External", "Foreign", "Stage", "Stream",
})  # fmt: skip
STRONG_EVIDENCE: Final = frozenset({Evidence.QUERIES, Evidence.LIFECYCLE})


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The limits between activities, in days, and the share of tables with access times that makes a life-cycle feed."""

    recent_days: int = 30
    new_days: int = 30
    active_days: int = 30
    cooling_days: int = 90
    stale_days: int = 365
    observed_min_days: int = 90
    known_min_days: int = 90
    metadata_in_use_days: int = 90
    care_edit_days: int = 90
    lifecycle_min_share: float = 0.10


@dataclass(frozen=True, kw_only=True)
class TableColumns:
    """What the rules need, one value per table. `variant`, `since`, `newest`, `observed` and `undated` are of its feed;
    `since` is 0 where days count however early they are.

    `young`: something says that the table came lately, not only that nothing says otherwise. `last_row`: the newest row
    of usage of any count. `unreadable`: there is a time of access that cannot be read.
    """

    evidence: Array
    variant: Array
    since: Array
    newest: Array
    observed: Array
    undated: Mask
    accessed: Array
    last_row: Array
    known_since: Array
    young: Mask
    unreadable: Mask


def clamp_day_number(number: int, today: int) -> int:
    """A day number, with the future clamped to today and anything before 2000 treated as absent."""
    return 0 if number < _EARLIEST_DAY else min(number, today)


def has_strong_evidence(evidence: Array) -> Mask:
    """Which tables' use is known from queries or life cycles."""
    return np.isin(evidence, [EVIDENCE_CODE[kind] for kind in STRONG_EVIDENCE])


def table_evidence(feed_evidence: Array, metadata_changed: Array) -> Array:
    """The evidence for each table: that of its feed, or NONE if not even its metadata has a date."""
    nothing = ~has_strong_evidence(feed_evidence) & (metadata_changed == 0)
    return np.where(nothing, EVIDENCE_CODE[Evidence.NONE], feed_evidence).astype(np.uint8)


def days_ago(days: Array, today: int) -> Array:
    """How many days ago each day was; meaningless for an unknown day."""
    return today - days.astype(np.int32)


def idle_days(tables: TableColumns, watched: WatchedDays, today: int) -> Array:
    """Watched days since the last access. If there was none, since the table is known, but at most those observed.

    Where use is not known from a feed, days of the calendar.
    """
    # Undated rows that stopped were use until then, for all one knows.
    last = np.where(tables.undated, np.maximum(tables.accessed, tables.last_row), tables.accessed)
    first = np.maximum(np.where(last > 0, last, tables.known_since), tables.since - 1)
    idle = watched.between(tables.variant, first, tables.newest)
    idle = np.where(last > 0, idle, np.minimum(idle, tables.observed))
    in_calendar = ~has_strong_evidence(tables.evidence) & (tables.accessed > 0)
    return np.where(in_calendar, np.maximum(days_ago(tables.accessed, today), 0), idle)


def activity(
    tables: TableColumns, idle: Array, watched: WatchedDays, today: int, thresholds: Thresholds
) -> tuple[Array, Array]:
    """The activity code of each table and the code of the reason where it is UNKNOWN; the first case that applies counts.

    `idle` as `idle_days` gives it.
    """
    never, ago, known = tables.accessed == 0, days_ago(tables.accessed, today), days_ago(tables.known_since, today)
    days = watched.between(tables.variant, np.maximum(tables.accessed, tables.since - 1), tables.newest)
    few = np.where(never, tables.observed < thresholds.observed_min_days, 2 * days < ago)
    # They may be use for as long as they come, until so many watched days have passed without one.
    rows_come = watched.between(tables.variant, tables.last_row, tables.newest) < thresholds.recent_days
    undated = tables.undated & (tables.last_row > tables.accessed) & rows_come
    cases = (
        (~never & (ago <= thresholds.active_days), Activity.ACTIVE, None),
        (~never & (ago <= thresholds.cooling_days), Activity.COOLING, None),
        (~has_strong_evidence(tables.evidence), Activity.UNKNOWN, UnknownReason.NO_FEED),
        (tables.unreadable, Activity.UNKNOWN, UnknownReason.UNREADABLE),
        (undated, Activity.UNKNOWN, UnknownReason.UNDATED),
        (few, Activity.UNKNOWN, UnknownReason.FEW_DAYS),
        (never & tables.young & (known < thresholds.new_days), Activity.NEW, None),
        (never & (known < thresholds.known_min_days), Activity.UNKNOWN, UnknownReason.AGE),
        (idle <= thresholds.cooling_days, Activity.COOLING, None),
        (idle <= thresholds.stale_days, Activity.STALE, None),
    )
    masks = [mask for mask, _, _ in cases]
    activities = np.select(masks, [ACTIVITY_CODE[kind] for _, kind, _ in cases], ACTIVITY_CODE[Activity.DORMANT])
    reasons = np.select(masks, [0 if why is None else UNKNOWN_CODE[why] for _, _, why in cases], 0)
    return activities.astype(np.uint8), reasons.astype(np.uint8)


def has_activity(activities: Array, *kinds: Activity) -> Mask:
    """Which tables have one of these activities."""
    # Looking up is several times quicker than `np.isin`.
    chosen: Mask = _mask_of_activities(kinds)[activities]
    return chosen


@cache
def _mask_of_activities(kinds: tuple[Activity, ...]) -> Mask:
    mask = np.zeros(256, np.bool_)
    mask[[ACTIVITY_CODE[kind] for kind in kinds]] = True
    mask.setflags(write=False)
    return mask


def directly_in_use(activities: Array) -> Mask:
    """Which tables are in use themselves, whatever depends on them."""
    return has_activity(activities, Activity.NEW, Activity.ACTIVE, Activity.COOLING)


def in_use_for_score(
    activities: Array, through_others: Mask, metadata_changed: Array, today: int, thresholds: Thresholds
) -> Mask:
    """Which tables the score counts as in use. Tables of unknown activity count if their metadata changed recently.

    `through_others`: in use through lineage or their series.
    """
    recent = (metadata_changed > 0) & (days_ago(metadata_changed, today) <= thresholds.metadata_in_use_days)
    return directly_in_use(activities) | through_others | (has_activity(activities, Activity.UNKNOWN) & recent)


def zombies(activities: Array, through_others: Mask, queries: Array) -> Mask:
    """Which tables cost money and nobody uses: stale or dormant, no query in 30 days, not in use through lineage or series."""
    mask: Mask = has_activity(activities, Activity.STALE, Activity.DORMANT) & ~through_others & (queries == 0)
    return mask
