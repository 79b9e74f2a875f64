"""Exponential smoothing with a damped trend and a week's season, by statsforecast: an extra of the worker.

Importing it takes four seconds and 190 MB, so that it is done in a process of its own (`fitting_child.py`) alone.
"""

import warnings
from typing import Final

import numpy as np
from statsforecast.models import AutoETS

from thirdeye.forecast.smoothing import Path
from thirdeye.inventory.columns import Array

# Under so many days a trend is no more than chance.
MIN_TREND_DAYS: Final = 30
_SEASON: Final = 7
# Longer pasts cost time and say nothing more of the next months.
_MAX_DAYS: Final = 300
# Error, trend and season, the season's days, and whether the trend is damped: never is one that is not.
_LEVEL: Final = ("ANN", 1, False)
_SEASONAL: Final = ("ANA", _SEASON, False)
_TREND: Final = ("AAN", 1, True)
_BOTH: Final = ("AAA", _SEASON, True)


def fit(values: Array, horizon: int) -> Path | None:
    """The forecast of the model that describes the past best, by AICc; None where none can be fitted."""
    values = np.asarray(values[-_MAX_DAYS:], np.float64)
    if not np.ptp(values):
        return Path(np.full(horizon, values[-1]), np.zeros(horizon), np.zeros(horizon))
    # In its own unit: what costs millionths of a dollar has steps below the solver's tolerance.
    unit = float(np.std(values)) or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = _best(values / unit)
        if model is None:
            return None
        forecast = model.predict(h=horizon, level=[80, 95])
    mean = forecast["mean"] * unit
    halves = [(forecast[f"hi-{level}"] - forecast[f"lo-{level}"]) / 2 * unit for level in (80, 95)]
    return Path(mean, *halves) if np.isfinite([mean, *halves]).all() else None


def _best(values: Array) -> AutoETS | None:
    level, seasonal = _fit(values, *_LEVEL), _fit(values, *_SEASONAL)
    trend = _fit(values, *_TREND) if len(values) >= MIN_TREND_DAYS else None
    # It takes longer than the others together, and is no better where one of its parts is worse than none.
    helps = _criterion(seasonal) < _criterion(level) > _criterion(trend)
    both = _fit(values, *_BOTH) if helps else None
    best = min(level, seasonal, trend, both, key=_criterion)
    return best if np.isfinite(_criterion(best)) else None


def _criterion(model: AutoETS | None) -> float:
    return float("inf") if model is None else float(model.model_["aicc"])


def _fit(values: Array, kind: str, season: int, damped: bool) -> AutoETS | None:  # noqa: FBT001  the library's own
    try:
        model = AutoETS(season_length=season, model=kind, damped=damped).fit(values)
    except Exception:  # The library says of too short a series no more than `Exception`.
        return None
    return model if np.isfinite(model.model_["aicc"]) else None
