"""Forecasts and budgets as answers: keys are those of the API's types. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from thirdeye.database import Row
from thirdeye.forecast.budgets.rules import BudgetEntry, break_of, budget_on, limit_of_month, status_of
from thirdeye.forecast.documents import ForecastDocument
from thirdeye.forecast.months import first_of_month
from thirdeye.forecast.places import Place
from thirdeye.forecast.table_costs.drivers import TableDocument, TableDriversDocument
from thirdeye.inventory.money import round_amount


def usd(amount: float | None) -> Decimal | None:
    """An amount as it is answered."""
    return None if amount is None else round_amount(Decimal(repr(amount)))


def forecast_view(
    document: ForecastDocument, place: Place, *, day: date, computed_at: datetime, months: int, stale: bool
) -> dict[str, Any]:
    """A stored forecast, `months` of it."""
    return {
        "service": place.service,
        "domain": place.domain,
        "day": day,
        "computedAt": computed_at,
        "stale": stale,
        "method": document["method"],
        "measuredDays": document["measuredDays"],
        "warnings": document["warnings"],
        "history": [
            {
                "month": month["month"],
                "usd": usd(month["usd"]),
                "days": month["days"],
                "reconstructed": month["reconstructed"],
            }
            for month in document["history"]
        ],
        "scenarios": [
            {
                "kind": scenario["kind"],
                "months": [_month(month) for month in scenario["months"][:months]],
            }
            for scenario in document["scenarios"]
        ],
        "levelShifts": [{**shift, "usd": usd(shift["usd"])} for shift in document["levelShifts"]],
        "drivers": [
            {
                **driver,
                "usdPerMonth": usd(driver["usdPerMonth"]),
                "newTablesUsd": usd(driver["newTablesUsd"]),
                "growthUsd": usd(driver["growthUsd"]),
            }
            for driver in document["drivers"]
        ],
        "tableDrivers": _table_drivers(document.get("tableDrivers")),
        "intervals": document["intervals"],
        "monthToDateUsd": usd(document["monthToDate"]),
        "sameDaysLastMonthUsd": usd(document["sameDaysLastMonth"]),
    }


def _table_drivers(found: TableDriversDocument | None) -> dict[str, Any] | None:
    if found is None:
        return None
    new, growth, gone = (usd(found[kind]["usd"]) or Decimal(0) for kind in ("new", "growth", "gone"))
    return {
        "since": found["since"],
        "days": found["days"],
        # Of what is answered, so that the parts add up.
        "changeUsd": new + growth + gone,
        "newUsd": new,
        "growthUsd": growth,
        "goneUsd": gone,
        "newTables": found["new"]["tables"],
        "changedTables": found["growth"]["tables"],
        "goneTables": found["gone"]["tables"],
        "unknownTables": found["unknownTables"],
        "tables": [_table_driver(table) for table in found["largest"]],
    }


def _table_driver(table: TableDocument) -> dict[str, Any]:
    before, now = usd(table["beforeUsd"]), usd(table["nowUsd"])
    change = (now or Decimal(0)) - (before or Decimal(0))
    return {"fqn": table["fqn"], "kind": table["kind"], "changeUsd": change, "beforeUsd": before, "nowUsd": now}


def _month(month: Mapping[str, Any]) -> dict[str, Any]:
    return {"month": month["month"], **{name: usd(value) for name, value in month.items() if name != "month"}}


def entries_of(rows: Sequence[Row]) -> list[BudgetEntry]:
    """Budgets as the rules take them."""
    return [
        BudgetEntry(id=row["id"], effective_from=row["effective_from"], monthly_usd=row["monthly_usd"]) for row in rows
    ]


def entry_view(row: Row) -> dict[str, Any]:
    """What somebody set."""
    return {
        "service": row["service"],
        "domain": row["domain"],
        "monthlyUsd": row["monthly_usd"],
        "from": row["effective_from"],
        "setBy": row["set_by"],
        "setAt": row["set_at"],
    }


def budget_view(
    rows: Sequence[Row], today: date, forecast: Row | None, document: ForecastDocument | None, level: int
) -> dict[str, Any] | None:
    """The budget that holds today, of all that was set for a place, against its forecast; None without one."""
    entries = entries_of(rows)
    holding = budget_on(entries, today)
    if holding is None or holding.monthly_usd is None:
        return None
    set_ = next(row for row in rows if row["id"] == holding.id)
    answer = {
        **entry_view(set_),
        "monthLimitUsd": usd(limit_of_month(entries, first_of_month(today))),
        "forecastDay": None, "status": None, "projectedUsd": None, "breaksOn": None, "breaksEarliest": None,
        "breaksLatest": None, "monthToDateUsd": None, "sameDaysLastMonthUsd": None,
    }  # fmt: skip
    if forecast is None or document is None or not document["scenarios"]:
        return answer
    day = forecast["day"]
    this_month = document["scenarios"][0]["months"][0]
    limit = limit_of_month(entries, first_of_month(day))
    breaks = break_of(entries, day, document["points"], level)
    return {
        **answer,
        "forecastDay": day,
        "status": None if limit is None else status_of(this_month["usd"], limit).value,
        "projectedUsd": usd(this_month["usd"]),
        "breaksOn": breaks.day,
        "breaksEarliest": breaks.earliest,
        "breaksLatest": breaks.latest,
        "monthToDateUsd": usd(document["monthToDate"]),
        "sameDaysLastMonthUsd": usd(document["sameDaysLastMonth"]),
    }
