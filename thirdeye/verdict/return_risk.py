"""Return risk: how often tables like this one were used again, learnt from the usage that OM still has.

A state is a table on a past day. Its class depends on how long the table had been idle, on the ratio of that to its
longest pause before, and on its number of days of use. States are taken every 30 days back from 180 days ago; the 180
days after each are its future. All of these are watched days: while nobody looked, time stands still. The risk table has
a number for each class, and for groups of classes with too few states.
"""

import math
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from thirdeye.inventory.columns import CHUNK, Array, Mask
from thirdeye.mirror.advisor import DaysSoFar, Population

STATE_INTERVAL_DAYS: Final = 30
FUTURE_DAYS: Final = 180
MIN_STATES: Final = 200
# The lower limits of each class: idle days, their ratio to the longest pause, days of use.
IDLE_LIMITS: Final = (60, 90, 120, 180, 270, 365, 540)
RATIO_LIMITS: Final = (1.0, 1.5, 2.5, 5.0)
USE_LIMITS: Final = (1, 2, 6, 31)
IDLE_CLASSES, RATIO_CLASSES, USE_CLASSES = len(IDLE_LIMITS), len(RATIO_LIMITS) + 2, len(USE_LIMITS) + 1
CLASSES: Final = IDLE_CLASSES * RATIO_CLASSES * USE_CLASSES
NO_CLASS: Final = 255
# Numbers of the risk table: 0 for none, then the classes, then those without days of use, then idle days alone.
_LEVELS: Final = (1, USE_CLASSES, USE_CLASSES * RATIO_CLASSES)
_FIRST: Final = (1, 1 + CLASSES, 1 + CLASSES + CLASSES // USE_CLASSES)
RISKS: Final = 1 + sum(CLASSES // width for width in _LEVELS)
_Z: Final = 1.959963984540054


def classify(idle: Array, longest_pause: Array, days_of_use: Array) -> Array:
    """The class of each table, 0 to CLASSES - 1; NO_CLASS for those idle for less than 60 days."""
    idle, pause = idle.astype(np.int64), longest_pause.astype(np.int64)
    idle_class = np.searchsorted(IDLE_LIMITS, idle, side="right") - 1
    ratio = np.searchsorted(RATIO_LIMITS, idle / np.maximum(pause, 1), side="right") + 1
    ratio_class = np.where(pause > 0, ratio, 0)
    use_class = np.searchsorted(USE_LIMITS, days_of_use.astype(np.int64), side="right")
    classes = (idle_class * RATIO_CLASSES + ratio_class) * USE_CLASSES + use_class
    return np.where(idle_class >= 0, classes, NO_CLASS).astype(np.uint8)


def upper_bound(returned: int, states: int) -> float:
    """The upper end of the 95 % Wilson interval of a share; 1 for none of none."""
    return wilson_interval(returned, states)[1]


def wilson_interval(count: int, total: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share; 0 to 1 for none of none."""
    if total == 0:
        return 0.0, 1.0
    share, square = count / total, _Z * _Z / total
    middle, spread = share + square / 2, _Z * math.sqrt(share * (1 - share) / total + square / (4 * total))
    lower, upper = (middle - spread) / (1 + square), (middle + spread) / (1 + square)
    # Exact at the ends, where rounding would be slightly off.
    return (0.0 if count == 0 else max(lower, 0.0)), (1.0 if count == total else min(upper, 1.0))


# By day: class, states and returned of each class that has states.
CountsDocument = Mapping[str, Sequence[Sequence[int]]]


@dataclass
class StateCounts:
    """States and returns by day of the states: an array of CLASSES counts each."""

    states: dict[int, Array] = field(default_factory=dict)
    returned: dict[int, Array] = field(default_factory=dict)

    def add(self, day: int, classes: Array, returned: Mask) -> None:
        """Adds states to a day: the class of each table (NO_CLASS: no state), and which tables were used again."""
        is_state = classes != NO_CLASS
        for counts, counted in ((self.states, is_state), (self.returned, is_state & returned)):
            counts[day] = counts.get(day, 0) + np.bincount(classes[counted], minlength=CLASSES)

    def until(self, day: int) -> tuple[Array, Array]:
        """The sums of the states whose future was over by `day`: states and returned."""
        zero = np.zeros(CLASSES, np.int64)
        days = [state_day for state_day in self.states if state_day + FUTURE_DAYS <= day]
        return (
            np.sum([zero, *(self.states[state_day] for state_day in days)], axis=0),
            np.sum([zero, *(self.returned[state_day] for state_day in days)], axis=0),
        )

    def document(self) -> CountsDocument:
        """As JSON."""
        return {
            str(day): [
                [state_class, int(counts[state_class]), int(self.returned[day][state_class])]
                for state_class in np.flatnonzero(counts).tolist()
            ]
            for day, counts in sorted(self.states.items())
        }

    @staticmethod
    def of(document: CountsDocument) -> "StateCounts":
        """From JSON."""
        counts = StateCounts()
        for day, entries in document.items():
            states, returned = np.zeros(CLASSES, np.int64), np.zeros(CLASSES, np.int64)
            for state_class, state_count, returned_count in entries:
                states[state_class], returned[state_class] = state_count, returned_count
            counts.states[int(day)], counts.returned[int(day)] = states, returned
        return counts


@dataclass(frozen=True)
class RiskTable:
    """By number: states, returned and the risk, NaN for number 0. `number_of`: the number of each class, 0 for none."""

    states: Array
    returned: Array
    risks: Array
    number_of: Array

    @staticmethod
    def of(states: Array, returned: Array) -> "RiskTable":
        """From sums by class; a class with too few states is grouped with its neighbours."""
        all_states, all_returned = np.zeros(RISKS, np.int64), np.zeros(RISKS, np.int64)
        number_of = np.zeros(CLASSES, np.uint16)
        for width, first in reversed(list(zip(_LEVELS, _FIRST, strict=True))):
            groups = CLASSES // width
            part = slice(first, first + groups)
            all_states[part] = states.reshape(groups, width).sum(axis=1)
            all_returned[part] = returned.reshape(groups, width).sum(axis=1)
            numbers = np.repeat(np.arange(first, first + groups), width)
            # From the coarsest to the finest group: the finest with enough states wins.
            number_of = np.where(all_states[numbers] >= MIN_STATES, numbers, number_of).astype(np.uint16)
        risks = np.array([upper_bound(*map(int, pair)) for pair in zip(all_returned, all_states, strict=True)])
        risks[0] = np.nan
        return RiskTable(all_states, all_returned, risks, number_of)

    def numbers(self, classes: Array) -> Array:
        """The numbers of these classes, 0 for none."""
        # Long enough for NO_CLASS.
        number_of = np.zeros(256, np.uint16)
        number_of[:CLASSES] = self.number_of
        numbers: Array = number_of[classes]
        return numbers


class PastStates:
    """Collects states as the days of usage pass, oldest first. Takes eleven bytes a table meanwhile.

    Each variant of the watched days has its own states: every 30 watched days back from 180 before its newest. They
    are counted under the days that they would have if every day were watched.
    """

    def __init__(self, population: Population, today: int) -> None:
        self._since = population.since
        self._today = today
        self._newest = population.newest.astype(np.int64)
        eligible = np.flatnonzero(population.eligible)
        # The tables of each variant lie together, so that no variant needs to look at those of others.
        order = np.argsort(population.variant[eligible], kind="stable")
        self._tables = eligible[order].astype(np.int32)
        variants = np.arange(len(self._newest) + 1)
        self._starts = np.searchsorted(population.variant[self._tables], variants)
        # Before that time no table can have been idle for long enough to be a state.
        oldest = (self._newest - FUTURE_DAYS - IDLE_LIMITS[0]) // STATE_INTERVAL_DAYS
        # By variant: how many states are still to be taken, and to be closed; the oldest comes next.
        self._to_take = np.where(np.diff(self._starts) > 0, np.maximum(oldest + 1, 0), 0)
        self._to_close = self._to_take.copy()
        self._open: dict[int, deque[Array]] = defaultdict(deque)
        self.counts = StateCounts()

    def before_day(self, times: Array, so_far: DaysSoFar) -> None:
        """Takes the usage of all days before the one that has these watched times, by variant."""
        times = times.astype(np.int64)
        while variants := self._due(self._to_take, times):
            for variant in variants:
                self._take(variant, so_far)
        while variants := self._due(self._to_close, times - FUTURE_DAYS):
            for variant in variants:
                self._close(variant, so_far)

    def _due(self, left: Array, times: Array) -> list[int]:
        """The variants whose next state lies before these times."""
        due: list[int] = np.flatnonzero((left > 0) & (self._times(left) < times)).tolist()
        return due

    def _times(self, left: Array) -> Array:
        """The watched time of each variant's next state, when so many are left."""
        times: Array = self._newest - FUTURE_DAYS - STATE_INTERVAL_DAYS * (left - 1)
        return times

    def _take(self, variant: int, so_far: DaysSoFar) -> None:
        time = int(self._times(self._to_take)[variant])
        self._to_take[variant] -= 1
        tables = self._tables[self._starts[variant] : self._starts[variant + 1]]
        classes = np.full(len(tables), NO_CLASS, np.uint8)
        # Chunk by chunk, as `classify` makes a dozen intermediate arrays.
        for start in range(0, len(tables), CHUNK):
            part = tables[start : start + CHUNK]
            last = so_far.last_use[part]
            idle = time - np.where(last > 0, last, self._since[part]).astype(np.int32)
            states = np.flatnonzero(idle >= IDLE_LIMITS[0])
            part = part[states]
            classes[start + states] = classify(idle[states], so_far.longest_gap[part], so_far.days_of_use[part])
        self._open[variant].append(classes)

    def _close(self, variant: int, so_far: DaysSoFar) -> None:
        time = int(self._times(self._to_close)[variant])
        self._to_close[variant] -= 1
        tables = self._tables[self._starts[variant] : self._starts[variant + 1]]
        day = self._today - FUTURE_DAYS - STATE_INTERVAL_DAYS * int(self._to_close[variant])
        self.counts.add(day, self._open[variant].popleft(), so_far.last_use[tables] > time)


def tables_like(document: CountsDocument, number: int) -> tuple[int, int]:
    """How many tables were once like those behind a number of the risk table, and how many of them were used again.

    Those of the day that has the most, because a table can be such a state on many days.
    """
    if number == 0:
        return 0, 0
    level = _level(number)
    group, width = number - _FIRST[level], _LEVELS[level]
    most = (0, 0)
    for entries in document.values():
        alike = [(states, returned) for state_class, states, returned in entries if state_class // width == group]
        most = max(most, (sum(states for states, _ in alike), sum(returned for _, returned in alike)))
    return most


def _level(number: int) -> int:
    """How coarse the group behind a number of the risk table is: a place in _LEVELS."""
    return max(place for place, first in enumerate(_FIRST) if number >= first)


def describe_class(number: int) -> str:
    """What the tables behind a number of the risk table have in common, in words."""
    if number == 0:
        return "too few tables like it"
    level = _level(number)
    state_class = (number - _FIRST[level]) * _LEVELS[level]
    idle, rest = divmod(state_class, RATIO_CLASSES * USE_CLASSES)
    ratio, use = divmod(rest, USE_CLASSES)
    parts = [f"idle for {_describe_range(IDLE_LIMITS, idle)} days"]
    if level < 2:
        parts.append("without a pause before" if ratio == 0 else _describe_ratio(ratio - 1))
    if level < 1:
        parts.append(f"used on {_describe_range((0, *USE_LIMITS), use)} days")
    return ", ".join(parts)


def _describe_range(limits: tuple[int, ...], place: int) -> str:
    if place + 1 == len(limits):
        return f"{limits[place]} or more"
    last = limits[place + 1] - 1
    return f"{limits[place]}" if limits[place] == last else f"{limits[place]} to {last}"


def _describe_ratio(place: int) -> str:
    limits = (0.0, *RATIO_LIMITS)
    if place == 0:
        return f"under {limits[1]:g} times its longest pause"
    if place + 1 == len(limits):
        return f"{limits[place]:g} times its longest pause or more"
    return f"{limits[place]:g} to under {limits[place + 1]:g} times its longest pause"
