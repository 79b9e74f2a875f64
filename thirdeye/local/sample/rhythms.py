"""When a table was used: each rhythm gives whole days ago, oldest first."""

import math
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from random import Random

from thirdeye.local.sample.options import HISTORY_DAYS
from thirdeye.local.sample.records import Rhythm

RHYTHM_SHARES = {
    Rhythm.DAILY: 0.22,
    Rhythm.WEEKLY: 0.14,
    Rhythm.MONTHLY: 0.11,
    Rhythm.QUARTERLY: 0.07,
    Rhythm.YEARLY: 0.05,
    Rhythm.DYING: 0.08,
    Rhythm.DEAD: 0.13,
    Rhythm.BURSTS: 0.06,
    Rhythm.NEVER: 0.14,
}
SATURDAY = 5

Days = Iterator[int]


def days_of_use(rhythm: Rhythm, random: Random, *, oldest: int = HISTORY_DAYS, newest: int, today: date) -> Days:
    """Days ago, from at most `oldest` down to at least `newest`, on which a table of this rhythm was used.

    `oldest` should not follow the bound of the stored usage, or the rhythm would change with it.
    """
    oldest = min(oldest, HISTORY_DAYS)
    if oldest < newest:
        return iter(())
    return (day for day in _RHYTHMS[rhythm](random, oldest, newest, today.weekday()) if newest <= day <= oldest)


def _daily(random: Random, oldest: int, newest: int, today_weekday: int) -> Days:
    for day in range(oldest, newest - 1, -1):
        weekend = (today_weekday - day) % 7 >= SATURDAY
        if random.random() < (0.35 if weekend else 0.96):
            yield day


def _every(random: Random, oldest: int, newest: int, _: int, *, period: int, jitter: int) -> Days:
    day = oldest - random.randrange(period)
    previous = oldest + 1
    while day >= newest:
        used = min(day + random.randint(-jitter, jitter), previous - 1)
        yield used
        previous = used
        day -= period


def _dying(random: Random, oldest: int, newest: int, _: int) -> Days:
    day, gap = oldest, 1.0
    growth = random.uniform(1.04, 1.12)
    while day >= newest:
        yield day
        gap *= growth
        day -= max(1, round(gap * random.uniform(0.6, 1.4)))


def _dead(random: Random, oldest: int, newest: int, today_weekday: int) -> Days:
    died = round(math.exp(random.uniform(math.log(35), math.log(700))))
    alive = random.choice((Rhythm.DAILY, Rhythm.WEEKLY, Rhythm.MONTHLY))
    return _RHYTHMS[alive](random, oldest, max(newest, died), today_weekday)


def _bursts(random: Random, oldest: int, newest: int, _: int) -> Days:
    day = oldest - random.randrange(30)
    while day >= newest:
        length = random.randint(2, 9)
        yield from range(day, day - length, -1)
        day -= length + random.randint(35, 220)


_RHYTHMS: dict[Rhythm, Callable[[Random, int, int, int], Days]] = {
    Rhythm.DAILY: _daily,
    Rhythm.WEEKLY: partial(_every, period=7, jitter=1),
    Rhythm.MONTHLY: partial(_every, period=30, jitter=2),
    Rhythm.QUARTERLY: partial(_every, period=91, jitter=4),
    Rhythm.YEARLY: partial(_every, period=365, jitter=5),
    Rhythm.DYING: _dying,
    Rhythm.DEAD: _dead,
    Rhythm.BURSTS: _bursts,
    Rhythm.NEVER: lambda *_: iter(()),
}
