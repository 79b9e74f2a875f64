"""Action items, their events and what was decided of findings, in the `thirdeye` schema.

Functions that take a session are parts of the caller's transaction, so that no change is without its event.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

import orjson

from thirdeye.actions.batches import batches
from thirdeye.actions.items import Columns, Event, EventKind, Item, StoredEvent
from thirdeye.database import MySQL, Session

# Of an `Item`.
COLUMNS: Final = """
id, title, status, category, priority, estimated_savings_usd, created_at, updated_at, version, table_number, detected,
rule_id, decided, resolution, resolution_reason, resolved_at, assignee, assignee_kind, due_date, snoozed_until, stage,
stage_since, stage_until, alert, created_by
"""
_ONE = f"SELECT {COLUMNS} FROM action_items WHERE id = %(id)s"
_LOCKED = f"SELECT {COLUMNS} FROM action_items WHERE id = %(id)s FOR UPDATE"
_OPEN_OF = (
    "SELECT id FROM action_items WHERE table_number = %(number)s AND category = %(category)s AND status <> 'DONE'"
)
_COUNT_OPEN = "SELECT COUNT(*) AS total FROM action_items WHERE table_number = %(number)s AND status <> 'DONE'"
_TABLES_OF_OPEN_ITEMS = "SELECT table_number FROM action_items WHERE status <> 'DONE' AND table_number IS NOT NULL"
_NEXT_VERSION = "UPDATE action_items SET version = version + 1, updated_at = updated_at WHERE id = %(id)s"
_OWNER_SETS = "SELECT number, owner_set FROM table_inventory WHERE number IN %(numbers)s AND owner_set > 0"
_DELETE = "DELETE FROM action_items WHERE id = %(id)s"
_FORGET_PARTS = "DELETE FROM action_item_part WHERE item = %(id)s"
_LEAVE_CAMPAIGNS = "DELETE FROM campaign_item WHERE item = %(id)s"
_INSERT_EVENTS = """
INSERT INTO action_event (item, happened_at, actor, by_bot, kind, state_before, state_after) VALUES """
_EVENTS = """
SELECT id, item, happened_at, actor, by_bot, kind, state_before, state_after FROM (
  SELECT action_event.*, ROW_NUMBER() OVER (PARTITION BY item ORDER BY id DESC) AS place
  FROM action_event WHERE item IN %(items)s AND {kinds} AND id < %(before)s
) AS numbered WHERE place <= %(limit)s ORDER BY item, id DESC
"""
_PUT_DECISIONS = "REPLACE INTO action_decision (table_number, category, decision, monthly_cost_usd, decided_at) VALUES "
_DELETE_DECISIONS = "DELETE FROM action_decision WHERE (table_number, category) IN %(findings)s"

# ---- items


async def item(thirdeye: MySQL | Session, id_: int) -> Item | None:
    """One item, or None."""
    row = await thirdeye.fetch_one(_ONE, {"id": id_})
    return None if row is None else Item(**row)


async def locked_item(session: Session, id_: int) -> Item | None:
    """One item, locked until the transaction ends; None when there is none."""
    row = await session.fetch_one(_LOCKED, {"id": id_})
    return None if row is None else Item(**row)


async def open_item(thirdeye: MySQL, number: int, category: str) -> int | None:
    """The id of the open item of a category about a table."""
    row = await thirdeye.fetch_one(_OPEN_OF, {"number": number, "category": category})
    return None if row is None else int(row["id"])


async def has_open_item(session: Session, number: int) -> bool:
    """Whether an open item is about this table."""
    row = await session.fetch_one(_COUNT_OPEN, {"number": number})
    return bool(row and row["total"])


async def tables_of_open_items(thirdeye: MySQL) -> list[int]:
    """The table of each open item that names one."""
    return [row["table_number"] for row in await thirdeye.fetch_all(_TABLES_OF_OPEN_ITEMS)]


async def owner_sets_of(thirdeye: MySQL, numbers: Iterable[int]) -> dict[int, int]:
    """By number of a table its set of owners; tables without owners are left out."""
    rows = await thirdeye.fetch_all(_OWNER_SETS, {"numbers": tuple(numbers)})
    return {row["number"]: row["owner_set"] for row in rows}


async def insert_item(session: Session, columns: Columns, now: datetime) -> Item:
    """Writes a new item and returns it."""
    values = {**columns, "created_at": _seconds(now), "updated_at": _seconds(now)}
    executed = await session.execute(insert_statement("action_items", values), values)
    inserted = await item(session, executed.inserted_id)
    assert inserted is not None
    return inserted


async def change_items(session: Session, ids: Sequence[int], columns: Columns, now: datetime) -> None:
    """Writes the same columns of some items, and the next version of each."""
    values = {**columns, "updated_at": _seconds(now)}
    for batch in batches(ids):
        await session.execute(update_statement("action_items", values), {**values, "ids": tuple(batch)})


async def count_comment(session: Session, id_: int) -> None:
    """Brings an item to its next version, for its comments are a part of it. Nothing else of it has changed."""
    await session.execute(_NEXT_VERSION, {"id": id_})


def next_version(state: Item, columns: Columns, now: datetime) -> Item:
    """An item as `change_items` leaves it."""
    changed: dict[str, Any] = {**columns, "version": state.version + 1, "updated_at": _seconds(now)}
    return replace(state, **changed)


async def delete_item(session: Session, id_: int) -> None:
    """Deletes an item; its events stay."""
    await session.execute(_LEAVE_CAMPAIGNS, {"id": id_})
    await session.execute(_FORGET_PARTS, {"id": id_})
    await session.execute(_DELETE, {"id": id_})


# ---- events


async def insert_events(session: Session, events: Iterable[Event], now: datetime) -> None:
    """Writes events."""
    rows = (
        (
            event.item, now, event.actor.name[:256], int(event.actor.is_bot), str(event.kind.value),
            _json(event.before), _json(event.after),
        )
        for event in events
    )  # fmt: skip
    await session.execute_rows(_INSERT_EVENTS, rows)


def _json(state: Columns | None) -> str | None:
    return None if state is None else orjson.dumps(state).decode()


async def events(
    thirdeye: MySQL, items: Iterable[int], *, kind: EventKind | None, before: int, limit: int
) -> dict[int, list[StoredEvent]]:
    """By item up to `limit` events with ids below `before`, newest first."""
    kinds = "TRUE" if kind is None else "kind = %(kind)s"
    values = {"items": tuple(items), "kind": kind and str(kind.value), "before": before, "limit": limit}
    events_by_item: dict[int, list[StoredEvent]] = {}
    for row in await thirdeye.fetch_all(_EVENTS.format(kinds=kinds), values):
        states = {name: orjson.loads(row[name]) if row[name] else None for name in ("state_before", "state_after")}
        events_by_item.setdefault(row["item"], []).append(StoredEvent(**{**row, **states}))
    return events_by_item


# ---- decisions


class NewDecision(NamedTuple):
    """What a person decided of a finding, and what its table cost then, USD a month."""

    table_number: int
    category: str
    resolution: str
    cost: Decimal | None


async def put_decisions(session: Session, decisions: Iterable[NewDecision], now: datetime) -> None:
    """Remembers what people decided of findings."""
    rows = (
        (number, category, resolution, None if cost is None else str(cost), now)
        for number, category, resolution, cost in decisions
    )
    await session.execute_rows(_PUT_DECISIONS, rows)


async def delete_decisions(session: Session, findings: Sequence[tuple[int, str]]) -> None:
    """Forgets what was decided of findings (table number, category): they are open again."""
    for batch in batches(findings):
        await session.execute(_DELETE_DECISIONS, {"findings": tuple(batch)})


# ---- what the stores of campaigns, detection and savings use as well


def insert_statement(table: str, columns: Iterable[str]) -> str:
    """Writes a row; values are bound by the names of the columns."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(f'%({name})s' for name in columns)})"


def update_statement(table: str, columns: Iterable[str]) -> str:
    """Writes columns of the rows with these `ids`, and their next version."""
    assignments = ", ".join([*(f"{name} = %({name})s" for name in columns), "version = version + 1"])
    return f"UPDATE {table} SET {assignments} WHERE id IN %(ids)s"


def _seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
