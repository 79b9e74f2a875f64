"""Classes of states, the risk table, and the states that are taken as the days pass."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.support.second_verdicts import class_of, wilson_upper
from thirdeye.verdict.return_risk import (
    CLASSES,
    FUTURE_DAYS,
    IDLE_LIMITS,
    MIN_STATES,
    NO_CLASS,
    RATIO_CLASSES,
    RISKS,
    USE_CLASSES,
    PastStates,
    RiskTable,
    StateCounts,
    classify,
    describe_class,
    upper_bound,
    wilson_interval,
)

TODAY = 20_000


@given(idle=some.integers(0, 900), pause=some.integers(0, 900), days=some.integers(0, 900))
def test_classes_are_those_of_the_product(idle: int, pause: int, days: int) -> None:
    found = int(classify(np.array([idle]), np.array([pause]), np.array([days]))[0])
    expected = class_of(idle, pause, days)
    if expected is None:
        assert found == NO_CLASS
    else:
        limit, ratio, use = expected
        assert found == (IDLE_LIMITS.index(limit) * RATIO_CLASSES + ratio) * USE_CLASSES + use


def test_every_class_has_words_of_its_own() -> None:
    words = [describe_class(number) for number in range(RISKS)]
    assert len(set(words)) == RISKS
    assert describe_class(1) == "idle for 60 to 89 days, without a pause before, used on 0 days"
    assert words[-1] == "idle for 540 or more days"


@pytest.mark.parametrize(
    ("returned", "states", "upper"),
    [(0, 200, 0.01885), (3, 1240, 0.00709), (10, 200, 0.08961), (200, 200, 1.0), (0, 0, 1.0)],
)
def test_the_upper_end_of_the_interval(returned: int, states: int, upper: float) -> None:
    assert upper_bound(returned, states) == pytest.approx(upper, abs=5e-5)


@given(states=some.integers(1, 5000), data=some.data())
def test_more_returns_never_lower_the_risk_and_the_share_lies_between(states: int, data: some.DataObject) -> None:
    returned = data.draw(some.integers(0, states - 1))
    lower, upper = wilson_interval(returned, states)
    assert lower <= returned / states <= upper
    assert upper_bound(returned + 1, states) >= upper
    assert upper == pytest.approx(wilson_upper(returned, states), rel=1e-12)


def test_a_class_with_too_few_states_is_taken_with_its_neighbours() -> None:
    states, returned = np.zeros(CLASSES, np.int64), np.zeros(CLASSES, np.int64)
    width = RATIO_CLASSES * USE_CLASSES
    states[0], returned[0] = MIN_STATES, 1
    states[1] = MIN_STATES - 1
    states[width], states[width + USE_CLASSES] = 150, 50
    states[2 * width] = MIN_STATES - 1
    table = RiskTable.of(states, returned)
    numbers = table.number_of
    assert (table.states[numbers[0]], table.returned[numbers[0]]) == (MIN_STATES, 1)
    # Together with all of the same idle days and ratio.
    assert (table.states[numbers[1]], table.returned[numbers[1]]) == (2 * MIN_STATES - 1, 1)
    # With all of the same idle days.
    assert table.states[numbers[width]] == table.states[numbers[width + USE_CLASSES]] == 200
    assert numbers[2 * width] == 0
    assert np.isnan(table.risks[0])
    assert table.risks[numbers[0]] == upper_bound(1, MIN_STATES)


def taken(uses: list[list[int]], created: list[int], services: list[int], count: int = 1) -> StateCounts:
    """The states of tables with these days of use (days before today)."""
    tables = len(uses)
    past = PastStates(np.array(created), np.ones(tables, np.bool_), np.array(services), TODAY)
    last, number, gap = (np.zeros(tables, np.uint16) for _ in range(3))
    first_row = np.zeros(count, np.int64)
    days = sorted({TODAY - ago for each in uses for ago in each})
    for day in [*days, TODAY + 1]:
        past.before_day(day, last, number, gap, first_row)
        for table, each in enumerate(uses):
            if TODAY - day in each:
                gap[table] = max(gap[table], day - last[table]) if last[table] else 0
                last[table] = day
                number[table] += 1
                first_row[services[table]] = first_row[services[table]] or day
    return past.counts


def brute(uses: list[list[int]], created: list[int], services: list[int]) -> dict[int, dict[int, list[int]]]:
    first: dict[int, int] = {}
    for table, each in enumerate(uses):
        for ago in each:
            first[services[table]] = min(first.get(services[table], TODAY), TODAY - ago)
    found: dict[int, dict[int, list[int]]] = {}
    for day in range(TODAY - FUTURE_DAYS, 0, -30):
        for table, each in enumerate(uses):
            since = first.get(services[table])
            if since is None or since > day or created[table] > day:
                continue
            before = sorted(TODAY - ago for ago in each if TODAY - ago <= day)
            idle = day - (before[-1] if before else max(since, created[table]))
            pauses = [later - earlier for earlier, later in pairwise(before)]
            which = class_of(idle, max(pauses, default=0), len(before))
            if which is not None:
                place = (IDLE_LIMITS.index(which[0]) * RATIO_CLASSES + which[1]) * USE_CLASSES + which[2]
                entry = found.setdefault(day, {}).setdefault(place, [0, 0])
                entry[0] += 1
                entry[1] += any(day < TODAY - ago <= day + FUTURE_DAYS for ago in each)
    return found


@given(data=some.data())
def test_states_equal_those_counted_one_by_one(data: some.DataObject) -> None:
    tables = data.draw(some.integers(1, 6))
    day = (
        some.integers(0, 700)
        if data.draw(some.booleans())
        else some.sampled_from([0, 179, 180, 181, 210, 359, 360, 361, 700])
    )
    uses = [sorted(set(data.draw(some.lists(day, max_size=8))), reverse=True) for _ in range(tables)]
    created = [data.draw(some.sampled_from([0, 0, TODAY - 600, TODAY - 300, TODAY - 100])) for _ in range(tables)]
    services = [data.draw(some.integers(0, 1)) for _ in range(tables)]
    counts = taken(uses, created, services, 2)
    expected = brute(uses, created, services)
    mine = {
        each: {int(place): [int(states[place]), int(counts.returned[each][place])] for place in np.flatnonzero(states)}
        for each, states in counts.states.items()
        if states.any()
    }
    assert mine == expected
    again = StateCounts.of(counts.document())
    for (mine_sum, again_sum), until in product([(counts, again)], (TODAY, TODAY - 180, TODAY - 400)):
        assert all(np.array_equal(a, b) for a, b in zip(mine_sum.until(until), again_sum.until(until), strict=True))


def test_only_a_future_that_is_over_counts() -> None:
    counts = taken([[700, 100]], [0], [0])
    for until in (TODAY, TODAY - 1, TODAY - 30):
        states, _ = counts.until(until)
        assert states.sum() == sum(each.sum() for day, each in counts.states.items() if day + FUTURE_DAYS <= until)
    assert counts.until(TODAY)[0].sum() > counts.until(TODAY - 30)[0].sum()
