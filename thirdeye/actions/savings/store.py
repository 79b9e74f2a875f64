"""Baselines and measured savings, in the `thirdeye` schema. Amounts are USD a month."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from thirdeye.actions.items import Category
from thirdeye.actions.listing.store import contains_pattern
from thirdeye.actions.savings.rules import Baseline, Outcome, SavingEntry
from thirdeye.database import MySQL, Row, Session

_INSERT_BASELINES: Final = """
INSERT INTO saving_baseline (table_number, size_bytes, usd_per_gb_month, price_basis, storage_usd, query_usd, service,
  owners, last_written, taken_at) VALUES """
_DELETE_BASELINES = """
DELETE FROM saving_baseline WHERE table_number IN %(numbers)s
AND NOT EXISTS (SELECT 1 FROM saving_entry WHERE saving_entry.table_number = saving_baseline.table_number)
"""
_UNLESS_PRESENT: Final = " ON DUPLICATE KEY UPDATE taken_at = taken_at"
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
# Of the old parts that items name besides their tables.
_MEASURED_PARTS = f"""
SELECT part.item, COUNT(*) AS parts, COALESCE(SUM(last_entry.kind = 'REMOVED'), 0) AS gone,
       COALESCE(SUM(last_entry.kind = 'MOVED'), 0) AS moved, COALESCE(SUM(last_entry.kind = 'SHRUNK'), 0) AS smaller,
       COALESCE(SUM(sums.realized_usd), 0) AS realized_usd,
       MAX(IF(last_entry.kind IN ('REMOVED', 'MOVED', 'SHRUNK'), last_entry.found_at, NULL)) AS found_at
FROM action_item_part AS part JOIN action_items ON action_items.id = part.item
LEFT JOIN ({
    _SUMS.format(
        which='''WHERE table_number IN (
  SELECT table_number FROM action_item_part WHERE item IN %(items)s)'''
    )
}) AS sums ON sums.table_number = part.table_number
LEFT JOIN saving_entry AS last_entry ON last_entry.id = sums.newest
WHERE part.item IN %(items)s AND part.table_number <> action_items.table_number GROUP BY part.item
"""
_PRICE_BASES = """
SELECT table_number, price_basis FROM saving_baseline WHERE table_number IN %(numbers)s AND price_basis IS NOT NULL
"""
_INSERT_ENTRIES: Final = (
    "INSERT INTO saving_entry (table_number, found_at, kind, baseline_usd, cost_usd, realized_usd) VALUES "
)
_TABLES_NAMED_LIKE = """
SELECT number, name, service, database_name, schema_name, size_bytes FROM table_inventory
WHERE removed_at IS NULL AND name LIKE %(pattern)s ESCAPE '!'
"""
_TABLE_NAMES = (
    "SELECT number, name, service, database_name, schema_name FROM table_inventory WHERE number IN %(numbers)s"
)

# ---- sums: each table is in one group

# A condition of both branches would be met with no index.
_CAMPAIGN = """COALESCE(
  (SELECT name FROM campaign WHERE id = (
    SELECT campaign_item.campaign FROM action_items AS named JOIN campaign_item ON campaign_item.item = named.id
    WHERE named.table_number = {number}
    UNION SELECT campaign_item.campaign FROM action_item_part JOIN campaign_item
    ON campaign_item.item = action_item_part.item WHERE action_item_part.table_number = {number}
    ORDER BY campaign LIMIT 1)),
  IF(EXISTS (SELECT 1 FROM action_items AS named WHERE named.table_number = {number} AND named.detected = 1)
     OR EXISTS (SELECT 1 FROM action_item_part JOIN action_items AS named ON named.id = action_item_part.item
                WHERE action_item_part.table_number = {number} AND named.detected = 1),
     'automatic findings', 'items of people'))"""
_KEYS: Final = {
    "MONTH": "DATE_FORMAT({moment}, '%%Y-%%m')",
    "SERVICE": "COALESCE(saving_baseline.service, 'unknown')",
    "OWNER": "COALESCE(saving_baseline.owners, 'nobody')",
    "CAMPAIGN": _CAMPAIGN,
}
_REALIZED = """
SELECT {key} AS group_key, SUM(saving_entry.realized_usd) AS realized_usd,
       COUNT(DISTINCT saving_entry.table_number) AS tables, GROUP_CONCAT(DISTINCT price_basis) AS bases
FROM saving_entry LEFT JOIN saving_baseline ON saving_baseline.table_number = saving_entry.table_number
WHERE saving_entry.found_at >= %(since)s AND saving_entry.found_at < %(until)s
GROUP BY group_key
"""
_TOTAL = """
SELECT COALESCE(SUM(realized_usd), 0) AS realized_usd, COALESCE(SUM(baseline_usd), 0) AS baseline_usd, COUNT(*) AS tables,
       GROUP_CONCAT(DISTINCT price_basis) AS bases
FROM (
  SELECT table_number, SUM(realized_usd) AS realized_usd, MAX(baseline_usd) AS baseline_usd FROM saving_entry
  WHERE found_at >= %(since)s AND found_at < %(until)s GROUP BY table_number
) AS each_table LEFT JOIN saving_baseline ON saving_baseline.table_number = each_table.table_number
"""
# Of a retention the newest one that names some of the same old parts, be it the same: what these cost counts once.
_RETENTION = f"""
IF(action_items.category = '{Category.SET_RETENTION}', (
  SELECT MAX(also.item) FROM action_item_part AS part JOIN action_item_part AS also ON also.table_number = part.table_number
  JOIN action_items AS completed ON completed.id = also.item
  WHERE part.item = action_items.id AND completed.resolution = 'COMPLETED' AND completed.resolved_at >= %(since)s
    AND completed.resolved_at < %(until)s), NULL)
"""
# Of several items about a table, or about the same parts, the one that promised most; those without a table by themselves.
_COMPLETED = f"""
SELECT MAX(promises.what) AS what, MAX(promises.retention) AS retention, MAX(promises.projected_usd) AS projected_usd,
       MAX(promises.resolved_at) AS moment
FROM (
  SELECT COALESCE(action_items.table_number, -action_items.id) AS what, {_RETENTION} AS retention,
         COALESCE(action_items.estimated_savings_usd, 0) AS projected_usd, action_items.resolved_at
  FROM action_items
  WHERE action_items.resolution = 'COMPLETED' AND action_items.resolved_at >= %(since)s
    AND action_items.resolved_at < %(until)s
) AS promises
GROUP BY COALESCE(promises.retention, promises.what), promises.retention IS NULL
"""
_PROJECTED = f"""
SELECT {{key}} AS group_key, SUM(completed.projected_usd) AS projected_usd, GROUP_CONCAT(DISTINCT price_basis) AS bases
FROM ({_COMPLETED}) AS completed LEFT JOIN saving_baseline ON saving_baseline.table_number = completed.what
GROUP BY group_key
"""
_UNPROVEN = f"""
SELECT COUNT(*) AS items FROM ({_COMPLETED}) AS completed
JOIN table_inventory ON table_inventory.number = completed.what AND table_inventory.removed_at IS NULL
WHERE COALESCE((SELECT SUM(realized_usd) FROM saving_entry WHERE saving_entry.table_number = completed.what), 0) = 0
  AND COALESCE((
    SELECT SUM(realized_usd) FROM action_item_part
    JOIN saving_entry ON saving_entry.table_number = action_item_part.table_number
    WHERE action_item_part.item = completed.retention), 0) = 0
"""
# Of several items about a table the one that promises most: they come one after the other out of `action_items_table`.
_OPEN = """
SELECT COALESCE(SUM(projected_usd), 0) AS projected_usd, GROUP_CONCAT(DISTINCT bases) AS bases FROM (
  SELECT SUM(each_table.projected_usd) AS projected_usd, GROUP_CONCAT(DISTINCT price_basis) AS bases FROM (
    SELECT table_number, MAX(COALESCE(estimated_savings_usd, 0)) AS projected_usd FROM action_items
    WHERE status <> 'DONE' AND table_number IS NOT NULL GROUP BY table_number
  ) AS each_table LEFT JOIN saving_baseline ON saving_baseline.table_number = each_table.table_number
  UNION ALL
  SELECT SUM(estimated_savings_usd), NULL FROM action_items WHERE status <> 'DONE' AND table_number IS NULL
) AS both_kinds
"""
# A table as the API answers.
TableAnswer = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class MeasuredBaseline(Baseline):
    """A baseline, the sum of what was measured since, and the last outcome."""

    realized_usd: Decimal
    kind: Outcome | None


class MeasuredSaving(NamedTuple):
    """What was measured of a table in all, its last outcome and when that was found, and what the table cost before."""

    table_number: int
    realized_usd: Decimal
    kind: Outcome
    found_at: datetime
    baseline_usd: Decimal


class MeasuredParts(NamedTuple):
    """The old parts of a series that an item names: how many, what became of how many, what that saved, the last when."""

    parts: int
    gone: int
    moved: int
    smaller: int
    realized_usd: Decimal
    found_at: datetime | None


async def put_baselines(session: Session, tables: Sequence[TableAnswer], now: datetime) -> None:
    """Remembers what tables cost, of the API's answers for them. One of which something was measured keeps the old."""
    if tables:
        await session.execute(_DELETE_BASELINES, {"numbers": tuple(table["number"] for table in tables)})
        rows = (_baseline_row(table, now) for table in tables)
        await session.execute_rows(_INSERT_BASELINES, rows, _UNLESS_PRESENT)


def _baseline_row(table: TableAnswer, now: datetime) -> tuple[str | int | datetime | None, ...]:
    owners = ", ".join(sorted(_called(owner) for owner in table["owners"]))
    price, storage, queries, written = (
        None if table[name] is None else str(table[name])
        for name in ("usdPerGbMonth", "storageCost", "queryCost", "lastWritten")
    )
    service, basis = table["service"][:512], str(table["priceBasis"])
    return (
        table["number"], table["sizeBytes"], price, basis, storage, queries, service, owners[:1024] or None, written, now,
    )  # fmt: skip


def _called(owner: Mapping[str, str]) -> str:
    # A user and a team may have the same name.
    return f"{owner['name']} (team)" if owner["type"] == "team" else owner["name"]


async def price_bases(thirdeye: MySQL, numbers: Sequence[int]) -> dict[int, str]:
    """By number of a table whose price it had when an item first named it; tables of which that is not known are left out."""
    rows = await thirdeye.fetch_all(_PRICE_BASES, {"numbers": tuple(numbers)})
    return {row["table_number"]: row["price_basis"] for row in rows}


async def baselines(thirdeye: MySQL) -> AsyncIterator[MeasuredBaseline]:
    """All baselines, with what was measured so far."""
    async with thirdeye.session() as session:
        async for row in session.stream(_BASELINES):
            yield MeasuredBaseline(**{**row, "kind": row["kind"] and Outcome(row["kind"])})


async def measured(thirdeye: MySQL, numbers: Sequence[int]) -> dict[int, MeasuredSaving]:
    """By number of a table what was measured of it; tables without a measurement are left out."""
    rows = await thirdeye.fetch_all(_MEASURED, {"numbers": tuple(numbers)})
    return {row["table_number"]: MeasuredSaving(**{**row, "kind": Outcome(row["kind"])}) for row in rows}


async def measured_parts(thirdeye: MySQL, items: Sequence[int]) -> dict[int, MeasuredParts]:
    """By item what was measured of the old parts that it names, its own table left out."""
    rows = await thirdeye.fetch_all(_MEASURED_PARTS, {"items": tuple(items)})
    # A sum of conditions comes as a decimal number.
    counts = ("gone", "moved", "smaller")
    return {row.pop("item"): MeasuredParts(**{**row, **{name: int(row[name]) for name in counts}}) for row in rows}


async def insert_entries(session: Session, entries: Iterable[SavingEntry], now: datetime) -> None:
    """Writes what was measured."""
    rows = (
        (
            entry.baseline.table_number, now, str(entry.outcome), str(entry.baseline.cost), str(entry.cost),
            str(entry.realized),
        )
        for entry in entries
    )  # fmt: skip
    await session.execute_rows(_INSERT_ENTRIES, rows)


async def tables_named_like(thirdeye: MySQL, text: str) -> list[Row]:
    """The present tables whose names contain a text: `number`, `name`, the path of the schema, `size_bytes`."""
    return await thirdeye.fetch_all(_TABLES_NAMED_LIKE, {"pattern": contains_pattern(text)})


async def table_names(thirdeye: MySQL, numbers: Sequence[int]) -> list[Row]:
    """The names of these tables and the paths of their schemas, also of removed ones."""
    return await thirdeye.fetch_all(_TABLE_NAMES, {"numbers": tuple(numbers) or (-1,)})


async def realized(thirdeye: MySQL | Session, group: str, since: datetime, until: datetime) -> dict[str, Row]:
    """By group what was measured in a period: `realized_usd`, `tables`, and whose prices that rests on (`bases`)."""
    key = _KEYS[group].format(moment="saving_entry.found_at", number="saving_entry.table_number")
    rows = await thirdeye.fetch_all(_REALIZED.format(key=key), _period(since, until))
    return {str(row["group_key"]): row for row in rows}


async def projected(thirdeye: MySQL, group: str, since: datetime, until: datetime) -> dict[str, Row]:
    """By group what the items completed in a period promised: `projected_usd`, `bases`."""
    key = _KEYS[group].format(moment="completed.moment", number="completed.what")
    rows = await thirdeye.fetch_all(_PROJECTED.format(key=key), _period(since, until))
    return {str(row["group_key"]): row for row in rows}


async def totals(thirdeye: MySQL, since: datetime, until: datetime) -> Row:
    """Of a period `realized_usd`, `baseline_usd`, `tables` and `bases`."""
    total = await thirdeye.fetch_one(_TOTAL, _period(since, until))
    assert total is not None
    return total


async def unproven(thirdeye: MySQL, since: datetime, until: datetime) -> int:
    """How many items completed in a period have no measured saving."""
    found = await thirdeye.fetch_one(_UNPROVEN, _period(since, until))
    assert found is not None
    return int(found["items"])


async def still_open(thirdeye: MySQL) -> Row:
    """What open items promise now: `projected_usd`, `bases`. Reads all of them."""
    found = await thirdeye.fetch_one(_OPEN)
    assert found is not None
    return found


def _period(since: datetime, until: datetime) -> dict[str, datetime]:
    return {"since": since, "until": until}
