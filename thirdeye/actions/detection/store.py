"""Detection in the `thirdeye` schema: rules, open items, findings that become items, how far it got."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import orjson

from thirdeye.actions.detection.rules import Decision, Item
from thirdeye.actions.enums import DETECTION
from thirdeye.actions.store import moment_text
from thirdeye.database import MySQL, Row, Session

_RULE_COLUMNS = "id, name, category, priority, position, table_filter, maximum_items, enabled, version, set_by, set_at"
_RULES = f"SELECT {_RULE_COLUMNS} FROM action_rule ORDER BY position, id"
_RULE = f"SELECT {_RULE_COLUMNS} FROM action_rule WHERE id = %(id)s"
_WRITABLE: Final = ("name", "category", "priority", "position", "table_filter", "maximum_items", "enabled")
_DELETE_RULE = "DELETE FROM action_rule WHERE id = %(id)s"

_ITEMS = """
SELECT action_items.id, version, table_number, category, status, title, priority, estimated_savings_usd, detected,
       decided, stage, stage_since, stage_until, snoozed_until, alert, table_inventory.fqn
FROM action_items LEFT JOIN table_inventory ON table_inventory.number = action_items.table_number
WHERE status <> 'DONE' AND table_number IS NOT NULL AND (detected = 1 OR stage IS NOT NULL)
ORDER BY action_items.id
"""
_LOCKED = "SELECT id, version FROM action_items WHERE id IN %(ids)s AND status <> 'DONE' FOR UPDATE"
_OPEN = "SELECT table_number, category, detected FROM action_items WHERE status <> 'DONE' AND table_number IS NOT NULL"
_DECISIONS = "SELECT table_number, category, decision, monthly_cost_usd, decided_at FROM action_decision"
_INSERT: Final = """
INSERT INTO action_items (title, category, priority, estimated_savings_usd, table_number, rule_id, detected, created_at,
  updated_at) VALUES """
_THERE: Final = " ON DUPLICATE KEY UPDATE rule_id = action_items.rule_id"
# What nobody has written about yet was inserted just now, in this transaction.
_EVENTS = f"""
INSERT INTO action_event (item, happened_at, actor, kind, state_after)
SELECT id, %(now)s, '{DETECTION}', 'DETECTED', JSON_OBJECT(
  'title', title, 'status', status, 'category', category, 'priority', priority,
  'estimated_savings_usd', CAST(estimated_savings_usd AS CHAR))
FROM action_items WHERE open_key IN %(keys)s AND detected = 1
  AND NOT EXISTS (SELECT 1 FROM action_event WHERE action_event.item = action_items.id)
"""
_STATE = "SELECT generation, ran_at, opened, changed, measured FROM detection_state WHERE id = 1"
_PUT_STATE = """
REPLACE INTO detection_state (id, generation, ran_at, opened, changed, measured)
VALUES (1, %(generation)s, %(now)s, %(opened)s, %(changed)s, %(measured)s)
"""


def _decoded(row: Row) -> Row:
    row["table_filter"] = orjson.loads(row["table_filter"])
    return row


async def action_rules(thirdeye: MySQL) -> list[Row]:
    """All rules, in their order; filters decoded."""
    return [_decoded(row) for row in await thirdeye.fetch_all(_RULES)]


async def action_rule(thirdeye: MySQL | Session, id_: int) -> Row | None:
    """One rule, or None."""
    row = await thirdeye.fetch_one(_RULE, {"id": id_})
    return None if row is None else _decoded(row)


async def put_rule(session: Session, id_: int | None, values: Mapping[str, Any], by: str, now: datetime) -> Row:
    """Writes a new rule, or changes one; gives it."""
    columns = [name for name in _WRITABLE if name in values]
    bound = {**values, "by": by[:256], "now": now.replace(tzinfo=None), "id": id_}
    if "table_filter" in values:
        bound["table_filter"] = orjson.dumps(values["table_filter"]).decode()
    if id_ is None:
        names, places = ", ".join([*columns, "set_by", "set_at"]), ", ".join(f"%({name})s" for name in columns)
        id_ = (
            await session.execute(f"INSERT INTO action_rule ({names}) VALUES ({places}, %(by)s, %(now)s)", bound)
        ).inserted_id
    else:
        assignments = ", ".join(f"{name} = %({name})s" for name in columns)
        sql = f"UPDATE action_rule SET {assignments}, version = version + 1, set_by = %(by)s, set_at = %(now)s"
        sql += " WHERE id = %(id)s"
        await session.execute(sql, bound)
    row = await action_rule(session, id_)
    assert row is not None
    return row


async def delete_rule(thirdeye: MySQL, id_: int) -> bool:
    """Deletes a rule; False when there was none."""
    return (await thirdeye.execute(_DELETE_RULE, {"id": id_})).matched > 0


async def items(thirdeye: MySQL) -> list[Item]:
    """The open items that detection looks after."""
    async with thirdeye.session() as session:
        return [Item(**row) async for row in session.stream(_ITEMS)]


async def locked_versions(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """The versions of those of these items that are open; nobody else can change them until the transaction ends."""
    return {row["id"]: row["version"] for row in await session.fetch_all(_LOCKED, {"ids": tuple(ids)})}


async def open_findings(thirdeye: MySQL) -> list[tuple[int, str | None, bool]]:
    """Of all open items about tables: the table, the category, and whether it was found."""
    async with thirdeye.session() as session:
        return [(row["table_number"], row["category"], bool(row["detected"])) async for row in session.stream(_OPEN)]


async def decisions(thirdeye: MySQL) -> dict[str, dict[int, Decision]]:
    """What people decided, by category and table."""
    found: dict[str, dict[int, Decision]] = {}
    async with thirdeye.session() as session:
        async for row in session.stream(_DECISIONS):
            decision = Decision(row["decision"], row["monthly_cost_usd"], row["decided_at"].date())
            found.setdefault(row["category"], {})[row["table_number"]] = decision
    return found


async def insert_found(
    session: Session, rows: Iterable[tuple[str, str, str, Decimal | None, int, int]], now: datetime
) -> int:
    """Writes items that were found (title, category, priority, saving, table, rule) with their events; gives how many.

    One that somebody has opened meanwhile stays as it is.
    """
    moment = now.replace(tzinfo=None, microsecond=0).isoformat(sep=" ")
    listed = list(rows)
    await session.execute_rows(
        _INSERT,
        (
            (title, category, priority, None if saving is None else str(saving), number, rule, 1, moment, moment)
            for title, category, priority, saving, number, rule in listed
        ),
        _THERE,
    )
    keys = tuple(f"{number}:{category}" for _, category, _, _, number, _ in listed)
    return (await session.execute(_EVENTS, {"keys": keys, "now": moment_text(now)})).matched


async def state(thirdeye: MySQL) -> Row | None:
    """How far detection got; None before the first run."""
    return await thirdeye.fetch_one(_STATE)


async def put_state(
    thirdeye: MySQL, *, generation: int, now: datetime, opened: int, changed: int, measured: int
) -> None:
    """Remembers how far it got."""
    values = {"generation": generation, "now": now.replace(tzinfo=None), "opened": opened, "changed": changed}
    await thirdeye.execute(_PUT_STATE, {**values, "measured": measured})
