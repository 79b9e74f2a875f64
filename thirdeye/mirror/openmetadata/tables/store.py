"""SQL over OM's `table_entity`. A page with a row that nobody can give is read in halves, down to that row."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any, Final

from thirdeye.database import Row
from thirdeye.database_errors import is_of_rows
from thirdeye.mirror.openmetadata.labels.store import LabelStatements

# So many characters of a description tell whether it says anything, or else so many.
DESCRIPTION_LENGTH: Final = 512
_LONG_DESCRIPTION = 262_144
# A longer JSON text is of an FQN of over 65,535 bytes, however much of it is escaped.
FQN_LENGTH: Final = 6 * 65_535 + 2

_TABLE_COLUMNS = """
SELECT id AS id, {fqn_hash} AS fqn_hash, {updated_at} AS updated_at, {deleted} AS deleted,
       LEFT(JSON_EXTRACT(json, '$.fullyQualifiedName'), {fqn_length}) AS fqn,
       LEFT(JSON_EXTRACT(json, '$.tableType'), 100) AS table_type,
       LEFT(JSON_EXTRACT(json, '$.displayName'), 4000) AS display_name,
       LEFT(JSON_EXTRACT(json, '$.lifeCycle'), 70000) AS life_cycle,
       LEFT(JSON_EXTRACT(json, '$.createdAt'), 100) AS created_at,
       LEFT(JSON_EXTRACT(json, '$.version'), 100) AS version,
       LEFT(JSON_EXTRACT(json, '$.description'), {description_length}) AS description,
       LEFT(JSON_EXTRACT(json, '$.retentionPeriod'), 100) AS retention,
       LEFT(JSON_EXTRACT(json, '$.updatedBy'), 2000) AS editor,
       CRC32(JSON_EXTRACT(json, '$.columns[*].name')) AS fingerprint,
       {stamp} AS stamp, {name_stamp} AS name_stamp
FROM table_entity
"""
_TABLE_PAGE = "WHERE id > %(after)s ORDER BY id LIMIT %(size)s"
_TABLES_CHANGED = """
WHERE updatedAt >= %(since)s AND (updatedAt > %(since)s OR id > %(after)s) AND id > '' ORDER BY updatedAt, id LIMIT %(size)s
"""
_TABLES_BY_ID = "WHERE id IN %(ids)s"
_STAMP = "CRC32(CONCAT_WS(',', id, {updated_at}))"
_NAME_STAMP = "CRC32(CONCAT_WS(',', id, {fqn_hash}))"
_TABLE_SUMS = """
SELECT CONV(LEFT(id, 4), 16, 10) + 0 AS bucket, COUNT(*) AS number, BIT_XOR({stamp}) AS checksum
FROM table_entity GROUP BY bucket
"""
_TABLE_STAMPS = """
SELECT id AS id, {stamp} AS stamp, {name_stamp} AS name_stamp
FROM table_entity WHERE CONV(LEFT(id, 4), 16, 10) + 0 IN %(buckets)s
"""
_TABLES_BROKEN = "SELECT COUNT(*) AS number, MIN({fqn_hash}) AS example FROM table_entity WHERE id IS NULL OR id = ''"
# What can be read of a row that cannot: columns alone.
_TABLE_KEYS = """
SELECT id AS id, {fqn_hash} AS fqn_hash, {updated_at} AS updated_at, {deleted} AS deleted, {stamp} AS stamp,
       {name_stamp} AS name_stamp FROM table_entity
"""
# In a page with more rows that cannot be read, it is not the rows.
_MOST_UNREADABLE: Final = 100
_COLUMN_NAMES = (
    "SELECT id AS id, JSON_EXTRACT(json, '$.columns[*].name') AS names FROM table_entity WHERE id IN %(ids)s"
)

_DESCRIPTIONS = f"""
SELECT id, LEFT(JSON_EXTRACT(json, '$.description'), {_LONG_DESCRIPTION}) AS description FROM table_entity WHERE id IN %(ids)s
"""

# ---- texts of views: OM's connectors store the query, or the statement that creates the view

_TEXT = "JSON_EXTRACT(json, '$.schemaDefinition')"
_VIEW_TEXTS = f"""
SELECT id, fqn, LENGTH(text) AS length, LEFT(SHA2(text, 224), 32) AS hash{{text}} FROM (
  SELECT id, JSON_UNQUOTE(JSON_EXTRACT(json, '$.fullyQualifiedName')) AS fqn, JSON_UNQUOTE({_TEXT}) AS text
  FROM table_entity WHERE id IN %(ids)s AND COALESCE(JSON_TYPE({_TEXT}), 'NULL') <> 'NULL'
) AS views
"""


class TableStatements(LabelStatements):
    """The statements, over one connection and fitted to the columns that this version of OM has."""

    def _table_sql(self, which: str) -> str:
        updated_at = "updatedAt" if self._has("table_entity", "updatedAt") else "JSON_VALUE(json, '$.updatedAt')"
        fqn_hash = "fqnHash" if self._has("table_entity", "fqnHash") else "NULL"
        deleted = "deleted" if self._has("table_entity", "deleted") else "JSON_EXTRACT(json, '$.deleted') = true"
        return which.format(
            fqn_hash=fqn_hash,
            updated_at=updated_at,
            deleted=f"COALESCE({deleted}, 0)",
            description_length=DESCRIPTION_LENGTH,
            fqn_length=FQN_LENGTH,
            stamp=_STAMP.format(updated_at=updated_at),
            name_stamp=_NAME_STAMP.format(fqn_hash=fqn_hash),
        )

    async def table_pages(self, size: int) -> AsyncIterator[list[Row]]:
        """All tables, deleted ones too, in the order of ids."""
        after = ""
        while page := await self._table_page(_TABLE_PAGE, {"after": after, "size": size}):
            yield page
            after = page[-1]["id"]

    async def changed_table_pages(self, since: int, size: int) -> AsyncIterator[list[Row]]:
        """Tables whose metadata changed at or after `since` (milliseconds), oldest change first."""
        if not self._has("table_entity", "updatedAt"):
            return
        after = ""
        while page := await self._table_page(_TABLES_CHANGED, {"since": since, "after": after, "size": size}):
            yield page
            since, after = int(page[-1]["updated_at"]), page[-1]["id"]

    async def tables_by_id(self, ids: Sequence[str]) -> list[Row]:
        return await self._table_page(_TABLES_BY_ID, {"ids": tuple(ids)})

    async def _table_page(self, which: str, values: Mapping[str, Any]) -> list[Row]:
        """Rows of tables. If a statement over them fails, so do those over half of them, until one row is left.

        Such a row has no more than its keys, and what was wrong as `problem`.
        """
        try:
            return await self._session.fetch_all(self._table_sql(_TABLE_COLUMNS + which), values)
        except Exception as error:
            if not is_of_rows(error):
                raise
            rows = await self._session.fetch_all(self._table_sql(_TABLE_KEYS + which), values)
            problems = 0
            for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
                problems += await self._complete(half)
            if problems > _MOST_UNREADABLE:
                raise
            return rows

    async def _complete(self, rows: list[Row]) -> int:
        """Adds to rows that have their keys alone all that can be read of them; gives how many have a problem."""
        if not rows:
            return 0
        try:
            read = await self._session.fetch_all(
                self._table_sql(_TABLE_COLUMNS + _TABLES_BY_ID), {"ids": tuple(row["id"] for row in rows)}
            )
        except Exception as error:
            if not is_of_rows(error):
                raise
            if len(rows) == 1:
                rows[0]["problem"] = f"cannot be read: {type(error).__name__}: {error}"
                return 1
            middle = len(rows) // 2
            return await self._complete(rows[:middle]) + await self._complete(rows[middle:])
        by_id = {row["id"]: row for row in read}
        for row in rows:
            row.update(by_id.get(row["id"], {"problem": "changed while it was read"}))
        return 0

    def table_sums(self) -> AsyncGenerator[Row, None]:
        """Checksums over (id, updatedAt) by bucket, the first four digits of the id; answered from an index alone."""
        return self._session.stream(self._table_sql(_TABLE_SUMS))

    def name_sums(self) -> AsyncGenerator[Row, None]:
        """Checksums over (id, fqnHash) by bucket, from another index."""
        return self._session.stream(self._table_sql(_TABLE_SUMS.replace("{stamp}", "{name_stamp}")))

    async def table_stamps(self, buckets: Sequence[int]) -> list[Row]:
        """The checksums of each table in these buckets."""
        return await self._session.fetch_all(self._table_sql(_TABLE_STAMPS), {"buckets": tuple(buckets)})

    async def broken_tables(self) -> Row | None:
        """How many rows have no id, because their JSON cannot be read, and the FQN hash of one."""
        return await self._session.fetch_one(self._table_sql(_TABLES_BROKEN))

    async def column_names(self, ids: Sequence[str]) -> list[Row]:
        """The names of the columns of these tables, each as JSON text."""
        return await self._session.fetch_all(_COLUMN_NAMES, {"ids": tuple(ids)})

    async def descriptions(self, ids: Sequence[str]) -> list[Row]:
        """Longer parts of descriptions, as JSON text."""
        return await self._session.fetch_all(_DESCRIPTIONS, {"ids": tuple(ids)})

    async def view_hashes(self, ids: Sequence[str]) -> list[Row]:
        """FQN, length in bytes and hash of the text that each of these tables has."""
        return await self._session.fetch_all(_VIEW_TEXTS.format(text=""), {"ids": tuple(ids)})

    async def view_texts(self, ids: Sequence[str]) -> list[Row]:
        """The same with the text itself."""
        return await self._session.fetch_all(_VIEW_TEXTS.format(text=", text"), {"ids": tuple(ids)})
