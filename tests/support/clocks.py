"""Clocks that a test moves, and the day its estates are of."""

import time
from datetime import UTC, datetime, timedelta

from thirdeye.clock import Clock

TODAY = datetime.now(UTC).date()
NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)


class FixedClock:
    """Stands still until a test sets `now`."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Monotonic:
    """Seconds that pass only when a test adds to `now`."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def clock_from(start: datetime = NOON) -> Clock:
    """A clock that goes on from a moment: whenever the suite runs, no day and no hour ends during a test."""
    began = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - began)
