"""Owners, domains and tags of tables, and what tables inherit from schemas and databases."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import RETAINED, Array, Mask
from thirdeye.mirror.keys import keys_of
from thirdeye.mirror.openmetadata.store import OpenMetadata
from thirdeye.mirror.state import Index, Owner, State

OWNS: Final = 8
_OWNER_KINDS: Final = frozenset({"user", "team"})
_TIERS: Final = {f"Tier.Tier{number}": number for number in range(1, 6)}
_OTHER_TIER: Final = 6
Member = TypeVar("Member", Owner, str)


def _is_owner(row: Row) -> bool:
    return bool(row["relation"] == OWNS and row["kind"] in _OWNER_KINDS)


def _is_domain(row: Row) -> bool:
    return bool(row["relation"] != OWNS and row["kind"] == "domain")


@dataclass
class InheritedOwnership:
    """What tables inherit: owners and domain by the hash that the FQN hashes of a schema's or database's tables begin with."""

    owners: dict[str, set[Owner]] = field(default_factory=dict)
    domains: dict[str, str] = field(default_factory=dict)

    def add(self, rows: Iterable[Row]) -> None:
        """Adds rows of `owned_places`. Of several domains the one with the least id counts."""
        for row in rows:
            place_hash, identifier = row["fqn_hash"], row["id"]
            if not place_hash:
                continue
            if _is_owner(row):
                self.owners.setdefault(place_hash, set()).add((row["kind"], identifier))
            elif _is_domain(row):
                self.domains[place_hash] = min(identifier, self.domains.get(place_hash) or identifier)

    def of(self, place_hash: str) -> tuple[tuple[Owner, ...], str | None]:
        """The owners and the domain that a place hands down: its schema's, else its database's."""
        hashes = place_hash.split(".")
        owners: tuple[Owner, ...] = ()
        domain = None
        for length in (3, 2):
            if len(hashes) >= length:
                prefix = ".".join(hashes[:length])
                owners = owners or tuple(sorted(self.owners.get(prefix, ())))
                domain = domain or self.domains.get(prefix)
        return owners, domain


class OwnershipReader:
    """Sets the own owners and domains of the tables in `tables`."""

    def __init__(self, state: State, index: Index, tables: Mask) -> None:
        self._state = state
        self._index = index
        self._tables = tables
        self._owners: dict[Owner, int] = {}
        self._owned: list[tuple[Array, int]] = []
        self._domains: list[tuple[str, Array]] = []

    def add(self, row: Row) -> None:
        """Adds a row of `ownership`."""
        numbers = _numbers_among(self._tables, self._index, row)
        if _is_owner(row):
            owner = self._owners.setdefault((row["kind"], row["id"]), len(self._owners))
            self._owned.append((numbers, owner))
        elif _is_domain(row):
            self._domains.append((row["id"], numbers))

    def finish(self) -> None:
        """Writes what was added to the state."""
        state, source = self._state, self._state.source
        source["own_owners"][self._tables] = 0
        source["own_domain"][self._tables] = 0
        # Of several domains the one with the least id counts, whatever order they come in.
        for identifier, numbers in sorted(self._domains, key=lambda entry: entry[0], reverse=True):
            source["own_domain"][numbers] = state.domains.number(identifier)
        for numbers, owner_set in assign_sets(self._owned, list(self._owners), state.owner_sets.number):
            source["own_owners"][numbers] = owner_set


class TagReader:
    """Sets tier and tags of the tables in `tables`; `index` finds by the digest of the FQN hash."""

    def __init__(self, state: State, index: Index, tables: Mask) -> None:
        self._state = state
        self._index = index
        self._tables = tables
        self._tags: dict[str, int] = {}
        self._tagged: list[tuple[Array, int]] = []
        self._tiers: list[tuple[str, Array]] = []

    def add(self, row: Row) -> None:
        """Adds a row of `tags`."""
        numbers, tag = _numbers_among(self._tables, self._index, row), str(row["tag"])
        if row["source"] == 0 and tag.startswith("Tier."):
            self._tiers.append((tag, numbers))
        else:
            self._tagged.append((numbers, self._tags.setdefault(tag, len(self._tags))))

    def finish(self) -> None:
        """Writes what was added to the state."""
        query = self._state.query
        query["tags"][self._tables] = 0
        query["tier"][self._tables] = 0
        # Of several tiers the highest counts: it comes last. One with another name is a tier all the same.
        for tag, numbers in sorted(self._tiers, key=lambda entry: _TIERS.get(entry[0], _OTHER_TIER), reverse=True):
            query["tier"][numbers] = _TIERS.get(tag, _OTHER_TIER)
        for numbers, tag_set in assign_sets(self._tagged, list(self._tags), self._state.tag_sets.number):
            query["tags"][numbers] = tag_set


def _numbers_among(tables: Mask, index: Index, row: Row) -> Array:
    """The numbers of a packed row's tables that are in `tables`."""
    numbers = index.numbers(keys_of(row["packed"]))
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
    pairs = np.unique(table.astype(np.int64) * len(members) + _ranks(members)[member])
    table, rank = pairs // len(members), pairs % len(members)
    by_rank = sorted(members)
    first = np.flatnonzero(np.append(True, table[1:] != table[:-1]))
    sizes = np.diff(np.append(first, len(table)))
    single = sizes == 1
    groups = _grouped(table[first[single]], rank[first[single]], lambda value: set_number((by_rank[value],)))
    sets: dict[tuple[int, ...], list[int]] = {}
    for start, size in zip(first[~single].tolist(), sizes[~single].tolist(), strict=True):
        sets.setdefault(tuple(rank[start : start + size].tolist()), []).append(int(table[start]))
    for ranks in sorted(sets):
        groups.append((np.array(sets[ranks]), set_number(tuple(by_rank[place] for place in ranks))))
    return groups


def _ranks(members: Sequence[Member]) -> Array:
    ranks = np.empty(len(members), dtype=np.int64)
    ranks[sorted(range(len(members)), key=lambda place: members[place])] = np.arange(len(members))
    return ranks


def _grouped(tables: Array, values: Array, number_of: Callable[[int], int]) -> list[tuple[Array, int]]:
    if len(values) == 0:
        return []
    order = np.argsort(values, kind="stable")
    tables, values = tables[order], values[order]
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    ends = np.append(starts[1:], len(values))
    return [
        (tables[start:end], number_of(int(values[start])))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


async def read_inherited(om: OpenMetadata, tables: Iterable[str]) -> InheritedOwnership:
    """What schemas and databases hand down; `tables` are those of OM's tables of them that can be read."""
    inherited = InheritedOwnership()
    for table in tables:
        inherited.add(await om.owned_places(table))
    return inherited


def inherit(state: State, inherited: InheritedOwnership) -> None:
    """Sets the effective owners and domain of every table: its own, else its schema's, else its database's."""
    owners, domains = np.zeros(len(state.place_hashes) or 1, np.int32), np.zeros(len(state.place_hashes) or 1, np.int32)
    for number, place_hash in enumerate(state.place_hashes):
        place_owners, domain = inherited.of(place_hash)
        owners[number] = state.owner_sets.number(place_owners)
        domains[number] = state.domains.number(domain)
    place, source = state.query["place"], state.source
    state.query["owners"] = np.where(source["own_owners"] > 0, source["own_owners"], owners[place])
    state.query["domain"] = np.where(source["own_domain"] > 0, source["own_domain"], domains[place])


def set_retention(state: State, retained_places: frozenset[str]) -> None:
    """Sets which tables have a retention: their own, or that of a schema or database among these FQN hashes."""
    places = np.zeros(len(state.place_hashes) or 1, np.bool_)
    for number, place_hash in enumerate(state.place_hashes):
        hashes = place_hash.split(".")
        places[number] = not retained_places.isdisjoint(".".join(hashes[:length]) for length in (2, 3))
    flags, retained = state.query["flags"], (state.source["own_retention"] > 0) | places[state.query["place"]]
    state.query["flags"] = np.where(retained, flags | np.uint8(RETAINED), flags & ~np.uint8(RETAINED))


def teams_by_user(rows: Iterable[Row], users: dict[str, str]) -> dict[str, tuple[str, list[str]]]:
    """For each user's name, lower case: the id and those of the teams; `users` are names by id."""
    teams: dict[str, list[str]] = {}
    for row in rows:
        teams.setdefault(row["user"], []).append(row["team"])
    return {name.lower(): (identifier, sorted(teams.get(identifier, []))) for identifier, name in users.items()}
