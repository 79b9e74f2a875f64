"""Budgets in the `thirdeye` schema: rows are only ever added."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from thirdeye.database import MySQL, Row
from thirdeye.forecast.places import Place

_MAX_NAME_LENGTH: Final = 256
_COLUMNS: Final = "id, service, domain, effective_from, monthly_usd, set_by, set_at"
_INSERT = """
INSERT INTO budget (place, service, domain, effective_from, monthly_usd, set_by, set_at)
VALUES (%(place)s, %(service)s, %(domain)s, %(day)s, %(usd)s, %(by)s, %(now)s)
"""
_OF_PLACE = f"""
SELECT {_COLUMNS} FROM budget WHERE place = %(place)s ORDER BY effective_from DESC, id DESC LIMIT %(limit)s
"""
# Of each place the newest rows that hold on the day; those of places without one are left out by who reads them.
_CURRENT = f"""
SELECT {_COLUMNS} FROM (
  SELECT {_COLUMNS}, place, ROW_NUMBER() OVER (PARTITION BY place ORDER BY effective_from DESC, id DESC) AS age
  FROM budget WHERE effective_from <= %(day)s
) AS holding
WHERE age = 1 AND monthly_usd IS NOT NULL ORDER BY monthly_usd DESC, id LIMIT %(limit)s
"""
_COUNT = "SELECT COUNT(*) AS budgets FROM budget WHERE place = %(place)s"


async def put_budget(thirdeye: MySQL, place: Place, *, day: date, usd: Decimal | None, by: str, now: datetime) -> None:
    """Sets a budget from a day on; None ends the one before."""
    values = {"place": place.key, "service": place.service, "domain": place.domain, "day": day, "usd": usd, "now": now}
    await thirdeye.execute(_INSERT, {**values, "by": by[:_MAX_NAME_LENGTH]})


async def budgets_of(thirdeye: MySQL, place: Place, limit: int) -> list[Row]:
    """What was set for a place, the latest day first, and of a day what was set last."""
    return await thirdeye.fetch_all(_OF_PLACE, {"place": place.key, "limit": limit})


async def count(thirdeye: MySQL, place: Place) -> int:
    """How often a budget was set for a place."""
    row = await thirdeye.fetch_one(_COUNT, {"place": place.key})
    return int(row["budgets"]) if row else 0


async def budgets_on(thirdeye: MySQL, day: date, limit: int) -> list[Row]:
    """The budget of each place that has one on a day, the largest first."""
    return await thirdeye.fetch_all(_CURRENT, {"day": day, "limit": limit})
