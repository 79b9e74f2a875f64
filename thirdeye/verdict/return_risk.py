"""Return risk: how often tables like this one were used again, learnt from the usage that OM still has.

A state is a table on a past day. Its class depends on how long the table had been idle, on the ratio of that to its
longest pause before, and on its number of days of use. States are taken every 30 days back from 180 days ago; the 180
days after each are its future. The risk table has a number for each class, and for groups of classes with too few states.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from thirdeye.inventory.columns import CHUNK, Array, Mask

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
        """Adds a day's states: the class of each table (NO_CLASS: no state), and which tables were used again."""
        is_state = classes != NO_CLASS
        self.states[day] = np.bincount(classes[is_state], minlength=CLASSES)
        self.returned[day] = np.bincount(classes[is_state & returned], minlength=CLASSES)

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
    """Collects states as the days of usage pass, oldest first. Takes seven bytes a table meanwhile."""

    def __init__(self, created: Array, present: Mask, service: Array, today: int) -> None:
        self._created = created
        self._present = present
        self._service = service
        self._due = list(range(today - FUTURE_DAYS, 0, -STATE_INTERVAL_DAYS))
        self._open: list[tuple[int, Array]] = []
        self.counts = StateCounts()

    def before_day(self, day: int, last_use: Array, days_of_use: Array, longest_gap: Array, first_row: Array) -> None:
        """Takes the usage of all days before `day`; `first_row` by service, 0 for none yet."""
        if not first_row.any():
            return
        # Before that day no table can have been idle for long enough to be a state.
        earliest = int(first_row[first_row > 0].min()) + IDLE_LIMITS[0]
        while self._due and self._due[-1] < earliest:
            self._due.pop()
        while self._due and self._due[-1] < day:
            state_day = self._due.pop()
            self._open.append((state_day, self._states(state_day, last_use, days_of_use, longest_gap, first_row)))
        while self._open and self._open[0][0] + FUTURE_DAYS < day:
            state_day, classes = self._open.pop(0)
            self.counts.add(state_day, classes, last_use > state_day)

    def _states(self, day: int, last_use: Array, days_of_use: Array, longest_gap: Array, first_row: Array) -> Array:
        classes = np.full(len(self._present), NO_CLASS, np.uint8)
        # Chunk by chunk, as `classify` makes a dozen intermediate arrays.
        for start in range(0, len(classes), CHUNK):
            part = slice(start, start + CHUNK)
            first, created = first_row.astype(np.int32)[self._service[part]], self._created[part].astype(np.int32)
            last = last_use[part].astype(np.int32)
            is_state = self._present[part] & (first > 0) & (first <= day) & (created <= day)
            never_used = np.where(created > 0, np.minimum(day - created, day - first), day - first)
            idle = np.maximum(np.where(last > 0, day - last, never_used), 0)
            classes[part] = np.where(is_state, classify(idle, longest_gap[part], days_of_use[part]), NO_CLASS)
        return classes


def describe_class(number: int) -> str:
    """What the tables behind a number of the risk table have in common, in words."""
    if number == 0:
        return "too few tables like it"
    level = max(place for place, first in enumerate(_FIRST) if number >= first)
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
