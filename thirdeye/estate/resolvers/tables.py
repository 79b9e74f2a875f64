"""GraphQL: tables, one and many."""

import asyncio
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ariadne import ObjectType, QueryType

from thirdeye.batch_resolvers import prefetched
from thirdeye.context import Info
from thirdeye.errors import NotFound
from thirdeye.estate.cursors import parse_table_cursor, table_cursor
from thirdeye.estate.listing import find_page, parse_filter, services_of
from thirdeye.estate.loaders import as_of, view, views, with_snapshot
from thirdeye.estate.validation import parse_page, validate_fqn, validate_sort
from thirdeye.estate.views import TableAnswer
from thirdeye.inventory import store
from thirdeye.inventory.columns import Array
from thirdeye.inventory.filters import Arguments
from thirdeye.inventory.fqn import digest
from thirdeye.inventory.query import Catalogue, TableFilter, count_matches
from thirdeye.inventory.reader import check_generation
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.verdicts import SHOWN_FIELDS
from thirdeye.pacing import in_thread
from thirdeye.paging import connection as connection_of

query = QueryType()
connection = ObjectType("TableConnection")


@query.field("table")
async def resolve_table(_: object, info: Info, *, fqn: str) -> TableAnswer:
    validate_fqn(fqn)

    async def read(snapshot: Snapshot) -> TableAnswer:
        row = await store.row_by_fqn(info.context.thirdeye, fqn, digest(fqn))
        if row is None:
            raise NotFound(f"fqn: the inventory has no table {fqn[:200]}", argument="fqn")
        await snapshot.load(SHOWN_FIELDS)
        return view(info.context, snapshot, check_generation(snapshot, row))

    return await with_snapshot(info.context, read)


@query.field("tables")
async def resolve_tables(
    _: object,
    info: Info,
    *,
    filter: Arguments | None = None,
    sortBy: str | None = None,
    sortDir: str | None = None,
    search: str | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    collapseSeries: bool | None = None,
) -> dict[str, object]:
    context = info.context
    request, sort = parse_page(first, after, last, before), validate_sort(sortBy, sortDir)
    argument, cursor = ("before", before) if request.backwards else ("after", after)
    position = parse_table_cursor(cursor, sort, argument)
    caller = context.principal.name if context.principal else None

    async def read(snapshot: Snapshot) -> dict[str, Any]:
        table_filter = await parse_filter(context.estate, snapshot, filter, search, caller)
        page = await find_page(snapshot, table_filter, sort, request, position, collapse=bool(collapseSeries))
        nodes = await views(context, snapshot, page.numbers)
        edges = [
            {"cursor": table_cursor(sort, value, number), "node": node}
            for number, value, node in zip(page.numbers, page.values, nodes, strict=True)
        ]
        return {
            **connection_of(edges, has_next=page.has_next, has_previous=page.has_previous),
            **as_of(context, snapshot, services_of(snapshot, table_filter)),
            "counter": _Counter(snapshot.catalogue, table_filter, snapshot.representatives if collapseSeries else None),
        }

    page = await with_snapshot(context, read)
    nodes = await prefetched(info, ("edges", "node"), "Table", [edge["node"] for edge in page["edges"]])
    edges = [{**edge, "node": node} for edge, node in zip(page["edges"], nodes, strict=True)]
    return {**page, "edges": edges}


@dataclass(frozen=True)
class _Counter:
    """Counts the tables of a connection once for both fields that show the count."""

    catalogue: Catalogue
    table_filter: TableFilter
    # Of each series one row counts.
    representatives: Array | None

    @cached_property
    def count(self) -> asyncio.Future[tuple[int, bool]]:
        return asyncio.ensure_future(
            in_thread(count_matches, self.catalogue, self.table_filter, representatives=self.representatives)
        )


@connection.field("totalCount")
async def resolve_total_count(parent: dict[str, _Counter], _: Info) -> int:
    return (await parent["counter"].count)[0]


@connection.field("totalCountIsCapped")
async def resolve_total_count_is_capped(parent: dict[str, _Counter], _: Info) -> bool:
    return (await parent["counter"].count)[1]
