"""What a day does to OpenMetadata: tables and dashboards come and go, are used, read each other, are profiled."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import orjson

from thirdeye.local.sample.naming import join_fqn, join_hash

DAY_MS = 86_400_000
# OpenMetadata deletes for good what was marked as deleted so many days before.
PURGED_AFTER_DAYS = 30
# Of what comes, so much is used from some weekday on; of what is used, so much ends each week.
USED_SHARE, ENDS_SHARE = 0.6, 0.01
# Of what goes and was not recommended, so much came within these days: most tables stay for years, some for weeks.
SHORT_LIVED_SHARE, SHORT_LIVED_DAYS = 0.9, 30
# Of the tables, so many are profiled a day.
PROFILED_SHARE = 0.02
_BATCH = 500
# So many numbers that those of one attempt are hardly ever those of another.
_SKIPPED = 10**12
# What belongs to an entity by its id, and what by the hash of its FQN.
_COPIED = """
CREATE TEMPORARY TABLE IF NOT EXISTS year_copied (
  source VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin, fresh VARCHAR(36),
  source_hash VARCHAR(768) CHARACTER SET ascii COLLATE ascii_bin, fresh_hash VARCHAR(768) CHARACTER SET ascii COLLATE ascii_bin,
  KEY (source), KEY (source_hash)
)
"""
_COPY_RELATIONS = (
    """INSERT IGNORE INTO entity_relationship (fromId, toId, fromEntity, toEntity, relation, jsonSchema, json, deleted)
    SELECT copied.fresh, toId, fromEntity, toEntity, relation, jsonSchema, json, deleted
    FROM year_copied AS copied JOIN entity_relationship ON fromId = copied.source""",
    """INSERT IGNORE INTO entity_relationship (fromId, toId, fromEntity, toEntity, relation, jsonSchema, json, deleted)
    SELECT fromId, copied.fresh, fromEntity, toEntity, relation, jsonSchema, json, deleted
    FROM year_copied AS copied JOIN entity_relationship ON toId = copied.source""",
)
_COPY_TAGS = """
INSERT IGNORE INTO tag_usage (source, tagFQN, labelType, state, tagFQNHash, targetFQNHash, appliedAt)
SELECT source_, tagFQN, labelType, state, tagFQNHash, copied.fresh_hash, appliedAt FROM (
  SELECT source AS source_, tagFQN, labelType, state, tagFQNHash, targetFQNHash, appliedAt FROM tag_usage
) AS tags JOIN year_copied AS copied ON targetFQNHash = copied.source_hash
"""
_COPY_PROFILES = """
INSERT IGNORE INTO profiler_data_time_series (entityFQNHash, extension, jsonSchema, json)
SELECT copied.fresh_hash, extension, jsonSchema, JSON_SET(json, '$.timestamp', %s)
FROM year_copied AS copied JOIN profiler_data_time_series ON entityFQNHash = copied.source_hash
WHERE extension = 'table.tableProfile'
"""
# A profile follows the one before, whose table has grown by a hundredth; OpenMetadata cleans up the older ones.
_PROFILE = """
UPDATE profiler_data_time_series SET json = JSON_SET(
  json, '$.timestamp', %s, '$.sizeInByte', ROUND(COALESCE(JSON_EXTRACT(json, '$.sizeInByte'), 0) * 1.01)
) WHERE extension = 'table.tableProfile' AND CRC32(CONCAT(entityFQNHash, %s)) %% 1000 < %s
AND JSON_EXTRACT(json, '$.sizeInByte') > 0
"""
_USE_AS_A_WEEK_BEFORE = """
INSERT IGNORE INTO entity_usage (id, entityType, usageDate, count1)
SELECT entity_usage.id, entityType, %(day)s, count1 FROM entity_usage
LEFT JOIN table_entity ON table_entity.id = entity_usage.id
WHERE usageDate = %(before)s AND (entityType <> 'table' OR (table_entity.id IS NOT NULL AND NOT COALESCE(deleted, 0)))
AND CRC32(CONCAT(entity_usage.id, %(day)s)) %% 1000 >= %(ends)s
"""
_RUN_AS_A_WEEK_BEFORE = """
INSERT IGNORE INTO entity_extension_time_series (extension, jsonSchema, json, entityFQNHash)
SELECT extension, jsonSchema, JSON_SET(json, '$.timestamp', CAST(timestamp AS SIGNED) + 7 * 86400000), entityFQNHash
FROM entity_extension_time_series WHERE timestamp >= %(from)s AND timestamp < %(from)s + 86400000
"""


def batched(values: Sequence[Any], size: int) -> Iterator[list[Any]]:
    """Parts of so many values."""
    for start in range(0, len(values), size):
        yield list(values[start : start + size])


@dataclass(eq=False)
class OpenMetadataDays:
    """Carries out one day after another on the schema that the connection uses."""

    connection: Any
    today: date
    churn: float = 0.01
    random: Random = field(default_factory=lambda: Random(1))
    # Of tables: what was marked as deleted by day, and what came.
    _marked: dict[date, list[str]] = field(default_factory=dict)
    _came: dict[date, list[str]] = field(default_factory=dict)
    _copies: int = 0

    def memory(self) -> dict[str, Any]:
        """What is remembered from day to day, for `restore`."""
        return {name: value for name, value in vars(self).items() if name != "connection"}

    def restore(self, memory: dict[str, Any]) -> None:
        """Goes on as the one that had this memory, under other names and ids: half of the next day may be there already."""
        vars(self).update(memory)
        self.random.seed()
        self._copies += self.random.randrange(_SKIPPED)

    def next_day(self, recommended: Sequence[str]) -> None:
        """The day after; `recommended` are ids of tables of which half of those that go are taken."""
        self.today += timedelta(days=1)
        values = {"day": self.today, "before": self.today - timedelta(days=7), "ends": round(1_000 * ENDS_SHARE)}
        self._run(_USE_AS_A_WEEK_BEFORE, values)
        self._run(_RUN_AS_A_WEEK_BEFORE, {"from": self._moment() - 7 * DAY_MS})
        self._run(_PROFILE, (self._moment(), str(self.today), round(1_000 * PROFILED_SHARE)))
        self._churn("table_entity", "table", recommended)
        self._churn("dashboard_entity", "dashboard", ())

    def _moment(self) -> int:
        return int(datetime(self.today.year, self.today.month, self.today.day, tzinfo=UTC).timestamp()) * 1000

    def _run(self, sql: str, values: Any = None) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def _many(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        with self.connection.cursor() as cursor:
            for part in batched(rows, _BATCH):
                cursor.executemany(sql, part)

    # ---- what comes and goes

    def _churn(self, table: str, kind: str, recommended: Sequence[str]) -> None:
        ids = [row[0] for row in self._run(f"SELECT id FROM {table} WHERE NOT COALESCE(deleted, 0)")]
        count = max(round(len(ids) * self.churn), 1)
        live = set(ids)
        advised = [identifier for identifier in recommended if identifier in live]
        gone = set(self.random.sample(advised, min(len(advised), count // 2)))
        stays = live - gone
        young = [identifier for ids in self._came.values() for identifier in ids if identifier in stays]
        gone |= set(self.random.sample(young, min(len(young), round((count - len(gone)) * SHORT_LIVED_SHARE))))
        others = sorted(live - gone)
        picked = self.random.sample(others, count + count - len(gone))
        self._copy(table, kind, picked[:count])
        self._take_away(table, [*sorted(gone), *picked[count:]])

    def _copy(self, table: str, kind: str, sources: Sequence[str]) -> None:
        self._run(_COPIED)
        self._run("DELETE FROM year_copied")
        copies = list(self._copied(table, sources))
        if kind == "table":
            self._came.pop(self.today - timedelta(days=SHORT_LIVED_DAYS), None)
            self._came[self.today] = [fresh for _, _, fresh, *_ in copies]
        self._many(
            f"INSERT INTO {table} (json, fqnHash) VALUES (%s, %s)", [(text, hash_) for text, *_, hash_ in copies]
        )
        self._many("INSERT INTO year_copied (source, fresh, source_hash, fresh_hash) VALUES (%s, %s, %s, %s)",
                   [(source, fresh, source_hash, hash_) for _, source, fresh, source_hash, hash_ in copies])  # fmt: skip
        for statement in (*_COPY_RELATIONS, _COPY_TAGS):
            self._run(statement)
        self._run(_COPY_PROFILES, (self._moment(),))
        # Within a week before, so that the days to come go on with it.
        used = [fresh for _, _, fresh, *_ in copies if self.random.random() < USED_SHARE]
        days = [self.today - timedelta(days=self.random.randrange(7)) for _ in used]
        self._many(
            f"INSERT INTO entity_usage (id, entityType, usageDate, count1) VALUES (%s, '{kind}', %s, 3)",
            list(zip(used, days, strict=True)),
        )

    def _copied(self, table: str, sources: Sequence[str]) -> Iterator[tuple[str, str, str, str, str]]:
        """Text, id of the source, fresh id, hash of the source and fresh hash."""
        for part in batched(sources, _BATCH):
            for source, text, source_hash in self._run(
                f"SELECT id, json, fqnHash FROM {table} WHERE id IN %s", (tuple(part),)
            ):
                self._copies += 1
                document = orjson.loads(text)
                name, fresh = f"{document['name'][:40]}_{self._copies:x}".replace(".", "_"), self._uuid()
                document |= {
                    "id": fresh,
                    "name": name,
                    "version": 0.1,
                    "updatedAt": self._moment() + self._copies % 1000,
                }
                document["fullyQualifiedName"] = join_fqn(document["fullyQualifiedName"].rsplit(".", 1)[0], name)
                document.pop("lifeCycle", None)
                fresh_hash = join_hash(source_hash.rsplit(".", 1)[0], name)
                yield orjson.dumps(document).decode(), source, fresh, source_hash, fresh_hash

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _take_away(self, table: str, ids: Sequence[str]) -> None:
        """Half of them are marked as deleted first, as an ingestion does that does not see them any more."""
        marked, gone = ids[::2], list(ids[1::2])
        for part in batched(marked, _BATCH):
            self._run(
                f"UPDATE {table} SET json = JSON_SET(json, '$.deleted', JSON_EXTRACT('true', '$'), '$.updatedAt', %s) "
                "WHERE id IN %s", (self._moment(), tuple(part)),
            )  # fmt: skip
        waiting = self._marked.setdefault(self.today, [])
        waiting += marked if table == "table_entity" else []
        if table == "table_entity":
            gone += self._marked.pop(self.today - timedelta(days=PURGED_AFTER_DAYS), [])
        for part in batched(gone, _BATCH):
            self._purge(table, part)

    def _purge(self, table: str, ids: list[str]) -> None:
        hashes = [row[0] for row in self._run(f"SELECT fqnHash FROM {table} WHERE id IN %s", (ids,))]
        for statement in (
            f"DELETE FROM {table} WHERE id IN %s",
            "DELETE FROM entity_relationship WHERE fromId IN %s",
            "DELETE FROM entity_relationship WHERE toId IN %s",
            "DELETE FROM entity_usage WHERE id IN %s",
        ):
            self._run(statement, (ids,))
        if hashes:
            self._run("DELETE FROM tag_usage WHERE targetFQNHash IN %s", (tuple(hashes),))
            self._run("DELETE FROM profiler_data_time_series WHERE entityFQNHash IN %s", (tuple(hashes),))
