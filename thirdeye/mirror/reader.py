"""OM's database as one refresh reads it. What is missing or forbidden is left out, with a warning."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import date
from functools import partial
from typing import Final, TypeVar

import numpy as np
import pymysql
import structlog

from thirdeye.database import MySQL, Row
from thirdeye.database_errors import NOT_READABLE, is_of_rows
from thirdeye.errors import SchemaMissing
from thirdeye.inventory.columns import Array
from thirdeye.inventory.evidence import VERDICT, Evidence
from thirdeye.mirror.buckets import BucketSelection, BucketSums, select_changed
from thirdeye.mirror.checksums import PARTS, Checksums
from thirdeye.mirror.evidence.sources import kinds_of, kinds_of_lost, lost_columns, new_columns
from thirdeye.mirror.evidence.store import remembered_columns
from thirdeye.mirror.keys import id_key
from thirdeye.mirror.openmetadata.relations.store import Readable
from thirdeye.mirror.openmetadata.source_tables import (
    ASSETS,
    RELATIONS,
    SOURCE_TABLES,
    TABLES,
    USAGE,
    SourceTable,
)
from thirdeye.mirror.openmetadata.store import OpenMetadata, readable_columns
from thirdeye.mirror.warnings import RefreshWarnings

_NO_BUCKETS: Final = np.zeros(0, np.int32)
_NO_ID: Final = "an id is no UUID"
_NO_COUNT: Final = "its count cannot be read: counted as one"
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
        self._broken_parts, self._named = set[str](), set[str]()
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

    # ---- odd rows

    async def bounded(
        self, table: SourceTable, read: Callable[[], Awaitable[Result]], otherwise: Result, *, part: str = ""
    ) -> Result:
        """What `read` makes of rows of a table. If it fails for whatever they hold, `otherwise`, and nothing may go.

        The last resort: what is known to occur is told by its row (`odd_row`). `part`: which checksums it has, if any; by the
        next refresh all of it is read again.
        """
        try:
            return await read()
        except Exception as error:
            if not is_of_rows(error):
                raise
            log.exception("rows_unreadable", table=table.name)
            self._broken_parts.add(part)
            self.odd_row(table.name, "(not known which)", f"cannot be read: {type(error).__name__}: {error}")
            self.miss_evidence(f"rows of {table.name} cannot be read: {table.unknown_without}")
            return otherwise

    async def read_part(
        self,
        table: SourceTable,
        part: str,
        rows: AsyncGenerator[Row, None],
        read: Callable[[AsyncIterator[Row]], Awaitable[Result]],
        otherwise: Result,
    ) -> Result:
        """What `read` makes of the rows of a part, likewise."""
        # Whoever stops half way leaves the connection ready for the next statement.
        async with aclosing(rows):
            return await self.bounded(table, lambda: read(rows), otherwise, part=part)

    def forget_broken(self, sums: dict[str, BucketSums]) -> None:
        """Takes away the checksums of what could not be read."""
        for part in self._broken_parts:
            sums.pop(part, None)

    def odd_row(self, table: str, row: str, problem: str, count: int = 1) -> None:
        """Counts rows that hold what cannot be: the id or the key of one, and what is wrong."""
        self._warnings.odd_row(table, row, problem, count)

    async def warn_of_odd_relations(self, part: str, count: int) -> None:
        """Names the first of so many relations whose ids are none."""
        if count > 0:
            named: list[str] = await self.optional(RELATIONS, partial(self.om.odd_relations, part), [])
            self._name_odd(RELATIONS, named, count, _NO_ID)

    async def warn_of_odd_ids(self, table: SourceTable, count: int) -> None:
        """Names the first of so many rows of an entity whose ids are none."""
        if count > 0 and table.name not in self._named:
            self._named.add(table.name)
            rows = await self.rows(table, partial(self.om.odd_ids, table.name))
            self._name_odd(table, [f"{row['id']} (hash of the name {row['hash']})" for row in rows], count, _NO_ID)

    async def warn_of_odd_usage(self, days: Sequence[date], count: int) -> None:
        """Names the first of so many rows of usage whose ids or counts are none."""
        for row in await self.rows(USAGE, partial(self.om.odd_usage, days)) if count > 0 else ():
            self.odd_row(USAGE.name, row["example"], _NO_COUNT if row["is_id"] else _NO_ID, 1)

    def _name_odd(self, table: SourceTable, named: Sequence[str], count: int, problem: str) -> None:
        # Those that are no longer there are nothing to warn of.
        for number, example in enumerate(named):
            self.odd_row(table.name, example, problem, max(count - len(named) + 1, 1) if number == 0 else 1)

    async def place_hashes(self, table: SourceTable) -> list[tuple[str, str | None]]:
        """Id and hash of the name of each schema, database or service. Of one without an id nobody can tell what it has."""
        rows = [(row["id"], row["fqn_hash"]) for row in await self.rows(table, lambda: self.om.place_ids(table.name))]
        places = [(identifier.lower(), place_hash) for identifier, place_hash in rows if identifier]
        odd = sum(1 for identifier, _ in places if id_key(identifier) is None) + len(rows) - len(places)
        await self.warn_of_odd_ids(table, odd)
        return places

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
