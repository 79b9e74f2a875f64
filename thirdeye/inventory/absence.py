"""When a table that OpenMetadata no longer has counts as gone. Pure; moments are minutes since 1970.

An ingestion that failed, or was filtered by mistake, marks everything as deleted that it did not see, and the next one
brings it back: absence is no deed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Mask

MINUTES_PER_HOUR: Final = 60
MINUTES_PER_DAY: Final = 24 * MINUTES_PER_HOUR


@dataclass(frozen=True, kw_only=True)
class AbsenceLimits:
    """After how many days an absent table counts as gone, alone or with many, and how many are many."""

    absent_days: int = 4
    mass_absent_days: int = 7
    mass_absence_hours: int = 48
    mass_absence_share: float = 0.20
    mass_absence_tables: int = 5
    mass_absence_at_once: int = 50

    @property
    def window(self) -> int:
        """How many minutes the absences of one mass lie apart at most."""
        return self.mass_absence_hours * MINUTES_PER_HOUR

    @property
    def memory(self) -> int:
        """For how many minutes an absence bears on others: until the last of its mass is gone."""
        return self.mass_absent_days * MINUTES_PER_DAY + self.window


@dataclass(frozen=True, kw_only=True)
class Group:
    """A way to group tables: by schema, by database. `group` is the number of each absent table's, `sizes` are by number.

    A group is lost when so many of its tables are absent, by share or by number, and when all are.
    """

    group: Array
    sizes: Array


def mass_absences(since: Array, expected: Mask, groups: Sequence[Group], limits: AbsenceLimits) -> Mask:
    """Which absences are part of a mass absence. `since`: when each table was missed first.

    `expected`: it was being removed, so its absence is no sign of anything.
    """
    mass = np.zeros(len(since), np.bool_)
    chosen = np.flatnonzero(~expected)
    for each in groups:
        share = np.ceil(limits.mass_absence_share * each.sizes - 1e-9)
        many = np.minimum(np.maximum(share, limits.mass_absence_tables), limits.mass_absence_at_once)
        many = np.minimum(many, np.maximum(each.sizes, 1))
        mass[chosen] |= _crowded(since[chosen], each.group[chosen], many, limits.window)
    return mass


def _crowded(since: Array, group: Array, many: Array, window: int) -> Mask:
    """Which moments lie in a window that holds as many of their group as are many for it."""
    order = np.lexsort((since, group))
    since, group = since[order].astype(np.int64), group[order].astype(np.int64)
    # One line for all groups, on which those of two groups are further apart than a window.
    span = int(since.max(initial=0)) + window + 1
    line = group * span + since
    last = np.searchsorted(line, line + window, side="right")
    first = np.arange(len(line))
    starts = last - first >= many[group]
    edges = np.zeros(len(line) + 1, np.int64)
    np.add.at(edges, first[starts], 1)
    np.add.at(edges, last[starts], -1)
    crowded = np.zeros(len(line), np.bool_)
    crowded[order] = np.cumsum(edges[:-1]) > 0
    return crowded


def are_gone(since: Array, mass: Mask, now: int, limits: AbsenceLimits) -> Mask:
    """Which absent tables count as gone."""
    days = np.where(mass, limits.mass_absent_days, limits.absent_days)
    gone: Mask = now - since.astype(np.int64) >= days * MINUTES_PER_DAY
    return gone
