"""GraphQL: action items, one and many, and what is told about each."""

from typing import Any, Final

from ariadne import ObjectType, QueryType

from thirdeye.actions import store, validation
from thirdeye.actions.campaigns.views import campaign_view
from thirdeye.actions.enums import EventKind
from thirdeye.actions.filters import parse_item_filter
from thirdeye.actions.loaders import campaign_loader, event_loader, measured_loader
from thirdeye.actions.permissions import assignee_warning
from thirdeye.actions.savings.rules import saving_note
from thirdeye.actions.views import event_view, item_view
from thirdeye.context import Info
from thirdeye.errors import BadInput, NotFound
from thirdeye.estate.loaders import table_loader
from thirdeye.paging import connection as connection_of
from thirdeye.paging import page_size

query = QueryType()
connection = ObjectType("ActionItemConnection")
item = ObjectType("ActionItem")
_NEWEST: Final = 2**63 - 1


@query.field("actionItems")
async def resolve_action_items(
    _: Any,
    info: Info,
    *,
    status: str | None = None,
    first: int | None = None,
    after: str | None = None,
    sortBy: str | None = None,
    sortDir: str | None = None,
    search: str | None = None,
    filter: dict[str, Any] | None = None,
) -> dict[str, Any]:
    size, context = page_size(first, default=20, maximum=100), info.context
    order = validation.validate_order(sortBy, sortDir)
    position = validation.position_of(after, order)
    wanted = await parse_item_filter(context, filter, status=status, search=search)
    rows = await store.item_page(context.thirdeye, wanted, order=order, position=position, limit=size + 1)
    now = context.clock()
    edges = [{"cursor": validation.cursor_of(row, order), "node": item_view(row, now)} for row in rows[:size]]
    found = connection_of(edges, has_next=len(rows) > size, has_previous=position is not None)
    return {**found, "wanted": wanted}


@connection.field("totalCount")
async def resolve_total_count(found: dict[str, Any], info: Info) -> int:
    # Counting costs a scan, so only those pay who ask for it.
    return await store.count_items(info.context.thirdeye, found["wanted"])


@query.field("actionItem")
async def resolve_action_item(_: Any, info: Info, *, id: int) -> dict[str, Any]:
    row = await store.item(info.context.thirdeye, id)
    if row is None:
        raise NotFound(f"id: there is no action item {id}", argument="id")
    return item_view(row, info.context.clock())


# ---- what is told about an item


@item.field("table")
async def resolve_table(of: dict[str, Any], info: Info) -> Any:
    return None if of["number"] is None else await table_loader(info.context).load(of["number"])


@item.field("assigneeWarning")
async def resolve_assignee_warning(of: dict[str, Any], info: Info) -> str | None:
    return await assignee_warning(info.context, of["assignee"])


@item.field("realizedSavingUsd")
async def resolve_realized(of: dict[str, Any], info: Info) -> Any:
    measured = None if of["number"] is None else await measured_loader(info.context).load(of["number"])
    return 0 if measured is None else measured["realized_usd"]


@item.field("savingNote")
async def resolve_saving_note(of: dict[str, Any], info: Info) -> str | None:
    measured = None if of["number"] is None else await measured_loader(info.context).load(of["number"])
    return saving_note(of, measured)


@item.field("comments")
async def resolve_comments(of: dict[str, Any], info: Info, *, first: int | None = None) -> list[dict[str, Any]]:
    limit = page_size(first, default=20, maximum=100)
    rows = await event_loader(info.context, EventKind.COMMENTED, _NEWEST, limit).load(of["id"])
    return [{"at": row["happened_at"], "by": row["actor"], "text": row["state_after"]["text"]} for row in rows]


@item.field("history")
async def resolve_history(
    of: dict[str, Any], info: Info, *, first: int | None = None, before: int | None = None
) -> list[dict[str, Any]]:
    limit = page_size(first, default=20, maximum=100)
    if before is not None and before < 1:
        raise BadInput("before: must be the number of an event", "before")
    rows = await event_loader(info.context, None, before or _NEWEST, limit).load(of["id"])
    return [event_view(row) for row in rows]


@item.field("campaigns")
async def resolve_campaigns(of: dict[str, Any], info: Info, *, first: int | None = None) -> list[dict[str, Any]]:
    limit = page_size(first, default=20, maximum=100)
    return [campaign_view(row) for row in (await campaign_loader(info.context).load(of["id"]))[:limit]]
