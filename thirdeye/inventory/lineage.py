"""Lineage as integer arrays: for every asset, the nearest assets in use downstream of it.

Nodes are numbered 0 to n - 1. The search runs breadth first from the assets in use up the edges and is exact at any
depth and through cycles. Each node keeps its NEAREST + 1 nearest, itself included when it is in use. Dropping the rest
is safe: a node that drops an asset has that many better ones, and every node upstream of it reaches those just as soon.
"""

from dataclasses import dataclass

import numpy as np

from thirdeye.inventory.columns import NEAREST, Array, Mask

_KEPT = NEAREST + 1
_MAX_DISTANCE = 65_535
# How many pairs of a node and a source are processed at a time, which bounds memory.
_SLICE = 100_000


@dataclass(frozen=True)
class Adjacency:
    """The neighbours of each node: those of node i are targets[offsets[i]:offsets[i + 1]]."""

    offsets: Array
    targets: Array

    def of(self, nodes: Array) -> tuple[Array, Array]:
        """All neighbours of these nodes, and for each the position of its node in `nodes`."""
        starts, counts = self.offsets[nodes], self.offsets[nodes + 1] - self.offsets[nodes]
        places = np.repeat(np.arange(len(nodes), dtype=np.int32), counts)
        within = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.targets[np.repeat(starts, counts) + within], places


def adjacency(sources: Array, targets: Array, nodes: int) -> Adjacency:
    """The neighbours that these edges give; equal edges count once."""
    edges = sources.astype(np.int64) * nodes + targets
    edges.sort()
    if len(edges):
        edges = edges[np.append(True, edges[1:] != edges[:-1])]
    offsets = np.zeros(nodes + 1, dtype=np.int32)
    np.cumsum(np.bincount(edges // max(nodes, 1), minlength=nodes), out=offsets[1:])
    return Adjacency(offsets, (edges % max(nodes, 1)).astype(np.int32))


@dataclass(frozen=True)
class Nearest:
    """For each node up to NEAREST nodes in use downstream of it, nearest first (-1: no more), and their distances."""

    nodes: Array
    distances: Array

    @property
    def any(self) -> Mask:
        """Which nodes are in use through lineage."""
        mask: Mask = self.nodes[:, 0] >= 0
        return mask


def nearest_in_use(upstream: Adjacency, in_use: Mask, order: Array) -> Nearest:
    """The nearest assets in use downstream of each node, itself excluded; `order` ranks nodes at equal distance."""
    count = len(in_use)
    kept = np.full((count, _KEPT), -1, dtype=np.int32)
    distances = np.zeros((count, _KEPT), dtype=np.uint16)
    filled = np.zeros(count, dtype=np.int8)
    sources = np.flatnonzero(in_use).astype(np.int32)
    sources = sources[np.argsort(order[sources], kind="stable")]
    del order
    kept[sources, 0] = np.arange(len(sources), dtype=np.int32)
    filled[sources] = 1
    nodes, ranks, distance = sources, np.arange(len(sources), dtype=np.int32), 0
    while len(nodes):
        distance += 1
        fresh = list[tuple[Array, Array]]()
        # Ascending ranks, so that at equal distance the lower ranks take the free slots.
        for start in range(0, len(nodes), _SLICE):
            part = slice(start, start + _SLICE)
            above, places = upstream.of(nodes[part])
            reached, reached_ranks = _new_pairs(above, ranks[part][places], kept, filled, len(sources))
            slots = filled[reached] + _index_in_run(reached)
            free = slots < _KEPT
            reached, reached_ranks, slots = reached[free], reached_ranks[free], slots[free]
            kept[reached, slots] = reached_ranks
            distances[reached, slots] = min(distance, _MAX_DISTANCE)
            np.add.at(filled, reached, 1)
            fresh.append((reached, reached_ranks))
        nodes, ranks = (np.concatenate([pair[side] for pair in fresh]) for side in (0, 1))
        by_rank = np.argsort(ranks, kind="stable")
        nodes, ranks = nodes[by_rank], ranks[by_rank]
    # An asset in use has itself in the first slot, at distance 0.
    kept[sources, :-1] = kept[sources, 1:]
    distances[sources, :-1] = distances[sources, 1:]
    kept = kept[:, :NEAREST]
    for start in range(0, count, _SLICE):
        part_ranks = kept[start : start + _SLICE]
        used = part_ranks >= 0
        part_ranks[used] = sources[part_ranks[used]]
    return Nearest(kept, distances[:, :NEAREST])


def _new_pairs(nodes: Array, ranks: Array, kept: Array, filled: Array, sources: int) -> tuple[Array, Array]:
    """The distinct pairs of a node and a source that the node does not have yet, by node and then by rank."""
    has_room = filled[nodes] < _KEPT
    pairs = np.unique(nodes[has_room].astype(np.int64) * max(sources, 1) + ranks[has_room])
    nodes, ranks = (pairs // max(sources, 1)).astype(np.int32), (pairs % max(sources, 1)).astype(np.int32)
    fresh = np.ones(len(nodes), dtype=np.bool_)
    for slot in range(_KEPT):
        fresh &= kept[nodes, slot] != ranks
    return nodes[fresh], ranks[fresh]


def _index_in_run(nodes: Array) -> Array:
    """For sorted nodes: 0, 1, 2 ... within each run of equal nodes."""
    first = np.ones(len(nodes), dtype=np.bool_)
    first[1:] = nodes[1:] != nodes[:-1]
    starts = np.flatnonzero(first)
    return np.arange(len(nodes)) - np.repeat(starts, np.diff(np.append(starts, len(nodes))))
