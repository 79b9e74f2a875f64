"""Which verdicts are given, withdrawn, regretted: from one refresh to the next, over columns. Pure.

A table under DELETE or ARCHIVE carries that verdict and the day it was given (`advised`, `advised_on`), also once it is
gone, until it is withdrawn or regretted: regretted when it is used after that day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from thirdeye.inventory.columns import PRESENT, Array, Mask
from thirdeye.inventory.verdicts import VERDICT_CODE, Verdict

_WATCHED = (VERDICT_CODE[Verdict.DELETE], VERDICT_CODE[Verdict.ARCHIVE])


@dataclass
class Records:
    """What is to be remembered, by table number: `given` with verdict and number of the risk; `regretted` by day of use."""

    given: list[tuple[int, int, int]] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    regretted: dict[int, list[int]] = field(default_factory=dict)

    def compare(self, before: Mapping[str, Array] | None, after: Mapping[str, Array], first: int, today: int) -> None:
        """Takes a chunk in that begins at number `first`, and sets `advised` and `advised_on` of its tables."""
        length = len(after["flags"])
        advised, on, was_there = (np.zeros(length, np.int64) for _ in range(3))
        if before is not None:
            known = min(len(before["flags"]), length)
            advised[:known], on[:known] = before["advised"][:known], before["advised_on"][:known]
            was_there[:known] = (before["flags"][:known] & PRESENT) != 0
        there: Mask = (after["flags"] & PRESENT) != 0
        now = np.where(there & np.isin(after["verdict"], _WATCHED), after["verdict"], 0).astype(np.int64)
        regretted = (advised > 0) & (after["accessed"] > on)
        withdrawn = (advised > 0) & ~regretted & there & (now != advised)
        gone = (advised > 0) & ~regretted & ~there
        given = (now > 0) & (regretted | (now != advised))
        self.withdrawn += (np.flatnonzero(withdrawn) + first).tolist()
        self.gone += (np.flatnonzero(gone & (was_there != 0)) + first).tolist()
        for place in np.flatnonzero(regretted).tolist():
            self.regretted.setdefault(int(after["accessed"][place]), []).append(first + place)
        for place in np.flatnonzero(given).tolist():
            self.given.append((first + place, int(now[place]), int(after["risk"][place])))
        kept = ((now == advised) & ~regretted) | gone
        after["advised"][:] = np.where(gone, advised, now)
        after["advised_on"][:] = np.where(kept, on, np.where(now > 0, today, 0))
