"""Sizes and writes of tables, from the newest of their profiles."""

from collections.abc import AsyncIterator
from typing import Final

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import Mask
from thirdeye.inventory.rules import day_of_milliseconds
from thirdeye.mirror.keys import records_of
from thirdeye.mirror.state import Index, State
from thirdeye.mirror.warnings import RefreshWarnings

# Digits of the time that stands before a size.
_TIME_DIGITS: Final = 15
# No table is larger.
_MAX_BYTES: Final = 10**18


async def set_profiles(
    state: State, index: Index, tables: Mask, rows: AsyncIterator[Row], warnings: RefreshWarnings
) -> None:
    """Sets size and last write of the tables in `tables` from rows of `profiles`; `index` is of digests of FQN hashes."""
    state.query["size"][tables] = -1
    state.source["profile_written"][tables] = 0
    async for row in rows:
        digests, times, texts = zip(*(line.split(",", 2) for line in row["packed"].split("\n")), strict=True)
        numbers = index.numbers(records_of("".join(digests)))
        written = np.array([day_of_milliseconds(int(time)) for time in times], dtype=np.uint16)
        sizes = np.array(
            [_size(text[_TIME_DIGITS:], digest, warnings) for digest, text in zip(digests, texts, strict=True)],
            np.int64,
        )
        chosen = numbers >= 0
        chosen[chosen] = tables[numbers[chosen]]
        state.query["size"][numbers[chosen]] = sizes[chosen]
        state.source["profile_written"][numbers[chosen]] = written[chosen]


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
