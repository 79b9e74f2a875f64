"""Changing items, one or many, in one transaction: the items, their events, and what is remembered of decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import orjson

from thirdeye.actions import rules, store
from thirdeye.actions.items import Actor, Columns, Event, ItemState, Resolution
from thirdeye.actions.store import NewDecision
from thirdeye.database import Session


@dataclass(frozen=True)
class Change:
    """The columns of an item that get new values."""

    state: ItemState
    columns: Columns


async def apply(
    session: Session, changes: Sequence[Change], actor: Actor, now: datetime, costs: Mapping[int, Decimal | None]
) -> None:
    """Writes changes with their events and decisions. A change without columns leaves no trace.

    `costs` are by item what the tables of those that end cost now, USD a month.
    """
    changes = [change for change in changes if change.columns]
    ids_by_columns: dict[bytes, tuple[Columns, list[int]]] = {}
    for change in changes:
        key = orjson.dumps(change.columns, default=str, option=orjson.OPT_SORT_KEYS)
        ids_by_columns.setdefault(key, (change.columns, []))[1].append(change.state.id)
    for columns, ids in ids_by_columns.values():
        await store.change_items(session, ids, columns, now)
    events = [
        Event(
            item=change.state.id,
            kind=rules.event_kind(change.state, change.columns),
            actor=actor,
            before=rules.shown_columns({name: getattr(change.state, name) for name in change.columns}),
            after=rules.shown_columns(change.columns),
        )
        for change in changes
    ]
    await store.insert_events(session, events, now)
    await _remember_decisions(session, changes, costs, now)


async def _remember_decisions(
    session: Session, changes: Sequence[Change], costs: Mapping[int, Decimal | None], now: datetime
) -> None:
    decisions, reopened = list[NewDecision](), list[tuple[int, str]]()
    for state, columns in ((change.state, change.columns) for change in changes):
        number, category = state.table_number, state.category
        if number is None or category is None or not {"status", "resolution"} & columns.keys():
            continue
        resolution = columns.get("resolution", state.resolution)
        if resolution == Resolution.OBSOLETE:
            continue
        if columns.get("status", state.status) == "DONE":
            decisions.append(NewDecision(number, category, str(resolution), costs.get(state.id)))
        else:
            reopened.append((number, category))
    await store.put_decisions(session, decisions, now)
    await store.delete_decisions(session, reopened)
