"""OM's database as one refresh reads it. What is missing or forbidden is left out, with a warning."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, TypeVar

import numpy as np
import pymysql
import structlog

from thirdeye.database import NOT_READABLE, MySQL, Row
from thirdeye.errors import SchemaMissing
from thirdeye.inventory.columns import Array
from thirdeye.mirror.buckets import BucketSelection, BucketSums, select_changed
from thirdeye.mirror.checksums import PARTS, Checksums
from thirdeye.mirror.openmetadata.relations_store import Readable
from thirdeye.mirror.openmetadata.source_tables import TABLES, SourceTable
from thirdeye.mirror.openmetadata.store import OpenMetadata, readable_columns
from thirdeye.mirror.warnings import RefreshWarnings

_NO_BUCKETS: Final = np.zeros(0, np.int32)
Result = TypeVar("Result")
log = structlog.get_logger(__name__)


class OpenMetadataReader:
    """Reads OM over one connection, and its checksums over others; `om` is set while connected."""

    om: OpenMetadata

    def __init__(self, database: MySQL, readable: Readable, warnings: RefreshWarnings) -> None:
        self._database = database
        self._readable = readable
        self._warnings = warnings
        self._unreadable: set[str] = set()
        self.checksums = Checksums(database, readable)
        # What could not be read, as people are told.
        self.messages: list[str] = []
        # Whether verdicts must not rest on what was read.
        self.evidence_incomplete = False

    @property
    def obstacle(self) -> str | None:
        """Why not even OM's tables can be read; None when they can."""
        if set(TABLES.required) <= self._readable.get(TABLES.name, set()):
            return None
        if self._readable:
            return f"{TABLES.name} cannot be read"
        return f"schema {self._database.schema} does not exist, or the account sees nothing of it"

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Opens the connection, and begins with the checksums."""
        try:
            self.checksums.begin()
            async with self._database.session() as session:
                self.om = OpenMetadata(session, self._readable)
                await self.om.prepare()
                yield
        finally:
            await self.checksums.end()

    async def optional(self, table: SourceTable, read: Callable[[], Awaitable[Result]], otherwise: Result) -> Result:
        """What `read` gives, or `otherwise` with one warning a table when the table cannot be read."""
        missing = sorted(set(table.required) - self._readable.get(table.name, set()))
        if not missing and table.name not in self._unreadable:
            try:
                return await read()
            except pymysql.err.MySQLError as error:
                if error.args[0] not in NOT_READABLE:
                    raise
        if table.name not in self._unreadable:
            self._unreadable.add(table.name)
            self._warn(table, missing)
        return otherwise

    def _warn(self, table: SourceTable, missing: list[str]) -> None:
        subject = f"{table.name}({', '.join(missing)})" if missing and table.name in self._readable else table.name
        message = f"{subject} cannot be read: {table.unknown_without}"
        if table.verdicts_need_it:
            self.miss_evidence(message)
            return
        self._warnings.add("NOT_READABLE", message)
        self.messages.append(message)

    def miss_evidence(self, message: str, count: int = 1) -> None:
        """Lets no verdict rest on what was read, and says why."""
        self._warnings.add("EVIDENCE_INCOMPLETE", message, count)
        self.evidence_incomplete = True
        self.messages.append(f"EVIDENCE_INCOMPLETE: {message}")

    def has(self, table: SourceTable) -> bool:
        """Whether the account sees all required columns of a table, without a warning if it does not."""
        return set(table.required) <= self._readable.get(table.name, set())

    async def can_read(self, table: SourceTable) -> bool:
        """Whether the account sees all required columns of a table; warns if it does not."""
        return await self.optional(table, _yes, False)

    async def rows(self, table: SourceTable, read: Callable[[], Awaitable[list[Row]]]) -> list[Row]:
        """Rows of a table, none when it cannot be read."""
        return await self.optional(table, read, [])

    async def names(self, table: SourceTable) -> dict[str, str]:
        """Names by id of a table of users, teams or domains."""
        rows = await self.rows(table, lambda: self.om.names(table.name))
        return {row["id"]: row["name"] for row in rows}

    async def changed_buckets(
        self, stored: dict[str, BucketSums], part: str, rekeyed: Array = _NO_BUCKETS
    ) -> BucketSelection:
        """The buckets of a part whose checksums differ from the `stored` ones, which they replace; and `rekeyed` ones."""
        sums: BucketSums | None = await self.optional(PARTS[part], partial(self.checksums.buckets, part), None)
        if sums is None:
            stored.pop(part, None)
            return BucketSelection(readable=False, mask=None)
        mask = select_changed(stored.get(part), sums, rekeyed)
        stored[part] = sums
        return BucketSelection(readable=True, mask=mask)


async def open_reader(database: MySQL, warnings: RefreshWarnings) -> OpenMetadataReader:
    """A reader of what this account can see, not yet connected."""
    try:
        readable = await readable_columns(database)
    except SchemaMissing as error:
        log.warning("om_schema_missing", detail=error.detail)
        readable = {}
    return OpenMetadataReader(database, readable, warnings)


async def _yes() -> bool:
    return True
