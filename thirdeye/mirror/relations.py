"""Owners and domains of tables, and what tables inherit from schemas and databases."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import RETAINED, Array, Mask
from thirdeye.mirror.keys import records_of
from thirdeye.mirror.names import Names
from thirdeye.mirror.state import Index, Numbering, Owner, State

OWNS: Final = 8
_OWNER_KINDS: Final = frozenset({"user", "team"})
Member = TypeVar("Member", Owner, str)


def _is_owner(row: Row) -> bool:
    return bool(row["relation"] == OWNS and row["kind"] in _OWNER_KINDS)


def _is_domain(row: Row) -> bool:
    return bool(row["relation"] != OWNS and row["kind"] == "domain")


@dataclass
class InheritedOwnership:
    """What tables inherit: the owners and domains that OpenMetadata names for a service, a database or a schema, by the
    hash that the FQN hashes of its tables begin with.
    """

    owners: dict[str, set[Owner]] = field(default_factory=dict)
    domains: dict[str, set[str]] = field(default_factory=dict)

    def add(self, rows: Iterable[Row], hashes: Mapping[str, str]) -> None:
        """Adds rows of `owned_places`; `hashes` are those of places by id."""
        for row in rows:
            place_hash, identifier = hashes.get(row["place"].lower()), row["id"].lower()
            if not place_hash:
                continue
            if _is_owner(row):
                self.owners.setdefault(place_hash, set()).add((row["kind"], identifier))
            elif _is_domain(row):
                self.domains.setdefault(place_hash, set()).add(identifier)

    def owners_of(self, place_hash: str) -> list[tuple[Owner, ...]]:
        """The owners named for a schema and for its database, in this order. OpenMetadata hands none down from services."""
        return [tuple(sorted(self.owners.get(each, ()))) for each in _prefixes(place_hash, (3, 2))]

    def domains_of(self, place_hash: str) -> list[tuple[str, ...]]:
        """The domains named for a schema, its database and its service, in this order."""
        return [tuple(sorted(self.domains.get(each, ()))) for each in _prefixes(place_hash, (3, 2, 1))]


def _prefixes(place_hash: str, lengths: Iterable[int]) -> list[str]:
    hashes = place_hash.split(".")
    return [".".join(hashes[:length]) for length in lengths if len(hashes) >= length]


async def set_ownership(state: State, index: Index, tables: Mask, rows: AsyncIterator[Row]) -> int:
    """Sets the own owners and domains of the tables in `tables` from rows of `ownership`; gives how many name no table."""
    odd = 0
    owners, owned = dict[Owner, int](), list[tuple[Array, int]]()
    domains, grouped = dict[str, int](), list[tuple[Array, int]]()
    async for row in rows:
        numbers, identifier = numbers_among(tables, index, row), row["id"].lower()
        odd += odd_in(row)
        if _is_owner(row):
            owned.append((numbers, owners.setdefault((row["kind"], identifier), len(owners))))
        elif _is_domain(row):
            grouped.append((numbers, domains.setdefault(identifier, len(domains))))
    source = state.source
    source["own_owners"][tables] = 0
    source["own_domains"][tables] = 0
    for numbers, owner_set in assign_sets(owned, list(owners), state.owner_sets.number):
        source["own_owners"][numbers] = owner_set
    for numbers, domain_set in assign_sets(grouped, list(domains), state.domain_sets.number):
        source["own_domains"][numbers] = domain_set
    return odd


def odd_in(row: Row) -> int:
    """How many of the rows that are packed in this one have ids that are none."""
    return int(row["number"]) - len(row["packed"] or "") // 32


def numbers_among(tables: Mask, index: Index, row: Row) -> Array:
    """The numbers of a packed row's tables that are in `tables`."""
    numbers = index.numbers(records_of(row["packed"]))
    numbers = numbers[numbers >= 0]
    among: Array = numbers[tables[numbers]].astype(np.int32)
    return among


def assign_sets(
    memberships: list[tuple[Array, int]], members: list[Member], set_number: Callable[[tuple[Member, ...]], int]
) -> list[tuple[Array, int]]:
    """Groups tables by the set of their members: arrays of tables and the number of their sorted set.

    `memberships` are tables and the place in `members` of one that they all have.
    """
    table = np.concatenate([tables for tables, _ in memberships]) if memberships else np.zeros(0, np.int32)
    if len(table) == 0:
        return []
    member = np.repeat([place for _, place in memberships], [len(tables) for tables, _ in memberships])
    # The inverse of a permutation sorts it.
    ranks = np.argsort(sorted(range(len(members)), key=members.__getitem__))
    table, rank = np.divmod(np.unique(table.astype(np.int64) * len(members) + ranks[member]), len(members))
    by_rank = sorted(members)
    first = np.flatnonzero(np.append(True, table[1:] != table[:-1]))
    sizes = np.diff(np.append(first, len(table)))
    single = sizes == 1
    groups = _grouped(table[first[single]], rank[first[single]], lambda value: set_number((by_rank[value],)))
    sets: dict[tuple[int, ...], list[int]] = {}
    for start, size in zip(first[~single].tolist(), sizes[~single].tolist(), strict=True):
        sets.setdefault(tuple(rank[start : start + size].tolist()), []).append(int(table[start]))
    for key in sorted(sets):
        groups.append((np.array(sets[key]), set_number(tuple(by_rank[place] for place in key))))
    return groups


def _grouped(tables: Array, values: Array, number_of: Callable[[int], int]) -> list[tuple[Array, int]]:
    if len(values) == 0:
        return []
    order = np.argsort(values, kind="stable")
    distinct, starts = np.unique(values[order], return_index=True)
    parts = np.split(tables[order], starts[1:])
    return [(part, number_of(value)) for part, value in zip(parts, distinct.tolist(), strict=True)]


def inherit(state: State, inherited: InheritedOwnership, names: Names) -> None:
    """Sets the owners and domains of every table, its own or the nearest that it inherits, and its departed owners.

    Who left, and domains that do not exist, do not count. Departed owners are those among the nearest that are named.
    """
    places, place = state.place_hashes or [""], state.query["place"]
    own, handed_down = state.source["own_owners"], [inherited.owners_of(place_hash) for place_hash in places]
    state.query["owners"] = _nearest(state.owner_sets, own, place, handed_down, names.owns)
    named = np.array([_first(state.owner_sets, levels) for levels in handed_down], np.int32)
    departed = _parts(state.owner_sets, lambda owner: not names.owns(owner))
    state.query["departed"] = departed[np.where(own > 0, own, named[place])]
    own, domains = state.source["own_domains"], [inherited.domains_of(place_hash) for place_hash in places]
    state.query["domains"] = _nearest(state.domain_sets, own, place, domains, names.has_domain)


def _nearest(
    sets: Numbering[tuple[Member, ...]],
    own: Array,
    place: Array,
    handed_down: list[list[tuple[Member, ...]]],
    counts: Callable[[Member], bool],
) -> Array:
    """By table the number of the nearest set with members that count, of these: its own, or one that its place hands down."""
    levels = [[tuple(filter(counts, level)) for level in of_place] for of_place in handed_down]
    inherited = np.array([_first(sets, of_place) for of_place in levels], np.int32)
    living = _parts(sets, counts)[own]
    return np.where(living > 0, living, inherited[place])


def _first(sets: Numbering[tuple[Member, ...]], levels: Iterable[tuple[Member, ...]]) -> int:
    """The number of the first set that is not empty, else of the empty one."""
    return sets.number(next(filter(None, levels), ()))


def _parts(sets: Numbering[tuple[Member, ...]], counts: Callable[[Member], bool]) -> Array:
    """By number of a set that of the part of it that counts."""
    return np.array([sets.number(tuple(filter(counts, members))) for members in list(sets.items)], np.int32)


def set_retention(state: State, retained_places: set[str]) -> None:
    """Sets which tables have a retention: their own, or that of a schema or database among these FQN hashes."""
    prefixes = [{".".join(place_hash.split(".")[:length]) for length in (2, 3)} for place_hash in state.place_hashes]
    places = np.array([not retained_places.isdisjoint(hashes) for hashes in prefixes] or [False])
    flags, retained = state.query["flags"], (state.source["own_retention"] > 0) | places[state.query["place"]]
    state.query["flags"] = np.where(retained, flags | np.uint16(RETAINED), flags & ~np.uint16(RETAINED))
