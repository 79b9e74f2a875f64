"""The checksums of OM's tables, over connections of their own.

Each goes through a whole table of OM's and keeps the server busy for seconds, while the refresh reads what changed over
another connection. A checksum is older than the rows that are read because of it: what changes in between differs
again at the next refresh.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from thirdeye.database import MySQL, Row
from thirdeye.mirror.buckets import BucketSums
from thirdeye.mirror.openmetadata.relations.store import Readable
from thirdeye.mirror.openmetadata.source_tables import PROFILES, RELATIONS, TAGS, USAGE, SourceTable
from thirdeye.mirror.openmetadata.store import OpenMetadata
from thirdeye.mirror.state import UsageSums

# What is compared by buckets, and the table of OM's that it comes from.
PARTS: Final[Mapping[str, SourceTable]] = {
    "ownership": RELATIONS, "attention": RELATIONS, "lineage": RELATIONS, "tags": TAGS, "profiles": PROFILES,
}  # fmt: skip
# More would only compete with OM's own statements.
_MAX_CONCURRENT: Final = 2
Result = TypeVar("Result")


class Checksums:
    """Asks for the checksums in the order in which a refresh needs them, a few at a time."""

    def __init__(self, om: MySQL, readable: Readable) -> None:
        self._om = om
        self._readable = readable
        self._room = asyncio.Semaphore(_MAX_CONCURRENT)
        self._tasks: dict[SourceTable, asyncio.Task[Any]] = {}

    def begin(self) -> None:
        """Asks for those of all tables that can be read."""
        for table, read in (
            (RELATIONS, _relations),
            (TAGS, lambda om: _buckets("tags", om.tag_sums())),
            (PROFILES, lambda om: _buckets("profiles", om.profile_sums())),
            (USAGE, _days),
        ):
            if set(table.required) <= self._readable.get(table.name, set()):
                self._tasks[table] = asyncio.create_task(self._ask(read))

    async def end(self) -> None:
        """Gives up what has not been answered."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def buckets(self, part: str) -> BucketSums:
        """Of one of PARTS. Raises what the server says."""
        sums: dict[str, BucketSums] = await self._tasks[PARTS[part]]
        return sums[part]

    async def usage(self) -> UsageSums:
        """Of usage by day. Raises what the server says."""
        sums: UsageSums = await self._tasks[USAGE]
        return sums

    async def _ask(self, read: Callable[[OpenMetadata], Awaitable[Result]]) -> Result:
        # A task of its own, for `databases` gives each task a connection.
        async with self._room, self._om.session() as session:
            return await read(OpenMetadata(session, self._readable))


async def _relations(om: OpenMetadata) -> dict[str, BucketSums]:
    # One statement for all, for each goes through all of OM's relations.
    sums = (BucketSums(), BucketSums(), BucketSums())
    async for row in om.relation_sums():
        sums[row["part"]].add(row)
    return dict(zip(("ownership", "lineage", "attention"), sums, strict=True))


async def _buckets(part: str, rows: AsyncIterator[Row]) -> dict[str, BucketSums]:
    sums = BucketSums()
    async for row in rows:
        sums.add(row)
    return {part: sums}


async def _days(om: OpenMetadata) -> UsageSums:
    rows = await om.usage_sums()
    return {row["day"].isoformat(): (int(row["number"]), int(row["checksum"])) for row in rows if row["day"]}
