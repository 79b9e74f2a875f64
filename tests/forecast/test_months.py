"""Months and scenarios, by hand."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.forecast.months import (
    HORIZON,
    MAX_MONTHS,
    Reduction,
    forecast_months,
    history_of,
    months_of,
    next_month,
    of_this_month,
    open_item_reductions,
)
from thirdeye.forecast.smoothing import Path
from thirdeye.inventory.columns import day_number


def flat(usd: float, half80: float = 0.0, half95: float = 0.0) -> Path:
    return Path(*(np.full(HORIZON, each) for each in (usd, half80, half95)))


@pytest.mark.parametrize(
    ("reductions", "expected"),
    [
        ([], [100.0, 100.0, 100.0]),
        # Nov 21 to 30: ten of thirty days at 70.
        ([(date(2026, 11, 21), 30.0)], [90.0, 70.0, 70.0]),
        # Overdue and due in the middle of January: 16 of 31 days.
        ([(date(2026, 11, 21), 30.0), (date(2027, 1, 16), 31.0)], [90.0, 70.0, 70.0 - 16.0]),
        ([(date(2026, 12, 1), 500.0)], [100.0, 0.0, 0.0]),
    ],
)
def test_scenarios_take_off_what_they_save_from_its_day_on(
    reductions: list[tuple[date, float]], expected: list[float]
) -> None:
    made = [Reduction(day_number(day), usd) for day, usd in reductions]
    months = forecast_months(date(2026, 11, 20), np.full(20, 100.0), flat(100), made, months=3)
    assert [month["usd"] for month in months] == pytest.approx(expected)
    assert [month["month"] for month in months] == ["2026-11-01", "2026-12-01", "2027-01-01"]


def test_this_month_is_half_measured() -> None:
    (month,) = forecast_months(date(2026, 11, 15), np.full(15, 10.0), flat(30, 10, 20), months=1)
    assert (month["usd"], month["low80"], month["high95"]) == pytest.approx((20.0, 15.0, 30.0))


@given(st.dates(date(2001, 1, 1), date(2140, 1, 1)), st.integers(1, MAX_MONTHS))
def test_the_horizon_reaches_to_the_end_of_the_last_month(today: date, months: int) -> None:
    found = forecast_months(today, np.full(today.day, 5.0), flat(5, 2, 3), months=months)
    assert len(found) == months
    assert (next_month(date.fromisoformat(found[-1]["month"])) - today).days <= HORIZON + 1
    for month in found:
        assert 0 <= month["low95"] <= month["low80"] <= month["usd"] <= month["high80"] <= month["high95"]
        assert month["usd"] == pytest.approx(5)


def test_measured_months_are_means_of_what_is_known() -> None:
    days = np.array([day_number(date(2026, 1, 30)), day_number(date(2026, 1, 31)), day_number(date(2026, 3, 1))])
    months = months_of(days, np.array([10.0, 20.0, np.nan]))
    assert months == [{"month": "2026-01-01", "usd": 15.0, "days": 2, "reconstructed": False}]
    before = (days - 31, np.array([1.0, 3.0, 5.0]))
    whole = history_of((days, np.array([10.0, 20.0, np.nan])), before)
    assert [(month["month"][:7], month["usd"], month["reconstructed"]) for month in whole] == [
        ("2025-12", 2.0, True), ("2026-01", 15.0, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "values", "today", "known"),
    [
        (date(2026, 10, 30), [1.0, 2.0, 3.0, 4.0], date(2026, 11, 2), [3.0, 4.0]),
        (date(2026, 11, 2), [1.0], date(2026, 11, 4), [1.0, 1.0, 1.0]),
        (date(2026, 11, 2), [], date(2026, 11, 4), []),
    ],
)
def test_the_days_of_this_month(first: date, values: list[float], today: date, known: list[float]) -> None:
    assert of_this_month(day_number(first), np.array(values), today).tolist() == known


TODAY = date(2026, 11, 20)
SOON, LATE = date(2026, 12, 1), date(2027, 2, 1)


@pytest.mark.parametrize(
    ("items", "reductions", "without"),
    [
        ([], [], 0),
        ([(1, 5.0, None)], [], 1),
        # Overdue: tomorrow.
        ([(1, 5.0, date(2026, 1, 1))], [(date(2026, 11, 21), 5.0)], 0),
        # One table, two items: once, and by the sooner of two that save as much.
        ([(1, 5.0, LATE), (1, 5.0, SOON), (1, 3.0, TODAY)], [(SOON, 5.0)], 0),
        # What was realized already is not saved again.
        ([(1, 0.0, SOON), (2, -1.0, SOON)], [], 0),
    ],
)
def test_open_items_save_by_their_due_dates(items: Any, reductions: Any, without: int) -> None:
    found, missing = open_item_reductions(items, TODAY)
    assert [(each.day, each.usd) for each in found] == [(day_number(day), usd) for day, usd in reductions]
    assert missing == without
