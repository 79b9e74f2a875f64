"""Sizes and writes of tables, from the newest of their profiles."""

from typing import Final

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import Mask
from thirdeye.inventory.rules import day_of_milliseconds
from thirdeye.mirror.keys import KEY
from thirdeye.mirror.state import Index, State
from thirdeye.mirror.warnings import RefreshWarnings

# Digits of the time that stands before a size.
_TIME_DIGITS: Final = 15
# No table is larger.
_MAX_BYTES: Final = 10**18


class ProfileReader:
    """Sets size and last write of the tables in `tables`; those without a profile have neither."""

    def __init__(self, state: State, index: Index, tables: Mask, warnings: RefreshWarnings) -> None:
        self._state = state
        self._index = index
        self._tables = tables
        self._warnings = warnings
        state.query["size"][tables] = -1
        state.source["profile_written"][tables] = 0

    def add(self, row: Row) -> None:
        """Adds a row of `profiles`."""
        lines = [line.split(",", 2) for line in row["packed"].split("\n")]
        digests = np.frombuffer(bytes.fromhex("".join(line[0] for line in lines)), KEY)
        numbers = self._index.numbers(digests)
        written = np.array([day_of_milliseconds(int(line[1])) for line in lines], dtype=np.uint16)
        sizes = np.array([_size(line[2][_TIME_DIGITS:], line[0], self._warnings) for line in lines], dtype=np.int64)
        chosen = numbers >= 0
        chosen[chosen] = self._tables[numbers[chosen]]
        self._state.query["size"][numbers[chosen]] = sizes[chosen]
        self._state.source["profile_written"][numbers[chosen]] = written[chosen]


def _size(text: str, example: str, warnings: RefreshWarnings) -> int:
    """Bytes from whatever the JSON held; -1 for none and for nonsense."""
    if not text:
        return -1
    try:
        size = int(text) if text.isascii() and text.isdigit() else float(text)
    except ValueError:
        size = -1
    if not 0 <= size <= _MAX_BYTES:
        warnings.add("SIZE_IS_NONSENSE", f"{text[:40]} bytes, profile of FQN hash digest {example}")
        return -1
    return int(size)
