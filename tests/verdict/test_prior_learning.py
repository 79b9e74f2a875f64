"""The prior, learnt anew from a few estates of the family."""

import numpy as np
import pytest

from bench.verdicts.calibrating import calibrate, line
from bench.verdicts.family import before, draw_estate, trials_of
from bench.verdicts.prior import CALIBRATION_SEED, SEED, fitted, learn
from tests.support.second_risk import Past, number_of
from thirdeye.verdict.logistic_regression import Gaussian, chances_of
from thirdeye.verdict.prior import packaged_prior
from thirdeye.verdict.return_risk import COEFFICIENTS, design

# What it is about is no part of what is measured.
pytestmark = pytest.mark.unmeasured


def test_a_small_prior_is_like_the_packaged_one_and_the_same_each_time() -> None:
    small, packaged = learn(40, SEED, 30), packaged_prior()
    again = learn(40, SEED, 30)
    assert np.array_equal(small.mean, again.mean)
    assert np.array_equal(small.covariance, again.covariance)
    # In cells that many estates have: idle for up to a year, after no or a shorter pause.
    rows = design()
    trials = sum(trials_of(draw_estate(np.random.default_rng(each), 200))[0] for each in range(12))
    scores = [(rows @ prior.mean)[np.asarray(trials) > 100] for prior in (small, packaged)]
    assert np.abs(scores[0] - scores[1]).mean() < 0.6
    assert np.abs(chances_of(scores[0]) - chances_of(scores[1])).max() < 0.15


def test_the_trials_of_an_estate_are_those_counted_one_by_one() -> None:
    estate = draw_estate(np.random.default_rng(5), 30)
    past = Past()
    for used, since in zip(estate.used, estate.since.tolist(), strict=True):
        uses = (np.flatnonzero(used) + 1).tolist()
        past.add(uses, anchor=0, since=since, newest=estate.used.shape[1])
    all_of, some_of = trials_of(estate)
    found = {int(cell): [int(all_of[cell]), int(some_of[cell])] for cell in np.flatnonzero(all_of)}
    assert found == {number_of(cell): counts for cell, counts in past.trials.items()}


def test_a_distribution_of_coefficients_is_found_again() -> None:
    """What estates were drawn from is what is learnt from them."""
    random, rows = np.random.default_rng(1), design()
    truth = Gaussian(np.zeros(COEFFICIENTS) - 0.5, np.eye(COEFFICIENTS) * 0.09)
    trials = np.full(len(rows), 50)
    counts = [(trials, random.binomial(50, chances_of(rows @ drawn))) for drawn in truth.draws(60, 2)]
    found = fitted(counts, 40)
    assert (rows @ found.mean).mean() == pytest.approx((rows @ truth.mean).mean(), abs=0.15)
    spread = np.sqrt(np.einsum("ij,jk,ik->i", rows, found.covariance, rows)).mean()
    assert spread == pytest.approx(0.6, abs=0.15)


def test_a_small_calibration_is_like_the_packaged_one_and_the_same_each_time() -> None:
    prior = packaged_prior()
    found, again = (calibrate(prior, 60, SEED + CALIBRATION_SEED) for _ in range(2))
    assert found == again
    assert found.problem == ""
    risks = np.linspace(0, 1, 11)
    assert found.happens(risks) == pytest.approx(prior.calibration.happens(risks), abs=0.15)
    # What looks nearly certain is not.
    assert prior.calibration.happens(np.array([0.95])) < 0.9


def test_a_calibration_gives_shares_that_never_fall() -> None:
    risks = np.array([0.0, 0.01, 0.01, 0.45, 0.45, 0.46, 0.46, 0.65, 0.65, 0.95])
    again = np.array([False, False, False, True, True, True, False, False, True, True])
    found = line(risks, again)
    assert found.problem == ""
    assert found.happens(np.array([0.0, 0.455, 0.65, 0.95, 1.0])).tolist() == [0.0, 0.75, 0.75, 1.0, 1.0]
    # Nothing was idle: everything happens as it is expected.
    assert line(np.zeros(0), np.zeros(0, np.bool_)).happens(risks).tolist() == risks.tolist()


def test_what_is_not_known_yet_teaches_nothing() -> None:
    estate = draw_estate(np.random.default_rng(6), 40)
    day = estate.used.shape[1] - 180
    known = before(estate, day)
    later = estate.used.copy()
    later[:, day:] = True
    assert before(type(estate)(later, estate.since), day).used.tolist() == known.used.tolist()
    assert len(known.since) == int((estate.since < day).sum())
