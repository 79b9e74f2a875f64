"""What a return risk of so much has meant, in estates of the family whose last 180 days are kept from the model."""

from typing import Final

import numpy as np

from bench.verdicts.family import PastEstate, before, draw_estate, trials_of
from thirdeye.inventory.columns import Array
from thirdeye.verdict.calibration import Calibration
from thirdeye.verdict.cells import PERIOD_DAYS
from thirdeye.verdict.periods import FUTURE_PERIODS
from thirdeye.verdict.return_risk import Prior, RiskModel

_UNSEEN: Final = PERIOD_DAYS * FUTURE_PERIODS
_FEWEST_DAYS: Final = 120
_FEWEST_TABLES, _MOST_TABLES = 100, 600
# The upper limits of the risks that are taken together. Most tables have low ones, so these are told apart more finely.
_LIMITS: Final = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def calibrate(prior: Prior, estates: int, seed: int) -> Calibration:
    """From so many estates, other ones than those that taught the prior; the same for the same seed."""
    random = np.random.default_rng(seed)
    risks, again = [], []
    for _ in range(estates):
        estate = draw_estate(random, int(random.integers(_FEWEST_TABLES, _MOST_TABLES + 1)))
        day = estate.used.shape[1] - _UNSEEN
        if day >= _FEWEST_DAYS:
            risk, used = _foreseen(estate, day, prior)
            risks.append(risk)
            again.append(used)
    return line(np.concatenate(risks), np.concatenate(again))


def line(risks: Array, again: Array) -> Calibration:
    """The line through the mean of each class of risks and the share of its tables that were used again; never falling."""
    classes = np.searchsorted(_LIMITS, risks, side="right")
    known = [classes == each for each in range(len(_LIMITS) + 1) if (classes == each).any()]
    expected = [float(risks[each].mean()) for each in known]
    happened = np.maximum.accumulate([float(again[each].mean()) for each in known]).tolist()
    inner = [(risk, share) for risk, share in zip(expected, happened, strict=True) if 0 < risk < 1]
    return Calibration(
        (0.0, *(risk for risk, _ in inner), 1.0),
        (0.0, *(share for _, share in inner), happened[-1] if happened else 1.0),
    )


def _foreseen(estate: PastEstate, day: int, prior: Prior) -> tuple[Array, Array]:
    """Of tables that are idle on a day, the mean risk, not calibrated, and whether they were used in the days after."""
    known = before(estate, day)
    model = RiskModel.learnt(*trials_of(known), Prior(prior.mean, prior.covariance))
    idle, pause = _idle_and_pause(known, day)
    judged = idle >= PERIOD_DAYS
    risks = model.risks(idle[judged], pause[judged], known.used.sum(axis=1)[judged])
    return risks.expected, estate.used[estate.since < day][judged, day:].any(axis=1)


def _idle_and_pause(known: PastEstate, day: int) -> tuple[Array, Array]:
    """Of each table the days since its last use, or since it came, and its longest pause."""
    ever = known.used.any(axis=1)
    last = day - 1 - known.used[:, ::-1].argmax(axis=1)
    pause = np.zeros(len(ever), np.int64)
    for table in np.flatnonzero(ever):
        pause[table] = np.diff(np.flatnonzero(known.used[table])).max(initial=0)
    return np.where(ever, day - 1 - last, day - known.since), pause
