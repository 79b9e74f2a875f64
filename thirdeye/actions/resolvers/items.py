"""GraphQL: action items, one and many, and what is told about each."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict, TypeVar

from ariadne import ObjectType, QueryType

from thirdeye.actions import store
from thirdeye.actions.asked_columns import columns_for
from thirdeye.actions.campaigns.views import campaign_view
from thirdeye.actions.filters import parse_item_filter
from thirdeye.actions.items import EventKind, Item
from thirdeye.actions.listing.counts import counts
from thirdeye.actions.listing.store import ItemFilter, item_page, item_texts
from thirdeye.actions.listing.texts import EdgesAsked
from thirdeye.actions.loaders import campaign_loader, event_loader
from thirdeye.actions.ordering import cursor_of, parse_cursor, parse_order
from thirdeye.actions.validation import Input, require
from thirdeye.actions.views import ItemAnswer, comment_view, event_view, item_view
from thirdeye.batch_resolvers import prefetched
from thirdeye.context import Info
from thirdeye.errors import BadInput
from thirdeye.estate.listing import PageRequest
from thirdeye.estate.validation import parse_page
from thirdeye.paging import page_info, page_size
from thirdeye.selection import fields_below

query = QueryType()
connection = ObjectType("ActionItemConnection")
item = ObjectType("ActionItem")


class ListAnswer(TypedDict):
    """What `totalCount` reads of a list: its filter, and how many items it has where that is known."""

    filter: ItemFilter
    total: int | None


Row = TypeVar("Row")
_NEWEST: Final = 2**63 - 1
_NODES: Final = ("edges", "node")


@query.field("actionItems")
async def resolve_action_items(
    _: object,
    info: Info,
    *,
    status: str | None = None,
    first: int | None = None,
    after: str | None = None,
    sortBy: str | None = None,
    sortDir: str | None = None,
    search: str | None = None,
    filter: Input | None = None,
    last: int | None = None,
    before: str | None = None,
) -> dict[str, object]:
    # `first` has a value of its own, so nobody can tell whether it was given beside `last`.
    request = parse_page(first if last is None else None, after, last, before)
    context, order = info.context, parse_order(sortBy, sortDir)
    argument, cursor = ("before", before) if request.backwards else ("after", after)
    position = parse_cursor(cursor, order, argument)
    item_filter = await parse_item_filter(context, filter, status=status, search=search)
    counts(context).note(item_filter)
    towards = order.reverse if request.backwards else order
    asked = EdgesAsked.of(info)
    page: dict[str, Any] = {"order": towards, "position": position, "limit": request.size + 1}
    edges: object
    if asked is None:
        columns = columns_for(fields_below(info, _NODES))
        items = await item_page(context.thirdeye, item_filter, **page, columns=columns)
        count, shown = len(items), _shown(items, request)
        cursors = [cursor_of(item, order) for item in shown]
        answers = await _answers(info, shown)
        edges = [{"cursor": cursor, "node": answer} for cursor, answer in zip(cursors, answers, strict=True)]
    else:
        texts = await item_texts(context.thirdeye, item_filter, **page, fields=asked.fields, shown_order=order)
        count, written = len(texts), _shown(texts, request)
        cursors, edges = asked.ends(written), asked.written(written)
    is_more, is_beyond = count > request.size, position is not None
    has_next, has_previous = (is_beyond, is_more) if request.backwards else (is_more, is_beyond)
    return {
        "edges": edges,
        "pageInfo": page_info(cursors, has_next=has_next, has_previous=has_previous),
        "filter": item_filter,
        # A page that holds all needs no count.
        "total": None if has_next or has_previous else count,
    }


def _shown(rows: Sequence[Row], page: PageRequest) -> Sequence[Row]:
    """Those that are shown of the rows that were read, one more than asked for, in their order."""
    return rows[: page.size][::-1] if page.backwards else rows[: page.size]


async def _answers(info: Info, items: Sequence[Item]) -> Sequence[Mapping[str, object]]:
    """These items, with what is asked of all of them worked out."""
    now = info.context.clock()
    return await prefetched(info, _NODES, "ActionItem", [item_view(item, now) for item in items])


@connection.field("totalCount")
async def resolve_total_count(answer: ListAnswer, info: Info) -> int:
    # Counting costs a scan, so only those pay who ask for it.
    return answer["total"] if answer["total"] is not None else await counts(info.context).of(answer["filter"])


@query.field("actionItem")
async def resolve_action_item(_: object, info: Info, *, id: int) -> dict[str, object]:
    found = await store.item(info.context.thirdeye, id)
    return item_view(require(found, "action item", id), info.context.clock())


# ---- what is told about an item


@item.field("comments")
async def resolve_comments(answer: ItemAnswer, info: Info, *, first: int | None = None) -> list[dict[str, object]]:
    limit = page_size(first, default=20, maximum=100)
    events = await event_loader(info.context, EventKind.COMMENTED, _NEWEST, limit).load(answer["id"])
    return [comment_view(event) for event in events or ()]


@item.field("history")
async def resolve_history(
    answer: ItemAnswer, info: Info, *, first: int | None = None, before: int | None = None
) -> list[dict[str, object]]:
    limit = page_size(first, default=20, maximum=100)
    if before is not None and before < 1:
        raise BadInput("before: must be the number of an event", "before")
    events = await event_loader(info.context, None, before or _NEWEST, limit).load(answer["id"])
    return [event_view(event) for event in events or ()]


@item.field("campaigns")
async def resolve_campaigns(answer: ItemAnswer, info: Info, *, first: int | None = None) -> list[dict[str, object]]:
    limit = page_size(first, default=20, maximum=100)
    campaigns = await campaign_loader(info.context).load(answer["id"])
    return [campaign_view(campaign) for campaign in (campaigns or ())[:limit]]
