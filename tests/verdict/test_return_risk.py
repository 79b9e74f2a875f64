"""The return risk against a second computation in plain Python, and its prior."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.support.second_risk import Chances, cell_of, chosen, fitted, number_of, rounded_up
from thirdeye.inventory.verdicts import RISKS, risk_deciles, risk_numbers
from thirdeye.verdict.calibration import IDENTITY, Calibration
from thirdeye.verdict.cells import CELLS, PERIOD_DAYS, parts_of_cell
from thirdeye.verdict.logistic_regression import Gaussian, chances_of, posterior, posterior_draws
from thirdeye.verdict.prior import PriorProblem, packaged_prior, prior_document, prior_of, read_prior
from thirdeye.verdict.return_risk import COEFFICIENTS, DRAWS, SEED, Prior, RiskModel, design, with_season

some_trials = some.dictionaries(some.integers(0, CELLS - 1), some.tuples(some.integers(1, 400), some.integers(0, 400)))


def counts(trials: dict[int, tuple[int, int]]) -> tuple[Any, Any]:
    """Arrays of trials and used by cell."""
    all_of, some_of = (np.zeros(CELLS, np.int64) for _ in range(2))
    for cell, (tried, used) in trials.items():
        all_of[cell], some_of[cell] = tried, min(tried, used)
    return all_of, some_of


def risk(model: RiskModel, idle: int, pause: int, days: int) -> tuple[float, float]:
    found = model.risks(np.array([idle]), np.array([pause]), np.array([days]))
    return float(found.expected[0]), float(found.upper[0])


@settings(max_examples=15)
@given(some_trials)
def test_coefficients_are_those_of_the_second_computation(trials: dict[int, tuple[int, int]]) -> None:
    prior, (all_of, some_of) = packaged_prior(), counts(trials)
    found = posterior(design(), all_of, some_of, prior)
    by_cell = {parts_of_cell(cell): [int(all_of[cell]), int(some_of[cell])] for cell in trials}
    mean, covariance = fitted(by_cell, prior.mean.tolist(), prior.covariance.tolist())
    assert found.mean == pytest.approx(np.array(mean), abs=1e-6)
    assert found.covariance == pytest.approx(np.array(covariance), abs=1e-5)


@settings(max_examples=15)
@given(
    some_trials,
    some.lists(
        some.tuples(some.integers(30, 1000), some.integers(0, 900), some.integers(0, 400)), min_size=1, max_size=6
    ),
)
def test_risks_are_those_of_the_second_computation(
    trials: dict[int, tuple[int, int]], tables: list[tuple[int, int, int]]
) -> None:
    prior = packaged_prior()
    known = posterior(design(), *counts(trials), prior)
    draws = posterior_draws(design(), *counts(trials), prior, known, DRAWS, SEED)
    calibration = (prior.calibration.expected, prior.calibration.happened)
    model, chances = RiskModel(known, prior, draws), Chances(draws.tolist(), calibration)
    found = model.risks(*(np.array(column) for column in zip(*tables, strict=True)))
    for place, table in enumerate(tables):
        expected, upper = chances.risks(*table)
        assert found.expected[place] == pytest.approx(expected, abs=1e-6)
        assert found.upper[place] == pytest.approx(upper, abs=1e-6)
        assert 0 <= found.expected[place] <= 1
        assert 0 <= found.upper[place] <= 1


@pytest.mark.parametrize(
    "trials",
    [{}, {0: (40, 3)}, {12: (300, 0), 70: (40, 40)}, {cell: (25 + cell % 7, cell % 5) for cell in range(0, CELLS, 40)}],
)
def test_draws_are_those_that_the_second_computation_chooses(trials: dict[int, tuple[int, int]]) -> None:
    prior, (all_of, some_of), count = packaged_prior(), counts(trials), 20
    known = posterior(design(), all_of, some_of, prior)
    by_cell = {parts_of_cell(cell): [int(all_of[cell]), int(some_of[cell])] for cell in trials}
    candidates = known.draws(10 * count, SEED).tolist()
    gaussians = [(each.mean.tolist(), each.covariance.tolist()) for each in (prior, known)]
    draws = posterior_draws(design(), all_of, some_of, prior, known, count, SEED)
    assert draws.tolist() == chosen(by_cell, candidates, *gaussians, count)


def test_draws_have_the_skew_of_what_is_known() -> None:
    """Of one coefficient, against the distribution worked out on a grid."""
    prior, one = Gaussian(np.array([-2.0]), np.array([[4.0]])), np.ones((1, 1))
    trials, used = np.array([60]), np.array([0])
    known = posterior(one, trials, used, prior)
    grid = np.linspace(-14, 4, 20_001)
    density = np.exp(-60 * np.logaddexp(0, grid) - (grid + 2) ** 2 / 8)
    exact = grid[np.searchsorted(np.cumsum(density) / density.sum(), [0.025, 0.5, 0.975])]
    drawn = np.quantile(posterior_draws(one, trials, used, prior, known, 4_000, 1), [0.025, 0.5, 0.975])
    assert drawn == pytest.approx(exact, abs=0.12)
    # What is only symmetric is further off at the end that decides.
    assert known.mean[0] + 1.96 * known.covariance[0, 0] ** 0.5 > exact[2] + 0.25


def test_an_estate_without_a_past_has_the_prior_and_one_with_a_past_its_own() -> None:
    none, quiet = (RiskModel.learnt(*counts(trials), packaged_prior()) for trials in ({}, QUIET))
    (_, before), (_, after) = risk(none, 200, 0, 5), risk(quiet, 200, 0, 5)
    assert after < before / 4
    assert none.own_shares().max() < 1e-9
    cell = number_of(cell_of(200, 0, 5) or (0, 0, 0))
    assert quiet.own_shares()[cell] > 0.5


def test_what_is_expected_is_calibrated_and_no_more_than_the_upper_end() -> None:
    packaged = packaged_prior()
    lines = (IDENTITY, Calibration((0.0, 1.0), (0.0, 0.5)), Calibration((0.0, 1.0), (1.0, 1.0)))
    found = [
        risk(RiskModel.learnt(*counts({}), Prior(packaged.mean, packaged.covariance, line)), 100, 300, 20)
        for line in lines
    ]
    (mean, upper), half, raised = found
    assert mean < upper
    assert half == (pytest.approx(mean / 2), upper)
    assert raised == (upper, upper)


# Idle for 150 days and more, without a pause before: nobody ever came back.
QUIET = {number_of(cell_of(idle, 0, 5) or (0, 0, 0)): (2_000, 0) for idle in (150, 180, 240, 300, 365)}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "trials",
    [
        {}, {0: (1, 1)}, {0: (10_000_000, 0)}, {0: (10_000_000, 10_000_000)}, {CELLS - 1: (10_000_000, 5_000_000)},
        dict.fromkeys(range(CELLS), (1_000, 1_000)), dict.fromkeys(range(CELLS), (1_000, 0)),
        {0: (10_000_000, 0), 1: (10_000_000, 10_000_000)},
    ],
)  # fmt: skip
def test_any_past_gives_finite_risks(trials: dict[int, tuple[int, int]]) -> None:
    model = RiskModel.learnt(*counts(trials), packaged_prior())
    idle, pause, days = (np.array(each) for each in zip((30, 0, 0), (91, 1, 1), (5_000, 65_535, 65_535), strict=True))
    found = model.risks(idle, pause, days)
    for values in (found.expected, found.upper, model.own_shares()):
        assert np.isfinite(values).all()
        assert ((values >= 0) & (values <= 1)).all()
    assert (found.upper >= found.expected - 0.05).all()


@given(some.integers(0, 300), some.integers(1, 300))
def test_more_use_never_lowers_the_chance_in_its_cell(used: int, more: int) -> None:
    before, after = (posterior(design(), *counts({5: (600, count)}), packaged_prior()) for count in (used, used + more))
    row = design()[5]
    assert chances_of(row @ after.mean) >= chances_of(row @ before.mean) - 1e-12


def test_a_season_that_was_not_seen_adds_to_the_risk() -> None:
    assert with_season(np.array([0.0, 0.1, 1.0])) == pytest.approx(np.array([0.15, 0.235, 1.0]))


@given(some.floats(0, 1))
def test_numbers_of_risks_are_never_under_the_risk_and_respect_limits(value: float) -> None:
    number = risk_numbers(np.array([value]))
    kept = float(RISKS[number[0]])
    assert value - 1e-12 <= kept < value + 0.001
    assert kept == pytest.approx(rounded_up(value))
    for limit in (0.05, 0.3, 0.001, 1.0):
        assert (kept <= limit) == (value <= limit + 1e-12)
    assert risk_deciles(number)[0] == max(int(np.ceil(round(kept * 10, 9))), 1)


def test_no_risk_has_no_number() -> None:
    assert risk_numbers(np.array([np.nan, 0.0, 1.0])).tolist() == [0, 1, 1001]
    assert risk_deciles(np.array([0, 1, 101, 102, 1001])).tolist() == [0, 1, 1, 2, 10]


# ---- the prior


def document(**changed: Any) -> bytes:
    """The packaged prior with changes."""
    prior = packaged_prior()
    return json.dumps(prior_document(prior, 1, 1, FIRST_DAY, "a family") | changed).encode()


FIRST_DAY = date(2026, 1, 1)


def test_a_prior_that_is_written_is_read_again() -> None:
    again = read_prior(document())
    assert again.mean == pytest.approx(packaged_prior().mean, abs=1e-8)
    assert again.covariance == pytest.approx(packaged_prior().covariance, abs=1e-8)
    assert again.calibration == packaged_prior().calibration


def test_a_prior_without_a_calibration_leaves_what_is_expected_as_it_is() -> None:
    without = json.loads(document())
    del without["calibration"]
    assert read_prior(json.dumps(without).encode()).calibration == IDENTITY


def calibration(expected: list[float], happened: list[float]) -> bytes:
    return document(calibration={"expected": expected, "happened": happened})


def wrong_limits() -> dict[str, Any]:
    return {"period_days": PERIOD_DAYS, "idle": [30], "ratio": [1], "use": [1]}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "the file"),
        (b"[]", "the file"),
        (b"{}", "version"),
        (b"\xff\xfe", "the file"),
        (b"[" * 100_000, "the file"),
        (b" " * 1_000_001, "over 1,000,000 bytes"),
        (document(version=0), "its version is 0, not 1: learn it anew"),
        (document(limits=wrong_limits()), "its limits are not those of this version"),
        (calibration([0, 0.5, 1], [0, 1]), "its calibration has not as many shares as risks"),
        (calibration([0], [0]), "its calibration has not as many shares as risks, two at least"),
        (calibration([0, float("nan"), 1], [0, 0, 1]), "one of the numbers of its calibration is none"),
        (calibration([0, 0.5, 0.9], [0, 0.5, 1]), "its calibration does not go from 0 to 1"),
        (calibration([0, 0.5, 1], [0, 0.5, 1.1]), "its calibration does not go from 0 to 1"),
        (calibration([0, 0.5, 0.5, 1], [0, 0.5, 0.6, 1]), "the risks of its calibration do not ascend"),
        (calibration([0, 0.5, 1], [0, 0.7, 0.6]), "the shares of its calibration fall"),
        (document(mean=[0.0]), f"it has not {COEFFICIENTS} coefficients"),
        (document(covariance=[[1.0]]), f"it has not {COEFFICIENTS} coefficients"),
        (document(mean=["many"]), "mean.0"),
        (document(mean=None), "mean"),
        (document(mean=[float("nan")] * COEFFICIENTS), "one of its numbers is none"),
        (
            document(covariance=np.zeros((COEFFICIENTS, COEFFICIENTS)).tolist()),
            "its covariance is not positive definite",
        ),
        (document(covariance=np.triu(np.ones((COEFFICIENTS, COEFFICIENTS))).tolist()), "not positive definite"),
    ],
)
def test_a_prior_that_cannot_be_used_says_why(text: bytes, problem: str, tmp_path: Path) -> None:
    with pytest.raises(PriorProblem, match=problem.replace(".", r"\.")):
        read_prior(text)
    file = tmp_path / "prior.json"
    file.write_bytes(text)
    prior, sentence = prior_of(str(file))
    assert prior is packaged_prior()
    assert sentence.startswith(f"RETURN_RISK_PRIOR ({file}): ")
    assert sentence.endswith("the packaged prior is used instead")


def test_a_prior_of_ones_own_is_used(tmp_path: Path) -> None:
    own = Prior(packaged_prior().mean - 1, packaged_prior().covariance, Calibration((0.0, 1.0), (0.0, 0.5)))
    file = tmp_path / "prior.json"
    file.write_text(json.dumps(prior_document(own, 1, 1, FIRST_DAY, "mine")), encoding="utf-8")
    found, sentence = prior_of(str(file))
    assert (sentence, found.mean == pytest.approx(own.mean, abs=1e-8)) == ("", True)
    assert found.calibration == own.calibration
    assert prior_of("") == (packaged_prior(), "")
    missing, why = prior_of(str(tmp_path / "none"))
    assert missing is packaged_prior()
    assert "No such file" in why
    assert "directory" in prior_of(str(tmp_path))[1].lower()


def test_calculating_takes_no_threads_that_wait_for_each_other() -> None:
    """In a process of its own: what numpy calculates with is decided when it is first imported."""
    code = "import thirdeye.verdict.return_risk, pathlib; print(len(list(pathlib.Path('/proc/self/task').iterdir())))"
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
