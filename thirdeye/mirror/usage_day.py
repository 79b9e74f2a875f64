"""One day of usage, and how it is stored."""

import zlib
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Mask
from thirdeye.mirror.keys import KEY
from thirdeye.mirror.state import Index

# Rows beside those of known tables; `table` says of what.
OTHER: Final = np.dtype([("id", KEY), ("count", "<u4"), ("table", "u1")])
# Another asset, a table that is not known, and what OpenMetadata had of a table that is absent since.
ASSET: Final = 0
UNKNOWN_TABLE: Final = 1
ABSENT_TABLE: Final = 2
MAX_COUNT: Final = 2**32 - 1
_HEADER: Final = np.dtype("<u4")
# In bytes before compression.
_SMALL_DAY: Final = 1_000


@dataclass
class Day:
    """One day: numbers of tables used, those with a row that counts nothing, counts of the used, other ids."""

    used: Array
    unused: Array
    counts: Array
    others: Array

    def keeping(self, before: "Day", absent: Mask, ids: Array) -> "Day":
        """With what the day said before of absent tables: OpenMetadata may have deleted their usage with them.

        `absent` and `ids` are by table number. What is kept counts for as long as a table is absent (`resolved`).
        """
        rows = np.concatenate([before.used, before.unused])
        counts = np.zeros(len(rows), np.uint32)
        counts[: len(before.used)] = np.maximum(before.known_counts(), 1)
        named = np.zeros(len(absent), np.bool_)
        named[self.used] = named[self.unused] = True
        chosen = absent[rows] & ~named[rows]
        kept = np.zeros(np.count_nonzero(chosen), OTHER)
        kept["id"], kept["count"], kept["table"] = ids[rows[chosen]], counts[chosen], ABSENT_TABLE
        return replace(self, others=np.concatenate([self.others, kept]))

    def resolved(self, index: Index, absent: Mask) -> "Day":
        """With those of its other ids that are tables by now, or of tables that are absent, among the tables."""
        tables = self.others[self.others["table"] != ASSET] if len(self.others) else self.others
        if len(tables) == 0:
            return self
        numbers = index.numbers(tables["id"])
        numbers, tables = numbers[numbers >= 0], tables[numbers >= 0]
        counts = (tables["table"] == UNKNOWN_TABLE) | absent[numbers]
        numbers, tables = numbers[counts], tables[counts]
        is_used = tables["count"] > 0
        used, use_counts = merged_counts(
            np.concatenate([self.used, numbers[is_used]]),
            np.concatenate([self.known_counts(), tables["count"][is_used]]),
        )
        return Day(used, np.concatenate([self.unused, numbers[~is_used]]), use_counts, self.others)

    def known_counts(self) -> Array:
        """The counts of the used; zeros where they were not kept."""
        return self.counts if len(self.counts) == len(self.used) else np.zeros(len(self.used), np.uint32)

    def packed(self, counted: Mask | None) -> bytes:
        """As stored. `counted`: the tables whose counts are kept, None for all."""
        mask = np.zeros(int(self.used.max()) + 1 if len(self.used) else 0, dtype=np.bool_)
        mask[self.used] = True
        order = np.argsort(self.used)
        counts = self.counts[order]
        if counted is not None:
            kept = counted[self.used[order]]
            counts = np.where(kept, counts, 0) if kept.any() else counts[:0]
        sizes = np.array([len(mask), len(self.unused), len(counts)], dtype=_HEADER)
        parts = (sizes, np.packbits(mask), self.unused.astype("<u4"), counts.astype("<u4"), self.others)
        return _compressed(b"".join(part.tobytes() for part in parts))

    @staticmethod
    def unpack(packed: bytes) -> "Day":
        """Of a stored one; `counts` is empty where they were not kept."""
        data = zlib.decompress(packed)
        length, unused, counts = np.frombuffer(data, _HEADER, 3).tolist()
        offset = 3 * _HEADER.itemsize
        width = -(-length // 8)
        mask = np.unpackbits(np.frombuffer(data, np.uint8, width, offset), count=length)
        offset += width
        zeros = np.frombuffer(data, "<u4", unused, offset).astype(np.int64)
        offset += 4 * unused
        kept_counts = np.frombuffer(data, "<u4", counts, offset)
        offset += 4 * counts
        return Day(np.flatnonzero(mask), zeros, kept_counts, np.frombuffer(data[offset:], OTHER))


def merged_counts(numbers: Array, counts: Array) -> tuple[Array, Array]:
    """The same with each number once: a table that came under a new id has rows under the former one, too."""
    seen = np.zeros(int(numbers.max(initial=-1)) + 1, np.bool_)
    seen[numbers] = True
    if np.count_nonzero(seen) == len(numbers):
        return numbers, counts
    distinct, places = np.unique(numbers, return_inverse=True)
    sums = np.bincount(places, weights=counts, minlength=len(distinct))
    return distinct, np.minimum(sums, MAX_COUNT).astype(np.uint32)


def _compressed(data: bytes) -> bytes:
    # To clear the memory of a large window takes twenty times as long as to compress a small day.
    window, memory = (10, 1) if len(data) <= _SMALL_DAY else (zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL)
    compressor = zlib.compressobj(1, zlib.DEFLATED, window, memory)
    return compressor.compress(data) + compressor.flush()
