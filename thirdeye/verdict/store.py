"""SQL of verdicts in ThirdEye's schema: kept tables, policies, counts of return risk, records of verdicts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, TypedDict

import orjson

from thirdeye.database import MySQL, Row, Session
from thirdeye.verdict.periods import FUTURE_DAYS, CountsDocument
from thirdeye.verdict.quality import QualityRow

_PAGE: Final = 2_000


@dataclass(frozen=True, kw_only=True)
class Keep:
    """Somebody keeps a table until a day. Moments in UTC."""

    number: int
    reason: str
    kept_by: str
    kept_at: datetime
    kept_until: date
    released_by: str | None
    released_at: datetime | None


class PolicyDocument(TypedDict, total=False):
    """What administrators set of a policy, as it is stored."""

    delete_risk: float
    archive_risk: float
    minimum_idle_days: int
    protected_tags: list[str]
    review_cared_for: bool


# ---- kept tables

_KEPT = "SELECT DISTINCT number FROM table_keep WHERE released_at IS NULL AND kept_until >= %(day)s"
_KEEP = """
INSERT INTO table_keep (number, reason, kept_by, kept_at, kept_until)
VALUES (%(number)s, %(reason)s, %(by)s, %(now)s, %(until)s)
"""
_RELEASE = """
UPDATE table_keep SET released_by = %(by)s, released_at = %(now)s
WHERE number = %(number)s AND released_at IS NULL AND kept_until >= %(day)s
"""
_KEEPS = """
SELECT number, reason, kept_by, kept_at, kept_until, released_by, released_at FROM table_keep
WHERE number IN %(numbers)s ORDER BY number, id DESC
"""

# ---- policies

_POLICY = "SELECT policy, set_by, set_at FROM verdict_policy ORDER BY id DESC LIMIT %(limit)s"
_SET_POLICY = "INSERT INTO verdict_policy (policy, set_by, set_at) VALUES (%(policy)s, %(by)s, %(now)s)"

# ---- return risk, and records of verdicts

_PUT_RISK = "REPLACE INTO return_risk (as_of, generation, counts) VALUES (%(as_of)s, %(generation)s, %(counts)s)"
_FORGET_RISK = "DELETE FROM return_risk WHERE as_of < %(before)s"
_OPEN_RECORDS = "INSERT INTO verdict_record (number, verdict, risk, promised, expected, given_on) VALUES "
_END_RECORDS = """
UPDATE verdict_record SET ended_on = %(day)s, ending = %(ending)s WHERE number IN %(numbers)s AND ended_on IS NULL
"""
# The record of a removed table has ended, but a later use of the table is a regret all the same.
_REGRET_RECORDS = """
UPDATE verdict_record SET ended_on = COALESCE(ended_on, %(day)s), ending = 'REGRETTED', regretted_on = %(used)s
WHERE number IN %(numbers)s AND regretted_on IS NULL AND (ended_on IS NULL OR ending = 'GONE')
"""
# A decile holds its upper end. A promise is due once its days are over, if the verdict stood all the time or was regretted.
_QUALITY = f"""
SELECT verdict, IF(promised IS NULL, 0, GREATEST(CEILING(promised * 10), 1)) AS decile, COUNT(*) AS verdicts,
       SUM(regretted_on IS NOT NULL) AS regrets, SUM(ended_on IS NULL) AS standing, AVG(promised) AS promised,
       SUM(is_due) AS due, SUM(is_due AND regretted_on IS NOT NULL AND regretted_on <= last_day) AS due_regrets,
       AVG(IF(is_due, expected, NULL)) AS expected
FROM (
  SELECT verdict, promised, expected, regretted_on, ended_on, given_on + INTERVAL {FUTURE_DAYS} DAY AS last_day,
         expected IS NOT NULL AND given_on + INTERVAL {FUTURE_DAYS} DAY < %(today)s
         AND (regretted_on IS NOT NULL OR ended_on IS NULL OR ended_on > given_on + INTERVAL {FUTURE_DAYS} DAY) AS is_due
  FROM verdict_record WHERE given_on >= %(since)s AND given_on <= %(until)s
) AS given GROUP BY verdict, decile
"""

_RECORD_COLUMNS = "id, number, verdict, promised, given_on, ended_on, ending, regretted_on"
_LATEST_RECORDS = f"""
(SELECT {_RECORD_COLUMNS} FROM verdict_record ORDER BY given_on DESC, id DESC LIMIT %(limit)s)
UNION
(SELECT {_RECORD_COLUMNS} FROM verdict_record WHERE ended_on IS NOT NULL ORDER BY ended_on DESC, id DESC LIMIT %(limit)s)
ORDER BY COALESCE(ended_on, given_on) DESC, id DESC LIMIT %(limit)s
"""


async def kept_numbers(thirdeye: MySQL, day: date) -> frozenset[int]:
    """The numbers of the tables that are kept on a day."""
    return frozenset(row["number"] for row in await thirdeye.fetch_all(_KEPT, {"day": day}))


async def keep(thirdeye: MySQL, *, number: int, reason: str, by: str, now: datetime, until: date) -> None:
    """Keeps a table; ends an earlier keep."""
    async with thirdeye.transaction() as session:
        await session.execute(_RELEASE, {"number": number, "by": by, "now": now, "day": now.date()})
        values = {"number": number, "reason": reason, "by": by, "now": now, "until": until}
        await session.execute(_KEEP, values)


async def release(thirdeye: MySQL, *, number: int, by: str, now: datetime) -> bool:
    """Ends the keep of a table; False without one."""
    values = {"number": number, "by": by, "now": now, "day": now.date()}
    return (await thirdeye.execute(_RELEASE, values)).matched > 0


async def keeps(thirdeye: MySQL, numbers: Sequence[int]) -> dict[int, list[Keep]]:
    """All keeps of these tables, also ended ones, newest first."""
    by_number: dict[int, list[Keep]] = {}
    for row in await thirdeye.fetch_all(_KEEPS, {"numbers": tuple(numbers) or (-1,)}):
        by_number.setdefault(row["number"], []).append(Keep(**row))
    return by_number


async def policies(thirdeye: MySQL, limit: int) -> list[Row]:
    """Policies that were set, newest first: `policy`, a PolicyDocument, `set_by`, and `set_at` in UTC."""
    rows = await thirdeye.fetch_all(_POLICY, {"limit": limit})
    return [{**row, "policy": orjson.loads(row["policy"])} for row in rows]


async def set_policy(thirdeye: MySQL, policy: PolicyDocument, by: str, now: datetime) -> None:
    """Puts a policy in force."""
    values = {"policy": orjson.dumps(policy).decode(), "by": by, "now": now}
    await thirdeye.execute(_SET_POLICY, values)


async def put_risk(session: Session, as_of: date, generation: int, counts: CountsDocument, keep_days: int) -> None:
    """Writes the counts as of a day, and deletes those older than `keep_days`."""
    values = {"as_of": as_of, "generation": generation, "counts": orjson.dumps({"ages": counts}).decode()}
    await session.execute(_PUT_RISK, values)
    await session.execute(_FORGET_RISK, {"before": as_of - timedelta(days=keep_days)})


async def open_records(session: Session, rows: Iterable[tuple[int, str, int, float | None, float | None, str]]) -> None:
    """Records verdicts: table, verdict, number of its return risk, the risk promised and the one expected, day."""
    await session.execute_rows(_OPEN_RECORDS, rows)


async def end_records(session: Session, ending: str, numbers: Sequence[int], day: date) -> None:
    """Ends the standing verdicts on these tables: WITHDRAWN, or GONE with the table."""
    for start in range(0, len(numbers), _PAGE):
        page = tuple(numbers[start : start + _PAGE])
        await session.execute(_END_RECORDS, {"day": day, "ending": ending, "numbers": page})


async def regret_records(session: Session, numbers: Sequence[int], used: date, day: date) -> None:
    """Marks the verdicts on these tables as regretted: the tables were used on day `used`."""
    for start in range(0, len(numbers), _PAGE):
        page = tuple(numbers[start : start + _PAGE])
        await session.execute(_REGRET_RECORDS, {"day": day, "used": used, "numbers": page})


async def quality(thirdeye: MySQL, since: date, until: date, today: date) -> list[QualityRow]:
    """How the verdicts given from one day to another fared until today: by verdict and decile of the return risk."""
    return [
        {
            "verdict": row["verdict"],
            "decile": int(row["decile"]),
            "verdicts": int(row["verdicts"]),
            "regrets": int(row["regrets"]),
            "standing": int(row["standing"]),
            "promised": row["promised"],
            "due": int(row["due"]),
            "due_regrets": int(row["due_regrets"]),
            "expected": row["expected"],
        }
        for row in await thirdeye.fetch_all(_QUALITY, {"since": since, "until": until, "today": today})
    ]


async def latest_records(thirdeye: MySQL, limit: int) -> list[Row]:
    """The records of the verdicts given or ended last; `promised` is the return risk, `regretted_on` the day of the use."""
    return await thirdeye.fetch_all(_LATEST_RECORDS, {"limit": limit})
