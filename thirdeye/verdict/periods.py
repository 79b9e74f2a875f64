"""What the past teaches: periods of 30 watched days that began with a table idle, and how they ended.

Each table's watched past is cut into periods, anchored at its feed's first watched day. One that begins with the table
idle for 30 days or more is a trial: used in it or not. The periods do not overlap, because overlapping ones would count
the same silence again and again. Beside the trials it is counted how many tables were once in a cell, and how many of
these were used again within 180 days: that is what can be said to people.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from thirdeye.inventory.columns import CHUNK, Array, Mask
from thirdeye.mirror.advisor import DaysSoFar, Population
from thirdeye.verdict.cells import CELLS, IDLE_LIMITS, NO_CELL, PERIOD_DAYS, RATIO_CLASSES, USE_CLASSES, cells_of

FUTURE_PERIODS: Final = 6
FUTURE_DAYS: Final = FUTURE_PERIODS * PERIOD_DAYS
# Fewer tables than that are no company: a sentence is about a coarser group then.
_COMPANY: Final = 50
# Later than all watched time.
_NEVER: Final = 2**31
# How many cells each group has: the cell alone, any number of days of use, any ratio as well.
_WIDTHS: Final = (1, USE_CLASSES, USE_CLASSES * RATIO_CLASSES)

# By age: cell, trials, used, tables and returned of each cell that has any.
CountsDocument = Mapping[str, Sequence[Sequence[int]]]


class Counts(NamedTuple):
    """By cell: trials, and those in which the table was used; tables, and those that were used again within 180 days."""

    trials: Array
    used: Array
    tables: Array
    returned: Array

    @staticmethod
    def zero() -> "Counts":
        """None of any."""
        return Counts(*(np.zeros(CELLS, np.int64) for _ in Counts._fields))


@dataclass
class PeriodCounts:
    """Counts by age.

    That is how many complete periods lie between the end of a trial, or the moment at which a table was in its cell, and
    the newest watched day.
    """

    ages: dict[int, Counts] = field(default_factory=dict)

    def of(self, age: int) -> Counts:
        """Those of an age, to be added to."""
        return self.ages.setdefault(age, Counts.zero())

    def trials(self, since_age: int = 0) -> tuple[Array, Array]:
        """Trials and used of all periods that were over by an age."""
        zero = np.zeros(CELLS, np.int64)
        known = [counts for age, counts in self.ages.items() if age >= since_age]
        return (
            np.sum([zero, *(counts.trials for counts in known)], axis=0),
            np.sum([zero, *(counts.used for counts in known)], axis=0),
        )

    def document(self) -> CountsDocument:
        """As JSON."""
        return {str(age): _entries(counts) for age, counts in sorted(self.ages.items())}

    @staticmethod
    def from_document(document: CountsDocument) -> "PeriodCounts":
        """From JSON."""
        found = PeriodCounts()
        for age, entries in document.items():
            for cell, *counts in entries:
                for column, count in zip(found.of(int(age)), counts, strict=True):
                    column[cell] = count
        return found


def _entries(counts: Counts) -> list[list[int]]:
    cells = np.flatnonzero(counts.trials | counts.tables)
    entries: list[list[int]] = np.stack([cells, *(column[cells] for column in counts)], axis=1).tolist()
    return entries


class PastPeriods:
    """Counts periods as the days of usage pass, oldest first. Takes 18 bytes a table meanwhile.

    Tables whose periods begin on the same days are a group: those of one variant of the watched days, with anchors that
    differ by whole periods.
    """

    def __init__(self, population: Population) -> None:
        self._since = population.since
        eligible = np.flatnonzero(population.eligible)
        groups = population.variant[eligible].astype(np.int64) * PERIOD_DAYS + population.anchor[eligible] % PERIOD_DAYS
        # The tables of each group lie together, so that no group needs to look at those of others.
        self._tables = eligible[np.argsort(groups, kind="stable")].astype(np.int32)
        numbers, counts = np.unique(groups, return_counts=True)
        self._ends = np.cumsum(counts)
        self._variant = numbers // PERIOD_DAYS
        self._newest = population.newest.astype(np.int64)[self._variant]
        # Before that no table can have been idle for a period.
        self._next = numbers % PERIOD_DAYS + PERIOD_DAYS
        # No period begins before that time of the variant that is furthest.
        self._soonest = self._next.min(initial=_NEVER)
        self._open: dict[int, deque[Array]] = defaultdict(deque)
        self.counts = PeriodCounts()

    def before_day(self, times: Array, so_far: DaysSoFar) -> None:
        """Takes the usage of all days before the one that has these watched times, by variant."""
        if times.max(initial=0) <= self._soonest:
            return
        now = times.astype(np.int64)[self._variant]
        while groups := self._due(now):
            for group in groups:
                self._step(group, so_far)
        self._soonest = self._next[self._next <= self._newest].min(initial=_NEVER)

    def _due(self, now: Array) -> list[int]:
        """The groups of which a period began before these watched times."""
        due: list[int] = np.flatnonzero((self._next < now) & (self._next <= self._newest)).tolist()
        return due

    def _step(self, group: int, so_far: DaysSoFar) -> None:
        """Ends what ends at the next beginning of a period, and begins what begins then."""
        time, newest = int(self._next[group]), int(self._newest[group])
        self._next[group] += PERIOD_DAYS
        end = int(self._ends[group])
        tables, is_open = self._tables[int(self._ends[group - 1]) if group else 0 : end], self._open[group]
        last_use = so_far.last_use[tables]
        if is_open:
            counts = self.counts.of((newest - time) // PERIOD_DAYS)
            _count(counts.trials, counts.used, is_open[-1], last_use > time - PERIOD_DAYS)
        if len(is_open) == FUTURE_PERIODS:
            counts = self.counts.of((newest - time + FUTURE_DAYS) // PERIOD_DAYS)
            _count(counts.tables, counts.returned, is_open.popleft(), last_use > time - FUTURE_DAYS)
        if time + PERIOD_DAYS <= newest:
            is_open.append(self._cells(tables, time, so_far))

    def _cells(self, tables: Array, time: int, so_far: DaysSoFar) -> Array:
        cells = np.full(len(tables), NO_CELL, np.uint16)
        # Chunk by chunk, as `cells_of` makes a dozen intermediate arrays.
        for start in range(0, len(tables), CHUNK):
            part = tables[start : start + CHUNK]
            last, since = so_far.last_use[part], self._since[part]
            # It was known by its first row, whatever else says since when.
            first = so_far.first_row[part]
            since = np.where(first > 0, np.minimum(first, since), since)
            idle = time - np.where(last > 0, last, since).astype(np.int32)
            idle_tables = np.flatnonzero(idle >= IDLE_LIMITS[0])
            part = part[idle_tables]
            pause, days = so_far.longest_gap[part].astype(np.int64), so_far.days_of_use[part]
            cells[start + idle_tables] = cells_of(idle[idle_tables], pause, days)
        return cells


def _count(all_of: Array, some_of: Array, cells: Array, chosen: Mask) -> None:
    """Adds cells to counts, and those of the chosen tables to others."""
    is_idle = cells != NO_CELL
    all_of += np.bincount(cells[is_idle], minlength=CELLS)
    some_of += np.bincount(cells[is_idle & chosen], minlength=CELLS)


def tables_like(document: CountsDocument, cell: int) -> tuple[int, int]:
    """How many tables were once in a cell, and how many of them were used again within 180 days.

    Those of the age that has the most, because a table can be in a cell at many times. Where these are few, tables of
    any number of days of use count, and then of any ratio.
    """
    most = (0, 0)
    for width in _WIDTHS:
        most = max(_alike(entries, cell, width) for entries in (*document.values(), ()))
        if most[0] >= _COMPANY:
            break
    return most


def _alike(entries: Iterable[Sequence[int]], cell: int, width: int) -> tuple[int, int]:
    alike = [entry for entry in entries if entry[0] // width == cell // width]
    return sum(entry[3] for entry in alike), sum(entry[4] for entry in alike)
