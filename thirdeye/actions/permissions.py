"""Who may change an item: by role, as its assignee, or as an owner of its table, also through teams."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from thirdeye.actions import store
from thirdeye.actions.items import Actor, Item, PrincipalKind
from thirdeye.actions.loaders import owner_set_loader
from thirdeye.actions.views import ItemAnswer
from thirdeye.auth.permission import caller, caller_teams, may_write, writer
from thirdeye.context import Context
from thirdeye.errors import BadInput, Unavailable
from thirdeye.estate.loaders import snapshot_of
from thirdeye.inventory.owner_names import caller_ids, owner_ids


@dataclass(frozen=True)
class Identity:
    """The caller: the name as a user, those of the teams, and the estate's sets of owners that hold one of these.

    `untold`: the names that mean the caller where nobody said whether a user or a team is meant.
    """

    user: str
    teams: frozenset[str] = frozenset()
    untold: frozenset[str] = frozenset()
    owner_sets: frozenset[int] = frozenset()

    def is_called(self, name: str | None, kind: str | None) -> bool:
        """Whether the caller is who was named, or in the team that was."""
        if kind == PrincipalKind.USER:
            return name == self.user
        return name in (self.teams if kind == PrincipalKind.TEAM else self.untold)


async def caller_identity(context: Context) -> Identity:
    """Who the caller is; only the user while the estate cannot be read: then nobody knows what other names mean."""
    name = caller(context)
    try:
        directory = (await snapshot_of(context)).directory
    except Unavailable:
        return Identity(name)
    ids, team_names = caller_ids(*caller_teams(context, directory["users"])), directory["people"]["teams"]
    teams = frozenset(team_names[each] for kind, each in ids if kind == "team" and each in team_names)
    return Identity(
        user=name,
        teams=teams,
        # Of a user and a team of one name it means the team: who is called like one gets none of its rights.
        untold=teams | {name} - set(team_names.values()),
        owner_sets=frozenset(
            number for number, owners in enumerate(directory["owner_sets"]) if not ids.isdisjoint(owner_ids(owners))
        ),
    )


async def principal_kind(context: Context, name: str, kind: str | None, argument: str) -> str | None:
    """Whether a name means a user or a team: what was said, else what OpenMetadata has; None while that has neither.

    Raises BadInput where it has both and nobody said which.
    """
    if kind is not None:
        return kind
    try:
        directory = (await snapshot_of(context)).directory
    except Unavailable:
        return None
    is_user, is_team = name in directory["users"], name in directory["people"]["teams"].values()
    if is_user and is_team:
        message = f"{argument}Kind: a user and a team have the name {name}; say which one is meant"
        raise BadInput(message, f"{argument}Kind")
    return PrincipalKind.USER.value if is_user else PrincipalKind.TEAM.value if is_team else None


async def with_kinds(context: Context, columns: Mapping[str, Any], argument: str) -> dict[str, Any]:
    """Columns that name somebody in `argument`, with whether that is a user or a team."""
    name, kind = columns.get(argument), f"{argument}_kind"
    if name is None:
        return dict(columns)
    return {**columns, kind: await principal_kind(context, name, columns.get(kind), argument)}


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
    numbers = {item.table_number for item in items if not identity.is_called(item.assignee, item.assignee_kind)}
    if numbers - await _owned_tables(context, numbers, identity):
        writer(context, or_else=", or to be the item's assignee or an owner of its table")
    return actor


async def may_change(context: Context, items: Sequence[ItemAnswer]) -> list[bool]:
    """Of each of these items whether `authorize_change` allows the caller to change it."""
    if may_write(context):
        return [True] * len(items)
    identity = await _request_identity(context)
    called = [identity.is_called(item["assignee"], item["assigneeKind"]) for item in items]
    # Who owns nothing is asked for no owners.
    others = [item["number"] for item, is_called in zip(items, called, strict=True) if not is_called]
    numbers = {number for number in others if number is not None} if identity.owner_sets else set[int]()
    owner_sets = await owner_set_loader(context).load_many(list(numbers))
    owned = {number for number, owners in zip(numbers, owner_sets, strict=True) if owners in identity.owner_sets}
    return [is_called or item["number"] in owned for item, is_called in zip(items, called, strict=True)]


async def _request_identity(context: Context) -> Identity:
    """The caller's identity, once a request: it looks through all sets of owners."""
    if "identity" not in context.loaders:
        context.loaders["identity"] = asyncio.ensure_future(caller_identity(context))
    identity: Identity = await context.loaders["identity"]
    return identity


async def authorize_creation(context: Context, table_number: int | None) -> Actor:
    """The caller. Raises Forbidden unless the caller may write, or owns the table that the item names."""
    numbers = set() if table_number is None or may_write(context) else {table_number}
    if not numbers or not await _owned_tables(context, numbers, await caller_identity(context)):
        writer(context, or_else=", or to own the table that the item names")
    return actor_of(context)


async def assignee_warning(context: Context, assignee: str | None, kind: str | None) -> str | None:
    """A warning of an assignee whom OpenMetadata's database, which may lag behind, does not have; None for others."""
    if assignee is None:
        return None
    try:
        directory = (await snapshot_of(context)).directory
    except Unavailable:
        return None
    if "teams" not in context.loaders:
        context.loaders["teams"] = set(directory["people"]["teams"].values())
    is_user, is_team = assignee in directory["users"], assignee in context.loaders["teams"]
    if (is_user and kind != PrincipalKind.TEAM) or (is_team and kind != PrincipalKind.USER):
        return None
    return f"OpenMetadata's database has no {kind.lower() if kind else 'user or team'} {assignee} (yet)"
