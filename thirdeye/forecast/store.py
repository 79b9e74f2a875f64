"""Daily facts, forecasts and budgets in the `thirdeye` schema. Amounts are USD a month."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from thirdeye.database import MySQL, Row
from thirdeye.forecast.places import EVERYTHING, Place
from thirdeye.session import Session

AMOUNTS: Final = (
    "storage_usd", "query_usd", "in_use_usd", "idle_usd", "keep_usd", "review_usd", "stop_refresh_usd", "archive_usd",
    "delete_usd", "blocked_usd", "potential_usd", "realized_usd",
)  # fmt: skip
_COUNTS: Final = ("tables_count", "sized_tables", "bytes", "in_use_tables", "idle_tables", "score")
DAILY_COLUMNS: Final = (
    "day", "place", "service", "domain", "reconstructed", "generation", "refreshed_at", *_COUNTS, *AMOUNTS,
)  # fmt: skip
_IS_RECORDED = """
SELECT 1 FROM estate_daily WHERE day = %(day)s AND place = %(place)s AND generation = %(generation)s
  AND refreshed_at = %(refreshed_at)s AND reconstructed = 0
"""
_DELETE_DAY = "DELETE FROM estate_daily WHERE day = %(day)s"
_INSERT_DAILY: Final = f"INSERT INTO estate_daily ({', '.join(DAILY_COLUMNS)}) VALUES "
_REALIZED = """
SELECT saving_baseline.service, SUM(saving_entry.realized_usd) AS realized_usd FROM saving_entry
JOIN saving_baseline ON saving_baseline.table_number = saving_entry.table_number
WHERE saving_baseline.service IS NOT NULL GROUP BY saving_baseline.service
"""
_DAILY = f"""
SELECT {", ".join(DAILY_COLUMNS)} FROM estate_daily
WHERE place = %(place)s AND day >= %(since)s AND day <= %(until)s ORDER BY day
"""
_OLDEST = """
SELECT MIN(IF(reconstructed = 0, day, NULL)) AS measured, MAX(reconstructed) AS reconstructed FROM estate_daily
WHERE place = %(place)s
"""
_UNLESS_PRESENT: Final = " ON DUPLICATE KEY UPDATE reconstructed = reconstructed"
# One row of the index; MAX would read all days of the place.
_NEWEST: Final = "SELECT day FROM estate_daily WHERE place = %(whole)s AND reconstructed = 0 ORDER BY day DESC LIMIT 1"
_PLACES = "SELECT service, domain FROM estate_daily WHERE day = %(day)s ORDER BY service IS NULL, domain IS NULL, place"
_SERVICES = """
SELECT DISTINCT service FROM estate_daily
WHERE day >= %(since)s AND service IS NOT NULL AND domain IS NULL AND reconstructed = 0
"""
_MEASURED = """
SELECT day, storage_usd, query_usd, bytes, tables_count, realized_usd, potential_usd FROM estate_daily
WHERE place = %(place)s AND day >= %(since)s AND day <= %(until)s AND reconstructed = %(reconstructed)s ORDER BY day
"""
_FORECAST_DAY = "SELECT day FROM budget_forecast WHERE place = %(place)s"
_FORECAST = f"""
SELECT day, computed_at, document, ({_NEWEST}) AS newest_day,
       EXISTS (SELECT 1 FROM budget WHERE budget.place = budget_forecast.place) AS has_budgets
FROM budget_forecast WHERE place = %(place)s
"""
_INSERT_FORECASTS: Final = "REPLACE INTO budget_forecast (place, service, domain, day, computed_at, document) VALUES "
_DELETE_OLD_FORECASTS = "DELETE FROM budget_forecast WHERE computed_at < %(before)s"
# Of each open item what its table still saves, its due date, and the service and the domains of the table.
_OPEN_ITEMS = """
SELECT COALESCE(action_items.table_number, -action_items.id) AS subject, action_items.due_date,
       action_items.estimated_savings_usd - COALESCE((
         SELECT SUM(realized_usd) FROM saving_entry WHERE saving_entry.table_number = action_items.table_number), 0) AS usd,
       table_inventory.service, COALESCE(table_inventory.domain, 0) AS domain_set
FROM action_items LEFT JOIN table_inventory ON table_inventory.number = action_items.table_number
WHERE action_items.status <> 'DONE' AND action_items.estimated_savings_usd > 0
"""


async def is_recorded(thirdeye: MySQL | Session, day: date, generation: int, refreshed_at: datetime) -> bool:
    """Whether the facts of a day are those of this refresh."""
    values = {"day": day, "place": EVERYTHING.key, "generation": generation, "refreshed_at": refreshed_at}
    return await thirdeye.fetch_one(_IS_RECORDED, values) is not None


async def put_day(session: Session, day: date, rows: Iterable[Sequence[Any]]) -> None:
    """Replaces the facts of a day; rows have DAILY_COLUMNS."""
    await session.execute(_DELETE_DAY, {"day": day})
    await session.execute_rows(_INSERT_DAILY, rows)


async def realized_by_service(thirdeye: MySQL | Session) -> dict[str, Decimal]:
    """What was measured so far as saved a month, by the service of the tables."""
    return {row["service"]: row["realized_usd"] for row in await thirdeye.fetch_all(_REALIZED)}


async def daily(thirdeye: MySQL, place: Place, since: date, until: date) -> list[Row]:
    """The facts of a place by day, oldest first; days without a refresh are left out."""
    return await thirdeye.fetch_all(_DAILY, {"place": place.key, "since": since, "until": until})


async def newest_day(thirdeye: MySQL) -> date | None:
    """The newest day with facts; None before the first."""
    row = await thirdeye.fetch_one(_NEWEST, {"whole": EVERYTHING.key})
    day: date | None = row["day"] if row else None
    return day


async def places_of_day(thirdeye: MySQL, day: date) -> list[Place]:
    """The places with facts of a day, the whole estate last."""
    return [Place(row["service"], row["domain"]) for row in await thirdeye.fetch_all(_PLACES, {"day": day})]


async def services_since(thirdeye: MySQL, since: date) -> list[str]:
    """The services that had facts on some day since then."""
    return [row["service"] for row in await thirdeye.fetch_all(_SERVICES, {"since": since})]


async def measured(thirdeye: MySQL, place: Place, since: date, until: date) -> list[Row]:
    """What a forecast rests on: costs, bytes, tables and savings by measured day, oldest first."""
    return await thirdeye.fetch_all(_MEASURED, _days(place, since, until, reconstructed=False))


async def reconstructed(thirdeye: MySQL, place: Place, since: date, until: date) -> list[Row]:
    """The same of days before the first refresh."""
    return await thirdeye.fetch_all(_MEASURED, _days(place, since, until, reconstructed=True))


def _days(place: Place, since: date, until: date, *, reconstructed: bool) -> dict[str, Any]:
    return {"place": place.key, "since": since, "until": until, "reconstructed": int(reconstructed)}


async def open_items(thirdeye: MySQL) -> list[Row]:
    """Open items that promise something: `subject`, `due_date`, `usd` (not realized yet), `service`, `domain_set`."""
    return await thirdeye.fetch_all(_OPEN_ITEMS)


async def forecast_day(thirdeye: MySQL) -> date | None:
    """The day whose forecasts are complete; None before the first."""
    row = await thirdeye.fetch_one(_FORECAST_DAY, {"place": EVERYTHING.key})
    day: date | None = row["day"] if row else None
    return day


async def forecast(thirdeye: MySQL, place: Place) -> Row | None:
    """The stored forecast of a place: `day`, `computed_at`, `document` as JSON text; `newest_day` with facts, or None; and
    `has_budgets`, whether one was ever set.
    """
    return await thirdeye.fetch_one(_FORECAST, {"place": place.key, "whole": EVERYTHING.key})


async def put_forecasts(thirdeye: MySQL, rows: Iterable[tuple[Place, date, datetime, str]]) -> None:
    """Writes forecasts: place, day, moment and document of each."""
    async with thirdeye.session() as session:
        values = (
            (place.key, place.service, place.domain, day.isoformat(), at, document) for place, day, at, document in rows
        )
        await session.execute_rows(_INSERT_FORECASTS, values)


async def delete_forecasts_before(thirdeye: MySQL, moment: datetime) -> None:
    """Deletes the forecasts of places that are no more: those not computed since."""
    await thirdeye.execute(_DELETE_OLD_FORECASTS, {"before": moment})


async def oldest(thirdeye: MySQL) -> tuple[date | None, bool]:
    """The first measured day, and whether days before it were reconstructed."""
    row = await thirdeye.fetch_one(_OLDEST, {"place": EVERYTHING.key})
    return (None, False) if row is None else (row["measured"], bool(row["reconstructed"]))


async def put_past(session: Session, rows: Iterable[Sequence[Any]]) -> None:
    """Writes days that were never measured; those that were stay as they are. Rows have DAILY_COLUMNS."""
    await session.execute_rows(_INSERT_DAILY, rows, _UNLESS_PRESENT)
