"""`python -m bench.verdicts.prior FILE [ESTATES [SEED]]`: learns the prior of the return risk, and writes it as JSON.

The coefficients of each estate of the family are drawn from one Gaussian distribution; which one is found by expectation
and maximization: what is known of each estate, given the distribution, and the distribution, given that. What a risk has
meant is then learnt from as many other estates.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from bench.verdicts.calibrating import calibrate
from bench.verdicts.family import draw_estate, trials_of
from thirdeye.inventory.columns import Array
from thirdeye.verdict.logistic_regression import Gaussian, posterior
from thirdeye.verdict.prior import FAMILY, prior_document
from thirdeye.verdict.return_risk import COEFFICIENTS, Prior, design

ESTATES, SEED, ROUNDS = 800, 20_261_128, 250
# Added to the seed for the estates from which it is learnt what a risk means: others than those that teach the prior.
CALIBRATION_SEED: Final = 1
_FEWEST_TABLES, _MOST_TABLES = 100, 600
# What is known of the coefficients before any estate was seen.
_WIDE: Final = 2.0


def learn(estates: int, seed: int, rounds: int = ROUNDS) -> Gaussian:
    """The prior from so many estates; the same for the same seed."""
    random = np.random.default_rng(seed)
    counts = []
    for _ in range(estates):
        tables = int(random.integers(_FEWEST_TABLES, _MOST_TABLES + 1))
        counts.append(trials_of(draw_estate(random, tables)))
    return fitted(counts, rounds)


def fitted(counts: list[tuple[Array, Array]], rounds: int, start: Gaussian | None = None) -> Gaussian:
    """The distribution of coefficients that makes these trials likeliest, as far as so many rounds find it."""
    rows = design()
    prior = start or Gaussian(np.zeros(COEFFICIENTS), np.eye(COEFFICIENTS) * _WIDE**2)
    for _ in range(rounds):
        known = [posterior(rows, trials, used, prior) for trials, used in counts]
        mean = np.mean([each.mean for each in known], axis=0)
        away = np.array([each.mean for each in known]) - mean
        covariance = np.mean([each.covariance for each in known], axis=0) + away.T @ away / len(known)
        prior = Gaussian(mean, (covariance + covariance.T) / 2)
    return prior


def main() -> None:
    target, *numbers = sys.argv[1:]
    estates, seed = ([int(number) for number in numbers] + [ESTATES, SEED][len(numbers) :])[:2]
    known = learn(estates, seed)
    prior = Prior(known.mean, known.covariance)
    calibration = calibrate(prior, estates, seed + CALIBRATION_SEED)
    prior = Prior(known.mean, known.covariance, calibration)
    document = prior_document(prior, estates, seed, datetime.now(UTC).date(), FAMILY)
    Path(target).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
