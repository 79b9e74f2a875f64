"""Return risk: how likely an idle table is to be used within the next 180 watched days. Pure.

Survival analysis in discrete time: the chance that a table is used in a period depends on the cell in which it begins,
by a logistic regression on the classes of the cell, whose prior is what is known of estates at large. The risk of a table
is one minus the product, over the next six periods, of the chances that it stays unused.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array
from thirdeye.verdict.calibration import IDENTITY, Calibration
from thirdeye.verdict.cells import (
    CELLS,
    IDLE_CLASSES,
    IDLE_LIMITS,
    PERIOD_DAYS,
    RATIO_CLASSES,
    USE_CLASSES,
    idle_class,
    parts_of_cell,
    ratio_class,
    use_class,
)
from thirdeye.verdict.logistic_regression import Gaussian, posterior, posterior_draws
from thirdeye.verdict.periods import FUTURE_PERIODS

DRAWS: Final = 400
SEED: Final = 180
# The upper end of a two-sided interval of 95 %.
_UPPER: Final = 0.975
# The draw that stands for it: the first of which at least so many are no higher.
UPPER_DRAW: Final = int(np.ceil(_UPPER * (DRAWS - 1)))
# A year that was not seen may hold a season.
SEASON_RISK: Final = 0.15
COEFFICIENTS: Final = 1 + IDLE_CLASSES + RATIO_CLASSES + USE_CLASSES
# How many courses are followed at a time, which bounds memory.
_SLICE: Final = 512


@cache
def design() -> Array:
    """By cell, which coefficients its score is the sum of: the common one, and one for each of its classes. Read-only."""
    rows = np.zeros((CELLS, COEFFICIENTS))
    for cell in range(CELLS):
        idle, ratio, use = parts_of_cell(cell)
        ratio_column = 1 + IDLE_CLASSES + ratio
        rows[cell, [0, 1 + idle, ratio_column, 1 + IDLE_CLASSES + RATIO_CLASSES + use]] = 1
    rows.flags.writeable = False
    return rows


@dataclass(frozen=True)
class Prior(Gaussian):
    """What is known of estates at large: of the coefficients, and of what a risk has meant."""

    calibration: Calibration = IDENTITY


@dataclass(frozen=True)
class Risks:
    """The return risk of tables, 0 to 1: `expected` is the mean, calibrated, `upper` the upper end of the 95 % interval."""

    expected: Array
    upper: Array


class RiskModel:
    """The chances of an estate, as far as they are known."""

    def __init__(self, coefficients: Gaussian, prior: Prior, draws: Array) -> None:
        self._rows = design()
        self._known, self._prior = coefficients, prior
        # By cell and draw.
        self._scores = self._rows @ draws.T

    @staticmethod
    def learnt(trials: Array, used: Array, prior: Prior) -> "RiskModel":
        """From trials by cell, and those in which the table was used."""
        known = posterior(design(), trials, used, prior)
        return RiskModel(known, prior, posterior_draws(design(), trials, used, prior, known, DRAWS, SEED))

    def risks(self, idle: Array, longest_pause: Array, days_of_use: Array) -> Risks:
        """The risks of tables that have been idle for at least 30 days."""
        courses, of_table = _courses(idle.astype(np.int64), longest_pause.astype(np.int64), days_of_use)
        # Of the cells that any course passes through: a small estate has few.
        cells, places = np.unique(courses, return_inverse=True)
        # By cell and draw the logarithm of the chance that a table stays unused.
        log_unused_of_cell, courses = -np.logaddexp(0.0, self._scores[cells]), places.reshape(courses.shape)
        expected, upper = np.zeros(len(courses)), np.zeros(len(courses))
        for start in range(0, len(courses), _SLICE):
            part = slice(start, start + _SLICE)
            log_unused = np.sum([log_unused_of_cell[place] for place in courses[part].T], axis=0)
            drawn = -np.expm1(log_unused)
            expected[part] = drawn.mean(axis=1)
            upper[part] = np.partition(drawn, UPPER_DRAW, axis=1)[:, UPPER_DRAW]
        # What is expected is no more than what can be ruled out.
        expected = np.minimum(self._prior.calibration.happens(expected), upper)
        return Risks(expected[of_table], upper[of_table])

    def own_shares(self) -> Array:
        """By cell, what share of what is known of its chance comes from the estate's own past, 0 to 1."""
        left, before = (
            np.einsum("ij,jk,ik->i", self._rows, known.covariance, self._rows) for known in (self._known, self._prior)
        )
        shares: Array = np.clip(1 - left / before, 0.0, 1.0)
        return shares


def with_season(risk: Array) -> Array:
    """A risk learnt from less than a year, with that of a season that was not seen."""
    raised: Array = 1 - (1 - risk) * (1 - SEASON_RISK)
    return raised


def _idle_courses() -> tuple[Array, Array]:
    """By idle days the number of the course that they will take, and by course the class of each period to come."""
    classes = idle_class(np.arange(IDLE_LIMITS[-1] + 1)[:, np.newaxis] + PERIOD_DAYS * np.arange(FUTURE_PERIODS))
    courses, number = np.unique(classes, axis=0, return_inverse=True)
    return number.reshape(-1).astype(np.int64), courses


_IDLE_COURSE, _IDLE_CLASSES = _idle_courses()


def _courses(idle: Array, longest_pause: Array, days_of_use: Array) -> tuple[Array, Array]:
    """The cells of the periods to come, of each course that any table takes; and which one each table takes."""
    course = _IDLE_COURSE[np.minimum(idle, IDLE_LIMITS[-1])] * USE_CLASSES + use_class(days_of_use)
    for period in range(FUTURE_PERIODS):
        course = course * RATIO_CLASSES + ratio_class(idle + PERIOD_DAYS * period, longest_pause)
    numbers, of_table = np.unique(course, return_inverse=True)
    ratios = np.zeros((len(numbers), FUTURE_PERIODS), np.int64)
    for period in reversed(range(FUTURE_PERIODS)):
        numbers, ratios[:, period] = np.divmod(numbers, RATIO_CLASSES)
    idle_courses, use = np.divmod(numbers, USE_CLASSES)
    cells = (_IDLE_CLASSES[idle_courses] * RATIO_CLASSES + ratios) * USE_CLASSES + use[:, np.newaxis]
    return cells, of_table.reshape(-1)
