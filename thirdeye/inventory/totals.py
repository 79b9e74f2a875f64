"""Totals of the estate by service, database, owner, domain, tier and activity, and top lists; prepared by a refresh."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np

from thirdeye.inventory.columns import PRESENT, ZOMBIE, Array, Columns, Mask
from thirdeye.inventory.money import BYTES_PER_GB, cost_text
from thirdeye.inventory.query import Catalogue, Sort, TableFilter, page
from thirdeye.inventory.rules import ACTIVITIES

# So many databases and owners, the dearest, are kept.
MOST_ENTRIES: Final = 1000
TOP: Final = 10


class _Sums:
    """Exact sums by group: counts, and bytes by group and service, as integers that cannot overflow.

    Only of groups and services that meet: thousands of owners times hundreds of services would be mostly zeros.
    """

    def __init__(self, services: int) -> None:
        self._services = max(services, 1)
        self._parts: list[tuple[Array, ...]] = []

    def add(self, groups: Array, services: Array, sizes: Array, query_costs: Array) -> None:
        """Adds tables: the group, service, size (-1 unknown) and cost of queries (NaN unknown) of each."""
        known = np.maximum(sizes, 0)
        self._parts.append(
            _by_cell(
                groups.astype(np.int64) * self._services + services,
                np.ones(len(groups), np.int64),
                (sizes >= 0).astype(np.int64),
                known & 0xFFFF_FFFF,
                known >> 32,
                np.nan_to_num(query_costs),
            )
        )

    def totals(self, prices: Sequence[Decimal]) -> dict[int, dict[str, Any]]:
        """By group that has tables: tables, sized tables, bytes and exact USD a month."""
        found: dict[int, dict[str, Any]] = {}
        if not self._parts:
            return found
        columns = _by_cell(*(np.concatenate(column) for column in zip(*self._parts, strict=True)))
        for cell, tables, sized, low, high, queries in zip(*(each.tolist() for each in columns), strict=True):
            group, service = divmod(cell, self._services)
            size = (high << 32) + low
            entry = found.setdefault(
                group, {"tables": 0, "sized": 0, "bytes": 0, "storage": Decimal(0), "queries": Decimal(0)}
            )
            entry["tables"] += tables
            entry["sized"] += sized
            entry["bytes"] += size
            entry["storage"] += size * prices[service] / BYTES_PER_GB
            entry["queries"] += Decimal(repr(queries))
        return found


def _by_cell(cells: Array, *values: Array) -> tuple[Array, ...]:
    """The different cells, and of each column of values the sums by cell."""
    different, places = np.unique(cells, return_inverse=True)
    sums = list[Array]()
    for column in values:
        total = np.zeros(len(different), column.dtype)
        np.add.at(total, places, column)
        sums.append(total)
    return different, *sums


# Of a chunk, the places of its tables and the group of each; a table may come several times.
GroupsOf = Callable[[Mapping[str, Array], Mask], tuple[Array, Array]]


def summarise(columns: Columns, directory: Mapping[str, Any], prices: Sequence[Decimal]) -> dict[str, Any]:
    """The summary as JSON; costs are texts of six decimals, USD a month."""
    places = directory["places"]
    place_service = np.array([place[0] for place in places] or [0], np.int32)
    services = directory["services"]
    databases = _numbered([(place[0], place[1]) for place in places])
    owners = _numbered([owner[0] for owners in directory["owner_sets"] for owner in owners])
    database_of_place = np.array([databases[(place[0], place[1])] for place in places] or [0], np.int64)
    named = {owner[0]: owner for owners_ in directory["owner_sets"] for owner in owners_}
    catalogue = Catalogue(
        columns=columns, place_service=place_service, prices=np.array([float(price) for price in prices] or [0.0])
    )

    def by(groups_of: GroupsOf) -> list[tuple[int, dict[str, Any]]]:
        return _by_group(columns, place_service, len(services), prices, groups_of)

    owner_rows = by(_owner_groups(directory["owner_sets"], owners))
    database_keys, owner_keys = list(databases), list(owners)
    return {
        "total": next((entry for _, entry in by(_single(lambda chunk: np.zeros(len(chunk["flags"]))))), _nothing()),
        "byService": _dearest(
            {"service": services[group]["name"], "type": services[group]["type"], **entry}
            for group, entry in by(_single(lambda chunk: place_service[chunk["place"]]))
        ),
        "byDatabase": _dearest(
            {"service": services[database_keys[group][0]]["name"], "database": database_keys[group][1], **entry}
            for group, entry in by(_single(lambda chunk: database_of_place[chunk["place"]]))
        )[:MOST_ENTRIES],
        "databases": len(databases),
        "byOwner": _dearest(
            {"owner": named[owner_keys[group - 1]] if group else None, **entry} for group, entry in owner_rows
        )[:MOST_ENTRIES],
        "owners": len(owners),
        "byDomain": _dearest(
            {"domain": directory["domains"][group], **entry}
            for group, entry in by(_single(lambda chunk: chunk["domain"]))
        ),
        "byTier": [{"tier": group, **entry} for group, entry in by(_single(lambda chunk: chunk["tier"]))],
        "byActivity": [
            {"activity": ACTIVITIES[group], **entry} for group, entry in by(_single(lambda chunk: chunk["activity"]))
        ],
        "top": {
            "dearest": _top(catalogue, TableFilter()),
            "zombies": _top(catalogue, TableFilter(zombie=True)),
            "ownerless": _top(catalogue, TableFilter(owner_sets=_only_first(len(directory["owner_sets"])))),
        },
    }


def _numbered(keys: Sequence[Any]) -> dict[Any, int]:
    return {key: number for number, key in enumerate(dict.fromkeys(keys))}


def _only_first(count: int) -> Mask:
    mask = np.zeros(max(count, 1), np.bool_)
    mask[0] = True
    return mask


def _top(catalogue: Catalogue, wanted: TableFilter) -> list[int]:
    return page(catalogue, wanted, Sort(key="cost", descending=True), TOP).numbers


def _single(group_of: Callable[[Mapping[str, Array]], Array]) -> GroupsOf:
    def groups(chunk: Mapping[str, Array], mask: Mask) -> tuple[Array, Array]:
        places = np.flatnonzero(mask)
        return places, group_of(chunk)[places]

    return groups


def _owner_groups(owner_sets: Sequence[Sequence[Any]], owners: Mapping[str, int]) -> GroupsOf:
    """Group 0 is of tables without an owner; a table counts for each of its owners."""
    members = [[owners[owner[0]] + 1 for owner in each] or [0] for each in owner_sets]
    counts = np.array([len(each) for each in members])
    starts = np.cumsum(counts) - counts
    flat = np.array([number for each in members for number in each])

    def groups(chunk: Mapping[str, Array], mask: Mask) -> tuple[Array, Array]:
        places = np.flatnonzero(mask)
        sets = chunk["owners"][places]
        repeated = np.repeat(places, counts[sets])
        within = np.arange(len(repeated)) - np.repeat(np.cumsum(counts[sets]) - counts[sets], counts[sets])
        return repeated, flat[np.repeat(starts[sets], counts[sets]) + within]

    return groups


def _by_group(
    columns: Columns, place_service: Array, services: int, prices: Sequence[Decimal], groups_of: GroupsOf
) -> list[tuple[int, dict[str, Any]]]:
    every, zombies = _Sums(services), _Sums(services)
    for number in range(columns.chunks):
        chunk = columns.parts(number)
        for sums, flag in ((every, PRESENT), (zombies, PRESENT | ZOMBIE)):
            places, groups = groups_of(chunk, (chunk["flags"] & flag) == flag)
            service = place_service[chunk["place"][places]]
            sums.add(groups, service, chunk["size"][places], chunk["query_cost"][places])
    idle = zombies.totals(prices)
    return [(group, _entry(entry, idle.get(group))) for group, entry in sorted(every.totals(prices).items())]


def _entry(entry: Mapping[str, Any], zombies: Mapping[str, Any] | None) -> dict[str, Any]:
    zombies = zombies or {"tables": 0, "bytes": 0, "storage": Decimal(0), "queries": Decimal(0)}
    return {
        "tables": entry["tables"],
        "sizedTables": entry["sized"],
        "bytes": entry["bytes"],
        "storageCost": cost_text(entry["storage"]),
        "queryCost": cost_text(entry["queries"]),
        "monthlyCost": cost_text(entry["storage"] + entry["queries"]),
        "zombies": zombies["tables"],
        "zombieBytes": zombies["bytes"],
        "zombieCost": cost_text(zombies["storage"] + zombies["queries"]),
    }


def _nothing() -> dict[str, Any]:
    return _entry({"tables": 0, "sized": 0, "bytes": 0, "storage": Decimal(0), "queries": Decimal(0)}, None)


def _dearest(entries: Any) -> list[dict[str, Any]]:
    return sorted(entries, key=lambda entry: (-Decimal(entry["monthlyCost"]), -entry["bytes"], -entry["tables"]))
