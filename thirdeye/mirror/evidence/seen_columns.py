"""What changes of tables are told by: columns as they were when all that verdicts look at could be read.

A size or an activity that cannot be known for a while is no change, and what changed meanwhile is told when it can be known
again. Meanwhile blobs `seen/...` keep the columns as they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from thirdeye.inventory.columns import PRESENT, Array, blob_name
from thirdeye.mirror.blobs import BlobStage

PREFIX: Final = "seen/"
_COLUMNS: Final = ("size", "activity")
_SEEN: Final = np.dtype([("size", "<i8"), ("activity", "u1")])
# The size of what was not there; chunks have room for tables that are yet to come.
_NOT_THERE: Final = -2


@dataclass(frozen=True)
class SeenColumns:
    """Over the blobs of a refresh; `unseen` while something that verdicts look at cannot be read."""

    blobs: BlobStage
    unseen: bool

    async def before(self, chunk: int, old: Mapping[str, Array], new: Mapping[str, Array]) -> Mapping[str, Array]:
        """The columns that those of a chunk, `old` as last published and `new` as they are now, are to be compared with."""
        stored = await self.blobs.previous(blob_name("seen", chunk))
        seen = _packed(old) if not stored else np.frombuffer(stored, _SEEN)
        if self.unseen:
            await self.blobs.stage(blob_name("seen", chunk), seen.tobytes())
            length = len(old["flags"])
            return {**old, **{name: new[name][:length] for name in _COLUMNS}}
        if not stored:
            return old
        # What came, or came back, meanwhile has no other past.
        there = np.flatnonzero(seen["size"] != _NOT_THERE)
        then = {name: old[name].copy() for name in _COLUMNS}
        for name, values in then.items():
            values[there] = seen[name][there]
        return {**old, **then}

    async def end(self) -> None:
        """Lets go of what is no longer needed."""
        if not self.unseen:
            await self.blobs.drop(PREFIX, kept=set())


def _packed(columns: Mapping[str, Array]) -> Array:
    packed = np.zeros(len(columns["size"]), _SEEN)
    for name in _COLUMNS:
        packed[name] = columns[name]
    packed["size"][(columns["flags"] & PRESENT) == 0] = _NOT_THERE
    return packed
