"""GraphQL: what tables are made from, what is made from them, and the assets in use that depend on them."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from ariadne import ObjectType

from thirdeye.context import Info
from thirdeye.estate.loaders import asset_loader, with_snapshot
from thirdeye.estate.validation import validate_depth
from thirdeye.estate.views import TableAnswer
from thirdeye.inventory.columns import (
    ASSET_FIELDS,
    CHUNK,
    FIRST_ASSET,
    IN_USE_THROUGH_LINEAGE,
    MISSING,
    PRESENT,
    UNREADABLE_KIND,
    Array,
    Columns,
    Mask,
    PackedColumns,
    blob_name,
    unpack_fields,
)
from thirdeye.inventory.graph_walk import (
    Budget,
    Load,
    NodePredicate,
    by_chunk,
    count_downstream,
    edges_outward,
    nearest,
    neighbours_of,
    walk,
)
from thirdeye.inventory.rules import ACTIVITY_CODE, Activity, directly_in_use
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.pacing import keep_pace
from thirdeye.paging import page_size

table = ObjectType("Table")
neighbourhood = ObjectType("LineageNodes")
_FIRST_ASSET_CHUNK: Final = FIRST_ASSET // CHUNK
# So many edges of a neighbourhood are told: more is no picture.
_MAX_EDGES: Final = 1_000
# Assets behind a blocker are looked for within so many edges.
_MAX_BLOCKER_DISTANCE: Final = 20
# Of a series what depends on so many of its parts is looked at.
_MAX_PARTS: Final = 20
# Views whose text was not read are looked for behind so many tables.
_MAX_UNREAD: Final = 200
_UNKNOWN_ASSETS: Final = {UNREADABLE_KIND: "UNREADABLE_KIND", MISSING: "MISSING"}


def _in_use(load: Load, snapshot: Snapshot) -> NodePredicate:
    """Tells which nodes are directly in use."""

    async def in_use(chunk: int, places: Array) -> Mask:
        if chunk < _FIRST_ASSET_CHUNK:
            await snapshot.load(("flags", "activity"))
            parts = snapshot.catalogue.columns.parts(chunk)
            present: Mask = (parts["flags"][places] & PRESENT) != 0
            return present & directly_in_use(parts["activity"][places])
        assets = await assets_at(load, chunk, places)
        used: Mask = (assets["in_use"] == 1) & (assets["unknown"] == 0)
        return used

    return in_use


def _is_removed(load: Load, snapshot: Snapshot) -> NodePredicate:
    """Tells which nodes are no longer part of the estate."""

    async def is_removed(chunk: int, places: Array) -> Mask:
        if chunk < _FIRST_ASSET_CHUNK:
            await snapshot.load(("flags",))
            gone: Mask = (snapshot.catalogue.columns.parts(chunk)["flags"][places] & PRESENT) == 0
            return gone
        assets = await assets_at(load, chunk, places)
        removed: Mask = (assets["alive"] == 0) & (assets["unknown"] == 0)
        return removed

    return is_removed


async def assets_at(load: Load, chunk: int, places: Array) -> dict[str, Array]:
    """The columns of the assets at these places of a chunk of others than tables, zeros where there are none."""
    data = await load(blob_name("asset", chunk - _FIRST_ASSET_CHUNK))
    if data is None:
        return {name: np.zeros(len(places), dtype) for name, dtype in ASSET_FIELDS.items()}
    return {name: values[places] for name, values in unpack_fields(ASSET_FIELDS, data).items()}


async def _matching(matches: NodePredicate, nodes: Sequence[int]) -> set[int]:
    chosen = set[int]()
    for chunk, places in by_chunk(np.array(sorted(set(nodes)), np.uint32)):
        chosen.update((places[await matches(chunk, places)].astype(np.int64) + chunk * CHUNK).tolist())
    return chosen


def walking_budget(info: Info) -> Budget:
    """What all walks of a request have together."""
    budget: Budget = info.context.loaders.setdefault("walks", Budget())
    return budget


async def _views(info: Info, load: Load, snapshot: Snapshot, nodes: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """Lineage nodes, from node numbers and distances."""
    numbers = [node for node, _ in nodes]
    rows = await asset_loader(info.context).load_many(numbers)
    await keep_pace()
    used = await _matching(_in_use(load, snapshot), numbers)
    removed = await _matching(_is_removed(load, snapshot), numbers)
    return [
        {"asset": {**row, "inUse": node in used, "removed": node in removed}, "distance": distance}
        for (node, distance), row in zip(nodes, rows, strict=True)
        if row is not None
    ]


async def _neighbourhood(
    parent: TableAnswer, info: Info, direction: str, depth: int | None, first: int | None
) -> dict[str, object]:
    depth, size = validate_depth(depth), page_size(first, default=50, maximum=200)

    async def read(snapshot: Snapshot) -> dict[str, object]:
        load = partial(info.context.estate.chunk, snapshot)
        reached = await walk(load, direction, parent["number"], depth, walking_budget(info))
        return {
            "start": parent,
            "direction": direction,
            "nodes": await _views(info, load, snapshot, reached.nodes[:size]),
            "countsByDistance": np.bincount([distance for _, distance in reached.nodes] or [0])[1:].tolist(),
            "totalCount": len(reached.nodes),
            "totalCountIsCapped": reached.capped,
        }

    return await with_snapshot(info.context, read)


@neighbourhood.field("edges")
async def resolve_edges(parent: dict[str, Any], info: Info) -> list[dict[str, str]]:
    start, direction = parent["start"], parent["direction"]
    ids = {start["number"]: start["id"], **{node["asset"]["number"]: node["asset"]["id"] for node in parent["nodes"]}}
    nodes = [(start["number"], 0), *((node["asset"]["number"], node["distance"]) for node in parent["nodes"])]

    async def read(snapshot: Snapshot) -> list[dict[str, str]]:
        load = partial(info.context.estate.chunk, snapshot)
        edges = await edges_outward(load, direction, nodes, _MAX_EDGES)
        ends = ("from", "to") if direction == "down" else ("to", "from")
        return [dict(zip(ends, (ids[near], ids[far]), strict=True)) for near, far in edges]

    return await with_snapshot(info.context, read)


async def downstream_in_use(info: Info, number: int, limit: int) -> list[dict[str, object]]:
    """The nearest assets in use downstream of a table."""

    async def read(snapshot: Snapshot) -> list[dict[str, object]]:
        load = partial(info.context.estate.chunk, snapshot)
        return await _views(info, load, snapshot, (await nearest(load, number))[:limit])

    return await with_snapshot(info.context, read)


async def series_downstream_in_use(info: Info, number: int, limit: int) -> list[dict[str, object]]:
    """The nearest assets in use downstream of the parts of a table's series."""

    async def read(snapshot: Snapshot) -> list[dict[str, object]]:
        load, distances = partial(info.context.estate.chunk, snapshot), dict[int, int]()
        for part in await _parts_in_use(info, snapshot, number):
            for node, distance in await nearest(load, part):
                distances[node] = min(distance, distances.get(node, distance))
        nearest_first = sorted(distances.items(), key=lambda each: (each[1], each[0]))
        return await _views(info, load, snapshot, nearest_first[:limit])

    return await with_snapshot(info.context, read)


async def _parts_in_use(info: Info, snapshot: Snapshot, number: int) -> list[int]:
    """Parts of a table's series that are in use through lineage, not more than _MAX_PARTS."""
    await snapshot.load(("flags", "series"))
    columns, key = snapshot.catalogue.columns, f"parts in use {snapshot.generation}"
    if key not in info.context.loaders:
        # A request may ask for many tables.
        info.context.loaders[key] = _all_parts_in_use(columns)
    series, parts = info.context.loaders[key]
    chunk, place = divmod(number, CHUNK)
    own = columns.parts(chunk)["series"][place]
    start, end = np.searchsorted(series, [own, own + 1])
    found: list[int] = parts[start : min(end, start + _MAX_PARTS)].tolist()
    return found


def _all_parts_in_use(columns: Columns | PackedColumns) -> tuple[Array, Array]:
    """The series, in ascending order, and the numbers of all parts that are in use through lineage."""
    series, numbers = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    for chunk in range(columns.chunks):
        part = columns.parts(chunk)
        places = np.flatnonzero((part["series"] > 0) & ((part["flags"] & IN_USE_THROUGH_LINEAGE) != 0))
        series.append(part["series"][places])
        numbers.append(places + chunk * CHUNK)
    of_part, in_use = np.concatenate(series), np.concatenate(numbers)
    order = np.argsort(of_part, kind="stable")
    return of_part[order], in_use[order]


async def unknown_downstream(info: Info, number: int, limit: int) -> list[dict[str, object]]:
    """What is downstream of a table and nobody can tell whether it is in use, nearest first.

    Each with `unknown`: USAGE (of a table), TEXT (of a view that may name it), UNREADABLE_KIND or MISSING.
    """

    async def read(snapshot: Snapshot) -> list[dict[str, object]]:
        load, loaders = partial(info.context.estate.chunk, snapshot), info.context.loaders
        key = f"unknown {snapshot.generation} {number}"
        if key not in loaders:
            # Two fields of a verdict ask for the same.
            loaders[key] = asyncio.ensure_future(_all_unknown(info, load, snapshot, number))
        reasons, distances = await loaders[key]
        nearest_first = sorted(reasons, key=lambda node: (distances[node], node))[:limit]
        found = await _views(info, load, snapshot, [(node, distances[node]) for node in nearest_first])
        return [{**view, "unknown": reasons[view["asset"]["number"]]} for view in found]

    return await with_snapshot(info.context, read)


async def _all_unknown(
    info: Info, load: Load, snapshot: Snapshot, number: int
) -> tuple[dict[int, str], dict[int, int]]:
    """The nodes downstream of a table of which nobody can tell whether they are in use: why, and how far they are."""
    reached = await walk(load, "down", number, _MAX_BLOCKER_DISTANCE, walking_budget(info))
    await snapshot.load(("activity", "flags"))
    reasons = await _unknown_nodes(load, snapshot, reached.nodes)
    distances = {number: 0, **dict(reached.nodes)}
    tables = [node for node in distances if node < FIRST_ASSET][:_MAX_UNREAD]
    for view, node in (await neighbours_of(load, "unread", tables)).items():
        reasons.setdefault(view, "TEXT")
        distances.setdefault(view, distances[node] + 1)
    upstream = await neighbours_of(load, "up", [number])
    if upstream.keys() & {number, *(node for node, _ in reached.nodes)}:
        # Through a circle of lineage a table is downstream of itself.
        reasons |= await _unknown_nodes(load, snapshot, [(number, 0)])
    return reasons, distances


async def _unknown_nodes(load: Load, snapshot: Snapshot, nodes: Sequence[tuple[int, int]]) -> dict[int, str]:
    """Of which of these nodes nobody can tell whether they are in use, and why."""
    reasons = dict[int, str]()
    for chunk, places in by_chunk(np.array(sorted(node for node, _ in nodes), np.uint32)):
        if chunk < _FIRST_ASSET_CHUNK:
            parts = snapshot.catalogue.columns.parts(chunk)
            unknown = (parts["activity"][places] == ACTIVITY_CODE[Activity.UNKNOWN]) & (
                (parts["flags"][places] & PRESENT) != 0
            )
            reasons |= dict.fromkeys((places[unknown].astype(np.int64) + chunk * CHUNK).tolist(), "USAGE")
            continue
        codes = (await assets_at(load, chunk, places))["unknown"]
        for place, code in zip(places[codes > 0].tolist(), codes[codes > 0].tolist(), strict=True):
            reasons[place + chunk * CHUNK] = _UNKNOWN_ASSETS[code]
    return reasons


@table.field("upstream")
async def resolve_upstream(
    parent: TableAnswer, info: Info, *, depth: int | None = None, first: int | None = None
) -> dict[str, object]:
    return await _neighbourhood(parent, info, "up", depth, first)


@table.field("downstream")
async def resolve_downstream(
    parent: TableAnswer, info: Info, *, depth: int | None = None, first: int | None = None
) -> dict[str, object]:
    return await _neighbourhood(parent, info, "down", depth, first)


@table.field("dependents")
async def resolve_dependents(parent: TableAnswer, info: Info) -> dict[str, object]:
    async def read(snapshot: Snapshot) -> dict[str, object]:
        load = partial(info.context.estate.chunk, snapshot)
        in_use = _in_use(load, snapshot)
        assets = await nearest(load, parent["number"])
        # Without a nearest asset there is none at all.
        count, capped = 0, False
        if assets:
            count, capped = await count_downstream(load, parent["number"], in_use, walking_budget(info))
        return {"nearest": await _views(info, load, snapshot, assets), "count": count, "countIsCapped": capped}

    return await with_snapshot(info.context, read)
