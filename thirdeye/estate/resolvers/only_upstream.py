"""GraphQL: what upstream of a table exists only for it."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from ariadne import ObjectType

from thirdeye.context import Info
from thirdeye.estate.loaders import load_tables, with_snapshot
from thirdeye.estate.resolvers.lineage import assets_at, walking_budget
from thirdeye.estate.views import TableAnswer
from thirdeye.inventory.columns import CHUNK, FIRST_ASSET, IN_USE_THROUGH_SERIES, PRESENT, Array, Mask, day_number
from thirdeye.inventory.cost_sums import Sums, SumsByGroup
from thirdeye.inventory.graph_walk import Load, NodePredicate, by_chunk, chunk_name, neighbours_with_places
from thirdeye.inventory.money import format_cost
from thirdeye.inventory.only_upstream import only_upstream as find_only_upstream
from thirdeye.inventory.query import COST_COLUMNS
from thirdeye.inventory.rules import Activity, directly_in_use, has_activity
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.paging import page_size

table = ObjectType("Table")
only_upstream = ObjectType("OnlyUpstream")
_FIRST_ASSET_CHUNK: Final = FIRST_ASSET // CHUNK
_RECENT_DAYS: Final = 30


@table.field("onlyUpstream")
async def resolve_only_upstream(parent: TableAnswer, info: Info) -> dict[str, Any]:
    async def read(snapshot: Snapshot) -> dict[str, Any]:
        load = partial(info.context.estate.chunk, snapshot)
        await snapshot.load({*COST_COLUMNS, "activity"})
        found = await find_only_upstream(load, parent["number"], _needed(load, snapshot), walking_budget(info))
        # Those that are deleted lead on, and are none.
        numbers = [node for node, _ in found.nodes if node < FIRST_ASSET and _is_present(snapshot, node)]
        sums, written = _totals(snapshot, numbers)
        return {
            "numbers": numbers,
            "totalCount": len(numbers),
            "totalCountIsCapped": found.capped,
            "monthlyCost": format_cost(sums.storage + sums.queries),
            "queryCost": format_cost(sums.queries),
            "writtenLast30Days": written,
        }

    return await with_snapshot(info.context, read)


@only_upstream.field("tables")
async def resolve_tables(parent: dict[str, list[int]], info: Info, *, first: int | None = None) -> list[TableAnswer]:
    return await load_tables(info.context, parent["numbers"][: page_size(first, default=20, maximum=100)])


def _is_present(snapshot: Snapshot, number: int) -> bool:
    chunk, place = divmod(number, CHUNK)
    return bool(snapshot.catalogue.columns.parts(chunk)["flags"][place] & PRESENT)


def _needed(load: Load, snapshot: Snapshot) -> NodePredicate:
    """Tells which nodes are in use by themselves or through their series, or may be for all anybody knows."""

    async def needed(chunk: int, places: Array) -> Mask:
        if chunk >= _FIRST_ASSET_CHUNK:
            assets = await assets_at(load, chunk, places)
            of_assets: Mask = (assets["in_use"] == 1) & (assets["alive"] == 1) | (assets["unknown"] > 0)
            return of_assets
        parts = snapshot.catalogue.columns.parts(chunk)
        flags, activity = parts["flags"][places], parts["activity"][places]
        used = directly_in_use(activity) | has_activity(activity, Activity.UNKNOWN)
        used |= (flags & IN_USE_THROUGH_SERIES) != 0
        of_tables: Mask = used & ((flags & PRESENT) != 0)
        # A view that nobody could read may be made from it.
        data = await load(f"unread/{chunk_name(chunk)}")
        if data is not None:
            of_tables[neighbours_with_places(data, places)[1]] = True
        return of_tables

    return needed


def _totals(snapshot: Snapshot, numbers: Sequence[int]) -> tuple[Sums, int]:
    """What these tables cost, and how many were written lately."""
    catalogue, written = snapshot.catalogue, 0
    sums, today = SumsByGroup(catalogue.tariffs), day_number(snapshot.as_of)
    for chunk, places in by_chunk(np.array(sorted(numbers), np.uint32)):
        part = {name: catalogue.columns.parts(chunk)[name][places] for name in COST_COLUMNS}
        tariffs = catalogue.tariffs.of(catalogue.place_service[part["place"]], part["written"], part["flags"])
        sums.add(np.zeros(len(places), np.int64), tariffs, part["size"], part["query_cost"])
        days = part["written"].astype(np.int64)
        written += int(((days > 0) & (today - days <= _RECENT_DAYS)).sum())
    return sums.sums().get(0, Sums()), written
