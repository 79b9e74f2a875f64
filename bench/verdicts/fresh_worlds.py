"""Worlds that neither the prior's family nor any choice was made with: to be judged once, when all else is done.

Written before the first of them was judged, and not changed afterwards. Nothing here is drawn as in `family.py`: months of
the calendar, weekdays, projects, releases and lognormal pauses in place of gamma-distributed ones.
"""

from typing import Any, Final

import numpy as np

from bench.verdicts.worlds import DAYS, KNOWN, Builder, World, builders, mixture

Array = Any
_WEEK, _MONTH, _QUARTER = 7, 30.44, 91.31


def fresh_builders() -> dict[str, Builder]:
    """What makes each of them, by name."""
    office = ((_weekdays, 0.35), (_month_ends, 0.30), (_lognormal, 0.25), (_never, 0.10))
    return {
        "office calendar": mixture("office calendar", office, 0.30),
        "projects": mixture("projects", ((_projects, 0.75), (_weekdays, 0.15), (_never, 0.10)), 0.15),
        "versions": mixture("versions", ((_versions, 0.60), (_weekdays, 0.25), (_quarter_ends, 0.15)), 0.10),
        "audits": _audits,
        "slowing company": _slowing,
        "lognormal pauses": mixture("lognormal pauses", ((_lognormal, 0.85), (_never, 0.15)), 0.35),
    }


def _weekdays(random: np.random.Generator, tables: int) -> Array:
    """By people: on working days, some of which each table is opened on, and not in August or at the turn of the year."""
    day = np.arange(DAYS)
    open_days = (day % _WEEK < 5) & ~((day % 365 >= 212) & (day % 365 < 233)) & (day % 365 >= 4) & (day % 365 < 357)
    return (random.random((tables, DAYS)) < random.beta(0.6, 2.0, (tables, 1))) & open_days


def _closings(random: np.random.Generator, tables: int, length: float, skipped: float) -> Array:
    used = np.zeros((tables, DAYS), bool)
    for closing in np.arange(random.uniform(0, length), DAYS, length):
        days = closing + random.integers(0, 6, tables)
        takes_part = (random.random(tables) >= skipped) & (days < DAYS)
        used[np.flatnonzero(takes_part), days[takes_part].astype(int)] = True
    return used


def _month_ends(random: np.random.Generator, tables: int) -> Array:
    """When the month's books are closed; now and then a month is left out."""
    return _closings(random, tables, _MONTH, 0.1)


def _quarter_ends(random: np.random.Generator, tables: int) -> Array:
    """When a quarter's books are closed."""
    return _closings(random, tables, _QUARTER, 0.05)


def _lognormal(random: np.random.Generator, tables: int) -> Array:
    """Pauses that are lognormal, with a length and an unevenness that are the table's own."""
    used = np.zeros((tables, DAYS), bool)
    for table in range(tables):
        length, unevenness = random.normal(2.6, 1.2), random.uniform(0.3, 1.3)
        day = -float(random.uniform(0, np.exp(length)))
        while day < DAYS:
            if day >= 0:
                used[table, int(day)] = True
            day += max(float(random.lognormal(length, unevenness)), 1.0)
    return used


def _projects(random: np.random.Generator, tables: int) -> Array:
    """Tables of a project are used while it lasts; one project in four is taken up once more, months later."""
    used = np.zeros((tables, DAYS), bool)
    project = random.integers(0, max(tables // 12, 1), tables)
    for each in np.unique(project):
        own = np.flatnonzero(project == each)
        starts = [random.uniform(-200, DAYS)]
        lengths = [random.uniform(20, 200)]
        if random.random() < 0.25:
            starts.append(starts[0] + lengths[0] + random.uniform(60, 400))
            lengths.append(random.uniform(10, 60))
        for start, length in zip(starts, lengths, strict=True):
            days = np.arange(max(int(start), 0), min(int(start + length), DAYS))
            used[np.ix_(own, days)] |= random.random((len(own), len(days))) < random.uniform(0.05, 0.6, (len(own), 1))
    return used


def _versions(random: np.random.Generator, tables: int) -> Array:
    """Each release has tables of its own, which the next one replaces; some readers stay behind for a while."""
    used = np.zeros((tables, DAYS), bool)
    rhythm = random.uniform(60, 150)
    release = random.integers(-2, int(DAYS / rhythm) + 1, tables)
    for table in range(tables):
        start = release[table] * rhythm
        end = start + rhythm + (random.exponential(60) if random.random() < 0.4 else random.uniform(0, 15))
        days = np.arange(max(int(start), 0), min(max(int(end), 0), DAYS))
        used[table, days] = random.random(len(days)) < random.uniform(0.1, 0.9)
    return used


def _never(_random: np.random.Generator, tables: int) -> Array:
    return np.zeros((tables, DAYS), bool)


def _audits(random: np.random.Generator, tables: int) -> World:
    """Auditors come at times that nobody can foresee, and open a part of one service, the dead tables of it, too."""
    kinds = ((_weekdays, 0.55), (_month_ends, 0.25), (_never, 0.20))
    world = mixture("audits", kinds, 0.35)(random, tables)
    day = random.exponential(200)
    while day < DAYS:
        service, share = random.integers(0, 4), random.uniform(0.05, 0.3)
        opened = (world.service == service) & (world.created <= day) & (random.random(tables) < share)
        world.used[opened, int(day)] = True
        day += random.exponential(200)
    world.shown = world.used[:, :KNOWN].copy()
    return world


def _slowing(random: np.random.Generator, tables: int) -> World:
    """A company that does less each month: people open all tables ever more seldom, at rates of their own."""
    world = mixture("slowing company", ((_weekdays, 0.6), (_lognormal, 0.4)), 0.20)(random, tables)
    kept = 0.5 ** (np.arange(DAYS)[None, :] / random.uniform(90, 500, (tables, 1)))
    world.used &= random.random((tables, DAYS)) < kept
    world.shown = world.used[:, :KNOWN].copy()
    return world


FRESH_SEEDS: Final = range(201, 206)
assert not fresh_builders().keys() & builders().keys()
