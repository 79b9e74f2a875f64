"""One day of usage, and how it is stored."""

import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Mask
from thirdeye.mirror.keys import KEY

# Rows that name no known table: whether they say that it is one.
OTHER: Final = np.dtype([("id", KEY), ("count", "<u4"), ("table", "u1")])
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


def _compressed(data: bytes) -> bytes:
    # To clear the memory of a large window takes twenty times as long as to compress a small day.
    window, memory = (10, 1) if len(data) <= _SMALL_DAY else (zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL)
    compressor = zlib.compressobj(1, zlib.DEFLATED, window, memory)
    return compressor.compress(data) + compressor.flush()
