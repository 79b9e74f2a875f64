"""Simulated estates: when each table is used, day by day, in the days that are known and in those that are not.

Nothing here knows the rules. A table has a kind (how it is used while it lives) and a day of death, after which nobody
wants it; what a kind does is drawn at random. A world is a mix of kinds, and what OpenMetadata shows of them: whether
somebody looked on a day, and at which databases.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
KNOWN, UNSEEN = 730, 180
SERVICES, DATABASES = 4, 2
DAYS = KNOWN + UNSEEN
NEVER = DAYS + 1


@dataclass
class World:
    """`used[table, day]`: whether it was used; `shown`: what the feed has of it, known days only. Death: day, or NEVER.

    `rows`: days on which there is a row of usage that tells of no use, as Postgres has; the feed is undated then.
    `database`: one of two of its service. `confirmed`: an administrator said that what the feed has is complete.
    """

    name: str
    used: Array
    shown: Array
    death: Array
    created: Array
    service: Array
    database: Array
    first_day: int = 0
    confirmed: bool = False
    rows: Array | None = None


Kind = Callable[[np.random.Generator, int], Array]
Builder = Callable[[np.random.Generator, int], World]


def _periodic(period: float, jitter: float, days: int = 1) -> Kind:
    """Every `period` days, give or take; `days` in a row each time."""

    def draw(random: np.random.Generator, tables: int) -> Array:
        used = np.zeros((tables, DAYS), bool)
        for table in range(tables):
            own_period = period * random.uniform(0.7, 1.4)
            day = random.uniform(0, own_period)
            while day < DAYS:
                start = int(day)
                used[table, start : start + days] = True
                day += max(own_period * (1 + random.normal(0, jitter)), 1)
        return used

    return draw


def _daily(share: float) -> Kind:
    return lambda random, tables: random.random((tables, DAYS)) < share


def _bursts(mean_gap: float) -> Kind:
    """A few busy days, then nothing for a time that nobody can foresee."""

    def draw(random: np.random.Generator, tables: int) -> Array:
        used = np.zeros((tables, DAYS), bool)
        for table in range(tables):
            day = random.exponential(mean_gap)
            while day < DAYS:
                length = int(random.integers(1, 10))
                start = int(day)
                used[table, start : start + length] = random.random(min(length, DAYS - start)) < 0.7
                day += length + random.exponential(mean_gap)
        return used

    return draw


def _seasonal(period: int, width: int) -> Kind:
    """The same weeks of each year or quarter."""

    def draw(random: np.random.Generator, tables: int) -> Array:
        used = np.zeros((tables, DAYS), bool)
        for table in range(tables):
            phase = int(random.integers(0, period))
            for start in range(phase - period, DAYS, period):
                days = np.arange(max(start, 0), min(start + width, DAYS))
                used[table, days] = random.random(len(days)) < 0.6
        return used

    return draw


def _fading(random: np.random.Generator, tables: int) -> Array:
    """Asked for less and less."""
    start, rate = random.uniform(-400, 400, (tables, 1)), random.uniform(0.2, 0.9, (tables, 1))
    half_life = random.uniform(20, 120, (tables, 1))
    age = np.maximum(np.arange(DAYS)[None, :] - start, 0)
    return random.random((tables, DAYS)) < rate * 0.5 ** (age / half_life)


def _ambush(random: np.random.Generator, tables: int) -> Array:
    """Busy, then idle for most of a year, then busy again: made to be deleted just before it is wanted."""
    used = np.zeros((tables, DAYS), bool)
    for table in range(tables):
        day = -float(random.uniform(0, 300))
        while day < DAYS:
            busy, idle = int(random.integers(5, 40)), int(random.integers(120, 330))
            days = np.arange(max(int(day), 0), min(int(day) + busy, DAYS))
            used[table, days] = random.random(len(days)) < 0.5
            day += busy + idle
    return used


def _nothing(_random: np.random.Generator, tables: int) -> Array:
    return np.zeros((tables, DAYS), bool)


STEADY = (
    (_daily(0.6), 0.30),
    (_periodic(7, 0.1), 0.25),
    (_periodic(30, 0.15), 0.20),
    (_periodic(90, 0.15), 0.10),
    (_nothing, 0.15),
)


def _mixed(random: np.random.Generator, tables: int, kinds: Any) -> Array:
    parts, left = [], tables
    for place, (kind, share) in enumerate(kinds):
        count = left if place == len(kinds) - 1 else round(tables * share)
        parts.append(kind(random, count))
        left -= count
    used = np.concatenate(parts)
    return used[random.permutation(tables)]


def _deaths(random: np.random.Generator, tables: int, share: float) -> Array:
    """Of a share of the tables the day of death, at any time of the known days or after them."""
    return np.where(random.random(tables) < share, random.integers(30, DAYS, tables), NEVER)


def mixture(name: str, kinds: Any, deaths: float) -> Builder:
    """A world of kinds with their shares, in which a share of the tables dies."""
    return lambda random, tables: _world(name, random, tables, kinds, deaths)


def _world(name: str, random: np.random.Generator, tables: int, kinds: Any, deaths: float) -> World:
    used = _mixed(random, tables, kinds)
    death = _deaths(random, tables, deaths)
    created = np.where(random.random(tables) < 0.3, random.integers(0, KNOWN - 60, tables), 0)
    days = np.arange(DAYS)[None, :]
    used &= (days < death[:, None]) & (days >= created[:, None])
    service, database = random.integers(0, SERVICES, tables), random.integers(0, DATABASES, tables)
    return World(name, used, used[:, :KNOWN].copy(), death, created, service, database)


def worlds(tables: int, seed: int, watched_days: int = KNOWN) -> list[World]:
    """All of them, watched for so many days."""
    random = np.random.default_rng(seed)
    return [watched(build(random, tables), watched_days) for build in builders().values()]


def watched(world: World, days: int) -> World:
    """The world as it is known where somebody has looked for so many days."""
    world.first_day = KNOWN - days
    world.shown[:, : world.first_day] = False
    if world.rows is not None:
        world.rows[:, : world.first_day] = False
    return world


def builders() -> dict[str, Builder]:
    """What makes each world, by name."""
    bursts = ((_bursts(60), 0.4), (_bursts(150), 0.3), (_bursts(300), 0.3))
    seasonal = ((_seasonal(365, 14), 0.25), (_seasonal(91, 7), 0.25), *((kind, share / 2) for kind, share in STEADY))
    adversarial = ((_ambush, 0.25), (_bursts(200), 0.15), (_seasonal(365, 10), 0.10), *((k, s / 2) for k, s in STEADY))
    year_end = ((_year_end, 0.30), *((kind, share * 0.7) for kind, share in STEADY))
    power_law = ((_power_law, 0.7), *((kind, share * 0.3) for kind, share in STEADY))
    fading = ((_fading, 0.7), *((kind, share * 0.3) for kind, share in STEADY))
    return {
        "steady": mixture("steady", STEADY, 0.45),
        "steady, few deaths": mixture("steady, few deaths", STEADY, 0.20),
        "bursts": mixture("bursts", bursts, 0.25),
        "seasonal": mixture("seasonal", seasonal, 0.30),
        "dying": mixture("dying", fading, 0.30),
        "migration wave": _migration,
        "feed outage": _outage,
        "adversarial mix": mixture("adversarial mix", adversarial, 0.30),
        "weekly schedule": _weekly,
        "weekly files, confirmed": _weekly_files,
        "failing runs": _failing_runs,
        "database not covered": _uncovered,
        "database dead": _dead_database,
        "Postgres": _postgres,
        "year end": mixture("year end", year_end, 0.30),
        "power law": mixture("power law", power_law, 0.30),
        "a team leaves": _team_leaves,
        "quarterly scan": _quarterly_scan,
    }


def _year_end(random: np.random.Generator, tables: int) -> Array:
    """For the books of the year alone: some days in the same six weeks, the same for the whole company."""
    used = np.zeros((tables, DAYS), bool)
    for start in range(20, DAYS, 365):
        days = slice(start, min(start + 42, DAYS))
        used[:, days] = random.random((tables, days.stop - start)) < random.uniform(0.02, 0.4, (tables, 1))
    return used


def _power_law(random: np.random.Generator, tables: int) -> Array:
    """Pauses without a usual length: most are days, some are years."""
    used = np.zeros((tables, DAYS), bool)
    for table in range(tables):
        exponent, day = random.uniform(0.6, 1.4), -float(random.uniform(0, 200))
        while day < DAYS:
            if day >= 0:
                used[table, int(day)] = True
            day += max(random.pareto(exponent), 0.05) + 1
    return used


def _team_leaves(random: np.random.Generator, tables: int) -> World:
    """A team with a third of the tables left within a month, 300 days ago; a few of its tables found new readers."""
    world = _world("a team leaves", random, tables, STEADY, 0.20)
    theirs = random.random(tables) < 0.33
    adopted = random.random(tables) < 0.1
    day = KNOWN - 300 + random.integers(0, 30, tables)
    world.death = np.where(theirs & ~adopted, np.minimum(world.death, day), world.death)
    world.used &= np.arange(DAYS)[None, :] < world.death[:, None]
    # Those adopted rest until somebody needs them.
    resting = np.arange(DAYS)[None, :] < (day + random.integers(20, 200, tables))[:, None]
    rested = (theirs & adopted)[:, None] & (np.arange(DAYS)[None, :] >= day[:, None]) & resting
    world.used &= ~rested
    world.shown = world.used[:, :KNOWN].copy()
    return world


def _quarterly_scan(random: np.random.Generator, tables: int) -> World:
    """A tool reads each table of a service once a quarter, the dead ones, too; its uses look like any other."""
    world = _world("quarterly scan", random, tables, STEADY, 0.40)
    scanned = (world.service == 0)[:, None] & (np.arange(DAYS) % 91 == 45)[None, :]
    world.used |= scanned & (np.arange(DAYS)[None, :] >= world.created[:, None])
    world.shown = world.used[:, :KNOWN].copy()
    return world


def _migration(random: np.random.Generator, tables: int) -> World:
    """Half of the estate is left within two weeks, 200 days ago; of that a tenth is looked at once more later."""
    world = _world("migration wave", random, tables, STEADY, 0.15)
    moved = random.random(tables) < 0.5
    day = KNOWN - 200 + random.integers(0, 14, tables)
    world.death = np.where(moved, np.minimum(world.death, day), world.death)
    world.used &= np.arange(DAYS)[None, :] < world.death[:, None]
    back = np.flatnonzero(moved & (random.random(tables) < 0.1))
    later = day[back] + random.integers(1, 150, len(back))
    world.used[back, later] = True
    world.death[back] = np.maximum(world.death[back], later + 1)
    world.shown = world.used[:, :KNOWN].copy()
    return world


def _outage(random: np.random.Generator, tables: int) -> World:
    """The feed of one service showed nothing for 90 days, until 60 days ago; that of another twice for 30 days."""
    world = _world("feed outage", random, tables, STEADY, 0.40)
    world.shown[world.service == 0, KNOWN - 150 : KNOWN - 60] = False
    world.shown[world.service == 1, 300:330] = False
    world.shown[world.service == 1, 500:530] = False
    return world


def _weekly(random: np.random.Generator, tables: int) -> World:
    """OpenMetadata reads once a week, and that one day only."""
    world = _world("weekly schedule", random, tables, STEADY, 0.40)
    world.shown &= (np.arange(KNOWN) % 7 == 2)[None, :]
    return world


def _weekly_files(random: np.random.Generator, tables: int) -> World:
    """Once a week OpenMetadata reads a file with all queries of the week, under one date; an administrator confirmed it."""
    world = _world("weekly files, confirmed", random, tables, STEADY, 0.40)
    weeks = np.arange(2, KNOWN, 7)
    used = np.stack([world.used[:, max(day - 6, 0) : day + 1].any(axis=1) for day in weeks], axis=1)
    world.shown[:] = False
    world.shown[:, weeks] = used
    world.confirmed = True
    return world


def _failing_runs(random: np.random.Generator, tables: int) -> World:
    """Of 30 % of the days nothing was read, one to thirty in a row; each service has failures of its own."""
    world = _world("failing runs", random, tables, STEADY, 0.40)
    for service in range(SERVICES):
        failed = np.zeros(KNOWN, bool)
        while failed.mean() < 0.30:
            start = int(random.integers(0, KNOWN))
            failed[start : start + int(random.integers(1, 31))] = True
        world.shown[np.ix_(world.service == service, failed)] = False
    return world


def _uncovered(random: np.random.Generator, tables: int) -> World:
    """Usage of one database was never read, though that of its service is."""
    world = _world("database not covered", random, tables, STEADY, 0.40)
    world.shown[_database(world, 0, 0)] = False
    return world


def _dead_database(random: np.random.Generator, tables: int) -> World:
    """One database was left, table after table, until 300 days ago."""
    world = _world("database dead", random, tables, STEADY, 0.40)
    left = _database(world, 0, 0)
    day = KNOWN - 300 - random.exponential(60, tables).astype(int)
    world.death = np.where(left, np.minimum(world.death, np.maximum(day, 0)), world.death)
    world.used &= np.arange(DAYS)[None, :] < world.death[:, None]
    world.shown = world.used[:, :KNOWN].copy()
    return world


def _postgres(random: np.random.Generator, tables: int) -> World:
    """Statements are remembered, not dated: a use is a rise only with a new statement, and rows come until a restart."""
    world = _world("Postgres", random, tables, STEADY, 0.40)
    remembered = np.zeros(tables, bool)
    world.rows = np.zeros((tables, KNOWN), bool)
    world.shown &= random.random((tables, KNOWN)) < random.uniform(0.05, 1.0, (tables, 1))
    for day in range(KNOWN):
        if day % 120 == 0:
            remembered[:] = False
        # Forgotten or not, a statement that comes again is counted again.
        remembered |= world.used[:, day]
        world.rows[:, day] = remembered
    return world


def _database(world: World, service: int, database: int) -> Array:
    mask: Array = (world.service == service) & (world.database == database)
    return mask
