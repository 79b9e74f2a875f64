"""Reading OM part by part into a state. A part that is missing or forbidden is left out and said so."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, TypeVar

import numpy as np
import pymysql

from thirdeye.database import NOT_READABLE, Row
from thirdeye.inventory.columns import Array, Mask
from thirdeye.mirror import relations
from thirdeye.mirror.checksums import Checksums
from thirdeye.mirror.directory import Names
from thirdeye.mirror.keys import KEY, records_of
from thirdeye.mirror.lineage import EdgeReader, KnownAssets
from thirdeye.mirror.openmetadata import parts
from thirdeye.mirror.openmetadata.parts import Part
from thirdeye.mirror.openmetadata.store import OpenMetadata
from thirdeye.mirror.profiles import ProfileReader
from thirdeye.mirror.state import BucketSums, Index, State, Sums
from thirdeye.mirror.usage import UsageReader
from thirdeye.mirror.warnings import Problems

Result = TypeVar("Result")
_MENTION: Final = np.dtype([("table", KEY), ("query", KEY)])
_DAY_MS: Final = 86_400_000
_QUERY_COST_DAYS: Final = 30


class EstateReading:
    """One reading of the parts beside the tables. `rekeyed` are tables whose id or FQN hash is new to the state."""

    def __init__(self, om: OpenMetadata, checksums: Checksums, state: State, problems: Problems, today: int) -> None:
        self._om = om
        self._checksums = checksums
        self._state = state
        self._problems = problems
        self._today = today
        self._unreadable: set[str] = set()
        self.incomplete: list[str] = []
        # Whether verdicts must not rest on what was read.
        self.evidence_incomplete = False

    async def _relation_sums(self, lineage: int) -> BucketSums:
        return (await self._checksums.relations())[lineage]

    async def optional(self, part: Part, read: Callable[[], Awaitable[Result]], otherwise: Result) -> Result:
        """What `read` gives, or `otherwise` with one warning when the part cannot be read."""
        lacking = sorted(set(part.needs) - self._om.columns(part.table))
        if not lacking and part.table not in self._unreadable:
            try:
                return await read()
            except pymysql.err.MySQLError as error:
                if error.args[0] not in NOT_READABLE:
                    raise
        if part.table not in self._unreadable:
            self._unreadable.add(part.table)
            seen = self._om.columns(part.table)
            what = f"{part.table}({', '.join(lacking)})" if seen and lacking else part.table
            message = f"{what} cannot be read: {part.meaning}"
            self._problems.add("EVIDENCE_INCOMPLETE" if part.incomplete else "NOT_READABLE", message)
            self.evidence_incomplete |= part.incomplete
            self.incomplete.append(f"EVIDENCE_INCOMPLETE: {message}" if part.incomplete else message)
        return otherwise

    async def _buckets(
        self, name: str, part: Part, sums: Callable[[], Awaitable[BucketSums]], also: Mask
    ) -> tuple[bool, Mask | None]:
        """Whether a part can be read, and which of its buckets have to be (None: all)."""
        found: BucketSums | None = await self.optional(part, sums, None)
        if found is None:
            self._state.sums.pop(name, None)
            return False, None
        buckets = relations.differing(self._state.sums.get(name), found, also)
        self._state.sums[name] = found
        return True, buckets

    def _touched(self, buckets: Mask | None, of_tables: Array) -> Mask:
        return np.ones(self._state.tables, np.bool_) if buckets is None else buckets[of_tables]

    async def ownership(self, index: Index, rekeyed: Array) -> None:
        """Owners and domains of tables, own and inherited."""
        state = self._state
        of_tables = relations.id_buckets(state.source["id"])
        also = relations.mask_of(of_tables[rekeyed])
        there, buckets = await self._buckets("ownership", parts.RELATIONS, lambda: self._relation_sums(0), also)
        owners = relations.OwnershipReader(state, index, self._touched(buckets, of_tables))
        if there:
            async for row in _rows(self._om.ownership, buckets):
                owners.take(row)
        owners.finish()
        readable = [
            part.table for part in (parts.SCHEMAS, parts.DATABASES) if there and await self.optional(part, _yes, False)
        ]
        relations.inherit(state, await relations.read_places(self._om, readable))
        relations.retain(
            state, frozenset([each for table in readable for each in await self._om.retained_places(table)])
        )

    async def tags(self, index: Index, rekeyed: Array) -> None:
        """Tiers and tags of tables; `index` finds by the digest of the FQN hash."""
        of_tables = self._state.source["tail"]
        also = relations.mask_of(of_tables[rekeyed])
        there, buckets = await self._buckets("tags", parts.TAGS, lambda: self._checksums.buckets(parts.TAGS), also)
        tags = relations.TagReader(self._state, index, self._touched(buckets, of_tables))
        if there:
            async for row in _rows(self._om.tags, buckets):
                tags.take(row)
        tags.finish()

    async def profiles(self, index: Index, rekeyed: Array) -> None:
        """Sizes and writes of tables; `index` finds by the digest of the FQN hash."""
        of_tables = self._state.source["tail"]
        also = relations.mask_of(of_tables[rekeyed])
        there, buckets = await self._buckets(
            "profiles", parts.PROFILES, lambda: self._checksums.buckets(parts.PROFILES), also
        )
        profiles = ProfileReader(self._state, index, self._touched(buckets, of_tables), self._problems)
        if there:
            async for row in _rows(self._om.profiles, buckets):
                profiles.take(row)

    async def lineage(self, index: Index) -> None:
        """Edges between assets of all kinds."""
        edges = EdgeReader(self._state, index, self._problems)
        nothing = np.zeros(BucketSums.BUCKETS + 1, np.bool_)
        there, buckets = await self._buckets("lineage", parts.RELATIONS, lambda: self._relation_sums(1), nothing)
        edges.drop(buckets)
        edges.retry()
        if there:
            async for row in _rows(self._om.lineage, buckets):
                edges.take(row)
        edges.finish()

    async def usage(self, reader: UsageReader, index: Index) -> None:
        """Days of usage."""
        nothing: Sums = {}
        await reader.read(await self.optional(parts.USAGE, self._checksums.usage, nothing), index, self._problems)

    async def assets(self) -> dict[str, KnownAssets]:
        """What OM holds of the assets other than tables, by kind; kinds that cannot be read are left out."""
        known = {}
        for kind, part in parts.ASSETS.items():
            rows = await self.optional(part, lambda part=part: self._om.assets(part.table), None)  # type: ignore[misc]
            if rows is not None:
                known[kind] = KnownAssets.of(rows)
        return known

    async def asset_names(self, kind: str, ids: Sequence[str]) -> dict[str, str]:
        """Names of assets by id."""
        part = parts.ASSETS.get(kind)
        if part is None:
            return {}
        rows = await self.optional(part, lambda: self._om.asset_names(part.table, ids), _no_rows())
        return {row["id"]: row["name"] for row in rows}

    async def query_costs(self, index: Index) -> tuple[dict[bytes, float], tuple[Array, Array]]:
        """What queries cost in the last 30 days, and which tables they name."""
        since = (self._today - _QUERY_COST_DAYS) * _DAY_MS
        nothing = np.zeros(0, np.int64), np.zeros(0, KEY)
        if not await self.optional(parts.QUERIES, _yes, False):
            return {}, nothing
        rows = await self.optional(parts.QUERY_COSTS, lambda: self._om.query_costs(since), _no_rows())
        costs = {bytes.fromhex(row["id"]).rstrip(b"\0"): float(row["cost"]) for row in rows if row["cost"] is not None}
        if not costs:
            return {}, nothing
        mentions = await self.optional(parts.RELATIONS, self._om.mentions, _no_rows())
        pairs = [records_of(row["packed"], _MENTION) for row in mentions]
        if not pairs:
            return {}, nothing
        found = np.concatenate(pairs)
        return costs, (index.numbers(found["table"]), found["query"])

    async def names(self) -> Names:
        """Names of services, users, teams and domains, and who belongs to which team."""
        services = await self.optional(parts.SERVICES, self._om.services, _no_rows())
        users = await self._names(parts.USERS)
        members = await self.optional(parts.RELATIONS, self._om.members, _no_rows())
        return Names(
            services={row["name_hash"]: (row["name"], row["service_type"]) for row in services if row["name_hash"]},
            users=users,
            teams=await self._names(parts.TEAMS),
            domains=await self._names(parts.DOMAINS),
            members=relations.members_of(members, users),
        )

    async def _names(self, part: Part) -> dict[str, str]:
        rows = await self.optional(part, lambda: self._om.names(part.table), _no_rows())
        return {row["id"]: row["name"] for row in rows}


async def _rows(read: Callable[[Sequence[int] | None], AsyncIterator[Row]], buckets: Mask | None) -> AsyncIterator[Row]:
    """The rows of some buckets, of all of them for None."""
    numbers = None if buckets is None else relations.numbers_of(buckets)
    if numbers != []:
        async for row in read(numbers):
            yield row


def _no_rows() -> list[Row]:
    return []


async def _yes() -> bool:
    return True
