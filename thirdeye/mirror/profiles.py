"""Sizes and writes of tables, from the newest of their profiles."""

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import Mask
from thirdeye.inventory.rules import day_of_milliseconds
from thirdeye.mirror.keys import KEY
from thirdeye.mirror.state import Index, State
from thirdeye.mirror.warnings import Problems

# Digits of the time that stands before a size.
_TIME = 15
# More bytes than there are in the world.
_MOST_BYTES = 10**18


class ProfileReader:
    """Sets size and last write of the tables in `touched`; those without a profile have neither."""

    def __init__(self, state: State, index: Index, touched: Mask, problems: Problems) -> None:
        self._state = state
        self._index = index
        self._touched = touched
        self._problems = problems
        state.query["size"][touched] = -1
        state.source["profile_written"][touched] = 0

    def take(self, row: Row) -> None:
        """Takes a row of `profiles` in."""
        lines = [line.split(",", 2) for line in row["packed"].split("\n")]
        digests = np.frombuffer(bytes.fromhex("".join(line[0] for line in lines)), KEY)
        numbers = self._index.numbers(digests)
        written = np.array([day_of_milliseconds(int(line[1])) for line in lines], dtype=np.uint16)
        sizes = np.array([_size(line[2][_TIME:], line[0], self._problems) for line in lines], dtype=np.int64)
        known = numbers >= 0
        known[known] = self._touched[numbers[known]]
        self._state.query["size"][numbers[known]] = sizes[known]
        self._state.source["profile_written"][numbers[known]] = written[known]


def _size(text: str, example: str, problems: Problems) -> int:
    """Bytes out of whatever JSON held; -1 for none and for nonsense."""
    if not text:
        return -1
    try:
        size = int(text) if text.isascii() and text.isdigit() else float(text)
    except ValueError:
        size = -1
    if not 0 <= size <= _MOST_BYTES:
        problems.add("SIZE_IS_NONSENSE", f"{text[:40]} bytes, profile of FQN hash digest {example}")
        return -1
    return int(size)
