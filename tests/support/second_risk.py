"""The return risk a second time: plain Python without numpy, from what the product promises."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import pairwise

IDLE = (30, 60, 90, 120, 150, 180, 240, 300, 365, 450, 540, 720)
RATIO = (0.75, 1, 1.25, 1.5, 2, 3, 5)
USE = (1, 2, 4, 11, 31)
PERIOD, PERIODS = 30, 6
Cell = tuple[int, int, int]
# A row of coefficients: the common one, then by class of idle days, of the ratio, of days of use.
Coefficients = Sequence[float]


def cell_of(idle: int, longest: int, days: int) -> Cell | None:
    """Classes of idle days, of their ratio to the longest pause (0: none), of days of use; None for under 30 days."""
    if idle < 30:
        return None
    ratio = 1 + sum(idle >= limit * longest for limit in RATIO) if longest > 0 else 0
    return sum(idle >= limit for limit in IDLE) - 1, ratio, sum(days >= limit for limit in USE)


def number_of(cell: Cell) -> int:
    """Its place among all cells."""
    return (cell[0] * (len(RATIO) + 2) + cell[1]) * (len(USE) + 1) + cell[2]


@dataclass
class Past:
    """By cell: trials and those with use; and by age and cell: tables, and those used again within 180 watched days."""

    trials: dict[Cell, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    tables: dict[tuple[int, Cell], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    def add(self, uses: Sequence[int], *, anchor: int, since: int, newest: int) -> None:
        """A table's watched past: its uses, its feed's last moment before it begins, its own, and the newest watched day.

        All in watched time: the day with the number n is the n-th on which somebody looked.
        """
        for begin, cell, used, returned in periods_of(tuple(uses), anchor, since, newest):
            self.trials[cell][0] += 1
            self.trials[cell][1] += used
            if begin + PERIOD * PERIODS <= newest:
                entry = self.tables[(newest - begin) // PERIOD, cell]
                entry[0] += 1
                entry[1] += returned


@lru_cache(maxsize=500)
def periods_of(uses: tuple[int, ...], anchor: int, since: int, newest: int) -> list[tuple[int, Cell, bool, bool]]:
    """The beginning and cell of each trial, whether it was used in it and within 180 days. Many looks see the same past."""
    found = []
    for begin in range(anchor, newest - PERIOD + 1, PERIOD):
        before = [use for use in uses if use <= begin]
        idle = begin - (before[-1] if before else since)
        longest = max((later - earlier for earlier, later in pairwise(before)), default=0)
        cell = cell_of(idle, longest, len(before))
        if cell is not None:
            used, returned = (any(begin < use <= begin + PERIOD * each for use in uses) for each in (1, PERIODS))
            found.append((begin, cell, used, returned))
    return found


def chance(cell: Cell, coefficients: Coefficients) -> float:
    """The chance of use in a period that begins in a cell."""
    score = coefficients[0] + coefficients[1 + cell[0]]
    score += coefficients[1 + len(IDLE) + cell[1]] + coefficients[1 + len(IDLE) + len(RATIO) + 2 + cell[2]]
    return 1 / (1 + math.exp(-score)) if score > -700 else 0.0


class Chances:
    """The chances over draws of the coefficients; what was computed once is remembered."""

    def __init__(self, draws: Iterable[Coefficients], calibration: tuple[Sequence[float], Sequence[float]]) -> None:
        self._draws, self._calibration = list(draws), calibration
        self._unused, self.risks = cache(self._unused_of), cache(self._risks_of)

    def _unused_of(self, cell: Cell) -> list[float]:
        """By draw the chance that a table stays unused in a period that begins in a cell."""
        return [1 - chance(cell, draw) for draw in self._draws]

    def _risks_of(self, idle: int, longest: int, days: int) -> tuple[float, float]:
        """The risk that is expected, and its upper end."""
        cells = [cell_of(idle + PERIOD * period, longest, days) for period in range(PERIODS)]
        by_period = [self._unused(cell) for cell in cells if cell is not None]
        assert len(by_period) == PERIODS
        found = [1 - math.prod(unused) for unused in zip(*by_period, strict=True)]
        upper = sorted(found)[math.ceil(0.975 * (len(found) - 1))]
        return min(calibrated(sum(found) / len(found), *self._calibration), upper), upper


def calibrated(risk: float, expected: Sequence[float], happened: Sequence[float]) -> float:
    """What a risk has meant, on the line between the two points around it."""
    for (left, low), (right, high) in pairwise(zip(expected, happened, strict=True)):
        if risk <= right:
            return low + (high - low) * (risk - left) / (right - left)
    return happened[-1]


def rounded_up(risk: float) -> float:
    """To thousandths, as it is stored."""
    return math.ceil(risk * 1_000 - 1e-9) / 1_000


def fitted(
    trials: dict[Cell, list[int]], mean: Coefficients, covariance: Sequence[Sequence[float]]
) -> tuple[list[float], list[list[float]]]:
    """The coefficients that are likeliest after these trials, and the inverse of the curvature there."""
    precision, size = inverse(covariance), len(mean)
    found = list(mean)
    for _ in range(200):
        slope = [-sum(row[other] * (found[other] - mean[other]) for other in range(size)) for row in precision]
        curvature = [list(row) for row in precision]
        for cell, (count, used) in trials.items():
            places = (0, 1 + cell[0], 1 + len(IDLE) + cell[1], 1 + len(IDLE) + len(RATIO) + 2 + cell[2])
            p = chance(cell, found)
            for place in places:
                slope[place] += used - count * p
                for other in places:
                    curvature[place][other] += count * p * (1 - p)
        left = inverse(curvature)
        step = [sum(row[other] * slope[other] for other in range(size)) for row in left]
        # Far from the mode a full step may overshoot.
        longest = max(map(abs, step))
        found = [
            value + each * min(1.0, 1.0 / longest if longest else 1.0) for value, each in zip(found, step, strict=True)
        ]
        if longest < 1e-11:
            break
    return found, left


def chosen(
    trials: dict[Cell, list[int]],
    candidates: Sequence[Coefficients],
    prior: tuple[Coefficients, Sequence[Sequence[float]]],
    known: tuple[Coefficients, Sequence[Sequence[float]]],
    count: int,
) -> list[Coefficients]:
    """Of the candidates, drawn from what is known approximately, so many, each as often as it is likely after these trials."""

    def distance(coefficients: Coefficients, mean: Coefficients, precision: Sequence[Sequence[float]]) -> float:
        away = [value - middle for value, middle in zip(coefficients, mean, strict=True)]
        return sum(
            one * sum(map(math.prod, zip(row, away, strict=True))) for one, row in zip(away, precision, strict=True)
        )

    precisions = [inverse(covariance) for _, covariance in (prior, known)]
    weights = []
    for each in candidates:
        weight = (distance(each, known[0], precisions[1]) - distance(each, prior[0], precisions[0])) / 2
        for cell, (tried, used) in trials.items():
            p = chance(cell, each)
            weight += used * math.log(p) + (tried - used) * math.log1p(-p)
        weights.append(weight)
    shares = [math.exp(weight - max(weights)) for weight in weights]
    found, so_far, place = [], 0.0, 0
    for one in range(count):
        while so_far + shares[place] < (one + 0.45) / count * sum(shares):
            so_far += shares[place]
            place += 1
        found.append(candidates[place])
    return found


def inverse(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """By elimination, with the largest pivot."""
    size = len(matrix)
    rows = [[*row, *(float(place == other) for other in range(size))] for place, row in enumerate(matrix)]
    for place in range(size):
        pivot = max(range(place, size), key=lambda other: abs(rows[other][place]))
        rows[place], rows[pivot] = rows[pivot], rows[place]
        rows[place] = [value / rows[place][place] for value in rows[place]]
        for other in range(size):
            if other != place and rows[other][place]:
                factor = rows[other][place]
                rows[other] = [value - factor * mine for value, mine in zip(rows[other], rows[place], strict=True)]
    return [row[size:] for row in rows]
