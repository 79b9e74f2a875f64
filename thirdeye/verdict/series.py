"""What the parts of a series have in common where it is not in use: facts, return risk and verdict. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from thirdeye.inventory.columns import IN_USE_THROUGH_SERIES, UNREADABLE_WRITE, Array, Columns, Mask
from thirdeye.inventory.series import SeriesParts
from thirdeye.inventory.verdicts import APPROVED


@dataclass(frozen=True)
class UnusedSeries:
    """The series of an estate; `unused` tells which of them are not in use, by series."""

    members: SeriesParts
    unused: Mask

    def share(self, values: Array, common: Callable[[Array], Array]) -> None:
        """Gives the tables of each unused series their common value."""
        if len(self.members):
            chosen = self.members.spread(self.unused)
            numbers = self.members.numbers
            values[numbers[chosen]] = self.members.spread(common(values[numbers]))[chosen]


class SharedFacts(NamedTuple):
    """By table when it was last written, whether that cannot be read, and since when it is known: of the series or its own."""

    written: Array
    unreadable_write: Mask
    known_since: Array


def unused_series(members: SeriesParts, query: Columns) -> UnusedSeries:
    """The series whose members are not in use through them."""
    flags = query["flags"][members.numbers[members.starts]]
    return UnusedSeries(members, (flags & IN_USE_THROUGH_SERIES) == 0)


def shared_facts(series: UnusedSeries, query: Columns, source: Columns) -> SharedFacts:
    """The newest write and the earliest age of each unused series."""
    written, known_since = query["written"].copy(), source["known_since"].copy()
    unreadable: Mask = (source["signs"] & UNREADABLE_WRITE) != 0
    series.share(written, series.members.highest)
    series.share(unreadable, series.members.any_of)
    series.share(known_since, series.members.lowest)
    return SharedFacts(written, unreadable, known_since)


def share_risk(series: UnusedSeries, query: Columns) -> None:
    """Gives the parts of each unused series the numbers of their highest return risks; an unknown one (0) is the highest."""
    for name in ("risk", "expected_risk"):
        # One less than 0 is the highest of these numbers.
        series.share(query[name], lambda numbers: series.members.highest(numbers - np.uint16(1)) + np.uint16(1))


def share_verdict(series: UnusedSeries, query: Columns) -> None:
    """Gives the parts of each unused series the most cautious of their verdicts, and the blockers of all."""
    # Codes of verdicts rise with what they take away.
    series.share(query["verdict"], series.members.lowest)
    share_blockers(series, query)


def share_blockers(series: UnusedSeries, query: Columns) -> None:
    """Gives the parts of each unused series the blockers of all."""
    starts = series.members.starts

    def common(bits: Array) -> Array:
        # The series is approved where all of it is.
        of_any = np.bitwise_or.reduceat(bits & ~np.uint32(APPROVED), starts)
        shared: Array = of_any | (np.bitwise_and.reduceat(bits, starts) & np.uint32(APPROVED))
        return shared

    series.share(query["blockers"], common)
