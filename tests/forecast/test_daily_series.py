"""Series out of daily facts, and the steps in them that are known."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from thirdeye.forecast.daily_series import Shift, ShiftKind, filled, level_shifts, series_of, without_shifts
from thirdeye.forecast.drivers import drivers
from thirdeye.inventory.columns import day_number

FIRST = day_number(date(2026, 1, 1))


def series(storage: list[float | None], first: int = 0, **more: list[float | None]) -> Any:
    """A day each from the first of January plus `first` on."""
    names = {"query_usd": "query", "bytes": "bytes", "tables_count": "tables", "realized_usd": "realized"}
    rows = [
        {
            "day": date(2026, 1, 1 + first + number),
            "storage_usd": usd,
            **{column: (more[name][number] if name in more else None) for column, name in names.items()},
        }
        for number, usd in enumerate(storage)
    ]
    return series_of(reversed(rows))


@pytest.mark.parametrize(
    ("storage", "query", "cost"),
    [
        ([1.0, 2.0], [None, 3.0], [1.0, 5.0]),
        # Storage is known on other days: what is left of this one is not its cost.
        ([1.0, None], [5.0, 5.0], [6.0, None]),
        ([None, None], [5.0, None], [5.0, None]),
        ([None, None], [None, None], [None, None]),
    ],
)
def test_what_is_not_known_is_no_cost(storage: Any, query: Any, cost: Any) -> None:
    found = series(storage, query=query).cost
    assert [None if np.isnan(each) else each for each in found] == cost


@pytest.mark.parametrize(
    ("days", "values", "first", "expected"),
    [
        ([], [], 0, []),
        ([5, 6], [np.nan, np.inf], 0, []),
        ([5], [1.0], 5, [1.0]),
        ([5, 7, 10], [1.0, np.nan, 2.0], 5, [1.0, 1.0, 1.0, 1.0, 1.0, 2.0]),
    ],
)
def test_gaps_stay_as_they_were_before(days: Any, values: Any, first: int, expected: Any) -> None:
    found_first, found = filled(np.array(days, np.int64), np.array(values, np.float64))
    assert (found_first, found.tolist()) == (first, expected)


@pytest.mark.parametrize(
    ("whole", "parts", "prices", "expected"),
    [
        # A service that comes on the third day.
        (
            series([10.0, 10.0, 60.0]), {"a": series([10.0] * 3), "b": series([50.0], first=2)}, (),
            [(2, ShiftKind.SERVICE_ADDED, 50.0, "b")],
        ),
        (
            series([60.0, 60.0, 10.0]), {"a": series([10.0] * 3), "b": series([50.0, 50.0])}, (),
            [(2, ShiftKind.SERVICE_REMOVED, -50.0, "b")],
        ),
        # Twice the price; that there are more bytes on that day is no step.
        (
            series([10.0, 10.0, 22.0], bytes=[10.0, 10.0, 11.0]), {"a": series([10.0, 10.0, 22.0], bytes=[10.0, 10.0, 11.0])},
            [("a", FIRST + 2), ("a", FIRST - 9), ("other", FIRST + 1)], [(2, ShiftKind.PRICE_CHANGED, 11.0, "a")],
        ),
        (
            series([30.0, 20.0, 25.0], realized=[5.0, 15.0, 10.0]), {}, (),
            [(1, ShiftKind.PURGE, -10.0, None), (2, ShiftKind.RETURNED, 5.0, None)],
        ),
        # What goes with its service is one step, not two.
        (
            series([60.0, 10.0], realized=[0.0, 50.0]), {"a": series([10.0] * 2), "b": series([50.0])}, (),
            [(1, ShiftKind.SERVICE_REMOVED, -50.0, "b")],
        ),
        # A service is no step of its own.
        (series([60.0, 70.0], first=3), {"a": series([60.0, 70.0], first=3)}, (), []),
        (series([]), {}, (), []),
        (series([0.0, 0.0], realized=[0.0, 0.0]), {"a": series([0.0, 0.0])}, (), []),
    ],
)  # fmt: skip
def test_steps_are_known_from_the_facts(whole: Any, parts: Any, prices: Any, expected: Any) -> None:
    found = level_shifts(whole, parts, prices)
    assert [(shift.day - FIRST, shift.kind, shift.usd, shift.service) for shift in found] == expected


def test_without_its_steps_a_series_is_level() -> None:
    shifts = [
        Shift(day=FIRST + 2, kind=ShiftKind.SERVICE_ADDED, usd=50.0),
        Shift(day=FIRST + 4, kind=ShiftKind.PURGE, usd=-20.0),
    ]
    values = np.array([10.0, 10.0, 60.0, 60.0, 40.0])
    assert without_shifts(FIRST, values, shifts).tolist() == [40.0] * 5


def test_a_slope_is_of_new_tables_and_of_growth() -> None:
    part = series([100.0, 120.0, 180.0], tables=[10.0, 10.0, 15.0])
    (driver,) = drivers({"a": part, "idle": series([5.0, 5.0], tables=[1.0, 1.0])}, FIRST + 2)
    # Five more tables at 10 USD each make 50 of 80.
    assert driver["newTables"] == 5
    assert driver["newTablesUsd"] / driver["usdPerMonth"] == pytest.approx(50 / 80)
    assert driver["newTablesUsd"] + driver["growthUsd"] == pytest.approx(driver["usdPerMonth"])
