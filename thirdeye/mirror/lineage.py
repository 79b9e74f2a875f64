"""Lineage between assets of all kinds, as a graph: what is in use through it, and of what nobody can tell."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from thirdeye.inventory.columns import (
    ABSENT,
    CHUNK,
    FIRST_ASSET,
    MISSING,
    NEAREST_FIELDS,
    NO_NODE,
    UNREADABLE_KIND,
    Array,
    Columns,
    Mask,
    blob_name,
)
from thirdeye.inventory.lineage import Adjacency, Nearest, adjacency, nearest_in_use
from thirdeye.mirror.edges import MARKED_DELETED
from thirdeye.mirror.keys import id_text
from thirdeye.mirror.state import State
from thirdeye.mirror.views.lineage import TextLineage
from thirdeye.mirror.warnings import RefreshWarnings

# Of fewer of a service's tables in any lineage, nobody can tell what depends on one.
MIN_LINEAGE_SHARE: Final = 0.05


@dataclass(frozen=True)
class Graph:
    """The edges between nodes: tables by number, then the other assets.

    `alive` are those of the estate: what is deleted conducts and is never in use. Of `unknown` ones nobody can tell
    whether they exist or are in use.
    """

    tables: int
    sources: Array
    targets: Array
    alive: Mask
    unknown: Mask

    @property
    def nodes(self) -> int:
        return len(self.alive)


def graph_of(state: State, text: TextLineage, warnings: RefreshWarnings) -> Graph:
    """The lineage of the estate: OM's edges and those that texts of views give; what is not known is counted.

    An edge marked deleted counts where an end of it is deleted, absent or not known.
    """
    asset, present = state.asset, state.present()
    alive = np.concatenate([present, asset["alive"] == 1])
    unknown = np.concatenate([np.zeros(state.tables, np.uint8), asset["unknown"]])
    settled = alive & (unknown == 0) & ~np.concatenate([state.query.has(ABSENT), asset["absent_since"] > 0])
    sources, targets = _nodes(state.upstream, state.tables), _nodes(state.downstream, state.tables)
    counts = (state.edge_state != MARKED_DELETED) | ~settled[sources] | ~settled[targets]
    sources, targets = sources[counts], targets[counts]
    _warn_of_unknown(state, unknown, sources, targets, warnings)
    sources = np.concatenate([sources, text.upstream.astype(np.int32)])
    targets = np.concatenate([targets, text.downstream.astype(np.int32)])
    return Graph(state.tables, sources, targets, alive & (unknown == 0), unknown > 0)


def _warn_of_unknown(state: State, unknown: Array, sources: Array, targets: Array, warnings: RefreshWarnings) -> None:
    for reason, code in ((MISSING, "LINEAGE_TO_NOTHING"), (UNREADABLE_KIND, "LINEAGE_TO_UNREADABLE_KIND")):
        edges = np.flatnonzero((unknown[sources] == reason) | (unknown[targets] == reason))
        if len(edges):
            ends = (_node_text(state, int(nodes[edges[0]])) for nodes in (sources, targets))
            warnings.add(code, " -> ".join(ends), len(edges))


def _node_text(state: State, node: int) -> str:
    if node < state.tables:
        return f"table {id_text(state.source['id'][node])}"
    number = node - state.tables
    kind = state.asset_kinds.items[int(state.asset["kind"][number])]
    return f"{kind} {id_text(state.asset['id'][number])}"


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


def packed_unread(unread_views: Array) -> Iterator[tuple[str, bytes]]:
    """Blobs `unread/...`: for each table a view that may name it, as `packed_adjacency` has neighbours.

    `unread_views` are views by table number, NO_NODE for none.
    """
    tables = np.flatnonzero(unread_views != NO_NODE).astype(np.int32)
    if not len(tables):
        return
    neighbours = adjacency(tables, unread_views[tables].astype(np.int32), len(unread_views))
    yield from _packed("unread/", neighbours, 0, len(unread_views), len(unread_views))
