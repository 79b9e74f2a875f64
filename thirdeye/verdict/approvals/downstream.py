"""What is downstream of tables whose removal is approved, as keys that outlive refreshes.

Tables have the number that follows their identity; other assets have their ids, for their numbers are new where the
inventory is read anew.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np

from thirdeye.inventory.columns import ASSET_FIELDS, CHUNK, FIRST_ASSET, Array, blob_name, unpack_fields
from thirdeye.inventory.graph_walk import Budget, by_chunk, walk
from thirdeye.inventory.lineage import Adjacency, adjacency
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.mirror.advisor import Estate
from thirdeye.verdict.approvals.keys import asset_key, table_key

# As deep as lineage may be: walks end with their nodes.
_ANY_DEPTH: Final = 2**31
_FIRST_ASSET_CHUNK: Final = FIRST_ASSET // CHUNK


async def published_downstream(
    reader: EstateReader, snapshot: Snapshot, number: int, budget: Budget
) -> frozenset[str] | None:
    """The keys of all assets downstream of a table, as published; None if there are too many. Raises Superseded."""
    load = partial(reader.chunk, snapshot)
    reached = await walk(load, "down", number, _ANY_DEPTH, budget)
    if reached.capped:
        return None
    keys = {table_key(node) for node, _ in reached.nodes if node < FIRST_ASSET}
    for chunk, places in by_chunk(np.array(sorted(node for node, _ in reached.nodes), np.uint32)):
        if chunk < _FIRST_ASSET_CHUNK:
            continue
        data = await load(blob_name("asset", chunk - _FIRST_ASSET_CHUNK))
        if data is not None:
            keys.update(map(asset_key, unpack_fields(ASSET_FIELDS, data)["id"][places]))
    return frozenset(keys)


class EstateDownstream:
    """The same as a refresh finds it."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._below: Adjacency | None = None

    def of(self, number: int) -> frozenset[str]:
        """The keys of all assets downstream of a table."""
        if self._below is None:
            estate = self._estate
            self._below = adjacency(estate.sources, estate.targets, estate.nodes)
        return frozenset(self._keys(_reached(self._below, number)))

    def _keys(self, nodes: Array) -> Iterator[str]:
        tables = len(self._estate.present)
        yield from map(table_key, nodes[nodes < tables].tolist())
        yield from map(asset_key, self._estate.asset_ids[nodes[nodes >= tables] - tables])


def _reached(below: Adjacency, node: int) -> Array:
    """All nodes downstream of a node, without itself."""
    seen = {node}
    frontier, found = np.array([node]), [np.zeros(0, np.int64)]
    while len(frontier):
        nodes = np.unique(below.of(frontier)[0])
        frontier = np.array([each for each in nodes.tolist() if each not in seen], np.int64)
        seen.update(frontier.tolist())
        found.append(frontier)
    return np.concatenate(found)
