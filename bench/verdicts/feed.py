"""A simulated world as a refresh sees it: its feeds, the use that they show of each table, and the periods of the past."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from bench.verdicts.worlds import DATABASES, KNOWN, SERVICES, World
from thirdeye.inventory.feeds import (
    FeedColumns,
    FeedFacts,
    FeedProblem,
    RowDays,
    assess_feeds,
    is_at_ceiling,
    stopped_together,
)
from thirdeye.inventory.rules import TableColumns, Thresholds, table_evidence
from thirdeye.inventory.watched_days import WatchedDays, confirmed_days, watched_days
from thirdeye.mirror.advisor import DaysSoFar, Population
from thirdeye.verdict.periods import PastPeriods

FIRST: Final = 19_000
TODAY: Final = FIRST + KNOWN
# The first variant of the watched days is that of service 0; the last one is the calendar.
_CALENDAR: Final = SERVICES


@dataclass
class Feed:
    """The feeds of a world by place, the watched days that they count in, and the use of each table."""

    watched: WatchedDays
    places: FeedColumns
    place: Any
    tables: TableColumns
    days: "DaysOfUse"
    past: PastPeriods


class DaysOfUse:
    """What the days so far say, as a refresh adds them up; in watched time."""

    def __init__(self, tables: int) -> None:
        self.last_use, self.days_of_use, self.longest_gap = (np.zeros(tables, np.uint16) for _ in range(3))
        # No row of these worlds tells of more than a use.
        self._first_row = np.zeros(tables, np.uint16)

    def so_far(self) -> DaysSoFar:
        """What an advisor is told."""
        return DaysSoFar(self.last_use, self.days_of_use, self.longest_gap, self._first_row)

    def add(self, used: Any, times: Any) -> None:
        """Adds the day that has these watched times, one for each table that was used."""
        last = self.last_use[used]
        again = last > 0
        self.longest_gap[used[again]] = np.maximum(self.longest_gap[used[again]], times[again] - last[again])
        self.last_use[used] = times
        self.days_of_use[used] += 1


def feed_of(world: World, random: np.random.Generator) -> Feed:
    """What the feed of a world tells; `random` draws how many queries a use stands for."""
    thresholds = Thresholds()
    shown, rows = world.shown, world.shown if world.rows is None else world.rows | world.shown
    place = world.service * DATABASES + world.database
    by_service = [rows[world.service == service].any(axis=0) for service in range(SERVICES)]
    nothing = np.zeros(KNOWN, bool)
    variants = [watched_days(days, nothing) for days in by_service]
    if world.confirmed:
        variants = [confirmed_days(days, found) for days, found in zip(by_service, variants, strict=True)]
    watched = WatchedDays(FIRST, [*variants, ~nothing])
    places = assess_feeds(_facts(world, rows, place, variants, random), watched, TODAY, thresholds)
    variant, accessed = places.variant[place], _newest(shown)
    tables = TableColumns(
        evidence=table_evidence(places.evidence[place], np.full(len(place), FIRST)),
        variant=variant,
        since=places.earliest[place],
        newest=places.newest[place],
        observed=places.observed[place],
        undated=places.undated[place],
        accessed=accessed,
        last_row=_newest(rows),
        known_since=world.created + FIRST,
        young=world.created > 0,
        unreadable=np.zeros(len(place), bool),
    )
    doubtful = (FeedProblem.NEVER_SEEN, FeedProblem.SILENT, FeedProblem.FADED)
    eligible = ~(np.any([places.problems[each] for each in doubtful], axis=0) | places.undated)[place]
    since = np.maximum(
        watched.up_to(variant, places.since[place] - 1), watched.up_to(variant, np.asarray(tables.known_since))
    )
    newest = watched.up_to(np.arange(SERVICES + 1), np.full(SERVICES + 1, TODAY))
    anchor = watched.up_to(variant, places.since[place] - 1)
    past = PastPeriods(Population(variant=variant, since=since, anchor=anchor, newest=newest, eligible=eligible))
    days = DaysOfUse(len(place))
    for day in range(world.first_day, KNOWN):
        times = watched.up_to(np.arange(SERVICES + 1), np.full(SERVICES + 1, FIRST + day))
        past.before_day(times, days.so_far())
        used = np.flatnonzero(shown[:, day])
        days.add(used, times[variant[used]])
    past.before_day(newest + 1, days.so_far())
    return Feed(watched, places, place, tables, days, past)


def _facts(world: World, rows: Any, place: Any, variants: list[Any], random: np.random.Generator) -> FeedFacts:
    count = SERVICES * DATABASES
    service = np.arange(count) // DATABASES
    by_place = np.stack([rows[place == each].any(axis=0) for each in range(count)])
    newest = _newest(by_place)
    together = stopped_together(place, count, world.shown.sum(axis=1), _newest(world.shown), newest)
    row_days = RowDays(first=_first(by_place), newest=newest, stopped_together=together)
    days = np.stack(variants)
    none = np.zeros(count, np.int64)
    # A use is one query or many, and no two days are alike.
    weights = random.lognormal(0.0, 0.3, (SERVICES, 30))
    ceiling = [
        is_at_ceiling(weights[each] * rows[world.service == each][:, KNOWN - 30 :].sum(axis=0))
        for each in range(SERVICES)
    ]
    return FeedFacts(
        variant=service,
        calendar=_CALENDAR,
        first_watched=_first(days)[service],
        newest_watched=_newest(days)[service],
        schema=row_days,
        database=row_days,
        confirmed=np.full(count, world.confirmed),
        undated=np.full(count, world.rows is not None),
        at_ceiling=np.array(ceiling)[service],
        has_lifecycles=none > 0,
        first_lifecycle=none,
        newest_lifecycle=none,
    )


def _first(days: Any) -> Any:
    """The first day set in each row, 0 for none."""
    return np.where(days.any(axis=1), FIRST + days.argmax(axis=1), 0)


def _newest(days: Any) -> Any:
    """The last day set in each row, 0 for none."""
    return np.where(days.any(axis=1), FIRST + days.shape[1] - 1 - days[:, ::-1].argmax(axis=1), 0)
