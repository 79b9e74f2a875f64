"""The rules over one table or one schema at a time, for tables of cases: facts as dates in, names out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from thirdeye.inventory import feeds, rules
from thirdeye.inventory.columns import (
    DESCRIBED,
    IN_USE,
    PRESENT,
    QUERY_FIELDS,
    ZOMBIE,
    Array,
    Columns,
    Mask,
    day_number,
    day_of,
)
from thirdeye.inventory.feeds import FeedFacts, FeedProblem, RowDays
from thirdeye.inventory.rules import (
    ACTIVITIES,
    ACTIVITY_CODE,
    EVIDENCE_CODE,
    EVIDENCES,
    UNKNOWN_REASONS,
    Activity,
    Evidence,
    TableColumns,
    Thresholds,
    UnknownReason,
)
from thirdeye.inventory.watched_days import WatchedDays, confirmed_days, watched_days
from thirdeye.score.rules import Tally, tally_services

DEFAULTS = Thresholds()


@dataclass(frozen=True, kw_only=True)
class TableFacts:
    """What is known of one table."""

    accessed: date | None = None
    last_row: date | None = None
    known_since: date | None = None
    is_young: bool = False
    is_unreadable: bool = False
    last_written: date | None = None
    metadata_changed: date | None = None
    queries_30d: int = 0
    size_bytes: int | None = None
    has_owner: bool = False
    has_description: bool = False
    has_tier: bool = False


@dataclass(frozen=True, kw_only=True)
class Feed:
    """What is known of the feed of a table. Without `observed`, all its watched days from `since` on are."""

    evidence: Evidence = Evidence.QUERIES
    watched: Collection[date] = ()
    since: date | None = None
    observed: int | None = None
    is_undated: bool = False

    @property
    def observed_days(self) -> int:
        return len([day for day in self.watched if self.since is None or day >= self.since])


@dataclass(frozen=True, kw_only=True)
class PlaceFacts:
    """What OpenMetadata has of the usage of one schema: days with rows of the schema, of others of its database, and of
    others of its service; days of runs; and the first (ever) and the newest access time in its database.
    """

    rows: Collection[date] = ()
    rows_of_database: Collection[date] = ()
    rows_of_service: Collection[date] = ()
    runs: Collection[date] = ()
    lifecycles: tuple[date, date] | None = None
    is_confirmed: bool = False
    is_undated: bool = False
    is_at_ceiling: bool = False
    schema_stopped: bool = False
    database_stopped: bool = False


class PlaceFeed(NamedTuple):
    """What that is worth."""

    evidence: Evidence
    since: date | None
    newest: date | None
    observed: int
    coverage: float
    partial: bool
    silent: bool
    problems: set[FeedProblem]


def days_between(first: date, last: date, step: int = 1) -> list[date]:
    """The days from `first` to `last`, or every so-manieth of them."""
    return [first + timedelta(days=days) for days in range(0, (last - first).days + 1, step)]


def mask_of(days: Collection[date], first: date, last: date) -> Mask:
    """Which of the days from `first` to `last` are among these, of which none is outside."""
    mask = np.zeros((last - first).days + 1, np.bool_)
    mask[np.array([(day - first).days for day in days], np.int64)] = True
    return mask


def _numbers(*days: date | None) -> Array:
    return np.array([day_number(day) for day in days], np.uint16)


def _watched(feed: Feed, today: date) -> WatchedDays:
    first = min(feed.watched, default=today)
    return WatchedDays(day_number(first), mask_of(feed.watched, first, today)[None])


def _columns(tables: Sequence[TableFacts], feed: Feed) -> TableColumns:
    evidence = [table_evidence(feed.evidence, each.metadata_changed) for each in tables]
    observed = feed.observed_days if feed.observed is None else feed.observed

    def same(value: int) -> Array:
        return np.full(len(tables), value, np.int64)

    return TableColumns(
        evidence=np.array([EVIDENCE_CODE[each] for each in evidence], np.uint8),
        variant=same(0),
        since=same(day_number(feed.since)),
        newest=same(day_number(max(feed.watched, default=None))),
        observed=same(observed),
        undated=same(feed.is_undated) > 0,
        accessed=_numbers(*(each.accessed for each in tables)),
        last_row=_numbers(*(each.last_row for each in tables)),
        known_since=_numbers(*(each.known_since for each in tables)),
        young=np.array([each.is_young for each in tables], np.bool_),
        unreadable=np.array([each.is_unreadable for each in tables], np.bool_),
    )


def idle_days(table: TableFacts, feed: Feed, today: date) -> int:
    return int(rules.idle_days(_columns([table], feed), _watched(feed, today), day_number(today))[0])


def _activities(tables: TableColumns, feed: Feed, today: date, thresholds: Thresholds) -> tuple[Array, Array]:
    watched, now = _watched(feed, today), day_number(today)
    return rules.activity(tables, rules.idle_days(tables, watched, now), watched, now, thresholds)


def activity(
    table: TableFacts, feed: Feed, today: date, thresholds: Thresholds = DEFAULTS
) -> tuple[Activity, UnknownReason | None]:
    """The activity of a table, and why it is UNKNOWN."""
    activities, reasons = _activities(_columns([table], feed), feed, today, thresholds)
    return ACTIVITIES[activities[0]], UNKNOWN_REASONS[reasons[0]]


def table_evidence(of_feed: Evidence, metadata_changed: date | None) -> Evidence:
    codes = rules.table_evidence(np.array([EVIDENCE_CODE[of_feed]]), _numbers(metadata_changed))
    return EVIDENCES[codes[0]]


def in_use_for_score(
    of_table: Activity, changed: date | None, today: date, thresholds: Thresholds = DEFAULTS, lineage: bool = False
) -> bool:
    codes = np.array([ACTIVITY_CODE[of_table]])
    used = rules.in_use_for_score(codes, np.array([lineage]), _numbers(changed), day_number(today), thresholds)
    return bool(used[0])


def is_zombie(of_table: Activity, queries: int, lineage: bool = False) -> bool:
    return bool(rules.zombies(np.array([ACTIVITY_CODE[of_table]]), np.array([lineage]), np.array([queries]))[0])


def clamped(day: date | None, today: date) -> date | None:
    return day_of(rules.clamp_day_number(day_number(day), day_number(today)))


def assess(place: PlaceFacts, today: date, thresholds: Thresholds = DEFAULTS) -> PlaceFeed:
    """What the feed of a schema is worth. It is variant 1 of the watched days, for its number to matter; 2 is the calendar."""
    of_database = {*place.rows, *place.rows_of_database}
    of_service = {*of_database, *place.rows_of_service}
    first = min([*of_service, *place.runs, *(place.lifecycles or ()), today])
    rows = mask_of(of_service, first, today)
    watched = watched_days(rows, mask_of(place.runs, first, today))
    if place.is_confirmed:
        watched = confirmed_days(rows, watched)
    marked = day_number(first) + np.flatnonzero(watched)
    first_access, newest_access = place.lifecycles or (None, None)
    facts = FeedFacts(
        variant=np.array([1]),
        calendar=2,
        first_watched=marked[:1] if len(marked) else np.zeros(1, np.int64),
        newest_watched=marked[-1:] if len(marked) else np.zeros(1, np.int64),
        schema=_row_days(place.rows, place.schema_stopped),
        database=_row_days(of_database, place.database_stopped),
        confirmed=np.array([place.is_confirmed]),
        undated=np.array([place.is_undated]),
        at_ceiling=np.array([place.is_at_ceiling]),
        has_lifecycles=np.array([place.lifecycles is not None]),
        first_lifecycle=_numbers(first_access),
        newest_lifecycle=_numbers(newest_access),
    )
    variants = np.array([np.zeros_like(watched), watched, np.ones_like(watched)])
    columns = feeds.assess_feeds(facts, WatchedDays(day_number(first), variants), day_number(today), thresholds)
    return PlaceFeed(
        evidence=EVIDENCES[columns.evidence[0]],
        since=day_of(columns.since[0]),
        newest=day_of(columns.newest[0]),
        observed=int(columns.observed[0]),
        coverage=float(columns.coverage[0]),
        partial=bool(columns.partial[0]),
        silent=bool(columns.silent[0]),
        problems={problem for problem, mask in columns.problems.items() if mask[0]},
    )


def _row_days(rows: Collection[date], stopped: bool) -> RowDays:
    first, newest = min(rows, default=None), max(rows, default=None)
    return RowDays(first=_numbers(first), newest=_numbers(newest), stopped_together=np.array([stopped]))


def tally_service(facts: Sequence[TableFacts], feed: Feed, today: date, thresholds: Thresholds = DEFAULTS) -> Tally:
    """The tally of one service without lineage."""
    tables, now = _columns(facts, feed), day_number(today)
    changed, nothing = _numbers(*(each.metadata_changed for each in facts)), np.zeros(len(facts), np.bool_)
    columns = Columns(QUERY_FIELDS, len(facts))
    columns["evidence"] = tables.evidence
    columns["activity"], columns["unknown"] = _activities(tables, feed, today, thresholds)
    columns["accessed"] = tables.accessed
    columns["written"] = _numbers(*(each.last_written for each in facts))
    columns["size"] = np.array([-1 if each.size_bytes is None else each.size_bytes for each in facts], np.int64)
    columns["owners"] = np.array([each.has_owner for each in facts], np.int32)
    columns["tier"] = np.array([each.has_tier for each in facts], np.uint8)
    used = rules.in_use_for_score(columns["activity"], nothing, changed, now, thresholds)
    queries = np.array([each.queries_30d for each in facts], np.int64)
    zombies = rules.zombies(columns["activity"], nothing, queries)
    described = np.array([each.has_description for each in facts], np.bool_)
    columns["flags"] = PRESENT | used * IN_USE | zombies * ZOMBIE | described * DESCRIBED
    (tally,) = tally_services(columns, np.zeros(1, np.int32), 1, now, thresholds.recent_days)
    return tally
