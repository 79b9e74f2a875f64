"""GraphQL: what tables are made from, what is made from them, and the assets in use that depend on them."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
from ariadne import ObjectType

from thirdeye.context import Info
from thirdeye.estate.loaders import asset_loader, with_snapshot
from thirdeye.estate.validation import validate_depth
from thirdeye.estate.views import TableAnswer
from thirdeye.inventory.columns import ASSET_FIELDS, CHUNK, FIRST_ASSET, PRESENT, Array, Mask, blob_name, unpack_fields
from thirdeye.inventory.graph_walk import Budget, Load, NodePredicate, by_chunk, count_downstream, nearest, walk
from thirdeye.inventory.reader import Snapshot
from thirdeye.inventory.rules import ACTIVITY_CODE, Activity, directly_in_use
from thirdeye.paging import page_size

table = ObjectType("Table")
_FIRST_ASSET_CHUNK: Final = FIRST_ASSET // CHUNK
# Assets behind a blocker are looked for within so many edges.
_MAX_BLOCKER_DISTANCE: Final = 20


def _in_use(load: Load, snapshot: Snapshot) -> NodePredicate:
    """Tells which nodes are directly in use."""

    async def in_use(chunk: int, places: Array) -> Mask:
        if chunk < _FIRST_ASSET_CHUNK:
            await snapshot.load(("flags", "activity"))
            parts = snapshot.catalogue.columns.parts(chunk)
            present: Mask = (parts["flags"][places] & PRESENT) != 0
            return present & directly_in_use(parts["activity"][places])
        data = await load(blob_name("asset", chunk - _FIRST_ASSET_CHUNK))
        if data is None:
            return np.zeros(len(places), np.bool_)
        used: Mask = unpack_fields(ASSET_FIELDS, data)["in_use"][places] == 1
        return used

    return in_use


def _budget(info: Info) -> Budget:
    budget: Budget = info.context.loaders.setdefault("walks", Budget())
    return budget


async def _views(info: Info, in_use: NodePredicate, nodes: Sequence[tuple[int, int]]) -> list[dict[str, object]]:
    """Lineage nodes, from node numbers and distances."""
    rows = await asset_loader(info.context).load_many([node for node, _ in nodes])
    used = set[int]()
    for chunk, places in by_chunk(np.array(sorted(node for node, _ in nodes), np.uint32)):
        used.update((places[await in_use(chunk, places)].astype(np.int64) + chunk * CHUNK).tolist())
    return [
        {"asset": {**row, "inUse": node in used}, "distance": distance}
        for (node, distance), row in zip(nodes, rows, strict=True)
        if row is not None
    ]


async def _neighbourhood(
    info: Info, number: int, direction: str, depth: int | None, first: int | None
) -> dict[str, object]:
    depth, size = validate_depth(depth), page_size(first, default=50, maximum=200)

    async def read(snapshot: Snapshot) -> dict[str, object]:
        load = partial(info.context.estate.chunk, snapshot)
        reached = await walk(load, direction, number, depth, _budget(info))
        return {
            "nodes": await _views(info, _in_use(load, snapshot), reached.nodes[:size]),
            "totalCount": len(reached.nodes),
            "totalCountIsCapped": reached.capped,
        }

    return await with_snapshot(info.context, read)


async def downstream_assets(
    info: Info, number: int, limit: int, *, activity: Activity | None = None
) -> list[dict[str, object]]:
    """Assets downstream of a table, nearest first: those in use, or the tables with an activity."""

    async def read(snapshot: Snapshot) -> list[dict[str, object]]:
        load = partial(info.context.estate.chunk, snapshot)
        in_use = _in_use(load, snapshot)
        if activity is None:
            return await _views(info, in_use, (await nearest(load, number))[:limit])
        reached = await walk(load, "down", number, _MAX_BLOCKER_DISTANCE, _budget(info))
        await snapshot.load(("activity",))
        columns, code = snapshot.catalogue.columns, ACTIVITY_CODE[activity]
        tables = [
            (node, distance)
            for node, distance in reached.nodes
            if node < FIRST_ASSET and columns.parts(node // CHUNK)["activity"][node % CHUNK] == code
        ]
        return await _views(info, in_use, tables[:limit])

    return await with_snapshot(info.context, read)


@table.field("upstream")
async def resolve_upstream(
    parent: TableAnswer, info: Info, *, depth: int | None = None, first: int | None = None
) -> dict[str, object]:
    return await _neighbourhood(info, parent["number"], "up", depth, first)


@table.field("downstream")
async def resolve_downstream(
    parent: TableAnswer, info: Info, *, depth: int | None = None, first: int | None = None
) -> dict[str, object]:
    return await _neighbourhood(info, parent["number"], "down", depth, first)


@table.field("dependents")
async def resolve_dependents(parent: TableAnswer, info: Info) -> dict[str, object]:
    async def read(snapshot: Snapshot) -> dict[str, object]:
        load = partial(info.context.estate.chunk, snapshot)
        in_use = _in_use(load, snapshot)
        assets = await nearest(load, parent["number"])
        # Without a nearest asset there is none at all.
        count, capped = 0, False
        if assets:
            count, capped = await count_downstream(load, parent["number"], in_use, _budget(info))
        return {"nearest": await _views(info, in_use, assets), "count": count, "countIsCapped": capped}

    return await with_snapshot(info.context, read)
