"""Changes to an OM database as OM, or people with SQL, make them: each a small piece of plain SQL.

Metadata changes set `updatedAt`, as OM does; usage, tags, ownership, lineage and hard deletes do not.
"""

import json
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import md5
from random import Random
from typing import Any

DAY_MS = 86_400_000
# What attends to a table: the kinds of both ends, and the number of the relation.
ATTENTION = (
    ("dataProduct", "table", 10), ("user", "table", 11), ("table", "testSuite", 0), ("table", "dataContract", 10),
)  # fmt: skip


class OpenMetadataChanges:
    """Draws changes at random and carries them out on the schema that the connection uses."""

    def __init__(self, connection: Any, schema: str, today: date, random: Random) -> None:
        self.connection, self.schema, self.today, self.random = connection, schema, today, random
        self.moment = (today.toordinal() - date(1970, 1, 1).toordinal()) * DAY_MS
        self.done: list[str] = []
        connection.select_db(schema)

    def some(self, count: int) -> list[str]:
        """Makes so many changes; their names."""
        kinds: list[Callable[[], None]] = [getattr(self, name) for name in dir(self) if name.startswith("change_")]
        for _ in range(count):
            change = self.random.choice(kinds)
            change()
            self.done.append(change.__name__)
        return self.done[-count:]

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """One statement; its rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def pick(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """One of the rows of a statement."""
        rows = sorted(self.run(sql, *values), key=repr)
        return self.random.choice(rows) if rows else None

    def table(self, deleted: int = 0) -> tuple[str, str, str] | None:
        """Id, FQN hash and FQN of a table."""
        fqn = "JSON_UNQUOTE(JSON_EXTRACT(json, '$.fullyQualifiedName'))"
        row = self.pick(f"SELECT id, fqnHash, {fqn} FROM table_entity WHERE COALESCE(deleted, 0) = %s", deleted)
        return (row[0], row[1], row[2]) if row else None

    def touched(self) -> int:
        """A moment a little later than the last."""
        self.moment += self.random.randint(1, 60_000)
        return self.moment

    def day(self, most: int) -> date:
        """A day at most so many days ago."""
        return self.today - timedelta(days=self.random.randint(0, most))

    # ---- usage

    def change_usage_added(self) -> None:
        if table := self.table():
            self.run(
                "REPLACE INTO entity_usage (id, entityType, usageDate, count1) VALUES (%s, 'table', %s, %s)",
                table[0], self.day(self.random.choice((3, 200))), self.random.choice((0, 1, 50)),
            )  # fmt: skip

    def change_usage_corrected(self) -> None:
        row = self.pick(
            "SELECT id, usageDate FROM entity_usage WHERE entityType = 'table' ORDER BY id, usageDate LIMIT 2000"
        )
        if row:
            self.run(
                "UPDATE entity_usage SET count1 = %s WHERE id = %s AND usageDate = %s", self.random.randint(0, 9), *row
            )

    def change_usage_removed(self) -> None:
        row = self.pick("SELECT id, usageDate FROM entity_usage ORDER BY usageDate DESC, id LIMIT 2000")
        if row:
            self.run("DELETE FROM entity_usage WHERE id = %s AND usageDate = %s", *row)

    def change_usage_before_the_table(self) -> None:
        self.run(
            "INSERT INTO entity_usage (id, entityType, usageDate, count1) VALUES (%s, 'table', %s, 3)",
            str(uuid.UUID(int=self.random.getrandbits(128))), self.day(5),
        )  # fmt: skip

    def change_usage_in_the_future(self) -> None:
        if table := self.table():
            self.run(
                "REPLACE INTO entity_usage (id, entityType, usageDate, count1) VALUES (%s, 'table', %s, 7)",
                table[0], self.today + timedelta(days=self.random.randint(1, 400)),
            )  # fmt: skip

    def change_feed_falls_silent(self) -> None:
        service = self.pick("SELECT nameHash FROM dbservice_entity")
        if service:
            self.run(
                "DELETE FROM entity_usage WHERE usageDate > %s AND id IN (SELECT id FROM table_entity WHERE fqnHash LIKE %s)",
                self.today - timedelta(days=40), f"{service[0]}.%",
            )  # fmt: skip

    def change_dashboards_fall_silent(self) -> None:
        row = self.pick("SELECT id FROM entity_usage WHERE entityType <> 'table'")
        if row:
            self.run(
                "DELETE FROM entity_usage WHERE id = %s AND usageDate > %s", row[0], self.today - timedelta(days=100)
            )

    # ---- tables

    def _set(self, identifier: str, path: str, value: Any) -> None:
        self.run(
            "UPDATE table_entity SET json = JSON_SET(json, %s, CAST(%s AS CHAR), '$.updatedAt', %s) WHERE id = %s",
            path, value, self.touched(), identifier,
        )  # fmt: skip

    def change_description(self) -> None:
        if table := self.table():
            self._set(table[0], "$.description", self.random.choice(("", "  ", "What it is.", "x" * 700)))

    def change_life_cycle(self) -> None:
        if table := self.table():
            document = json.dumps({"accessed": {"timestamp": self.moment - self.random.randint(0, 400) * DAY_MS}})
            self.run(
                "UPDATE table_entity SET json = JSON_SET(json, '$.lifeCycle', JSON_EXTRACT(%s, '$'), '$.updatedAt', %s) WHERE id = %s",
                document, self.touched(), table[0],
            )  # fmt: skip

    def change_times_in_seconds(self) -> None:
        if table := self.table():
            document = json.dumps({"updated": {"timestamp": 1_700_000_000}, "created": {"timestamp": "soon"}})
            self.run(
                "UPDATE table_entity SET json = JSON_SET(json, '$.lifeCycle', JSON_EXTRACT(%s, '$'), '$.updatedAt', %s) WHERE id = %s",
                document, self.touched(), table[0],
            )  # fmt: skip

    def _rename(self, identifier: str, fqn_hash: str, fqn: str, name: str, *, touched: bool) -> None:
        new_fqn = fqn[: -len(fqn.rsplit(".", 1)[1])] + name if '"' not in fqn else fqn
        if new_fqn == fqn:
            return
        new_hash = f"{fqn_hash.rsplit('.', 1)[0]}.{md5(name.encode()).hexdigest()}"
        if self.run("SELECT 1 FROM table_entity WHERE fqnHash = %s", new_hash):
            return
        moment = ", '$.updatedAt', %s" if touched else ", '$.unused', %s"
        self.run(
            f"UPDATE table_entity SET json = JSON_SET(json, '$.name', %s, '$.fullyQualifiedName', %s{moment}), fqnHash = %s WHERE id = %s",
            name, new_fqn, self.touched(), new_hash, identifier,
        )  # fmt: skip
        for table, column in (("tag_usage", "targetFQNHash"), ("profiler_data_time_series", "entityFQNHash")):
            self.run(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", new_hash, fqn_hash)

    def change_renamed(self) -> None:
        if table := self.table():
            self._rename(*table, f"renamed_{self.random.randint(0, 10**9)}", touched=True)

    def change_renamed_with_its_parent(self) -> None:
        if table := self.table():
            self._rename(*table, f"moved_{self.random.randint(0, 10**9)}", touched=False)

    def change_soft_deleted(self) -> None:
        if table := self.table():
            self._flag(table[0], "true")

    def change_restored(self) -> None:
        if table := self.table(deleted=1):
            self._flag(table[0], "false")

    def _flag(self, identifier: str, value: str) -> None:
        self.run(
            "UPDATE table_entity SET json = JSON_SET(json, '$.deleted', JSON_EXTRACT(%s, '$'), '$.updatedAt', %s) WHERE id = %s",
            value, self.touched(), identifier,
        )  # fmt: skip

    def change_hard_deleted(self) -> None:
        if table := self.table():
            self.run("DELETE FROM table_entity WHERE id = %s", table[0])

    def change_copied(self) -> None:
        """A new table, some of whose tags and lineage were there before it."""
        table = self.table()
        if table is None or '"' in table[2]:
            return
        identifier = str(uuid.UUID(int=self.random.getrandbits(128)))
        name = f"{table[2].rsplit('.', 1)[1]}_{self.random.randint(0, 10**6)}"[:250]
        fqn, fqn_hash = (
            f"{table[2].rsplit('.', 1)[0]}.{name}",
            f"{table[1].rsplit('.', 1)[0]}.{md5(name.encode()).hexdigest()}",
        )
        self.run(
            "INSERT IGNORE INTO table_entity (json, fqnHash) SELECT JSON_SET(json, '$.id', %s, '$.name', %s, "
            "'$.fullyQualifiedName', %s, '$.updatedAt', %s), %s FROM table_entity WHERE id = %s",
            identifier, name, fqn, self.touched(), fqn_hash, table[0],
        )  # fmt: skip
        self.run(
            "INSERT IGNORE INTO entity_usage (id, entityType, usageDate, count1) VALUES (%s, 'table', %s, 4)",
            identifier,
            self.day(9),
        )

    # ---- relations, tags, profiles

    def _relate(self, from_id: str, to_id: str, kinds: tuple[str, str], relation: int) -> None:
        self.run(
            "REPLACE INTO entity_relationship (fromId, toId, fromEntity, toEntity, relation) VALUES (%s, %s, %s, %s, %s)",
            from_id, to_id, *kinds, relation,
        )  # fmt: skip

    def change_owned(self) -> None:
        owner = self.pick("SELECT id FROM team_entity")
        place = self.random.choice(("table", "databaseSchema", "database"))
        entity = {"table": "table_entity", "databaseSchema": "database_schema_entity", "database": "database_entity"}[
            place
        ]
        target = self.pick(f"SELECT id FROM {entity}")
        if owner and target:
            self._relate(owner[0], target[0], ("team", place), 8)

    def change_disowned(self) -> None:
        row = self.pick("SELECT fromId, toId FROM entity_relationship WHERE relation = 8")
        if row:
            self.run("DELETE FROM entity_relationship WHERE fromId = %s AND toId = %s AND relation = 8", *row)

    def change_domain(self) -> None:
        domain, schema = self.pick("SELECT id FROM domain_entity"), self.pick("SELECT id FROM database_schema_entity")
        if domain and schema:
            self._relate(domain[0], schema[0], ("domain", "databaseSchema"), 10)

    def change_lineage_added(self) -> None:
        up, down = self.table(), self.table()
        if up and down:
            self._relate(up[0], down[0], ("table", "table"), 13)

    def change_lineage_to_something_new(self) -> None:
        if table := self.table():
            self._relate(table[0], str(uuid.UUID(int=self.random.getrandbits(128))), ("table", "metric2"), 13)

    def change_lineage_to_nothing(self) -> None:
        if table := self.table():
            self._relate(table[0], str(uuid.UUID(int=self.random.getrandbits(128))), ("table", "table"), 13)

    def change_lineage_cut(self) -> None:
        row = self.pick(
            "SELECT fromId, toId FROM entity_relationship WHERE relation = 13 ORDER BY fromId, toId LIMIT 3000"
        )
        if row:
            self.run("DELETE FROM entity_relationship WHERE fromId = %s AND toId = %s AND relation = 13", *row)

    def change_lineage_marked_deleted(self) -> None:
        row = self.pick(
            "SELECT fromId, toId, deleted FROM entity_relationship WHERE relation = 13 ORDER BY toId, fromId LIMIT 3000"
        )
        if row:
            self.run(
                "UPDATE entity_relationship SET deleted = %s WHERE fromId = %s AND toId = %s AND relation = 13",
                1 - row[2], row[0], row[1],
            )  # fmt: skip

    def change_tagged(self) -> None:
        if table := self.table():
            tag = self.random.choice(("Tier.Tier1", "Tier.Tier4", "PII.Sensitive", "pii.Sensitive", "Own.Tag"))
            self.tag(table[1] + self.random.choice(("", "", f".{md5(b'x').hexdigest()}")), tag)

    def change_term_tagged(self) -> None:
        row = self.pick("SELECT tagFQN FROM tag_usage WHERE source = 1 ORDER BY tagFQN LIMIT 100")
        if row:
            self.tag(".".join(md5(name.encode()).hexdigest() for name in row[0].split(".")), "PII.Sensitive")

    def change_schema_tagged(self) -> None:
        row = self.pick("SELECT fqnHash FROM database_schema_entity WHERE fqnHash IS NOT NULL")
        if row:
            self.tag(row[0], self.random.choice(("PII.Sensitive", "Own.Tag")))

    def tag(self, target: str, tag: str) -> None:
        self.run(
            "REPLACE INTO tag_usage (source, tagFQN, labelType, state, tagFQNHash, targetFQNHash) VALUES (0, %s, 0, %s, %s, %s)",
            tag, self.random.choice((0, 1, 1)), md5(tag.encode()).hexdigest(), target,
        )  # fmt: skip

    def change_attention(self) -> None:
        if table := self.table():
            other, (*kinds, relation) = str(uuid.UUID(int=self.random.getrandbits(128))), self.random.choice(ATTENTION)
            ends = (table[0], other) if kinds[0] == "table" else (other, table[0])
            self.run(
                "INSERT INTO entity_relationship (fromId, toId, fromEntity, toEntity, relation) VALUES (%s, %s, %s, %s, %s)",
                *ends, *kinds, relation,
            )  # fmt: skip

    def change_untagged(self) -> None:
        row = self.pick("SELECT tagFQNHash, targetFQNHash FROM tag_usage ORDER BY targetFQNHash, tagFQNHash LIMIT 3000")
        if row:
            self.run("DELETE FROM tag_usage WHERE tagFQNHash = %s AND targetFQNHash = %s", *row)

    def change_profiled(self) -> None:
        if table := self.table():
            size = self.random.choice((0, 10**9, -5, 1e30, "abc", 12.0, None))
            document = {"timestamp": self.touched(), "profileData": {"sizeInByte": size}}
            if self.random.random() < 0.5:
                document = {"timestamp": self.touched(), "sizeInByte": size}
            self.run(
                "INSERT INTO profiler_data_time_series (entityFQNHash, extension, jsonSchema, json) "
                "VALUES (%s, 'table.tableProfile', 'tableProfile', %s)",
                table[1], json.dumps(document),
            )  # fmt: skip

    def change_written(self) -> None:
        if table := self.table():
            document = {"timestamp": self.touched(), "operation": self.random.choice(("INSERT", "SELECT", "merge"))}
            self.run(
                "INSERT INTO profiler_data_time_series (entityFQNHash, extension, jsonSchema, json) "
                "VALUES (%s, 'table.systemProfile', 'systemProfile', %s)",
                table[1], json.dumps(document),
            )  # fmt: skip

    def change_profiles_expired(self) -> None:
        if table := self.table():
            self.run("DELETE FROM profiler_data_time_series WHERE entityFQNHash = %s", table[1])

    def change_query_cost(self) -> None:
        row = self.pick("SELECT id, fqnHash FROM query_entity")
        if row:
            moment = self.moment - self.random.randint(0, 40) * DAY_MS + self.random.randint(0, 10**6)
            document = {
                "id": str(uuid.UUID(int=self.random.getrandbits(128))),
                "timestamp": moment,
                "cost": 0.25,
                "count": 3,
            }
            self.run(
                "INSERT IGNORE INTO query_cost_time_series (jsonSchema, json, entityFQNHash) VALUES ('queryCostRecord', %s, %s)",
                json.dumps(document), row[1],
            )  # fmt: skip
