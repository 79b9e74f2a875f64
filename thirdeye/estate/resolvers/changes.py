"""GraphQL: what the refreshes found changed about tables."""

from datetime import datetime, timedelta
from typing import Final

from ariadne import ObjectType, QueryType

from thirdeye.context import Info
from thirdeye.estate import store
from thirdeye.estate.cursors import change_cursor, parse_change_cursor
from thirdeye.estate.loaders import as_of, snapshot_of, table_loader
from thirdeye.estate.views import TableAnswer
from thirdeye.paging import connection, page_size

query = QueryType()
table_change = ObjectType("TableChange")
_DEFAULT_PERIOD: Final = timedelta(days=7)


@query.field("changes")
async def resolve_changes(
    _: object,
    info: Info,
    *,
    since: datetime | None = None,
    kind: list[str] | None = None,
    first: int | None = None,
    after: str | None = None,
) -> dict[str, object]:
    size, before = page_size(first, default=20, maximum=100), parse_change_cursor(after)
    since = since or info.context.clock() - _DEFAULT_PERIOD
    snapshot = await snapshot_of(info.context)
    rows = await store.changes(info.context.thirdeye, since=since, kinds=kind, before=before, limit=size + 1)
    edges = [
        {
            "cursor": change_cursor(row["changed_at"], row["id"]),
            "node": {"at": row["changed_at"], "kind": row["kind"], "number": row["number"], **row["detail"]},
        }
        for row in rows[:size]
    ]
    page = connection(edges, has_next=len(rows) > size, has_previous=after is not None)
    return {**page, **as_of(info.context, snapshot)}


@table_change.field("table")
async def resolve_table(parent: dict[str, int], info: Info) -> TableAnswer | None:
    return await table_loader(info.context).load(parent["number"])
