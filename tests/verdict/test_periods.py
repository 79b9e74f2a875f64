"""Cells, and the periods that are counted as the days pass."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.support.second_risk import Past, cell_of, number_of
from thirdeye.mirror.advisor import DaysSoFar, Population
from thirdeye.verdict.cells import CELLS, NO_CELL, cells_of, middles, parts_of_cell
from thirdeye.verdict.periods import PastPeriods, PeriodCounts, tables_like

# Two variants of the watched days: every day, and every second one.
NEWEST = (700, 350)


@given(idle=some.integers(0, 1200), pause=some.integers(0, 900), days=some.integers(0, 1200))
def test_cells_are_those_of_the_product(idle: int, pause: int, days: int) -> None:
    found = int(cells_of(np.array([idle]), np.array([pause]), np.array([days]))[0])
    expected = cell_of(idle, pause, days)
    assert found == (NO_CELL if expected is None else number_of(expected))
    assert found == NO_CELL or parts_of_cell(found) == expected


def test_the_middle_of_a_cell_lies_in_it() -> None:
    assert cells_of(*middles()).tolist() == list(range(CELLS))


def counted(
    uses: list[list[int]],
    since: list[int],
    variants: list[int],
    anchors: list[int] | None = None,
    eligible: list[bool] | None = None,
    rows: list[int] | None = None,
) -> PeriodCounts:
    """The periods of tables with these watched times of use; `rows`: of a row that tells of none, 0 without."""
    tables, variant = len(uses), np.array(variants)
    mask = np.ones(tables, np.bool_) if eligible is None else np.array(eligible)
    population = Population(
        variant=variant, since=np.array(since), anchor=np.array(anchors or [0] * tables), newest=np.array(NEWEST),
        eligible=mask,
    )  # fmt: skip
    past = PastPeriods(population)
    last, number, gap, first_row = (np.zeros(tables, np.uint16) for _ in range(4))
    told = [[*each, row] if row else each for each, row in zip(uses, rows or [0] * tables, strict=True)]
    for day in sorted({time * (own + 1) for each, own in zip(told, variants, strict=True) for time in each}):
        times = np.array([day, day // 2])
        past.before_day(times, DaysSoFar(last, number, gap, first_row))
        for table, each in enumerate(told):
            time = int(times[variants[table]])
            if first_row[table] == 0 and time * (variants[table] + 1) == day and time in each:
                first_row[table] = time
        for table, each in enumerate(uses):
            time = int(times[variants[table]])
            if time * (variants[table] + 1) == day and time in each:
                gap[table] = max(gap[table], time - last[table]) if last[table] else 0
                last[table] = time
                number[table] += 1
    past.before_day(np.array(NEWEST) + 1, DaysSoFar(last, number, gap, first_row))
    return past.counts


def pairs(all_of: np.ndarray, some_of: np.ndarray) -> dict[int, list[int]]:
    """By cell, where there are any."""
    return {int(cell): [int(all_of[cell]), int(some_of[cell])] for cell in np.flatnonzero(all_of)}


@given(data=some.data())
def test_periods_equal_those_counted_one_by_one(data: some.DataObject) -> None:
    tables = data.draw(some.integers(1, 6))
    variants = [data.draw(some.integers(0, 1)) for _ in range(tables)]
    ago = some.integers(0, 700) | some.sampled_from([0, 29, 30, 31, 59, 60, 61, 179, 180, 181, 210, 699])
    uses = [
        sorted({NEWEST[own] - each for each in data.draw(some.lists(ago, max_size=8)) if each < NEWEST[own]})
        for own in variants
    ]
    anchors = [data.draw(some.sampled_from([0, 0, 1, 17, 30, 95])) for _ in range(tables)]
    # A feed begins with its first use, if not before.
    anchors = [min([anchor, *(use - 1 for use in each)]) for anchor, each in zip(anchors, uses, strict=True)]
    since = [max(anchor, data.draw(some.sampled_from([0, 0, 100, 340, 600]))) for anchor in anchors]
    eligible = [data.draw(some.sampled_from([True, True, False])) for _ in range(tables)]
    rows = [data.draw(some.sampled_from([0, 0, anchor + 1, 150, 350])) for anchor in anchors]
    counts = counted(uses, since, variants, anchors, eligible, rows)
    past = Past()
    for table in range(tables):
        if eligible[table]:
            known = min(since[table], rows[table]) if rows[table] > anchors[table] else since[table]
            past.add(uses[table], anchor=anchors[table], since=known, newest=NEWEST[variants[table]])
    trials = pairs(*counts.trials())
    assert trials == {number_of(cell): found for cell, found in past.trials.items()}
    by_age = defaultdict[int, dict[int, list[int]]](dict)
    for (age, cell), found in past.tables.items():
        by_age[age][number_of(cell)] = found
    mine = {age: pairs(each.tables, each.returned) for age, each in counts.ages.items()}
    assert {age: found for age, found in mine.items() if found} == by_age
    again = PeriodCounts.from_document(counts.document())
    for age in (0, 1, 6, 12):
        before, after = pairs(*counts.trials(age)), pairs(*again.trials(age))
        assert before == after


@given(uses=some.sets(some.integers(1, 700), max_size=8), cut=some.integers(1, 23))
def test_only_periods_that_were_over_by_an_age_count(uses: set[int], cut: int) -> None:
    """What was known so many periods ago is what a refresh of that day counted."""
    counts = counted([sorted(uses)], [0], [0])
    past = Past()
    past.add(sorted(uses), anchor=0, since=0, newest=700 - 30 * cut)
    known = pairs(*counts.trials(cut))
    assert known == {number_of(cell): found for cell, found in past.trials.items()}


def test_an_incomplete_last_period_is_none() -> None:
    # Watched time 690 begins one that 700 does not end.
    assert int(counted([[1]], [0], [0]).trials()[0].sum()) == len(range(60, 671, 30))
    assert counted([[1, 695]], [0], [0]).trials()[1].sum() == 0
    assert counted([[1, 690]], [0], [0]).trials()[1].sum() == 1


def test_pauses_are_compared_with_the_longest_before() -> None:
    trials, used = counted([[1, 31, 200]], [0], [0]).trials()
    assert sum(pause for earlier, later in pairwise([1, 31, 200]) if (pause := later - earlier) > 30) == 169
    assert int(used.sum()) == 1
    assert trials[number_of(cell_of(149, 30, 2) or (0, 0, 0))] == 1


def test_groups_that_nobody_is_in_or_that_were_watched_too_briefly_have_no_periods() -> None:
    population = Population(
        variant=np.array([1]), since=np.array([0]), anchor=np.array([0]), newest=np.array([5_000, 59]),
        eligible=np.array([True]),
    )  # fmt: skip
    past = PastPeriods(population)
    past.before_day(np.array([5_001, 60]), DaysSoFar(np.array([1]), np.array([1]), np.array([0]), np.array([1])))
    assert past.counts.trials()[0].sum() == 0
    nobody = Population(
        variant=np.zeros(0, np.int64), since=np.zeros(0), anchor=np.zeros(0, np.int64), newest=np.array([700]),
        eligible=np.zeros(0, np.bool_),
    )  # fmt: skip
    none = PastPeriods(nobody)
    none.before_day(np.array([701]), DaysSoFar(*(np.zeros(0) for _ in range(4))))
    assert none.counts.ages == {}


@pytest.mark.parametrize("newest", [1, 29, 30, 31, 59, 60, 61, 399, 400])
def test_any_length_of_history_has_as_many_trials_as_periods_fit(newest: int) -> None:
    population = Population(
        variant=np.array([0]), since=np.array([0]), anchor=np.array([0]), newest=np.array([newest]),
        eligible=np.array([True]),
    )  # fmt: skip
    past = PastPeriods(population)
    past.before_day(np.array([newest + 1]), DaysSoFar(*(np.zeros(1, np.uint16) for _ in range(4))))
    trials, used = past.counts.trials()
    assert (trials.sum(), used.sum()) == (max(newest // 30 - 1, 0), 0)


def test_tables_are_counted_once_where_trials_are_counted_often() -> None:
    counts = counted([[1], [1], [1, 500], []], [0, 0, 0, 0], [0, 0, 0, 0])
    document = counts.document()
    cell = number_of(cell_of(119, 0, 1) or (0, 0, 0))
    # They are few, so that tables of any number of days of use and any ratio count.
    assert tables_like(document, cell) == (3, 0)
    assert tables_like(document, CELLS - 1) == (0, 0)
    assert tables_like({}, 1) == (0, 0)
    many = {"6": [[cell, 0, 0, 60, 2], [cell + 1, 0, 0, 9, 9]], "7": [[cell, 0, 0, 50, 1]]}
    assert tables_like(many, cell) == (60, 2)
    assert tables_like(many, cell + 1) == (69, 11)
