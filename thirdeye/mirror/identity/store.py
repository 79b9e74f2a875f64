"""SQL of the identity of tables, over ThirdEye's own schema."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from thirdeye.database import MySQL, Row, Session
from thirdeye.mirror.store import TEXT_COLUMNS

# In pages, for what servers pack into one row has limits, and is cut there.
_FORMER_IDS = """
SELECT GROUP_CONCAT(REPLACE(id, '-', ''), LPAD(HEX(number), 8, '0') SEPARATOR '') AS packed FROM table_former_id
GROUP BY LEFT(id, 2)
"""
_PUT_FORMER_IDS = "REPLACE INTO table_former_id (id, number, replaced_at) VALUES "
# Tables that came under a new id with the name of one that was there before.
_SAME_NAMES = """
SELECT GROUP_CONCAT(LPAD(HEX(live.number), 8, '0'), LPAD(HEX(staged.number), 8, '0') SEPARATOR '') AS packed
FROM table_inventory_staged_text AS staged JOIN table_inventory AS live ON live.fqn_key = staged.fqn_key
LEFT JOIN table_inventory AS known ON known.number = staged.number
WHERE known.number IS NULL
GROUP BY staged.number DIV 65536
"""
_RENUMBER = "UPDATE table_inventory_staged_text SET number = ELT(FIELD(number, {new}), {old}) WHERE number IN ({new})"
_KEEP_TEXTS = f"""
UPDATE table_inventory_staged_text AS staged JOIN table_inventory AS live USING (number)
SET {", ".join(f"staged.{column} = live.{column}" for column in TEXT_COLUMNS if column not in ("number", "id"))}
WHERE staged.number IN %(numbers)s
"""
_FQNS = "SELECT number, fqn, size_bytes FROM table_inventory WHERE number IN %(numbers)s"
_FORGET: Final = (
    "DELETE FROM table_inventory WHERE number IN %(numbers)s", "DELETE FROM table_former_id WHERE number IN %(numbers)s",
)  # fmt: skip
_FORGET_ASSETS = "DELETE FROM lineage_asset WHERE number IN %(numbers)s OR number >= %(end)s"
# For packed texts, in bytes.
_RAISE_PACKED_LIMIT = "SET SESSION group_concat_max_len = 67108864"


async def former_ids(thirdeye: MySQL) -> str:
    """The ids that tables had before, in hexadecimal: id (32 digits), number of the table (8)."""
    return await _packed(thirdeye, _FORMER_IDS, {})


async def put_former_ids(session: Session, rows: Iterable[tuple[str, int, datetime]]) -> None:
    """Remembers former ids: id, number, moment."""
    await session.execute_rows(_PUT_FORMER_IDS, rows)


async def same_names(thirdeye: MySQL) -> str:
    """Staged tables with new numbers whose names older tables have: both numbers, in hexadecimal (8 each)."""
    return await _packed(thirdeye, _SAME_NAMES, {})


async def _packed(thirdeye: MySQL, sql: str, values: Mapping[str, object]) -> str:
    async with thirdeye.session() as session:
        await session.execute(_RAISE_PACKED_LIMIT)
        return "".join([str(row["packed"]) async for row in session.stream(sql, values)])


async def renumber_staged(thirdeye: MySQL, numbers: Mapping[int, int]) -> None:
    """Gives staged texts other numbers: old ones by the numbers that they were staged under."""
    new, old = (", ".join(map(str, part)) for part in (numbers.keys(), numbers.values()))
    await thirdeye.execute(_RENUMBER.format(new=new, old=old))


async def keep_texts(thirdeye: MySQL, numbers: Sequence[int]) -> None:
    """Leaves of the staged texts of these tables only the ids; the rest is as published."""
    if numbers:
        await thirdeye.execute(_KEEP_TEXTS, {"numbers": tuple(numbers)})


async def forget(session: Session, numbers: Sequence[int]) -> None:
    """Deletes tables, and the ids that they had before."""
    for statement in _FORGET if numbers else ():
        await session.execute(statement, {"numbers": tuple(numbers)})


async def forget_assets(session: Session, numbers: Sequence[int], end: int) -> None:
    """Deletes other assets, and those from a number on: an upgrade numbers them anew."""
    await session.execute(_FORGET_ASSETS, {"numbers": tuple(numbers) or (-1,), "end": end})


async def fqns(thirdeye: MySQL, numbers: Sequence[int]) -> list[Row]:
    """Number, FQN and size of these tables, as published."""
    return await thirdeye.fetch_all(_FQNS, {"numbers": tuple(numbers) or (-1,)})
