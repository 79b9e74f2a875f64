"""The forecast of one place out of its past and a fitted model. Pure."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np

from thirdeye.forecast.daily_series import DailySeries, Shift, without_shifts
from thirdeye.forecast.documents import ForecastDocument, IntervalDocument, ScenarioDocument
from thirdeye.forecast.drivers import drivers
from thirdeye.forecast.intervals import Widening, tested_days
from thirdeye.forecast.months import Reduction, first_of_month, forecast_months, history_of, of_this_month
from thirdeye.forecast.smoothing import MIN_DAYS, Method, Path
from thirdeye.forecast.table_costs.drivers import TableDriversDocument
from thirdeye.inventory.columns import Array, day_number, day_of

_DECIMALS: Final = 6
_STEP: Final = 7


class Scenario(StrEnum):
    """What is done meanwhile."""

    AS_IS = "AS_IS"
    RECOMMENDED_DONE = "RECOMMENDED_DONE"
    OPEN_ITEMS_DONE = "OPEN_ITEMS_DONE"


@dataclass(frozen=True, kw_only=True)
class PlaceHistory:
    """What was measured of a place up to `today`: `values` is the cost of each day from `first_day` on, without gaps."""

    today: date
    series: DailySeries
    # Of days before the first refresh; nothing is forecast from it.
    reconstructed: DailySeries
    parts: Mapping[str, DailySeries]
    shifts: Sequence[Shift]
    first_day: int
    values: Array
    measured_days: int

    @cached_property
    def level(self) -> Array:
        """The cost of each day as if every known step had been there from the start: what is left may be trend."""
        return without_shifts(self.first_day, self.values, self.shifts)


def document_of(
    past: PlaceHistory,
    fitted: tuple[Method, Path],
    widening: Widening,
    *,
    potential: Reduction | None,
    open_items: Sequence[Reduction],
    undated_items: int,
    with_extra: bool,
    tables: TableDriversDocument | None = None,
) -> ForecastDocument:
    """The forecast with its scenarios. `past.values` has one day at least; `potential` is None where it is not known."""
    method, path = fitted
    # The last value is as wide as it is on purpose.
    if method is not Method.NAIVE:
        path = path.widened(widening.factor80, widening.factor95, tested_days(past.measured_days))
    known = of_this_month(past.first_day, past.values, past.today)
    scenarios: list[tuple[Scenario, Sequence[Reduction]]] = [(Scenario.AS_IS, ())]
    if potential is not None:
        scenarios.append((Scenario.RECOMMENDED_DONE, (potential,)))
    scenarios.append((Scenario.OPEN_ITEMS_DONE, open_items))
    to_date, before = _months_to_date(past)
    return {
        "method": method.value,
        "measuredDays": past.measured_days,
        "warnings": _warnings(past, method, potential, undated_items, with_extra=with_extra),
        "history": history_of(
            (past.series.days, past.series.cost), (past.reconstructed.days, past.reconstructed.cost)
        ),
        "scenarios": [
            ScenarioDocument(kind=kind.value, months=forecast_months(past.today, known, path, reductions))
            for kind, reductions in scenarios
        ],
        "levelShifts": [
            {"day": str(day_of(shift.day)), "kind": shift.kind.value, "usd": shift.usd, "service": shift.service}
            for shift in past.shifts
        ],
        "drivers": drivers(past.parts, day_number(past.today)),
        "tableDrivers": tables,
        "intervals": IntervalDocument(
            factor80=widening.factor80, factor95=widening.factor95, errors=widening.errors,
            covered80=widening.covered80, covered95=widening.covered95,
        ),
        "monthToDate": to_date,
        "sameDaysLastMonth": before,
        "points": _points(path),
    }  # fmt: skip


def nothing_known() -> ForecastDocument:
    """The forecast of a place of whose cost nothing is known."""
    return {
        "method": Method.NAIVE.value, "measuredDays": 0, "history": [], "scenarios": [], "levelShifts": [], "drivers": [],
        "warnings": ["nothing is known of what it costs: no size and no cost of queries"],
        "intervals": {"factor80": 1.0, "factor95": 1.0, "errors": 0, "covered80": None, "covered95": None},
        "monthToDate": None, "sameDaysLastMonth": None, "points": [],
    }  # fmt: skip


def _warnings(
    past: PlaceHistory, method: Method, potential: Reduction | None, undated: int, *, with_extra: bool
) -> list[str]:
    found = []
    if method is Method.NAIVE:
        days = f"{past.measured_days} day{'s' * (past.measured_days != 1)}"
        found.append(f"only {days} of the {MIN_DAYS} that a forecast needs were measured: it is the last value")
    elif method is Method.SMOOTHING and not with_extra:
        found.append(
            "the worker lacks the extra `forecast`: simple smoothing stands in for better models; "
            "install it with pip install 'thirdeye[forecast]'"
        )
    elif method is Method.SMOOTHING:
        found.append("no better model could be fitted: simple smoothing stands in")
    if potential is None:
        found.append("what the recommended actions save is not known: that scenario is left out")
    if undated:
        one = undated == 1
        found.append(
            f"{undated} open item{'' if one else 's'} without a due date {'counts' if one else 'count'} for nothing in "
            "the scenario of open items"
        )
    return found


def _points(path: Path) -> list[list[float]]:
    ways = (
        path.mean, path.mean - path.half80, path.mean + path.half80, path.mean - path.half95, path.mean + path.half95,
    )  # fmt: skip
    days = np.arange(0, len(path.mean), _STEP)
    columns = [days + 1.0, *(np.maximum(way[days], 0.0).round(_DECIMALS) for way in ways)]
    points: list[list[float]] = np.stack(columns, axis=1).tolist()
    return points


def _months_to_date(past: PlaceHistory) -> tuple[float | None, float | None]:
    """The bill of this month up to today, and of the same days of the month before; None where days lack."""
    today = past.today
    before = today.replace(day=1) - timedelta(days=1)
    last_month = before.replace(day=min(today.day, before.day))
    return _bill(past, today), _bill(past, last_month)


def _bill(past: PlaceHistory, until: date) -> float | None:
    first = day_number(first_of_month(until)) - past.first_day
    days = past.values[max(first, 0) : day_number(until) - past.first_day + 1]
    if first < 0 or not len(days):
        return None
    return float(days.sum()) / monthrange(until.year, until.month)[1]
