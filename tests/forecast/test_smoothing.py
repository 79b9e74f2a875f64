"""Forecasts without a library, and how wide their intervals have to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.forecast.intervals import DEFAULT_FACTORS, MIN_ERRORS, learn, origins, ratios
from thirdeye.forecast.smoothing import Path, naive, smooth

VALUES = st.lists(st.floats(0, 1e9), min_size=1, max_size=60)


@given(VALUES, st.integers(1, 60))
def test_they_are_finite_and_never_narrower_with_time(values: list[float], horizon: int) -> None:
    for path in (naive(np.array(values), horizon), smooth(np.array(values), horizon)):
        assert len(path.mean) == len(path.half80) == len(path.half95) == horizon
        assert np.isfinite([path.mean, path.half80, path.half95]).all()
        assert (np.diff(path.half80) >= 0).all()
        assert (path.half95 >= path.half80).all()
        assert min(values) - 1 <= path.mean[0] <= max(values) + 1


@pytest.mark.parametrize(
    ("values", "mean", "narrow"),
    [([0.0] * 20, 0.0, True), ([7.0] * 20, 7.0, True), ([1.0] * 10 + [9.0] * 10, 9.0, False)],
)
def test_defined_answers(values: list[float], mean: float, narrow: bool) -> None:
    path = smooth(np.array(values), 3)
    assert path.mean.tolist() == pytest.approx([mean] * 3, abs=0.01)
    assert (path.half80.max() == 0) == narrow
    # The last value is wide on purpose, and be it that it never changed.
    assert (naive(np.array(values), 3).half80 > 0).all() == (values[-1] > 0)


def test_widened_intervals_hold_one_another() -> None:
    path = Path(np.zeros(2), np.ones(2), np.full(2, 1.5)).widened(3.0, 1.0, 7)
    assert path.half80.tolist() == [3.0, 3.0] == path.half95.tolist()


def test_beyond_what_could_be_tested_they_grow_faster() -> None:
    path = Path(np.zeros(70), np.ones(70), np.ones(70)).widened(1.0, 1.0, 7)
    assert path.half80[:7].tolist() == [1.0] * 7
    assert path.half80[69] == pytest.approx(10**0.4)


@pytest.mark.parametrize(
    ("days", "expected"),
    [(13, []), (20, []), (21, [(14, 7)]), (30, [(20, 10), (15, 10)]), (400, [(310, 90), (265, 90)])],
)
def test_origins_leave_a_past_and_a_third_to_come(days: int, expected: list[tuple[int, int]]) -> None:
    assert origins(days) == expected


def test_factors_are_what_would_have_covered() -> None:
    generator = np.random.default_rng(7)
    # Twice as far off as the model says.
    errors = [np.abs(generator.normal(0, 2, (1, 3))) / np.array([[1.2816], [1.96]]) for _ in range(300)]
    found = learn(errors)
    assert found.errors == 900
    assert found.factor80 == pytest.approx(2, abs=0.2)
    assert found.factor95 == pytest.approx(2, abs=0.2)
    assert found.covered80 == pytest.approx(0.80, abs=0.04)
    assert found.covered95 == pytest.approx(0.95, abs=0.02)


def test_of_few_errors_nothing_is_learnt() -> None:
    found = learn([np.ones((2, 3))] * (MIN_ERRORS // 3 - 1))
    assert (found.factor80, found.factor95, found.covered80) == (*DEFAULT_FACTORS, None)
    assert learn([]).errors == 0


def test_a_model_that_never_errs_has_missed_nothing() -> None:
    path = Path(np.full(9, 5.0), np.zeros(9), np.zeros(9))
    assert ratios(path, np.full(9, 5.0)).max() == 0
    assert ratios(path, np.full(9, 6.0)).min() == 1e6
    # It stays finite, and intervals are never widened without end.
    assert learn([ratios(path, np.full(9, 6.0))] * 30).factor80 == 5.0
