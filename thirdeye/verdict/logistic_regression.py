"""Logistic regression with a Gaussian prior: Newton's method for the mode, Laplace's approximation around it. Pure.

The approximation is symmetric. What is known of a rare event is not: few trials without one rule high chances out, but not
low ones. Draws are therefore chosen by how likely each really is (sampling, importance, resampling).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array

_MAX_STEPS: Final = 200
# In standard deviations of the posterior, squared. Steps square what is left, so that the last one leaves next to nothing.
_TOLERANCE: Final = 1e-9
# From how many of the approximation each draw is chosen. Its place among them is no border between two that are alike.
_CANDIDATES: Final = 10
_PLACE: Final = 0.45
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


def posterior_draws(
    design: Array, trials: Array, successes: Array, prior: Gaussian, known: Gaussian, count: int, seed: int
) -> Array:
    """Draws of the coefficients after these trials, one a row; `known` is the approximation. The same for the same seed."""
    candidates = known.draws(_CANDIDATES * count, seed)
    rows, trials, successes = design[trials > 0], trials[trials > 0], successes[trials > 0]
    scores = candidates @ rows.T
    likelihood = scores @ successes - np.logaddexp(0.0, scores) @ trials
    weights = likelihood - _distances(candidates, prior) / 2 + _distances(candidates, known) / 2
    together = np.cumsum(np.exp(weights - weights.max()))
    places = (np.arange(count) + _PLACE) / count * together[-1]
    chosen: Array = candidates[np.searchsorted(together, places)]
    return chosen


def _distances(coefficients: Array, distribution: Gaussian) -> Array:
    """From its mean, squared, in standard deviations."""
    away = coefficients - distribution.mean
    distances: Array = np.einsum("ij,ij->i", away @ np.linalg.inv(distribution.covariance), away)
    return distances


def chances_of(scores: Array) -> Array:
    """The chance for each score, a logarithm of odds; does not overflow."""
    chances: Array = np.exp(-np.logaddexp(0.0, -scores))
    return chances
