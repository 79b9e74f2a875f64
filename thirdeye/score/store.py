"""SQL of the score's history: one row a slot."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

import orjson

from thirdeye.database import MySQL, Row

_INSERT = """
INSERT INTO health_score_history (captured_at, score, status, meta, slot, slot_minutes)
VALUES (%(captured_at)s, %(score)s, %(status)s, %(meta)s, %(slot)s, %(slot_minutes)s)
ON DUPLICATE KEY UPDATE id = id
"""
_SLOT = "SELECT id FROM health_score_history WHERE slot_minutes = %(slot_minutes)s AND slot = %(slot)s"
# Rows are only ever added, and what is pruned of them is older than any trend.
_VERSION = "SELECT COALESCE(MAX(id), 0) AS version FROM health_score_history"
_LATEST = """
SELECT id, captured_at, score, status, meta FROM health_score_history
ORDER BY captured_at DESC, id DESC LIMIT 1
"""
# What could not be read is left out of a score: one that rests on something else is no measure for it.
_COMPARABLE = "COALESCE(status, '') <> 'NO_DATA' AND COALESCE(JSON_VALUE(meta, '$.missing'), '') = %(missing)s"
_AT_OR_BEFORE = f"""
SELECT score FROM health_score_history
WHERE captured_at <= %(moment)s AND {_COMPARABLE}
ORDER BY captured_at DESC, id DESC LIMIT 1
"""
_OLDEST_SINCE = f"""
SELECT score FROM health_score_history
WHERE captured_at > %(moment)s AND captured_at <= %(captured_at)s AND id <> %(id)s AND {_COMPARABLE}
ORDER BY captured_at, id LIMIT 1
"""

# A bucket is numbered by the seconds since 1970, shifted and divided: weeks start on Monday, 1970 on a Thursday.
_BUCKETS = """
SELECT bucket, score, captured_at, status, lowest, highest, samples FROM (
  SELECT bucket, score, captured_at, status,
         MIN(score) OVER (PARTITION BY bucket) AS lowest,
         MAX(score) OVER (PARTITION BY bucket) AS highest,
         COUNT(*) OVER (PARTITION BY bucket) AS samples,
         ROW_NUMBER() OVER (PARTITION BY bucket ORDER BY captured_at DESC, id DESC) AS age
  FROM (
    SELECT id, score, captured_at, status,
           FLOOR((UNIX_TIMESTAMP(captured_at) + %(shift)s) / %(seconds)s) AS bucket
    FROM health_score_history
    WHERE captured_at >= %(start)s AND captured_at < %(end)s AND COALESCE(status, '') <> 'NO_DATA'
  ) AS samples_in_range
) AS ranked
WHERE age = 1
ORDER BY bucket
LIMIT %(limit)s
"""


class ComponentMeta(TypedDict):
    """A component of the score; `value` 0 to 100 or None without data, `weight` in percent."""

    component: str
    value: float | None
    weight: float
    points: int


class DriverMeta(TypedDict):
    """What costs points: component, service and how many."""

    component: str
    service: str
    points: float


class ScoreMeta(TypedDict, total=False):
    """What a row keeps beside its score. Rows that people inserted lack it."""

    breakdown: dict[str, int]
    components: list[ComponentMeta]
    drivers: list[DriverMeta]
    coverage: float
    metadata: dict[str, int | float]
    warnings: list[str]
    generation: int
    # Kinds of evidence that could not be read, joined by commas.
    missing: str
    inputs: dict[str, int]
    settings: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """A row of the history; `captured_at` in UTC."""

    id: int
    captured_at: datetime
    score: int
    status: str | None
    meta: ScoreMeta


async def slot_is_written(thirdeye: MySQL, slot: int, slot_minutes: int) -> bool:
    """Whether this slot has its row."""
    return await thirdeye.fetch_one(_SLOT, {"slot": slot, "slot_minutes": slot_minutes}) is not None


async def insert_score(
    thirdeye: MySQL, *, captured_at: datetime, score: int, status: str, meta: ScoreMeta, slot: int, slot_minutes: int
) -> None:
    """Writes the slot's row unless another process has written it."""
    values = {
        "captured_at": captured_at,
        "score": score,
        "status": status,
        "meta": orjson.dumps(meta).decode(),
        "slot": slot,
        "slot_minutes": slot_minutes,
    }
    await thirdeye.execute(_INSERT, values)


async def version(thirdeye: MySQL) -> int:
    """Moves with each row of the history: 0 before the first, at one end of its primary key."""
    row = await thirdeye.fetch_one(_VERSION)
    assert row is not None
    return int(row["version"])


async def latest_score(thirdeye: MySQL) -> ScoreRow | None:
    """The newest row; None before the first."""
    row = await thirdeye.fetch_one(_LATEST)
    if row is None:
        return None
    return ScoreRow(**{**row, "meta": orjson.loads(row["meta"]) if row["meta"] else {}})


async def score_before(thirdeye: MySQL, row: ScoreRow, moment: datetime) -> int | None:
    """The score as of `moment`, else of the oldest row after it but `row`.

    Rows with NO_DATA do not count, nor do those that lack other evidence than `row`.
    """
    missing = row.meta.get("missing", "")
    earlier = await thirdeye.fetch_one(_AT_OR_BEFORE, {"moment": moment, "missing": missing})
    if earlier is None:
        values = {"moment": moment, "captured_at": row.captured_at, "id": row.id, "missing": missing}
        earlier = await thirdeye.fetch_one(_OLDEST_SINCE, values)
    return int(earlier["score"]) if earlier else None


async def score_buckets(
    thirdeye: MySQL, *, start: datetime, end: datetime, seconds: int, shift: int, limit: int
) -> list[Row]:
    """Buckets of `seconds` from `start` up to, not including, `end`, oldest first: of each the last row (`captured_at`,
    `score`, `status`), the `lowest` and `highest` score, and the number of `samples`.
    """
    values = {"start": start, "end": end, "seconds": seconds, "shift": shift, "limit": limit}
    rows = await thirdeye.fetch_all(_BUCKETS, values)
    return [{**row, "bucket": int(row["bucket"])} for row in rows]
