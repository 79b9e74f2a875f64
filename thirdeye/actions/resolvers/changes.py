"""GraphQL: what people do with action items."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, Final

from ariadne import MutationType

from thirdeye.actions import rules, store, validation
from thirdeye.actions.changes import Actor, Change, apply
from thirdeye.actions.enums import SAVING, EventKind, Resolution
from thirdeye.actions.filters import parse_item_filter
from thirdeye.actions.permissions import check_may_work, check_may_write_about
from thirdeye.actions.savings import store as savings
from thirdeye.actions.savings.rules import baseline_of
from thirdeye.actions.store import Event
from thirdeye.actions.views import conflict_view, item_view
from thirdeye.auth.permission import writer
from thirdeye.context import Info
from thirdeye.database import Row, Session
from thirdeye.errors import AlreadyExists, BadInput, Conflict, NotFound, Unavailable
from thirdeye.estate.loaders import table_loader
from thirdeye.verdict.removal import Stage
from thirdeye.verdict.resolvers.verdicts import require_table

mutation = MutationType()
# As many as one transaction writes well within a request's time.
MOST_AT_ONCE: Final = 2_000


def _actor(info: Info, name: str) -> Actor:
    principal = info.context.principal
    return Actor(name, principal is not None and principal.is_bot)


async def _existing(info: Info, id_: int) -> Row:
    row = await store.item(info.context.thirdeye, id_)
    if row is None:
        raise NotFound(f"id: there is no action item {id_}", argument="id")
    return row


async def _locked(session: Session, id_: int, version: int | None = None) -> Row:
    row = await store.locked_item(session, id_)
    if row is None:
        raise NotFound(f"id: there is no action item {id_}", argument="id")
    shown = conflict_view(rules.shown(row))
    rules.check_version(row, version, {**shown, "id": id_, "version": row["version"]})
    return row


async def _costs(info: Info, states: Sequence[Row]) -> Mapping[int, Decimal | None]:
    """What the tables of items cost now, USD a month; nothing while the estate cannot be read."""
    numbers = [state["table_number"] for state in states if state["table_number"] is not None]
    with suppress(Unavailable):
        tables = await table_loader(info.context).load_many(numbers)
        return {number: table["monthlyCost"] for number, table in zip(numbers, tables, strict=True) if table}
    return {}


# ---- one item


@mutation.field("createActionItem")
async def resolve_create(
    _: Any,
    info: Info,
    *,
    title: str,
    table: str | None = None,
    category: str | None = None,
    priority: str | None = None,
    assignee: str | None = None,
    dueDate: date | None = None,
    estimatedSavingsUsd: Decimal | None = None,
) -> dict[str, Any]:
    context, now = info.context, info.context.clock()
    about = None if table is None else await require_table(info, table, "table")
    by = await check_may_write_about(context, about)
    values: dict[str, Any] = {"title": validation.validate_title(title), "created_by": by, "category": category}
    values["priority"] = priority
    if assignee is not None:
        values["assignee"] = validation.validate_name(assignee, "assignee")
    if dueDate is not None:
        fresh = {"status": "OPEN", "detected": 0, "due_date": None}
        values |= rules.changed(fresh, {"due_date": dueDate}, now)
    if estimatedSavingsUsd is not None:
        values["estimated_savings_usd"] = validation.validate_amount(estimatedSavingsUsd, "estimatedSavingsUsd")
    elif about is not None and category in SAVING:
        values["estimated_savings_usd"] = about["saving"]
    if about is not None:
        values["table_number"] = about["number"]
    try:
        async with context.thirdeye.transaction() as session:
            if about is not None and not await store.is_named(session, about["number"]):
                await savings.take_baselines(session, [baseline_of(about)], now)
            row = await store.insert_item(session, values, now)
            created = Event(
                item=row["id"], kind=EventKind.CREATED, actor=by, bot=_actor(info, by).is_bot, after=rules.shown(row)
            )
            await store.put_events(session, [created], now)
    except AlreadyExists:
        assert about is not None and category is not None
        raise await _conflict(info, about["number"], category) from None
    return item_view(row, now)


async def _conflict(info: Info, number: int, category: str) -> Conflict:
    known = await store.open_item(info.context.thirdeye, number, category)
    return Conflict(f"category: item {known} of this category is open for the table already", argument="category")


@mutation.field("updateActionItem")
async def resolve_update(_: Any, info: Info, *, id: int, version: int | None = None, **given: Any) -> dict[str, Any]:
    asked = _asked(given)
    if not asked:
        raise BadInput("title, status: give at least one of them, or another field that is to change", "title")
    row = await _existing(info, id)
    return await _change(info, row, version, lambda state, now: rules.changed(state, asked, now))


@mutation.field("stageActionItem")
async def resolve_stage(
    _: Any,
    info: Info,
    *,
    id: int,
    stage: str | None = None,
    waitingDays: int | None = None,
    version: int | None = None,
) -> dict[str, Any]:
    wanted = None if stage is None else Stage(stage)
    row = await _existing(info, id)
    return await _change(info, row, version, lambda state, now: rules.staged(state, wanted, waitingDays, now))


async def _change(info: Info, row: Row, version: int | None, columns_of: Any) -> dict[str, Any]:
    """Locks an item, changes it as `columns_of` its state and the moment says, and gives it."""
    context, now = info.context, info.context.clock()
    actor = _actor(info, await check_may_work(context, [row]))
    costs = await _costs(info, [row])
    try:
        async with context.thirdeye.transaction() as session:
            state = await _locked(session, row["id"], version)
            (changed,) = await apply(session, [Change(state=state, columns=columns_of(state, now))], actor, now, costs)
    except AlreadyExists:
        raise await _conflict(info, row["table_number"], row["category"]) from None
    return item_view(changed, now)


def _asked(given: Mapping[str, Any]) -> dict[str, Any]:
    """What an update asks for, checked, by column; what null takes away is there as None."""
    asked = dict[str, Any]()
    if given.get("title") is not None:
        asked["title"] = validation.validate_title(given["title"])
    if given.get("status") is not None:
        asked["status"] = validation.validate_status(given["status"])
    for name in ("priority", "resolution"):
        if given.get(name) is not None:
            asked[name] = given[name]
    if given.get("resolutionReason") is not None:
        asked["resolution_reason"] = validation.validate_text(given["resolutionReason"], "resolutionReason")
    if "assignee" in given:
        asked["assignee"] = (
            None if given["assignee"] is None else validation.validate_name(given["assignee"], "assignee")
        )
    for name, column in (("dueDate", "due_date"), ("snoozedUntil", "snoozed_until")):
        if name in given:
            asked[column] = given[name]
    return asked


@mutation.field("commentActionItem")
async def resolve_comment(_: Any, info: Info, *, id: int, text: str) -> dict[str, Any]:
    context, now = info.context, info.context.clock()
    words = validation.validate_text(text, "text")
    row = await _existing(info, id)
    actor = _actor(info, await check_may_work(context, [row]))
    async with context.thirdeye.transaction() as session:
        state = await _locked(session, id)
        said = Event(item=id, kind=EventKind.COMMENTED, actor=actor.name, bot=actor.is_bot, after={"text": words})
        await store.put_events(session, [said], now)
    return item_view(state, now)


@mutation.field("deleteActionItem")
async def resolve_delete(_: Any, info: Info, *, id: int) -> bool:
    context, now = info.context, info.context.clock()
    actor = _actor(info, writer(context))
    row = await store.item(context.thirdeye, id)
    if row is None:
        return False
    costs = await _costs(info, [row])
    async with context.thirdeye.transaction() as session:
        state = await store.locked_item(session, id)
        if state is None:
            return False
        await store.delete_item(session, id)
        gone = Event(item=id, kind=EventKind.DELETED, actor=actor.name, bot=actor.is_bot, before=rules.shown(state))
        await store.put_events(session, [gone], now)
        number, category = state["table_number"], state["category"]
        if number is not None and category is not None and state["status"] != "DONE":
            # Whoever deletes what is open does not want to be asked again.
            await store.decide(session, [(number, category, str(Resolution.DISMISSED), costs.get(number))], now)
    return True


# ---- many


@mutation.field("updateActionItems")
async def resolve_update_many(
    _: Any, info: Info, *, filter: dict[str, Any], changes: dict[str, Any], expectedCount: int | None = None
) -> dict[str, Any]:
    context, now = info.context, info.context.clock()
    asked = _asked(changes)
    if not asked:
        raise BadInput("changes: say what is to change", "changes")
    if not any(value is not None for value in filter.values()):
        raise BadInput("filter: say which items", "filter")
    wanted = await parse_item_filter(context, filter)
    if expectedCount is None:
        states = _validate_count(await _unlocked(info, wanted))
        await check_may_work(context, states)
        different = [state for state in states if rules.changed(state, asked, now)]
        return {"matched": len(states), "changed": len(different), "done": False}
    try:
        async with context.thirdeye.transaction() as session:
            # By number, for a server locks every row that it looks at.
            found = _validate_count(await _unlocked(info, wanted))
            states = await store.locked_items(session, {**wanted, "ids": [state["id"] for state in found]})
            if len(states) != expectedCount:
                message = f"expectedCount: there are {len(states)} items by now; look at them and ask again"
                raise Conflict(message, argument="expectedCount", current={"matched": len(states)})
            actor = _actor(info, await check_may_work(context, states))
            costs = await _costs(info, states) if {"status", "resolution"} & asked.keys() else {}
            todo = [Change(state=state, columns=rules.changed(state, asked, now)) for state in states]
            await apply(session, todo, actor, now, costs)
    except AlreadyExists:
        message = "filter: for some of the tables another item of the category is open; nothing was changed"
        raise Conflict(message, argument="filter") from None
    return {"matched": len(states), "changed": sum(bool(change.columns) for change in todo), "done": True}


async def _unlocked(info: Info, wanted: Mapping[str, Any]) -> list[Row]:
    order = validation.validate_order("id", "asc")
    return await store.item_page(info.context.thirdeye, wanted, order=order, position=None, limit=MOST_AT_ONCE + 1)


def _validate_count(states: list[Row]) -> list[Row]:
    if not states:
        raise BadInput("filter: no item is like this; nothing was changed", "filter")
    if len(states) > MOST_AT_ONCE:
        raise BadInput(f"filter: more than {MOST_AT_ONCE} items are like this; ask for fewer at once", "filter")
    return states
