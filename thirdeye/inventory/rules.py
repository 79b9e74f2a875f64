"""Evidence, activity and use of tables, as pure functions over columns.

Each takes and gives arrays of one value per table. Days are numbers as `columns.py` has them, 0 for unknown; all ages
are differences of UTC dates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Mask, day_number

# Anything dated before has a broken clock behind it, and counts as absent.
_EARLIEST: Final = day_number(date(2000, 1, 1))
# The last day that a column can hold.
_LATEST: Final = 65_535
_DAY_MS: Final = 86_400_000


class Evidence(StrEnum):
    """How ThirdEye knows a table's last use; a property of its service's feed."""

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
    """Whether a service's evidence still comes in."""

    LIVE = "LIVE"
    SILENT = "SILENT"
    ABSENT = "ABSENT"


# Columns hold the place in these lists.
EVIDENCES: Final = tuple(Evidence)
ACTIVITIES: Final = tuple(Activity)
EVIDENCE_CODE: Final[Mapping[Evidence, int]] = {kind: code for code, kind in enumerate(EVIDENCES)}
ACTIVITY_CODE: Final[Mapping[Activity, int]] = {kind: code for code, kind in enumerate(ACTIVITIES)}
# Types of tables that have no storage of their own to free.
TYPES_WITHOUT_STORAGE: Final = frozenset({
    "View", "SecureView", "SemanticView", "External", "Foreign", "Stage", "Stream",
})  # fmt: skip
STRONG_EVIDENCE: Final = frozenset({Evidence.QUERIES, Evidence.LIFECYCLE})


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The limits between the classes, in days, and the share of tables that makes a life-cycle feed."""

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
    """What is known of the use of a service's tables: first and newest dates of usage rows and of life cycles."""

    tables: int = 0
    first_usage: date | None = None
    newest_usage: date | None = None
    lifecycle_tables: int = 0
    first_lifecycle: date | None = None
    newest_lifecycle: date | None = None


@dataclass(frozen=True, kw_only=True)
class FeedVerdict:
    """What a feed is worth today: its evidence, whether it lives, since when not, and for how many days it was observed."""

    evidence: Evidence
    state: FeedState
    silent_since: date | None
    observed_days: int


@dataclass(frozen=True, kw_only=True)
class TableColumns:
    """What the rules look at, one value per table; `evidence` and `observed` are those of its service."""

    evidence: Array = field()
    observed: Array
    accessed: Array
    created: Array
    metadata_changed: Array
    queries: Array


def clamp_day(day: date | None, today: date) -> int:
    """A date's number as the rules take it: the future counts as today, anything before 2000 as absent."""
    return 0 if day is None else clamp_day_number(day_number(day), day_number(today))


def clamp_day_number(number: int, today: int) -> int:
    """A day's number as the rules take it."""
    return 0 if number < _EARLIEST else min(number, today)


def day_of_milliseconds(milliseconds: float | None) -> int:
    """The number of the UTC day of milliseconds since 1970; 0 for None and for what is before 2000.

    A day in the future stays one: what counts as today today is another day tomorrow.
    """
    return 0 if milliseconds is None else clamp_day_number(int(milliseconds // _DAY_MS), _LATEST)


def within(value: date | None, days: int, today: date) -> bool:
    """Whether a date is known and at most `days` days ago."""
    return value is not None and (today - value).days <= days


def judge_feed(feed: Feed, today: date, thresholds: Thresholds) -> FeedVerdict:
    """What a service's feed is worth. A feed that stopped is no evidence."""
    # Access times of a few tables are no feed that could fall silent.
    newest = (feed.newest_usage, feed.newest_lifecycle if _enough_lifecycles(feed, thresholds) else None)
    signs = [sign for sign in newest if sign is not None]
    first = min((sign for sign in (feed.first_usage, feed.first_lifecycle) if sign is not None), default=None)
    evidence = _feed_evidence(feed, today, thresholds)
    live = evidence in STRONG_EVIDENCE
    silent = not live and bool(signs)
    return FeedVerdict(
        evidence=evidence,
        state=FeedState.LIVE if live else FeedState.SILENT if silent else FeedState.ABSENT,
        silent_since=max(signs) if silent else None,
        observed_days=(today - first).days if first is not None else 0,
    )


def _feed_evidence(feed: Feed, today: date, thresholds: Thresholds) -> Evidence:
    if within(feed.newest_usage, thresholds.recent_days, today):
        return Evidence.QUERIES
    if _enough_lifecycles(feed, thresholds) and within(feed.newest_lifecycle, thresholds.recent_days, today):
        return Evidence.LIFECYCLE
    return Evidence.METADATA


def _enough_lifecycles(feed: Feed, thresholds: Thresholds) -> bool:
    return feed.lifecycle_tables > 0 and feed.lifecycle_tables >= thresholds.lifecycle_min_share * feed.tables


def strong(evidence: Array) -> Mask:
    """Which tables' use is known from queries or life cycles."""
    found: Mask = np.isin(evidence, [EVIDENCE_CODE[kind] for kind in STRONG_EVIDENCE])
    return found


def table_evidence(of_feed: Array, metadata_changed: Array) -> Array:
    """The evidence for each table: its feed's, or NONE where even a date of its metadata is missing."""
    nothing = ~strong(of_feed) & (metadata_changed == 0)
    return np.where(nothing, EVIDENCE_CODE[Evidence.NONE], of_feed).astype(np.uint8)


def days_ago(days: Array, today: int) -> Array:
    """Whole days from each day to today; meaningless where the day is unknown."""
    return today - days.astype(np.int32)


def idle_days(tables: TableColumns, today: int) -> Array:
    """Days since the last access; never accessed: since creation, but never more than were observed."""
    observed = tables.observed.astype(np.int32)
    since_created = np.where(tables.created > 0, np.minimum(days_ago(tables.created, today), observed), observed)
    return np.where(tables.accessed > 0, days_ago(tables.accessed, today), since_created)


def activity(tables: TableColumns, today: int, thresholds: Thresholds) -> Array:
    """The activity of each table, as a code; first match wins."""
    never = tables.accessed == 0
    new = never & (tables.created > 0) & (days_ago(tables.created, today) < thresholds.new_days)
    idle = idle_days(tables, today)
    cases = (
        (~strong(tables.evidence), Activity.UNKNOWN),
        (new, Activity.NEW),
        (never & (tables.observed < thresholds.observed_min_days), Activity.UNKNOWN),
        (idle <= thresholds.active_days, Activity.ACTIVE),
        (idle <= thresholds.cooling_days, Activity.COOLING),
        (idle <= thresholds.stale_days, Activity.STALE),
    )
    codes = [ACTIVITY_CODE[kind] for _, kind in cases]
    return np.select([case for case, _ in cases], codes, ACTIVITY_CODE[Activity.DORMANT]).astype(np.uint8)


def is_any(activities: Array, *kinds: Activity) -> Mask:
    """Which tables are of one of these activities."""
    found: Mask = np.isin(activities, [ACTIVITY_CODE[kind] for kind in kinds])
    return found


def directly_in_use(activities: Array) -> Mask:
    """Which tables are in use by themselves."""
    return is_any(activities, Activity.NEW, Activity.ACTIVE, Activity.COOLING)


def in_use_for_score(
    activities: Array, through_lineage: Mask, metadata_changed: Array, today: int, thresholds: Thresholds
) -> Mask:
    """Which tables the score counts as in use: also unknown ones whose metadata changed lately."""
    lately = (metadata_changed > 0) & (days_ago(metadata_changed, today) <= thresholds.metadata_in_use_days)
    return directly_in_use(activities) | through_lineage | (is_any(activities, Activity.UNKNOWN) & lately)


def zombies(activities: Array, through_lineage: Mask, queries: Array) -> Mask:
    """Paid for, used by nobody: stale or dormant, nothing in use downstream, no query in 30 days."""
    found: Mask = is_any(activities, Activity.STALE, Activity.DORMANT) & ~through_lineage & (queries == 0)
    return found


def other_assets_in_use(used_90: Mask, service_known: Mask) -> Mask:
    """Which assets other than tables are in use: all but those whose service has usage lately while they have none."""
    return ~service_known | used_90
