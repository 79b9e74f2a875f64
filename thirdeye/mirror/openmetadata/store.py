"""SQL over OM's database. Only columns named in `source_tables.py`; times are milliseconds since 1970.

Large parts come packed: a statement joins the ids of many rows into one long text of fixed width, because reading a
row costs the driver ten times what these ids cost. Ids and hashes are sent as 32 hexadecimal digits. What is no UUID
is left out (OM makes no other ids). Incremental refreshes compare checksums of buckets of rows and read only the
buckets that differ; buckets are numbers, for grouping by text costs three times as much.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import date
from typing import Final

from thirdeye.database import MySQL, Row
from thirdeye.inventory.columns import SCANNED_DAYS
from thirdeye.mirror.openmetadata.labels.store import DIGEST
from thirdeye.mirror.openmetadata.relations.store import EXACTLY, UUID, Readable
from thirdeye.mirror.openmetadata.tables.store import TableStatements

# information_schema shows an account only the columns it has a privilege on: what exists *and* may be read.
_READABLE = """
SELECT table_name AS table_name, column_name AS column_name FROM information_schema.columns
WHERE table_schema = %(schema)s
"""

# ---- usage: OM keeps an index that begins with usageDate, or one with the id

# Grouped by an expression, so that no server goes through the index and fetches each row by itself: nine times as slow.
_USAGE_SUMS = """
SELECT usageDate + INTERVAL 0 DAY AS day, COUNT(*) AS number,
       BIT_XOR(CRC32(id) * IF(count1 >= 0, LEAST(count1, 2147483645) + 2, 1)) AS checksum
FROM entity_usage GROUP BY usageDate + INTERVAL 0 DAY
"""
# OM has no row of a day without use: one whose count cannot be read says that there was some.
_USAGE_DAYS = f"""
SELECT usageDate AS day, {EXACTLY.format(column="entityType")} AS kind, LEFT(id, %(digits)s) AS part,
       COUNT(*) AS number, SUM(COALESCE(count1 < 0, TRUE)) AS uncounted,
       GROUP_CONCAT(IF({UUID.format(column="id")},
                       CONCAT(REPLACE(id, '-', ''),
                              LPAD(HEX(IF(count1 >= 0, LEAST(count1, 2147483647), 1)), 8, '0')), '') SEPARATOR '') AS packed
FROM entity_usage WHERE usageDate IN %(days)s
GROUP BY usageDate, {EXACTLY.format(column="entityType")}, LEFT(id, %(digits)s)
"""
_ODD_USAGE = f"""
SELECT CONCAT_WS(' ', id, entityType, usageDate) AS example, {UUID.format(column="id")} AS is_id
FROM entity_usage WHERE usageDate IN %(days)s AND (COALESCE(count1 < 0, TRUE) OR NOT {UUID.format(column="id")}) LIMIT 20
"""
_USAGE_OF_NO_DAY = """
SELECT id AS id, entityType AS kind FROM entity_usage
WHERE (usageDate IS NULL OR usageDate < '2000-01-01') AND COALESCE(count1, 1) <> 0 LIMIT %(limit)s
"""

# ---- profiles: OM 1.9.9 moved their fields from the top level into profileData; both shapes stand side by side

# A time in milliseconds that may have been written in seconds, microseconds or nanoseconds; NULL if it is none.
_MS = """CASE WHEN timestamp BETWEEN 946684800000 AND 5662310399999 THEN timestamp
                WHEN timestamp BETWEEN 946684800 AND 5662310399 THEN timestamp * 1000
                WHEN timestamp BETWEEN 946684800000000 AND 5662310399999999 THEN timestamp DIV 1000
                WHEN timestamp BETWEEN 946684800000000000 AND 5662310399999999999 THEN timestamp DIV 1000000 END"""
_SIZE = """REPLACE(LEFT(COALESCE(JSON_VALUE(json, '$.profileData.sizeInByte'), JSON_VALUE(json, '$.sizeInByte'),
                   IF(COALESCE(JSON_TYPE(JSON_EXTRACT(json, '$.profileData')), 'OBJECT') <> 'OBJECT'
                      OR COALESCE(JSON_TYPE(JSON_EXTRACT(json, '$.profileData.sizeInByte')), 'NULL') <> 'NULL'
                      OR COALESCE(JSON_TYPE(JSON_EXTRACT(json, '$.sizeInByte')), 'NULL') <> 'NULL',
                      'unreadable', NULL)), 64), '\\n', ' ')"""
_HAS_ROWS = """COALESCE(COALESCE(JSON_VALUE(json, '$.profileData.rowCount'), JSON_VALUE(json, '$.rowCount'))
                        REGEXP '^0*[1-9]', 0)"""
_OPERATION = "UPPER(COALESCE(JSON_VALUE(json, '$.profileData.operation'), JSON_VALUE(json, '$.operation')))"
_NO_OPERATION = """'STRING' NOT IN (COALESCE(JSON_TYPE(JSON_EXTRACT(json, '$.profileData.operation')), ''),
                                     COALESCE(JSON_TYPE(JSON_EXTRACT(json, '$.operation')), ''))"""
_IS_WRITE = f"extension = 'table.systemProfile' AND {_OPERATION} IN ('INSERT', 'UPDATE', 'DELETE', 'MERGE', 'WRITE')"
_AGO = f"(%(today)s - CAST({_MS} DIV 86400000 AS SIGNED))"
_PROFILES = f"""
SELECT part, GROUP_CONCAT(line SEPARATOR '\\n') AS packed FROM (
  SELECT RIGHT(entityFQNHash, 2) AS part,
         CONCAT_WS(',', {DIGEST.format(column="entityFQNHash")}, COALESCE(written, 0), COALESCE(unreadable, 0),
                   COALESCE(first, 0), COALESCE(days, 0), COALESCE(sized, '')) AS line
  FROM (
    SELECT entityFQNHash,
           MAX(CASE WHEN {_IS_WRITE} THEN {_MS} END) AS written, MIN({_MS}) AS first,
           MAX(CASE WHEN extension = 'table.systemProfile' AND ({_NO_OPERATION} OR ({_IS_WRITE} AND {_MS} IS NULL))
                    THEN 1 END) AS unreadable,
           BIT_OR(CASE WHEN extension = 'table.tableProfile' AND {_AGO} BETWEEN 0 AND {SCANNED_DAYS}
                       THEN 1 << {_AGO} ELSE 0 END) AS days,
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
_PROFILES_UP_TO = """
SELECT COUNT(*) AS profiles FROM (
  SELECT 1 FROM profiler_data_time_series WHERE extension = 'table.tableProfile' LIMIT %(limit)s
) AS some
"""
# What each day's profiles changed of the sizes of a service's tables, and how many of them were new; of sizes that can be
# read. The newest of a table's day counts.
_SIZE_CHANGES = f"""
SELECT service_hash, day, SUM(size - COALESCE(size_before, 0)) AS size_change, SUM(size_before IS NULL) AS sized
FROM (
  SELECT service_hash, day, size, LAG(size) OVER (PARTITION BY entityFQNHash ORDER BY day) AS size_before
  FROM (
    SELECT entityFQNHash, SUBSTRING_INDEX(entityFQNHash, '.', 1) AS service_hash, day, size,
           ROW_NUMBER() OVER (PARTITION BY entityFQNHash, day ORDER BY ms DESC) AS age
    FROM (
      SELECT entityFQNHash, {_MS} AS ms, {_MS} DIV 86400000 AS day, CAST({_SIZE} AS DECIMAL(30, 0)) AS size
      FROM profiler_data_time_series
      WHERE extension = 'table.tableProfile' AND {_SIZE} REGEXP '^[0-9]{{{{1,18}}}}([.][0-9]*)?([eE][+]?[0-9]{{{{1,2}}}})?$'
        AND ({_SIZE} REGEXP '[1-9]' OR NOT {_HAS_ROWS})
    ) AS readable WHERE day >= %(since)s AND day < %(until)s AND size <= 1000000000000000000
  ) AS of_day WHERE age = 1
) AS changes GROUP BY service_hash, day ORDER BY day
"""

# ---- the small ones

# Of JSON's null, OM makes the name 'null'.
_SERVICES = (
    "SELECT nameHash AS name_hash, NULLIF(name, 'null') AS name, {service_type} AS service_type FROM dbservice_entity"
)
_NAMES = "SELECT id AS id, NULLIF(name, 'null') AS name, {deleted} AS deleted FROM {table}"
_FQN = "JSON_EXTRACT(json, '$.fullyQualifiedName')"
_DOMAINS = f"""
SELECT id AS id, name AS name, COALESCE(JSON_EXTRACT(json, '$.deleted') = true, 0) AS deleted,
       IF(JSON_TYPE({_FQN}) = 'STRING', LEFT(JSON_UNQUOTE({_FQN}), 4096), NULL) AS fqn
FROM domain_entity
"""
_ASSETS = f"""
SELECT LEFT(id, 1) AS part, COUNT(*) AS number,
       GROUP_CONCAT(IF({UUID.format(column="id")},
                       CONCAT(REPLACE(id, '-', ''),
                              IF(LENGTH(UNHEX(LEFT(fqnHash, 32))) = 16, LEFT(fqnHash, 32), REPEAT('0', 32)),
                              LPAD(HEX(CRC32(COALESCE(name, ''))), 8, '0'), {{deleted}}), '') SEPARATOR '') AS packed
FROM {{table}} GROUP BY LEFT(id, 1)
"""
_ODD_IDS = f"""
SELECT COALESCE(id, '') AS id, {{hash}} AS hash FROM {{table}} WHERE NOT {UUID.format(column="id")} LIMIT 20
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
       MIN(CASE WHEN NOT {_IS_SOUND} THEN LEFT({_COST}, 40) END) AS example,
       SUM(COALESCE({_MS} >= %(until)s, TRUE)) AS undated
FROM query_cost_time_series AS costs
JOIN query_entity ON query_entity.fqnHash = costs.entityFQNHash
WHERE {UUID.format(column="query_entity.id")}
GROUP BY query_entity.id
"""

# Statements, packed: the id (32 digits) and a checksum of when it was changed and who ran it (8).
_STATEMENT_STAMPS = f"""
SELECT LEFT(id, 2) AS part,
       GROUP_CONCAT(IF({UUID.format(column="id")},
                       CONCAT(REPLACE(id, '-', ''),
                              LPAD(HEX(CRC32(CONCAT_WS(',', updatedAt, JSON_EXTRACT(json, '$.usedBy')))), 8, '0')), '')
                    SEPARATOR '') AS packed
FROM query_entity GROUP BY LEFT(id, 2)
"""
_STATEMENT = "JSON_EXTRACT(json, '$.query')"
# By these words a text may write; all others read.
_WRITING_WORDS = ("insert", "update", "delete", "merge", "create", "truncate", "copy")
_MAY_WRITE = " OR ".join(f"LOCATE('{word}', LOWER(LEFT(text, 100000))) > 0" for word in _WRITING_WORDS)
_STATEMENT_HASHES = f"""
SELECT id, used_by, LENGTH(text) AS length, LEFT(SHA2(text, 224), 32) AS hash, {_MAY_WRITE} AS may_write FROM (
  SELECT id, LEFT(JSON_EXTRACT(json, '$.usedBy'), 65536) AS used_by,
         IF(JSON_TYPE({_STATEMENT}) = 'STRING', JSON_UNQUOTE({_STATEMENT}), NULL) AS text
  FROM query_entity WHERE id IN %(ids)s
) AS statements
"""
_STATEMENT_TEXTS = f"SELECT id, JSON_UNQUOTE({_STATEMENT}) AS text FROM query_entity WHERE id IN %(ids)s"

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
_PLACE_IDS = "SELECT id AS id, {hash} AS fqn_hash FROM {table}"

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


class OpenMetadata(TableStatements):
    """The statements, over one connection and fitted to the columns that this version of OM has."""

    async def prepare(self) -> None:
        """Fits the connection to packed answers; once before anything else."""
        await self._session.execute(_SESSION)

    # ---- usage

    async def usage_sums(self) -> list[Row]:
        """Rows and checksum of each day."""
        return await self._session.fetch_all(_USAGE_SUMS)

    async def usage_days(self, days: Sequence[date], *, large: bool) -> list[Row]:
        """Usage by day and entity type: 32 digits of id and 8 of count, in hexadecimal, for each entity.

        `large` splits each text by the first digit of the id: one of a million entities exceeds what a row may hold.
        """
        return await self._session.fetch_all(_USAGE_DAYS, {"days": tuple(days), "digits": int(large)})

    async def odd_usage(self, days: Sequence[date]) -> list[Row]:
        """What names the first rows of these days whose id or count is none, and whether it is the count."""
        return await self._session.fetch_all(_ODD_USAGE, {"days": tuple(days)})

    async def usage_of_no_day(self, limit: int) -> list[Row]:
        """Id and entity type of the first rows of usage of which nobody can tell the day."""
        return await self._session.fetch_all(_USAGE_OF_NO_DAY, {"limit": limit})

    async def odd_ids(self, table: str) -> list[Row]:
        """The first rows of an entity's table whose ids are none: those, and the hashes of their names."""
        column = {"dbservice_entity": "nameHash", "user_entity": "nameHash", "team_entity": "nameHash"}.get(
            table, "fqnHash"
        )
        hashed = column if self._has(table, column) else "NULL"
        return await self._session.fetch_all(_ODD_IDS.format(table=table, hash=hashed))

    # ---- profiles

    def profile_sums(self) -> AsyncGenerator[Row, None]:
        """Checksums of profile rows by bucket, the last four digits of the FQN hash."""
        return self._session.stream(_PROFILE_SUMS)

    def profiles(self, today: int, buckets: Sequence[int] | None = None) -> AsyncGenerator[Row, None]:
        """Lines of digest, last write, whether one's time is unreadable, first profile (0: none), the last days with one as
        bits (the lowest: today), and of the newest size its time, whether there are rows, and itself.
        """
        return self._packed(_PROFILES, buckets, "RIGHT(entityFQNHash, 4)", today=today)

    async def profiles_up_to(self, limit: int) -> int:
        """How many profiles of tables there are; counts no further than the limit."""
        row = await self._session.fetch_one(_PROFILES_UP_TO, {"limit": limit})
        return int(row["profiles"]) if row else 0

    async def size_changes(self, since: int, until: int) -> list[Row]:
        """By `service_hash` and number of the day, up to but not including the last: `size_change` in bytes, new `sized`."""
        return await self._session.fetch_all(_SIZE_CHANGES.format(), {"since": since, "until": until})

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

    async def statement_stamps(self) -> list[Row]:
        """All statements, packed by the first digits of their ids: 32 digits of the id and 8 of when it was changed."""
        return await self._session.fetch_all(_STATEMENT_STAMPS)

    async def statement_hashes(self, ids: Sequence[str]) -> list[Row]:
        """Bytes and hash of these statements (NULL for what is no text), if they have a word of writing, and who ran them."""
        return await self._session.fetch_all(_STATEMENT_HASHES, {"ids": tuple(ids)})

    async def statement_texts(self, ids: Sequence[str]) -> list[Row]:
        """These statements themselves."""
        return await self._session.fetch_all(_STATEMENT_TEXTS, {"ids": tuple(ids)})
