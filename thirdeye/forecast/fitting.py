"""Fitting models in a process of its own: importing statsforecast takes 190 MB and four seconds, and ends with the work.

Without the extra `forecast` simple exponential smoothing stands in.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from types import TracebackType
from typing import Final, Self

import numpy as np
import orjson
import structlog

from thirdeye.child_process import STOPPED, ChildProcess
from thirdeye.forecast.smoothing import MIN_DAYS, Method, Path, naive, smooth
from thirdeye.inventory.columns import Array

EXTRA: Final = "forecast"
_BATCH: Final = 20
# A series takes a tenth of a second at most, a busy machine twenty times that; the first answer waits for the import.
_SECONDS: Final = 120.0
log = structlog.get_logger(__name__)
# A series of one value a day, without gaps, and how many days ahead.
Request = tuple[Array, int]
Fitted = tuple[Method, Path]


def has_extra() -> bool:
    """Whether the extra is installed; imports nothing."""
    return find_spec("statsforecast") is not None


class Fitting:
    """Forecasts series, many at a time. The process starts with the first that it is needed for, and ends with the context."""

    def __init__(self, *, with_extra: bool | None = None) -> None:
        self.with_extra = has_extra() if with_extra is None else with_extra
        self.process = ChildProcess("thirdeye.forecast.fitting_child")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.process.stop()

    async def forecast(self, requests: Sequence[Request]) -> list[Fitted]:
        """A forecast for each; every series has a value at least. Under 14 days it is the last value."""
        found = list[Fitted]()
        for start in range(0, len(requests), _BATCH):
            batch = requests[start : start + _BATCH]
            models = iter(await self._models([request for request in batch if len(request[0]) >= MIN_DAYS]))
            found += [_fitted(request, next(models) if len(request[0]) >= MIN_DAYS else None) for request in batch]
        return found

    async def _models(self, requests: Sequence[Request]) -> list[Path | None]:
        """What the process finds; None for each where there is none."""
        if not requests or not self.with_extra:
            return [None] * len(requests)
        data = orjson.dumps([(values, horizon) for values, horizon in requests], option=orjson.OPT_SERIALIZE_NUMPY)
        # A process may be stopped between two batches: that is not the fault of the next.
        for _ in range(2):
            try:
                answers = orjson.loads(await self.process.ask(data, _SECONDS))
                return [None if each is None else Path(*map(np.array, each)) for each in answers]
            except (*STOPPED, OSError) as error:
                log.warning("fitting_stopped", problem=type(error).__name__, series=len(requests))
        return [None] * len(requests)


def _fitted(request: Request, model: Path | None) -> Fitted:
    values, horizon = request
    if len(values) < MIN_DAYS:
        return Method.NAIVE, naive(values, horizon)
    return (Method.SMOOTHING, smooth(values, horizon)) if model is None else (Method.ETS, model)
