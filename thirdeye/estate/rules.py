"""Evidence, activity and use of a table, as pure functions over plain values. All *days* are differences of UTC dates."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

# Anything dated before has a broken clock behind it, and counts as absent.
_EARLIEST = date(2000, 1, 1)


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


STRONG_EVIDENCE = frozenset({Evidence.QUERIES, Evidence.LIFECYCLE})
IN_USE = frozenset({Activity.NEW, Activity.ACTIVE, Activity.COOLING})


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
class TableFacts:
    """What OM holds about one table. Dates are sound ones (see `sound_date`); `size_bytes` None when unknown."""

    service: str
    last_usage: date | None = None
    lifecycle_accessed: date | None = None
    last_written: date | None = None
    created: date | None = None
    metadata_changed: date | None = None
    queries_30d: int = 0
    size_bytes: int | None = None
    has_owner: bool = False
    has_description: bool = False
    has_tier: bool = False

    @property
    def last_accessed(self) -> date | None:
        return newest(self.last_usage, self.lifecycle_accessed)


@dataclass(slots=True, kw_only=True)
class Feed:
    """What is known of the use of a service's tables: first and newest dates of usage rows and of life cycles."""

    tables: int = 0
    first_usage: date | None = None
    newest_usage: date | None = None
    lifecycle_tables: int = 0
    first_lifecycle: date | None = None
    newest_lifecycle: date | None = None


def sound_date(value: date | None, today: date) -> date | None:
    """The date as the rules take it: the future counts as today, anything before 2000 as absent."""
    if value is None or value < _EARLIEST:
        return None
    return min(value, today)


def date_of_milliseconds(milliseconds: float | None, today: date) -> date | None:
    """The UTC date of milliseconds since 1970, sound; None for None and for what is no moment in time."""
    if milliseconds is None:
        return None
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return today if milliseconds > 0 else None
    return sound_date(moment.date(), today)


def newest(*dates: date | None) -> date | None:
    """The newest of the dates that are known."""
    return max((value for value in dates if value is not None), default=None)


def oldest(*dates: date | None) -> date | None:
    """The oldest of the dates that are known."""
    return min((value for value in dates if value is not None), default=None)


def days_ago(value: date | None, today: date) -> int | None:
    """Whole days from a date to today; None for None."""
    return None if value is None else (today - value).days


def within(value: date | None, days: int, today: date) -> bool:
    """Whether a date is known and at most `days` days ago."""
    return value is not None and (today - value).days <= days


def feed_evidence(feed: Feed, today: date, thresholds: Thresholds) -> Evidence:
    """The evidence that a service's feed gives its tables. A feed that stopped is none."""
    if within(feed.newest_usage, thresholds.recent_days, today):
        return Evidence.QUERIES
    enough = feed.lifecycle_tables > 0 and feed.lifecycle_tables >= thresholds.lifecycle_min_share * feed.tables
    if enough and within(feed.newest_lifecycle, thresholds.recent_days, today):
        return Evidence.LIFECYCLE
    return Evidence.METADATA


def observed_days(feed: Feed, today: date) -> int:
    """Days since a service's earliest usage row or life-cycle access; 0 when there is none."""
    return days_ago(oldest(feed.first_usage, feed.first_lifecycle), today) or 0


def table_evidence(of_feed: Evidence, metadata_changed: date | None) -> Evidence:
    """The evidence for one table: its feed's, or NONE where even a date of its metadata is missing."""
    if of_feed in STRONG_EVIDENCE or metadata_changed is not None:
        return of_feed
    return Evidence.NONE


def idle_days(facts: TableFacts, observed: int, today: date) -> int:
    """Days since the last access; never accessed: since creation, but never more than were observed."""
    accessed = days_ago(facts.last_accessed, today)
    if accessed is not None:
        return accessed
    since_created = days_ago(facts.created, today)
    return observed if since_created is None else min(since_created, observed)


def activity(facts: TableFacts, evidence: Evidence, observed: int, today: date, thresholds: Thresholds) -> Activity:
    """The activity of a table, first match wins."""
    if evidence not in STRONG_EVIDENCE:
        return Activity.UNKNOWN
    if facts.last_accessed is None:
        since_created = days_ago(facts.created, today)
        if since_created is not None and since_created < thresholds.new_days:
            return Activity.NEW
        if observed < thresholds.observed_min_days:
            return Activity.UNKNOWN
    return _by_idle(idle_days(facts, observed, today), thresholds)


def _by_idle(idle: int, thresholds: Thresholds) -> Activity:
    if idle <= thresholds.active_days:
        return Activity.ACTIVE
    if idle <= thresholds.cooling_days:
        return Activity.COOLING
    if idle <= thresholds.stale_days:
        return Activity.STALE
    return Activity.DORMANT


def in_use_for_score(of_table: Activity, metadata_changed: date | None, today: date, thresholds: Thresholds) -> bool:
    """Whether the score counts a table as in use: also an unknown one whose metadata changed lately."""
    if of_table is Activity.UNKNOWN:
        return within(metadata_changed, thresholds.metadata_in_use_days, today)
    return of_table in IN_USE


def is_zombie(of_table: Activity, queries_30d: int) -> bool:
    """Paid for, used by nobody: STALE or DORMANT without a query in 30 days."""
    return of_table in {Activity.STALE, Activity.DORMANT} and queries_30d == 0
