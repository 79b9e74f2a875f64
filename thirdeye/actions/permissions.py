"""Who the caller is to an item: by roles, as its assignee, or as an owner of its table, also through teams."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from thirdeye.actions import store
from thirdeye.auth.permission import caller, caller_teams, may_write, writer
from thirdeye.errors import Unavailable
from thirdeye.estate.loaders import EstateContext, snapshot_of
from thirdeye.inventory.reader import Snapshot

State = Mapping[str, Any]


@dataclass(frozen=True)
class Me:
    """The caller's names (own and those of teams), and the owner sets of the estate that hold one of these."""

    names: frozenset[str]
    owner_sets: frozenset[int]


async def me(context: Any) -> Me:
    """Who the caller is; of the name alone while the estate cannot be read."""
    name = caller(context)
    try:
        directory = (await snapshot_of(context)).directory
    except Unavailable:
        return Me(frozenset({name}), frozenset())
    identifier, teams = caller_teams(context, directory["users"])
    ids = {identifier, *teams} - {""}
    mine, names = set[int](), {name}
    for number, owners in enumerate(directory["owner_sets"]):
        for owner_id, kind, owner_name in owners:
            if owner_id in ids:
                mine.add(number)
                if kind == "team":
                    names.add(owner_name.lower())
    return Me(frozenset(names), frozenset(mine))


async def check_may_work(context: Any, states: Sequence[State]) -> str:
    """The name of whoever asks. Raises Forbidden unless the caller may write, or is assignee or owner of each item."""
    name = caller(context)
    if may_write(context):
        return name
    who = await me(context)
    others = [state for state in states if state["assignee"] not in who.names]
    numbers = {state["table_number"] for state in others}
    owned = await store.owner_sets_of(context.thirdeye, numbers - {None}) if numbers - {None} else {}
    if any(owned.get(state["table_number"]) not in who.owner_sets for state in others):
        writer(context, or_else=", or to be the item's assignee or an owner of its table")
    return name


async def check_may_write_about(context: Any, table: Mapping[str, Any] | None) -> str:
    """The name of whoever asks. Raises Forbidden unless the caller may write, or owns the table that is named."""
    if table is not None and not may_write(context):
        who = await me(context)
        owned = await store.owner_sets_of(context.thirdeye, {table["number"]})
        if owned.get(table["number"]) in who.owner_sets:
            return caller(context)
    return writer(context, or_else=", or to own the table that the item names")


def known_names(snapshot: Snapshot) -> set[str]:
    """The names, lower case, of the users and teams that the estate knows."""
    directory = snapshot.directory
    return {*directory["users"], *(owner[2].lower() for owners in directory["owner_sets"] for owner in owners)}


async def assignee_warning(context: EstateContext, assignee: str | None) -> str | None:
    """Words for an assignee whom OpenMetadata's database does not know, which may lag behind; None for others."""
    if assignee is None:
        return None
    try:
        snapshot = await snapshot_of(context)
    except Unavailable:
        return None
    if "known_names" not in context.loaders:
        context.loaders["known_names"] = known_names(snapshot)
    if assignee in context.loaders["known_names"]:
        return None
    return f"OpenMetadata's database has no user or team {assignee} (yet)"
