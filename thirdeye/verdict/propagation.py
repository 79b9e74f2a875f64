"""Propagates a property of assets up the lineage, through any depth and through cycles."""

import numpy as np

from thirdeye.inventory.columns import Array, Mask
from thirdeye.inventory.lineage import Adjacency


def have_downstream(upstream: Adjacency, start: Mask) -> Mask:
    """Which nodes have a node of `start` downstream; a node of `start` only if a path leads to another one or back."""
    reached = np.zeros(len(start), np.bool_)
    _propagate(upstream, np.flatnonzero(start), reached)
    return reached


def depended_on(upstream: Adjacency, sources: Array, targets: Array, existing: Mask) -> Mask:
    """Which nodes have another one downstream that exists, through what does not exist if need be."""
    reached = np.zeros(len(existing), np.bool_)
    reached[sources[existing[targets] & (sources != targets)]] = True
    _propagate(upstream, np.flatnonzero(reached & ~existing), reached)
    return reached


def highest_downstream(upstream: Adjacency, numbers: Array) -> Array:
    """For each node the highest number downstream of it; 0, in and out, for none."""
    highest = np.zeros_like(numbers)
    reached = np.zeros(len(numbers), np.bool_)
    nodes = np.flatnonzero(numbers)
    nodes = nodes[np.argsort(numbers[nodes], kind="stable")]
    values, starts = np.unique(numbers[nodes], return_index=True)
    ends = np.append(starts, len(nodes))[1:]
    # From the highest number down, so that every node is first reached by its highest.
    for value, start, end in zip(values[::-1], starts[::-1], ends[::-1], strict=True):
        for newly_reached in _propagate(upstream, nodes[start:end], reached):
            highest[newly_reached] = value
    return highest


def _propagate(upstream: Adjacency, nodes: Array, reached: Mask) -> list[Array]:
    """Marks the nodes upstream of these in `reached`; gives those that were not marked before."""
    newly_reached = list[Array]()
    while len(nodes):
        above, _ = upstream.of(nodes)
        nodes = np.unique(above[~reached[above]])
        reached[nodes] = True
        newly_reached.append(nodes)
    return newly_reached
