"""How much wider than a model says its intervals have to be, learnt from what it would have missed before. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thirdeye.forecast.smoothing import Path
from thirdeye.inventory.columns import Array

# Fewer misses teach nothing; until then what our bench says of series at large.
MIN_ERRORS: Final = 60
DEFAULT_FACTORS: Final = (1.3, 1.4)
_MOST: Final = 5.0
# A past has so many days at least before an origin, and a third of it is left to be forecast, 90 days at most.
_MIN_DAYS: Final = 14
_MIN_HORIZON: Final = 7
_MAX_HORIZON: Final = 90


@dataclass(frozen=True, kw_only=True)
class Widening:
    """The factors of the 80 % and 95 % intervals, the errors that they rest on, and what share of these they cover.

    The shares are of errors that the factors were not learnt from; None where too few are known.
    """

    factor80: float
    factor95: float
    errors: int
    covered80: float | None
    covered95: float | None


def tested_days(days: int) -> int:
    """How many days ahead forecasts are tested with a past of so many."""
    return min(max(days // 3, _MIN_HORIZON), _MAX_HORIZON)


def origins(days: int) -> list[tuple[int, int]]:
    """From which days on a past of so many is forecast, and how many days: the first so many are known then."""
    horizon = days // 3
    if horizon < _MIN_HORIZON:
        return []
    horizon = tested_days(days)
    starts = (days - horizon, days - horizon - horizon // 2)
    return [(start, horizon) for start in starts if start >= _MIN_DAYS]


def ratios(path: Path, actual: Array) -> Array:
    """By day (at a third, two thirds and the end) how many half widths a forecast missed by: 80 % and 95 %, a row each."""
    days = np.unique([max(len(actual) * part // 3 - 1, 0) for part in (1, 2, 3)])
    missed = np.abs(actual[days] - path.mean[days])
    # What is a millionth of the amount off has not been missed.
    missed[missed <= 1e-6 * np.maximum(np.abs(actual[days]), 1e-6)] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = np.stack([missed / path.half80[days], missed / path.half95[days]])
    return np.nan_to_num(found, nan=0.0, posinf=1e6)


def learn(errors: Sequence[Array]) -> Widening:
    """From the ratios of all origins of all series of a kind."""
    pooled = np.concatenate(errors, axis=1) if errors else np.zeros((2, 0))
    count = pooled.shape[1]
    if count < MIN_ERRORS:
        factor80, factor95 = DEFAULT_FACTORS
        return Widening(factor80=factor80, factor95=factor95, errors=count, covered80=None, covered95=None)
    # Of each half by the factors of the other; neighbours are of one series, and so in one half.
    halves = np.array_split(np.arange(len(errors)), 2)
    covered = [0, 0]
    for taught, asked in (halves, halves[::-1]):
        factors = _factors(np.concatenate([errors[each] for each in taught], axis=1))
        of_asked = np.concatenate([errors[each] for each in asked], axis=1)
        covered = [
            sum_ + int((row <= factor).sum()) for sum_, row, factor in zip(covered, of_asked, factors, strict=True)
        ]
    factor80, factor95 = _factors(pooled)
    return Widening(
        factor80=factor80,
        factor95=factor95,
        errors=count,
        covered80=covered[0] / count,
        covered95=covered[1] / count,
    )


def _factors(pooled: Array) -> tuple[float, float]:
    factor80, factor95 = (
        float(np.clip(np.quantile(row, share), 1.0, _MOST)) for row, share in zip(pooled, (0.80, 0.95), strict=True)
    )
    return factor80, factor95
