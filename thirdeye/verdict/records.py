"""Which verdicts are given, withdrawn or regretted from one refresh to the next, over columns. Pure.

A table under DELETE or ARCHIVE carries that verdict and the day it was given (`advised`, `advised_on`), even after it
was removed, until the verdict is withdrawn or regretted: the table was used after that day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from thirdeye.inventory.columns import PRESENT, Array, Mask
from thirdeye.inventory.verdicts import VERDICT_CODE, Verdict

_WATCHED = (VERDICT_CODE[Verdict.DELETE], VERDICT_CODE[Verdict.ARCHIVE])


@dataclass
class Records:
    """Changes of verdicts, by table number: `given` with verdict and return risks, `regretted` by day of use."""

    given: list[tuple[int, int, int, int]] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    regretted: dict[int, list[int]] = field(default_factory=dict)

    def compare(
        self,
        before: Mapping[str, Array] | None,
        after: Mapping[str, Array],
        first: int,
        today: int,
        *,
        unseen: bool = False,
    ) -> None:
        """Adds the changes of a chunk that begins at number `first`; sets its `advised` and `advised_on`.

        While something that verdicts look at is `unseen`, none is given or withdrawn: those before stand.
        """
        length = len(after["flags"])
        advised, advised_on, was_present = (np.zeros(length, np.int64) for _ in range(3))
        if before is not None:
            common = min(len(before["flags"]), length)
            advised[:common], advised_on[:common] = before["advised"][:common], before["advised_on"][:common]
            was_present[:common] = (before["flags"][:common] & PRESENT) != 0
        present: Mask = (after["flags"] & PRESENT) != 0
        current = np.where(present & np.isin(after["verdict"], _WATCHED), after["verdict"], 0).astype(np.int64)
        regretted = (advised > 0) & (after["accessed"] > advised_on)
        if unseen:
            current = np.where(present & ~regretted, advised, 0)
        withdrawn = (advised > 0) & ~regretted & present & (current != advised)
        gone = (advised > 0) & ~regretted & ~present
        given = (current > 0) & (regretted | (current != advised))
        self.withdrawn += (np.flatnonzero(withdrawn) + first).tolist()
        self.gone += (np.flatnonzero(gone & (was_present != 0)) + first).tolist()
        for place in np.flatnonzero(regretted).tolist():
            self.regretted.setdefault(int(after["accessed"][place]), []).append(first + place)
        for place in np.flatnonzero(given).tolist():
            risks = int(after["risk"][place]), int(after["expected_risk"][place])
            self.given.append((first + place, int(current[place]), *risks))
        unchanged = ((current == advised) & ~regretted) | gone
        after["advised"][:] = np.where(gone, advised, current)
        after["advised_on"][:] = np.where(unchanged, advised_on, np.where(current > 0, today, 0))
