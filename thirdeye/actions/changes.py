"""Changing items, one or many, in one transaction: the items, their events, and what is remembered of decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from thirdeye.actions import rules, store
from thirdeye.actions.enums import Resolution
from thirdeye.actions.store import Event
from thirdeye.database import Row, Session


@dataclass(frozen=True, kw_only=True)
class Change:
    """The columns of an item that get other values."""

    state: Row
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class Actor:
    """Who changes something."""

    name: str
    is_bot: bool = False


async def apply(
    session: Session, changes: Sequence[Change], actor: Actor, now: datetime, costs: Mapping[int, Decimal | None]
) -> list[Row]:
    """Writes changes and what goes with them; gives the items. What changes nothing leaves no trace.

    `costs` are what the tables of items that end cost by now, USD a month.
    """
    changed = [change for change in changes if change.columns]
    alike: dict[bytes, list[Change]] = {}
    for change in changed:
        alike.setdefault(orjson.dumps(change.columns, default=str, option=orjson.OPT_SORT_KEYS), []).append(change)
    for group in alike.values():
        await store.change_items(session, [change.state["id"] for change in group], group[0].columns, now)
    await store.put_events(session, [_event(change, actor, now) for change in changed], now)
    await _remember(session, changed, costs, now)
    return [
        store.next_version(change.state, change.columns, now) if change.columns else change.state for change in changes
    ]


def _event(change: Change, actor: Actor, now: datetime) -> Event:
    state, columns = change.state, change.columns
    return Event(
        item=state["id"],
        kind=rules.kind_of(state, columns),
        actor=actor.name,
        bot=actor.is_bot,
        before=rules.shown(state, columns),
        after=rules.shown(store.next_version(state, columns, now), columns),
    )


async def _remember(
    session: Session, changed: Sequence[Change], costs: Mapping[int, Decimal | None], now: datetime
) -> None:
    decided, undone = list[tuple[int, str, str, Decimal | None]](), list[tuple[int, str]]()
    for change in changed:
        number, category = change.state["table_number"], change.state["category"]
        if number is None or category is None or not {"status", "resolution"} & change.columns.keys():
            continue
        resolution = change.columns.get("resolution", change.state["resolution"])
        if resolution == Resolution.OBSOLETE:
            continue
        if change.columns.get("status", change.state["status"]) == "DONE":
            decided.append((number, category, str(resolution), costs.get(number)))
        else:
            undone.append((number, category))
    await store.decide(session, decided, now)
    await store.undecide(session, undone)
