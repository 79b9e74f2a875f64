"""What the usage that OpenMetadata holds of a database is worth as evidence. Pure: one value per place.

A place is a database schema. Ingestion can leave out a database or a schema, so a place is covered only if both had a row
of usage, or if an administrator confirmed that there is none to be had.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Mask
from thirdeye.inventory.rules import EVIDENCE_CODE, Evidence, Thresholds
from thirdeye.inventory.watched_days import WatchedDays

COVERAGE_DAYS: Final = 90
MIN_COVERAGE: Final = 0.60
# A database without a row for more watched days than this has fallen silent.
SILENT_DAYS: Final = 30
# It was filtered away if at least so many tables, and half of those with a habit, stopped within so many days.
MIN_STOPPED: Final = 3
MIN_HABIT_DAYS: Final = 10
STOPPED_WITHIN_DAYS: Final = 3
# OpenMetadata reads a limited number of queries a run: so many of the last days' totals near the highest tell.
CEILING_TOTALS: Final = 20
CEILING_SHARE: Final = 0.95
MIN_CEILING: Final = 500


class FeedProblem(StrEnum):
    """What is wrong with the feed of a database."""

    NEVER_SEEN = "NEVER_SEEN"
    STOPPED = "STOPPED"
    SILENT = "SILENT"
    FADED = "FADED"
    PARTIAL = "PARTIAL"
    CEILING = "CEILING"
    UNDATED = "UNDATED"
    YOUNG = "YOUNG"


@dataclass(frozen=True, kw_only=True)
class RowDays:
    """By place: first and newest day with a row of usage (0: never), and whether those with a habit stopped together."""

    first: Array
    newest: Array
    stopped_together: Mask


@dataclass(frozen=True, kw_only=True)
class FeedFacts:
    """What evidence depends on, one value per place; what is of a database or a service is repeated for its places.

    `variant` and `calendar`: which variant of the watched days counts, and the number of the one that counts every day.
    `first_watched` and `newest_watched` are of the variant; 0 for a service that was never watched.
    """

    variant: Array
    calendar: int
    first_watched: Array
    newest_watched: Array
    schema: RowDays
    database: RowDays
    confirmed: Mask
    undated: Mask
    at_ceiling: Mask
    # Of the database: whether enough of its tables have access times; the earliest ever seen, and the newest.
    has_lifecycles: Mask
    first_lifecycle: Array
    newest_lifecycle: Array


@dataclass(frozen=True, kw_only=True)
class FeedColumns:
    """What is known of the feed of each place: `evidence` as a code, from when (`since`) until when (`newest`) its days
    count, by which variant, and how many do; `earliest`: the day before which none counts, 0 if all do; `coverage`: the
    share of the last 90 days that was watched.
    """

    evidence: Array
    variant: Array
    since: Array
    earliest: Array
    newest: Array
    observed: Array
    coverage: Array
    partial: Mask
    silent: Mask
    undated: Mask
    # By problem, which places have it.
    problems: dict[FeedProblem, Mask]


def assess_feeds(facts: FeedFacts, watched: WatchedDays, today: int, thresholds: Thresholds) -> FeedColumns:
    """Assesses the feed of each place. A feed that stopped is no evidence, whoever confirmed it."""
    never = (facts.schema.first == 0) | (facts.database.first == 0)
    covered = (~never | facts.confirmed) & (facts.first_watched > 0)
    stopped = (facts.newest_watched > 0) & (today - facts.newest_watched > thresholds.recent_days)
    queries = covered & ~stopped
    lifecycle = (
        ~queries
        & facts.has_lifecycles
        & ~facts.undated
        & (today - facts.newest_lifecycle.astype(np.int64) <= thresholds.recent_days)
    )
    since = np.where(facts.confirmed | never, facts.first_watched, facts.schema.first)
    since = np.where(lifecycle, facts.first_lifecycle, since).astype(np.int64)
    newest = np.where(lifecycle, facts.newest_lifecycle, facts.newest_watched).astype(np.int64)
    variant = np.where(lifecycle, facts.calendar, facts.variant).astype(np.int32)
    strong = queries | lifecycle
    observed = np.where(strong, watched.between(variant, since - 1, newest), 0).astype(np.int32)
    coverage = _coverage(facts, watched, today)
    unconfirmed = queries & ~facts.confirmed
    silent, faded = _silences(facts, watched)
    low = coverage < MIN_COVERAGE
    partial = (unconfirmed & (low | facts.at_ceiling | (faded & ~silent))) | (queries & facts.undated)
    evidence = np.full(len(never), EVIDENCE_CODE[Evidence.METADATA], np.uint8)
    evidence[lifecycle], evidence[queries] = EVIDENCE_CODE[Evidence.LIFECYCLE], EVIDENCE_CODE[Evidence.QUERIES]
    return FeedColumns(
        evidence=evidence,
        variant=variant,
        since=np.where(strong, since, 0),
        earliest=np.where(lifecycle, since, 0),
        newest=newest,
        observed=observed,
        coverage=coverage,
        partial=partial,
        silent=unconfirmed & silent,
        undated=facts.undated,
        problems={
            FeedProblem.NEVER_SEEN: ~covered,
            FeedProblem.STOPPED: covered & stopped,
            FeedProblem.SILENT: unconfirmed & silent,
            FeedProblem.FADED: unconfirmed & faded & ~silent,
            FeedProblem.PARTIAL: unconfirmed & low,
            FeedProblem.CEILING: unconfirmed & facts.at_ceiling,
            FeedProblem.UNDATED: covered & facts.undated,
            FeedProblem.YOUNG: strong & (observed < thresholds.observed_min_days),
        },
    )


def _coverage(facts: FeedFacts, watched: WatchedDays, today: int) -> Array:
    first = np.maximum(facts.first_watched.astype(np.int64), today - COVERAGE_DAYS)
    days = watched.between(facts.variant, first - 1, np.full(len(first), today))
    coverage: Array = np.where(facts.first_watched > 0, days / (today - first + 1), 0.0)
    return coverage


def _silences(facts: FeedFacts, watched: WatchedDays) -> tuple[Mask, Mask]:
    """Which places fell silent as by a filter, and which have no rows any more; the database counts like the schema."""
    silent, faded = np.zeros(len(facts.variant), np.bool_), np.zeros(len(facts.variant), np.bool_)
    for days in (facts.schema, facts.database):
        quiet = watched.between(facts.variant, days.newest, facts.newest_watched) > SILENT_DAYS
        quiet &= days.newest > 0
        faded |= quiet
        silent |= quiet & days.stopped_together
    return silent, faded


def is_at_ceiling(totals: Array) -> bool:
    """Whether daily totals of queries look cut off at the number that OpenMetadata reads a run."""
    highest = int(totals.max(initial=0))
    return highest >= MIN_CEILING and int((totals >= CEILING_SHARE * highest).sum()) >= CEILING_TOTALS


def stopped_together(group: Array, groups: int, days_of_use: Array, last_use: Array, newest: Array) -> Mask:
    """Of each group of tables, whether those with a habit stopped together near its newest row.

    `group`, `days_of_use` and `last_use` have one value per table, `newest` one per group.
    """
    habit = days_of_use >= MIN_HABIT_DAYS
    late = habit & (newest[group].astype(np.int64) - last_use.astype(np.int64) <= STOPPED_WITHIN_DAYS)
    with_habit = np.bincount(group[habit], minlength=groups)
    stopped = np.bincount(group[late], minlength=groups)
    together: Mask = (stopped >= MIN_STOPPED) & (2 * stopped >= with_habit)
    return together
