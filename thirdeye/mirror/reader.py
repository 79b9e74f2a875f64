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
from thirdeye.inventory.evidence import VERDICT, Evidence
from thirdeye.mirror.buckets import BucketSelection, BucketSums, select_changed
from thirdeye.mirror.checksums import PARTS, Checksums
from thirdeye.mirror.evidence.sources import kinds_of, kinds_of_lost, lost_columns, new_columns
from thirdeye.mirror.evidence.store import remembered_columns
from thirdeye.mirror.openmetadata.relations.store import Readable
from thirdeye.mirror.openmetadata.source_tables import ASSETS, SOURCE_TABLES, TABLES, SourceTable
from thirdeye.mirror.openmetadata.store import OpenMetadata, readable_columns
from thirdeye.mirror.warnings import RefreshWarnings

_NO_BUCKETS: Final = np.zeros(0, np.int32)
Result = TypeVar("Result")
log = structlog.get_logger(__name__)


class OpenMetadataReader:
    """Reads OM over one connection, and its checksums over others; `om` is set while connected.

    `remembered` are the columns that refreshes have read before.
    """

    om: OpenMetadata

    def __init__(
        self, database: MySQL, readable: Readable, warnings: RefreshWarnings, remembered: Readable | None = None
    ) -> None:
        self._database = database
        self._readable = readable
        self._remembered = remembered or {}
        self._warnings = warnings
        self._unreadable = set[SourceTable]()
        self.checksums = Checksums(database, readable)
        # What could not be read, as people are told.
        self.messages: list[str] = []
        # Whether verdicts must not rest on what was read.
        self.evidence_incomplete = False
        # The kinds of evidence of which a part cannot be read: nothing is concluded from what rests on them.
        self.missing_evidence = set[Evidence]()

    @property
    def obstacle(self) -> str | None:
        """Why not even OM's tables can be read; None when they can."""
        # By the hash of its name everything finds its table; for the other columns there are substitutes.
        lost = {"fqnHash"} & set(lost_columns(TABLES, self._remembered, self._readable))
        if not lost and set(TABLES.required) <= self._readable.get(TABLES.name, set()):
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
                for table in SOURCE_TABLES:
                    # What lineage does not name is nothing to wait for.
                    if table is not TABLES and table not in ASSETS.values():
                        await self.check_for_lost(table)
                self._check_for_hashes()
                yield
        finally:
            await self.checksums.end()

    async def optional(self, table: SourceTable, read: Callable[[], Awaitable[Result]], otherwise: Result) -> Result:
        """What `read` gives, or `otherwise` with one warning a table when the table cannot be read."""
        missing = sorted(set(table.required) - self._readable.get(table.name, set()))
        if not missing and table not in self._unreadable:
            try:
                return await read()
            except pymysql.err.MySQLError as error:
                if error.args[0] not in NOT_READABLE:
                    raise
        if table not in self._unreadable:
            self._unreadable.add(table)
            self._warn(table, missing)
        return otherwise

    async def check_for_lost(self, table: SourceTable) -> None:
        """Warns of a table of which columns were read before and cannot be read now."""
        lost = lost_columns(table, self._remembered, self._readable)
        if lost and await self.can_read(table):
            self.missing_evidence |= kinds_of_lost(table, lost)
            message = f"{table.name}({', '.join(lost)}) can no longer be read: {table.unknown_without}"
            self._warnings.add("NOT_READABLE", message)
            self.messages.append(message)

    def _check_for_hashes(self) -> None:
        """What tables have of tags, sizes and places is found by the hashes of their names."""
        if "fqnHash" not in self._readable.get(TABLES.name, ()):
            self.miss_evidence(
                f"{TABLES.name}(fqnHash) cannot be read: what tags, sizes and places tables have is not known"
            )

    @property
    def verdicts_unseen(self) -> bool:
        """Whether something that verdicts look at cannot be read, so that they may differ for no other reason."""
        return self.evidence_incomplete or bool(self.missing_evidence & VERDICT)

    def is_lost(self, table: SourceTable) -> bool:
        """Whether a table that was read before cannot be read now."""
        unreadable = table in self._unreadable and table.name in self._remembered
        return unreadable or bool(lost_columns(table, self._remembered, self._readable))

    def has_lost(self, table: SourceTable, column: str) -> bool:
        """Whether a column that was read before cannot be read now."""
        return column in lost_columns(table, self._remembered, self._readable)

    def first_read(self) -> list[tuple[str, str]]:
        """The columns that were read for the first time, with their tables."""
        return list(new_columns(self._remembered, self._readable, self._unreadable))

    def _warn(self, table: SourceTable, missing: list[str]) -> None:
        was_read = set(table.required) <= self._remembered.get(table.name, set())
        if table.verdicts_need_it or was_read:
            self.missing_evidence |= kinds_of(table)
        subject = f"{table.name}({', '.join(missing)})" if missing and table.name in self._readable else table.name
        message = f"{subject} cannot be read: {table.unknown_without}"
        # Of a table that was read before somebody may have known a use that nobody sees now.
        if table.verdicts_need_it or (was_read and Evidence.QUERY_COSTS in kinds_of(table)):
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


async def open_reader(database: MySQL, thirdeye: MySQL, warnings: RefreshWarnings) -> OpenMetadataReader:
    """A reader of what this account can see, not yet connected."""
    try:
        readable = await readable_columns(database)
    except SchemaMissing as error:
        log.warning("om_schema_missing", detail=error.detail)
        readable = {}
    return OpenMetadataReader(database, readable, warnings, await remembered_columns(thirdeye))


async def _yes() -> bool:
    return True
