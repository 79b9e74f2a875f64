"""The checksums of OM's parts, over connections of their own.

Each goes through a whole table of OM's and keeps the server busy for seconds, while the refresh reads what changed over
another connection. A checksum is older than the rows that are read because of it: what changes in between differs
again at the next refresh.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from thirdeye.database import MySQL, Row
from thirdeye.mirror.openmetadata import parts
from thirdeye.mirror.openmetadata.store import OpenMetadata, Readable
from thirdeye.mirror.state import BucketSums, Sums
from thirdeye.mirror.usage import sums_by_day

# More would only compete with OM's own statements.
_AT_ONCE: Final = 2


class Checksums:
    """Asks for the checksums in the order in which a refresh needs them, a few at a time."""

    def __init__(self, om: MySQL, readable: Readable) -> None:
        self._om = om
        self._readable = readable
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._tasks: dict[parts.Part, asyncio.Task[Any]] = {}

    def begin(self) -> None:
        """Asks for those of all parts that can be read."""
        for part, read in (
            (parts.RELATIONS, _relations),
            (parts.TAGS, lambda om: _buckets(om.tag_sums())),
            (parts.PROFILES, lambda om: _buckets(om.profile_sums())),
            (parts.USAGE, _days),
        ):
            if set(part.needs) <= self._readable.get(part.table, set()):
                self._tasks[part] = asyncio.create_task(self._ask(read))

    async def end(self) -> None:
        """Waits for nothing more."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def relations(self) -> dict[int, BucketSums]:
        """Of owners and domains of tables (0) and of lineage (1). Raises what the server says."""
        found: dict[int, BucketSums] = await self._tasks[parts.RELATIONS]
        return found

    async def buckets(self, part: parts.Part) -> BucketSums:
        """Of tags or profiles. Raises what the server says."""
        found: BucketSums = await self._tasks[part]
        return found

    async def usage(self) -> Sums:
        """Of usage by day. Raises what the server says."""
        found: Sums = await self._tasks[parts.USAGE]
        return found

    async def _ask(self, read: Callable[[OpenMetadata], Awaitable[Any]]) -> Any:
        # A task of its own, for `databases` gives each task a connection.
        async with self._room, self._om.session() as session:
            return await read(OpenMetadata(session, self._readable))


async def _relations(om: OpenMetadata) -> dict[int, BucketSums]:
    # One statement for both, for each goes through all of OM's relations.
    sums = {0: BucketSums(), 1: BucketSums()}
    async for row in om.relation_sums():
        sums[int(row["lineage"])].take(row)
    return sums


async def _buckets(rows: AsyncIterator[Row]) -> BucketSums:
    sums = BucketSums()
    async for row in rows:
        sums.take(row)
    return sums


async def _days(om: OpenMetadata) -> Sums:
    return sums_by_day(await om.usage_sums())
