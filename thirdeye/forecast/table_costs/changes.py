"""Which tables make the change of a place's cost between two days: new ones, those that were there, those that are gone.

A cost counts where it is known: of a table that was there on both days what is known of both. Tables of which a part was
left out for that are counted. Pure; USD a month.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import nsmallest
from typing import Final, NamedTuple

import numpy as np

from thirdeye.forecast.places import EVERYTHING, Place
from thirdeye.forecast.table_costs.costs import TableCosts
from thirdeye.inventory.columns import Array

MAX_TABLES: Final = 20
_COSTS: Final = ("storage", "queries")


class ChangeKind(StrEnum):
    """What became of a table in a place: it came, costs more or less, or went; from or into another place, too."""

    NEW = "NEW"
    GROWTH = "GROWTH"
    GONE = "GONE"


class TableChange(NamedTuple):
    """A table whose cost changed."""

    number: int
    kind: ChangeKind
    before: float
    now: float

    @property
    def usd(self) -> float:
        return self.now - self.before

    @property
    def rank(self) -> tuple[float, int]:
        """The largest change first."""
        return -abs(self.usd), self.number


@dataclass(slots=True)
class KindChange:
    """How many tables of a kind there are, and what they change; of GROWTH only those that cost another sum."""

    tables: int = 0
    usd: float = 0.0


@dataclass(slots=True)
class Changes:
    """Those of a place. `unknown`: tables of whose cost something was left out, for it is not known."""

    kinds: dict[ChangeKind, KindChange] = field(default_factory=lambda: {kind: KindChange() for kind in ChangeKind})
    unknown: int = 0
    largest: list[TableChange] = field(default_factory=list)

    def add(self, other: "Changes") -> None:
        """Adds those of other tables."""
        for kind, change in other.kinds.items():
            self.kinds[kind].tables += change.tables
            self.kinds[kind].usd += change.usd
        self.unknown += other.unknown
        self.largest = nsmallest(MAX_TABLES, [*self.largest, *other.largest], key=lambda change: change.rank)


def changes_by_place(before: TableCosts, now: TableCosts) -> dict[Place, Changes]:
    """Of every place that has or had tables, and of the whole estate."""
    cells = _Cells()
    was, is_ = cells.of_tables(before), cells.of_tables(now)
    length = max(before.length, now.length)
    was, is_ = _longer(was, length, -1), _longer(is_, length, -1)
    old = {name: _longer(before.columns[name], length, np.nan) for name in _COSTS}
    new = {name: _longer(now.columns[name], length, np.nan) for name in _COSTS}
    by_place: dict[Place, Changes] = {EVERYTHING: Changes()}
    for numbers in _groups(was, is_, len(cells.places) + 1):
        left, came = int(was[numbers[0]]), int(is_[numbers[0]])
        places_before, places_now = cells.places_of(left), cells.places_of(came)
        costs = [({name: each[name][numbers] for name in _COSTS}) for each in (old, new)]
        for kind, places in (
            (ChangeKind.NEW, places_now - places_before),
            (ChangeKind.GROWTH, places_before & places_now),
            (ChangeKind.GONE, places_before - places_now),
        ):
            if places:
                changes = _changes(numbers, kind, *costs)
                for place in places:
                    by_place.setdefault(place, Changes()).add(changes)
    return by_place


class _Cells:
    """Services and sets of domains of two days under numbers of their own: those of the days are others."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, tuple[str, ...]], int] = {}
        self.places: list[frozenset[Place]] = []

    def of_tables(self, costs: TableCosts) -> Array:
        """The cell of each table; -1 where there is none."""
        service, domains = costs.columns["service"].astype(np.int64), costs.columns["domains"]
        found, where = np.unique(service * max(len(costs.domains), 1) + domains, return_inverse=True)
        numbers = [self._number(costs, *divmod(int(each), max(len(costs.domains), 1))) for each in found]
        cells: Array = np.array(numbers or [-1], np.int64)[where]
        return cells

    def _number(self, costs: TableCosts, service: int, domains: int) -> int:
        if not service:
            return -1
        name, fqns = costs.services[service - 1], tuple(costs.domains[domains] if costs.domains else ())
        number = self._numbers.setdefault((name, fqns), len(self.places))
        if number == len(self.places):
            self.places.append(frozenset(Place(each, fqn) for each in (None, name) for fqn in (None, *fqns)))
        return number

    def places_of(self, cell: int) -> frozenset[Place]:
        return self.places[cell] if cell >= 0 else frozenset()


def _longer(values: Array, length: int, filler: float) -> Array:
    longer = np.full(length, filler, values.dtype)
    longer[: len(values)] = values
    return longer


def _groups(was: Array, is_: Array, cells: int) -> Iterator[Array]:
    """The numbers of the tables that went from one cell to another, or stayed, by these."""
    numbers = np.flatnonzero((was >= 0) | (is_ >= 0))
    pair = (was[numbers] + 1) * cells + is_[numbers] + 1
    order = np.argsort(pair, kind="stable")
    bounds = np.flatnonzero(np.diff(pair[order])) + 1
    return (group for group in np.split(numbers[order], bounds) if len(group))


def _changes(numbers: Array, kind: ChangeKind, old: Mapping[str, Array], new: Mapping[str, Array]) -> Changes:
    """As changes of this kind: what was before does not matter for NEW, what is now not for GONE."""
    before, now, left_out = np.zeros(len(numbers)), np.zeros(len(numbers)), np.zeros(len(numbers), np.bool_)
    nothing = np.ones(len(numbers), np.bool_)
    for name in _COSTS:
        had, has = ~np.isnan(old[name]), ~np.isnan(new[name])
        if kind is ChangeKind.GROWTH:
            counts, left_out = had & has, left_out | (had != has)
        else:
            counts = has if kind is ChangeKind.NEW else had
        before += np.where(counts & (kind is not ChangeKind.NEW), old[name], 0.0)
        now += np.where(counts & (kind is not ChangeKind.GONE), new[name], 0.0)
        nothing &= ~counts
    changed = now - before
    moved = np.flatnonzero(changed)
    if len(moved) > MAX_TABLES:
        # Among equal ones those of the lowest numbers, whatever the order is in which they come.
        moved = moved[np.lexsort((numbers[moved], -np.abs(changed[moved])))[:MAX_TABLES]]
    largest = [TableChange(int(numbers[each]), kind, float(before[each]), float(now[each])) for each in moved.tolist()]
    found = Changes(unknown=int((left_out | nothing).sum()), largest=largest)
    tables = int(np.count_nonzero(changed)) if kind is ChangeKind.GROWTH else len(numbers)
    found.kinds[kind] = KindChange(tables, float(changed.sum()))
    return found
