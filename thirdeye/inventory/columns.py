"""The estate as columns: one array per property of a table, indexed by the table's number in the inventory.

A table keeps its number for good; that of one that is long gone, and that nothing refers to, is given again (ADR 0015).
Columns are stored in chunks of CHUNK tables, packed field after field, so a process reads a million tables in a second and
a refresh writes only the chunks that changed. Days are unsigned 16-bit numbers since 1970-01-01 (up to the year 2149); 0
means unknown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

CHUNK: Final = 65_536
Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Fields = Mapping[str, str]

# A change to these fields needs a migration that empties `estate_state`: blobs with other fields cannot be read.
# What queries filter and sort by. `place`, `owners`, `departed` (owners who left), `tags` and `domains` are indexes into
# the lists of the directory (`directory.py`); except in `place`, 0 means none. Unknown sizes are -1, unknown costs NaN.
QUERY_FIELDS: Final[Fields] = {
    "flags": "u2",
    "activity": "u1",
    # Why it is UNKNOWN: an index into UNKNOWN_REASONS.
    "unknown": "u1",
    "evidence": "u1",
    "tier": "u1",
    "place": "i4",
    "size": "i8",
    "accessed": "u2",
    "written": "u2",
    "queries": "i4",
    # Bits: what kind of use it is that is known of.
    "use_kind": "u1",
    # The last days on which it was used, SCANNED_DAYS at most, as bits: the lowest is the day of the refresh.
    "use_days": "u4",
    "owners": "i4",
    "departed": "i4",
    "tags": "i4",
    "domains": "i4",
    "query_cost": "f8",
    # What of that is for statements that only write it; 0 where that is not known.
    "write_cost": "f4",
    "name_rank": "i4",
    # Indexes into lists of the labels (`labels.py`), and how many people follow it.
    "marks": "i4",
    "products": "i4",
    "editor": "u2",
    "followers": "u2",
    # An index into the list of series; 0 for a table that is no part of one.
    "series": "i4",
    # The verdict (`verdicts.py`): scores in tenths, blockers as bits, return risks in thousandths, each plus 1 (0: none).
    "idle": "u2",
    "verdict": "u1",
    "purge": "u1",
    "blockers": "u4",
    "risk": "u2",
    "expected_risk": "u2",
    "own_risk": "u2",
}
# What a refresh needs to update the query fields. Ids and keys are 16 bytes each.
SOURCE_FIELDS: Final[Fields] = {
    "id": "S16",
    "key": "S16",
    "tail": "u2",
    "stamp": "u4",
    "own_owners": "i4",
    "own_domains": "i4",
    # As OpenMetadata has them, possibly in the future; the next two are clamped to today.
    "created_at": "u2",
    "changed_at": "u2",
    "entity_created_at": "u2",
    "created": "u2",
    "metadata_changed": "u2",
    "lifecycle_accessed": "u2",
    "lifecycle_updated": "u2",
    "profile_written": "u2",
    "profiled": "u2",
    # The days with a profile of it up to SCANNED_DAYS before `profiled_until`, as bits: the lowest is that day.
    "profile_days": "u4",
    "profiled_until": "u2",
    # The newest days on which a query that names it, and one that only writes it, have a record of their cost.
    "cost_use": "u2",
    "cost_written": "u2",
    # Since when it is known by any sign: kept, and only moves back.
    "known_since": "u2",
    "signs": "u1",
    # Rows of usage of any count.
    "first_row": "u2",
    "last_row": "u2",
    "first_use": "u2",
    "last_use": "u2",
    "days_of_use": "u2",
    "longest_gap": "u2",
    "name_stamp": "u4",
    "text": "u4",
    # Whether OpenMetadata has a retention period for the table itself.
    "own_retention": "u1",
    # The last verdict that was DELETE or ARCHIVE, and the day it was given; 0 for none.
    "advised": "u1",
    "advised_on": "u2",
    # Since when OpenMetadata no longer has it, in minutes since 1970; 0 for what it has. A table that is gone keeps it.
    "absent_since": "u4",
}
# What is found by name; a refresh reads it early and lets go of it before the large steps. Keys are 64-bit hashes of
# names without case (`table_names.py`); `stem_key` is 0 where a name has no suffix of a date or number, `suffix` orders
# the parts of a series. `name_key` is that of a name without marks of copies, within its service, `head_key` that of
# the letters it begins with. `fingerprint`: a checksum of the names of the columns, 0 without any.
NAME_FIELDS: Final[Fields] = {
    "path_key": "u8", "stem_key": "u8", "suffix": "u8", "word_key": "u8", "name_key": "u8", "fingerprint": "u4",
    "head_key": "u4", "form": "u1",
}  # fmt: skip
# Assets other than tables. `kind` is an index into the refresh's list of kinds, `name` a checksum of the name (0: it was
# never seen), `service` the first digits of the hash of its service, `unknown` why nobody can tell anything of it (0: all
# is known; `in_use` and `alive` are then as they were last known), `absent_since` as of tables.
ASSET_FIELDS: Final[Fields] = {
    "id": "S16", "kind": "u1", "name": "u4", "in_use": "u1", "alive": "u1", "unknown": "u1", "service": "u4",
    "absent_since": "u4",
}  # fmt: skip
# Why nothing is known of an asset: ThirdEye cannot read its kind, or OpenMetadata has no such asset.
UNREADABLE_KIND, MISSING = 1, 2
# Lineage numbers tables and other assets together as nodes: tables by their number, other assets from here on.
FIRST_ASSET: Final = 2**31
NO_NODE: Final = 0xFFFF_FFFF
# The nearest assets in use downstream of a table: their nodes, and how many edges away they are.
NEAREST: Final = 5
NEAREST_FIELDS: Final[Fields] = {f"node{rank}": "u4" for rank in range(NEAREST)} | {
    f"distance{rank}": "u2" for rank in range(NEAREST)
}

# Bits of `signs`: times that are there and cannot be read (LATE_WRITE: for they lie ahead), version 0.1 in
# OpenMetadata, and that ThirdEye first saw it in a later refresh than the first of its service. UNREADABLE_USE: a row that
# says when it was used cannot be read; UNREADABLE_ROW: its own row cannot, and all else is as it was last read.
UNREADABLE_ACCESS, UNREADABLE_UPDATE, UNREADABLE_PROFILE, FIRST_VERSION, SEEN_LATER, LATE_WRITE = 1, 2, 4, 8, 16, 32
UNREADABLE_USE, UNREADABLE_ROW = 64, 128
UNREADABLE_WRITE: Final = UNREADABLE_UPDATE | UNREADABLE_PROFILE | LATE_WRITE
# Bits of `flags`. PRESENT: part of the estate, and be it ABSENT, which is what OpenMetadata no longer has and ThirdEye
# does not count as gone yet. TESTED: OpenMetadata has a test suite for it. CARED_FOR: that, or somebody follows it, or
# edited its metadata lately. TRIAL: the first stages of its removal are worth a trial.
PRESENT, DESCRIBED, ZOMBIE, IN_USE_THROUGH_LINEAGE, IN_USE, WITHOUT_STORAGE, RETAINED = 1, 2, 4, 8, 16, 32, 64
ABSENT, IN_USE_THROUGH_SERIES = 128, 256
# UNREADABLE_WRITTEN: there is a time of a write that cannot be read, so that `written` may be too old. WITHOUT_PLAN: it is
# a materialized view or a dynamic table that no statements of ours would remove.
UNREADABLE_WRITTEN, MATERIALIZED_VIEW, DYNAMIC_TABLE, WITHOUT_PLAN, TESTED, CARED_FOR, TRIAL = (
    512,
    1024,
    2048,
    4096,
    8192,
    16384,
    32768,
)
# Bits of `use_kind`. ONLY_WRITTEN: every statement that OpenMetadata keeps of it only writes it, and nothing else says that
# it was read lately.
# ONLY_SCANNED: of its uses of the last SCANNED_DAYS each fell on the day of a profile of it, and there were no more of them.
# UNCOUNTED: some of its statements do not count as use, as administrators say; they are none for ONLY_WRITTEN either.
ONLY_WRITTEN, ONLY_SCANNED, UNCOUNTED = 1, 2, 4
SCANNED_DAYS: Final = 30
# Bits of `form`: the suffix of the name is a date, or a number; the type of the table; the name has marks of a copy.
DATED, NUMBERED, PARTITIONED, VIEW, MARKED = 1, 2, 4, 8, 16
_EPOCH = date(1970, 1, 1)


class Columns:
    """Arrays of equal length by field name. They grow; a number that holds only zeros has no table."""

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
        """Makes room for the numbers below `length`."""
        if length <= self.length:
            return
        for name, dtype in self.fields.items():
            grown = np.zeros(length, dtype)
            grown[: self.length] = self._arrays[name]
            self._arrays[name] = grown
        self.length = length

    def empty(self, numbers: Array) -> None:
        """Leaves only zeros at these numbers."""
        for values in self._arrays.values():
            # 0 alone would be the text "0" in keys.
            values[numbers] = np.zeros((), values.dtype)

    def has(self, flag: int) -> Mask:
        mask: Mask = (self._arrays["flags"] & flag) != 0
        return mask

    @property
    def chunks(self) -> int:
        return -(-self.length // CHUNK)

    def parts(self, chunk: int) -> dict[str, Array]:
        """Views of the arrays of one chunk, by field name."""
        start = chunk * CHUNK
        return {name: values[start : start + CHUNK] for name, values in self._arrays.items()}

    def packed(self, chunk: int) -> bytes:
        """The bytes of a chunk, field after field."""
        return b"".join(values.tobytes() for values in self.parts(chunk).values())

    def blobs(self, group: str) -> Iterator[tuple[str, bytes]]:
        """The blobs of all chunks as a group."""
        for chunk in range(self.chunks):
            yield blob_name(group, chunk), self.packed(chunk)

    def unpack(self, chunk: int, data: bytes) -> None:
        """Copies a packed chunk in and grows to hold it."""
        start = chunk * CHUNK
        parts = unpack_fields(self.fields, data)
        length = len(next(iter(parts.values())))
        self.grow(start + length)
        for name, values in parts.items():
            self._arrays[name][start : start + length] = values


class PackedColumns:
    """Read-only columns in chunks of the given lengths. Each chunk holds the fields that were put in so far."""

    def __init__(self, fields: Fields, lengths: Sequence[int]) -> None:
        self.fields = dict(fields)
        self.lengths = list(lengths)
        self.length = sum(lengths)
        self._parts: list[dict[str, Array]] = [{} for _ in lengths]

    @staticmethod
    def of(fields: Fields, chunks: Sequence[bytes]) -> "PackedColumns":
        """Columns over whole packed chunks, without copying them."""
        parts = [unpack_fields(fields, data) for data in chunks]
        columns = PackedColumns(fields, [len(next(iter(part.values()))) for part in parts])
        for chunk, part in enumerate(parts):
            columns.put(chunk, part)
        return columns

    @property
    def chunks(self) -> int:
        return len(self._parts)

    def parts(self, chunk: int) -> dict[str, Array]:
        """The arrays of one chunk, by field name."""
        return self._parts[chunk]

    def missing(self, chunk: int, names: Iterable[str]) -> list[str]:
        """Which of these fields a chunk does not hold yet, in storage order."""
        missing = set(names) - self._parts[chunk].keys()
        return [name for name in self.fields if name in missing]

    def spans(self, chunk: int) -> dict[str, tuple[int, int]]:
        """The offset and the size in bytes of each field in the blob of a chunk."""
        return field_spans(self.fields, self.lengths[chunk])

    def put(self, chunk: int, parts: Mapping[str, Array]) -> None:
        """Adds fields to a chunk."""
        # A new dict, because a thread may be iterating over the old one.
        self._parts[chunk] = {**self._parts[chunk], **parts}


def field_spans(fields: Fields, length: int) -> dict[str, tuple[int, int]]:
    """The offset and the size in bytes of each field in a packed chunk of `length` tables."""
    spans, offset = {}, 0
    for name, dtype in fields.items():
        size = length * np.dtype(dtype).itemsize
        spans[name] = (offset, size)
        offset += size
    return spans


def bytes_per_table(fields: Fields) -> int:
    """How many bytes a table takes in a packed chunk."""
    return sum(np.dtype(dtype).itemsize for dtype in fields.values())


def unpack_fields(fields: Fields, data: bytes) -> dict[str, Array]:
    """The arrays of one packed chunk; read-only, as they share its memory."""
    length = len(data) // bytes_per_table(fields)
    return {
        name: np.frombuffer(data, fields[name], count=length, offset=offset)
        for name, (offset, _) in field_spans(fields, length).items()
    }


def blob_name(group: str, chunk: int) -> str:
    """The blob that stores a chunk of a group of fields."""
    return f"{group}/{chunk:05d}"


def day_number(day: date | None) -> int:
    """Days since 1970-01-01; None gives 0."""
    return 0 if day is None else (day - _EPOCH).days


def day_of(number: int) -> date | None:
    """The date of a day number; 0 gives None."""
    return _EPOCH + timedelta(days=int(number)) if number else None


def select(numbers: Iterable[int], length: int) -> Mask:
    """A mask over 0 to `length` - 1 that is set at these numbers; others are ignored. It has at least one place."""
    chosen, mask = np.fromiter(numbers, np.int64), np.zeros(max(length, 1), np.bool_)
    mask[chosen[(chosen >= 0) & (chosen < length)]] = True
    return mask


# JSON, as it is written here, has no larger numbers. Sums beyond it are of sizes that cannot be; they are cut.
MAX_SUM: Final = 2**63 - 1


def exact_sums(groups: Array, values: Array, count: int) -> list[int]:
    """Sums of non-negative 64-bit integers by group, as Python integers because 64 bits could overflow: cut at MAX_SUM."""
    low, high = np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.add.at(low, groups, values & 0xFFFF_FFFF)
    np.add.at(high, groups, values >> 32)
    return [min((int(upper) << 32) + int(lower), MAX_SUM) for upper, lower in zip(high, low, strict=True)]
