"""GraphQL: tables, one and many."""

import asyncio
from typing import Any

from ariadne import ObjectType, QueryType

from thirdeye.context import Info
from thirdeye.errors import BadInput, NotFound
from thirdeye.estate.listing import filter_of, find_page, parse_page, parse_services
from thirdeye.estate.loaders import as_of, of_one_generation, view, views
from thirdeye.inventory import store
from thirdeye.inventory.fqn import digest
from thirdeye.inventory.query import count, cursor_of, position_of, validate_sort
from thirdeye.inventory.reader import Snapshot, of_generation
from thirdeye.inventory.verdicts import ADVICE
from thirdeye.paging import connection as connection_of

query = QueryType()
connection = ObjectType("TableConnection")
_FQN_LENGTH = 3072


@query.field("table")
async def resolve_table(_: Any, info: Info, *, fqn: str) -> dict[str, Any]:
    if not 1 <= len(fqn) <= _FQN_LENGTH:
        raise BadInput(f"fqn: must have 1 to {_FQN_LENGTH} characters", "fqn")

    async def find(snapshot: Snapshot) -> dict[str, Any]:
        row = await store.row_by_fqn(info.context.thirdeye, fqn, digest(fqn))
        if row is None:
            raise NotFound(f"fqn: the inventory has no table {fqn[:200]}", argument="fqn")
        await snapshot.load(ADVICE)
        return view(info.context, snapshot, of_generation(snapshot, row))

    return await of_one_generation(info.context, find)


@query.field("tables")
async def resolve_tables(
    _: Any,
    info: Info,
    *,
    filter: dict[str, Any] | None = None,
    sortBy: str | None = None,
    sortDir: str | None = None,
    search: str | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> dict[str, Any]:
    context = info.context
    asked, sort = parse_page(first, after, last, before), validate_sort(sortBy, sortDir)
    argument = "before" if asked.backwards else "after"
    position = position_of(before if asked.backwards else after, sort, argument)
    caller = context.principal.name if context.principal else None

    async def find(snapshot: Snapshot) -> dict[str, Any]:
        wanted = await filter_of(context.estate, snapshot, filter, search, caller)
        found = await find_page(snapshot, wanted, sort, asked, position)
        nodes = await views(context, snapshot, found.numbers)
        edges = [
            {"cursor": cursor_of(sort, value, number), "node": node}
            for number, value, node in zip(found.numbers, found.values, nodes, strict=True)
        ]
        return {
            **connection_of(edges, has_next=found.has_next, has_previous=found.has_previous),
            **as_of(context, snapshot, parse_services(snapshot, wanted)),
            "snapshot": snapshot,
            "filter": wanted,
        }

    return await of_one_generation(context, find)


async def _counted(found: dict[str, Any]) -> tuple[int, bool]:
    # Both fields of a connection are the same count.
    if "counted" not in found:
        counting = asyncio.to_thread(count, found["snapshot"].catalogue, found["filter"])
        found["counted"] = asyncio.ensure_future(counting)
    counted: tuple[int, bool] = await found["counted"]
    return counted


@connection.field("totalCount")
async def resolve_total_count(found: dict[str, Any], _: Info) -> int:
    return (await _counted(found))[0]


@connection.field("totalCountIsCapped")
async def resolve_total_count_is_capped(found: dict[str, Any], _: Info) -> bool:
    return (await _counted(found))[1]
