"""Deleting what has grown old, some rows at a time, so that nobody waits for a lock. Each function says how many it took."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from thirdeye.database import MySQL
from thirdeye.pruning.rules import (
    DAILY_FACTS_DAYS,
    DENIAL_DAYS,
    FINDING_DAYS,
    RUN_DAYS,
    VERDICT_DAYS,
    month_limit,
    score_limits,
)

BATCH: Final = 500
# Of each bucket all but the first and the last.
_SCORES_BETWEEN = """
SELECT id FROM (
  SELECT id, ROW_NUMBER() OVER (PARTITION BY bucket ORDER BY captured_at, id) AS place,
         ROW_NUMBER() OVER (PARTITION BY bucket ORDER BY captured_at DESC, id DESC) AS place_from_end
  FROM (
    SELECT id, captured_at, FLOOR(UNIX_TIMESTAMP(captured_at) / %(seconds)s) AS bucket FROM health_score_history
    WHERE captured_at < %(before)s
  ) AS old
) AS placed WHERE place > 1 AND place_from_end > 1 ORDER BY id LIMIT %(limit)s
"""
_DELETE_SCORES = "DELETE FROM health_score_history WHERE id IN %(ids)s"
# The newest run stays, however old.
_OLD_RUNS = """
SELECT id FROM refresh_run WHERE finished_at < %(before)s AND id < (SELECT MAX(id) FROM refresh_run)
ORDER BY id LIMIT %(limit)s
"""
_DELETE_RUNS = "DELETE FROM refresh_run WHERE id IN %(ids)s"
_DELETE_DENIALS = "DELETE FROM token_denial WHERE expires_at < %(before)s LIMIT %(limit)s"
_DELETE_VERDICTS = "DELETE FROM verdict_record WHERE ended_on < %(before)s AND given_on < %(before)s LIMIT %(limit)s"
# Nobody had a hand in them, and nothing was saved by them. Promises of completed ones are part of sums and stay.
_UNTOUCHED = """
action_items.detected = 1 AND action_items.decided = 0 AND action_items.status = 'DONE'
AND action_items.resolution = 'OBSOLETE' AND action_items.resolved_at < %(before)s AND action_items.assignee IS NULL
AND action_items.due_date IS NULL AND action_items.snoozed_until IS NULL AND action_items.stage IS NULL
AND NOT EXISTS (SELECT 1 FROM campaign_item WHERE campaign_item.item = action_items.id)
AND NOT EXISTS (SELECT 1 FROM action_event WHERE action_event.item = action_items.id AND action_event.actor <> 'thirdeye')
"""
_OLD_FINDINGS = f"SELECT id FROM action_items WHERE {_UNTOUCHED} ORDER BY id LIMIT %(limit)s"
# Again, under locks: somebody may have opened one of them meanwhile.
_LOCKED_FINDINGS = f"SELECT id FROM action_items WHERE id IN %(ids)s AND {_UNTOUCHED} FOR UPDATE"
_DELETE_EVENTS = "DELETE FROM action_event WHERE item IN %(ids)s"
_DELETE_PARTS = "DELETE FROM action_item_part WHERE item IN %(ids)s"
_DELETE_FINDINGS = "DELETE FROM action_items WHERE id IN %(ids)s"
_MONTH: Final = "DATE_FORMAT(found_at, '%%Y-%%m')"
_SAVINGS_TO_JOIN = f"""
SELECT table_number, {_MONTH} AS month, MAX(id) AS newest, SUM(realized_usd) AS realized_usd FROM saving_entry
WHERE found_at < %(before)s GROUP BY table_number, {_MONTH} HAVING COUNT(*) > 1
ORDER BY table_number, month LIMIT %(limit)s
"""
_LOCKED_SAVINGS = f"""
SELECT id, realized_usd FROM saving_entry WHERE table_number = %(table_number)s AND {_MONTH} = %(month)s
ORDER BY id FOR UPDATE
"""
_JOIN_SAVINGS = "UPDATE saving_entry SET realized_usd = %(realized_usd)s WHERE id = %(newest)s"
_DELETE_SAVINGS = "DELETE FROM saving_entry WHERE id IN %(ids)s"
# There may be as many domains within services as both multiplied; services and domains themselves keep each day.
_FACTS_BETWEEN = """
SELECT day, place FROM (
  SELECT day, place, ROW_NUMBER() OVER (PARTITION BY place, EXTRACT(YEAR_MONTH FROM day) ORDER BY day) AS number,
         ROW_NUMBER() OVER (PARTITION BY place, EXTRACT(YEAR_MONTH FROM day) ORDER BY day DESC) AS number_from_end
  FROM estate_daily WHERE service IS NOT NULL AND domain IS NOT NULL AND day < %(before)s
) AS placed WHERE number > 1 AND number_from_end > 1 ORDER BY day, place LIMIT %(limit)s
"""
_DELETE_FACTS = "DELETE FROM estate_daily WHERE (day, place) IN %(facts)s"

# What the server last found out: an estimate, on MySQL of up to a day ago.
_SCHEMA_BYTES = """
SELECT SUM(DATA_LENGTH + INDEX_LENGTH) AS bytes FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
"""


async def schema_bytes(thirdeye: MySQL) -> float:
    """Bytes of the schema with its indexes; not a number where the server cannot tell."""
    row = await thirdeye.fetch_one(_SCHEMA_BYTES)
    return float("nan") if row is None or row["bytes"] is None else float(row["bytes"])


async def thin_scores(thirdeye: MySQL, now: datetime) -> int:
    """Of old hours, and older days, keeps the first and the last score."""
    limits = score_limits(now)
    for seconds, before in ((86_400, limits.daily), (3_600, limits.hourly)):
        values = {"seconds": seconds, "before": before, "limit": BATCH}
        ids = await _ids(thirdeye, _SCORES_BETWEEN, values)
        if ids:
            await thirdeye.execute(_DELETE_SCORES, {"ids": ids})
            return len(ids)
    return 0


async def thin_daily_facts(thirdeye: MySQL, now: datetime) -> int:
    """Of old months of a domain within a service keeps the first and the last day."""
    values = {"before": month_limit(now, DAILY_FACTS_DAYS).date(), "limit": BATCH}
    facts = tuple((row["day"], row["place"]) for row in await thirdeye.fetch_all(_FACTS_BETWEEN, values))
    if facts:
        await thirdeye.execute(_DELETE_FACTS, {"facts": facts})
    return len(facts)


async def delete_runs(thirdeye: MySQL, now: datetime) -> int:
    """Deletes what is known of old refreshes."""
    ids = await _ids(thirdeye, _OLD_RUNS, {"before": now - timedelta(days=RUN_DAYS), "limit": BATCH})
    if ids:
        await thirdeye.execute(_DELETE_RUNS, {"ids": ids})
    return len(ids)


async def delete_denials(thirdeye: MySQL, now: datetime) -> int:
    """Deletes denials of tokens that have expired: nobody takes these any more."""
    values = {"before": now - timedelta(days=DENIAL_DAYS), "limit": BATCH}
    return (await thirdeye.execute(_DELETE_DENIALS, values)).matched


async def delete_verdicts(thirdeye: MySQL, now: datetime) -> int:
    """Deletes what became of old advice."""
    values = {"before": (now - timedelta(days=VERDICT_DAYS)).date(), "limit": BATCH}
    return (await thirdeye.execute(_DELETE_VERDICTS, values)).matched


async def delete_findings(thirdeye: MySQL, now: datetime) -> int:
    """Deletes old findings that ended by themselves and that nobody ever touched, with their history."""
    values: dict[str, Any] = {"before": now - timedelta(days=FINDING_DAYS), "limit": BATCH}
    found = await _ids(thirdeye, _OLD_FINDINGS, values)
    if not found:
        return 0
    async with thirdeye.transaction() as session:
        rows = await session.fetch_all(_LOCKED_FINDINGS, {**values, "ids": found})
        ids = {"ids": tuple(row["id"] for row in rows) or (-1,)}
        for statement in (_DELETE_EVENTS, _DELETE_PARTS, _DELETE_FINDINGS):
            await session.execute(statement, ids)
    return len(rows)


async def join_savings(thirdeye: MySQL, now: datetime) -> int:
    """Makes one of the old measurements of a table in a month: their sum, and the last outcome."""
    values = {"before": month_limit(now), "limit": BATCH}
    joined = 0
    for group in await thirdeye.fetch_all(_SAVINGS_TO_JOIN, values):
        async with thirdeye.transaction() as session:
            rows = await session.fetch_all(_LOCKED_SAVINGS, group)
            *others, newest = rows
            total = sum(row["realized_usd"] for row in rows)
            await session.execute(_JOIN_SAVINGS, {"newest": newest["id"], "realized_usd": total})
            if others:
                await session.execute(_DELETE_SAVINGS, {"ids": tuple(row["id"] for row in others)})
        joined += len(others)
    return joined


async def _ids(thirdeye: MySQL, sql: str, values: dict[str, Any]) -> Sequence[int]:
    return tuple(row["id"] for row in await thirdeye.fetch_all(sql, values))
