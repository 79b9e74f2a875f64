"""Sizes and writes of tables, from the newest of their profiles."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import UNREADABLE_PROFILE, Array, Mask
from thirdeye.mirror.keys import id_text, records_of
from thirdeye.mirror.openmetadata.source_tables import PROFILES
from thirdeye.mirror.state import Index, State
from thirdeye.mirror.warnings import RefreshWarnings

# Digits of the time that stands before a size.
_TIME_DIGITS: Final = 15
# No table is larger.
_MAX_BYTES: Final = 10**18
_DAY_MS: Final = 86_400_000


async def set_profiles(
    state: State, index: Index, tables: Mask, rows: AsyncIterator[Row], warnings: RefreshWarnings, today: int
) -> None:
    """Sets size and last write of the tables in `tables` from rows of `profiles`; `index` is of digests of FQN hashes."""
    state.query["size"][tables] = -1
    state.source["profile_written"][tables] = 0
    state.source["profiled"][tables] = 0
    state.source["profile_days"][tables], state.source["profiled_until"][tables] = 0, today
    state.source["signs"][tables] &= ~np.uint8(UNREADABLE_PROFILE)
    async for row in rows:
        lines = [line.split(",", 5) for line in row["packed"].split("\n")]
        digests, times, unreadable, firsts, days, texts = zip(*lines, strict=True)
        numbers = index.numbers(records_of("".join(digests)))
        written, profiled = _days(times), _days(firsts)
        signs = np.array([int(flag) * UNREADABLE_PROFILE for flag in unreadable], np.uint8)
        sizes = np.zeros(len(texts), np.int64)
        for place, text in enumerate(texts):
            sizes[place], problem = read_size(text[_TIME_DIGITS:])
            if problem is not None:
                warnings.add(
                    problem, f"{text[_TIME_DIGITS + 1 :]} bytes, {_name(state, numbers[place], digests[place])}"
                )
        for place in np.flatnonzero(signs).tolist():
            name = _name(state, numbers[place], digests[place])
            warnings.odd_row(PROFILES.name, name, "the operation or the time of a system profile cannot be read")
        chosen = numbers >= 0
        chosen[chosen] = tables[numbers[chosen]]
        state.query["size"][numbers[chosen]] = sizes[chosen]
        state.source["profile_written"][numbers[chosen]] = written[chosen]
        state.source["profiled"][numbers[chosen]] = profiled[chosen]
        state.source["profile_days"][numbers[chosen]] = np.array(days, np.uint32)[chosen]
        state.source["signs"][numbers[chosen]] |= signs[chosen]


def _days(milliseconds: Sequence[str]) -> Array:
    return np.array([int(time) // _DAY_MS for time in milliseconds]).astype(np.uint16)


def _name(state: State, number: int, digest: str) -> str:
    """What tells whose profile it is: the table, or what its hash begins with as others may compute it."""
    if number >= 0:
        return f"profile of table {id_text(state.source['id'][number])}"
    return f"profile of FQN hash digest {digest}"


def read_size(text: str) -> tuple[int, str | None]:
    """Bytes from whatever the JSON held behind a 1 for a table with rows, and what to warn of.

    -1 for none, for nonsense, and for none of rows.
    """
    if not text:
        return -1, None
    has_rows, text = text[0] == "1", text[1:]
    try:
        size = int(text) if text.isascii() and text.isdigit() else float(text)
    except ValueError:
        size = -1
    if not 0 <= size <= _MAX_BYTES:
        return -1, "SIZE_IS_NONSENSE"
    if has_rows and int(size) == 0:
        # Connectors that cannot tell a size write none.
        return -1, "SIZE_OF_ROWS_IS_ZERO"
    return int(size), None
