"""Baselines and measured savings, in the `thirdeye` schema. Amounts are USD a month."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from thirdeye.actions.store import moment_text
from thirdeye.database import MySQL, Row, Session

_TAKE: Final = """
INSERT INTO saving_baseline (table_number, size_bytes, usd_per_gb_month, storage_usd, query_usd, service, owners,
  last_written, taken_at) VALUES """
_FORGET = """
DELETE FROM saving_baseline WHERE table_number IN %(numbers)s
AND NOT EXISTS (SELECT 1 FROM saving_entry WHERE saving_entry.table_number = saving_baseline.table_number)
"""
_KEEP: Final = " ON DUPLICATE KEY UPDATE taken_at = taken_at"
_SUMS = """
SELECT table_number, SUM(realized_usd) AS realized_usd, MAX(id) AS newest FROM saving_entry {which} GROUP BY table_number
"""
_BASELINES = f"""
SELECT saving_baseline.table_number, size_bytes, usd_per_gb_month, storage_usd, query_usd, last_written, taken_at,
       COALESCE(sums.realized_usd, 0) AS realized_usd, last_entry.kind AS kind
FROM saving_baseline
LEFT JOIN ({_SUMS.format(which="")}) AS sums ON sums.table_number = saving_baseline.table_number
LEFT JOIN saving_entry AS last_entry ON last_entry.id = sums.newest
ORDER BY saving_baseline.table_number
"""
_MEASURED = f"""
SELECT sums.table_number, sums.realized_usd, last_entry.kind, last_entry.found_at, last_entry.baseline_usd
FROM ({_SUMS.format(which="WHERE table_number IN %(numbers)s")}) AS sums
JOIN saving_entry AS last_entry ON last_entry.id = sums.newest
"""
_ENTRIES: Final = (
    "INSERT INTO saving_entry (table_number, found_at, kind, baseline_usd, cost_usd, realized_usd) VALUES "
)
_RENAMED_TABLES = """
SELECT number, name, service, database_name, schema_name, size_bytes FROM table_inventory
WHERE removed_at IS NULL AND name LIKE %(pattern)s ESCAPE '!'
"""
_NAMES = "SELECT number, name, service, database_name, schema_name FROM table_inventory WHERE number IN %(numbers)s"

# ---- sums: each table is in one group

_CAMPAIGN = """COALESCE(
  (SELECT campaign.name FROM campaign_item JOIN action_items AS named ON named.id = campaign_item.item
   JOIN campaign ON campaign.id = campaign_item.campaign
   WHERE named.table_number = {number} ORDER BY campaign.id LIMIT 1),
  IF(EXISTS (SELECT 1 FROM action_items AS named WHERE named.table_number = {number} AND named.detected = 1),
     'automatic findings', 'items of people'))"""
_KEYS: Final = {
    "MONTH": "DATE_FORMAT({moment}, '%%Y-%%m')",
    "SERVICE": "COALESCE(saving_baseline.service, 'unknown')",
    "OWNER": "COALESCE(saving_baseline.owners, 'nobody')",
    "CAMPAIGN": _CAMPAIGN,
}
_REALIZED = """
SELECT {key} AS group_key, SUM(saving_entry.realized_usd) AS realized_usd,
       COUNT(DISTINCT saving_entry.table_number) AS tables
FROM saving_entry LEFT JOIN saving_baseline ON saving_baseline.table_number = saving_entry.table_number
WHERE saving_entry.found_at >= %(since)s AND saving_entry.found_at < %(until)s
GROUP BY group_key
"""
_TOTAL = """
SELECT COALESCE(SUM(realized_usd), 0) AS realized_usd, COALESCE(SUM(baseline_usd), 0) AS baseline_usd, COUNT(*) AS tables
FROM (
  SELECT table_number, SUM(realized_usd) AS realized_usd, MAX(baseline_usd) AS baseline_usd FROM saving_entry
  WHERE found_at >= %(since)s AND found_at < %(until)s GROUP BY table_number
) AS each_table
"""
# Of several items about a table the one that promised most; those without a table by themselves.
_COMPLETED = """
SELECT COALESCE(action_items.table_number, -action_items.id) AS what,
       MAX(COALESCE(action_items.estimated_savings_usd, 0)) AS projected_usd, MAX(action_items.resolved_at) AS moment
FROM action_items
WHERE action_items.resolution = 'COMPLETED' AND action_items.resolved_at >= %(since)s
  AND action_items.resolved_at < %(until)s
GROUP BY COALESCE(action_items.table_number, -action_items.id)
"""
_PROJECTED = f"""
SELECT {{key}} AS group_key, SUM(completed.projected_usd) AS projected_usd
FROM ({_COMPLETED}) AS completed LEFT JOIN saving_baseline ON saving_baseline.table_number = completed.what
GROUP BY group_key
"""
_UNPROVEN = f"""
SELECT COUNT(*) AS items FROM ({_COMPLETED}) AS completed
JOIN table_inventory ON table_inventory.number = completed.what AND table_inventory.removed_at IS NULL
WHERE COALESCE((SELECT SUM(realized_usd) FROM saving_entry WHERE saving_entry.table_number = completed.what), 0) = 0
"""
_OPEN = """
SELECT COALESCE(SUM(projected_usd), 0) AS projected_usd FROM (
  SELECT MAX(COALESCE(estimated_savings_usd, 0)) AS projected_usd FROM action_items
  WHERE status <> 'DONE' GROUP BY COALESCE(table_number, -id)
) AS each_table
"""


async def take_baselines(session: Session, rows: Iterable[Sequence[Any]], now: datetime) -> None:
    """Remembers what tables cost, of rows as `rules.baseline_of` makes them; what was measured of one keeps the old."""
    moment = moment_text(now)
    taken = [(*row, moment) for row in rows]
    if taken:
        await session.execute(_FORGET, {"numbers": tuple(row[0] for row in taken)})
        await session.execute_rows(_TAKE, taken, _KEEP)


async def baselines(thirdeye: MySQL) -> AsyncIterator[Row]:
    """All baselines, with what was measured so far (`realized_usd`) and found last (`kind`)."""
    async with thirdeye.session() as session:
        async for row in session.stream(_BASELINES):
            yield row


async def measured(thirdeye: MySQL, numbers: Sequence[int]) -> dict[int, Row]:
    """Of those of these tables that anything was measured of: how much, and what was found last, when."""
    rows = await thirdeye.fetch_all(_MEASURED, {"numbers": tuple(numbers)})
    return {row["table_number"]: row for row in rows}


async def put_entries(session: Session, rows: Iterable[Sequence[Any]]) -> None:
    """Writes what was measured: table, moment, what was found, baseline, cost, by how much the saving rose."""
    await session.execute_rows(_ENTRIES, rows)


async def renamed_tables(thirdeye: MySQL, mark: str) -> list[Row]:
    """The tables that are there under a name with this mark in it."""
    pattern = mark.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return await thirdeye.fetch_all(_RENAMED_TABLES, {"pattern": f"%{pattern}%"})


async def places_of(thirdeye: MySQL, numbers: Sequence[int]) -> list[Row]:
    """Names and places of these tables."""
    return await thirdeye.fetch_all(_NAMES, {"numbers": tuple(numbers) or (-1,)})


async def realized(thirdeye: MySQL, group: str, since: datetime, until: datetime) -> list[Row]:
    """What was measured from one moment to another, by group."""
    key = _KEYS[group].format(moment="saving_entry.found_at", number="saving_entry.table_number")
    return await thirdeye.fetch_all(_REALIZED.format(key=key), _between(since, until))


async def projected(thirdeye: MySQL, group: str, since: datetime, until: datetime) -> list[Row]:
    """What the items completed from one moment to another promised, by group."""
    key = _KEYS[group].format(moment="completed.moment", number="completed.what")
    return await thirdeye.fetch_all(_PROJECTED.format(key=key), _between(since, until))


async def totals(thirdeye: MySQL, since: datetime, until: datetime) -> dict[str, Any]:
    """Realized, baseline, tables, completed items that nothing was measured of, and what open items promise."""
    total = await thirdeye.fetch_one(_TOTAL, _between(since, until))
    unproven = await thirdeye.fetch_one(_UNPROVEN, _between(since, until))
    still_open = await thirdeye.fetch_one(_OPEN)
    assert total is not None
    assert unproven is not None
    assert still_open is not None
    return {**total, "unproven": unproven["items"], "open_usd": still_open["projected_usd"]}


def _between(since: datetime, until: datetime) -> dict[str, Any]:
    return {"since": since.replace(tzinfo=None), "until": until.replace(tzinfo=None)}
