"""The published series: lines of JSON, read one at a time, because a dict of each takes five times as much memory."""

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Final, overload

import numpy as np
import orjson

from thirdeye.inventory.series import SeriesEntry

# A statement with a blob fits into any packet, escaped as it may be.
_BLOB_BYTES: Final = 4_000_000
_LINE_END: Final = ord("\n")


class SeriesBlobs:
    """Packs entries into blobs of up to four megabytes, or of one entry that has more."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._bytes = 0

    def add(self, entries: Iterable[SeriesEntry]) -> Iterator[bytes]:
        """Takes more entries; gives the blobs that are full."""
        for entry in entries:
            line = orjson.dumps(entry) + b"\n"
            if self._bytes + len(line) > _BLOB_BYTES:
                yield from self.rest()
            self._lines.append(line)
            self._bytes += len(line)

    def rest(self) -> Iterator[bytes]:
        """The blob of the entries that none has so far, if there are any."""
        if self._lines:
            yield b"".join(self._lines)
        self._lines, self._bytes = [], 0


class SeriesEntries(Sequence[SeriesEntry]):
    """The entries of blobs, in their order."""

    def __init__(self, blobs: Sequence[bytes] = ()) -> None:
        self._blobs = blobs
        self._ends = [np.flatnonzero(np.frombuffer(blob, np.uint8) == _LINE_END).astype(np.uint32) for blob in blobs]
        # How many entries the blobs up to each one have.
        self._counts = np.cumsum([0, *map(len, self._ends)])

    def __len__(self) -> int:
        return int(self._counts[-1])

    def __iter__(self) -> Iterator[SeriesEntry]:
        for blob in self._blobs:
            yield from map(orjson.loads, BytesIO(blob))

    @overload
    def __getitem__(self, number: int) -> SeriesEntry: ...
    @overload
    def __getitem__(self, number: slice) -> list[SeriesEntry]: ...
    def __getitem__(self, number: int | slice) -> SeriesEntry | list[SeriesEntry]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        number += len(self) if number < 0 else 0
        if not 0 <= number < len(self):
            raise IndexError(number)
        blob = int(np.searchsorted(self._counts, number, side="right")) - 1
        ends, place = self._ends[blob], number - int(self._counts[blob])
        start = int(ends[place - 1]) + 1 if place else 0
        entry: SeriesEntry = orjson.loads(memoryview(self._blobs[blob])[start : int(ends[place])])
        return entry
