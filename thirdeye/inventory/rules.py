"""The rules of evidence, activity and use, as pure functions over columns.

They take and return arrays with one value per table. Days are numbers as in `columns.py`, 0 if unknown. Ages are
differences of UTC dates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Mask, day_number

# An earlier date comes from a broken clock and counts as absent.
_EARLIEST_DAY: Final = day_number(date(2000, 1, 1))
# The last day that a column can hold.
_LATEST_DAY: Final = 65_535
_DAY_MS: Final = 86_400_000


class Evidence(StrEnum):
    """How a table's last use is known; it depends on the usage feed of the table's service."""

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


class FeedState(StrEnum):
    """Whether a service's usage feed still delivers."""

    LIVE = "LIVE"
    SILENT = "SILENT"
    ABSENT = "ABSENT"


# Columns hold an index into these tuples.
EVIDENCES: Final = tuple(Evidence)
ACTIVITIES: Final = tuple(Activity)
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
    metadata_in_use_days: int = 90
    lifecycle_min_share: float = 0.10


@dataclass(slots=True, kw_only=True)
class Feed:
    """The usage feed of a service: the first and newest dates of its tables' usage rows and life cycles."""

    tables: int = 0
    first_usage: date | None = None
    newest_usage: date | None = None
    lifecycle_tables: int = 0
    first_lifecycle: date | None = None
    newest_lifecycle: date | None = None


@dataclass(frozen=True, kw_only=True)
class FeedAssessment:
    """The evidence that a feed gives today, whether it is live, its last day if silent, and for how long it is observed."""

    evidence: Evidence
    state: FeedState
    silent_since: date | None
    observed_days: int


@dataclass(frozen=True, kw_only=True)
class TableColumns:
    """What the rules need, one value per table; `observed` are the days for which its service is observed."""

    evidence: Array
    observed: Array
    accessed: Array
    created: Array
    metadata_changed: Array
    queries: Array


def clamp_day_number(number: int, today: int) -> int:
    """A day number, with the future clamped to today and anything before 2000 treated as absent."""
    return 0 if number < _EARLIEST_DAY else min(number, today)


def day_of_milliseconds(milliseconds: float | None) -> int:
    """The UTC day number of milliseconds since 1970; 0 for None and for days before 2000.

    Days in the future are kept: clamping to today belongs to the day on which the rules run.
    """
    return 0 if milliseconds is None else clamp_day_number(int(milliseconds // _DAY_MS), _LATEST_DAY)


def assess_feed(feed: Feed, today: date, thresholds: Thresholds) -> FeedAssessment:
    """Assesses a service's usage feed. A feed that stopped is no evidence."""
    # Access times of only a few tables are not a feed that could fall silent.
    newest = (feed.newest_usage, feed.newest_lifecycle if _enough_lifecycles(feed, thresholds) else None)
    newest_days = [day for day in newest if day is not None]
    first = min((day for day in (feed.first_usage, feed.first_lifecycle) if day is not None), default=None)
    evidence = _feed_evidence(feed, today, thresholds)
    live = evidence in STRONG_EVIDENCE
    silent = not live and bool(newest_days)
    return FeedAssessment(
        evidence=evidence,
        state=FeedState.LIVE if live else FeedState.SILENT if silent else FeedState.ABSENT,
        silent_since=max(newest_days) if silent else None,
        observed_days=(today - first).days if first is not None else 0,
    )


def _feed_evidence(feed: Feed, today: date, thresholds: Thresholds) -> Evidence:
    if _is_recent(feed.newest_usage, thresholds.recent_days, today):
        return Evidence.QUERIES
    if _enough_lifecycles(feed, thresholds) and _is_recent(feed.newest_lifecycle, thresholds.recent_days, today):
        return Evidence.LIFECYCLE
    return Evidence.METADATA


def _is_recent(day: date | None, days: int, today: date) -> bool:
    return day is not None and (today - day).days <= days


def _enough_lifecycles(feed: Feed, thresholds: Thresholds) -> bool:
    return feed.lifecycle_tables > 0 and feed.lifecycle_tables >= thresholds.lifecycle_min_share * feed.tables


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


def idle_days(tables: TableColumns, today: int) -> Array:
    """Days since the last access. If there was none, days since creation, but at most the days observed."""
    observed = tables.observed.astype(np.int32)
    since_created = np.where(tables.created > 0, np.minimum(days_ago(tables.created, today), observed), observed)
    return np.where(tables.accessed > 0, days_ago(tables.accessed, today), since_created)


def activity(tables: TableColumns, today: int, thresholds: Thresholds) -> Array:
    """The activity code of each table; the first case that applies counts."""
    never = tables.accessed == 0
    new = never & (tables.created > 0) & (days_ago(tables.created, today) < thresholds.new_days)
    idle = idle_days(tables, today)
    cases = (
        (~has_strong_evidence(tables.evidence), Activity.UNKNOWN),
        (new, Activity.NEW),
        (never & (tables.observed < thresholds.observed_min_days), Activity.UNKNOWN),
        (idle <= thresholds.active_days, Activity.ACTIVE),
        (idle <= thresholds.cooling_days, Activity.COOLING),
        (idle <= thresholds.stale_days, Activity.STALE),
    )
    codes = [ACTIVITY_CODE[kind] for _, kind in cases]
    return np.select([case for case, _ in cases], codes, ACTIVITY_CODE[Activity.DORMANT]).astype(np.uint8)


def has_activity(activities: Array, *kinds: Activity) -> Mask:
    """Which tables have one of these activities."""
    return np.isin(activities, [ACTIVITY_CODE[kind] for kind in kinds])


def directly_in_use(activities: Array) -> Mask:
    """Which tables are in use themselves, whatever depends on them."""
    return has_activity(activities, Activity.NEW, Activity.ACTIVE, Activity.COOLING)


def in_use_for_score(
    activities: Array, through_lineage: Mask, metadata_changed: Array, today: int, thresholds: Thresholds
) -> Mask:
    """Which tables the score counts as in use. Tables of unknown activity count if their metadata changed recently."""
    recent = (metadata_changed > 0) & (days_ago(metadata_changed, today) <= thresholds.metadata_in_use_days)
    return directly_in_use(activities) | through_lineage | (has_activity(activities, Activity.UNKNOWN) & recent)


def zombies(activities: Array, through_lineage: Mask, queries: Array) -> Mask:
    """Which tables cost money and nobody uses: stale or dormant, nothing in use downstream, no query in 30 days."""
    mask: Mask = has_activity(activities, Activity.STALE, Activity.DORMANT) & ~through_lineage & (queries == 0)
    return mask
