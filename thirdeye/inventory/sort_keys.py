"""Keys whose ascending order is that of a list: what comes first among them, and which of them may be on a page."""

import math

import numpy as np

from thirdeye.inventory.columns import Array, Mask


def ascending(values: Array, *, reverse: bool) -> Array:
    """Keys whose ascending order is the order of the sort, with unknown values last."""
    return np.where(np.isnan(values), np.inf, -values if reverse else values)


class Window:
    """Between which keys the rows of a page lie, as far as is known, so that most of the others need no second look.

    Keys are `falling` where higher values have lower ones; `begin` is the first that may be on the page, `unknown` that of
    unknown values. `end` is that of the last row of a page that is full: what comes later must have a lower one.
    """

    def __init__(self, begin: float, *, falling: bool, unknown: float) -> None:
        self.end: float | None = None
        self._begin, self.falling, self._unknown = begin, falling, unknown

    def narrow(self, mask: Mask, values: Array) -> None:
        """Takes what lies outside out of the mask."""
        begin, end = self._begin, self.end
        if begin > -math.inf:
            self._take(
                mask, values, values <= -begin if self.falling else values >= begin, unknown=self._unknown >= begin
            )
        if end is not None:
            self._take(mask, values, values > -end if self.falling else values < end, unknown=self._unknown < end)

    def _take(self, mask: Mask, values: Array, inside: Mask, *, unknown: bool) -> None:
        # What is unknown is neither more nor less than anything.
        mask &= inside | np.isnan(values) if unknown else inside


def smallest(keys: Array, ties: Array, count: int) -> tuple[Array, Array]:
    """The `count` smallest keys, those that are equal by their ties, in order."""
    if len(keys) > count:
        largest = _nth_smallest(keys, count)
        smaller, tied = np.flatnonzero(keys < largest), np.flatnonzero(keys == largest)
        # Tables tied at the largest key, perhaps half of the estate, fill the remaining places by number.
        missing = count - len(smaller)
        chosen = np.concatenate([smaller, tied[np.argpartition(ties[tied], missing - 1)[:missing]]])
        keys, ties = keys[chosen], ties[chosen]
    order = np.lexsort((ties, keys))
    return keys[order], ties[order]


def _nth_smallest(keys: Array, count: int) -> float:
    """The largest of the `count` smallest keys."""
    smallest = keys.min()
    # Partitioning is slow where many keys are equal, such as savings of zero.
    if np.count_nonzero(keys == smallest) >= count:
        return float(smallest)
    return float(np.partition(keys, count - 1)[count - 1])
