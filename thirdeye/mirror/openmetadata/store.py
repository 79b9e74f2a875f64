"""SQL over OM's database. Only columns named in `source_tables.py`; times are milliseconds since 1970.

Large parts come packed: a statement joins the ids of many rows into one long text of fixed width, because reading a
row costs the driver ten times what these ids cost. Ids and hashes are sent as 32 hexadecimal digits. What is no UUID
is left out (OM makes no other ids). Incremental refreshes compare checksums of buckets of rows and read only the
buckets that differ; buckets are numbers, for grouping by text costs three times as much.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Final

from thirdeye.database import MySQL, Row, Session

Readable = dict[str, set[str]]

# information_schema shows an account only the columns it has a privilege on: what exists *and* may be read.
_READABLE = """
SELECT table_name AS table_name, column_name AS column_name FROM information_schema.columns
WHERE table_schema = %(schema)s
"""

# A hash of an FQN is digested, for it may hold any number of segments.
_DIGEST = "LEFT(SHA2({column}, 224), 32)"
_UUID = "LENGTH({column}) = 36 AND LENGTH(UNHEX(REPLACE({column}, '-', ''))) = 16"

# ---- tables

_TABLE_COLUMNS = """
SELECT id AS id, {fqn_hash} AS fqn_hash, {updated_at} AS updated_at, {deleted} AS deleted,
       JSON_UNQUOTE(JSON_EXTRACT(json, '$.fullyQualifiedName')) AS fqn,
       JSON_VALUE(json, '$.tableType') AS table_type,
       JSON_UNQUOTE(JSON_EXTRACT(json, '$.displayName')) AS display_name,
       JSON_EXTRACT(json, '$.lifeCycle') AS life_cycle,
       JSON_VALUE(json, '$.createdAt') AS created_at, JSON_VALUE(json, '$.version') AS version,
       LEFT(JSON_EXTRACT(json, '$.description'), 512) AS description,
       JSON_VALUE(json, '$.retentionPeriod') AS retention,
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
FROM entity_usage WHERE usageDate IN %(days)s AND {_UUID.format(column="id")}
GROUP BY usageDate, entityType, LEFT(id, %(digits)s)
"""

# ---- relations: `relation + 0` keeps servers from going through an index to most of the rows, three times as slow

_LINEAGE = f"""
SELECT fromEntity AS from_kind, toEntity AS to_kind, LEFT(toId, 2) AS part,
       GROUP_CONCAT(REPLACE(fromId, '-', ''), REPLACE(toId, '-', '') SEPARATOR '') AS packed
FROM entity_relationship
WHERE relation + 0 = 13 AND {{not_deleted}} AND {{buckets}}
  AND {_UUID.format(column="fromId")} AND {_UUID.format(column="toId")}
GROUP BY fromEntity, toEntity, LEFT(toId, 2)
"""
_OWNED = f"""
SELECT relation AS relation, fromEntity AS kind, fromId AS id, LEFT(toId, 1) AS part,
       GROUP_CONCAT(REPLACE(toId, '-', '') SEPARATOR '') AS packed
FROM entity_relationship
WHERE relation + 0 IN (8, 10) AND toEntity = 'table' AND fromEntity IN ('user', 'team', 'domain') AND {{not_deleted}}
  AND {{buckets}} AND {_UUID.format(column="toId")}
GROUP BY relation, fromEntity, fromId, LEFT(toId, 1)
"""
_RELATION_SUMS = """
SELECT relation + 0 = 13 AS lineage, CONV(LEFT(toId, 4), 16, 10) + 0 AS bucket, COUNT(*) AS number,
       BIT_XOR(CRC32(CONCAT_WS(',', fromId, toId, relation, fromEntity, toEntity))) AS checksum
FROM entity_relationship
WHERE (relation + 0 = 13
       OR (relation + 0 IN (8, 10) AND toEntity = 'table' AND fromEntity IN ('user', 'team', 'domain')))
  AND {not_deleted}
GROUP BY lineage, bucket
"""
_OWNED_PLACES = """
SELECT entity_relationship.relation AS relation, entity_relationship.fromEntity AS kind,
       entity_relationship.fromId AS id, place.fqnHash AS fqn_hash
FROM entity_relationship
JOIN {table} AS place ON place.id = entity_relationship.toId
WHERE entity_relationship.relation IN (8, 10) AND entity_relationship.fromEntity IN ('user', 'team', 'domain')
  AND entity_relationship.toEntity = %(kind)s AND {not_deleted}
"""
_MEMBERS = """
SELECT fromId AS team, toId AS user FROM entity_relationship
WHERE relation = 10 AND fromEntity = 'team' AND toEntity = 'user' AND {not_deleted}
"""
_MENTIONS = f"""
SELECT LEFT(toId, 2) AS part, GROUP_CONCAT(REPLACE(fromId, '-', ''), REPLACE(toId, '-', '') SEPARATOR '') AS packed
FROM entity_relationship
WHERE relation = 5 AND fromEntity = 'table' AND toEntity = 'query' AND {{not_deleted}}
  AND {_UUID.format(column="fromId")} AND {_UUID.format(column="toId")}
GROUP BY LEFT(toId, 2)
"""
_NOT_DELETED = "COALESCE(entity_relationship.deleted, 0) = 0"

# ---- tags: those of tables have four hashed segments, those of columns five

_TABLE_TAG = "LENGTH(targetFQNHash) = 131"
_TAGS = f"""
SELECT source AS source, tagFQN AS tag, RIGHT(targetFQNHash, 1) AS part,
       GROUP_CONCAT({_DIGEST.format(column="targetFQNHash")} SEPARATOR '') AS packed
FROM tag_usage WHERE {_TABLE_TAG} AND {{buckets}} GROUP BY source, tagFQN, RIGHT(targetFQNHash, 1)
"""
_TAG_SUMS = f"""
SELECT CONV(RIGHT(targetFQNHash, 4), 16, 10) + 0 AS bucket, COUNT(*) AS number,
       BIT_XOR(CRC32(CONCAT_WS(',', targetFQNHash, source, tagFQN))) AS checksum
FROM tag_usage WHERE {_TABLE_TAG} GROUP BY bucket
"""

# ---- profiles: OM 1.9.9 moved their fields from the top level into profileData; both shapes stand side by side

# A time in milliseconds that may have been written in seconds, microseconds or nanoseconds; NULL if it is none.
_MS = """CASE WHEN timestamp BETWEEN 946684800000 AND 5662310399999 THEN timestamp
                WHEN timestamp BETWEEN 946684800 AND 5662310399 THEN timestamp * 1000
                WHEN timestamp BETWEEN 946684800000000 AND 5662310399999999 THEN timestamp DIV 1000
                WHEN timestamp BETWEEN 946684800000000000 AND 5662310399999999999 THEN timestamp DIV 1000000 END"""
_SIZE = """COALESCE(JSON_VALUE(json, '$.profileData.sizeInByte'), JSON_VALUE(json, '$.sizeInByte'),
                   IF(JSON_TYPE(JSON_EXTRACT(json, '$.profileData')) <> 'OBJECT', 'unreadable', NULL))"""
_OPERATION = "UPPER(COALESCE(JSON_VALUE(json, '$.profileData.operation'), JSON_VALUE(json, '$.operation')))"
_IS_WRITE = f"extension = 'table.systemProfile' AND {_OPERATION} IN ('INSERT', 'UPDATE', 'DELETE', 'MERGE', 'WRITE')"
_PROFILES = f"""
SELECT part, GROUP_CONCAT(line SEPARATOR '\\n') AS packed FROM (
  SELECT RIGHT(entityFQNHash, 2) AS part,
         CONCAT_WS(',', {_DIGEST.format(column="entityFQNHash")}, COALESCE(written, 0), COALESCE(unreadable, 0),
                   COALESCE(first, 0), COALESCE(sized, '')) AS line
  FROM (
    SELECT entityFQNHash,
           MAX(CASE WHEN {_IS_WRITE} THEN {_MS} END) AS written, MIN({_MS}) AS first,
           MAX(CASE WHEN {_IS_WRITE} THEN {_MS} IS NULL END) AS unreadable,
           MAX(CASE WHEN extension = 'table.tableProfile'
                    THEN CONCAT(LPAD(COALESCE({_MS}, 0), 15, '0'), {_SIZE}) END) AS sized
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
_NAMES = "SELECT id AS id, name AS name FROM {table}"
_RETAINED_PLACES = """
SELECT fqnHash AS fqn_hash FROM {table}
WHERE fqnHash IS NOT NULL AND COALESCE(JSON_VALUE(json, '$.retentionPeriod'), 'null') NOT IN ('null', '')
"""
_ASSETS = f"""
SELECT LEFT(id, 1) AS part,
       GROUP_CONCAT(REPLACE(id, '-', ''), RPAD(COALESCE(LEFT(fqnHash, 32), ''), 32, '0'),
                    LPAD(HEX(CRC32(name)), 8, '0'), {{deleted}} SEPARATOR '') AS packed
FROM {{table}} WHERE {_UUID.format(column="id")} GROUP BY LEFT(id, 1)
"""
_ASSET_NAMES = "SELECT id AS id, name AS name FROM {table} WHERE id IN %(ids)s"
# The generated columns of these are of single precision.
_COST = "(JSON_VALUE(costs.json, '$.cost') + 0e0)"
_COUNT = "(JSON_VALUE(costs.json, '$.count') + 0e0)"
_QUERY_COSTS = f"""
SELECT REPLACE(query_entity.id, '-', '') AS id, MAX({_MS}) AS newest,
       SUM(CASE WHEN costs.timestamp >= %(since)s AND {_COST} >= 0 AND COALESCE({_COUNT}, 1) >= 0
                THEN {_COST} * COALESCE({_COUNT}, 1) END) AS cost
FROM query_cost_time_series AS costs
JOIN query_entity ON query_entity.fqnHash = costs.entityFQNHash
WHERE {_UUID.format(column="query_entity.id")}
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
_PLACE_IDS = f"SELECT id AS id, fqnHash AS fqn_hash FROM {{table}} WHERE {_UUID.format(column='id')}"

# All rows of a part are read when so many buckets differ that picking costs more than it saves.
MAX_BUCKETS: Final = 20_000
# Room for packed texts, and for sorting rows with a json of megabytes: MySQL refuses one that exceeds its buffer.
_SESSION = "SET SESSION group_concat_max_len = 67108864, sort_buffer_size = 67108864"


async def readable_columns(om: MySQL) -> Readable:
    """The tables and columns of OM's schema that this account may read; empty when there is none."""
    columns: Readable = {}
    for row in await om.fetch_all(_READABLE, {"schema": om.schema}):
        columns.setdefault(row["table_name"], set()).add(row["column_name"])
    return columns


class OpenMetadata:
    """The statements, over one connection and fitted to the columns that this version of OM has."""

    def __init__(self, session: Session, readable: Readable) -> None:
        self._session = session
        self._readable = readable

    async def prepare(self) -> None:
        """Fits the connection to packed answers; once before anything else."""
        await self._session.execute(_SESSION)

    def _has(self, table: str, column: str) -> bool:
        return column in self._readable.get(table, set())

    def _not_deleted(self) -> str:
        return _NOT_DELETED if self._has("entity_relationship", "deleted") else "TRUE"

    def _packed(self, sql: str, buckets: Sequence[int] | None, digits: str) -> AsyncIterator[Row]:
        """Rows of a part, all or those of some buckets; `digits` is the SQL of the digits that number a bucket."""
        which = "TRUE" if buckets is None else f"CONV({digits}, 16, 10) + 0 IN %(buckets)s"
        sql = sql.format(not_deleted=self._not_deleted(), buckets=which)
        return self._session.stream(sql, {"buckets": tuple(buckets or (-1,))})

    # ---- tables

    def _table_sql(self, which: str) -> str:
        updated_at = "updatedAt" if self._has("table_entity", "updatedAt") else "JSON_VALUE(json, '$.updatedAt')"
        fqn_hash = "fqnHash" if self._has("table_entity", "fqnHash") else "NULL"
        deleted = "deleted" if self._has("table_entity", "deleted") else "JSON_EXTRACT(json, '$.deleted') = true"
        return which.format(
            fqn_hash=fqn_hash,
            updated_at=updated_at,
            deleted=f"COALESCE({deleted}, 0)",
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

    # ---- usage

    async def usage_sums(self) -> list[Row]:
        """Rows and checksum of each day."""
        return await self._session.fetch_all(_USAGE_SUMS)

    async def usage_days(self, days: Sequence[date], *, large: bool) -> list[Row]:
        """Usage by day and entity type: 32 digits of id and 8 of count, in hexadecimal, for each entity.

        `large` splits each text by the first digit of the id: one of a million entities exceeds what a row may hold.
        """
        return await self._session.fetch_all(_USAGE_DAYS, {"days": tuple(days), "digits": int(large)})

    # ---- relations: `relation + 0` keeps servers from going through an index to most of the rows, three times as slow

    def relation_sums(self) -> AsyncIterator[Row]:
        """Checksums of lineage, and of owners and domains of tables, by bucket: the first four characters of toId."""
        return self._session.stream(_RELATION_SUMS.format(not_deleted=self._not_deleted()))

    def lineage(self, buckets: Sequence[int] | None = None) -> AsyncIterator[Row]:
        """Edges by the kinds of their ends, packed: upstream and downstream id. All, or those of some buckets."""
        return self._packed(_LINEAGE, buckets, "LEFT(toId, 4)")

    def ownership(self, buckets: Sequence[int] | None = None) -> AsyncIterator[Row]:
        """Owners (relation 8) and domains (10) of tables, packed: the ids of an owner's tables."""
        return self._packed(_OWNED, buckets, "LEFT(toId, 4)")

    async def owned_places(self, table: str) -> list[Row]:
        """Owners and domains of all schemas or databases (`table` is OM's table of them), by their FQN hash."""
        kind = {"database_schema_entity": "databaseSchema", "database_entity": "database"}[table]
        sql = _OWNED_PLACES.format(table=table, not_deleted=self._not_deleted())
        return await self._session.fetch_all(sql, {"kind": kind})

    async def retained_places(self, table: str) -> list[str]:
        """The FQN hashes of the schemas or databases that have a retention; none where its JSON cannot be read."""
        if not (self._has(table, "fqnHash") and self._has(table, "json")):
            return []
        return [row["fqn_hash"] for row in await self._session.fetch_all(_RETAINED_PLACES.format(table=table))]

    async def members(self) -> list[Row]:
        """Which user belongs to which team."""
        return await self._session.fetch_all(_MEMBERS.format(not_deleted=self._not_deleted()))

    async def mentions(self) -> list[Row]:
        """Which tables a query names, packed: the table's and the query's id."""
        return await self._session.fetch_all(_MENTIONS.format(not_deleted=self._not_deleted()))

    # ---- tags, profiles

    def tag_sums(self) -> AsyncIterator[Row]:
        """Checksums of the tags of tables by bucket, the last four digits of the FQN hash."""
        return self._session.stream(_TAG_SUMS)

    def tags(self, buckets: Sequence[int] | None = None) -> AsyncIterator[Row]:
        """Tags of tables, packed: the digests of the FQN hashes of a tag's tables."""
        return self._packed(_TAGS, buckets, "RIGHT(targetFQNHash, 4)")

    def profile_sums(self) -> AsyncIterator[Row]:
        """Checksums of profile rows by bucket, the last four digits of the FQN hash."""
        return self._session.stream(_PROFILE_SUMS)

    def profiles(self, buckets: Sequence[int] | None = None) -> AsyncIterator[Row]:
        """Lines of digest, last write, whether one's time is unreadable, first profile (0: none), time and known size."""
        return self._packed(_PROFILES, buckets, "RIGHT(entityFQNHash, 4)")

    async def services(self) -> list[Row]:
        """Name hash, name and type of every database service."""
        service_type = "serviceType" if self._has("dbservice_entity", "serviceType") else "NULL"
        return await self._session.fetch_all(_SERVICES.format(service_type=service_type))

    async def names(self, table: str) -> list[Row]:
        """Id and name of each row of `user_entity`, `team_entity` or `domain_entity`."""
        return await self._session.fetch_all(_NAMES.format(table=table))

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
        """Id and FQN hash of all schemas or databases."""
        return await self._session.fetch_all(_PLACE_IDS.format(table=table))

    async def query_costs(self, since: int) -> list[Row]:
        """Of each query that has a cost: what it cost, in USD, from `since` on, and when last (both in milliseconds)."""
        return await self._session.fetch_all(_QUERY_COSTS, {"since": since})
