"""Reading OM's database: one statement each, only columns that hold no secret. All times are milliseconds since 1970."""

from collections.abc import Sequence
from datetime import date

from thirdeye.database import MySQL, Row

# information_schema shows an account only the columns it has a privilege on: what exists *and* may be read.
_READABLE = """
SELECT table_name AS table_name, column_name AS column_name
FROM information_schema.columns
WHERE table_schema = %(schema)s
"""

_TABLE_PAGE = """
SELECT id AS id, {fqn_hash} AS fqn_hash, {updated_at} AS updated_at,
       JSON_VALUE(json, '$.lifeCycle.created.timestamp') AS created,
       JSON_VALUE(json, '$.lifeCycle.updated.timestamp') AS updated,
       JSON_VALUE(json, '$.lifeCycle.accessed.timestamp') AS accessed,
       COALESCE(JSON_TYPE(JSON_EXTRACT(json, '$.description')) = 'STRING'
                AND TRIM(JSON_UNQUOTE(JSON_EXTRACT(json, '$.description'))) <> '', 0) AS described
FROM table_entity
WHERE id > %(after)s AND NOT ({deleted})
ORDER BY id
LIMIT %(size)s
"""
_DELETED_COLUMN = "COALESCE(deleted, 0) = 1"
_DELETED_IN_JSON = "COALESCE(JSON_EXTRACT(json, '$.deleted') = true, 0)"

_SERVICES = "SELECT nameHash AS name_hash, name AS name, {service_type} AS service_type FROM dbservice_entity"

_USAGE_BOUNDS = "SELECT MIN(usageDate) AS oldest, MAX(usageDate) AS newest FROM entity_usage"

# OM keeps an index on (usageDate, id) only: read by windows of dates, never by table.
_USAGE_WINDOW = """
SELECT id AS id, MIN(usageDate) AS first_day, MAX(usageDate) AS newest_day,
       MAX(CASE WHEN count1 > 0 THEN TO_DAYS(usageDate) END) AS last_used_day,
       SUM(CASE WHEN usageDate >= %(recent)s THEN GREATEST(COALESCE(count1, 0), 0) ELSE 0 END) AS recent_queries
FROM entity_usage
WHERE entityType = 'table' AND usageDate >= %(from)s AND usageDate < %(before)s
GROUP BY id
"""

_OWNED = """
SELECT DISTINCT toId AS id FROM entity_relationship
WHERE toId IN %(ids)s AND relation = 8 AND fromEntity IN ('user', 'team') AND toEntity = 'table' AND {not_deleted}
"""

_OWNED_CONTAINERS = """
SELECT DISTINCT container.fqnHash AS fqn_hash
FROM entity_relationship
JOIN {container} AS container ON container.id = entity_relationship.toId
WHERE entity_relationship.relation = 8 AND entity_relationship.fromEntity IN ('user', 'team')
  AND entity_relationship.toEntity = %(kind)s AND {not_deleted}
"""

_TIERED = """
SELECT DISTINCT targetFQNHash AS fqn_hash FROM tag_usage
WHERE targetFQNHash IN %(hashes)s AND source = 0 AND tagFQN LIKE 'Tier.%%'
"""

# OM 1.9.9 moved the fields of a profile from the top level into profileData: both shapes stand side by side.
_SIZES = """
SELECT fqn_hash, size FROM (
  SELECT fqn_hash, size, ROW_NUMBER() OVER (PARTITION BY fqn_hash ORDER BY at DESC) AS age FROM (
    SELECT entityFQNHash AS fqn_hash, timestamp AS at,
           COALESCE(JSON_VALUE(json, '$.profileData.sizeInByte'), JSON_VALUE(json, '$.sizeInByte')) AS size
    FROM profiler_data_time_series
    WHERE entityFQNHash IN %(hashes)s AND extension = 'table.tableProfile'
  ) AS profiles WHERE size IS NOT NULL
) AS ranked WHERE age = 1
"""

_WRITES = """
SELECT entityFQNHash AS fqn_hash, MAX(timestamp) AS written FROM profiler_data_time_series
WHERE entityFQNHash IN %(hashes)s AND extension = 'table.systemProfile'
  AND UPPER(COALESCE(JSON_VALUE(json, '$.profileData.operation'), JSON_VALUE(json, '$.operation')))
      IN ('INSERT', 'UPDATE', 'DELETE', 'MERGE', 'WRITE')
GROUP BY entityFQNHash
"""

Readable = dict[str, set[str]]


async def readable_columns(om: MySQL) -> Readable:
    """The tables and columns of OM's schema that this account may read; empty when there is none."""
    columns: Readable = {}
    for row in await om.fetch_all(_READABLE, {"schema": om.schema}):
        columns.setdefault(row["table_name"], set()).add(row["column_name"])
    return columns


async def table_page(om: MySQL, columns: set[str], after: str, size: int) -> list[Row]:
    """Up to `size` tables that are not deleted, with ids after `after`, in the order of ids."""
    sql = _TABLE_PAGE.format(
        fqn_hash="fqnHash" if "fqnHash" in columns else "''",
        updated_at="updatedAt" if "updatedAt" in columns else "NULL",
        deleted=_DELETED_COLUMN if "deleted" in columns else _DELETED_IN_JSON,
    )
    return await om.fetch_all(sql, {"after": after, "size": size})


async def services(om: MySQL, columns: set[str]) -> list[Row]:
    """Name hash, name and type of every database service."""
    service_type = "serviceType" if "serviceType" in columns else "NULL"
    return await om.fetch_all(_SERVICES.format(service_type=service_type))


async def usage_bounds(om: MySQL) -> Row | None:
    """The oldest and the newest date of any usage row."""
    return await om.fetch_one(_USAGE_BOUNDS)


async def usage_window(om: MySQL, start: date, before: date, recent: date) -> list[Row]:
    """Usage per table over the dates from `start` up to, not including, `before`; `recent_queries` from `recent` on.

    `last_used_day` is a day number as TO_DAYS has it: a conditional MAX of dates warns of zero dates on MariaDB.
    """
    return await om.fetch_all(_USAGE_WINDOW, {"from": start, "before": before, "recent": recent})


async def owned_tables(om: MySQL, columns: set[str], ids: Sequence[str]) -> list[Row]:
    """Those of the tables that have an owner of their own."""
    return await om.fetch_all(_OWNED.format(not_deleted=_not_deleted(columns)), {"ids": tuple(ids)})


async def owned_containers(om: MySQL, columns: set[str], container: str) -> list[Row]:
    """The FQN hashes of all schemas or databases (`container` is OM's table of them) that have an owner."""
    kind = {"database_schema_entity": "databaseSchema", "database_entity": "database"}[container]
    sql = _OWNED_CONTAINERS.format(container=container, not_deleted=_not_deleted(columns))
    return await om.fetch_all(sql, {"kind": kind})


def _not_deleted(columns: set[str]) -> str:
    return "COALESCE(entity_relationship.deleted, 0) = 0" if "deleted" in columns else "TRUE"


async def tiered_tables(om: MySQL, hashes: Sequence[str]) -> list[Row]:
    """Those of the tables that carry a tier."""
    return await om.fetch_all(_TIERED, {"hashes": tuple(hashes)})


async def table_sizes(om: MySQL, hashes: Sequence[str]) -> list[Row]:
    """The newest known size in bytes, as text, of those of the tables that have one."""
    return await om.fetch_all(_SIZES, {"hashes": tuple(hashes)})


async def table_writes(om: MySQL, hashes: Sequence[str]) -> list[Row]:
    """When those of the tables that were written to were last."""
    return await om.fetch_all(_WRITES, {"hashes": tuple(hashes)})
