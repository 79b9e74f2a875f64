"""Estates at large, from which the prior of the return risk is learnt. Not the worlds that judge: those are others.

A table is used at moments whose pauses have a gamma distribution: regular ones like a clock, irregular ones in bursts.
What differs from estate to estate is drawn: how long the pauses are and how regular, how many tables have seasons, fade
away, lie in wait, were never used; how fast tables die and are born; how long somebody has watched.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from thirdeye.inventory.columns import Array
from thirdeye.mirror.advisor import DaysSoFar, Population
from thirdeye.verdict.periods import PastPeriods

MOST_DAYS: Final = 900
_KINDS: Final = ("steady", "season", "fading", "waiting", "campaign", "never")
# How much of each kind estates have on average, and, being small, how much they differ.
_EVENNESS: Final = (1.6, 0.2, 0.4, 0.2, 0.6, 1.6)


@dataclass(frozen=True)
class PastEstate:
    """`used[table, day]`, and since which day each table is known."""

    used: Array
    since: Array


def draw_estate(random: np.random.Generator, tables: int) -> PastEstate:
    """One estate of the family."""
    days = int(random.integers(120, MOST_DAYS + 1))
    shares = random.dirichlet(_EVENNESS)
    kinds = random.choice(len(_KINDS), tables, p=shares)
    habits = _Habits(random)
    used = np.zeros((tables, days), np.bool_)
    for table in range(tables):
        getattr(habits, _KINDS[kinds[table]])(used[table])
    moments = np.arange(days)
    # A constant risk of dying, and perhaps one wave.
    mean_life = np.exp(random.uniform(np.log(150), np.log(6_000)))
    death = random.exponential(mean_life, tables)
    if random.random() < 0.3:
        struck = random.random(tables) < random.uniform(0.1, 0.6)
        wave = random.uniform(0, days) + random.uniform(0, 40, tables)
        death = np.where(struck, np.minimum(death, wave), death)
    born = np.where(random.random(tables) < random.uniform(0, 0.6), random.uniform(0, days, tables), 0.0)
    used &= (moments < (death + born)[:, np.newaxis]) & (moments >= born[:, np.newaxis])
    # Now and then somebody looks at what is dead.
    used |= random.random((tables, days)) < random.choice([0.0, 0.0, 0.0, 0.00002, 0.0001])
    used &= moments >= born[:, np.newaxis]
    return PastEstate(used, born.astype(np.int64))


class _Habits:
    """How the tables of one estate are used while they live."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._slowest = random.uniform(60, 420)
        self._regularity = random.uniform(-0.5, 3.5)

    def steady(self, used: Any) -> None:
        """Again and again, with pauses of one length, more or less."""
        pause = np.exp(self._random.uniform(0, np.log(self._slowest)))
        regularity = np.exp(self._random.normal(self._regularity, 0.8))
        moments = np.cumsum(self._random.gamma(regularity, pause / regularity, int(4 * len(used) / pause) + 20))
        moments += self._random.uniform(-pause, 0)
        _use(used, moments)

    def season(self, used: Any) -> None:
        """In the same weeks of each year, half-year or quarter."""
        length = self._random.choice([365, 365, 182, 91])
        width = int(self._random.integers(2, 40))
        first = self._random.uniform(-length, length)
        for start in np.arange(first, len(used), length):
            _use(used, start + self._random.uniform(0, width, int(self._random.integers(1, 20))))

    def fading(self, used: Any) -> None:
        """Less and less, by half in a time of its own."""
        half_life, start = np.exp(self._random.uniform(2.5, 5.5)), self._random.uniform(-300, len(used))
        age = np.arange(len(used)) - start
        rate = np.where(age >= 0, self._random.uniform(0.05, 1) * 0.5 ** (np.maximum(age, 0) / half_life), 0)
        used |= self._random.random(len(used)) < rate

    def waiting(self, used: Any) -> None:
        """Busy, then idle for months, then busy again."""
        day, quiet = -self._random.uniform(0, 400), self._random.uniform(60, 400)
        while day < len(used):
            busy = self._random.uniform(3, 60)
            _use(used, day + self._random.uniform(0, busy, int(busy * self._random.uniform(0.1, 1)) + 1))
            day += busy + quiet * self._random.uniform(0.6, 1.5)

    def campaign(self, used: Any) -> None:
        """For some weeks, then never again."""
        start, length = self._random.uniform(-200, len(used)), np.exp(self._random.uniform(0, 5))
        _use(used, start + self._random.uniform(0, length, int(length * self._random.uniform(0.05, 1)) + 1))

    def never(self, used: Any) -> None:
        """Not once."""


def _use(used: Any, moments: Array) -> None:
    used[moments[(moments >= 0) & (moments < len(used))].astype(np.int64)] = True


def before(estate: PastEstate, day: int) -> PastEstate:
    """An estate as it was known at the beginning of a day: the tables that there were, and what was used until then."""
    there = estate.since < day
    return PastEstate(estate.used[there, :day], estate.since[there])


def trials_of(estate: PastEstate) -> tuple[Array, Array]:
    """By cell the trials of an estate, and those in which the table was used, as a refresh counts them."""
    tables, days = estate.used.shape
    nobody = np.zeros(tables, np.int64)
    population = Population(
        variant=nobody, since=estate.since, anchor=nobody, newest=np.array([days]), eligible=np.ones(tables, np.bool_)
    )
    past = PastPeriods(population)
    last_use, days_of_use, longest_gap, no_rows = (np.zeros(tables, np.int64) for _ in range(4))
    for day in range(days):
        past.before_day(np.array([day + 1]), DaysSoFar(last_use, days_of_use, longest_gap, no_rows))
        used = np.flatnonzero(estate.used[:, day])
        again = used[last_use[used] > 0]
        longest_gap[again] = np.maximum(longest_gap[again], day + 1 - last_use[again])
        last_use[used] = day + 1
        days_of_use[used] += 1
    past.before_day(np.array([days + 1]), DaysSoFar(last_use, days_of_use, longest_gap, no_rows))
    return past.counts.trials()
