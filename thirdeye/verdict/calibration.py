"""What a return risk of so much has meant: the share that really came back, in estates at large. Pure.

A product of six chances takes each period for a new chance. Where risks are high it promises too much: a table that should
have come back and has not is likelier dead than its cell says, and there are more dead tables now than in the past that
teaches. What is shown as expected is therefore read off a curve learnt once from simulated estates whose future is known.
What decides, the upper end, is left as it is.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array


@dataclass(frozen=True)
class Calibration:
    """A line through points: risks that were expected, ascending from 0 to 1, and the shares that came back."""

    expected: tuple[float, ...]
    happened: tuple[float, ...]

    def happens(self, risk: Array) -> Array:
        """How often that happens which is expected with this risk, 0 to 1; never less for a higher one."""
        shares: Array = np.interp(risk, self.expected, self.happened)
        return shares

    @property
    def problem(self) -> str:
        """Why this is no line from 0 to 1 that never falls, or ""."""
        if len(self.expected) != len(self.happened) or len(self.expected) < 2:
            return "its calibration has not as many shares as risks, two at least"
        if not np.isfinite([*self.expected, *self.happened]).all():
            return "one of the numbers of its calibration is none"
        if (self.expected[0], self.expected[-1]) != (0.0, 1.0) or min(self.happened) < 0 or max(self.happened) > 1:
            return "its calibration does not go from 0 to 1"
        if any(later <= earlier for earlier, later in pairwise(self.expected)):
            return "the risks of its calibration do not ascend"
        if any(later < earlier for earlier, later in pairwise(self.happened)):
            return "the shares of its calibration fall"
        return ""


# Everything happens as it is expected.
IDENTITY: Final = Calibration((0.0, 1.0), (0.0, 1.0))
