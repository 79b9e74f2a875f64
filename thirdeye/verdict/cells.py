"""Cells: what tables in a like state have in common. Pure.

A cell is a class of idle days, a class of the ratio of these to the table's longest pause before, and a class of its
number of days of use. All of these are watched days: while nobody looked, time stands still.
"""

from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array

PERIOD_DAYS: Final = 30
# The lower limits of each class: idle days, their ratio to the longest pause, days of use.
IDLE_LIMITS: Final = (30, 60, 90, 120, 150, 180, 240, 300, 365, 450, 540, 720)
RATIO_LIMITS: Final = (0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)
USE_LIMITS: Final = (1, 2, 4, 11, 31)
# A ratio has two more classes: without a pause before, and under the first limit.
IDLE_CLASSES, RATIO_CLASSES, USE_CLASSES = len(IDLE_LIMITS), len(RATIO_LIMITS) + 2, len(USE_LIMITS) + 1
CELLS: Final = IDLE_CLASSES * RATIO_CLASSES * USE_CLASSES
NO_CELL: Final = 65_535
# Longer times are of the last class.
_LONGEST: Final = 1_000


def _classes(limits: tuple[int, ...]) -> Array:
    """The class of each number of days, by that number."""
    return np.searchsorted(limits, np.arange(_LONGEST + 1), side="right").astype(np.uint16)


_IDLE_CLASS, _USE_CLASS = _classes(IDLE_LIMITS), _classes(USE_LIMITS)


def idle_class(idle: Array) -> Array:
    """The class of these idle days, -1 for fewer than 30."""
    classes: Array = _IDLE_CLASS[np.minimum(idle, _LONGEST)].astype(np.int32) - 1
    return classes


def ratio_class(idle: Array, longest_pause: Array) -> Array:
    """The class of idle days in relation to the longest pause before, in days; 0 without one."""
    ratio = np.searchsorted(RATIO_LIMITS, idle / np.maximum(longest_pause, 1), side="right") + 1
    return np.where(longest_pause > 0, ratio, 0).astype(np.int32)


def use_class(days_of_use: Array) -> Array:
    """The class of these numbers of days of use."""
    classes: Array = _USE_CLASS[np.minimum(days_of_use, _LONGEST)].astype(np.int32)
    return classes


def cells_of(idle: Array, longest_pause: Array, days_of_use: Array) -> Array:
    """The cell of each table, 0 to CELLS - 1; NO_CELL for those idle for less than 30 days."""
    idle_classes = idle_class(np.maximum(idle, 0))
    cells = (idle_classes * RATIO_CLASSES + ratio_class(idle, longest_pause)) * USE_CLASSES + use_class(days_of_use)
    return np.where(idle_classes >= 0, cells, NO_CELL).astype(np.uint16)


def parts_of_cell(cell: int) -> tuple[int, int, int]:
    """The classes of a cell: of idle days, of the ratio, of days of use."""
    idle, rest = divmod(cell, RATIO_CLASSES * USE_CLASSES)
    return idle, *divmod(rest, USE_CLASSES)


def middles() -> tuple[Array, Array, Array]:
    """By cell a table in its middle: idle days, longest pause, days of use. The last class of each ends at twice its limit."""
    idle, rest = np.divmod(np.arange(CELLS), RATIO_CLASSES * USE_CLASSES)
    ratio, use = np.divmod(rest, USE_CLASSES)
    idle_days = _middles(IDLE_LIMITS)[idle]
    ratios = np.append(np.inf, _middles((0.0, *RATIO_LIMITS)))[ratio]
    return idle_days.astype(np.int64), np.round(idle_days / ratios).astype(np.int64), np.array((0, *USE_LIMITS))[use]


def _middles(limits: tuple[float, ...]) -> Array:
    lower = np.array(limits)
    middle: Array = (lower + np.append(lower[1:], 2 * lower[-1])) / 2
    return middle
