"""Watched days: those on which a service's usage feed shows what was used. Pure.

Idle and observed days are counted in them, for days on which nobody looked make nothing idle.
"""

from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Mask

# A gap of so many days between watched days counts as watched: weekends, a run that failed.
MAX_GAP_DAYS: Final = 3
# So does one of so many between rows of usage, where an administrator said that OpenMetadata has all there is.
MAX_CONFIRMED_GAP_DAYS: Final = 14
# A run without a row tells that nothing was used, if there was a row in so many days before.
_ROWS_BEFORE_RUN_DAYS: Final = 14


class WatchedDays:
    """Counts watched days, of several variants: arrays of variants, days and results have one value per table."""

    def __init__(self, first_day: int, variants: Mask) -> None:
        """`variants`: of each, whether each day from `first_day` (a day number) on is watched."""
        self._first_day = first_day
        # By variant and position: how many of the days before are watched.
        self._counts = np.concatenate(
            [np.zeros((len(variants), 1), np.int32), np.cumsum(variants, axis=1, dtype=np.int32)], axis=1
        )

    def up_to(self, variant: Array, day: Array) -> Array:
        """How many days up to and including `day` are watched."""
        position = np.clip(np.asarray(day, np.int64) - self._first_day + 1, 0, self._counts.shape[1] - 1)
        counts: Array = self._counts[variant, position]
        return counts

    def between(self, variant: Array, after: Array, until: Array) -> Array:
        """How many of the days after `after`, up to and including `until`, are watched; 0 if it is not later."""
        counts: Array = np.maximum(self.up_to(variant, until) - self.up_to(variant, after), 0)
        return counts


def watched_days(rows: Mask, runs: Mask) -> Mask:
    """Which days are watched: `rows` and `runs` say on which days there is a row of usage and a successful run.

    A run covers its day and the day before, but can have succeeded without reading a log.
    """
    before = np.convolve(rows, np.ones(_ROWS_BEFORE_RUN_DAYS + 1, np.int32))[: len(rows)] > 0
    run_next_day = np.append(runs[1:], False)
    return fill_gaps(rows | ((runs | run_next_day) & before), MAX_GAP_DAYS)


def confirmed_days(rows: Mask, watched: Mask) -> Mask:
    """Which days are watched when an administrator confirmed the feed."""
    return watched | fill_gaps(rows, MAX_CONFIRMED_GAP_DAYS)


def fill_gaps(days: Mask, longest: int) -> Mask:
    """The same with gaps of up to `longest` days filled; what lies before the first and after the last day is no gap."""
    filled = days.copy()
    marked = np.flatnonzero(days)
    gaps = np.diff(marked) - 1
    for place in np.flatnonzero((gaps > 0) & (gaps <= longest)):
        filled[marked[place] : marked[place + 1]] = True
    return filled
