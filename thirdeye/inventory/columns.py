"""The estate as columns: one array per property of a table, indexed by the table's number in the inventory.

A table keeps its number for good. Columns are stored in chunks of CHUNK tables, packed field after field, so that a
process reads a million tables in a second and a refresh writes the chunks that changed. Days are days since 1970-01-01
as unsigned 16-bit numbers (to the year 2149), 0 for an unknown one.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

CHUNK: Final = 65_536
Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Fields = Mapping[str, str]

# Whoever changes these adds a migration that empties `estate_state`: blobs of other fields cannot be read.
# What questions filter and sort by. `place`, `owners`, `tags` and `domain` number the entries of dictionaries (see
# `directory.py`), 0 stands for none but in `place`. -1 and NaN stand for unknown sizes and costs.
QUERY_FIELDS: Final[Fields] = {
    "flags": "u1",
    "activity": "u1",
    "evidence": "u1",
    "tier": "u1",
    "place": "i4",
    "size": "i8",
    "accessed": "u2",
    "written": "u2",
    "queries": "i4",
    "owners": "i4",
    "tags": "i4",
    "domain": "i4",
    "query_cost": "f8",
    "name_rank": "i4",
    # What is advised (see `advice.py`): scores in tenths, blockers as bits, `risk` as a number of the risk table.
    "idle": "u2",
    "verdict": "u1",
    "purge": "u1",
    "blockers": "u2",
    "risk": "u2",
}
# What the worker needs besides, to bring them up to date. Ids and keys are 16 bytes each (see `keys.py`).
SOURCE_FIELDS: Final[Fields] = {
    "id": "S16",
    "key": "S16",
    "tail": "u2",
    "stamp": "u4",
    "own_owners": "i4",
    "own_domain": "i4",
    # As OM has them, maybe in the future; the two after them are as of today.
    "created_at": "u2",
    "changed_at": "u2",
    "created": "u2",
    "metadata_changed": "u2",
    "lifecycle_accessed": "u2",
    "lifecycle_updated": "u2",
    "profile_written": "u2",
    "first_use": "u2",
    "last_use": "u2",
    "days_of_use": "u2",
    "longest_gap": "u2",
    "name_key": "u8",
    "name_stamp": "u4",
    "text": "u4",
    # Whether OM has a retention for the table itself.
    "own_retention": "u1",
    # The verdict, DELETE or ARCHIVE, that this table was last seen under, and the day it was given; 0 for none.
    "advised": "u1",
    "advised_on": "u2",
}
# The assets in use that are nearest downstream: their numbers (`lineage.py` tells how), and how many edges away.
NEAREST: Final = 5
NEAREST_FIELDS: Final[Fields] = {f"near{place}": "u4" for place in range(NEAREST)} | {
    f"far{place}": "u2" for place in range(NEAREST)
}

PRESENT, DESCRIBED, ZOMBIE, IN_USE_THROUGH_LINEAGE, IN_USE, WITHOUT_STORAGE, RETAINED = 1, 2, 4, 8, 16, 32, 64
_EPOCH = date(1970, 1, 1)


class Columns:
    """Arrays of one length by name. Grows; an unseen number holds zeros, which means: no such table."""

    def __init__(self, fields: Fields, length: int = 0) -> None:
        self.fields = dict(fields)
        self.length = length
        self._arrays: dict[str, Array] = {name: np.zeros(length, dtype) for name, dtype in fields.items()}

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __setitem__(self, name: str, values: Array) -> None:
        assert len(values) == self.length, name
        self._arrays[name] = np.ascontiguousarray(values, dtype=self.fields[name])

    def grow(self, length: int) -> None:
        """Makes room for numbers below `length`."""
        if length <= self.length:
            return
        for name, dtype in self.fields.items():
            grown = np.zeros(length, dtype)
            grown[: self.length] = self._arrays[name]
            self._arrays[name] = grown
        self.length = length

    def has(self, flag: int) -> Mask:
        """Which tables have this flag."""
        found: Mask = (self._arrays["flags"] & flag) != 0
        return found

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-self.length // CHUNK)

    def parts(self, chunk: int) -> dict[str, Array]:
        """The arrays of one chunk by name."""
        start = chunk * CHUNK
        return {name: values[start : start + CHUNK] for name, values in self._arrays.items()}

    def packed(self, chunk: int) -> bytes:
        """A chunk, field after field."""
        start, end = chunk * CHUNK, min((chunk + 1) * CHUNK, self.length)
        return b"".join(self._arrays[name][start:end].tobytes() for name in self.fields)

    def unpack(self, chunk: int, data: bytes) -> None:
        """Takes a packed chunk in, growing as need be."""
        start = chunk * CHUNK
        parts = unpacked(self.fields, data)
        length = len(next(iter(parts.values())))
        self.grow(start + length)
        for name, values in parts.items():
            self._arrays[name][start : start + length] = values


class PackedColumns:
    """Columns to read only, in chunks of these lengths; of each chunk the fields that were put in."""

    def __init__(self, fields: Fields, lengths: Sequence[int]) -> None:
        self.fields = dict(fields)
        self.lengths = list(lengths)
        self.length = sum(lengths)
        self._parts: list[dict[str, Array]] = [{} for _ in lengths]

    @staticmethod
    def of(fields: Fields, chunks: Sequence[bytes]) -> "PackedColumns":
        """Over whole chunks as they are stored; none of them is copied."""
        parts = [unpacked(fields, data) for data in chunks]
        columns = PackedColumns(fields, [len(next(iter(part.values()))) for part in parts])
        for chunk, part in enumerate(parts):
            columns.put(chunk, part)
        return columns

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return len(self._parts)

    def parts(self, chunk: int) -> dict[str, Array]:
        """The arrays of one chunk by name."""
        return self._parts[chunk]

    def lacking(self, chunk: int, names: Iterable[str]) -> list[str]:
        """Which of these fields of a chunk were not put in yet, in the order of the fields."""
        wanted = set(names) - self._parts[chunk].keys()
        return [name for name in self.fields if name in wanted]

    def put(self, chunk: int, parts: Mapping[str, Array]) -> None:
        """Puts fields of a chunk in."""
        # Anew, for a thread may be going through the ones before.
        self._parts[chunk] = {**self._parts[chunk], **parts}


def spans(fields: Fields, length: int) -> dict[str, tuple[int, int]]:
    """Where each field of a packed chunk of so many tables begins, and how many bytes it takes."""
    found, offset = {}, 0
    for name, dtype in fields.items():
        size = length * np.dtype(dtype).itemsize
        found[name] = (offset, size)
        offset += size
    return found


def width(fields: Fields) -> int:
    """How many bytes a table takes."""
    return sum(np.dtype(dtype).itemsize for dtype in fields.values())


def unpacked(fields: Fields, data: bytes) -> dict[str, Array]:
    """The arrays of one packed chunk; they share its memory and cannot be written to."""
    length = len(data) // width(fields)
    return {
        name: np.frombuffer(data, fields[name], count=length, offset=offset)
        for name, (offset, _) in spans(fields, length).items()
    }


def blob_name(group: str, chunk: int) -> str:
    """The name under which a chunk of a group is stored."""
    return f"{group}/{chunk:05d}"


def day_number(day: date | None) -> int:
    """Days since 1970-01-01; 0 for None."""
    return 0 if day is None else (day - _EPOCH).days


def day_of(number: int) -> date | None:
    """The date of a day number; None for 0."""
    return _EPOCH + timedelta(days=int(number)) if number else None


def lookup(keys: Array, order: Array, wanted: Array) -> Array:
    """The positions of `wanted` among keys that `order` sorts, -1 where there is none."""
    if len(order) == 0:
        return np.full(len(wanted), -1, dtype=np.int64)
    places = np.searchsorted(keys, wanted, sorter=order)
    places[places == len(order)] = 0
    numbers = order[places]
    found: Array = np.where(keys[numbers] == wanted, numbers, -1).astype(np.int64)
    return found


def select(values: Iterable[int], universe: int) -> Mask:
    """A mask over 0 to `universe` - 1 that holds these numbers; others are ignored."""
    mask = np.zeros(max(universe, 1), dtype=np.bool_)
    for value in values:
        if 0 <= value < universe:
            mask[value] = True
    return mask


def exact_sums(groups: Array, values: Array, count: int) -> list[int]:
    """Sums of non-negative 64-bit integers by group, in Python's integers: those of 64 bits would overflow."""
    low, high = np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.add.at(low, groups, values & 0xFFFF_FFFF)
    np.add.at(high, groups, values >> 32)
    return [(int(upper) << 32) + int(lower) for upper, lower in zip(high, low, strict=True)]
