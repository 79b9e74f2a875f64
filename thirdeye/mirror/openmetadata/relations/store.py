"""SQL over OM's `entity_relationship`: lineage, owners, domains, members of teams and mentions of tables by queries."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from thirdeye.database import Row, Session

Readable = dict[str, set[str]]
# OM makes no other ids. What has another is left out, counted and named.
# That of zeros is nobody's and no key.
_NOBODY = "00000000-0000-0000-0000-000000000000"
UUID: Final = (
    "COALESCE(LENGTH({column}) = 36 AND LENGTH(UNHEX(REPLACE({column}, '-', ''))) = 16 "
    f"AND {{column}} <> '{_NOBODY}', FALSE)"
)
# Texts as they are, byte by byte: by OM's collations 'Table' and 'table ' are 'table', and one row would name many.
EXACTLY: Final = "CAST(CONVERT({column} USING utf8mb4) AS BINARY)"
# An id as 32 digits; of any other text a key by which it can be told from all others, in the bucket of its first digits.
# No UUID has these eight digits (`keys.is_odd`).
ODD_DIGITS: Final = "ffffffff"
_ANY_KEY = f"""IF({UUID}, REPLACE({{column}}, '-', ''),
  CONCAT(LPAD(COALESCE(CONV(LEFT({{column}}, 4), 16, 16), '0'), 4, '0'), '{ODD_DIGITS}', LEFT(SHA2({{column}}, 224), 20)))"""
# What attends to a table: data products and contracts, test suites, followers. And which end of such a row is the table.
IS_ATTENTION: Final = """(
  (toEntity = 'table' AND fromEntity = 'dataProduct' AND relation + 0 <> 13)
  OR (toEntity = 'table' AND fromEntity = 'user' AND relation + 0 = 11)
  OR (fromEntity = 'table' AND toEntity = 'testSuite' AND relation + 0 = 0)
  OR (fromEntity = 'table' AND toEntity = 'dataContract' AND relation + 0 <> 13)
)"""
ATTENDED_TABLE: Final = "IF(toEntity IN ('testSuite', 'dataContract'), fromId, toId)"

# ---- relations: `relation + 0` keeps servers from going through an index to most of the rows, three times as slow

_LINEAGE = f"""
SELECT {EXACTLY.format(column="fromEntity")} AS from_kind, {EXACTLY.format(column="toEntity")} AS to_kind,
       {{deleted}} AS deleted, LEFT(toId, 2) AS part,
       GROUP_CONCAT({_ANY_KEY.format(column="fromId")}, {_ANY_KEY.format(column="toId")} SEPARATOR '') AS packed
FROM entity_relationship
WHERE relation + 0 = 13 AND {{buckets}}
GROUP BY {EXACTLY.format(column="fromEntity")}, {EXACTLY.format(column="toEntity")}, {{deleted}}, LEFT(toId, 2)
"""
_IS_OWNED = "relation + 0 IN (8, 10) AND toEntity = 'table' AND fromEntity IN ('user', 'team', 'domain')"
_OWNED = f"""
SELECT relation AS relation, LOWER(TRIM(fromEntity)) AS kind, fromId AS id, LEFT(toId, 1) AS part, COUNT(*) AS number,
       GROUP_CONCAT(IF({UUID.format(column="toId")}, REPLACE(toId, '-', ''), '') SEPARATOR '') AS packed
FROM entity_relationship WHERE {_IS_OWNED} AND {{not_deleted}} AND {{buckets}}
GROUP BY relation, LOWER(TRIM(fromEntity)), fromId, LEFT(toId, 1)
"""
_RELATION_SUMS = f"""
SELECT CASE WHEN relation + 0 = 13 THEN 1 WHEN {IS_ATTENTION} THEN 2 ELSE 0 END AS part,
       CONV(LEFT(IF(relation + 0 = 13, toId, {ATTENDED_TABLE}), 4), 16, 10) + 0 AS bucket, COUNT(*) AS number,
       BIT_XOR(CRC32(CONCAT_WS(',', fromId, toId, relation, fromEntity, toEntity, {{deleted}}))) AS checksum
FROM entity_relationship
WHERE relation + 0 = 13
   OR (relation + 0 IN (8, 10) AND toEntity = 'table' AND fromEntity IN ('user', 'team', 'domain') AND {{not_deleted}})
   OR ({IS_ATTENTION} AND {{not_deleted}})
GROUP BY part, bucket
"""
# Not joined with the places: ids of tables that differ in collation cannot be compared.
_OWNED_PLACES = """
SELECT relation AS relation, LOWER(TRIM(fromEntity)) AS kind, fromId AS id, toId AS place
FROM entity_relationship
WHERE relation IN (8, 10) AND fromEntity IN ('user', 'team', 'domain')
  AND toEntity IN ('databaseService', 'database', 'databaseSchema') AND {not_deleted}
"""
# Members of teams, and teams within teams.
_MEMBERS = """
SELECT fromId AS team, LOWER(TRIM(toEntity)) AS kind, toId AS member, {deleted} AS deleted FROM entity_relationship
WHERE fromEntity = 'team' AND (relation = 10 AND toEntity = 'user' OR relation = 9 AND toEntity = 'team')
"""
# As `identity.email_digest` makes it: no address leaves OM's database.
_EMAIL_DIGEST = "LEFT(SHA2(CONVERT(LOWER(email) USING utf8mb4), 256), 32)"
# Of JSON's null, OM makes the name 'null'.
_PEOPLE = (
    "SELECT NULLIF(name, 'null') AS name, {email} AS email_digest FROM user_entity WHERE {not_deleted} AND {no_bot}"
)
_IS_MENTION = "relation = 5 AND fromEntity = 'table' AND toEntity = 'query'"
_ENDS_ARE_IDS = f"{UUID.format(column='fromId')} AND {UUID.format(column='toId')}"
_MENTIONS = f"""
SELECT LEFT(toId, 2) AS part, COUNT(*) AS number,
       GROUP_CONCAT(IF({_ENDS_ARE_IDS}, CONCAT(REPLACE(fromId, '-', ''), REPLACE(toId, '-', '')), '') SEPARATOR '') AS packed
FROM entity_relationship WHERE {_IS_MENTION} AND {{not_deleted}}
GROUP BY LEFT(toId, 2)
"""
_QUERY_USERS = f"""
SELECT LEFT(toId, 2) AS part,
       GROUP_CONCAT(IF({_ENDS_ARE_IDS}, CONCAT(REPLACE(toId, '-', ''), REPLACE(fromId, '-', '')), '') SEPARATOR '') AS packed
FROM entity_relationship WHERE relation = 7 AND fromEntity = 'user' AND toEntity = 'query' AND {{not_deleted}}
GROUP BY LEFT(toId, 2)
"""
# Rows whose ids are none, by what is read of them.
_ODD = {
    "lineage": f"relation + 0 = 13 AND NOT ({_ENDS_ARE_IDS})",
    "ownership": f"{_IS_OWNED} AND NOT {UUID.format(column='toId')}",
    "attention": f"{IS_ATTENTION} AND NOT {UUID.format(column=ATTENDED_TABLE)}",
    "mentions": f"{_IS_MENTION} AND NOT ({_ENDS_ARE_IDS})",
}
_ODD_RELATIONS = """
SELECT CONCAT_WS(' ', fromEntity, fromId, 'to', toEntity, toId) AS example FROM entity_relationship
WHERE {odd} AND {not_deleted} LIMIT 20
"""
_DELETED = "(COALESCE(entity_relationship.deleted, 0) <> 0)"
# FALSE that can be grouped by: MariaDB takes a constant for the number of a column.
NEVER: Final = "(0 <> 0)"
_RETAINED_PLACES = """
SELECT fqnHash AS fqn_hash FROM {table}
WHERE fqnHash IS NOT NULL AND COALESCE(JSON_VALUE(json, '$.retentionPeriod'), 'null') NOT IN ('null', '')
"""


class RelationStatements:
    """The statements, over one connection and fitted to the columns that this version of OM has."""

    def __init__(self, session: Session, readable: Readable) -> None:
        self._session = session
        self._readable = readable

    def _has(self, table: str, column: str) -> bool:
        return column in self._readable.get(table, set())

    def _deleted(self) -> str:
        return _DELETED if self._has("entity_relationship", "deleted") else NEVER

    def _not_deleted(self) -> str:
        return f"NOT {self._deleted()}"

    def _packed(self, sql: str, buckets: Sequence[int] | None, digits: str, **values: int) -> AsyncGenerator[Row, None]:
        """Rows of a part, all or those of some buckets; `digits` is the SQL of the digits that number a bucket."""
        which = "TRUE" if buckets is None else f"CONV({digits}, 16, 10) + 0 IN %(buckets)s"
        sql = sql.format(deleted=self._deleted(), not_deleted=self._not_deleted(), buckets=which)
        return self._session.stream(sql, {"buckets": tuple(buckets or (-1,)), **values})

    def relation_sums(self) -> AsyncGenerator[Row, None]:
        """Checksums of owners and domains of tables (part 0), of lineage (1), and of what attends to tables (2), by bucket.

        A bucket is the first four characters of the table's id, or, of lineage, of toId.
        """
        return self._session.stream(_RELATION_SUMS.format(deleted=self._deleted(), not_deleted=self._not_deleted()))

    def lineage(self, buckets: Sequence[int] | None = None) -> AsyncGenerator[Row, None]:
        """Edges by the kinds of their ends (bytes) and whether they are marked deleted, packed: upstream and downstream id.

        Of an end whose id is none, a key of its own.
        """
        return self._packed(_LINEAGE, buckets, "LEFT(toId, 4)")

    def ownership(self, buckets: Sequence[int] | None = None) -> AsyncGenerator[Row, None]:
        """Owners (relation 8) and domains (10) of tables, packed: the ids of an owner's tables."""
        return self._packed(_OWNED, buckets, "LEFT(toId, 4)")

    async def odd_relations(self, part: str) -> list[str]:
        """What names the first relations whose ids are none, of lineage, ownership, attention or mentions."""
        not_deleted = "TRUE" if part == "lineage" else self._not_deleted()
        rows = await self._session.fetch_all(_ODD_RELATIONS.format(odd=_ODD[part], not_deleted=not_deleted))
        return [row["example"] for row in rows]

    async def owned_places(self) -> list[Row]:
        """Owners and domains of all services, databases and schemas, by the ids of these."""
        return await self._session.fetch_all(_OWNED_PLACES.format(not_deleted=self._not_deleted()))

    async def retained_places(self, table: str) -> list[str]:
        """The FQN hashes of the schemas or databases that have a retention; none where its JSON cannot be read."""
        if not (self._has(table, "fqnHash") and self._has(table, "json")):
            return []
        return [row["fqn_hash"] for row in await self._session.fetch_all(_RETAINED_PLACES.format(table=table))]

    async def members(self) -> list[Row]:
        """Which user, or which team, belongs to which team, and whether that is marked deleted."""
        return await self._session.fetch_all(_MEMBERS.format(deleted=self._deleted()))

    async def people(self) -> list[Row]:
        """Name and digest of the address (null where that cannot be read) of all users that are neither deleted nor bots."""
        columns = {column: self._has("user_entity", column) for column in ("email", "deleted", "isBot")}
        return await self._session.fetch_all(
            _PEOPLE.format(
                email=_EMAIL_DIGEST if columns["email"] else "NULL",
                not_deleted="COALESCE(deleted, 0) = 0" if columns["deleted"] else "TRUE",
                no_bot="COALESCE(isBot, 0) = 0" if columns["isBot"] else "TRUE",
            )
        )

    async def mentions(self) -> list[Row]:
        """Which tables a query names, packed: the table's and the query's id."""
        return await self._session.fetch_all(_MENTIONS.format(not_deleted=self._not_deleted()))

    async def query_users(self) -> list[Row]:
        """Who ran which query, packed: the query's and the user's id."""
        return await self._session.fetch_all(_QUERY_USERS.format(not_deleted=self._not_deleted()))
