"""Who depends on whom, as integer arrays: the assets in use that are nearest downstream of every asset.

Nodes are numbered 0 to n - 1. The search is breadth first from the assets in use up the edges, exact at any depth and
through cycles. Each node keeps its NEAREST + 1 nearest, itself included when it is in use: whatever is dropped has that
many better ones, which every node upstream reaches as soon.
"""

from dataclasses import dataclass

import numpy as np

from thirdeye.inventory.columns import NEAREST, Array, Mask

_KEPT = NEAREST + 1
_FARTHEST = 65_535
# Pairs of a node and a source that are looked at at a time.
_SLICE = 100_000


@dataclass(frozen=True)
class Adjacency:
    """The neighbours of each node: those of node i are targets[offsets[i]:offsets[i + 1]]."""

    offsets: Array
    targets: Array

    def of(self, nodes: Array) -> tuple[Array, Array]:
        """All neighbours of these nodes, and for each the place of its node in `nodes`."""
        starts, counts = self.offsets[nodes], self.offsets[nodes + 1] - self.offsets[nodes]
        places = np.repeat(np.arange(len(nodes), dtype=np.int32), counts)
        within = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.targets[np.repeat(starts, counts) + within], places


def adjacency(sources: Array, targets: Array, nodes: int) -> Adjacency:
    """From edges, of which equal ones count once."""
    edges = sources.astype(np.int64) * nodes + targets
    edges.sort()
    if len(edges):
        edges = edges[np.append(True, edges[1:] != edges[:-1])]
    offsets = np.zeros(nodes + 1, dtype=np.int32)
    np.cumsum(np.bincount(edges // max(nodes, 1), minlength=nodes), out=offsets[1:])
    return Adjacency(offsets, (edges % max(nodes, 1)).astype(np.int32))


@dataclass(frozen=True)
class Nearest:
    """By node: up to NEAREST nodes in use downstream of it, nearest first (-1: no more), and how many edges away."""

    nodes: Array
    distances: Array

    @property
    def any(self) -> Mask:
        """Which nodes are in use through lineage."""
        found: Mask = self.nodes[:, 0] >= 0
        return found


def nearest_in_use(upstream: Adjacency, in_use: Mask, order: Array) -> Nearest:
    """The nearest assets in use downstream of each node, other than itself; ties by `order`, a rank of each node."""
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
        # By rising rank, so that of equally near ones those of lower rank take the places.
        for start in range(0, len(nodes), _SLICE):
            part = slice(start, start + _SLICE)
            above, places = upstream.of(nodes[part])
            found, of = _new_pairs(above, ranks[part][places], kept, filled, len(sources))
            slots = filled[found] + _place_in_group(found)
            room = slots < _KEPT
            found, of, slots = found[room], of[room], slots[room]
            kept[found, slots] = of
            distances[found, slots] = min(distance, _FARTHEST)
            np.add.at(filled, found, 1)
            fresh.append((found, of))
        nodes, ranks = (np.concatenate([pair[side] for pair in fresh]) for side in (0, 1))
        by_rank = np.argsort(ranks, kind="stable")
        nodes, ranks = nodes[by_rank], ranks[by_rank]
    # Its own place comes first, at distance 0.
    kept[sources, :-1] = kept[sources, 1:]
    distances[sources, :-1] = distances[sources, 1:]
    kept = kept[:, :NEAREST]
    for start in range(0, count, _SLICE):
        ranks_of = kept[start : start + _SLICE]
        known = ranks_of >= 0
        ranks_of[known] = sources[ranks_of[known]]
    return Nearest(kept, distances[:, :NEAREST])


def _new_pairs(nodes: Array, ranks: Array, kept: Array, filled: Array, sources: int) -> tuple[Array, Array]:
    """Pairs of a node and a source that it does not have yet, each once, by node and then by rank."""
    open_ = filled[nodes] < _KEPT
    pairs = np.unique(nodes[open_].astype(np.int64) * max(sources, 1) + ranks[open_])
    nodes, ranks = (pairs // max(sources, 1)).astype(np.int32), (pairs % max(sources, 1)).astype(np.int32)
    fresh = np.ones(len(nodes), dtype=np.bool_)
    for slot in range(_KEPT):
        fresh &= kept[nodes, slot] != ranks
    return nodes[fresh], ranks[fresh]


def _place_in_group(nodes: Array) -> Array:
    """For sorted nodes: 0, 1, 2 ... within each run of equal ones."""
    first = np.ones(len(nodes), dtype=np.bool_)
    first[1:] = nodes[1:] != nodes[:-1]
    starts = np.flatnonzero(first)
    return np.arange(len(nodes)) - np.repeat(starts, np.diff(np.append(starts, len(nodes))))
