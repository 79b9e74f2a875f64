"""GraphQL: campaigns."""

from contextlib import suppress
from typing import Final

from ariadne import MutationType, ObjectType, QueryType

from thirdeye.actions.campaigns import store
from thirdeye.actions.campaigns.membership import add_matching_items
from thirdeye.actions.campaigns.store import Campaign, Progress
from thirdeye.actions.campaigns.views import CampaignAnswer, campaign_view, leaderboard_view, progress_view
from thirdeye.actions.filters import parse_table_filter
from thirdeye.actions.items import PrincipalKind
from thirdeye.actions.loaders import progress_loader
from thirdeye.actions.permissions import caller_identity, with_kinds
from thirdeye.actions.rules import check_version
from thirdeye.actions.validation import Input, parse_campaign, require, validate_list
from thirdeye.auth.permission import caller, may_write, writer
from thirdeye.context import Context, Info
from thirdeye.database import Session
from thirdeye.errors import AlreadyExists, BadInput, Conflict, Unavailable
from thirdeye.estate.loaders import snapshot_of, with_snapshot
from thirdeye.paging import page_size

query = QueryType()
mutation = MutationType()
campaign = ObjectType("Campaign")
_MAX_PICKED_ITEMS: Final = 1_000


@query.field("campaigns")
async def resolve_campaigns(
    _: object, info: Info, *, closed: bool | None = None, first: int | None = None
) -> list[dict[str, object]]:
    limit = page_size(first, default=20, maximum=100)
    campaigns = await store.campaigns(info.context.thirdeye, closed=bool(closed), limit=limit)
    return [campaign_view(each) for each in campaigns]


@query.field("campaign")
async def resolve_campaign(_: object, info: Info, *, id: int) -> dict[str, object]:
    return campaign_view(await _campaign(info, id))


async def _campaign(info: Info, id_: int) -> Campaign:
    return require(await store.campaign(info.context.thirdeye, id_), "campaign", id_)


async def _locked(session: Session, id_: int) -> Campaign:
    return require(await store.locked_campaign(session, id_), "campaign", id_)


@campaign.field("progress")
async def resolve_progress(answer: CampaignAnswer, info: Info) -> dict[str, object]:
    progress = await progress_loader(info.context).load(answer["id"])
    return progress_view(progress or Progress(), answer["goalUsd"])


@campaign.field("leaderboard")
async def resolve_leaderboard(
    answer: CampaignAnswer, info: Info, *, first: int | None = None
) -> list[dict[str, object]]:
    limit = page_size(first, default=10, maximum=100)
    directory = (await snapshot_of(info.context)).directory
    progress = await store.progress_by_owners(info.context.thirdeye, answer["id"])
    return leaderboard_view(progress, directory["owner_sets"])[:limit]


# ---- what people do


async def _authorize(context: Context, campaign: Campaign) -> None:
    """Raises Forbidden unless the caller may write, or owns the campaign, alone or in a team."""
    if may_write(context) or (await caller_identity(context)).is_called(campaign.owner, campaign.owner_kind):
        return
    writer(context, or_else=", or to own the campaign")


async def _columns(context: Context, fields: Input) -> dict[str, object]:
    columns = await with_kinds(context, parse_campaign(fields, context.clock().date()), "owner")
    if "filter" in fields:
        table_filter = fields["filter"]
        columns["item_filter"] = None if table_filter is None else await parse_table_filter(context, table_filter)
    return columns


@mutation.field("createCampaign")
async def resolve_create(_: object, info: Info, *, input: Input) -> dict[str, object]:
    context, name = info.context, writer(info.context)
    if input.get("name") is None:
        raise BadInput("name: a new campaign needs one", "name")
    columns = {
        "owner": name,
        "owner_kind": PrincipalKind.USER.value,
        **await _columns(context, input),
        "created_by": name,
    }
    try:
        async with context.thirdeye.transaction() as session:
            created = await store.insert_campaign(session, columns, context.clock())
    except AlreadyExists:
        raise _name_taken() from None
    await _add_matching_items(context, created)
    return campaign_view(created)


@mutation.field("updateCampaign")
async def resolve_update(
    _: object, info: Info, *, id: int, input: Input, closed: bool | None = None, version: int | None = None
) -> dict[str, object]:
    context = info.context
    await _authorize(context, await _campaign(info, id))
    columns = await _columns(context, input)
    try:
        async with context.thirdeye.transaction() as session:
            state = await _locked(session, id)
            check_version(state.version, version, {"id": id, "name": state.name, "version": state.version})
            columns = {name: value for name, value in columns.items() if value != getattr(state, name)}
            if closed is not None and closed != (state.closed_at is not None):
                columns["closed_at"] = context.clock() if closed else None
            changed = await store.change_campaign(session, id, columns) if columns else state
    except AlreadyExists:
        raise _name_taken() from None
    if {"item_filter", "closed_at"} & columns.keys():
        await _add_matching_items(context, changed)
    return campaign_view(changed)


@mutation.field("pickCampaignItems")
async def resolve_pick(
    _: object, info: Info, *, id: int, add: list[int] | None = None, remove: list[int] | None = None
) -> dict[str, object]:
    added = validate_list(add, "add", _MAX_PICKED_ITEMS, "items")
    removed = validate_list(remove, "remove", _MAX_PICKED_ITEMS, "items")
    await _authorize(info.context, await _campaign(info, id))
    missing = sorted(set(added) - await store.existing_items(info.context.thirdeye, added))
    if missing:
        raise BadInput(f"add: there is no action item {missing[0]}", "add")
    async with info.context.thirdeye.transaction() as session:
        state = await _locked(session, id)
        await store.remove_items(session, id, removed)
        await store.add_items(session, id, added)
    return campaign_view(state)


@mutation.field("deleteCampaign")
async def resolve_delete(_: object, info: Info, *, id: int) -> bool:
    caller(info.context)
    state = await store.campaign(info.context.thirdeye, id)
    if state is None:
        writer(info.context)
        return False
    await _authorize(info.context, state)
    async with info.context.thirdeye.transaction() as session:
        return await store.delete_campaign(session, id)


async def _add_matching_items(context: Context, campaign: Campaign) -> None:
    # While the estate cannot be read, items join after the next refresh.
    with suppress(Unavailable):
        await with_snapshot(
            context, lambda snapshot: add_matching_items(context.thirdeye, context.estate, snapshot, campaign)
        )
        progress_loader(context).clear(campaign.id)


def _name_taken() -> Conflict:
    return Conflict("name: another campaign has this name", argument="name")
