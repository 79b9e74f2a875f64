"""Classes of states, the risk table, and the states that are taken as the days pass."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.support.second_verdicts import class_of, wilson_upper
from thirdeye.mirror.advisor import DaysSoFar, Population
from thirdeye.verdict.return_risk import (
    CLASSES,
    FUTURE_DAYS,
    IDLE_CLASSES,
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
    tables_like,
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


# Two variants of the watched days: every day, and every second one.
NEWEST = (700, 350)


def taken(
    uses: list[list[int]], since: list[int], variants: list[int], eligible: list[bool] | None = None
) -> StateCounts:
    """The states of tables with these watched times of use."""
    tables, variant = len(uses), np.array(variants)
    mask = np.ones(tables, np.bool_) if eligible is None else np.array(eligible)
    population = Population(variant=variant, since=np.array(since), newest=np.array(NEWEST), eligible=mask)
    past = PastStates(population, TODAY)
    last, number, gap = (np.zeros(tables, np.uint16) for _ in range(3))
    for day in sorted({time * (own + 1) for each, own in zip(uses, variants, strict=True) for time in each}):
        times = np.array([day, day // 2])
        past.before_day(times, DaysSoFar(last, number, gap))
        for table, each in enumerate(uses):
            time = int(times[variants[table]])
            if time * (variants[table] + 1) == day and time in each:
                gap[table] = max(gap[table], time - last[table]) if last[table] else 0
                last[table] = time
                number[table] += 1
    past.before_day(np.array(NEWEST) + 1, DaysSoFar(last, number, gap))
    return past.counts


def brute(
    uses: list[list[int]], since: list[int], variants: list[int], eligible: list[bool]
) -> dict[int, dict[int, list[int]]]:
    """By day and class: states, and how many of them were used again."""
    found: dict[int, dict[int, list[int]]] = {}
    for table, each in enumerate(uses):
        for place, time in enumerate(range(NEWEST[variants[table]] - FUTURE_DAYS, 0, -30)):
            before = [use for use in each if use <= time]
            idle = max(time - (before[-1] if before else since[table]), 0)
            pauses = [later - earlier for earlier, later in pairwise(before)]
            which = class_of(idle, max(pauses, default=0), len(before))
            if which is not None and eligible[table]:
                number = (IDLE_LIMITS.index(which[0]) * RATIO_CLASSES + which[1]) * USE_CLASSES + which[2]
                entry = found.setdefault(TODAY - FUTURE_DAYS - 30 * place, {}).setdefault(number, [0, 0])
                entry[0] += 1
                entry[1] += any(time < use <= time + FUTURE_DAYS for use in each)
    return found


@given(data=some.data())
def test_states_equal_those_counted_one_by_one(data: some.DataObject) -> None:
    tables = data.draw(some.integers(1, 6))
    variants = [data.draw(some.integers(0, 1)) for _ in range(tables)]
    ago = some.integers(0, 700) | some.sampled_from([0, 179, 180, 181, 210, 239, 240, 241, 359, 360, 361, 699])
    uses = [
        sorted({NEWEST[own] - each for each in data.draw(some.lists(ago, max_size=8)) if each < NEWEST[own]})
        for own in variants
    ]
    since = [data.draw(some.sampled_from([0, 0, 100, 340, 600])) for _ in range(tables)]
    eligible = [data.draw(some.sampled_from([True, True, False])) for _ in range(tables)]
    counts = taken(uses, since, variants, eligible)
    mine = {
        each: {int(place): [int(states[place]), int(counts.returned[each][place])] for place in np.flatnonzero(states)}
        for each, states in counts.states.items()
        if states.any()
    }
    assert mine == brute(uses, since, variants, eligible)
    again = StateCounts.of(counts.document())
    for (mine_sum, again_sum), until in product([(counts, again)], (TODAY, TODAY - 180, TODAY - 400)):
        assert all(np.array_equal(a, b) for a, b in zip(mine_sum.until(until), again_sum.until(until), strict=True))


def test_states_of_different_watched_days_are_counted_together() -> None:
    counts = taken([[1], [1], []], [0, 0, 0], [0, 1, 1])
    # The newest state of each, and no older one than 60 watched days after the first.
    assert counts.states[TODAY - FUTURE_DAYS].sum() == 3
    assert len(counts.states) == (700 - FUTURE_DAYS - 60) // 30 + 1


def test_variants_that_nobody_has_or_that_were_watched_too_briefly_have_no_states() -> None:
    nobody = Population(
        variant=np.array([1]), since=np.array([0]), newest=np.array([5_000, 239]), eligible=np.array([True])
    )
    past = PastStates(nobody, TODAY)
    past.before_day(np.array([5_001, 240]), DaysSoFar(np.array([1]), np.array([1]), np.array([0])))
    assert past.counts.states == {}


def test_tables_are_counted_once_where_states_are_counted_often() -> None:
    counts = taken([[1], [1], [1, 500], []], [0, 0, 0, 0], [0, 0, 0, 0])
    states, _ = counts.until(TODAY)
    table = RiskTable.of(states, counts.until(TODAY)[1])
    assert tables_like(counts.document(), 0) == (0, 0)
    assert int(table.states[RISKS - IDLE_CLASSES]) > 3
    # Idle for 60 to 89 days, at whatever pause and number of days.
    assert tables_like(counts.document(), RISKS - IDLE_CLASSES) == (4, 0)
    assert tables_like(counts.document(), RISKS - 1) == (0, 0)
    assert tables_like({}, 1) == (0, 0)


def test_only_a_future_that_is_over_counts() -> None:
    counts = taken([[1, 600]], [0], [0])
    for until in (TODAY, TODAY - 1, TODAY - 30):
        states, _ = counts.until(until)
        assert states.sum() == sum(each.sum() for day, each in counts.states.items() if day + FUTURE_DAYS <= until)
    assert counts.until(TODAY)[0].sum() > counts.until(TODAY - 30)[0].sum()
