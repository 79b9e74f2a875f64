"""Owners, domains and tags of tables, and whom places and teams belong to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import RETAINED, Array, Mask
from thirdeye.mirror.keys import keys_of
from thirdeye.mirror.openmetadata.store import MOST_BUCKETS, OpenMetadata
from thirdeye.mirror.state import BucketSums, Index, State

OWNS: Final = 8
_TIERS: Final = {f"Tier.Tier{number}": number for number in range(1, 6)}
_OTHER_TIER: Final = 6
Owner = tuple[str, str]  # kind, id


def differing(before: BucketSums | None, now: BucketSums, also: Mask) -> Mask | None:
    """The buckets that differ, and those of `also`; None stands for all."""
    if before is None:
        return None
    mask = now.differing(before) | also
    # What is in no bucket cannot be picked.
    if mask[-1] or mask.sum() > MOST_BUCKETS:
        return None
    return mask


def numbers_of(buckets: Mask) -> list[int]:
    """The buckets as statements take them."""
    numbers: list[int] = np.flatnonzero(buckets).tolist()
    return numbers


def id_buckets(ids: Array) -> Array:
    """The bucket of each id: its first four digits."""
    pairs = ids.view("u1").reshape(-1, 16)[:, :2].astype(np.int32) if len(ids) else np.zeros((0, 2), np.int32)
    buckets: Array = pairs[:, 0] * 256 + pairs[:, 1]
    return buckets


def mask_of(buckets: Array) -> Mask:
    """A mask of these buckets."""
    mask = np.zeros(BucketSums.BUCKETS + 1, np.bool_)
    mask[buckets] = True
    return mask


@dataclass
class Places:
    """What tables inherit: owners and domain by the hash that the FQN hashes of a schema's or database's tables begin with."""

    owners: dict[str, set[Owner]] = field(default_factory=dict)
    domains: dict[str, str] = field(default_factory=dict)

    def take(self, rows: list[Row]) -> None:
        """Takes rows of `owned_places` in."""
        for row in rows:
            if not row["fqn_hash"]:
                continue
            if row["relation"] == OWNS and row["kind"] in {"user", "team"}:
                self.owners.setdefault(row["fqn_hash"], set()).add((row["kind"], row["id"]))
            elif row["relation"] != OWNS and row["kind"] == "domain":
                known = self.domains.get(row["fqn_hash"])
                self.domains[row["fqn_hash"]] = min(row["id"], known or row["id"])

    def inherited(self, place_hash: str) -> tuple[tuple[Owner, ...], str | None]:
        """The owners and the domain for a place: its schema's, else its database's."""
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
    """Sets the own owners and domains of the tables in `touched`."""

    def __init__(self, state: State, index: Index, touched: Mask) -> None:
        self._state = state
        self._index = index
        self._touched = touched
        self._owners: dict[Owner, int] = {}
        self._pairs: list[tuple[Array, int]] = []
        self._domains: list[tuple[str, Array]] = []

    def take(self, row: Row) -> None:
        """Takes a row of `ownership` in."""
        tables = _touched_of(self._index, row, self._touched)
        if row["relation"] == OWNS and row["kind"] in {"user", "team"}:
            number = self._owners.setdefault((row["kind"], row["id"]), len(self._owners))
            self._pairs.append((tables, number))
        elif row["relation"] != OWNS and row["kind"] == "domain":
            self._domains.append((row["id"], tables))

    def finish(self) -> None:
        """Puts what was taken into the state."""
        state, source = self._state, self._state.source
        source["own_owners"][self._touched] = 0
        source["own_domain"][self._touched] = 0
        # Of several domains the one with the least id counts, whatever order they come in.
        for identifier, tables in sorted(self._domains, key=lambda entry: entry[0], reverse=True):
            source["own_domain"][tables] = state.domains.number(identifier)
        for tables, number in assign_sets(self._pairs, list(self._owners), state.owner_sets.number):
            source["own_owners"][tables] = number


class TagReader:
    """Sets tier and tags of the tables in `touched`; `index` finds by the digest of the FQN hash."""

    def __init__(self, state: State, index: Index, touched: Mask) -> None:
        self._state = state
        self._index = index
        self._touched = touched
        self._tags: dict[str, int] = {}
        self._pairs: list[tuple[Array, int]] = []
        self._tiers: list[tuple[str, Array]] = []

    def take(self, row: Row) -> None:
        """Takes a row of `tags` in."""
        tables, tag = _touched_of(self._index, row, self._touched), str(row["tag"])
        if row["source"] == 0 and tag.startswith("Tier."):
            self._tiers.append((tag, tables))
        else:
            self._pairs.append((tables, self._tags.setdefault(tag, len(self._tags))))

    def finish(self) -> None:
        """Puts what was taken into the state."""
        query = self._state.query
        query["tags"][self._touched] = 0
        query["tier"][self._touched] = 0
        # Of several tiers the highest counts: it comes last. One with another name is a tier all the same.
        for tag, tables in sorted(self._tiers, key=lambda entry: _TIERS.get(entry[0], _OTHER_TIER), reverse=True):
            query["tier"][tables] = _TIERS.get(tag, _OTHER_TIER)
        for tables, number in assign_sets(self._pairs, list(self._tags), self._state.tag_sets.number):
            query["tags"][tables] = number


def _touched_of(index: Index, row: Row, touched: Mask) -> Array:
    tables = index.numbers(keys_of(row["packed"]))
    tables = tables[tables >= 0]
    found: Array = tables[touched[tables]].astype(np.int32)
    return found


def assign_sets(
    pairs_of: list[tuple[Array, int]], names: list[Any], number_of: Callable[[tuple[Any, ...]], int]
) -> list[tuple[Array, int]]:
    """Groups tables by the set of members that they have: arrays of tables and the number of their sorted set.

    `pairs_of` are tables and the place in `names` of a member that they all have.
    """
    table = np.concatenate([tables for tables, _ in pairs_of]) if pairs_of else np.zeros(0, np.int32)
    if len(table) == 0:
        return []
    member = np.repeat([number for _, number in pairs_of], [len(tables) for tables, _ in pairs_of])
    rank = np.empty(len(names), dtype=np.int64)
    rank[sorted(range(len(names)), key=lambda number: names[number])] = np.arange(len(names))
    by_rank = sorted(names)
    pairs = np.unique(table.astype(np.int64) * len(names) + rank[member])
    table, member = pairs // len(names), pairs % len(names)
    first = np.flatnonzero(np.append(True, table[1:] != table[:-1]))
    sizes = np.diff(np.append(first, len(table)))
    result = list[tuple[Array, int]]()
    single = sizes == 1
    result += _grouped(table[first[single]], member[first[single]], lambda value: number_of((by_rank[value],)))
    sets: dict[tuple[int, ...], list[int]] = {}
    for start, size in zip(first[~single].tolist(), sizes[~single].tolist(), strict=True):
        sets.setdefault(tuple(member[start : start + size].tolist()), []).append(int(table[start]))
    for ranks in sorted(sets):
        result.append((np.array(sets[ranks]), number_of(tuple(by_rank[each] for each in ranks))))
    return result


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


async def read_places(om: OpenMetadata, tables: Sequence[str]) -> Places:
    """What schemas and databases hand down, out of those of OM's tables that can be read."""
    places = Places()
    for table in tables:
        places.take(await om.owned_places(table))
    return places


def inherit(state: State, places: Places) -> None:
    """Sets the effective owners and domain of every table: its own, else its schema's, else its database's."""
    owners, domains = np.zeros(len(state.place_hashes) or 1, np.int32), np.zeros(len(state.place_hashes) or 1, np.int32)
    for number, place_hash in enumerate(state.place_hashes):
        inherited, domain = places.inherited(place_hash)
        owners[number] = state.owner_sets.number(inherited)
        domains[number] = state.domains.number(domain)
    place, source = state.query["place"], state.source
    state.query["owners"] = np.where(source["own_owners"] > 0, source["own_owners"], owners[place])
    state.query["domain"] = np.where(source["own_domain"] > 0, source["own_domain"], domains[place])


def retain(state: State, retained: frozenset[str]) -> None:
    """Sets which tables have a retention: their own, or that of a schema or database among these FQN hashes."""
    places = np.zeros(len(state.place_hashes) or 1, np.bool_)
    for number, place_hash in enumerate(state.place_hashes):
        hashes = place_hash.split(".")
        places[number] = not retained.isdisjoint(".".join(hashes[:length]) for length in (2, 3))
    flags, has = state.query["flags"], (state.source["own_retention"] > 0) | places[state.query["place"]]
    state.query["flags"] = np.where(has, flags | np.uint8(RETAINED), flags & ~np.uint8(RETAINED))


def members_of(rows: list[Row], users: dict[str, str]) -> dict[str, tuple[str, list[str]]]:
    """For each user's name, lower case: the id and those of the teams; `users` are names by id."""
    teams: dict[str, list[str]] = {}
    for row in rows:
        teams.setdefault(row["user"], []).append(row["team"])
    return {name.lower(): (identifier, sorted(teams.get(identifier, []))) for identifier, name in users.items()}
