"""GraphQL: what people do with action items."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from ariadne import MutationType

from thirdeye.actions import rules, store, validation
from thirdeye.actions.changes import Change, apply
from thirdeye.actions.filters import parse_item_filter
from thirdeye.actions.items import SAVING_CATEGORIES, Category, Columns, ColumnValue, Event, EventKind, Item, Resolution
from thirdeye.actions.listing.store import ItemFilter, item_page, locked_items
from thirdeye.actions.ordering import parse_order
from thirdeye.actions.permissions import actor_of, authorize_change, authorize_creation, with_kinds
from thirdeye.actions.savings import store as savings
from thirdeye.actions.store import NewDecision
from thirdeye.actions.validation import Input, require
from thirdeye.actions.views import conflict_view, item_view
from thirdeye.auth.permission import writer
from thirdeye.context import Context, Info
from thirdeye.database import Session
from thirdeye.errors import AlreadyExists, BadInput, Conflict, Unavailable
from thirdeye.estate.loaders import table_loader
from thirdeye.estate.views import TableAnswer
from thirdeye.verdict.removal import Stage
from thirdeye.verdict.resolvers.verdicts import require_table

mutation = MutationType()
# As many as one transaction writes well within a request's time.
_MAX_BULK_ITEMS: Final = 2_000


async def _item(info: Info, id_: int) -> Item:
    return require(await store.item(info.context.thirdeye, id_), "action item", id_)


async def _locked(session: Session, id_: int, version: int | None = None) -> Item:
    item = require(await store.locked_item(session, id_), "action item", id_)
    rules.check_version(item.version, version, conflict_view(item))
    return item


async def _table_costs(context: Context, items: Sequence[Item]) -> Mapping[int, Decimal | None]:
    """By item what its table costs now, USD a month; nothing while the estate cannot be read."""
    numbers = {item.id: item.table_number for item in items if item.table_number is not None}
    with suppress(Unavailable):
        tables = dict(zip(numbers, await table_loader(context).load_many(list(numbers.values())), strict=True))
        return {item.id: _cost(item, table) for item in items if (table := tables.get(item.id))}
    return {}


def _cost(item: Item, table: TableAnswer) -> Decimal | None:
    """What the table of an item costs: for a retention all of its series."""
    series = table["series"] if item.category == Category.SET_RETENTION else None
    cost: Decimal | None = table["monthlyCost"] if series is None else series["monthlyCost"]
    return cost


# ---- one item


@mutation.field("createActionItem")
async def resolve_create(
    _: object,
    info: Info,
    *,
    table: str | None = None,
    category: str | None = None,
    estimatedSavingsUsd: Decimal | None = None,
    **fields: object,
) -> dict[str, object]:
    context, now = info.context, info.context.clock()
    named = None if table is None else await require_table(info, table, "table")
    actor = await authorize_creation(context, None if named is None else named["number"])
    changes = await with_kinds(context, validation.parse_changes(fields), "assignee")
    dates = validation.validate_dates(changes, now)
    columns: dict[str, ColumnValue] = {**changes, **dates, "category": category, "created_by": actor.name}
    if estimatedSavingsUsd is not None:
        columns["estimated_savings_usd"] = validation.validate_amount(estimatedSavingsUsd, "estimatedSavingsUsd")
    elif named is not None and category in SAVING_CATEGORIES:
        columns["estimated_savings_usd"] = named["saving"]
    if named is not None:
        columns["table_number"] = named["number"]
    try:
        async with context.thirdeye.transaction() as session:
            if named is not None and not await store.has_open_item(session, named["number"]):
                await savings.put_baselines(session, [named], now)
            item = await store.insert_item(session, columns, now)
            created = Event(item=item.id, kind=EventKind.CREATED, actor=actor, after=rules.shown(item))
            await store.insert_events(session, [created], now)
    except AlreadyExists:
        assert named is not None
        raise await _already_open(context, named["number"], category) from None
    return item_view(item, now)


async def _already_open(context: Context, number: int | None, category: str | None) -> Conflict:
    # Only items with a table and a category exclude one another.
    assert number is not None
    assert category is not None
    id_ = await store.open_item(context.thirdeye, number, category)
    return Conflict(f"category: item {id_} of this category is open for the table already", argument="category")


@mutation.field("updateActionItem")
async def resolve_update(
    _: object, info: Info, *, id: int, version: int | None = None, **fields: object
) -> dict[str, object]:
    changes = await with_kinds(info.context, validation.parse_changes(fields), "assignee")
    if not changes:
        raise BadInput("title, status: give at least one of them, or another field that is to change", "title")
    return await _change(info, id, version, lambda item, now: rules.changed(item, changes, now))


@mutation.field("stageActionItem")
async def resolve_stage(
    _: object,
    info: Info,
    *,
    id: int,
    stage: str | None = None,
    waitingDays: int | None = None,
    version: int | None = None,
) -> dict[str, object]:
    next_stage = None if stage is None else Stage(stage)
    return await _change(info, id, version, lambda item, now: rules.staged(item, next_stage, waitingDays, now))


async def _change(
    info: Info, id_: int, version: int | None, columns_of: Callable[[Item, datetime], Columns]
) -> dict[str, object]:
    """Changes the columns that `columns_of` gives for the locked item and the time."""
    item = await _item(info, id_)
    context, now = info.context, info.context.clock()
    actor = await authorize_change(context, [item])
    costs = await _table_costs(context, [item])
    try:
        async with context.thirdeye.transaction() as session:
            state = await _locked(session, id_, version)
            columns = columns_of(state, now)
            await apply(session, [Change(state, columns)], actor, now, costs)
    except AlreadyExists:
        raise await _already_open(context, item.table_number, item.category) from None
    return item_view(store.next_version(state, columns, now) if columns else state, now)


@mutation.field("commentActionItem")
async def resolve_comment(_: object, info: Info, *, id: int, text: str) -> dict[str, object]:
    context, now = info.context, info.context.clock()
    comment = validation.validate_text(text, "text")
    actor = await authorize_change(context, [await _item(info, id)])
    async with context.thirdeye.transaction() as session:
        item = await _locked(session, id)
        event = Event(item=id, kind=EventKind.COMMENTED, actor=actor, after={"text": comment})
        await store.insert_events(session, [event], now)
        await store.count_comment(session, id)
    return item_view(replace(item, version=item.version + 1), now)


@mutation.field("deleteActionItem")
async def resolve_delete(_: object, info: Info, *, id: int, version: int | None = None) -> bool:
    context, now = info.context, info.context.clock()
    writer(context)
    actor = actor_of(context)
    item = await store.item(context.thirdeye, id)
    if item is None:
        return False
    costs = await _table_costs(context, [item])
    async with context.thirdeye.transaction() as session:
        state = await store.locked_item(session, id)
        if state is None:
            return False
        rules.check_version(state.version, version, conflict_view(state))
        await store.delete_item(session, id)
        event = Event(item=id, kind=EventKind.DELETED, actor=actor, before=rules.shown(state))
        await store.insert_events(session, [event], now)
        number, category = state.table_number, state.category
        if number is not None and category is not None and state.status != "DONE":
            # Whoever deletes an open item does not want detection to open it again.
            dismissed = NewDecision(number, category, str(Resolution.DISMISSED), costs.get(id))
            await store.put_decisions(session, [dismissed], now)
    return True


# ---- many items


@mutation.field("updateActionItems")
async def resolve_update_many(
    _: object, info: Info, *, filter: Input, changes: Input, expectedCount: int | None = None
) -> dict[str, object]:
    context, now = info.context, info.context.clock()
    columns = await with_kinds(context, validation.parse_changes(changes), "assignee")
    if not columns:
        raise BadInput("changes: say what is to change", "changes")
    if not any(value is not None for value in filter.values()):
        raise BadInput("filter: say which items", "filter")
    item_filter = await parse_item_filter(context, filter)
    if expectedCount is None:
        items = await _matching_items(context, item_filter)
        await authorize_change(context, items)
        different = [item for item in items if rules.changed(item, columns, now)]
        return {"matched": len(items), "changed": len(different), "done": False}
    try:
        applied = await _change_many(context, item_filter, columns, expectedCount, now)
    except AlreadyExists:
        message = "filter: for some of the tables another item of the category is open; nothing was changed"
        raise Conflict(message, argument="filter") from None
    return {"matched": len(applied), "changed": sum(bool(change.columns) for change in applied), "done": True}


async def _change_many(
    context: Context, item_filter: ItemFilter, columns: Columns, expected_count: int, now: datetime
) -> list[Change]:
    async with context.thirdeye.transaction() as session:
        # Locked by id, because a server locks every row that it looks at.
        ids = [item.id for item in await _matching_items(context, item_filter)]
        items = await locked_items(session, item_filter, ids)
        if len(items) != expected_count:
            message = f"expectedCount: there are {len(items)} items by now; look at them and ask again"
            raise Conflict(message, argument="expectedCount", current={"matched": len(items)})
        actor = await authorize_change(context, items)
        costs = await _table_costs(context, items) if {"status", "resolution"} & columns.keys() else {}
        changes = [Change(item, rules.changed(item, columns, now)) for item in items]
        await apply(session, changes, actor, now, costs)
    return changes


async def _matching_items(context: Context, item_filter: ItemFilter) -> list[Item]:
    """The items that a filter matches, unlocked. Raises BadInput for none, or too many."""
    order, limit = parse_order("id", "asc"), _MAX_BULK_ITEMS + 1
    items = await item_page(context.thirdeye, item_filter, order=order, position=None, limit=limit)
    if not items:
        raise BadInput("filter: no item is like this; nothing was changed", "filter")
    if len(items) > _MAX_BULK_ITEMS:
        raise BadInput(f"filter: more than {_MAX_BULK_ITEMS} items are like this; ask for fewer at once", "filter")
    return items
