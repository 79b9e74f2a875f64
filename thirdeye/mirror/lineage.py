"""Lineage between assets of all kinds."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import CHUNK, FIRST_ASSET, NEAREST_FIELDS, NO_NODE, Array, Columns, Mask, blob_name
from thirdeye.inventory.lineage import Adjacency, Nearest, adjacency, nearest_in_use
from thirdeye.mirror.buckets import bucket_number, id_buckets
from thirdeye.mirror.keys import KEY, id_text, records_of
from thirdeye.mirror.state import Index, State
from thirdeye.mirror.warnings import RefreshWarnings

_PAIR: Final = np.dtype([("upstream", KEY), ("downstream", KEY)])
_NO_ASSETS: Final = frozenset({"domain", "dataProduct"})


def is_asset(kind: str) -> bool:
    """Whether lineage of this kind of entity is of data: not of services, domains and data products."""
    return kind not in _NO_ASSETS and not kind.endswith("Service")


class EdgeReader:
    """Brings the edges of a state up to date."""

    def __init__(self, state: State, index: Index) -> None:
        self._state = state
        self._index = index
        self._assets = Index(state.asset["id"])
        self._new: dict[bytes, int] = {}
        self._next = int(np.max(np.flatnonzero(state.asset["id"] != b""), initial=-1)) + 1
        self._added: list[tuple[Array, Array]] = []

    async def read(self, buckets: Mask | None, rows: AsyncIterator[Row]) -> None:
        """Rows of `lineage` replace the edges whose downstream end lies in these buckets, all of them for None."""
        self._drop(buckets)
        self._retry()
        async for row in rows:
            if is_asset(row["from_kind"]) and is_asset(row["to_kind"]):
                self._add_pairs(row["from_kind"], row["to_kind"], records_of(row["packed"], _PAIR))
        state = self._state
        state.upstream = np.concatenate([state.upstream, *(up for up, _ in self._added)])
        state.downstream = np.concatenate([state.downstream, *(down for _, down in self._added)])

    def _drop(self, buckets: Mask | None) -> None:
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

    def _retry(self) -> None:
        """Looks once more for the tables of dangling edges."""
        by_kinds: dict[tuple[str, str], list[str]] = {}
        for kind_up, kind_down, up, down in self._state.dangling:
            by_kinds.setdefault((kind_up, kind_down), []).append(up + down)
        self._state.dangling = []
        for kinds, pairs in by_kinds.items():
            self._add_pairs(*kinds, records_of("".join(pairs), _PAIR))

    def _add_pairs(self, kind_up: str, kind_down: str, pairs: Array) -> None:
        up, down = self._nodes(kind_up, pairs["upstream"]), self._nodes(kind_down, pairs["downstream"])
        resolved = (up >= 0) & (down >= 0)
        self._added.append((up[resolved].astype(np.uint32), down[resolved].astype(np.uint32)))
        for pair in pairs[~resolved]:
            ends = (id_text(pair["upstream"]).replace("-", ""), id_text(pair["downstream"]).replace("-", ""))
            self._state.dangling.append((kind_up, kind_down, *ends))

    def _nodes(self, kind: str, keys: Array) -> Array:
        if kind == "table":
            return self._index.numbers(keys)
        numbers = self._assets.numbers(keys)
        for place in np.flatnonzero(numbers < 0).tolist():
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


# Of fewer of a service's tables in any lineage, nobody can tell what depends on one.
MIN_LINEAGE_SHARE: Final = 0.05


@dataclass(frozen=True)
class Graph:
    """The edges between what exists, as node numbers: tables, then the other assets."""

    tables: int
    sources: Array
    targets: Array
    alive: Mask

    @property
    def nodes(self) -> int:
        return len(self.alive)


def graph_of(state: State, present: Mask, warnings: RefreshWarnings) -> Graph:
    """The lineage of the estate as it is: edges to what no longer exists are left out and counted."""
    alive = np.concatenate([present, state.asset["alive"] == 1])
    sources, targets = _nodes(state.upstream, state.tables), _nodes(state.downstream, state.tables)
    intact = alive[sources] & alive[targets] if len(sources) else np.zeros(0, np.bool_)
    broken = len(sources) - int(intact.sum()) + len(state.dangling)
    if broken:
        warnings.add("LINEAGE_TO_NOTHING", _broken_example(state, sources, intact), broken)
    return Graph(state.tables, sources[intact], targets[intact], alive)


def without_lineage(present: Mask, service: Array, graph: Graph) -> Mask:
    """Which tables are of a service of whose tables hardly any take part in lineage: it may not have been read."""
    ends = np.zeros(graph.nodes, np.bool_)
    ends[graph.sources] = ends[graph.targets] = True
    services = int(service.max(initial=0)) + 1
    tables = np.bincount(service[present], minlength=services)
    taking_part = np.bincount(service[present & ends[: graph.tables]], minlength=services)
    without: Mask = (taking_part < MIN_LINEAGE_SHARE * tables)[service]
    return without


def _nodes(numbers: Array, tables: int) -> Array:
    """Numbers of tables and assets as nodes: assets come right after the tables."""
    assets = numbers >= FIRST_ASSET
    nodes = numbers.astype(np.uint32)
    nodes[assets] -= np.uint32(FIRST_ASSET - tables)
    return nodes.astype(np.int32)


def _broken_example(state: State, sources: Array, intact: Mask) -> str:
    if state.dangling:
        return " -> ".join(state.dangling[0][2:])
    number = int(sources[np.flatnonzero(~intact)[0]])
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
        numbers = _numbers(nodes, tables)
        distances = nearest.distances[start : start + len(nodes)]
        for place in range(nodes.shape[1]):
            columns[f"node{place}"] = np.where(nodes[:, place] >= 0, numbers[:, place], NO_NODE)
            columns[f"distance{place}"] = np.where(nodes[:, place] >= 0, distances[:, place], 0)
        yield blob_name("nearest", chunk), columns.packed(0)


def packed_adjacency(graph: Graph) -> Iterator[tuple[str, bytes]]:
    """Blobs `down/...` and `up/...`: the numbers of the neighbours of each node of a chunk."""
    for name, sources, targets in (("down", graph.sources, graph.targets), ("up", graph.targets, graph.sources)):
        neighbours = adjacency(sources, targets, graph.nodes)
        yield from _packed(f"{name}/", neighbours, 0, graph.tables, graph.tables)
        yield from _packed(f"{name}/a", neighbours, graph.tables, graph.nodes, graph.tables)


def _packed(prefix: str, neighbours: Adjacency, first: int, end: int, tables: int) -> Iterator[tuple[str, bytes]]:
    for chunk, start in enumerate(range(first, end, CHUNK)):
        stop = min(start + CHUNK, end)
        offsets = neighbours.offsets[start : stop + 1]
        numbers = _numbers(neighbours.targets[offsets[0] : offsets[-1]].astype(np.int64), tables)
        digits = 4 if prefix.endswith("a") else 5
        count = np.array([stop - start], np.uint32)
        packed = (count, (offsets - offsets[0]).astype(np.uint32), numbers.astype(np.uint32))
        yield f"{prefix}{chunk:0{digits}d}", b"".join(part.tobytes() for part in packed)


def _numbers(nodes: Array, tables: int) -> Array:
    """The numbers of tables and assets that these nodes stand for."""
    return np.where(nodes >= tables, nodes - tables + FIRST_ASSET, nodes)
