"""A forecast as it is stored and answered: JSON of one place. Amounts are USD a month."""

from typing import NotRequired, TypedDict

from thirdeye.forecast.drivers import Driver
from thirdeye.forecast.months import ForecastMonth, Month
from thirdeye.forecast.table_costs.drivers import TableDriversDocument


class ShiftDocument(TypedDict):
    """A step that the facts explain."""

    day: str
    kind: str
    usd: float
    service: str | None


class ScenarioDocument(TypedDict):
    """What comes if something is done, by month."""

    kind: str
    months: list[ForecastMonth]


class IntervalDocument(TypedDict):
    """By how much the intervals were widened, from how many errors, and what share of errors they covered."""

    factor80: float
    factor95: float
    errors: int
    covered80: float | None
    covered95: float | None


class ForecastDocument(TypedDict):
    """All of it. `points` are days ahead every week with the mean and the limits of both intervals, as they come."""

    method: str
    measuredDays: int
    warnings: list[str]
    history: list[Month]
    scenarios: list[ScenarioDocument]
    levelShifts: list[ShiftDocument]
    drivers: list[Driver]
    # None until what tables cost is known of a week ago.
    tableDrivers: NotRequired[TableDriversDocument | None]
    intervals: IntervalDocument
    monthToDate: float | None
    sameDaysLastMonth: float | None
    points: list[list[float]]
