"""Return risk: how often tables like this one were used again, learnt from the usage that OM still holds.

A state is a table on a day of the past, classed by how long it had been idle, by that against its own longest pause
before, and by its number of days of use. States are taken every 30 days back from 180 days ago; each has the 180 days
after it as its future.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from thirdeye.inventory.columns import CHUNK, Array, Mask

EVERY_DAYS: Final = 30
FUTURE_DAYS: Final = 180
LEAST_STATES: Final = 200
# Lower limits of the classes of idle days; of the ratio to the longest pause; of the number of days of use.
IDLE_LIMITS: Final = (60, 90, 120, 180, 270, 365, 540)
RATIO_LIMITS: Final = (1.0, 1.5, 2.5, 5.0)
USE_LIMITS: Final = (1, 2, 6, 31)
IDLE_CLASSES, RATIO_CLASSES, USE_CLASSES = len(IDLE_LIMITS), len(RATIO_LIMITS) + 2, len(USE_LIMITS) + 1
CLASSES: Final = IDLE_CLASSES * RATIO_CLASSES * USE_CLASSES
NO_CLASS: Final = 255
# Classes are numbered from 1: the full ones, then without the number of days of use, then idle days alone. 0: none.
_LEVELS: Final = (1, USE_CLASSES, USE_CLASSES * RATIO_CLASSES)
_FIRST: Final = (1, 1 + CLASSES, 1 + CLASSES + CLASSES // USE_CLASSES)
RISKS: Final = 1 + sum(CLASSES // width for width in _LEVELS)
_Z: Final = 1.959963984540054


def classes(idle: Array, longest_pause: Array, days_of_use: Array) -> Array:
    """The class of each table, 0 to CLASSES - 1; NO_CLASS for those idle for less than 60 days."""
    idle, pause = idle.astype(np.int64), longest_pause.astype(np.int64)
    of_idle = np.searchsorted(IDLE_LIMITS, idle, side="right") - 1
    ratio = np.searchsorted(RATIO_LIMITS, idle / np.maximum(pause, 1), side="right") + 1
    of_ratio = np.where(pause > 0, ratio, 0)
    of_use = np.searchsorted(USE_LIMITS, days_of_use.astype(np.int64), side="right")
    found = (of_idle * RATIO_CLASSES + of_ratio) * USE_CLASSES + of_use
    return np.where(of_idle >= 0, found, NO_CLASS).astype(np.uint8)


def upper_bound(returned: int, states: int) -> float:
    """The upper end of the 95 % Wilson interval of a share; 1 for none of none."""
    return wilson(returned, states)[1]


def wilson(found: int, of: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share; 0 to 1 for none of none."""
    if of == 0:
        return 0.0, 1.0
    share, square = found / of, _Z * _Z / of
    middle, spread = share + square / 2, _Z * math.sqrt(share * (1 - share) / of + square / (4 * of))
    lower, upper = (middle - spread) / (1 + square), (middle + spread) / (1 + square)
    # At the ends rounding may leave a hair of the other side.
    return (0.0 if found == 0 else max(lower, 0.0)), (1.0 if found == of else min(upper, 1.0))


@dataclass
class StateCounts:
    """States and returns of each class, by day of the states. Rows of CLASSES numbers."""

    states: dict[int, Array] = field(default_factory=dict)
    returned: dict[int, Array] = field(default_factory=dict)

    def add(self, day: int, of: Array, returned: Mask) -> None:
        """Adds a day's states: the class of each table (NO_CLASS: no state), and which were used again."""
        here = of != NO_CLASS
        self.states[day] = np.bincount(of[here], minlength=CLASSES)
        self.returned[day] = np.bincount(of[here & returned], minlength=CLASSES)

    def until(self, day: int) -> tuple[Array, Array]:
        """The sums of the states whose future was over by `day`."""
        zero = np.zeros(CLASSES, np.int64)
        days = [each for each in self.states if each + FUTURE_DAYS <= day]
        return (
            np.sum([zero, *(self.states[each] for each in days)], axis=0),
            np.sum([zero, *(self.returned[each] for each in days)], axis=0),
        )

    def document(self) -> dict[str, Any]:
        """As JSON: by day pairs of class, states and returned, of the classes that have any."""
        return {
            str(day): [
                [place, int(counts[place]), int(self.returned[day][place])] for place in np.flatnonzero(counts).tolist()
            ]
            for day, counts in sorted(self.states.items())
        }

    @staticmethod
    def of(document: Mapping[str, Any]) -> "StateCounts":
        """Out of a document."""
        found = StateCounts()
        for day, entries in document.items():
            states, returned = np.zeros(CLASSES, np.int64), np.zeros(CLASSES, np.int64)
            for place, many, back in entries:
                states[place], returned[place] = many, back
            found.states[int(day)], found.returned[int(day)] = states, returned
        return found


@dataclass(frozen=True)
class RiskTable:
    """What the states say. By number: `states` and `returned` behind each number, and the risk, NaN for number 0."""

    states: Array
    returned: Array
    risks: Array
    number_of: Array

    @staticmethod
    def of(states: Array, returned: Array) -> "RiskTable":
        """Out of sums by class; a class with too few states is taken together with its neighbours."""
        all_states, all_returned = np.zeros(RISKS, np.int64), np.zeros(RISKS, np.int64)
        number_of = np.zeros(CLASSES, np.uint16)
        for width, first in reversed(list(zip(_LEVELS, _FIRST, strict=True))):
            groups = CLASSES // width
            part = slice(first, first + groups)
            all_states[part] = states.reshape(groups, width).sum(axis=1)
            all_returned[part] = returned.reshape(groups, width).sum(axis=1)
            numbers = np.repeat(np.arange(first, first + groups), width)
            # From the coarsest to the finest: what has enough is taken over.
            number_of = np.where(all_states[numbers] >= LEAST_STATES, numbers, number_of).astype(np.uint16)
        risks = np.array(
            [upper_bound(int(back), int(many)) for back, many in zip(all_returned, all_states, strict=True)]
        )
        risks[0] = np.nan
        return RiskTable(all_states, all_returned, risks, number_of)

    def numbers(self, of: Array) -> Array:
        """The number of each class, 0 for none."""
        padded = np.zeros(256, np.uint16)
        padded[:CLASSES] = self.number_of
        found: Array = padded[of]
        return found


class PastStates:
    """Takes states as the days of usage pass by, oldest first. Seven bytes a table while it does."""

    def __init__(self, created: Array, present: Mask, service: Array, today: int) -> None:
        self._created = created
        self._present = present
        self._service = service
        last = today - FUTURE_DAYS
        self._due = list(range(last, 0, -EVERY_DAYS))
        self._open: list[tuple[int, Array]] = []
        self.counts = StateCounts()

    def before_day(self, day: int, last_use: Array, days_of_use: Array, longest_gap: Array, first_row: Array) -> None:
        """Told what all days before `day` say; `first_row` by service, 0 for none yet."""
        if not first_row.any():
            return
        # Before so long nothing can have been idle for long enough to be a state.
        earliest = int(first_row[first_row > 0].min()) + IDLE_LIMITS[0]
        while self._due and self._due[-1] < earliest:
            self._due.pop()
        while self._due and self._due[-1] < day:
            taken = self._due.pop()
            self._open.append((taken, self._states(taken, last_use, days_of_use, longest_gap, first_row)))
        while self._open and self._open[0][0] + FUTURE_DAYS < day:
            self._close(last_use)

    def _close(self, last_use: Array) -> None:
        day, of = self._open.pop(0)
        self.counts.add(day, of, last_use > day)

    def _states(self, day: int, last_use: Array, days_of_use: Array, longest_gap: Array, first_row: Array) -> Array:
        found = np.full(len(self._present), NO_CLASS, np.uint8)
        # A chunk at a time, for the classes make a dozen arrays on the way.
        for start in range(0, len(found), CHUNK):
            part = slice(start, start + CHUNK)
            first, created = first_row.astype(np.int32)[self._service[part]], self._created[part].astype(np.int32)
            last = last_use[part].astype(np.int32)
            there = self._present[part] & (first > 0) & (first <= day) & (created <= day)
            never = np.where(created > 0, np.minimum(day - created, day - first), day - first)
            idle = np.maximum(np.where(last > 0, day - last, never), 0)
            found[part] = np.where(there, classes(idle, longest_gap[part], days_of_use[part]), NO_CLASS)
        return found


def class_words(number: int) -> str:
    """What the tables behind a number of the risk table have in common."""
    if number == 0:
        return "too few tables like it"
    level = max(place for place, first in enumerate(_FIRST) if number >= first)
    of = (number - _FIRST[level]) * _LEVELS[level]
    place_idle, rest = divmod(of, RATIO_CLASSES * USE_CLASSES)
    place_ratio, place_use = divmod(rest, USE_CLASSES)
    words = [f"idle for {_span(IDLE_LIMITS, place_idle)} days"]
    if level < 2:
        pauses = "without a pause before" if place_ratio == 0 else _ratio(place_ratio - 1)
        words.append(pauses)
    if level < 1:
        uses = (0, *USE_LIMITS)
        words.append(f"used on {_span(uses, place_use)} days")
    return ", ".join(words)


def _span(limits: tuple[int, ...], place: int) -> str:
    if place + 1 == len(limits):
        return f"{limits[place]} or more"
    last = limits[place + 1] - 1
    return f"{limits[place]}" if limits[place] == last else f"{limits[place]} to {last}"


def _ratio(place: int) -> str:
    limits = (0.0, *RATIO_LIMITS)
    if place == 0:
        return f"under {limits[1]:g} times its longest pause"
    if place + 1 == len(limits):
        return f"{limits[place]:g} times its longest pause or more"
    return f"{limits[place]:g} to under {limits[place + 1]:g} times its longest pause"
