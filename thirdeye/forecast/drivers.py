"""What makes the slope: which services, and whether by new tables or by tables that grow. Pure."""

from collections.abc import Mapping
from typing import Final, TypedDict

import numpy as np

from thirdeye.forecast.daily_series import DailySeries

_DAYS: Final = 90
_DAYS_OF_MONTH: Final = 30.4375
MAX_DRIVERS: Final = 20


class Driver(TypedDict):
    """By how many USD a month what a service costs changes each month; of that by its number of tables, and by the rest."""

    service: str
    usdPerMonth: float
    newTablesUsd: float
    growthUsd: float
    newTables: int


def drivers(parts: Mapping[str, DailySeries], today: int) -> list[Driver]:
    """Of the last 90 days, the largest first; services without two known days are left out."""
    found = [driver for name, part in parts.items() if (driver := _driver(name, part, today)) is not None]
    found.sort(key=lambda driver: (-abs(driver["usdPerMonth"]), driver["service"]))
    return found[:MAX_DRIVERS]


def _driver(name: str, part: DailySeries, today: int) -> Driver | None:
    cost = part.cost
    known = np.flatnonzero(np.isfinite(cost) & (part.days > today - _DAYS))
    if len(known) < 2:
        return None
    first, last = known[0], known[-1]
    months = float(part.days[last] - part.days[first]) / _DAYS_OF_MONTH
    change, tables = float(cost[last] - cost[first]), int(part.tables[last] - part.tables[first])
    # New tables cost what tables of this service cost when the time began; without any, all is new.
    each = float(cost[first] / part.tables[first]) if part.tables[first] else None
    by_number = change if each is None else each * tables
    if not change and not tables:
        return None
    return {
        "service": name,
        "usdPerMonth": change / months,
        "newTablesUsd": by_number / months,
        "growthUsd": (change - by_number) / months,
        "newTables": tables,
    }
