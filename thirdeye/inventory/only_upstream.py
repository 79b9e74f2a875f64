"""What upstream of a node exists only for it: whatever is made from that, and nobody needs, leads to the node."""

import numpy as np

from thirdeye.inventory.columns import Array
from thirdeye.inventory.dead_ends import reaching
from thirdeye.inventory.graph_walk import (
    NODE_LIMIT,
    Budget,
    Load,
    NodePredicate,
    Walk,
    by_chunk,
    chunk_name,
    neighbours_with_places,
    walk,
)
from thirdeye.inventory.lineage import adjacency

# Farther than any walk goes before its budget is spent.
_ANY_DISTANCE = 1_000_000


async def only_upstream(load: Load, node: int, needed: NodePredicate, budget: Budget, limit: int = NODE_LIMIT) -> Walk:
    """The nodes upstream that are not needed and from which every path leads to this node, nearest first.

    Of a walk that is capped those that were found are right; there may be more.
    """
    reached = await walk(load, "up", node, _ANY_DISTANCE, budget, limit)
    nodes = np.array(sorted(each for each, _ in reached.nodes), np.uint32)
    if not len(nodes):
        return reached
    for_others = await _needed(nodes, needed)
    sources, targets = await _downstream(load, nodes)
    within = targets != node
    sources, targets = sources[within], targets[within]
    places = np.minimum(np.searchsorted(nodes, targets), len(nodes) - 1)
    known = nodes[places] == targets
    for_others[sources[~known]] = True
    upstream = adjacency(places[known], sources[known], len(nodes))
    kept = set(nodes[~reaching(upstream, for_others)].tolist())
    return Walk([(each, distance) for each, distance in reached.nodes if each in kept], reached.capped)


async def _needed(nodes: Array, needed: NodePredicate) -> Array:
    return np.concatenate([await needed(chunk, places) for chunk, places in by_chunk(nodes)])


async def _downstream(load: Load, nodes: Array) -> tuple[Array, Array]:
    """The edges down from these nodes: the place of each one's source among them, and its target."""
    sources, targets, first = [np.zeros(0, np.int64)], [np.zeros(0, np.uint32)], 0
    for chunk, places in by_chunk(nodes):
        data = await load(f"down/{chunk_name(chunk)}")
        if data is not None:
            below, rows = neighbours_with_places(data, places)
            sources.append(rows + first)
            targets.append(below)
        first += len(places)
    return np.concatenate(sources), np.concatenate(targets)
