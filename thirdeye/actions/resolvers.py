"""GraphQL: action items."""

from typing import Any

from ariadne import MutationType, ObjectType, QueryType
from graphql import GraphQLResolveInfo

from thirdeye.actions import rules, store
from thirdeye.errors import BadInput, NotFound
from thirdeye.paging import page_size

query = QueryType()
mutation = MutationType()
connection = ObjectType("ActionItemConnection")


@query.field("actionItems")
async def resolve_action_items(
    _: Any,
    info: GraphQLResolveInfo[Any],
    *,
    status: str | None = None,
    first: int | None = None,
    after: str | None = None,
    sortBy: str | None = None,
    sortDir: str | None = None,
    search: str | None = None,
) -> dict[str, Any]:
    size = page_size(first, default=20, most=100)
    order = rules.sound_order(sortBy, sortDir)
    filters = {"status": None if status is None else rules.sound_status(status), "search": rules.sound_search(search)}
    position = rules.position_of(after, order)
    rows = await store.item_page(info.context.thirdeye, **filters, order=order, position=position, limit=size + 1)
    edges = [{"cursor": rules.cursor_of(row, order), "node": row} for row in rows[:size]]
    return {
        "edges": edges,
        "pageInfo": {
            "hasNextPage": len(rows) > size,
            "hasPreviousPage": position is not None,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
        "filters": filters,
    }


@connection.field("totalCount")
async def resolve_total_count(found: dict[str, Any], info: GraphQLResolveInfo[Any]) -> int:
    # Counting costs a scan, so only those pay who ask for it.
    return await store.count_items(info.context.thirdeye, **found["filters"])


@mutation.field("createActionItem")
async def resolve_create(_: Any, info: GraphQLResolveInfo[Any], *, title: str) -> dict[str, Any]:
    return await store.create_item(info.context.thirdeye, rules.sound_title(title))


@mutation.field("updateActionItem")
async def resolve_update(
    _: Any, info: GraphQLResolveInfo[Any], *, id: int, title: str | None = None, status: str | None = None
) -> dict[str, Any]:
    changes = {}
    if title is not None:
        changes["title"] = rules.sound_title(title)
    if status is not None:
        changes["status"] = rules.sound_status(status)
    if not changes:
        raise BadInput("title, status: give at least one of them", "title")
    item = await store.update_item(info.context.thirdeye, id, changes)
    if item is None:
        raise NotFound(f"id: there is no action item {id}", argument="id")
    return item


@mutation.field("deleteActionItem")
async def resolve_delete(_: Any, info: GraphQLResolveInfo[Any], *, id: int) -> bool:
    return await store.delete_item(info.context.thirdeye, id)
