"""When a table was used: each rhythm gives whole days ago, oldest first."""

import math
from collections.abc import Callable, Iterator
from random import Random

from thirdeye.local.sample.records import Rhythm

RHYTHM_SHARES: tuple[tuple[Rhythm, float], ...] = (
    (Rhythm.DAILY, 0.22),
    (Rhythm.WEEKLY, 0.14),
    (Rhythm.MONTHLY, 0.11),
    (Rhythm.QUARTERLY, 0.07),
    (Rhythm.YEARLY, 0.05),
    (Rhythm.DYING, 0.08),
    (Rhythm.DEAD, 0.13),
    (Rhythm.BURSTS, 0.06),
    (Rhythm.NEVER, 0.14),
)
SATURDAY = 5

Days = Iterator[int]


def days_of_use(rhythm: Rhythm, random: Random, *, oldest: int, newest: int, today_weekday: int) -> Days:
    """Days ago, from at most `oldest` down to at least `newest`, on which a table of this rhythm was used.

    `oldest` should not follow the bound of the stored usage, or the rhythm would change with it.
    """
    if oldest < newest:
        return iter(())
    return (day for day in _RHYTHMS[rhythm](random, oldest, newest, today_weekday) if newest <= day <= oldest)


def _daily(random: Random, oldest: int, newest: int, today_weekday: int) -> Days:
    for day in range(oldest, newest - 1, -1):
        weekend = (today_weekday - day) % 7 >= SATURDAY
        if random.random() < (0.35 if weekend else 0.96):
            yield day


def _every(random: Random, oldest: int, newest: int, period: int, jitter: int) -> Days:
    day = oldest - random.randrange(period)
    previous = oldest + 1
    while day >= newest:
        used = min(day + random.randint(-jitter, jitter), previous - 1)
        yield used
        previous = used
        day -= period


def _weekly(random: Random, oldest: int, newest: int, _: int) -> Days:
    return _every(random, oldest, newest, 7, 1)


def _monthly(random: Random, oldest: int, newest: int, _: int) -> Days:
    return _every(random, oldest, newest, 30, 2)


def _quarterly(random: Random, oldest: int, newest: int, _: int) -> Days:
    return _every(random, oldest, newest, 91, 4)


def _yearly(random: Random, oldest: int, newest: int, _: int) -> Days:
    return _every(random, oldest, newest, 365, 5)


def _dying(random: Random, oldest: int, newest: int, _: int) -> Days:
    day, gap = oldest, 1.0
    growth = random.uniform(1.04, 1.12)
    while day >= newest:
        yield day
        gap *= growth
        day -= max(1, round(gap * random.uniform(0.6, 1.4)))


def _dead(random: Random, oldest: int, newest: int, today_weekday: int) -> Days:
    died = round(math.exp(random.uniform(math.log(35), math.log(700))))
    alive = random.choice((_daily, _weekly, _monthly))
    return alive(random, oldest, max(newest, died), today_weekday)


def _bursts(random: Random, oldest: int, newest: int, _: int) -> Days:
    day = oldest - random.randrange(30)
    while day >= newest:
        for _day in range(random.randint(2, 9)):
            yield day
            day -= 1
        day -= random.randint(35, 220)


def _never(_random: Random, _oldest: int, _newest: int, _weekday: int) -> Days:
    return iter(())


_RHYTHMS: dict[Rhythm, Callable[[Random, int, int, int], Days]] = {
    Rhythm.DAILY: _daily,
    Rhythm.WEEKLY: _weekly,
    Rhythm.MONTHLY: _monthly,
    Rhythm.QUARTERLY: _quarterly,
    Rhythm.YEARLY: _yearly,
    Rhythm.DYING: _dying,
    Rhythm.DEAD: _dead,
    Rhythm.BURSTS: _bursts,
    Rhythm.NEVER: _never,
}
