"""Action items, their events and what was decided of findings, in the `thirdeye` schema.

Functions that take a session are parts of the caller's transaction, so that no change is without its event.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import orjson

from thirdeye.actions.enums import STATUSES, EventKind
from thirdeye.actions.validation import ItemOrder, Position
from thirdeye.database import MySQL, Row, Session

_MANY: Final = 1_000
_COLUMNS = """
id, title, status, category, priority, estimated_savings_usd, created_at, updated_at, version, table_number, detected,
rule_id, decided, resolution, resolution_reason, resolved_at, assignee, due_date, snoozed_until, stage, stage_since,
stage_until, alert, created_by
"""
_SORT_COLUMNS = {
    "updatedAt": "updated_at",
    "createdAt": "created_at",
    "title": "title",
    "status": "status",
    "id": "id",
}
_PAGE = f"SELECT {_COLUMNS} FROM action_items WHERE {{conditions}} ORDER BY {{order}} LIMIT %(limit)s"
_COUNT = "SELECT COUNT(*) AS total FROM action_items WHERE {conditions}"
_ONE = f"SELECT {_COLUMNS} FROM action_items WHERE id = %(id)s"
_LOCKED = f"SELECT {_COLUMNS} FROM action_items WHERE {{conditions}} ORDER BY id LIMIT %(limit)s FOR UPDATE"
_OPEN_OF = (
    "SELECT id FROM action_items WHERE table_number = %(number)s AND category = %(category)s AND status <> 'DONE'"
)
_NAMED = "SELECT COUNT(*) AS total FROM action_items WHERE table_number = %(number)s AND status <> 'DONE'"
_OWNER_SETS = "SELECT number, owner_set FROM table_inventory WHERE number IN %(numbers)s AND owner_set > 0"
_DELETE = "DELETE FROM action_items WHERE id = %(id)s"
_LEAVE_CAMPAIGNS = "DELETE FROM campaign_item WHERE item = %(id)s"
_WRITABLE: Final = (
    "title", "status", "category", "priority", "estimated_savings_usd", "table_number", "detected", "rule_id", "decided",
    "resolution", "resolution_reason", "resolved_at", "assignee", "due_date", "snoozed_until", "stage", "stage_since",
    "stage_until", "alert", "created_by",
)  # fmt: skip

_PUT_EVENTS = """
INSERT INTO action_event (item, happened_at, actor, by_bot, kind, state_before, state_after) VALUES """
_EVENTS = """
SELECT id, item, happened_at, actor, by_bot, kind, state_before, state_after FROM (
  SELECT action_event.*, ROW_NUMBER() OVER (PARTITION BY item ORDER BY id DESC) AS place
  FROM action_event WHERE item IN %(items)s AND {kinds} AND id < %(before)s
) AS numbered WHERE place <= %(limit)s ORDER BY item, id DESC
"""
_DECIDE = "REPLACE INTO action_decision (table_number, category, decision, monthly_cost_usd, decided_at) VALUES "
_UNDECIDE = "DELETE FROM action_decision WHERE (table_number, category) IN %(findings)s"

# ---- filters: by field the condition, and whether its value is bound as it is

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
}
_EITHER: Final[Mapping[str, tuple[str, str]]] = {
    "unassigned": ("assignee IS NULL", "assignee IS NOT NULL"),
    "detected": ("detected = 1", "detected = 0"),
    "staged": ("stage IS NOT NULL", "stage IS NULL"),
    "alerted": ("alert IS NOT NULL", "alert IS NULL"),
    "snoozed": ("snoozed_until > %(now)s", "(snoozed_until IS NULL OR snoozed_until <= %(now)s)"),
    "overdue": (
        "(due_date < %(today)s AND status <> 'DONE')",
        "(due_date IS NULL OR due_date >= %(today)s OR status = 'DONE')",
    ),
    "mine": ("{mine}", "NOT {mine}"),
}
# Assigned to the caller or one of the caller's teams, or about a table that one of these owns.
_MINE: Final = """(COALESCE(assignee IN %(my_names)s, FALSE) OR COALESCE(table_number IN (
  SELECT number FROM table_inventory WHERE owner_set IN %(my_sets)s), FALSE))"""


def _filters(wanted: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """Conditions and values; `wanted` has also `now`, `today`, `my_names` and `my_sets` where a field needs them."""
    conditions, values = ["TRUE"], {name: wanted[name] for name in ("now", "today") if name in wanted}
    for name, condition in _CONDITIONS.items():
        if wanted.get(name) is not None:
            value = wanted[name]
            conditions.append(condition)
            values[name] = (
                (tuple(value) or (None,)) if isinstance(value, Sequence) and type(value) is not str else value
            )
    for name, (yes, no) in _EITHER.items():
        if wanted.get(name) is not None:
            conditions.append((yes if wanted[name] else no).format(mine=_MINE))
    if wanted.get("mine") is not None:
        values |= {name: tuple(wanted[name]) or (None,) for name in ("my_names", "my_sets")}
    if wanted.get("search") is not None:
        escaped = wanted["search"].replace("!", "!!").replace("%", "!%").replace("_", "!_")
        conditions.append("title LIKE %(pattern)s ESCAPE '!'")
        values["pattern"] = f"%{escaped}%"
    return conditions, values


def _after(order: ItemOrder, position: Position) -> tuple[str, dict[str, Any]]:
    """The condition that a page begins after `position`: a range over the index, at any depth."""
    column, beyond = _SORT_COLUMNS[order.key], "<" if order.descending else ">"
    values: dict[str, Any] = {"after_id": position.id, "after": position.value}
    if order.key == "id":
        return f"id {beyond} %(after_id)s", values
    if order.key == "status":
        # An ENUM sorts by its place in the list of values but compares as text.
        place = STATUSES.index(position.value)
        rest = STATUSES[:place] if order.descending else STATUSES[place + 1 :]
        values["rest"] = rest or ("",)
        return f"(status IN %(rest)s OR (status = %(after)s AND id {beyond} %(after_id)s))", values
    return f"{column} {beyond}= %(after)s AND ({column} {beyond} %(after)s OR id {beyond} %(after_id)s)", values


async def item_page(
    thirdeye: MySQL, wanted: Mapping[str, Any], *, order: ItemOrder, position: Position | None, limit: int
) -> list[Row]:
    """Up to `limit` items after `position`, in order."""
    conditions, values = _filters(wanted)
    if position is not None:
        condition, more = _after(order, position)
        conditions.append(condition)
        values |= more
    direction = order.direction.upper()
    column = _SORT_COLUMNS[order.key]
    by = f"id {direction}" if column == "id" else f"{column} {direction}, id {direction}"
    sql = _PAGE.format(conditions=" AND ".join(conditions), order=by)
    return await thirdeye.fetch_all(sql, {**values, "limit": limit})


async def count_items(thirdeye: MySQL, wanted: Mapping[str, Any]) -> int:
    """How many items there are under this filter."""
    conditions, values = _filters(wanted)
    row = await thirdeye.fetch_one(_COUNT.format(conditions=" AND ".join(conditions)), values)
    return int(row["total"]) if row else 0


async def item(thirdeye: MySQL | Session, id_: int) -> Row | None:
    """One item, or None."""
    return await thirdeye.fetch_one(_ONE, {"id": id_})


async def locked_item(session: Session, id_: int) -> Row | None:
    """One item, which nobody else can change until the transaction ends; None when there is none."""
    return await session.fetch_one(_LOCKED.format(conditions="id = %(id)s"), {"id": id_, "limit": 1})


async def locked_items(session: Session, wanted: Mapping[str, Any]) -> list[Row]:
    """Of the items that a filter names by number, those that it finds; nobody else can change them until the transaction
    ends."""
    conditions, values = _filters(wanted)
    everything = {**values, "limit": len(wanted["ids"])}
    return await session.fetch_all(_LOCKED.format(conditions=" AND ".join(conditions)), everything)


async def open_item(thirdeye: MySQL, number: int, category: str) -> int | None:
    """The open item of a category about a table."""
    row = await thirdeye.fetch_one(_OPEN_OF, {"number": number, "category": category})
    return None if row is None else int(row["id"])


async def is_named(session: Session, number: int) -> bool:
    """Whether an open item is about this table."""
    row = await session.fetch_one(_NAMED, {"number": number})
    return bool(row and row["total"])


async def owner_sets_of(thirdeye: MySQL, numbers: Iterable[int]) -> dict[int, int]:
    """The sets of owners of those of these tables that have any."""
    rows = await thirdeye.fetch_all(_OWNER_SETS, {"numbers": tuple(numbers)})
    return {row["number"]: row["owner_set"] for row in rows}


async def insert_item(session: Session, values: Mapping[str, Any], now: datetime) -> Row:
    """Writes a new item and gives it back."""
    columns = [name for name in _WRITABLE if name in values]
    names = ", ".join([*columns, "created_at", "updated_at"])
    places = ", ".join([*(f"%({name})s" for name in columns), "%(now)s", "%(now)s"])
    executed = await session.execute(
        f"INSERT INTO action_items ({names}) VALUES ({places})", {**values, "now": _seconds(now)}
    )
    row = await item(session, executed.inserted_id)
    assert row is not None
    return row


async def change_items(session: Session, ids: Sequence[int], changes: Mapping[str, Any], now: datetime) -> None:
    """Writes the same columns of some items, and the next version of each."""
    columns = [name for name in _WRITABLE if name in changes]
    assignments = [*(f"{name} = %({name})s" for name in columns), "version = version + 1", "updated_at = %(now)s"]
    values = {**changes, "now": _seconds(now)}
    for start in range(0, len(ids), _MANY):
        page = {**values, "ids": tuple(ids[start : start + _MANY])}
        await session.execute(f"UPDATE action_items SET {', '.join(assignments)} WHERE id IN %(ids)s", page)


def next_version(state: Row, changes: Mapping[str, Any], now: datetime) -> Row:
    """An item as `change_items` leaves it."""
    return {**state, **changes, "version": state["version"] + 1, "updated_at": _seconds(now)}


async def delete_item(session: Session, id_: int) -> None:
    """Deletes an item; its events stay."""
    await session.execute(_LEAVE_CAMPAIGNS, {"id": id_})
    await session.execute(_DELETE, {"id": id_})


# ---- events


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened to an item, and who did it."""

    item: int
    kind: EventKind
    actor: str
    bot: bool = False
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


async def put_events(session: Session, events: Iterable[Event], now: datetime) -> None:
    """Writes what happened."""
    moment = moment_text(now)
    await session.execute_rows(
        _PUT_EVENTS,
        (
            (
                event.item,
                moment,
                event.actor[:256],
                int(event.bot),
                str(event.kind.value),
                None if event.before is None else orjson.dumps(event.before).decode(),
                None if event.after is None else orjson.dumps(event.after).decode(),
            )
            for event in events
        ),
    )


async def events(
    thirdeye: MySQL, items: Iterable[int], *, kind: EventKind | None, before: int, limit: int
) -> dict[int, list[Row]]:
    """Of each item up to `limit` events with ids below `before`, newest first; states decoded."""
    condition = "TRUE" if kind is None else "kind = %(kind)s"
    values = {"items": tuple(items), "kind": kind and str(kind.value), "before": before, "limit": limit}
    found: dict[int, list[Row]] = {}
    for row in await thirdeye.fetch_all(_EVENTS.format(kinds=condition), values):
        for name in ("state_before", "state_after"):
            row[name] = orjson.loads(row[name]) if row[name] else None
        found.setdefault(row["item"], []).append(row)
    return found


# ---- decisions


async def decide(session: Session, decisions: Iterable[tuple[int, str, str, Decimal | None]], now: datetime) -> None:
    """Remembers what people decided of findings: table, category, resolution, and what the table cost, USD a month."""
    moment = moment_text(now)
    rows = (
        (number, category, how, None if cost is None else str(cost), moment)
        for number, category, how, cost in decisions
    )
    await session.execute_rows(_DECIDE, rows)


async def undecide(session: Session, findings: Sequence[tuple[int, str]]) -> None:
    """Forgets what was decided of findings (table, category): they are open again."""
    for start in range(0, len(findings), _MANY):
        await session.execute(_UNDECIDE, {"findings": tuple(findings[start : start + _MANY])})


def moment_text(moment: datetime) -> str:
    """A moment as SQL has it, to the millisecond."""
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")


def _seconds(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None, microsecond=0)
