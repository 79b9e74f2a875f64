"""Lineage between assets of all kinds, and which assets other than tables are in use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import (
    CHUNK,
    FIRST_ASSET,
    NEAREST,
    NEAREST_FIELDS,
    NO_NODE,
    Array,
    Columns,
    Mask,
    blob_name,
)
from thirdeye.inventory.lineage import Adjacency, Nearest, adjacency, nearest_in_use
from thirdeye.mirror.keys import KEY, id_text, records_of
from thirdeye.mirror.relations import id_buckets
from thirdeye.mirror.state import Index, State, bucket_number
from thirdeye.mirror.warnings import Problems

_PAIR: Final = np.dtype([("upstream", KEY), ("downstream", KEY)])
_ASSET: Final = np.dtype([("id", KEY), ("service", KEY), ("name", ">u4"), ("deleted", "u1")])
_NO_ASSETS: Final = frozenset({"domain", "dataProduct"})


def is_asset(kind: str) -> bool:
    """Whether lineage of this kind of entity is of data: not of services, domains and data products."""
    return kind not in _NO_ASSETS and not kind.endswith("Service")


@dataclass
class KnownAssets:
    """What OM holds of one kind of assets: ids, hashes of their services, checksums of names, which are deleted."""

    ids: Array
    services: Array
    names: Array
    deleted: Mask
    index: Index = field(init=False)

    def __post_init__(self) -> None:
        self.index = Index(self.ids)

    @staticmethod
    def of(rows: list[Row]) -> "KnownAssets":
        """Out of rows of `assets`."""
        records = records_of("".join(row["packed"] for row in rows), _ASSET)
        return KnownAssets(records["id"], records["service"], records["name"], records["deleted"] == 1)


class EdgeReader:
    """Takes edges into the state."""

    def __init__(self, state: State, index: Index, problems: Problems) -> None:
        self._state = state
        self._index = index
        self._problems = problems
        self._assets = Index(state.asset["id"])
        self._new: dict[bytes, int] = {}
        used = np.flatnonzero(state.asset["id"] != b"")
        self._next = int(used[-1]) + 1 if len(used) else 0
        self._taken: list[tuple[Array, Array]] = []

    def drop(self, buckets: Mask | None) -> None:
        """Forgets the edges whose downstream end lies in these buckets, all of them for None."""
        state = self._state
        if buckets is None:
            state.upstream, state.downstream, state.dangling = state.upstream[:0], state.downstream[:0], []
            return
        kept = ~buckets[self._buckets(state.downstream)]
        state.upstream, state.downstream = state.upstream[kept], state.downstream[kept]
        state.dangling = [edge for edge in state.dangling if not buckets[bucket_number(int(edge[3][:4], 16))]]

    def _buckets(self, nodes: Array) -> Array:
        ids = np.empty(len(nodes), dtype=KEY)
        assets = nodes >= FIRST_ASSET
        ids[~assets] = self._state.source["id"][nodes[~assets]]
        ids[assets] = self._state.asset["id"][nodes[assets] - np.uint32(FIRST_ASSET)]
        return id_buckets(ids)

    def retry(self) -> None:
        """Looks once more for the tables of edges that led to none."""
        by_kinds: dict[tuple[str, str], list[str]] = {}
        for kind_up, kind_down, up, down in self._state.dangling:
            by_kinds.setdefault((kind_up, kind_down), []).append(up + down)
        self._state.dangling = []
        for kinds, pairs in by_kinds.items():
            self._take(*kinds, records_of("".join(pairs), _PAIR))

    def take(self, row: Row) -> None:
        """Takes a row of `lineage` in."""
        if is_asset(row["from_kind"]) and is_asset(row["to_kind"]):
            self._take(row["from_kind"], row["to_kind"], records_of(row["packed"], _PAIR))

    def finish(self) -> None:
        """Puts what was taken into the state."""
        state = self._state
        state.upstream = np.concatenate([state.upstream, *(up for up, _ in self._taken)])
        state.downstream = np.concatenate([state.downstream, *(down for _, down in self._taken)])
        self._taken = []

    def _take(self, kind_up: str, kind_down: str, pairs: Array) -> None:
        state = self._state
        up, down = self._nodes(kind_up, pairs["upstream"]), self._nodes(kind_down, pairs["downstream"])
        known = (up >= 0) & (down >= 0)
        self._taken.append((up[known].astype(np.uint32), down[known].astype(np.uint32)))
        for pair in pairs[~known]:
            ends = (id_text(pair["upstream"]).replace("-", ""), id_text(pair["downstream"]).replace("-", ""))
            state.dangling.append((kind_up, kind_down, *ends))

    def _nodes(self, kind: str, keys: Array) -> Array:
        if kind == "table":
            return self._index.numbers(keys)
        numbers = self._assets.numbers(keys)
        missing = np.flatnonzero(numbers < 0)
        for place in missing.tolist():
            key = bytes(keys[place])
            numbers[place] = self._new[key] if key in self._new else self._register(kind, key)
        return numbers + FIRST_ASSET

    def _register(self, kind: str, key: bytes) -> int:
        asset, number = self._state.asset, self._next
        self._next += 1
        if number >= asset.length:
            asset.grow(number + number // 8 + 256)
        asset["id"][number] = key
        asset["kind"][number] = min(self._state.asset_kinds.number(kind), 255)
        self._new[key] = number
        return number


def judge_assets(state: State, known: Mapping[str, KnownAssets], used_lately: set[bytes], used: set[bytes]) -> Array:
    """Sets which assets other than tables are there (`alive`) and in use; gives the numbers of the changed ones.

    `used_lately` and `used` are ids with usage in the recent and in the last 90 days. Kinds that cannot be read count
    as there, and in use.
    """
    services = {
        bytes(each.services[number])
        for each in known.values()
        for number in each.index.numbers(_sorted_keys(used_lately))
        if number >= 0
    }
    watched = _sorted_keys(services)
    asset = state.asset
    there = asset["id"] != b""
    alive, in_use = there.copy(), there.copy()
    names = np.zeros(asset.length, np.uint32)
    for kind, assets in known.items():
        code = state.asset_kinds.get(kind)
        mine = np.flatnonzero(there & (asset["kind"] == code)) if code is not None else np.zeros(0, np.int64)
        places = assets.index.numbers(asset["id"][mine])
        found = places >= 0
        alive[mine[~found]] = False
        mine, places = mine[found], places[found]
        alive[mine] = ~assets.deleted[places]
        in_use[mine] = ~np.isin(assets.services[places], watched) | np.isin(asset["id"][mine], _sorted_keys(used))
        names[mine] = np.maximum(assets.names[places], 1)
    changed: Array = np.flatnonzero(
        there
        & ((names != asset["name"]) | (alive != (asset["alive"] == 1)) | ((in_use & alive) != (asset["in_use"] == 1)))
    )
    asset["name"], asset["alive"], asset["in_use"] = names, alive, in_use & alive
    return changed


def _sorted_keys(keys: set[bytes]) -> Array:
    return np.frombuffer(b"".join(sorted(key.ljust(16, b"\0") for key in keys)), KEY)


@dataclass(frozen=True)
class Graph:
    """The edges between what is there, as node numbers: tables, then the other assets."""

    tables: int
    sources: Array
    targets: Array
    alive: Mask

    @property
    def nodes(self) -> int:
        return len(self.alive)


def graph_of(state: State, present: Mask, problems: Problems) -> Graph:
    """The lineage of the estate as it is: edges to what is no longer there are left out and counted."""
    tables = state.tables
    alive = np.concatenate([present, state.asset["alive"] == 1])

    def nodes(encoded: Array) -> Array:
        others = encoded >= FIRST_ASSET
        numbers = encoded.astype(np.uint32)
        numbers[others] -= np.uint32(FIRST_ASSET - tables)
        return numbers.astype(np.int32)

    sources, targets = nodes(state.upstream), nodes(state.downstream)
    whole = alive[sources] & alive[targets] if len(sources) else np.zeros(0, np.bool_)
    lost = len(sources) - int(whole.sum()) + len(state.dangling)
    if lost:
        problems.add("LINEAGE_TO_NOTHING", _lost_example(state, sources, whole), lost)
    return Graph(tables, sources[whole], targets[whole], alive)


def _lost_example(state: State, sources: Array, whole: Mask) -> str:
    if state.dangling:
        return " -> ".join(state.dangling[0][2:])
    number = int(sources[np.flatnonzero(~whole)[0]])
    key = state.source["id"][number] if number < state.tables else state.asset["id"][number - state.tables]
    return f"{id_text(key)} -> ..."


def find_nearest(state: State, graph: Graph, tables_in_use: Mask) -> Nearest:
    """For each node the nearest assets in use downstream; ties: tables first, then by id."""
    in_use = np.concatenate([tables_in_use, state.asset["in_use"] == 1]) & graph.alive
    return nearest_in_use(adjacency(graph.targets, graph.sources, graph.nodes), in_use, _order(state, graph))


def _order(state: State, graph: Graph) -> Array:
    order = np.empty(graph.nodes, dtype=np.int32)
    order[: graph.tables][np.argsort(state.source["id"], kind="stable")] = np.arange(graph.tables)
    order[graph.tables :][np.argsort(state.asset["id"], kind="stable")] = np.arange(graph.tables, graph.nodes)
    return order


def packed_nearest(nearest: Nearest, tables: int) -> Iterator[tuple[str, bytes]]:
    """Blobs `nearest/...` of the tables."""
    for chunk, start in enumerate(range(0, tables, CHUNK)):
        nodes = nearest.nodes[start : min(start + CHUNK, tables)].astype(np.int64)
        columns = Columns(NEAREST_FIELDS, len(nodes))
        encoded = np.where(nodes >= tables, nodes - tables + FIRST_ASSET, nodes)
        distances = nearest.distances[start : start + len(nodes)]
        for place in range(NEAREST):
            columns[f"node{place}"] = np.where(nodes[:, place] >= 0, encoded[:, place], NO_NODE)
            columns[f"distance{place}"] = np.where(nodes[:, place] >= 0, distances[:, place], 0)
        yield blob_name("nearest", chunk), columns.packed(0)


def packed_adjacency(graph: Graph) -> Iterator[tuple[str, bytes]]:
    """Blobs `down/...` and `up/...`: of each node of a chunk the neighbours, encoded."""
    for name, sources, targets in (("down", graph.sources, graph.targets), ("up", graph.targets, graph.sources)):
        neighbours = adjacency(sources, targets, graph.nodes)
        yield from _packed(f"{name}/", neighbours, 0, graph.tables, graph.tables)
        yield from _packed(f"{name}/a", neighbours, graph.tables, graph.nodes, graph.tables)


def _packed(prefix: str, neighbours: Adjacency, first: int, end: int, tables: int) -> Iterator[tuple[str, bytes]]:
    for chunk, start in enumerate(range(first, end, CHUNK)):
        stop = min(start + CHUNK, end)
        offsets = neighbours.offsets[start : stop + 1]
        targets = neighbours.targets[offsets[0] : offsets[-1]].astype(np.int64)
        encoded = np.where(targets >= tables, targets - tables + FIRST_ASSET, targets)
        digits = 4 if prefix.endswith("a") else 5
        head = np.array([stop - start], np.uint32)
        packed = (head, (offsets - offsets[0]).astype(np.uint32), encoded.astype(np.uint32))
        yield f"{prefix}{chunk:0{digits}d}", b"".join(part.tobytes() for part in packed)
