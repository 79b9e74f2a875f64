"""What groups of tables hold and cost, added up exactly. Sums come before rounding."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from thirdeye.inventory.columns import Array
from thirdeye.inventory.money import BYTES_PER_GB
from thirdeye.inventory.storage_prices import TARIFFS, Tariffs

# Group, tariff, tables, tables of known size, bytes, and USD a month of queries. Bytes are digits: they may exceed what
# JSON has, and the reader makes integers of them.
Cell = tuple[int, int, int, int, str, float]


@dataclass(slots=True)
class Sums:
    """Exact sums of some tables; costs are USD a month, `services` are the numbers of theirs."""

    tables: int = 0
    sized: int = 0
    bytes: int = 0
    storage: Decimal = Decimal(0)
    queries: Decimal = Decimal(0)
    services: set[int] = field(default_factory=set)

    def add(self, other: "Sums") -> None:
        """Adds the sums of other tables."""
        self.tables += other.tables
        self.sized += other.sized
        self.bytes += other.bytes
        self.storage += other.storage
        self.queries += other.queries
        self.services |= other.services


class SumsByGroup:
    """Adds up tables by group and tariff, as integers that cannot overflow.

    Keeps only groups and tariffs that occur together: thousands of owners times hundreds of services are mostly zeros.
    """

    def __init__(self, tariffs: Tariffs) -> None:
        self._tariffs = tariffs
        self._parts: list[tuple[Array, ...]] = []

    def add(self, groups: Array, tariffs: Array, sizes: Array, query_costs: Array) -> None:
        """Adds tables: the group, tariff, size (-1: unknown) and cost of queries (NaN: unknown) of each."""
        sized = np.maximum(sizes, 0)
        self._parts.append(
            _sum_by_cell(
                groups.astype(np.int64) * len(self._tariffs.exact) + tariffs,
                np.ones(len(groups), np.int64),
                (sizes >= 0).astype(np.int64),
                sized & 0xFFFF_FFFF,
                sized >> 32,
                np.nan_to_num(query_costs),
            )
        )

    def cells(self) -> Iterator[Cell]:
        """The amounts of each group and tariff that occur together."""
        if not self._parts:
            return
        columns = _sum_by_cell(*(np.concatenate(column) for column in zip(*self._parts, strict=True)))
        for cell, tables, sized, low, high, queries in zip(*(column.tolist() for column in columns), strict=True):
            group, tariff = divmod(cell, len(self._tariffs.exact))
            yield group, tariff, tables, sized, str((high << 32) + low), queries

    def sums(self) -> dict[int, Sums]:
        """The sums of each group that has tables."""
        return sums_of(self.cells(), self._tariffs)


def sums_of(cells: Iterable[Cell], tariffs: Tariffs) -> dict[int, Sums]:
    """The sums of each group of these cells."""
    groups = dict[int, Sums]()
    for group, tariff, tables, sized, size, queries in cells:
        sums = groups.setdefault(group, Sums())
        sums.tables += tables
        sums.sized += sized
        sums.bytes += int(size)
        sums.storage += int(size) * tariffs.exact[tariff] / BYTES_PER_GB
        sums.services.add(tariff // TARIFFS)
        sums.queries += Decimal(repr(queries))
    return groups


def _sum_by_cell(cells: Array, *columns: Array) -> tuple[Array, ...]:
    """The distinct cells, and the sums of each column by cell."""
    distinct, places = np.unique(cells, return_inverse=True)
    sums = list[Array]()
    for column in columns:
        total = np.zeros(len(distinct), column.dtype)
        np.add.at(total, places, column)
        sums.append(total)
    return distinct, *sums
