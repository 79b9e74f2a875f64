"""GraphQL: campaigns."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from thirdeye.actions import validation
from thirdeye.actions.campaigns import store
from thirdeye.actions.campaigns.membership import feed
from thirdeye.actions.campaigns.views import campaign_view, progress_view, ranks_view
from thirdeye.actions.loaders import progress_loader
from thirdeye.actions.permissions import me
from thirdeye.actions.rules import check_version
from thirdeye.auth.permission import caller, may_write, writer
from thirdeye.context import Info
from thirdeye.database import Row, Session
from thirdeye.errors import AlreadyExists, BadInput, Conflict, NotFound, Unavailable
from thirdeye.estate.listing import parse_filter
from thirdeye.estate.loaders import snapshot_of, with_snapshot
from thirdeye.inventory.filters import serialize_filter, validate_filter_names
from thirdeye.paging import page_size

query = QueryType()
mutation = MutationType()
campaign = ObjectType("Campaign")
_MOST_PICKED: Final = 1_000


@query.field("campaigns")
async def resolve_campaigns(
    _: Any, info: Info, *, closed: bool | None = None, first: int | None = None
) -> list[dict[str, Any]]:
    limit = page_size(first, default=20, maximum=100)
    rows = await store.campaigns(info.context.thirdeye, closed=bool(closed), limit=limit)
    return [campaign_view(row) for row in rows]


@query.field("campaign")
async def resolve_campaign(_: Any, info: Info, *, id: int) -> dict[str, Any]:
    return campaign_view(await _existing(info, id))


async def _existing(info: Info, id_: int) -> Row:
    row = await store.campaign(info.context.thirdeye, id_)
    if row is None:
        raise NotFound(f"id: there is no campaign {id_}", argument="id")
    return row


@campaign.field("progress")
async def resolve_progress(of: dict[str, Any], info: Info) -> dict[str, Any]:
    return progress_view(await progress_loader(info.context).load(of["id"]), of["goalUsd"])


@campaign.field("leaderboard")
async def resolve_leaderboard(of: dict[str, Any], info: Info, *, first: int | None = None) -> list[dict[str, Any]]:
    limit = page_size(first, default=10, maximum=100)
    directory = (await snapshot_of(info.context)).directory
    return ranks_view(await store.ranks(info.context.thirdeye, of["id"]), directory["owner_sets"])[:limit]


# ---- what people do


async def _check_leads(info: Info, row: Row) -> None:
    """Raises Forbidden unless the caller may write, or owns the campaign, by himself or in a team."""
    if not may_write(info.context) and row["owner"] not in (await me(info.context)).names:
        writer(info.context, or_else=", or to own the campaign")


@mutation.field("createCampaign")
async def resolve_create(_: Any, info: Info, *, input: dict[str, Any]) -> dict[str, Any]:
    context, by = info.context, writer(info.context)
    if input.get("name") is None:
        raise BadInput("name: a new campaign needs one", "name")
    values = {"owner": by, **await _asked(info, input), "created_by": by}
    try:
        async with context.thirdeye.transaction() as session:
            row = await store.insert_campaign(session, values, context.clock())
    except AlreadyExists:
        raise _taken() from None
    await _feed(info, row)
    return campaign_view(row)


@mutation.field("updateCampaign")
async def resolve_update(
    _: Any, info: Info, *, id: int, input: dict[str, Any], closed: bool | None = None, version: int | None = None
) -> dict[str, Any]:
    context = info.context
    await _check_leads(info, await _existing(info, id))
    asked = await _asked(info, input)
    try:
        async with context.thirdeye.transaction() as session:
            state = await _locked(session, id)
            current = campaign_view(state)
            check_version(state, version, {name: current[name] for name in ("id", "name", "version")})
            changes = {name: value for name, value in asked.items() if value != state[name]}
            if closed is not None and closed != (state["closed_at"] is not None):
                changes["closed_at"] = context.clock().replace(tzinfo=None) if closed else None
            row = await store.change_campaign(session, id, changes) if changes else state
    except AlreadyExists:
        raise _taken() from None
    if {"item_filter", "closed_at"} & changes.keys():
        await _feed(info, row)
    return campaign_view(row)


@mutation.field("pickCampaignItems")
async def resolve_pick(
    _: Any, info: Info, *, id: int, add: list[int] | None = None, remove: list[int] | None = None
) -> dict[str, Any]:
    for name, items in (("add", add), ("remove", remove)):
        if len(items or ()) > _MOST_PICKED:
            raise BadInput(f"{name}: at most {_MOST_PICKED} items", name)
    await _check_leads(info, await _existing(info, id))
    missing = sorted(set(add or ()) - await store.known_items(info.context.thirdeye, add or ()))
    if missing:
        raise BadInput(f"add: there is no action item {missing[0]}", "add")
    async with info.context.thirdeye.transaction() as session:
        row = await _locked(session, id)
        await store.take_items(session, id, remove or ())
        await store.put_items(session, id, add or ())
    return campaign_view(row)


@mutation.field("deleteCampaign")
async def resolve_delete(_: Any, info: Info, *, id: int) -> bool:
    caller(info.context)
    row = await store.campaign(info.context.thirdeye, id)
    if row is None:
        writer(info.context)
        return False
    await _check_leads(info, row)
    async with info.context.thirdeye.transaction() as session:
        return await store.delete_campaign(session, id)


async def _locked(session: Session, id_: int) -> Row:
    row = await store.locked_campaign(session, id_)
    if row is None:
        raise NotFound(f"id: there is no campaign {id_}", argument="id")
    return row


async def _asked(info: Info, given: Mapping[str, Any]) -> dict[str, Any]:
    """What an input asks for, checked, by column."""
    asked, today = dict[str, Any](), info.context.clock().date()
    if given.get("name") is not None:
        asked["name"] = validation.validate_title(given["name"], "name")
    if given.get("owner") is not None:
        asked["owner"] = validation.validate_name(given["owner"], "owner")
    if "goalUsd" in given:
        goal = given["goalUsd"]
        asked["goal_usd"] = None if goal is None else validation.validate_amount(goal, "goalUsd")
    if "dueDate" in given:
        due: date | None = given["dueDate"]
        if due is not None and not today <= due <= today + timedelta(days=3660):
            raise BadInput("dueDate: must be from today to ten years ahead", "dueDate")
        asked["due_date"] = due
    if "filter" in given:
        asked["item_filter"] = None if given["filter"] is None else await validate_filter(info.context, given["filter"])
    return asked


async def validate_filter(context: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """A filter of tables that is to be kept, as JSON. Raises BadInput for what cannot be, or names nothing there is."""
    document = serialize_filter(given)
    if not document:
        raise BadInput("filter: say which tables", "filter")
    snapshot = await snapshot_of(context)
    validate_filter_names(given, snapshot.directory)
    await parse_filter(context.estate, snapshot, given, None, None)
    return document


async def _feed(info: Info, row: Row) -> None:
    # What cannot be read now is fed after the next refresh.
    if row["item_filter"] is None or row["closed_at"] is not None:
        return
    context = info.context
    with suppress(Unavailable):
        await with_snapshot(context, lambda snapshot: feed(context.thirdeye, context.estate, snapshot, row))
        progress_loader(context).clear(row["id"])


def _taken() -> Conflict:
    return Conflict("name: another campaign has this name", argument="name")
