"""SQL of approved removals, over ThirdEye's own schema."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import orjson

from thirdeye.database import MySQL, Row, Session
from thirdeye.inventory.columns import day_number, day_of
from thirdeye.verdict.approvals.keys import table_numbers
from thirdeye.verdict.approvals.rules import APPROVAL_DAYS, Ending, Standing

_PAGE: Final = 2_000
_IN_FORCE = "withdrawn_at IS NULL AND ending IS NULL AND approved_until >= %(day)s"
_COLUMNS = "number, table_id, reason, approved_by, approved_at, approved_until"
_WITHDRAW = f"""
UPDATE removal_approval SET withdrawn_by = %(by)s, withdrawn_at = %(now)s WHERE number = %(number)s AND {_IN_FORCE}
"""
_APPROVE = f"""
INSERT INTO removal_approval ({_COLUMNS}, accessed, written, downstream)
VALUES (%(number)s, %(table_id)s, %(reason)s, %(by)s, %(now)s, %(until)s, %(accessed)s, %(written)s, %(downstream)s)
"""
_OF_TABLES = f"SELECT {_COLUMNS} FROM removal_approval WHERE number IN %(numbers)s AND {_IN_FORCE} ORDER BY id"
_BASES = f"""
SELECT id, number, table_id, accessed, written, downstream FROM removal_approval
WHERE id > %(after)s AND {_IN_FORCE} ORDER BY id LIMIT %(limit)s
"""
_END = "UPDATE removal_approval SET ending = %(ending)s, ended_on = %(day)s WHERE id IN %(ids)s AND ending IS NULL"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Somebody approved the removal of a table, and until when that holds. Moments in UTC."""

    number: int
    table_id: str
    reason: str
    approved_by: str
    approved_at: datetime
    approved_until: date


@dataclass(frozen=True, kw_only=True)
class Basis:
    """An approval in force, and how its table stood when it was given."""

    id: int
    number: int
    standing: Standing


async def approve(thirdeye: MySQL, *, number: int, basis: Standing, reason: str, by: str, now: datetime) -> None:
    """Approves the removal of a table; ends an earlier approval."""
    async with thirdeye.transaction() as session:
        await session.execute(_WITHDRAW, {"number": number, "by": by, "now": now, "day": now.date()})
        values = {
            "number": number,
            "table_id": basis.table_id,
            "reason": reason,
            "by": by,
            "now": now,
            "until": now.date() + timedelta(days=APPROVAL_DAYS),
            "accessed": day_of(basis.accessed),
            "written": day_of(basis.written),
            "downstream": orjson.dumps(sorted(basis.downstream)).decode(),
        }
        await session.execute(_APPROVE, values)


async def withdraw(thirdeye: MySQL, *, number: int, by: str, now: datetime) -> bool:
    """Withdraws the approval of a table; False without one in force."""
    values = {"number": number, "by": by, "now": now, "day": now.date()}
    return (await thirdeye.execute(_WITHDRAW, values)).matched > 0


async def approvals(thirdeye: MySQL, numbers: Sequence[int], day: date) -> dict[int, Approval]:
    """The approvals of these tables that are in force on a day."""
    rows = await thirdeye.fetch_all(_OF_TABLES, {"numbers": tuple(numbers) or (-1,), "day": day})
    return {row["number"]: Approval(**row) for row in rows}


async def bases(thirdeye: MySQL, day: date) -> list[Basis]:
    """All approvals in force on a day, with what they rest on."""
    found, after = list[Basis](), 0
    while rows := await thirdeye.fetch_all(_BASES, {"day": day, "after": after, "limit": _PAGE}):
        found += map(_basis, rows)
        after = rows[-1]["id"]
    return found


async def tables_downstream(thirdeye: MySQL, day: date) -> set[int]:
    """The numbers of the tables that approvals in force on a day know downstream."""
    return {number for basis in await bases(thirdeye, day) for number in table_numbers(basis.standing.downstream)}


def _basis(row: Row) -> Basis:
    standing = Standing(
        table_id=row["table_id"],
        accessed=day_number(row["accessed"]),
        written=day_number(row["written"]),
        downstream=orjson.loads(row["downstream"]),
    )
    return Basis(id=row["id"], number=row["number"], standing=standing)


async def end(session: Session, ending: Ending, ids: Sequence[int], day: date) -> None:
    """Ends approvals."""
    for start in range(0, len(ids), _PAGE):
        await session.execute(_END, {"ending": ending.value, "day": day, "ids": tuple(ids[start : start + _PAGE])})
