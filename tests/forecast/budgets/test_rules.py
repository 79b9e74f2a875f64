"""Which budget holds, whether it will do, and when it breaks."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.forecast.budgets.rules import (
    BudgetEntry,
    BudgetStatus,
    break_of,
    budget_on,
    limit_of_month,
    limit_on,
    status_of,
)

TODAY = date(2026, 11, 20)


def entries(*given: tuple[date, str | None]) -> list[BudgetEntry]:
    """In the order in which they were set."""
    return [
        BudgetEntry(id=number, effective_from=day, monthly_usd=None if usd is None else Decimal(usd))
        for number, (day, usd) in enumerate(given)
    ]


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ([], None),
        ([(date(2026, 11, 21), "5")], None),
        ([(date(2026, 11, 20), "5")], 5.0),
        ([(date(2020, 1, 1), "5"), (date(2026, 1, 1), "7")], 7.0),
        # Set later for an earlier day: the later day still holds.
        ([(date(2026, 1, 1), "7"), (date(2020, 1, 1), "5")], 7.0),
        # Twice on one day: what was said last.
        ([(TODAY, "7"), (TODAY, "9")], 9.0),
        ([(date(2020, 1, 1), "5"), (TODAY, None)], None),
    ],
)
def test_which_one_holds(given: Any, limit: float | None) -> None:
    assert limit_on(entries(*given), TODAY) == limit


def test_changed_twice_in_a_month_each_part_counts_by_its_days() -> None:
    set_ = entries((date(2026, 11, 1), "30"), (date(2026, 11, 11), "60"), (date(2026, 11, 21), "90"))
    assert limit_of_month(set_, date(2026, 11, 1)) == 60.0
    assert limit_of_month(set_, date(2026, 12, 1)) == 90.0
    assert limit_of_month(set_, date(2026, 10, 1)) is None
    # Days without one do not count.
    assert limit_of_month(entries((date(2026, 11, 30), "30")), date(2026, 11, 1)) == 30.0


@pytest.mark.parametrize(
    ("projected", "limit", "status"),
    [
        (94.9, 100, "ON_TRACK"), (95, 100, "AT_RISK"), (100, 100, "AT_RISK"), (104.9, 100, "AT_RISK"), (105, 100, "OVER"),
        (0, 0, "ON_TRACK"), (0.01, 0, "OVER"), (0, 100, "ON_TRACK"), (1e13, 1e12, "OVER"),
    ],
)  # fmt: skip
def test_status(projected: float, limit: float, status: str) -> None:
    assert status_of(projected, limit) == BudgetStatus(status)


# Tomorrow 100, then 1 more each day, 7 up and down, 20 at 95 %.
POINTS = [[day, 99.0 + day, 92.0 + day, 106.0 + day, 79.0 + day, 119.0 + day] for day in range(1, 100, 7)]


@pytest.mark.parametrize(
    ("given", "level", "day", "earliest", "latest"),
    [
        ([(TODAY, "110.5")], 80, date(2026, 12, 2), date(2026, 11, 25), date(2026, 12, 9)),
        ([(TODAY, "110.5")], 95, date(2026, 12, 2), date(2026, 11, 21), date(2026, 12, 22)),
        ([(TODAY, "1000")], 80, None, None, None),
        ([(TODAY, "0")], 80, date(2026, 11, 21), date(2026, 11, 21), date(2026, 11, 21)),
        # The lower interval does not break it as far as is forecast.
        ([(TODAY, "195")], 95, date(2027, 2, 25), date(2027, 2, 5), None),
        # From December on there is more, until February when there is none.
        ([(TODAY, "104.5"), (date(2026, 11, 24), "500"), (date(2027, 2, 1), None)], 80, None, date(2026, 11, 21), None),
        # One that begins in a month cannot break before.
        ([(date(2026, 12, 20), "50")], 80, date(2026, 12, 20), date(2026, 12, 20), date(2026, 12, 20)),
        ([], 80, None, None, None),
    ],
)  # fmt: skip
def test_when_it_breaks(given: Any, level: int, day: Any, earliest: Any, latest: Any) -> None:
    found = break_of(entries(*given), TODAY, POINTS, level)
    assert (found.day, found.earliest, found.latest) == (day, earliest, latest)


def test_nothing_forecast_breaks_nothing() -> None:
    assert break_of(entries((TODAY, "1")), TODAY, [], 80).day is None


DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(st.lists(st.tuples(DAYS, st.none() | st.integers(0, 10**12).map(str)), max_size=6), DAYS, st.integers(0, 200))
def test_the_day_lies_in_its_range(given: Any, today: date, limit: int) -> None:
    found = break_of(entries((date(2020, 1, 1), str(limit)), *given), today, POINTS, 80)
    if found.day is not None:
        assert found.earliest is not None
        assert found.earliest <= found.day
        assert found.latest is None or found.day <= found.latest
        limits = limit_on(entries((date(2020, 1, 1), str(limit)), *given), found.day)
        assert limits is not None


@given(st.lists(st.tuples(DAYS, st.none() | st.just("5")), max_size=6), DAYS)
def test_history_is_never_rewritten(given: Any, day: date) -> None:
    before = budget_on(entries(*given), day)
    later = [*given, (date(2028, 1, 1), "9")]
    assert budget_on(entries(*later), day) == before
