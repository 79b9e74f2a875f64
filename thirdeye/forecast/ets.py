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
# Error, trend and season, and whether the trend is damped: never is one that is not. The first stands where no other fits.
_LEVEL: Final = (("ANN", 1, False), ("ANA", _SEASON, False))
_TREND: Final = (("AAN", 1, True), ("AAA", _SEASON, True))


def fit(values: Array, horizon: int) -> Path | None:
    """The forecast of the model with the lowest AICc; None where none can be fitted."""
    values = np.asarray(values[-_MAX_DAYS:], np.float64)
    if not np.ptp(values):
        return Path(np.full(horizon, values[-1]), np.zeros(horizon), np.zeros(horizon))
    # In its own unit: what costs millionths of a dollar has steps below the solver's tolerance.
    unit = float(np.std(values)) or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = [model for candidate in _candidates(len(values)) if (model := _fit(values / unit, *candidate))]
        if not fitted:
            return None
        forecast = min(fitted, key=lambda model: model.model_["aicc"]).predict(h=horizon, level=[80, 95])
    mean = forecast["mean"] * unit
    halves = [(forecast[f"hi-{level}"] - forecast[f"lo-{level}"]) / 2 * unit for level in (80, 95)]
    return Path(mean, *halves) if np.isfinite([mean, *halves]).all() else None


def _candidates(days: int) -> tuple[tuple[str, int, bool], ...]:
    return (*_LEVEL, *(_TREND if days >= MIN_TREND_DAYS else ()))


def _fit(values: Array, kind: str, season: int, damped: bool) -> AutoETS | None:  # noqa: FBT001  the library's own
    try:
        model = AutoETS(season_length=season, model=kind, damped=damped).fit(values)
    except Exception:  # The library says of too short a series no more than `Exception`.
        return None
    return model if np.isfinite(model.model_["aicc"]) else None
