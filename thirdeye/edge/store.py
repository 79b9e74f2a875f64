"""The audit of refusals and the answers kept under keys, in ThirdEye's schema."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from thirdeye.database import MySQL, Row, Session
from thirdeye.session import Values

_ADD = """
INSERT INTO refusal (digest, who, what, why, refusals, first_at, last_at)
VALUES (%(digest)s, %(who)s, %(what)s, %(why)s, %(refusals)s, %(first_at)s, %(last_at)s)
ON DUPLICATE KEY UPDATE refusals = refusals + %(refusals)s, last_at = GREATEST(last_at, %(last_at)s)"""

_RECENT = """
SELECT who, what, why, refusals, first_at, last_at FROM refusal
WHERE last_at >= %(since)s ORDER BY last_at DESC, digest LIMIT %(limit)s"""

_OLDEST_KEPT = "SELECT last_at FROM refusal ORDER BY last_at DESC LIMIT 1 OFFSET %(kept)s"

_ANSWER = """
SELECT request, answer FROM idempotency_key
WHERE caller = %(caller)s AND given_key = %(key)s AND answered_at > %(since)s
"""
_KEEP_ANSWER = """
REPLACE INTO idempotency_key (caller, given_key, request, answer, answered_at)
VALUES (%(caller)s, %(key)s, %(request)s, %(answer)s, %(now)s)
"""
_AT_A_TIME: Final = 1_000
_FORGET_ANSWERS = "DELETE FROM idempotency_key WHERE answered_at <= %(before)s ORDER BY answered_at LIMIT %(limit)s"
# Both are read from the key by caller alone.
_ANSWERS_OF = """
SELECT COUNT(*) AS answers, SUM(answer_bytes) AS total FROM idempotency_key WHERE caller = %(caller)s
"""
_KEYS_OVER = """
SELECT given_key FROM (
  SELECT given_key, answered_at, COUNT(*) OVER newest AS answers, SUM(answer_bytes) OVER newest AS total
  FROM idempotency_key WHERE caller = %(caller)s WINDOW newest AS (ORDER BY answered_at DESC, given_key)
) AS counted WHERE answers > %(answers)s OR total > %(total)s ORDER BY answered_at, given_key LIMIT %(limit)s
"""
_DROP_KEYS = "DELETE FROM idempotency_key WHERE caller = %(caller)s AND given_key IN %(keys)s"


async def add_refusals(thirdeye: MySQL, rows: Sequence[Values]) -> None:
    """Adds counts to those of the same hour, all or none of them."""
    async with thirdeye.transaction() as session:
        # Always in the same order, so that two processes never deadlock.
        for row in sorted(rows, key=lambda row: bytes(row["digest"])):
            await session.execute(_ADD, row)


async def drop_refusals(thirdeye: MySQL, before: datetime, kept: int) -> None:
    """Drops older rows, and all but about the newest `kept`."""
    async with thirdeye.session() as session:
        oldest = await session.fetch_one(_OLDEST_KEPT, {"kept": kept})
        moment = before if oldest is None else max(before, oldest["last_at"])
        await session.execute("DELETE FROM refusal WHERE last_at <= %(moment)s LIMIT 5000", {"moment": moment})


async def recent_refusals(thirdeye: MySQL, since: datetime, limit: int) -> list[Row]:
    """The refusals since then, the newest first; times in UTC."""
    return await thirdeye.fetch_all(_RECENT, {"since": since, "limit": limit})


async def kept_answer(session: Session, caller: str, key: str, since: datetime) -> Row | None:
    """The answer that was kept for this caller's key since then, with the digest of its request."""
    values = {"caller": caller, "key": key, "since": since}
    return await session.fetch_one(_ANSWER, values)


async def keep_answer(session: Session, *, caller: str, key: str, request: bytes, answer: bytes, now: datetime) -> None:
    """Keeps an answer, in place of an expired one."""
    values = {"caller": caller, "key": key, "request": request, "answer": answer, "now": now}
    await session.execute(_KEEP_ANSWER, values)


async def forget_answers(thirdeye: MySQL, before: datetime) -> None:
    """Drops all older answers, some at a time."""
    values = {"before": before, "limit": _AT_A_TIME}
    while (await thirdeye.execute(_FORGET_ANSWERS, values)).matched == _AT_A_TIME:
        pass


async def drop_answers_over(thirdeye: MySQL, caller: str, answers: int, total: int) -> None:
    """Drops the oldest answers of a caller who has more of them, or more bytes: a tenth more, so that it is done rarely."""
    async with thirdeye.session() as session:
        row = await session.fetch_one(_ANSWERS_OF, {"caller": caller})
        if row is None or (row["answers"] <= answers and (row["total"] or 0) <= total):
            return
        kept = {"answers": answers * 9 // 10, "total": total * 9 // 10, "limit": _AT_A_TIME}
        while rows := await session.fetch_all(_KEYS_OVER, {"caller": caller, **kept}):
            keys = tuple(row["given_key"] for row in rows)
            await session.execute(_DROP_KEYS, {"caller": caller, "keys": keys})
