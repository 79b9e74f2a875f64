"""Propagates a property of assets up the lineage, through any depth and through cycles."""

import numpy as np

from thirdeye.inventory.columns import Array, Mask
from thirdeye.inventory.lineage import Adjacency


def have_downstream(upstream: Adjacency, start: Mask) -> Mask:
    """Which nodes have a node of `start` downstream; a node of `start` only if a path leads to another one or back."""
    reached = np.zeros(len(start), np.bool_)
    _propagate(upstream, np.flatnonzero(start), reached)
    return reached


def highest_downstream(upstream: Adjacency, values: Array) -> Array:
    """For each node the highest value downstream of it; NaN, in and out, for no value."""
    highest = np.full(len(values), np.nan)
    reached = np.zeros(len(values), np.bool_)
    nodes = np.flatnonzero(~np.isnan(values))
    # From the highest value down, so that every node is first reached by its highest.
    for value in np.unique(values[nodes])[::-1]:
        for newly_reached in _propagate(upstream, nodes[values[nodes] == value], reached):
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
