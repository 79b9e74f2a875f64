"""From days to months: what a month costs, as measured and as forecast, and what scenarios take off. Pure.

A month's cost is the mean over its days of what the estate costs a month on that day: the bill of the month.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypedDict

import numpy as np

from thirdeye.forecast.smoothing import Path
from thirdeye.inventory.columns import Array, day_number, day_of

MAX_MONTHS: Final = 24
# From the first day of any month to the end of the 24th.
HORIZON: Final = 730


class Month(TypedDict):
    """A month by its first day; USD, and of how many days; `reconstructed` out of what was before the first refresh."""

    month: str
    usd: float
    days: int
    reconstructed: bool


class ForecastMonth(TypedDict):
    """A month as forecast: USD with the limits of its 80 % and 95 % intervals."""

    month: str
    usd: float
    low80: float
    high80: float
    low95: float
    high95: float


@dataclass(frozen=True)
class Reduction:
    """From a day on so many USD a month less."""

    day: int
    usd: float


def first_of_month(day: date) -> date:
    """The first day of the month."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """The first day of the month after a month's first."""
    return (month + timedelta(days=32)).replace(day=1)


def history_of(measured: tuple[Array, Array], reconstructed: tuple[Array, Array]) -> list[Month]:
    """Months by the days and costs that were measured, and those without such days by the reconstructed ones, oldest first."""
    found = {month["month"]: month for month in months_of(*reconstructed, reconstructed=True)}
    found |= {month["month"]: month for month in months_of(*measured)}
    return [found[month] for month in sorted(found)]


def months_of(days: Array, cost: Array, *, reconstructed: bool = False) -> list[Month]:
    """The mean of each month's known days, oldest first; months without any are left out."""
    sums = dict[date, list[float]]()
    for number, usd in zip(days.tolist(), cost.tolist(), strict=True):
        day = day_of(number)
        if day is not None and np.isfinite(usd):
            sums.setdefault(first_of_month(day), []).append(usd)
    return [
        {"month": str(month), "usd": float(np.mean(values)), "days": len(values), "reconstructed": reconstructed}
        for month, values in sorted(sums.items())
    ]


def forecast_months(
    today: date, known: Array, path: Path, reductions: Iterable[Reduction] = (), *, months: int = MAX_MONTHS
) -> list[ForecastMonth]:
    """This month and those after it, `months` in all, after reductions; nothing costs less than 0.

    `known` holds what was measured of this month up to `today`, a value a day; `path` begins tomorrow. A month is as
    uncertain as its days, which err together.
    """
    ahead = np.arange(1, len(path.mean) + 1) + day_number(today)
    less = sum((reduction.usd * (ahead >= reduction.day) for reduction in reductions), np.zeros(len(ahead)))
    ways = {
        "usd": path.mean - less,
        "low80": path.mean - path.half80 - less,
        "high80": path.mean + path.half80 - less,
        "low95": path.mean - path.half95 - less,
        "high95": path.mean + path.half95 - less,
    }
    month, found = first_of_month(today), list[ForecastMonth]()
    for number in range(months):
        last = month.replace(day=monthrange(month.year, month.month)[1])
        part = (ahead >= day_number(month)) & (ahead <= day_number(last))
        before = known if number == 0 else np.zeros(0)
        means = {
            name: max(float(np.concatenate([before, np.maximum(way[part], 0.0)]).mean()), 0.0)
            for name, way in ways.items()
        }
        found.append(ForecastMonth(month=str(month), **means))  # type: ignore[typeddict-item]
        month = next_month(month)
    return found


def of_this_month(first_day: int, values: Array, today: date) -> Array:
    """The days of this month up to `today` of a filled series that ends today or before: later days are as its last."""
    start = max(day_number(first_of_month(today)) - first_day, 0)
    missing = max(day_number(today) - first_day + 1 - len(values), 0)
    part = np.concatenate([values, np.full(missing, values[-1])]) if len(values) else values
    known: Array = part[start:]
    return known


def open_item_reductions(items: Sequence[tuple[int, float, date | None]], today: date) -> tuple[list[Reduction], int]:
    """What open items save, of each table once, and how many have no due date: those count for nothing.

    An item is a table (or what else it is about), what it still saves a month, and its due date. One that is overdue is
    done tomorrow; of several about one table the one that saves most counts, from the earliest that saves as much.
    """
    best, without = dict[int, tuple[float, int]](), 0
    for table, usd, due in items:
        if due is None:
            without += 1
            continue
        day = max(day_number(due), day_number(today) + 1)
        known = best.get(table)
        if known is None or (usd, -day) > (known[0], -known[1]):
            best[table] = (usd, day)
    return [Reduction(day, usd) for usd, day in best.values() if usd > 0], without
