"""What hangs on a table: spreading a property of assets up the lineage, through any depth and cycles."""

import numpy as np

from thirdeye.inventory.columns import Array, Mask
from thirdeye.inventory.lineage import Adjacency


def have_downstream(upstream: Adjacency, start: Mask) -> Mask:
    """Which nodes have one of these downstream; one of these itself only if a way leads from it to another or back."""
    reached = np.zeros(len(start), np.bool_)
    _spread(upstream, np.flatnonzero(start), reached)
    return reached


def highest_downstream(upstream: Adjacency, values: Array) -> Array:
    """For each node the highest value of any node downstream of it; NaN, the value of most nodes, is none."""
    highest = np.full(len(values), np.nan)
    reached = np.zeros(len(values), np.bool_)
    known = np.flatnonzero(~np.isnan(values))
    # From the highest value down, so that whatever is reached was reached by the highest that can.
    for value in np.unique(values[known])[::-1]:
        for fresh in _spread(upstream, known[values[known] == value], reached):
            highest[fresh] = value
    return highest


def _spread(upstream: Adjacency, nodes: Array, reached: Mask) -> list[Array]:
    """Marks what lies above these nodes in `reached`; gives what was not marked before."""
    found = list[Array]()
    while len(nodes):
        above, _ = upstream.of(nodes)
        nodes = np.unique(above[~reached[above]])
        reached[nodes] = True
        found.append(nodes)
    return found
