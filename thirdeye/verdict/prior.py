"""The prior of the return risk: what is known of estates at large, as a file.

The packaged file is made by `python -m bench.verdicts.prior`. `RETURN_RISK_PRIOR` may name another one; where that is
missing, of another version or damaged, the packaged one is used, and the start says so.
"""

from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from thirdeye.inventory.columns import Array
from thirdeye.verdict.calibration import IDENTITY, Calibration
from thirdeye.verdict.cells import IDLE_LIMITS, PERIOD_DAYS, RATIO_LIMITS, USE_LIMITS
from thirdeye.verdict.return_risk import COEFFICIENTS, Prior

# Rises with what the coefficients mean.
VERSION: Final = 1
FAMILY: Final = "bench/verdicts/family.py"
_MAX_BYTES: Final = 1_000_000
_LIMITS: Final = {
    "period_days": PERIOD_DAYS,
    "idle": IDLE_LIMITS,
    "ratio": RATIO_LIMITS,
    "use": USE_LIMITS,
}


class PriorProblem(ValueError):
    """Why a file cannot be used as a prior, in a sentence without its end."""


class _Limits(BaseModel):
    model_config = ConfigDict(extra="forbid")
    period_days: int
    idle: tuple[int, ...]
    ratio: tuple[float, ...]
    use: tuple[int, ...]


class _Provenance(BaseModel):
    estates: int
    seed: int
    learnt_on: date
    family: str


class _Calibration(BaseModel):
    expected: tuple[float, ...]
    happened: tuple[float, ...]


class _Document(BaseModel):
    version: int
    provenance: _Provenance
    limits: _Limits
    # Files of one's own may have none: what is expected is then the mean as it is.
    calibration: _Calibration = _Calibration(expected=IDENTITY.expected, happened=IDENTITY.happened)
    mean: list[float]
    covariance: list[list[float]]


def prior_document(prior: Prior, estates: int, seed: int, learnt_on: date, family: str) -> dict[str, Any]:
    """A prior as JSON, with where it comes from."""
    calibration = prior.calibration
    return {
        "version": VERSION,
        "provenance": {"estates": estates, "seed": seed, "learnt_on": learnt_on.isoformat(), "family": family},
        "limits": _LIMITS,
        "calibration": {
            "expected": [round(risk, 6) for risk in calibration.expected],
            "happened": [round(share, 6) for share in calibration.happened],
        },
        "mean": [round(value, 9) for value in prior.mean.tolist()],
        "covariance": [[round(value, 9) for value in row] for row in prior.covariance.tolist()],
    }


def read_prior(text: bytes) -> Prior:
    """The prior in a file. Raises PriorProblem."""
    if len(text) > _MAX_BYTES:
        raise PriorProblem(f"it has over {_MAX_BYTES:,} bytes")
    try:
        document = _Document.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise PriorProblem(f"{place}: {first['msg']}") from None
    if document.version != VERSION:
        raise PriorProblem(f"its version is {document.version}, not {VERSION}: learn it anew")
    if document.limits.model_dump() != _LIMITS:
        raise PriorProblem("its limits are not those of this version: learn it anew")
    calibration = Calibration(document.calibration.expected, document.calibration.happened)
    if calibration.problem:
        raise PriorProblem(calibration.problem)
    return _checked(np.array(document.mean), document.covariance, calibration)


def _checked(mean: Array, covariance: list[list[float]], calibration: Calibration) -> Prior:
    if len(mean) != COEFFICIENTS or [len(row) for row in covariance] != [COEFFICIENTS] * COEFFICIENTS:
        raise PriorProblem(f"it has not {COEFFICIENTS} coefficients")
    matrix = np.array(covariance)
    if not (np.isfinite(mean).all() and np.isfinite(matrix).all()):
        raise PriorProblem("one of its numbers is none")
    if not np.allclose(matrix, matrix.T) or np.linalg.eigvalsh(matrix).min() <= 0:
        raise PriorProblem("its covariance is not positive definite")
    return Prior(mean, matrix, calibration)


@lru_cache(maxsize=1)
def packaged_prior() -> Prior:
    """The prior that is shipped."""
    return read_prior(files("thirdeye.verdict").joinpath("prior.json").read_bytes())


def prior_of(path: str) -> tuple[Prior, str]:
    """The prior in a file, or the packaged one with a sentence that says why; the packaged one for no path."""
    if not path:
        return packaged_prior(), ""
    try:
        with Path(path).open("rb") as file:
            return read_prior(file.read(_MAX_BYTES + 1)), ""
    except (OSError, PriorProblem) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
        return packaged_prior(), f"RETURN_RISK_PRIOR ({path}): {problem}; the packaged prior is used instead"
