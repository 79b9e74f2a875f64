"""Which days are watched, and how many: gaps and runs at their edges, and against sets of days."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.inventory.columns import Mask
from thirdeye.inventory.watched_days import WatchedDays, confirmed_days, fill_gaps, watched_days

SPAN = 60
# A day number.
FIRST = 20_000


def mask(days: set[int]) -> Mask:
    return np.array([day in days for day in range(SPAN)], np.bool_)


def days_of(found: Mask) -> set[int]:
    return set(np.flatnonzero(found).tolist())


def watched(rows: set[int], runs: set[int] | None = None) -> set[int]:
    return days_of(watched_days(mask(rows), mask(runs or set())))


def confirmed(rows: set[int], runs: set[int] | None = None) -> set[int]:
    return days_of(confirmed_days(mask(rows), watched_days(mask(rows), mask(runs or set()))))


@pytest.mark.parametrize(
    ("rows", "days"),
    [
        (set(), set()),
        ({7}, {7}),
        ({10, 11}, {10, 11}),
        ({10, 12}, {10, 11, 12}),
        ({10, 14}, {10, 11, 12, 13, 14}),
        ({10, 15}, {10, 15}),
        ({10, 14, 19, 23}, {*range(10, 15), *range(19, 24)}),
        # What lies before the first day and after the last is no gap.
        ({2, SPAN - 2}, {2, SPAN - 2}),
    ],
)
def test_gaps_of_up_to_three_days_are_watched(rows: set[int], days: set[int]) -> None:
    assert watched(rows) == days


@pytest.mark.parametrize(
    ("rows", "days"),
    [
        (set(), set()),
        ({7}, {7}),
        ({10, 25}, set(range(10, 26))),
        ({10, 26}, {10, 26}),
        # Usage once a week.
        ({3, 10, 17, 24}, set(range(3, 25))),
        ({2, SPAN - 2}, {2, SPAN - 2}),
    ],
)
def test_a_confirmation_fills_gaps_of_up_to_fourteen_days(rows: set[int], days: set[int]) -> None:
    assert confirmed(rows) == days


@pytest.mark.parametrize(
    ("rows", "runs", "days"),
    [
        # A run reads its own day and the day before.
        ({10}, {11}, {10, 11}),
        ({10}, {20}, {10, 19, 20}),
        # The gap between a row and a run is one like another.
        ({10}, {15}, {10, 11, 12, 13, 14, 15}),
        ({10}, {16}, {10, 15, 16}),
        # Without a row in the 14 days before a day, the run may have read nothing.
        ({10}, {24}, {10, 23, 24}),
        ({10}, {25}, {10, 24}),
        ({10}, {26}, {10}),
        # One before the first row tells nothing, and one without any row neither.
        ({10}, {5, 9}, {10}),
        ({10}, {10}, {10}),
        (set(), {5, 9}, set()),
        # The day after the last has not come.
        ({SPAN - 2}, {SPAN - 1}, {SPAN - 2, SPAN - 1}),
        ({SPAN - 1}, {0}, {SPAN - 1}),
    ],
)
def test_a_run_is_somebody_who_looked(rows: set[int], runs: set[int], days: set[int]) -> None:
    assert watched(rows, runs) == days


def test_a_confirmation_does_not_reach_beyond_the_newest_row() -> None:
    assert confirmed({10, 20}, {30}) == {*range(10, 21), 29, 30}
    # It is of rows: what lies between a row and the days of a run stays unwatched.
    assert confirmed({10}, {20}) == {10, 19, 20}


def test_what_was_given_is_not_changed() -> None:
    rows = mask({10, 12})
    fill_gaps(rows, 3)
    assert days_of(rows) == {10, 12}


def filled(days: set[int], longest: int) -> set[int]:
    gaps = (range(day + 1, later) for day, later in pairwise(sorted(days)))
    return days | {day for gap in gaps if len(gap) <= longest for day in gap}


some_days = st.sets(st.integers(0, SPAN - 1))


@given(rows=some_days, runs=some_days)
def test_watched_days_are_those_of_the_rule(rows: set[int], runs: set[int]) -> None:
    by_run = {
        day
        for day in range(SPAN)
        if {day, day + 1} & runs and any(before in rows for before in range(day - 14, day + 1))
    }
    expected = filled(rows | by_run, 3)
    assert watched(rows, runs) == expected
    assert confirmed(rows, runs) == expected | filled(rows, 14)


@given(rows=some_days, runs=some_days, more=some_days)
def test_more_that_somebody_read_never_makes_a_day_unwatched(rows: set[int], runs: set[int], more: set[int]) -> None:
    assert watched(rows, runs) <= watched(rows | more, runs)
    assert watched(rows, runs) <= watched(rows, runs | more)
    assert watched(rows, runs) <= confirmed(rows, runs)
    assert rows <= watched(rows, runs)


# Days outside of those that are known, and unknown ones (0), too.
any_day = st.integers(FIRST - 5, FIRST + SPAN + 5) | st.just(0)


@given(
    variants=st.lists(some_days, min_size=1, max_size=3),
    tables=st.lists(st.tuples(st.integers(0, 2), any_day, any_day), min_size=1),
)
def test_watched_days_are_counted_as_by_hand(variants: list[set[int]], tables: list[tuple[int, int, int]]) -> None:
    counts = WatchedDays(FIRST, np.array([mask(days) for days in variants]))
    variant = np.array([number % len(variants) for number, _, _ in tables])
    after, until = (np.array(days) for days in zip(*[table[1:] for table in tables], strict=True))
    of_table = [{FIRST + day for day in variants[number]} for number in variant]
    assert counts.up_to(variant, until).tolist() == [
        len([day for day in days if day <= last]) for days, last in zip(of_table, until, strict=True)
    ]
    assert counts.between(variant, after, until).tolist() == [
        len([day for day in days if first < day <= last])
        for days, first, last in zip(of_table, after, until, strict=True)
    ]
