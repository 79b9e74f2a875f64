"""SQL over OM's database. Only columns named in `source_tables.py`; times are milliseconds since 1970.

Large parts come packed: a statement joins the ids of many rows into one long text of fixed width, because reading a
row costs the driver ten times what these ids cost. Ids and hashes are sent as 32 hexadecimal digits. What is no UUID
is left out (OM makes no other ids). Incremental refreshes compare checksums of buckets of rows and read only the
buckets that differ; buckets are numbers, for grouping by text costs three times as much.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Final

from thirdeye.database import MySQL, Row
from thirdeye.mirror.openmetadata.labels.store import DIGEST, LabelStatements
from thirdeye.mirror.openmetadata.relations.store import UUID, Readable

# information_schema shows an account only the columns it has a privilege on: what exists *and* may be read.
_READABLE = """
SELECT table_name AS table_name, column_name AS column_name FROM information_schema.columns
WHERE table_schema = %(schema)s
"""

# ---- tables

# So many characters of a description tell whether it says anything, or else so many.
DESCRIPTION_LENGTH: Final = 512
_LONG_DESCRIPTION = 262_144

_TABLE_COLUMNS = """
SELECT id AS id, {fqn_hash} AS fqn_hash, {updated_at} AS updated_at, {deleted} AS deleted,
       JSON_UNQUOTE(JSON_EXTRACT(json, '$.fullyQualifiedName')) AS fqn,
       JSON_VALUE(json, '$.tableType') AS table_type,
       JSON_UNQUOTE(JSON_EXTRACT(json, '$.displayName')) AS display_name,
       JSON_EXTRACT(json, '$.lifeCycle') AS life_cycle,
       JSON_VALUE(json, '$.createdAt') AS created_at, JSON_VALUE(json, '$.version') AS version,
       LEFT(JSON_EXTRACT(json, '$.description'), {description_length}) AS description,
       JSON_VALUE(json, '$.retentionPeriod') AS retention, JSON_VALUE(json, '$.updatedBy') AS editor,
       CRC32(JSON_EXTRACT(json, '$.columns[*].name')) AS fingerprint,
       {stamp} AS stamp, {name_stamp} AS name_stamp
FROM table_entity
"""
_TABLE_PAGE = "WHERE id > %(after)s ORDER BY id LIMIT %(size)s"
_TABLES_CHANGED = """
WHERE updatedAt >= %(since)s AND (updatedAt > %(since)s OR id > %(after)s) ORDER BY updatedAt, id LIMIT %(size)s
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
_TABLES_BROKEN = "SELECT COUNT(*) AS number, MIN({fqn_hash}) AS example FROM table_entity WHERE id IS NULL"
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

# ---- usage: OM keeps an index that begins with usageDate, or one with the id

# Grouped by an expression, so that no server goes through the index and fetches each row by itself: nine times as slow.
_USAGE_SUMS = """
SELECT usageDate + INTERVAL 0 DAY AS day, COUNT(*) AS number,
       BIT_XOR(CRC32(id) * (LEAST(GREATEST(COALESCE(count1, 0), 0), 2147483646) + 1)) AS checksum
FROM entity_usage GROUP BY usageDate + INTERVAL 0 DAY
"""
_USAGE_DAYS = f"""
SELECT usageDate AS day, entityType AS kind, LEFT(id, %(digits)s) AS part,
       GROUP_CONCAT(REPLACE(id, '-', ''),
                    LPAD(HEX(LEAST(GREATEST(COALESCE(count1, 0), 0), 2147483647)), 8, '0') SEPARATOR '') AS packed
FROM entity_usage WHERE usageDate IN %(days)s AND {UUID.format(column="id")}
GROUP BY usageDate, entityType, LEFT(id, %(digits)s)
"""

# ---- profiles: OM 1.9.9 moved their fields from the top level into profileData; both shapes stand side by side

# A time in milliseconds that may have been written in seconds, microseconds or nanoseconds; NULL if it is none.
_MS = """CASE WHEN timestamp BETWEEN 946684800000 AND 5662310399999 THEN timestamp
                WHEN timestamp BETWEEN 946684800 AND 5662310399 THEN timestamp * 1000
                WHEN timestamp BETWEEN 946684800000000 AND 5662310399999999 THEN timestamp DIV 1000
                WHEN timestamp BETWEEN 946684800000000000 AND 5662310399999999999 THEN timestamp DIV 1000000 END"""
_SIZE = """REPLACE(COALESCE(JSON_VALUE(json, '$.profileData.sizeInByte'), JSON_VALUE(json, '$.sizeInByte'),
                   IF(JSON_TYPE(JSON_EXTRACT(json, '$.profileData')) <> 'OBJECT', 'unreadable', NULL)), '\\n', ' ')"""
_HAS_ROWS = """COALESCE(COALESCE(JSON_VALUE(json, '$.profileData.rowCount'), JSON_VALUE(json, '$.rowCount'))
                        REGEXP '^0*[1-9]', 0)"""
_OPERATION = "UPPER(COALESCE(JSON_VALUE(json, '$.profileData.operation'), JSON_VALUE(json, '$.operation')))"
_IS_WRITE = f"extension = 'table.systemProfile' AND {_OPERATION} IN ('INSERT', 'UPDATE', 'DELETE', 'MERGE', 'WRITE')"
_PROFILES = f"""
SELECT part, GROUP_CONCAT(line SEPARATOR '\\n') AS packed FROM (
  SELECT RIGHT(entityFQNHash, 2) AS part,
         CONCAT_WS(',', {DIGEST.format(column="entityFQNHash")}, COALESCE(written, 0), COALESCE(unreadable, 0),
                   COALESCE(first, 0), COALESCE(sized, '')) AS line
  FROM (
    SELECT entityFQNHash,
           MAX(CASE WHEN {_IS_WRITE} THEN {_MS} END) AS written, MIN({_MS}) AS first,
           MAX(CASE WHEN {_IS_WRITE} THEN {_MS} IS NULL END) AS unreadable,
           MAX(CASE WHEN extension = 'table.tableProfile'
                    THEN CONCAT(LPAD(COALESCE({_MS}, 0), 15, '0'), {_HAS_ROWS}, {_SIZE}) END) AS sized
    FROM profiler_data_time_series
    WHERE extension IN ('table.tableProfile', 'table.systemProfile') AND {{buckets}}
    GROUP BY entityFQNHash
  ) AS newest
) AS packed_lines GROUP BY part
"""
_PROFILE_SUMS = """
SELECT CONV(RIGHT(entityFQNHash, 4), 16, 10) + 0 AS bucket, COUNT(*) AS number,
       BIT_XOR(CRC32(entityFQNHash) * (timestamp % 1000000007 + LENGTH(extension))) AS checksum
FROM profiler_data_time_series WHERE extension IN ('table.tableProfile', 'table.systemProfile') GROUP BY bucket
"""

# ---- the small ones

_SERVICES = "SELECT nameHash AS name_hash, name AS name, {service_type} AS service_type FROM dbservice_entity"
# Of JSON's null, OM makes the name 'null'.
_NAMES = "SELECT id AS id, NULLIF(name, 'null') AS name, {deleted} AS deleted FROM {table}"
_FQN = "JSON_EXTRACT(json, '$.fullyQualifiedName')"
_DOMAINS = f"""
SELECT id AS id, name AS name, COALESCE(JSON_EXTRACT(json, '$.deleted') = true, 0) AS deleted,
       IF(JSON_TYPE({_FQN}) = 'STRING', LEFT(JSON_UNQUOTE({_FQN}), 4096), NULL) AS fqn
FROM domain_entity
"""
_ASSETS = f"""
SELECT LEFT(id, 1) AS part,
       GROUP_CONCAT(REPLACE(id, '-', ''), RPAD(COALESCE(LEFT(fqnHash, 32), ''), 32, '0'),
                    LPAD(HEX(CRC32(name)), 8, '0'), {{deleted}} SEPARATOR '') AS packed
FROM {{table}} WHERE {UUID.format(column="id")} GROUP BY LEFT(id, 1)
"""
_ASSET_NAMES = "SELECT id AS id, name AS name FROM {table} WHERE id IN %(ids)s"
# The generated columns of these are of single precision. `cost` is the sum of the day over all runs of the query, so that
# `count` plays no part.
_COST = "JSON_EXTRACT(costs.json, '$.cost')"
_IS_SOUND = f"""(JSON_TYPE({_COST}) IN ('INTEGER', 'UNSIGNED INTEGER', 'DOUBLE', 'DECIMAL')
                AND JSON_VALUE(costs.json, '$.cost') + 0e0 BETWEEN 0 AND 1e9)"""
_QUERY_COSTS = f"""
SELECT REPLACE(query_entity.id, '-', '') AS id, MAX(CASE WHEN {_MS} < %(until)s THEN {_MS} END) AS newest,
       SUM(CASE WHEN {_MS} >= %(since)s AND {_MS} < %(until)s AND {_IS_SOUND}
                THEN JSON_VALUE(costs.json, '$.cost') + 0e0 END) AS cost,
       SUM(COALESCE(JSON_TYPE({_COST}), 'NULL') <> 'NULL' AND NOT {_IS_SOUND}) AS absurd,
       MIN(CASE WHEN NOT {_IS_SOUND} THEN LEFT({_COST}, 40) END) AS example
FROM query_cost_time_series AS costs
JOIN query_entity ON query_entity.fqnHash = costs.entityFQNHash
WHERE {UUID.format(column="query_entity.id")}
GROUP BY query_entity.id
"""

_USAGE_PIPELINES = "SELECT fqnHash AS fqn_hash FROM ingestion_pipeline_entity WHERE pipelineType = 'usage'"
# A run whose first step, the source, has no records could not read the log. Steps are not stored before OM 1.3.
_USAGE_RUNS = f"""
SELECT SUBSTRING_INDEX(entityFQNHash, '.', 1) AS service_hash, {_MS} DIV 86400000 AS day
FROM entity_extension_time_series
WHERE entityFQNHash IN %(hashes)s AND extension = 'ingestionPipeline.pipelineStatus'
  AND JSON_VALUE(json, '$.pipelineState') IN ('success', 'partialSuccess')
  AND COALESCE(JSON_VALUE(json, '$.status[0].records'), '1') <> '0' AND {_MS} IS NOT NULL
GROUP BY service_hash, day
"""
_PLACE_IDS = f"SELECT id AS id, {{hash}} AS fqn_hash FROM {{table}} WHERE {UUID.format(column='id')}"

# All rows of a part are read when so many buckets differ that picking costs more than it saves.
MAX_BUCKETS: Final = 20_000
# Room for packed texts, and for sorting rows with a json of megabytes: MySQL refuses one that exceeds its buffer.
_SESSION = "SET SESSION group_concat_max_len = 67108864, sort_buffer_size = 67108864"


_EXISTING_PLACES = "SELECT {hash} AS hash FROM {table} WHERE COALESCE({deleted}, 0) = 0 AND {hash} IS NOT NULL"


async def readable_columns(om: MySQL) -> Readable:
    """The tables and columns of OM's schema that this account may read; empty when there is none."""
    columns: Readable = {}
    for row in await om.fetch_all(_READABLE, {"schema": om.schema}):
        columns.setdefault(row["table_name"], set()).add(row["column_name"])
    return columns


class OpenMetadata(LabelStatements):
    """The statements, over one connection and fitted to the columns that this version of OM has."""

    async def prepare(self) -> None:
        """Fits the connection to packed answers; once before anything else."""
        await self._session.execute(_SESSION)

    # ---- tables

    def _table_sql(self, which: str) -> str:
        updated_at = "updatedAt" if self._has("table_entity", "updatedAt") else "JSON_VALUE(json, '$.updatedAt')"
        fqn_hash = "fqnHash" if self._has("table_entity", "fqnHash") else "NULL"
        deleted = "deleted" if self._has("table_entity", "deleted") else "JSON_EXTRACT(json, '$.deleted') = true"
        return which.format(
            fqn_hash=fqn_hash,
            updated_at=updated_at,
            deleted=f"COALESCE({deleted}, 0)",
            description_length=DESCRIPTION_LENGTH,
            stamp=_STAMP.format(updated_at=updated_at),
            name_stamp=_NAME_STAMP.format(fqn_hash=fqn_hash),
        )

    async def table_pages(self, size: int) -> AsyncIterator[list[Row]]:
        """All tables, deleted ones too, in the order of ids."""
        sql, after = self._table_sql(_TABLE_COLUMNS + _TABLE_PAGE), ""
        while page := await self._session.fetch_all(sql, {"after": after, "size": size}):
            yield page
            after = page[-1]["id"]

    async def changed_table_pages(self, since: int, size: int) -> AsyncIterator[list[Row]]:
        """Tables whose metadata changed at or after `since` (milliseconds), oldest change first."""
        if not self._has("table_entity", "updatedAt"):
            return
        sql, after = self._table_sql(_TABLE_COLUMNS + _TABLES_CHANGED), ""
        while page := await self._session.fetch_all(sql, {"since": since, "after": after, "size": size}):
            yield page
            since, after = int(page[-1]["updated_at"]), page[-1]["id"]

    async def tables_by_id(self, ids: Sequence[str]) -> list[Row]:
        return await self._session.fetch_all(self._table_sql(_TABLE_COLUMNS + _TABLES_BY_ID), {"ids": tuple(ids)})

    def table_sums(self) -> AsyncIterator[Row]:
        """Checksums over (id, updatedAt) by bucket, the first four digits of the id; answered from an index alone."""
        return self._session.stream(self._table_sql(_TABLE_SUMS))

    def name_sums(self) -> AsyncIterator[Row]:
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

    # ---- usage

    async def usage_sums(self) -> list[Row]:
        """Rows and checksum of each day."""
        return await self._session.fetch_all(_USAGE_SUMS)

    async def usage_days(self, days: Sequence[date], *, large: bool) -> list[Row]:
        """Usage by day and entity type: 32 digits of id and 8 of count, in hexadecimal, for each entity.

        `large` splits each text by the first digit of the id: one of a million entities exceeds what a row may hold.
        """
        return await self._session.fetch_all(_USAGE_DAYS, {"days": tuple(days), "digits": int(large)})

    # ---- profiles

    def profile_sums(self) -> AsyncIterator[Row]:
        """Checksums of profile rows by bucket, the last four digits of the FQN hash."""
        return self._session.stream(_PROFILE_SUMS)

    def profiles(self, buckets: Sequence[int] | None = None) -> AsyncIterator[Row]:
        """Lines of digest, last write, whether one's time is unreadable, first profile (0: none), and of the newest size
        its time, whether there are rows, and itself.
        """
        return self._packed(_PROFILES, buckets, "RIGHT(entityFQNHash, 4)")

    async def services(self) -> list[Row]:
        """Name hash, name and type of every database service."""
        service_type = "serviceType" if self._has("dbservice_entity", "serviceType") else "NULL"
        return await self._session.fetch_all(_SERVICES.format(service_type=service_type))

    async def names(self, table: str) -> list[Row]:
        """Id and name of each row of `user_entity` or `team_entity`, and whether it is marked deleted."""
        deleted = "COALESCE(deleted, 0)" if self._has(table, "deleted") else "0"
        return await self._session.fetch_all(_NAMES.format(table=table, deleted=deleted))

    async def domains(self) -> list[Row]:
        """Id, name and FQN of each domain, and whether it is marked deleted."""
        if self._has("domain_entity", "json"):
            return await self._session.fetch_all(_DOMAINS)
        return await self._session.fetch_all(
            "SELECT id AS id, name AS name, 0 AS deleted, NULL AS fqn FROM domain_entity"
        )

    async def assets(self, table: str) -> list[Row]:
        """A kind's assets, packed: id, hash of the service (32 digits each), checksum of the name (8), deleted (2)."""
        deleted = "IF(COALESCE(deleted, 0) = 1, '01', '00')" if self._has(table, "deleted") else "'00'"
        return await self._session.fetch_all(_ASSETS.format(table=table, deleted=deleted))

    async def asset_names(self, table: str, ids: Sequence[str]) -> list[Row]:
        """The names of these assets."""
        return await self._session.fetch_all(_ASSET_NAMES.format(table=table), {"ids": tuple(ids)})

    async def usage_runs(self) -> list[Row]:
        """The days (since 1970) on which an ingestion of usage ended well, by the hash of its service."""
        pipelines = [row["fqn_hash"] for row in await self._session.fetch_all(_USAGE_PIPELINES)]
        # Those of test suites hang below a table.
        hashes = tuple(pipeline for pipeline in pipelines if pipeline and pipeline.count(".") == 1) or ("",)
        return await self._session.fetch_all(_USAGE_RUNS, {"hashes": hashes})

    async def place_ids(self, table: str) -> list[Row]:
        """Id and FQN hash of all schemas, databases or services; of none where ids cannot be read."""
        if not self._has(table, "id"):
            return []
        hashed = "nameHash" if table == "dbservice_entity" else "fqnHash"
        return await self._session.fetch_all(_PLACE_IDS.format(table=table, hash=hashed))

    async def existing_places(self, table: str) -> list[Row]:
        """The hashes of all services, databases or schemas that are not deleted."""
        column = "nameHash" if table == "dbservice_entity" else "fqnHash"
        deleted = "deleted" if self._has(table, "deleted") else "0"
        return await self._session.fetch_all(_EXISTING_PLACES.format(hash=column, table=table, deleted=deleted))

    async def query_costs(self, since: int, until: int) -> list[Row]:
        """What each query cost, in USD, from `since` on and before `until` (milliseconds), and when last.

        `absurd`: how many of its costs are no amount of money of one day, of which there is an `example`.
        """
        return await self._session.fetch_all(_QUERY_COSTS, {"since": since, "until": until})
