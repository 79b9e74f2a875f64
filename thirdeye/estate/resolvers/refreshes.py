"""GraphQL: the refreshes of the inventory, and requests for one."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from ariadne import MutationType, QueryType

from thirdeye.auth.permission import administrator
from thirdeye.context import Info
from thirdeye.errors import Unavailable
from thirdeye.estate import store
from thirdeye.estate.cursors import parse_run_cursor, run_cursor
from thirdeye.jobs import REFRESH
from thirdeye.paging import connection, page_size

query = QueryType()
mutation = MutationType()


@query.field("refreshRuns")
async def resolve_refresh_runs(
    _: object, info: Info, *, first: int | None = None, after: str | None = None
) -> dict[str, object]:
    size = page_size(first, default=20, maximum=100)
    rows = await store.runs(info.context.thirdeye, before=parse_run_cursor(after), limit=size + 1)
    edges = [{"cursor": run_cursor(row["id"]), "node": row} for row in rows[:size]]
    return connection(edges, has_next=len(rows) > size, has_previous=after is not None)


@mutation.field("refreshEstate")
async def resolve_refresh(_: object, info: Info, *, full: bool | None = None) -> dict[str, object]:
    by, now = administrator(info.context), info.context.clock()
    return await _request_refresh(info, kind="FULL" if full else "AUTO", by=by, now=now, running_will_do=True)


async def refresh_soon(info: Info, by: str) -> None:
    """Requests a refresh after a change that lists and totals are to follow; without Redis the next scheduled one will do."""
    with suppress(Unavailable):
        await _request_refresh(info, kind="AUTO", by=by, now=info.context.clock(), running_will_do=False)


async def _request_refresh(info: Info, *, kind: str, by: str, now: datetime, running_will_do: bool) -> dict[str, Any]:
    """Asks the worker for a refresh, unless one is waiting already or, with `running_will_do`, is running.

    Returns the run. Raises Unavailable when Redis is, and leaves no new run behind.
    """
    context = info.context
    run, is_new = await store.request_run(context.thirdeye, kind=kind, by=by, now=now, running_will_do=running_will_do)
    if is_new:
        try:
            await context.jobs.put(REFRESH, key=str(run["id"]))
        except Unavailable:
            await store.drop_run(context.thirdeye, run["id"])
            raise
    return run
