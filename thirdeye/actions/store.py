"""Action items, their events and what was decided of findings, in the `thirdeye` schema.

Functions that take a session are parts of the caller's transaction, so that no change is without its event.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

import orjson

from thirdeye.actions.batches import batches
from thirdeye.actions.items import STATUSES, Columns, Event, EventKind, Item, StoredEvent
from thirdeye.actions.ordering import ItemOrder, Position
from thirdeye.database import MySQL, Session

_COLUMNS = """
id, title, status, category, priority, estimated_savings_usd, created_at, updated_at, version, table_number, detected,
rule_id, decided, resolution, resolution_reason, resolved_at, assignee, assignee_kind, due_date, snoozed_until, stage,
stage_since, stage_until, alert, created_by
"""
_PAGE = "SELECT {columns} FROM action_items WHERE {conditions} ORDER BY {order} LIMIT %(limit)s"
_UNREAD: Final[Mapping[str, Any]] = dict.fromkeys(field.name for field in fields(Item))
_COUNT = "SELECT COUNT(*) AS total FROM action_items WHERE {conditions}"
_ONE = f"SELECT {_COLUMNS} FROM action_items WHERE id = %(id)s"
_LOCKED = f"SELECT {_COLUMNS} FROM action_items WHERE {{conditions}} ORDER BY id LIMIT %(limit)s FOR UPDATE"
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

# ---- filters

# By field of a filter the condition.
_CONDITIONS: Final[Mapping[str, str]] = {
    "ids": "id IN %(ids)s",
    "status": "status IN %(status)s",
    "category": "category IN %(category)s",
    "priority": "priority IN %(priority)s",
    "resolution": "resolution IN %(resolution)s",
    "stage": "stage IN %(stage)s",
    "assignee": "assignee IN %(assignee)s",
    "dueBefore": "due_date < %(dueBefore)s",
    "campaign": "id IN (SELECT item FROM campaign_item WHERE campaign = %(campaign)s)",
    "numbers": "table_number IN %(numbers)s",
    "service": "table_number IN (SELECT number FROM table_inventory WHERE service IN %(service)s)",
    "search": "title LIKE %(search)s ESCAPE '!'",
}
# Assigned to the caller or one of the caller's teams, or about a table that one of these owns.
_ASSIGNED_TO_ME: Final = """COALESCE(CASE assignee_kind
  WHEN 'USER' THEN assignee = %(my_name)s WHEN 'TEAM' THEN assignee IN %(my_teams)s ELSE assignee IN %(my_untold)s
END, FALSE)"""
_MINE: Final = f"""({_ASSIGNED_TO_ME} OR COALESCE(table_number IN (
  SELECT number FROM table_inventory WHERE owner_set IN %(my_sets)s), FALSE))"""
# The same by two indexes, where it is known which of the caller's tables have items.
_MINE_WITHOUT_TABLES: Final = f"(assignee IN %(my_assignees)s AND {_ASSIGNED_TO_ME})"
_MINE_BY_NUMBER: Final = f"({_MINE_WITHOUT_TABLES} OR (table_number IS NOT NULL AND table_number IN %(my_numbers)s))"
_NUMBERS_WITH_ITEMS: Final = """
SELECT DISTINCT table_number FROM action_items JOIN table_inventory ON number = table_number
WHERE {column} IN %(values)s LIMIT %(limit)s
"""
# The conditions of true and of false.
_BOOLEAN_CONDITIONS: Final[Mapping[str, tuple[str, str]]] = {
    "unassigned": ("assignee IS NULL", "assignee IS NOT NULL"),
    "detected": ("detected = 1", "detected = 0"),
    "staged": ("stage IS NOT NULL", "stage IS NULL"),
    "alerted": ("alert IS NOT NULL", "alert IS NULL"),
    "snoozed": ("snoozed_until > %(now)s", "(snoozed_until IS NULL OR snoozed_until <= %(now)s)"),
    "overdue": (
        "(due_date < %(today)s AND status <> 'DONE')",
        "(due_date IS NULL OR due_date >= %(today)s OR status = 'DONE')",
    ),
    "mine": (_MINE, f"NOT {_MINE}"),
}
# By field of ActionItemFilterInput a value, never None, with `numbers` instead of `table`. Also `now`, `today`, and with
# `mine` the caller's `my_name`, `my_teams`, `my_untold` and `my_sets` (see `permissions.Identity`), the names of all
# three as `my_assignees`, and `my_numbers`: of the caller's tables those that have items, None where these are too many;
# with `service` the same of its tables, as `service_numbers`.
ItemFilter = Mapping[str, object]


def _where(item_filter: ItemFilter) -> tuple[str, dict[str, object]]:
    conditions = [condition for name, condition in _CONDITIONS.items() if name in item_filter]
    conditions += [
        when if item_filter[name] else otherwise
        for name, (when, otherwise) in _BOOLEAN_CONDITIONS.items()
        if name in item_filter
    ]
    if item_filter.get("my_numbers") is not None:
        by_number = _MINE_BY_NUMBER if item_filter["my_numbers"] else _MINE_WITHOUT_TABLES
        conditions = [each.replace(_MINE, by_number) for each in conditions]
    if item_filter.get("service_numbers") is not None:
        by_service, by_number = _CONDITIONS["service"], "table_number IN %(service_numbers)s"
        conditions = [by_number if each == by_service else each for each in conditions]
    # A list without values matches nothing.
    values = {
        name: tuple(value) or (None,) if isinstance(value, list) else value for name, value in item_filter.items()
    }
    if "search" in item_filter:
        values["search"] = contains_pattern(str(item_filter["search"]))
    return " AND ".join(conditions) or "TRUE", values


async def numbers_with_items(
    thirdeye: MySQL, column: Literal["owner_set", "service"], values: Sequence[int | str], limit: int
) -> list[int] | None:
    """The tables with one of these values that have items, by number; None if there are more than `limit`."""
    if not values:
        return []
    query = _NUMBERS_WITH_ITEMS.format(column=column)
    rows = await thirdeye.fetch_all(query, {"values": tuple(values), "limit": limit + 1})
    return None if len(rows) > limit else [row["table_number"] for row in rows]


def _after(order: ItemOrder, position: Position) -> tuple[str, dict[str, object]]:
    """The condition that a page begins after `position`: a range over the index, at any depth."""
    column, beyond = order.column, "<" if order.descending else ">"
    values: dict[str, object] = {"after_id": position.id, "after": position.value}
    if order.key == "id":
        return f"id {beyond} %(after_id)s", values
    if order.key == "status":
        # An ENUM sorts by its place in the list of values but compares as text.
        place = STATUSES.index(str(position.value))
        rest = STATUSES[:place] if order.descending else STATUSES[place + 1 :]
        values["rest"] = rest or ("",)
        return f"(status IN %(rest)s OR (status = %(after)s AND id {beyond} %(after_id)s))", values
    return f"{column} {beyond}= %(after)s AND ({column} {beyond} %(after)s OR id {beyond} %(after_id)s)", values


# ---- items


async def item_page(
    thirdeye: MySQL,
    item_filter: ItemFilter,
    *,
    order: ItemOrder,
    position: Position | None,
    limit: int,
    columns: Sequence[str] | None = None,
) -> list[Item]:
    """Up to `limit` items after `position`, in order. With `columns`, names of fields of Item, only these are read, and
    what their cursors need; all others are None, whatever they hold.
    """
    conditions, values = _where(item_filter)
    if position is not None:
        condition, position_values = _after(order, position)
        conditions, values = f"{conditions} AND {condition}", values | position_values
    direction = order.direction.upper()
    sorted_by = ["id"] if order.key == "id" else [order.column, "id"]
    order_by = ", ".join(f"{column} {direction}" for column in sorted_by)
    read = _COLUMNS if columns is None else ", ".join(dict.fromkeys([*sorted_by, *columns]))
    page = _PAGE.format(columns=read, conditions=conditions, order=order_by)
    rows = await thirdeye.fetch_all(page, {**values, "limit": limit})
    return [Item(**{**_UNREAD, **row}) for row in rows]


async def count_items(thirdeye: MySQL, item_filter: ItemFilter) -> int:
    """How many items a filter matches."""
    conditions, values = _where(item_filter)
    row = await thirdeye.fetch_one(_COUNT.format(conditions=conditions), values)
    return int(row["total"]) if row else 0


async def item(thirdeye: MySQL | Session, id_: int) -> Item | None:
    """One item, or None."""
    row = await thirdeye.fetch_one(_ONE, {"id": id_})
    return None if row is None else Item(**row)


async def locked_item(session: Session, id_: int) -> Item | None:
    """One item, locked until the transaction ends; None when there is none."""
    row = await session.fetch_one(_LOCKED.format(conditions="id = %(id)s"), {"id": id_, "limit": 1})
    return None if row is None else Item(**row)


async def locked_items(session: Session, item_filter: ItemFilter, ids: list[int]) -> list[Item]:
    """Those of these items that a filter matches, locked until the transaction ends."""
    conditions, values = _where({**item_filter, "ids": ids})
    rows = await session.fetch_all(_LOCKED.format(conditions=conditions), {**values, "limit": len(ids)})
    return [Item(**row) for row in rows]


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


def contains_pattern(text: str) -> str:
    """The pattern of LIKE that finds a text, with `ESCAPE '!'`."""
    return "%" + text.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"


def _seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
