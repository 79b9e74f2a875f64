"""Owners, domains and tags of tables, and what tables inherit from schemas and databases."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, TypeVar

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import RETAINED, Array, Mask
from thirdeye.mirror.keys import records_of
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


async def set_ownership(state: State, index: Index, tables: Mask, rows: AsyncIterator[Row]) -> None:
    """Sets the own owners and domains of the tables in `tables` from rows of `ownership`."""
    owners, owned, domains = dict[Owner, int](), list[tuple[Array, int]](), list[tuple[str, Array]]()
    async for row in rows:
        numbers = _numbers_among(tables, index, row)
        if _is_owner(row):
            owned.append((numbers, owners.setdefault((row["kind"], row["id"]), len(owners))))
        elif _is_domain(row):
            domains.append((row["id"], numbers))
    source = state.source
    source["own_owners"][tables] = 0
    source["own_domain"][tables] = 0
    # Of several domains the one with the least id counts, whatever order they come in.
    for identifier, numbers in sorted(domains, key=itemgetter(0), reverse=True):
        source["own_domain"][numbers] = state.domains.number(identifier)
    for numbers, owner_set in assign_sets(owned, list(owners), state.owner_sets.number):
        source["own_owners"][numbers] = owner_set


async def set_tags(state: State, index: Index, tables: Mask, rows: AsyncIterator[Row]) -> None:
    """Sets tier and tags of the tables in `tables` from rows of `tags`; `index` finds by the digest of the FQN hash."""
    tags, tagged, tiers = dict[str, int](), list[tuple[Array, int]](), list[tuple[int, Array]]()
    async for row in rows:
        numbers, tag = _numbers_among(tables, index, row), str(row["tag"])
        if row["source"] == 0 and tag.startswith("Tier."):
            tiers.append((_TIERS.get(tag, _OTHER_TIER), numbers))
        else:
            tagged.append((numbers, tags.setdefault(tag, len(tags))))
    query = state.query
    query["tags"][tables] = 0
    query["tier"][tables] = 0
    # Of several tiers the highest counts: it comes last. One with another name is a tier all the same.
    for tier, numbers in sorted(tiers, key=itemgetter(0), reverse=True):
        query["tier"][numbers] = tier
    for numbers, tag_set in assign_sets(tagged, list(tags), state.tag_sets.number):
        query["tags"][numbers] = tag_set


def _numbers_among(tables: Mask, index: Index, row: Row) -> Array:
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


def inherit(state: State, inherited: InheritedOwnership) -> None:
    """Sets the effective owners and domain of every table: its own, else its schema's, else its database's."""
    handed_down = [inherited.of(place_hash) for place_hash in state.place_hashes] or [((), None)]
    owners = np.array([state.owner_sets.number(place_owners) for place_owners, _ in handed_down], np.int32)
    domains = np.array([state.domains.number(domain) for _, domain in handed_down], np.int32)
    place, source = state.query["place"], state.source
    state.query["owners"] = np.where(source["own_owners"] > 0, source["own_owners"], owners[place])
    state.query["domain"] = np.where(source["own_domain"] > 0, source["own_domain"], domains[place])


def set_retention(state: State, retained_places: set[str]) -> None:
    """Sets which tables have a retention: their own, or that of a schema or database among these FQN hashes."""
    prefixes = [{".".join(place_hash.split(".")[:length]) for length in (2, 3)} for place_hash in state.place_hashes]
    places = np.array([not retained_places.isdisjoint(hashes) for hashes in prefixes] or [False])
    flags, retained = state.query["flags"], (state.source["own_retention"] > 0) | places[state.query["place"]]
    state.query["flags"] = np.where(retained, flags | np.uint16(RETAINED), flags & ~np.uint16(RETAINED))


def teams_by_user(rows: Iterable[Row], users: dict[str, str]) -> dict[str, tuple[str, list[str]]]:
    """For each user's name, lower case: the id and those of the teams; `users` are names by id."""
    teams: dict[str, list[str]] = {}
    for row in rows:
        teams.setdefault(row["user"], []).append(row["team"])
    return {name.lower(): (identifier, sorted(teams.get(identifier, []))) for identifier, name in users.items()}
