"""Detection in the `thirdeye` schema: rules, open items, findings that become items, how far it got."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

import orjson

from thirdeye.actions.detection.rules import (
    PARTS_GONE,
    TABLE_GONE,
    ActionRule,
    Decision,
    OpenItem,
    ReturnedItem,
    TrackedItem,
)
from thirdeye.actions.items import DETECTION_ACTOR, REMOVAL_CATEGORIES, Category
from thirdeye.actions.retention.store import parts_being_removed
from thirdeye.actions.store import insert_statement, update_statement
from thirdeye.clock import Clock
from thirdeye.database import MySQL, Row, Session

_RULE_COLUMNS = "id, name, category, priority, position, table_filter, maximum_items, enabled, version, set_by, set_at"
_RULES = f"SELECT {_RULE_COLUMNS} FROM action_rule ORDER BY position, id"
_RULE = f"SELECT {_RULE_COLUMNS} FROM action_rule WHERE id = %(id)s"
_WRITABLE: Final = ("name", "category", "priority", "position", "table_filter", "maximum_items", "enabled")
_DELETE_RULE = "DELETE FROM action_rule WHERE id = %(id)s"

_TRACKED_COLUMNS = """
action_items.id, version, table_number, category, status, title, priority, estimated_savings_usd, detected, decided, stage,
stage_since, stage_until, snoozed_until, alert, table_inventory.fqn
"""
_TRACKED_ITEMS = f"""
SELECT {_TRACKED_COLUMNS} FROM action_items LEFT JOIN table_inventory ON table_inventory.number = action_items.table_number
WHERE status <> 'DONE' AND table_number IS NOT NULL AND (detected = 1 OR stage IS NOT NULL)
ORDER BY action_items.id
"""
_RETENTIONS_OF_REMOVED = f"""
SELECT {_TRACKED_COLUMNS} FROM action_items JOIN table_inventory ON table_inventory.number = action_items.table_number
WHERE status <> 'DONE' AND category = '{Category.SET_RETENTION}' AND removed_at IS NOT NULL ORDER BY action_items.id
"""
_LOCKED = "SELECT id, version FROM action_items WHERE id IN %(ids)s AND status <> 'DONE' FOR UPDATE"
_OPEN_ITEMS = (
    "SELECT table_number, category, detected FROM action_items WHERE status <> 'DONE' AND table_number IS NOT NULL"
    " ORDER BY id"
)
_DECISIONS = "SELECT table_number, category, decision, monthly_cost_usd, decided_at FROM action_decision"
# What detection ended with its table was being removed only if somebody had begun to.
_BEING_REMOVED = """
SELECT DISTINCT table_number FROM action_items
WHERE table_number IS NOT NULL AND (
  (status <> 'DONE' AND stage IS NOT NULL)
  OR (status = 'DONE' AND resolution = 'COMPLETED' AND category IN %(categories)s AND resolved_at >= %(since)s
    AND (stage IS NOT NULL OR COALESCE(resolution_reason, '') <> %(gone)s)))
"""
# Of a table and category there is no other.
_NO_OTHER = """NOT EXISTS (
  SELECT 1 FROM action_items AS other
  WHERE other.table_number = action_items.table_number AND other.category = action_items.category AND ({condition}))"""
_NONE_OPEN = _NO_OTHER.format(condition="other.status <> 'DONE'")
# None is open, and no newer one has ended.
_NEWEST = _NO_OTHER.format(condition="other.id > action_items.id OR other.status <> 'DONE'")
# Detection ended them; nobody has changed them since. `before` is what the end changed.
_ENDED = f"""
SELECT {_TRACKED_COLUMNS}, resolution, resolution_reason, resolved_at, ending.state_before AS `before`
FROM action_items JOIN table_inventory ON table_inventory.number = action_items.table_number
JOIN action_event AS ending ON ending.id = (
  SELECT MAX(newest.id) FROM action_event AS newest WHERE newest.item = action_items.id AND newest.kind = 'RESOLVED')
WHERE action_items.status = 'DONE' AND ending.actor = '{DETECTION_ACTOR}' AND {{condition}}
ORDER BY action_items.id
"""
_RETURNED = _ENDED.format(
    condition=f"""action_items.resolution_reason = %(gone)s AND table_inventory.removed_at IS NULL
  AND action_items.category <> '{Category.SET_RETENTION}' AND {_NEWEST}"""
)
# Those that ended with their tables may return with other tables of their series.
_ENDED_RETENTIONS = _ENDED.format(
    condition=f"""action_items.category = '{Category.SET_RETENTION}' AND (action_items.resolution_reason = %(gone)s
  OR (action_items.resolution_reason = %(parts_gone)s AND (
    SELECT 2 * SUM(named.removed_at IS NOT NULL) < COUNT(*)
    FROM action_item_part JOIN table_inventory AS named ON named.number = action_item_part.table_number
    WHERE action_item_part.item = action_items.id)))"""
)
_LOCKED_RETURNED = f"""
SELECT id, version FROM action_items WHERE id IN %(ids)s AND status = 'DONE' AND {_NONE_OPEN} FOR UPDATE
"""
_REMOVED_LATELY: Final = timedelta(days=30)
_INSERT_ITEMS: Final = """
INSERT INTO action_items (title, category, priority, estimated_savings_usd, table_number, rule_id, detected, created_at,
  updated_at) VALUES """
_UNLESS_OPEN: Final = " ON DUPLICATE KEY UPDATE rule_id = action_items.rule_id"
# An item without an event was inserted just now, in this transaction.
_INSERT_EVENTS = f"""
INSERT INTO action_event (item, happened_at, actor, kind, state_after)
SELECT id, %(now)s, '{DETECTION_ACTOR}', 'DETECTED', JSON_OBJECT(
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


RuleColumns = Mapping[str, object]


class NewItem(NamedTuple):
    """An item that detection opens; `saving` in USD a month."""

    title: str
    category: str
    priority: str
    saving: Decimal | None
    table_number: int
    rule_id: int


def _action_rule(row: Row) -> ActionRule:
    return ActionRule(**{**row, "table_filter": orjson.loads(row["table_filter"])})


async def action_rules(thirdeye: MySQL) -> list[ActionRule]:
    """All rules, in their order."""
    return [_action_rule(row) for row in await thirdeye.fetch_all(_RULES)]


async def action_rule(thirdeye: MySQL | Session, id_: int) -> ActionRule | None:
    """One rule, or None."""
    row = await thirdeye.fetch_one(_RULE, {"id": id_})
    return None if row is None else _action_rule(row)


async def insert_rule(session: Session, rule: ActionRule, name: str, now: datetime) -> ActionRule:
    """Writes a new rule, set by the caller of this name, and returns it."""
    values = _values({column: getattr(rule, column) for column in _WRITABLE}, name, now)
    executed = await session.execute(insert_statement("action_rule", values), values)
    inserted = await action_rule(session, executed.inserted_id)
    assert inserted is not None
    return inserted


async def change_rule(session: Session, id_: int, columns: RuleColumns, name: str, now: datetime) -> ActionRule:
    """Writes columns of a rule and its next version, set by the caller of this name; returns the rule."""
    values = _values(columns, name, now)
    await session.execute(update_statement("action_rule", values), {**values, "ids": (id_,)})
    changed = await action_rule(session, id_)
    assert changed is not None
    return changed


def _values(columns: RuleColumns, name: str, now: datetime) -> dict[str, object]:
    values = {**columns, "set_by": name[:256], "set_at": now}
    if "table_filter" in columns:
        values["table_filter"] = orjson.dumps(columns["table_filter"]).decode()
    return values


async def delete_rule(thirdeye: MySQL, id_: int) -> bool:
    """Deletes a rule; False when there was none."""
    return (await thirdeye.execute(_DELETE_RULE, {"id": id_})).matched > 0


async def tracked_items(thirdeye: MySQL) -> list[TrackedItem]:
    """The open items that detection keeps up to date."""
    async with thirdeye.session() as session:
        return [TrackedItem(**row) async for row in session.stream(_TRACKED_ITEMS)]


async def retentions_of_removed_tables(thirdeye: MySQL) -> list[TrackedItem]:
    """The open items about retentions whose tables are gone, the oldest first."""
    return [TrackedItem(**row) for row in await thirdeye.fetch_all(_RETENTIONS_OF_REMOVED)]


async def locked_versions(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """The versions of those of these items that are open, locked until the transaction ends."""
    return {row["id"]: row["version"] for row in await session.fetch_all(_LOCKED, {"ids": tuple(ids)})}


async def tables_being_removed(thirdeye: MySQL, clock: Clock) -> set[int]:
    """The numbers of tables whose removal is under way, or was reported as done lately."""
    since = clock() - _REMOVED_LATELY
    values = {"categories": tuple(sorted(REMOVAL_CATEGORIES)), "since": since, "gone": TABLE_GONE}
    tables = {row["table_number"] for row in await thirdeye.fetch_all(_BEING_REMOVED, values)}
    return tables | await parts_being_removed(thirdeye, since)


async def items_of_returned_tables(thirdeye: MySQL) -> list[ReturnedItem]:
    """The items that ended with their tables, which are back, but for retentions; of a table and category the newest."""
    return _returned(await thirdeye.fetch_all(_RETURNED, {"gone": TABLE_GONE}))


async def ended_retentions(thirdeye: MySQL) -> list[ReturnedItem]:
    """The items about retentions that ended with their tables, or with old parts of which most are back."""
    values = {"gone": TABLE_GONE, "parts_gone": PARTS_GONE}
    return _returned(await thirdeye.fetch_all(_ENDED_RETENTIONS, values))


def _returned(rows: Sequence[Row]) -> list[ReturnedItem]:
    return [ReturnedItem(**{**row, "before": orjson.loads(row["before"])}) for row in rows]


async def locked_returned_versions(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """The versions of those of these items that may be opened again, locked until the transaction ends."""
    return {row["id"]: row["version"] for row in await session.fetch_all(_LOCKED_RETURNED, {"ids": tuple(ids)})}


async def open_items(thirdeye: MySQL) -> list[OpenItem]:
    """All open items about tables."""
    async with thirdeye.session() as session:
        return [
            OpenItem(row["table_number"], row["category"], bool(row["detected"]))
            async for row in session.stream(_OPEN_ITEMS)
        ]


async def decisions(thirdeye: MySQL) -> dict[str, dict[int, Decision]]:
    """What people decided, by category and table."""
    by_category: dict[str, dict[int, Decision]] = {}
    async with thirdeye.session() as session:
        async for row in session.stream(_DECISIONS):
            decision = Decision(row["decision"], row["monthly_cost_usd"], row["decided_at"].date())
            by_category.setdefault(row["category"], {})[row["table_number"]] = decision
    return by_category


async def insert_items(session: Session, items: Sequence[NewItem], now: datetime) -> int:
    """Writes new items with their events; returns how many. One that somebody has opened meanwhile stays as it is."""
    moment = now.replace(microsecond=0)
    rows = (
        (title, category, priority, None if saving is None else str(saving), number, rule, 1, moment, moment)
        for title, category, priority, saving, number, rule in items
    )
    await session.execute_rows(_INSERT_ITEMS, rows, _UNLESS_OPEN)
    keys = tuple(f"{item.table_number}:{item.category}" for item in items) or (None,)
    return (await session.execute(_INSERT_EVENTS, {"keys": keys, "now": now})).matched


async def state(thirdeye: MySQL) -> Row | None:
    """The last run: `generation`, `ran_at`, `opened`, `changed`, `measured`; None before the first."""
    return await thirdeye.fetch_one(_STATE)


async def put_state(
    thirdeye: MySQL, *, generation: int, now: datetime, opened: int, changed: int, measured: int
) -> None:
    """Remembers a run."""
    values = {"generation": generation, "now": now, "opened": opened, "changed": changed}
    await thirdeye.execute(_PUT_STATE, {**values, "measured": measured})
