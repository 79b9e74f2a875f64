"""Buckets of rows, by four hexadecimal digits of an id or a hash: their checksums tell which ones a refresh reads again."""

import zlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, SupportsInt

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import Array, Mask
from thirdeye.mirror.openmetadata.store import MAX_BUCKETS

BUCKETS: Final = 65_536
# Streams the rows of these buckets; all rows for None.
ReadRows = Callable[[Sequence[int] | None], AsyncGenerator[Row, None]]


class BucketSums:
    """Checksums of rows by bucket. Rows in no bucket are summed up under one more number, the last."""

    def __init__(self) -> None:
        self.counts = np.zeros(BUCKETS + 1, np.uint32)
        self.sums = np.zeros(BUCKETS + 1, np.uint64)

    def add(self, row: Row) -> None:
        """Adds a row of `bucket`, `number` and `checksum`."""
        bucket = bucket_number(row["bucket"])
        self.counts[bucket] += np.uint32(int(row["number"]) & 0xFFFF_FFFF)
        self.sums[bucket] ^= np.uint64(int(row["checksum"]))

    def differing(self, before: "BucketSums") -> Mask:
        mask: Mask = (self.counts != before.counts) | (self.sums != before.sums)
        return mask

    def packed(self) -> bytes:
        # Of a small estate nearly all are zeros.
        return zlib.compress(self.counts.tobytes() + self.sums.tobytes(), 1)

    @staticmethod
    def unpack(data: bytes) -> "BucketSums":
        stored, length, data = BucketSums(), BUCKETS + 1, zlib.decompress(data)
        stored.counts = np.frombuffer(data, np.uint32, length).copy()
        stored.sums = np.frombuffer(data, np.uint64, length, 4 * length).copy()
        return stored


@dataclass(frozen=True)
class BucketSelection:
    """The buckets of one of OM's tables to read again: those in `mask`, or all for None; no rows if not `readable`."""

    readable: bool
    mask: Mask | None

    def tables(self, bucket_of_table: Array) -> Mask:
        """The tables whose values are read again."""
        return np.ones(len(bucket_of_table), np.bool_) if self.mask is None else self.mask[bucket_of_table]

    async def rows(self, read: ReadRows) -> AsyncGenerator[Row, None]:
        """The rows of these buckets."""
        numbers = None if self.mask is None else np.flatnonzero(self.mask).tolist()
        if self.readable and numbers != []:
            # Whoever stops half way leaves the connection ready for the next statement.
            async with aclosing(read(numbers)) as rows:
                async for row in rows:
                    yield row


def select_changed(before: BucketSums | None, now: BucketSums, rekeyed: Array) -> Mask | None:
    """The buckets that differ, and `rekeyed` ones; None for all."""
    if before is None:
        return None
    mask = now.differing(before)
    mask[rekeyed] = True
    # Rows in no bucket cannot be picked.
    if mask[-1] or mask.sum() > MAX_BUCKETS:
        return None
    return mask


def bucket_number(bucket: SupportsInt | None) -> int:
    """The number of a bucket; BUCKETS for anything that is none."""
    number = BUCKETS if bucket is None else int(bucket)
    return number if 0 <= number < BUCKETS else BUCKETS


def id_buckets(ids: Array) -> Array:
    """The bucket of each id: its first four digits."""
    pairs = ids.view("u1").reshape(-1, 16)[:, :2].astype(np.int32) if len(ids) else np.zeros((0, 2), np.int32)
    buckets: Array = pairs[:, 0] * 256 + pairs[:, 1]
    return buckets
