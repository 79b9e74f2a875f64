"""Totals of the estate by service, database, owner, domain, tier and activity, and top lists. Prepared by a refresh."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final, TypedDict, cast

import numpy as np

from thirdeye.inventory.columns import PRESENT, ZOMBIE, Array, Columns, Mask, select
from thirdeye.inventory.directory import Directory, Domain, Owner
from thirdeye.inventory.money import BYTES_PER_GB, format_cost
from thirdeye.inventory.query import Catalogue, Sort, TableFilter, select_page
from thirdeye.inventory.rules import ACTIVITIES

# Of databases and owners only the most expensive are kept.
MAX_ENTRIES: Final = 1000
TOP_TABLES: Final = 10


class Totals(TypedDict):
    """Totals of some tables. Costs are USD a month with six decimals; unknown sizes and costs are left out."""

    tables: int
    sizedTables: int
    bytes: int
    storageCost: str
    queryCost: str
    monthlyCost: str
    zombies: int
    zombieBytes: int
    zombieCost: str


class GroupTotals(Totals, total=False):
    """Totals of a group, with what names the group."""

    service: str
    type: str | None
    database: str | None
    owner: Owner | None
    domain: Domain | None
    # An index into `filters.TIERS`.
    tier: int
    activity: str


class Summary(TypedDict):
    """The stored totals. Groups come most expensive first, tiers and activities in their own order."""

    total: Totals
    byService: list[GroupTotals]
    byDatabase: list[GroupTotals]
    databases: int
    byOwner: list[GroupTotals]
    owners: int
    byDomain: list[GroupTotals]
    byTier: list[GroupTotals]
    byActivity: list[GroupTotals]
    # The numbers of the most expensive tables: `dearest` of all, `zombies`, and `ownerless` ones.
    top: dict[str, list[int]]


@dataclass(slots=True)
class _Sums:
    """Exact sums; costs are USD a month."""

    tables: int = 0
    sized: int = 0
    bytes: int = 0
    storage: Decimal = Decimal(0)
    queries: Decimal = Decimal(0)


class _SumsByGroup:
    """Adds up tables by group and service, as integers that cannot overflow.

    Keeps only groups and services that occur together: thousands of owners times hundreds of services are mostly zeros.
    """

    def __init__(self, services: int) -> None:
        self._services = max(services, 1)
        self._parts: list[tuple[Array, ...]] = []

    def add(self, groups: Array, services: Array, sizes: Array, query_costs: Array) -> None:
        """Adds tables: the group, service, size (-1: unknown) and cost of queries (NaN: unknown) of each."""
        sized = np.maximum(sizes, 0)
        self._parts.append(
            _sum_by_cell(
                groups.astype(np.int64) * self._services + services,
                np.ones(len(groups), np.int64),
                (sizes >= 0).astype(np.int64),
                sized & 0xFFFF_FFFF,
                sized >> 32,
                np.nan_to_num(query_costs),
            )
        )

    def sums(self, prices: Sequence[Decimal]) -> dict[int, _Sums]:
        """The sums of each group that has tables, at these storage prices."""
        groups = dict[int, _Sums]()
        if not self._parts:
            return groups
        columns = _sum_by_cell(*(np.concatenate(column) for column in zip(*self._parts, strict=True)))
        for cell, tables, sized, low, high, queries in zip(*(column.tolist() for column in columns), strict=True):
            group, service = divmod(cell, self._services)
            size = (high << 32) + low
            sums = groups.setdefault(group, _Sums())
            sums.tables += tables
            sums.sized += sized
            sums.bytes += size
            sums.storage += size * prices[service] / BYTES_PER_GB
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


# Given a chunk and a mask, gives the places of its tables and the group of each; a table may be in several groups.
GroupsOf = Callable[[Mapping[str, Array], Mask], tuple[Array, Array]]


def summarise(columns: Columns, directory: Directory, prices: Sequence[Decimal]) -> Summary:
    """The totals of an estate. `prices` are USD per GB and month by service."""
    places, services, owner_sets = directory["places"], directory["services"], directory["owner_sets"]
    place_service = np.array([place[0] for place in places] or [0], np.int32)
    databases = list(dict.fromkeys((place[0], place[1]) for place in places))
    database_numbers = {database: number for number, database in enumerate(databases)}
    database_of_place = np.array([database_numbers[place[0], place[1]] for place in places] or [0], np.int64)
    # By id; in totals they are numbered from 1 on.
    owners = {owner[0]: owner for owner_set in owner_sets for owner in owner_set}
    owners_by_number = [None, *owners.values()]
    catalogue = Catalogue(
        columns=columns, place_service=place_service, prices=np.array([float(price) for price in prices] or [0.0])
    )

    by = partial(_totals_by_group, columns, place_service, len(services), prices)
    all_tables = by(_single(lambda chunk: np.zeros(len(chunk["flags"]))))
    return {
        "total": all_tables[0][1] if all_tables else _totals(_Sums(), _Sums()),
        "byService": _most_expensive_first(
            _named(totals, service=services[group]["name"], type=services[group]["type"])
            for group, totals in by(_single(lambda chunk: place_service[chunk["place"]]))
        ),
        "byDatabase": _most_expensive_first(
            _named(totals, service=services[databases[group][0]]["name"], database=databases[group][1])
            for group, totals in by(_single(lambda chunk: database_of_place[chunk["place"]]))
        )[:MAX_ENTRIES],
        "databases": len(databases),
        "byOwner": _most_expensive_first(
            _named(totals, owner=owners_by_number[group]) for group, totals in by(_owner_groups(owner_sets, owners))
        )[:MAX_ENTRIES],
        "owners": len(owners),
        "byDomain": _most_expensive_first(
            _named(totals, domain=directory["domains"][group])
            for group, totals in by(_single(lambda chunk: chunk["domain"]))
        ),
        "byTier": [_named(totals, tier=group) for group, totals in by(_single(lambda chunk: chunk["tier"]))],
        "byActivity": [
            _named(totals, activity=ACTIVITIES[group]) for group, totals in by(_single(lambda chunk: chunk["activity"]))
        ],
        "top": {
            "dearest": _top(catalogue, TableFilter()),
            "zombies": _top(catalogue, TableFilter(zombie=True)),
            "ownerless": _top(catalogue, TableFilter(owner_sets=select([0], len(owner_sets)))),
        },
    }


def _named(totals: Totals, **name: object) -> GroupTotals:
    return cast(GroupTotals, {**name, **totals})


def _top(catalogue: Catalogue, table_filter: TableFilter) -> list[int]:
    return select_page(catalogue, table_filter, Sort(key="cost", descending=True), TOP_TABLES).numbers


def _single(group_of: Callable[[Mapping[str, Array]], Array]) -> GroupsOf:
    """Groups in which each table is once; `group_of` gives the group of each table of a chunk."""

    def groups(chunk: Mapping[str, Array], mask: Mask) -> tuple[Array, Array]:
        places = np.flatnonzero(mask)
        return places, group_of(chunk)[places]

    return groups


def _owner_groups(owner_sets: Sequence[Sequence[Owner]], ids: Iterable[str]) -> GroupsOf:
    """Groups by owner, numbered from 1 on: 0 for tables without one; a table counts for each of its owners."""
    number_by_id = {identifier: number for number, identifier in enumerate(ids, 1)}
    members = [[number_by_id[owner[0]] for owner in owner_set] or [0] for owner_set in owner_sets]
    counts = np.array([len(numbers) for numbers in members])
    starts = np.cumsum(counts) - counts
    flat = np.array([number for numbers in members for number in numbers])

    def groups(chunk: Mapping[str, Array], mask: Mask) -> tuple[Array, Array]:
        places = np.flatnonzero(mask)
        sets = chunk["owners"][places]
        repeated = np.repeat(places, counts[sets])
        within = np.arange(len(repeated)) - np.repeat(np.cumsum(counts[sets]) - counts[sets], counts[sets])
        return repeated, flat[np.repeat(starts[sets], counts[sets]) + within]

    return groups


def _totals_by_group(
    columns: Columns, place_service: Array, services: int, prices: Sequence[Decimal], groups_of: GroupsOf
) -> list[tuple[int, Totals]]:
    present, zombies = _SumsByGroup(services), _SumsByGroup(services)
    for number in range(columns.chunks):
        chunk = columns.parts(number)
        for sums, flags in ((present, PRESENT), (zombies, PRESENT | ZOMBIE)):
            places, groups = groups_of(chunk, (chunk["flags"] & flags) == flags)
            service = place_service[chunk["place"][places]]
            sums.add(groups, service, chunk["size"][places], chunk["query_cost"][places])
    zombie_sums = zombies.sums(prices)
    return [
        (group, _totals(sums, zombie_sums.get(group, _Sums()))) for group, sums in sorted(present.sums(prices).items())
    ]


def _totals(sums: _Sums, zombies: _Sums) -> Totals:
    return {
        "tables": sums.tables,
        "sizedTables": sums.sized,
        "bytes": sums.bytes,
        "storageCost": format_cost(sums.storage),
        "queryCost": format_cost(sums.queries),
        "monthlyCost": format_cost(sums.storage + sums.queries),
        "zombies": zombies.tables,
        "zombieBytes": zombies.bytes,
        "zombieCost": format_cost(zombies.storage + zombies.queries),
    }


def _most_expensive_first(entries: Iterable[GroupTotals]) -> list[GroupTotals]:
    return sorted(entries, key=lambda entry: (-Decimal(entry["monthlyCost"]), -entry["bytes"], -entry["tables"]))
