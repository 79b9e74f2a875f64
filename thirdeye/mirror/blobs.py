"""The blobs of a generation, staged under its number until it is published."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

import orjson

from thirdeye.database import MySQL
from thirdeye.inventory.columns import Columns
from thirdeye.mirror import store

# Blobs are compared and written together up to so many bytes: few round trips for a small estate.
_TOGETHER_BYTES: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class BlobStage:
    """Stages what differs from the generation before."""

    thirdeye: MySQL
    generation: int
    previous_generation: int

    async def previous(self, name: str) -> bytes | None:
        """A blob as the generation before has it."""
        return await store.blob(self.thirdeye, name, self.previous_generation)

    async def current(self, name: str) -> bytes:
        """A blob as staged, else as the generation before has it; empty for none."""
        return await store.blob(self.thirdeye, name, self.generation) or b""

    async def names(self, *prefixes: str) -> list[str]:
        """The names of those blobs, and of ones that are removed."""
        return await store.blob_names(self.thirdeye, prefixes, self.generation)

    async def put(self, name: str, data: bytes) -> None:
        """Stages one blob; an empty one removes it."""
        await store.put_blobs(self.thirdeye, self.generation, {name: data})

    async def stage(self, name: str, data: bytes) -> None:
        """Writes one blob unless the generation before has the same."""
        if await self.previous(name) != data:
            await self.put(name, data)

    async def stage_json(self, name: str, document: object) -> None:
        """Writes a document likewise."""
        await self.stage(name, orjson.dumps(document))

    async def stage_all(self, blobs: Iterable[tuple[str, bytes]]) -> set[str]:
        """Writes several likewise, about a megabyte at a time; gives their names."""
        names = set[str]()
        for part in _parts(blobs):
            names |= part.keys()
            before = dict(await store.blobs_named(self.thirdeye, list(part), self.previous_generation))
            changed = {name: data for name, data in part.items() if before.get(name) != data}
            await store.put_blobs(self.thirdeye, self.generation, changed)
        return names

    async def stage_groups(self, groups: Mapping[str, Columns]) -> None:
        """Writes columns by the names of their groups likewise, and removes the chunks that they no longer have."""
        names = await self.stage_all(chain.from_iterable(columns.blobs(group) for group, columns in groups.items()))
        await self.drop(*(f"{group}/" for group in groups), kept=names)

    async def drop(self, *prefixes: str, kept: set[str]) -> None:
        """Removes the blobs of these prefixes except those kept."""
        for name in await self.names(*prefixes):
            if name not in kept:
                await self.put(name, b"")


def _parts(blobs: Iterable[tuple[str, bytes]]) -> Iterator[dict[str, bytes]]:
    """Blobs of at most _TOGETHER_BYTES together; a larger one stands alone."""
    part, size = dict[str, bytes](), 0
    for name, data in blobs:
        if part and size + len(data) > _TOGETHER_BYTES:
            yield part
            part, size = {}, 0
        part[name] = data
        size += len(data)
    if part:
        yield part
