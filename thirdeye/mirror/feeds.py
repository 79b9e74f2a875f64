"""The feeds of an estate: who watched which place when, before the days of usage are added up, and what that is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thirdeye.inventory.columns import Array, Mask
from thirdeye.inventory.feeds import SILENT_DAYS, FeedColumns, FeedFacts, assess_feeds, is_at_ceiling
from thirdeye.inventory.fqn import digest
from thirdeye.inventory.rules import Thresholds
from thirdeye.inventory.watched_days import WatchedDays, confirmed_days, watched_days
from thirdeye.mirror.row_days import Places, RowMatrix, first_and_newest, row_days, spread
from thirdeye.mirror.state import State


@dataclass(frozen=True, kw_only=True)
class Watching:
    """Who watched what, from the days with rows and runs alone. `variant`, `confirmed` and `undated` are by place."""

    places: Places
    matrix: RowMatrix
    watched: WatchedDays
    variant: Array
    calendar: int
    confirmed: Mask
    undated: Mask
    # By variant: first and newest watched day, 0 for never.
    first_watched: Array
    newest_watched: Array
    # First and newest day with a row, by place and by database.
    place_days: tuple[Array, Array]
    database_days: tuple[Array, Array]

    def is_covered(self) -> Mask:
        """By place: whether its database and its schema had a row, or were confirmed."""
        database = self.places.database
        covered: Mask = self.confirmed | ((self.place_days[1] > 0) & (self.database_days[1][database] > 0))
        return covered & (self.first_watched[self.variant] > 0)

    def is_quiet(self) -> Mask:
        """By place: whether its schema or its database has had no row for long, and nobody confirmed that."""
        newest = self.newest_watched[self.variant]
        quiet = np.zeros(len(newest), np.bool_)
        for days in (self.place_days[1], self.database_days[1][self.places.database]):
            quiet |= (days > 0) & (self.watched.between(self.variant, days, newest) > SILENT_DAYS)
        return quiet & ~self.confirmed

    def since(self) -> Array:
        """By place: the day from which it is covered."""
        first = self.first_watched[self.variant]
        return np.where(self.confirmed | (self.place_days[0] == 0), first, self.place_days[0])


def watch(
    places: Places,
    matrix: RowMatrix,
    runs: Mapping[int, Sequence[int]],
    confirmed: Mask,
    undated: Mask,
    first_day: int,
    today: int,
) -> Watching:
    """Who watched what. `runs`: by service the days of successful runs; `first_day`: of the calendar; masks by place."""
    services = int(places.service.max()) + 1
    first_day = min([first_day, today, *matrix.days[:1].tolist()])
    span = today - first_day + 1
    rows = np.zeros((services, span), np.bool_)
    for service in range(services):
        had_rows = matrix.places[:, places.service == service].any(axis=1)
        had_rows |= matrix.databases[:, places.service_of_database == service].any(axis=1)
        rows[service, matrix.days[had_rows] - first_day] = True
    base = [
        watched_days(rows[service], _run_mask(runs.get(service, ()), first_day, span)) for service in range(services)
    ]
    # A variant of its own for each service that has something confirmed.
    with_confirmed = np.unique(places.service[confirmed]).tolist()
    of_service = {service: services + number for number, service in enumerate(with_confirmed)}
    variants = [*base, *(confirmed_days(rows[service], base[service]) for service in with_confirmed)]
    variant = np.array(
        [
            of_service[service] if is_confirmed else service
            for service, is_confirmed in zip(places.service.tolist(), confirmed, strict=True)
        ],
        np.int32,
    )
    masks = np.array([*variants, np.ones(span, np.bool_)])
    first, newest = first_and_newest(np.arange(first_day, today + 1), masks.T)
    place_days, database_days = _row_days(places, matrix)
    return Watching(
        places=places,
        matrix=matrix,
        watched=WatchedDays(first_day, masks),
        variant=variant,
        calendar=len(masks) - 1,
        confirmed=confirmed,
        undated=undated,
        first_watched=first,
        newest_watched=newest,
        place_days=place_days,
        database_days=database_days,
    )


def _run_mask(days: Sequence[int], first_day: int, span: int) -> Mask:
    mask = np.zeros(span, np.bool_)
    positions = np.array(days, np.int64) - first_day
    mask[positions[(positions >= 0) & (positions < span)]] = True
    return mask


def _row_days(places: Places, matrix: RowMatrix) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    databases = matrix.databases.copy()
    for place, database in enumerate(places.database.tolist()):
        databases[:, database] |= matrix.places[:, place]
    return first_and_newest(matrix.days, matrix.places), first_and_newest(matrix.days, databases)


def database_keys(state: State, services: Sequence[str], places: Places) -> dict[bytes, int]:
    """The databases of a state by the keys under which they are remembered; `services`: names by service number."""
    return {
        digest(f"{services[service]}\0{name or ''}"): int(places.database[place])
        for place, (service, name, _) in enumerate(state.places.items)
    }


@dataclass(frozen=True, kw_only=True)
class Lifecycles:
    """By database: tables, those with an access time, the earliest ever seen and the newest of these (0: none).

    `remembered` is the earliest that refreshes before had seen.
    """

    tables: Array
    with_access: Array
    remembered: Array
    first: Array
    newest: Array


def lifecycles(state: State, places: Places, kept: Array, today: int) -> Lifecycles:
    """The access times of the tables of each database; `kept` is the earliest that was ever seen, 0 for none."""
    present = state.present()
    database = places.database[state.query["place"]][present]
    accessed = state.source["lifecycle_accessed"][present].astype(np.int64)
    # One further ahead than tomorrow cannot be read.
    accessed = np.where(accessed > today + 1, 0, np.minimum(accessed, today))
    has = accessed > 0
    first, newest = np.where(kept > 0, kept, today + 1), np.zeros(places.databases, np.int64)
    np.minimum.at(first, database[has], accessed[has])
    np.maximum.at(newest, database[has], accessed[has])
    return Lifecycles(
        tables=np.bincount(database, minlength=places.databases),
        with_access=np.bincount(database[has], minlength=places.databases),
        remembered=kept,
        first=np.where(first > today, 0, first),
        newest=newest,
    )


def assess(
    state: State,
    watching: Watching,
    accesses: Lifecycles,
    totals: Mapping[int, Array],
    today: int,
    thresholds: Thresholds,
) -> FeedColumns:
    """What the feed of each place is worth, once the days are added up. `totals`: by service its recent daily totals."""
    places, present = watching.places, state.present()
    place = state.query["place"][present]
    use = state.source["days_of_use"][present], state.source["last_use"][present]
    schema = row_days(watching.place_days, place, *use)
    database = row_days(watching.database_days, places.database[place], *use)
    ceilings = np.array(
        [is_at_ceiling(totals.get(service, np.zeros(0))) for service in range(int(places.service.max()) + 1)], np.bool_
    )
    enough = (accesses.with_access > 0) & (accesses.with_access >= thresholds.lifecycle_min_share * accesses.tables)
    facts = FeedFacts(
        variant=watching.variant,
        calendar=watching.calendar,
        first_watched=watching.first_watched[watching.variant],
        newest_watched=watching.newest_watched[watching.variant],
        schema=schema,
        database=spread(database, places.database),
        confirmed=watching.confirmed,
        undated=watching.undated,
        at_ceiling=ceilings[places.service],
        has_lifecycles=enough[places.database],
        first_lifecycle=accesses.first[places.database],
        newest_lifecycle=accesses.newest[places.database],
    )
    return assess_feeds(facts, watching.watched, today, thresholds)
