"""Leaving alone for a while what just failed, so that requests do not each wait for it."""

import time
from collections.abc import Callable


class Cooldown:
    """`active` for so many seconds after `start`, by a monotonic clock."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._until = float("-inf")

    def start(self) -> None:
        """Begins, or begins anew."""
        self._until = self._monotonic() + self._seconds

    @property
    def active(self) -> bool:
        """Whether it is not over yet."""
        return self._monotonic() < self._until
