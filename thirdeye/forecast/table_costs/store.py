"""What tables cost on days past, in the `thirdeye` schema."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from thirdeye.database import MySQL

_DAYS = "SELECT day FROM table_cost WHERE part = 0 ORDER BY day"
_PARTS = "SELECT data FROM table_cost WHERE day = %(day)s ORDER BY part"
_INSERT: Final = "REPLACE INTO table_cost (day, part, data) VALUES (%(day)s, %(part)s, %(data)s)"
_DELETE_DAY = "DELETE FROM table_cost WHERE day = %(day)s"
_DELETE_OTHERS = "DELETE FROM table_cost WHERE day < %(since)s OR day > %(until)s"
_FQNS = "SELECT number, fqn FROM table_inventory WHERE number IN %(numbers)s"
_BATCH: Final = 1_000


async def days(thirdeye: MySQL) -> list[date]:
    """The days that are kept, oldest first."""
    return [row["day"] for row in await thirdeye.fetch_all(_DAYS)]


async def parts(thirdeye: MySQL, day: date) -> list[bytes]:
    """What is kept of a day; nothing of one that is not kept."""
    return [bytes(row["data"]) for row in await thirdeye.fetch_all(_PARTS, {"day": day})]


async def put_day(thirdeye: MySQL, day: date, data: Iterable[bytes]) -> None:
    """Keeps a day, all of it or nothing."""
    async with thirdeye.transaction() as session:
        await session.execute(_DELETE_DAY, {"day": day})
        for part, each in enumerate(data):
            await session.execute(_INSERT, {"day": day, "part": part, "data": each})


async def delete_others(thirdeye: MySQL, since: date, until: date) -> None:
    """Deletes all days but those from `since` to `until`."""
    await thirdeye.execute(_DELETE_OTHERS, {"since": since, "until": until})


async def fqns(thirdeye: MySQL, numbers: Sequence[int]) -> dict[int, str]:
    """The names of tables by number, of those that are gone as well."""
    found = dict[int, str]()
    for start in range(0, len(numbers), _BATCH):
        batch = tuple(numbers[start : start + _BATCH])
        found |= {row["number"]: row["fqn"] for row in await thirdeye.fetch_all(_FQNS, {"numbers": batch})}
    return found
