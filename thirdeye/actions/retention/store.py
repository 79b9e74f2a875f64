"""Items about retentions and the old parts that they name, in the `thirdeye` schema."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from thirdeye.actions.batches import batches
from thirdeye.actions.detection.rules import PARTS_GONE
from thirdeye.actions.items import Category
from thirdeye.database import MySQL, Row, Session

_OPEN = f"""
SELECT id, table_number FROM action_items
WHERE category = '{Category.SET_RETENTION}' AND status <> 'DONE' AND table_number IS NOT NULL ORDER BY id
"""
_BY_ENDING = f"""
SELECT id, table_number FROM action_items WHERE category = '{Category.SET_RETENTION}' AND table_number IS NOT NULL
ORDER BY status <> 'DONE', resolved_at, id
"""
_OF_OPEN = "AND status <> 'DONE'"
# Begins with the tables that are named, of which there are few: the inventory is large.
_REMOVED_TABLES = f"""
SELECT number, service, database_name, schema_name, name, table_type FROM (
  SELECT table_number FROM action_items WHERE category = '{Category.SET_RETENTION}' {{which}}
  UNION SELECT table_number FROM action_decision WHERE category = '{Category.SET_RETENTION}') AS named
STRAIGHT_JOIN table_inventory ON table_inventory.number = named.table_number
WHERE removed_at IS NOT NULL ORDER BY number
"""
_PARTS = "SELECT item, table_number FROM action_item_part WHERE item IN %(items)s"
_INVENTORY = "action_item_part JOIN table_inventory ON table_inventory.number = action_item_part.table_number"
_COUNTS = f"""
SELECT item, COUNT(*) AS parts, SUM(removed_at IS NOT NULL) AS gone FROM {_INVENTORY}
WHERE item IN %(items)s GROUP BY item
"""
_ABSENT = f"""
SELECT item, action_item_part.table_number FROM {_INVENTORY}
WHERE item IN %(items)s AND removed_at IS NULL AND absent_since IS NOT NULL
"""
_INSERT_PARTS: Final = "INSERT INTO action_item_part (item, table_number) VALUES "
_UNLESS_PRESENT: Final = " ON DUPLICATE KEY UPDATE item = action_item_part.item"
_DELETE_PARTS = "DELETE FROM action_item_part WHERE (item, table_number) IN %(parts)s"
# Where detection completed an item that somebody worked on, what had gone by then was being removed; the rest is not.
_BEING_REMOVED = f"""
SELECT DISTINCT action_item_part.table_number FROM {_INVENTORY} JOIN action_items ON action_items.id = item
WHERE category = '{Category.SET_RETENTION}' AND (
  status = 'IN_PROGRESS' OR (status = 'DONE' AND resolution = 'COMPLETED' AND resolved_at >= %(since)s AND (
    COALESCE(resolution_reason, '') <> %(parts_gone)s
    OR (removed_at IS NOT NULL AND 'IN_PROGRESS' = (
      SELECT JSON_UNQUOTE(JSON_EXTRACT(state_before, '$.status')) FROM action_event WHERE action_event.id = (
        SELECT MAX(newest.id) FROM action_event AS newest
        WHERE newest.item = action_items.id AND newest.kind = 'RESOLVED'))))))
"""


class Retention(NamedTuple):
    """An item about the retention of a table, or of the series that it is part of."""

    item: int
    table_number: int


class NamedParts(NamedTuple):
    """How many old parts an item names, how many of them are gone, and the numbers of the absent ones."""

    parts: int
    gone: int
    absent: list[int]


# An item and the number of a part.
Part = tuple[int, int]


async def open_retentions(thirdeye: MySQL) -> list[Retention]:
    """The open items about retentions, the oldest first."""
    return [Retention(row["id"], row["table_number"]) for row in await thirdeye.fetch_all(_OPEN)]


async def retentions_by_ending(thirdeye: MySQL) -> list[Retention]:
    """All items about retentions: those that ended first come first, open ones last."""
    return [Retention(row["id"], row["table_number"]) for row in await thirdeye.fetch_all(_BY_ENDING)]


async def removed_tables(thirdeye: MySQL | Session, *, ended: bool) -> list[Row]:
    """The tables that are gone of open items about retentions, or of all, and of what was decided of these.

    Their names and types.
    """
    return await thirdeye.fetch_all(_REMOVED_TABLES.format(which="" if ended else _OF_OPEN))


async def parts_of(thirdeye: MySQL, items: Sequence[int]) -> set[Part]:
    """The old parts that these items name."""
    rows = await thirdeye.fetch_all(_PARTS, {"items": tuple(items) or (-1,)})
    return {(row["item"], row["table_number"]) for row in rows}


async def named_parts(thirdeye: MySQL, items: Sequence[int]) -> dict[int, NamedParts]:
    """By item what became of its old parts; items without any are left out."""
    named = dict[int, NamedParts]()
    for batch in batches(items):
        values = {"items": tuple(batch)}
        for row in await thirdeye.fetch_all(_COUNTS, values):
            named[row["item"]] = NamedParts(int(row["parts"]), int(row["gone"]), [])
        for row in await thirdeye.fetch_all(_ABSENT, values):
            named[row["item"]].absent.append(row["table_number"])
    return named


async def insert_parts(session: Session, parts: Iterable[Part]) -> None:
    """Writes which old parts items name."""
    await session.execute_rows(_INSERT_PARTS, parts, _UNLESS_PRESENT)


async def delete_parts(session: Session, parts: Sequence[Part]) -> None:
    """Items no longer name these parts."""
    if parts:
        await session.execute(_DELETE_PARTS, {"parts": tuple(parts)})


async def parts_being_removed(thirdeye: MySQL, since: datetime) -> set[int]:
    """The old parts that somebody is removing, or reported as removed after a moment."""
    values = {"since": since, "parts_gone": PARTS_GONE}
    return {row["table_number"] for row in await thirdeye.fetch_all(_BEING_REMOVED, values)}
