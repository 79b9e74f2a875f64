"""Who may change an item: by role, as its assignee, or as an owner of its table, also through teams."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from thirdeye.actions import store
from thirdeye.actions.items import Actor, Item
from thirdeye.auth.permission import caller, caller_teams, may_write, writer
from thirdeye.context import Context
from thirdeye.errors import Unavailable
from thirdeye.estate.loaders import snapshot_of
from thirdeye.inventory.owner_names import caller_ids, owner_ids


@dataclass(frozen=True)
class Identity:
    """The caller's names, own and of teams, and the estate's sets of owners that hold one of these."""

    names: frozenset[str]
    owner_sets: frozenset[int]


async def caller_identity(context: Context) -> Identity:
    """Who the caller is; only the name while the estate cannot be read."""
    name = caller(context)
    try:
        directory = (await snapshot_of(context)).directory
    except Unavailable:
        return Identity(frozenset({name}), frozenset())
    ids, team_names = caller_ids(*caller_teams(context, directory["users"])), directory["people"]["teams"]
    # What is assigned to the name of a team is assigned to the team: who is called like one gets none of its rights.
    names = {name} - set(team_names.values()) | {team_names[each] for kind, each in ids if each in team_names}
    owner_sets = (
        number for number, owners in enumerate(directory["owner_sets"]) if not ids.isdisjoint(owner_ids(owners))
    )
    return Identity(frozenset(names), frozenset(owner_sets))


async def _owned_tables(context: Context, numbers: Iterable[int | None], identity: Identity) -> set[int]:
    named = [number for number in numbers if number is not None]
    owner_sets = await store.owner_sets_of(context.thirdeye, named) if named else {}
    return {number for number, owner_set in owner_sets.items() if owner_set in identity.owner_sets}


def actor_of(context: Context) -> Actor:
    """The caller as events have it. Raises Forbidden for nobody."""
    return Actor(name=caller(context), is_bot=bool(context.principal and context.principal.is_bot))


async def authorize_change(context: Context, items: Sequence[Item]) -> Actor:
    """The caller. Raises Forbidden unless the caller may write, or is assignee or owner of each item."""
    actor = actor_of(context)
    if may_write(context):
        return actor
    identity = await caller_identity(context)
    numbers = {item.table_number for item in items if item.assignee not in identity.names}
    if numbers - await _owned_tables(context, numbers, identity):
        writer(context, or_else=", or to be the item's assignee or an owner of its table")
    return actor


async def authorize_creation(context: Context, table_number: int | None) -> Actor:
    """The caller. Raises Forbidden unless the caller may write, or owns the table that the item names."""
    numbers = set() if table_number is None or may_write(context) else {table_number}
    if not numbers or not await _owned_tables(context, numbers, await caller_identity(context)):
        writer(context, or_else=", or to own the table that the item names")
    return actor_of(context)


async def assignee_warning(context: Context, assignee: str | None) -> str | None:
    """A warning of an assignee whom OpenMetadata's database, which may lag behind, does not have; None for others."""
    if assignee is None:
        return None
    try:
        directory = (await snapshot_of(context)).directory
    except Unavailable:
        return None
    if "assignees" not in context.loaders:
        owners = (owner[2].lower() for owners in directory["owner_sets"] for owner in owners)
        context.loaders["assignees"] = {*directory["users"], *owners, *directory["people"]["teams"].values()}
    if assignee in context.loaders["assignees"]:
        return None
    return f"OpenMetadata's database has no user or team {assignee} (yet)"
