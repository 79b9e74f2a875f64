"""Simple forecasts that need no library: the last value, and simple exponential smoothing. Pure, over arrays."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array

# Half of the central 80 % and 95 % of a normal distribution, in standard deviations.
Z80: Final = 1.2815515655446004
Z95: Final = 1.959963984540054
MIN_DAYS: Final = 14
# Of the last value, by day ahead under a square root: what is known of a few days says little of a year.
_NAIVE_DEVIATION: Final = 0.01
# By `python -m bench.forecast`, as are the default factors of `intervals.py`.
_UNTESTED_POWER: Final = 0.4
_WEIGHTS: Final = np.append(np.arange(1, 20) / 20, 0.999)


class Method(StrEnum):
    """How a forecast is made."""

    NAIVE = "NAIVE"
    SMOOTHING = "SMOOTHING"
    ETS = "ETS"


@dataclass(frozen=True)
class Path:
    """A forecast by day ahead, from 1 on: the mean, and half the widths of its 80 % and 95 % intervals."""

    mean: Array
    half80: Array
    half95: Array

    def widened(self, factor80: float, factor95: float, tested_days: int) -> "Path":
        """With wider intervals; that of 95 % is never inside that of 80 %.

        Beyond the days ahead that forecasts of the past could be tested at, widths grow nearly with the time, not with its
        root: a drift that so short a past does not show.
        """
        ahead = np.arange(1, len(self.mean) + 1)
        untested = np.maximum(ahead / tested_days, 1.0) ** _UNTESTED_POWER
        half80 = self.half80 * factor80 * untested
        return Path(self.mean, half80, np.maximum(self.half95 * factor95 * untested, half80))


def path_of(mean: Array, deviation: Array) -> Path:
    """With normal intervals."""
    return Path(mean, Z80 * deviation, Z95 * deviation)


def naive(values: Array, horizon: int) -> Path:
    """The last value, as wide as the steps so far say and never narrow. `values` has one at least."""
    steps = np.diff(values)
    deviation = float(np.sqrt(np.mean(steps**2))) if len(steps) else 0.0
    deviation = max(deviation, _NAIVE_DEVIATION * abs(float(values[-1])))
    ahead = np.arange(1, horizon + 1)
    return path_of(np.full(horizon, float(values[-1])), deviation * np.sqrt(ahead))


def smooth(values: Array, horizon: int) -> Path:
    """Simple exponential smoothing, its weight the one of twenty that would have erred least a day ahead."""
    levels = np.full(len(_WEIGHTS), float(values[0]))
    squares = np.zeros(len(_WEIGHTS))
    for value in values[1:].tolist():
        errors = value - levels
        squares += errors**2
        levels += _WEIGHTS * errors
    best = int(np.argmin(squares))
    deviation = float(np.sqrt(squares[best] / max(len(values) - 2, 1)))
    ahead = np.arange(1, horizon + 1)
    widths = deviation * np.sqrt(1 + (ahead - 1) * _WEIGHTS[best] ** 2)
    return path_of(np.full(horizon, levels[best]), widths)
