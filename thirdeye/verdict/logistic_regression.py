"""Logistic regression with a Gaussian prior: Newton's method for the mode, Laplace's approximation around it. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array

_MAX_STEPS: Final = 200
# In standard deviations of the posterior, squared. Steps square what is left, so that the last one leaves next to nothing.
_TOLERANCE: Final = 1e-9
# How far off a sum over all trials may be.
_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class Gaussian:
    """A distribution of coefficients: mean, and covariance."""

    mean: Array
    covariance: Array

    def draws(self, count: int, seed: int) -> Array:
        """Draws from it, one a row; the same for the same seed."""
        normal = np.random.Generator(np.random.PCG64(seed)).standard_normal((count, len(self.mean)))
        drawn: Array = self.mean + normal @ np.linalg.cholesky(self.covariance).T
        return drawn


def posterior(design: Array, trials: Array, successes: Array, prior: Gaussian) -> Gaussian:
    """What is known of the coefficients after these trials; a row of `design` for each of the counts.

    Raises ArithmeticError where Newton's method does not end, which a prior that is positive definite rules out.
    """
    precision = np.linalg.inv(prior.covariance)
    rows, trials, successes = design[trials > 0], trials[trials > 0], successes[trials > 0]

    def value(coefficients: Array) -> float:
        scores, away = rows @ coefficients, coefficients - prior.mean
        return float(successes @ scores - trials @ np.logaddexp(0.0, scores) - away @ precision @ away / 2)

    coefficients = prior.mean.copy()
    for _ in range(_MAX_STEPS):
        chances = chances_of(rows @ coefficients)
        slope = rows.T @ (successes - trials * chances) - precision @ (coefficients - prior.mean)
        curvature = rows.T @ (rows * (trials * chances * (1 - chances))[:, np.newaxis]) + precision
        step = np.linalg.solve(curvature, slope)
        if slope @ step < _TOLERANCE:
            return Gaussian(coefficients + step, np.linalg.inv(curvature))
        length, before = 1.0, value(coefficients)
        # A full step may overshoot where the prior is far from what was seen.
        while value(coefficients + length * step) < before - _ROUNDING * abs(before):
            length /= 2
        coefficients = coefficients + length * step
    raise ArithmeticError(f"Newton's method did not end in {_MAX_STEPS} steps")


def chances_of(scores: Array) -> Array:
    """The chance for each score, a logarithm of odds; does not overflow."""
    chances: Array = np.exp(-np.logaddexp(0.0, -scores))
    return chances
