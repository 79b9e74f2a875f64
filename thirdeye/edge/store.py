"""The audit of refusals, in ThirdEye's schema."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from thirdeye.database import MySQL, Row

_ADD = """
INSERT INTO refusal (digest, who, what, why, refusals, first_at, last_at)
VALUES (%(digest)s, %(who)s, %(what)s, %(why)s, %(refusals)s, %(first_at)s, %(last_at)s)
ON DUPLICATE KEY UPDATE refusals = refusals + %(refusals)s, last_at = GREATEST(last_at, %(last_at)s)"""

_RECENT = """
SELECT who, what, why, refusals, first_at, last_at FROM refusal
WHERE last_at >= %(since)s ORDER BY last_at DESC, digest LIMIT %(most)s"""

_EDGE = "SELECT last_at FROM refusal ORDER BY last_at DESC LIMIT 1 OFFSET %(kept)s"


async def add_refusals(thirdeye: MySQL, rows: Sequence[dict[str, Any]]) -> None:
    """Adds counts to those of the same hour, all or none."""
    async with thirdeye.transaction() as session:
        # In one order, so that two processes do not wait for each other.
        for row in sorted(rows, key=lambda each: bytes(each["digest"])):
            await session.execute(_ADD, row)


async def drop_refusals(thirdeye: MySQL, before: datetime, kept: int) -> None:
    """Drops what is older, and what goes beyond the newest `kept` rows."""
    async with thirdeye.session() as session:
        edge = await session.fetch_one(_EDGE, {"kept": kept})
        moment = before.replace(tzinfo=None)
        if edge is not None:
            moment = max(moment, edge["last_at"])
        await session.execute("DELETE FROM refusal WHERE last_at <= %(moment)s LIMIT 5000", {"moment": moment})


async def recent_refusals(thirdeye: MySQL, since: datetime, most: int) -> list[Row]:
    """What was refused since then, the newest first; moments in UTC."""
    return await thirdeye.fetch_all(_RECENT, {"since": since.replace(tzinfo=None), "most": most})
