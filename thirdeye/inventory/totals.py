"""Totals of the estate by service, database, owner, domain, tier and activity, and top lists. Prepared by a refresh."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Final, TypedDict, cast

import numpy as np

from thirdeye.inventory.columns import MAX_SUM, PRESENT, ZOMBIE, Array, Columns, select
from thirdeye.inventory.cost_sums import Sums, SumsByGroup
from thirdeye.inventory.directory import DepartedOwner, Directory, Owner, place_services
from thirdeye.inventory.domain_names import domain_path, with_parents
from thirdeye.inventory.fqn import join_fqn
from thirdeye.inventory.money import format_cost
from thirdeye.inventory.query import Catalogue, Sort, TableFilter, select_page
from thirdeye.inventory.rules import ACTIVITIES
from thirdeye.inventory.storage_prices import Tariffs

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
    # Whose prices its services have.
    priceBasis: str | None


class DomainName(TypedDict):
    """What a domain is called."""

    name: str
    fqn: str


class GroupTotals(Totals, total=False):
    """Totals of a group, with what names the group."""

    service: str
    type: str | None
    database: str | None
    owner: Owner | None
    domain: DomainName | None
    # An index into `filters.TIERS`.
    tier: int
    activity: str


class DepartedTotals(Totals):
    """Of somebody who left: the totals of the tables that nobody else owns, and how many others there are."""

    owner: DepartedOwner
    sharedTables: int


class Summary(TypedDict):
    """The stored totals. Groups come most expensive first, tiers and activities in their own order.

    Of domains a table counts in each of its own, or also in all that these lie in; `countedAgain` is by how much the sums
    of `byDomain` exceed `total`.
    """

    total: Totals
    byService: list[GroupTotals]
    byDatabase: list[GroupTotals]
    databases: int
    byOwner: list[GroupTotals]
    owners: int
    byDomain: list[GroupTotals]
    byDomainWithSubdomains: list[GroupTotals]
    countedAgain: Totals
    departed: list[DepartedTotals]
    byTier: list[GroupTotals]
    byActivity: list[GroupTotals]
    # The numbers of the most expensive tables: `dearest` of all, `zombies`, and `ownerless` ones.
    top: dict[str, list[int]]


# Given a chunk, gives the group of each table.
GroupOf = Callable[[Mapping[str, Array]], Array]
# Of a group's tables, and of its zombies.
_Both = tuple[Sums, Sums]


def summarise(columns: Columns, directory: Directory, tariffs: Tariffs) -> Summary:
    """The totals of an estate at these tariffs."""
    places, services, owner_sets = directory["places"], directory["services"], directory["owner_sets"]
    place_service = place_services(directory)
    databases = list(dict.fromkeys((place[0], place[1]) for place in places))
    database_numbers = {database: number for number, database in enumerate(databases)}
    database_of_place = np.array([database_numbers[place[0], place[1]] for place in places] or [0], np.int64)
    # By kind and id; in totals they are numbered from 1 on.
    owners = {(owner[1], owner[0]): owner for owner_set in owner_sets for owner in owner_set}
    owners_by_number = [None, *owners.values()]
    number_of_owner = {identity: number for number, identity in enumerate(owners, 1)}
    owner_groups = [[number_of_owner[owner[1], owner[0]] for owner in owner_set] for owner_set in owner_sets]
    catalogue = Catalogue(columns=columns, place_service=place_service, tariffs=tariffs)
    sums, totals_by_group = partial(_sums_by_group, catalogue), partial(_totals_by_group, tariffs=tariffs)

    def by(group_of: GroupOf) -> list[tuple[int, Totals]]:
        return totals_by_group(sums(group_of))

    sums_by_domains = sums(lambda chunk: chunk["domains"])
    all_tables = by(lambda chunk: np.zeros(len(chunk["flags"])))
    total = all_tables[0][1] if all_tables else _totals(Sums(), Sums(), tariffs)
    domains, with_parent_domains = (_domain_groups(directory, rolled_up=rolled_up) for rolled_up in (False, True))
    by_domain, with_subdomains = (
        _most_expensive_first(
            _named(totals, domain=names[group])
            for group, totals in totals_by_group(_spread(sums_by_domains.items(), groups))
        )
        for names, groups in (domains, with_parent_domains)
    )
    counted_again = chain.from_iterable(
        sums.services for number, (sums, _) in sums_by_domains.items() if len(domains[1][number]) > 1
    )
    return {
        "total": total,
        "byService": _most_expensive_first(
            _named(totals, service=services[group]["name"], type=services[group]["type"])
            for group, totals in by(lambda chunk: place_service[chunk["place"]])
        ),
        "byDatabase": _most_expensive_first(
            _named(totals, service=services[databases[group][0]]["name"], database=databases[group][1])
            for group, totals in by(lambda chunk: database_of_place[chunk["place"]])
        )[:MAX_ENTRIES],
        "databases": len(databases),
        "byOwner": _most_expensive_first(
            _named(totals, owner=owners_by_number[group])
            for group, totals in totals_by_group(_spread(sums(lambda chunk: chunk["owners"]).items(), owner_groups))
        )[:MAX_ENTRIES],
        "owners": len(owners),
        "byDomain": by_domain,
        "byDomainWithSubdomains": with_subdomains,
        "countedAgain": _excess(by_domain, total, tariffs.basis_of(counted_again)),
        "departed": _departed(directory, sums, tariffs, owners_by_number, owner_groups),
        "byTier": [_named(totals, tier=group) for group, totals in by(lambda chunk: chunk["tier"])],
        "byActivity": [
            _named(totals, activity=ACTIVITIES[group]) for group, totals in by(lambda chunk: chunk["activity"])
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


def _spread(sums_by_set: Iterable[tuple[int, _Both]], sets: Sequence[Sequence[int]]) -> dict[int, _Both]:
    """Sums by member of the sets: tables count for each, those of an empty set for 0. There are far fewer sets than tables."""
    groups = dict[int, _Both]()
    for number, both in sums_by_set:
        for member in sets[number] or (0,):
            for sums, more in zip(groups.setdefault(member, (Sums(), Sums())), both, strict=True):
                sums.add(more)
    return groups


def _domain_groups(directory: Directory, *, rolled_up: bool) -> tuple[list[DomainName | None], list[list[int]]]:
    """What the groups by domain are called, and the groups of each set. Domains of one FQN are one group."""
    paths = [domain_path(domain["fqn"]) for domain in directory["domains"]]
    groups = [with_parents(path) if rolled_up else [path] for path in paths]
    numbers = {path: number for number, path in enumerate(sorted(set(chain.from_iterable(groups))), 1)}
    sets = [
        sorted({numbers[path] for domain in members for path in groups[domain]}) for members in directory["domain_sets"]
    ]
    names: list[DomainName | None] = [{"name": path[-1], "fqn": join_fqn(path)} for path in numbers]
    return [None, *names], sets


def _excess(entries: Iterable[Totals], total: Totals, basis: str | None) -> Totals:
    """By how much the sums of entries exceed a total; `basis` is whose prices that rests on."""
    entries = list(entries)

    def excess(name: str) -> int | str:
        values = [cast(Mapping[str, int | str], entry)[name] for entry in (*entries, total)]
        difference = sum(map(Decimal, values[:-1]), Decimal(0)) - Decimal(values[-1])
        return format_cost(difference) if isinstance(values[-1], str) else min(max(int(difference), 0), MAX_SUM)

    summed = [name for name in Totals.__annotations__ if name != "priceBasis"]
    return cast(Totals, {**{name: excess(name) for name in summed}, "priceBasis": basis})


def _departed(
    directory: Directory,
    sums: Callable[[GroupOf], dict[int, _Both]],
    tariffs: Tariffs,
    owners: Sequence[Owner | None],
    sets: Sequence[Sequence[int]],
) -> list[DepartedTotals]:
    """What those who left leave behind, the most expensive first."""
    by_set = sums(lambda chunk: 2 * chunk["departed"] + (chunk["owners"] > 0))
    left, shared = (
        _spread(((number // 2, both) for number, both in by_set.items() if number % 2 == owned), sets)
        for owned in (0, 1)
    )
    departed = {(owner["type"], owner["id"]): owner for owner in directory["departed"]}
    entries = [
        _named(
            _totals(*left.get(number, (Sums(), Sums())), tariffs),
            owner=departed[owner[1], owner[0]],
            sharedTables=shared[number][0].tables if number in shared else 0,
        )
        for number, owner in enumerate(owners)
        if owner and (owner[1], owner[0]) in departed and (number in left or number in shared)
    ]
    return cast(list[DepartedTotals], _most_expensive_first(entries)[:MAX_ENTRIES])


def _sums_by_group(catalogue: Catalogue, group_of: GroupOf) -> dict[int, _Both]:
    tariffs = catalogue.tariffs
    present, zombies = SumsByGroup(tariffs), SumsByGroup(tariffs)
    for number in range(catalogue.columns.chunks):
        chunk = catalogue.columns.parts(number)
        groups = group_of(chunk)
        tariff = tariffs.of(catalogue.place_service[chunk["place"]], chunk["written"], chunk["flags"])
        for sums, flags in ((present, PRESENT), (zombies, PRESENT | ZOMBIE)):
            places = np.flatnonzero((chunk["flags"] & flags) == flags)
            sums.add(groups[places], tariff[places], chunk["size"][places], chunk["query_cost"][places])
    zombie_sums = zombies.sums()
    return {group: (sums, zombie_sums.get(group, Sums())) for group, sums in sorted(present.sums().items())}


def _totals_by_group(groups: Mapping[int, _Both], tariffs: Tariffs) -> list[tuple[int, Totals]]:
    return [(group, _totals(*both, tariffs)) for group, both in sorted(groups.items())]


def _totals(sums: Sums, zombies: Sums, tariffs: Tariffs) -> Totals:
    return {
        "tables": sums.tables,
        "sizedTables": sums.sized,
        "bytes": min(sums.bytes, MAX_SUM),
        "storageCost": format_cost(sums.storage),
        "queryCost": format_cost(sums.queries),
        "monthlyCost": format_cost(sums.storage + sums.queries),
        "zombies": zombies.tables,
        "zombieBytes": min(zombies.bytes, MAX_SUM),
        "zombieCost": format_cost(zombies.storage + zombies.queries),
        "priceBasis": tariffs.basis_of(sums.services),
    }


def _most_expensive_first(entries: Iterable[GroupTotals]) -> list[GroupTotals]:
    return sorted(entries, key=lambda entry: (-Decimal(entry["monthlyCost"]), -entry["bytes"], -entry["tables"]))
