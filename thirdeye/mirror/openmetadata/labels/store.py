"""SQL over OM's tags, data products, data contracts, test suites, followers and editors.

`targetFQNHash` in `tag_usage` is a table's hash of four segments, or that of a column with one more for each name. Tags are
compared byte by byte: OM's collations take `Résumé` for `Resume`, and `Legal.HOLD` for `Legal.Hold`.

A data product points at its assets and ports (`entity_relationship`, dataProduct -10-> table; newer versions have more
numbers for ports), an asset at its data contract (table -10-> dataContract) and at its test suite (table -0-> testSuite),
a user at what they follow (user -11-> table).
"""

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from thirdeye.database import Row
from thirdeye.mirror.openmetadata.relations.store import (
    ATTENDED_TABLE,
    IS_ATTENTION,
    NEVER,
    UUID,
    RelationStatements,
)

# A hash of an FQN is digested, for it may hold any number of segments.
DIGEST: Final = "LEFT(SHA2({column}, 224), 32)"
_TABLE_HASH: Final = "LEFT(targetFQNHash, 131)"
_TAG: Final = "CAST(CONVERT(tagFQN USING utf8mb4) AS BINARY)"
_TAGS = f"""
SELECT source AS source, {_TAG} AS tag, {{suggested}} AS suggested, LENGTH(targetFQNHash) > 131 AS of_column,
       RIGHT({_TABLE_HASH}, 1) AS part, GROUP_CONCAT({DIGEST.format(column=_TABLE_HASH)} SEPARATOR '') AS packed
FROM tag_usage WHERE LENGTH(targetFQNHash) >= 131 AND {{buckets}}
GROUP BY source, {_TAG}, {{suggested}}, LENGTH(targetFQNHash) > 131, RIGHT({_TABLE_HASH}, 1)
"""
_TAG_SUMS = f"""
SELECT CONV(RIGHT({_TABLE_HASH}, 4), 16, 10) + 0 AS bucket, COUNT(*) AS number,
       BIT_XOR(CRC32(CONCAT_WS(',', targetFQNHash, source, {_TAG}, {{suggested}}))) AS checksum
FROM tag_usage WHERE LENGTH(targetFQNHash) >= 131 GROUP BY bucket
"""
_TAGS_OF = f"""
SELECT targetFQNHash AS target, source AS source, {_TAG} AS tag FROM tag_usage WHERE targetFQNHash IN %(hashes)s
"""
_COLUMN_TARGETS = "SELECT targetFQNHash AS target, {tag} AS tag FROM tag_usage WHERE {ranges}"
# A column's FQN hash is its table's with a dot and more: the character after the dot is a slash.
_ENDS: Final = {"from": ".", "to": "/"}
_TABLE_COLUMNS = """
SELECT fqnHash AS fqn_hash, JSON_EXTRACT(json, '$.columns[*]**.name') AS names,
       JSON_UNQUOTE(JSON_EXTRACT(json, '$.fullyQualifiedName')) AS fqn
FROM table_entity WHERE id IN %(ids)s
"""

_ATTENTION = f"""
SELECT kind, id, LEFT(table_id, 1) AS part, COUNT(*) AS number,
       GROUP_CONCAT(IF({UUID.format(column="table_id")}, REPLACE(table_id, '-', ''), '') SEPARATOR '') AS packed
FROM (
  SELECT IF(toEntity = 'table', fromEntity, toEntity) AS kind, {ATTENDED_TABLE} AS table_id,
         CASE WHEN fromEntity = 'dataProduct' THEN fromId WHEN toEntity = 'dataContract' THEN toId ELSE '' END AS id
  FROM entity_relationship WHERE {IS_ATTENTION} AND {{not_deleted}}
) AS attention
WHERE {{buckets}} GROUP BY kind, id, LEFT(table_id, 1)
"""
_PLACE_PRODUCTS = """
SELECT 'dataProduct' AS kind, fromId AS id, toId AS place FROM entity_relationship
WHERE fromEntity = 'dataProduct' AND toEntity IN ('databaseSchema', 'database') AND relation + 0 <> 13 AND {not_deleted}
UNION ALL
SELECT 'dataContract' AS kind, toId AS id, fromId AS place FROM entity_relationship
WHERE fromEntity IN ('databaseSchema', 'database') AND toEntity = 'dataContract' AND relation + 0 <> 13 AND {not_deleted}
"""
_NAMED = "SELECT id AS id, name AS name, {deleted} AS deleted FROM {table}"
_BOTS = "SELECT name AS name FROM user_entity WHERE isBot = 1"


class LabelStatements(RelationStatements):
    """The statements, over one connection and fitted to the columns that this version of OM has."""

    def _suggested(self) -> str:
        return "(state = 0)" if self._has("tag_usage", "state") else NEVER

    def tag_sums(self) -> AsyncGenerator[Row, None]:
        """Checksums of the tags of tables and their columns by bucket, the last four digits of the table's FQN hash."""
        return self._session.stream(_TAG_SUMS.format(suggested=self._suggested()))

    def tags(self, buckets: Sequence[int] | None = None) -> AsyncGenerator[Row, None]:
        """Tags of tables and columns, packed: the digests of the FQN hashes of a tag's tables. Tags are bytes of UTF-8."""
        sql = _TAGS.replace("{suggested}", self._suggested())
        return self._packed(sql, buckets, f"RIGHT({_TABLE_HASH}, 4)")

    async def tags_of(self, hashes: Sequence[str]) -> list[Row]:
        """The tags of whatever has one of these FQN hashes, such as a glossary term or a schema."""
        return await self._session.fetch_all(_TAGS_OF, {"hashes": tuple(hashes)})

    async def column_tags(self, hashes: Sequence[str]) -> list[Row]:
        """The FQN hashes of the tagged columns of the tables with these FQN hashes, each with its tag."""
        values = {f"{name}{place}": f"{each}{end}" for place, each in enumerate(hashes) for name, end in _ENDS.items()}
        ranges = " OR ".join(f"targetFQNHash > %(from{n})s AND targetFQNHash < %(to{n})s" for n in range(len(hashes)))
        return await self._session.fetch_all(_COLUMN_TARGETS.format(tag=_TAG, ranges=ranges), values)

    async def nested_column_names(self, ids: Sequence[str]) -> list[Row]:
        """FQN, FQN hash and the names of all columns, nested ones too, as JSON text, of each of these tables."""
        return await self._session.fetch_all(_TABLE_COLUMNS, {"ids": tuple(ids)})

    def attention(self, buckets: Sequence[int] | None = None) -> AsyncGenerator[Row, None]:
        """Data products and contracts with their ids, followers and test suites without, packed: the ids of their tables."""
        return self._packed(_ATTENTION, buckets, "LEFT(table_id, 4)")

    async def place_products(self) -> list[Row]:
        """The data products and contracts of all schemas and databases, by the ids of these."""
        return await self._session.fetch_all(_PLACE_PRODUCTS.format(not_deleted=self._not_deleted()))

    async def named(self, table: str) -> list[Row]:
        """Id, name and whether it is deleted, of each data product or contract."""
        deleted = "COALESCE(deleted, 0)" if self._has(table, "deleted") else "0"
        return await self._session.fetch_all(_NAMED.format(table=table, deleted=deleted))

    async def bots(self) -> list[str]:
        """The names of users that are bots, where OM tells."""
        if not self._has("user_entity", "isBot"):
            return []
        return [row["name"] for row in await self._session.fetch_all(_BOTS)]
