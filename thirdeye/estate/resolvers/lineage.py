"""GraphQL: what tables are made from, what is made from them, and the assets in use that depend on them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from ariadne import ObjectType

from thirdeye.context import Info
from thirdeye.errors import BadInput
from thirdeye.estate.loaders import asset_loader, of_one_generation
from thirdeye.inventory.columns import CHUNK, PRESENT, Array, Mask, blob_name, unpacked
from thirdeye.inventory.graph_walk import FIRST_ASSET, Budget, Load, Meant, by_chunk, count_downstream, nearest, walk
from thirdeye.inventory.reader import Snapshot
from thirdeye.inventory.rules import ACTIVITY_CODE, Activity, directly_in_use
from thirdeye.mirror.state import ASSET_FIELDS

table = ObjectType("Table")
_FIRST_ASSET_CHUNK = FIRST_ASSET // CHUNK
# How many edges away what stands in the way is looked for.
_FAR = 20


def _load(info: Info, snapshot: Snapshot) -> Load:
    async def load(name: str) -> bytes | None:
        data: bytes | None = await info.context.estate.chunk(snapshot, name)
        return data

    return load


def _in_use(load: Load, snapshot: Snapshot) -> Meant:
    """Tells which nodes are directly in use."""

    async def in_use(chunk: int, places: Array) -> Mask:
        if chunk < _FIRST_ASSET_CHUNK:
            await snapshot.load(("flags", "activity"))
            parts = snapshot.catalogue.columns.parts(chunk)
            there: Mask = (parts["flags"][places] & PRESENT) != 0
            return there & directly_in_use(parts["activity"][places])
        data = await load(blob_name("asset", chunk - _FIRST_ASSET_CHUNK))
        if data is None:
            return np.zeros(len(places), np.bool_)
        used: Mask = unpacked(ASSET_FIELDS, data)["in_use"][places] == 1
        return used

    return in_use


def _budget(info: Info) -> Budget:
    budget: Budget = info.context.loaders.setdefault("walks", Budget())
    return budget


async def _nodes(info: Info, in_use: Meant, nodes: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    rows = await asset_loader(info.context).load_many([node for node, _ in nodes])
    used = set[int]()
    for chunk, places in by_chunk(np.array(sorted(node for node, _ in nodes), np.uint32)):
        used.update((places[await in_use(chunk, places)].astype(np.int64) + chunk * CHUNK).tolist())
    return [
        {"asset": {**row, "inUse": node in used}, "distance": distance}
        for (node, distance), row in zip(nodes, rows, strict=True)
        if row is not None
    ]


async def _neighbourhood(info: Info, number: int, direction: str, depth: int | None, first: int | None) -> Any:
    depth, first = 1 if depth is None else depth, 50 if first is None else first
    if not 1 <= depth <= 5:
        raise BadInput("depth: must be 1 to 5", "depth")
    if not 1 <= first <= 200:
        raise BadInput("first: must be 1 to 200", "first")

    async def find(snapshot: Snapshot) -> dict[str, Any]:
        load = _load(info, snapshot)
        found = await walk(load, direction, number, depth, _budget(info))
        return {
            "nodes": await _nodes(info, _in_use(load, snapshot), found.nodes[:first]),
            "totalCount": len(found.nodes),
            "totalCountIsCapped": found.capped,
        }

    return await of_one_generation(info.context, find)


async def assets_of(info: Info, number: int, limit: int, *, activity: Activity | None = None) -> list[dict[str, Any]]:
    """Assets downstream of a table, nearest first: those in use, or tables of an activity that are there."""

    async def find(snapshot: Snapshot) -> list[dict[str, Any]]:
        load = _load(info, snapshot)
        in_use = _in_use(load, snapshot)
        if activity is None:
            return await _nodes(info, in_use, (await nearest(load, number))[:limit])
        found = await walk(load, "down", number, _FAR, _budget(info))
        await snapshot.load(("activity",))
        columns, code = snapshot.catalogue.columns, ACTIVITY_CODE[activity]
        meant = [
            (node, distance)
            for node, distance in found.nodes
            if node < FIRST_ASSET and columns.parts(node // CHUNK)["activity"][node % CHUNK] == code
        ]
        return await _nodes(info, in_use, meant[:limit])

    return await of_one_generation(info.context, find)


@table.field("upstream")
async def resolve_upstream(
    of: dict[str, Any], info: Info, *, depth: int | None = None, first: int | None = None
) -> Any:
    return await _neighbourhood(info, of["number"], "up", depth, first)


@table.field("downstream")
async def resolve_downstream(
    of: dict[str, Any], info: Info, *, depth: int | None = None, first: int | None = None
) -> Any:
    return await _neighbourhood(info, of["number"], "down", depth, first)


@table.field("dependents")
async def resolve_dependents(of: dict[str, Any], info: Info) -> dict[str, Any]:
    async def find(snapshot: Snapshot) -> dict[str, Any]:
        load = _load(info, snapshot)
        in_use = _in_use(load, snapshot)
        near = await nearest(load, of["number"])
        # A table without a nearest one has none at all.
        count, capped = await count_downstream(load, of["number"], in_use, _budget(info)) if near else (0, False)
        return {"nearest": await _nodes(info, in_use, near), "count": count, "countIsCapped": capped}

    return await of_one_generation(info.context, find)
