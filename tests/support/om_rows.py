"""A small OM database of a test's own, in OM's own shape: each call adds the rows that OM would hold.

All days are days ago. Tables bring their schema, database and service with them.
"""

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.support.clocks import TODAY
from thirdeye.local.sample.ddl import Layout, create_statements
from thirdeye.local.sample.naming import segment_hash

# Where the sample's DDL lacks them: of OM 1.4.2 and later.
RUNS = {
    "ingestion_pipeline_entity": """CREATE TABLE `ingestion_pipeline_entity` (
        `id` varchar(36) GENERATED ALWAYS AS (json_unquote(json_extract(`json`, '$.id'))) STORED,
        `json` json NOT NULL,
        `fqnHash` varchar(768) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
        `pipelineType` varchar(256) GENERATED ALWAYS AS (json_unquote(json_extract(`json`, '$.pipelineType'))) STORED,
        UNIQUE KEY `fqnHash` (`fqnHash`))""",
    "entity_extension_time_series": """CREATE TABLE `entity_extension_time_series` (
        `extension` varchar(256) DEFAULT NULL,
        `jsonSchema` varchar(256) DEFAULT NULL,
        `json` json NOT NULL,
        `timestamp` bigint unsigned GENERATED ALWAYS AS (json_unquote(json_extract(`json`, '$.timestamp'))) VIRTUAL,
        `entityFQNHash` varchar(768) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
        UNIQUE KEY `entity_extension_time_series_constraint` (`entityFQNHash`, `extension`, `timestamp`))""",
}
# Of OM 1.8 and later, but for metrics.
KINDS = {"metric": "metric_entity", "worksheet": "worksheet_entity", "dashboard": "dashboard_entity"}
RUNS |= {
    table: f"""CREATE TABLE `{table}` (
        `id` varchar(36) GENERATED ALWAYS AS (json_unquote(json_extract(`json`, '$.id'))) STORED,
        `json` json NOT NULL,
        `fqnHash` varchar(768) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
        `name` varchar(256) GENERATED ALWAYS AS (json_unquote(json_extract(`json`, '$.name'))) VIRTUAL,
        `deleted` tinyint(1) GENERATED ALWAYS AS (json_extract(`json`, '$.deleted') = true) VIRTUAL,
        UNIQUE KEY `fqnHash` (`fqnHash`))"""
    for table in ("metric_entity", "worksheet_entity")
}
_ID = re.compile("[0-9a-f]{8}-[0-9a-f-]{27}")
_PUT_TABLE = "REPLACE INTO table_entity (json, fqnHash) VALUES (%s, %s)"
_PUT_USAGE = "REPLACE INTO entity_usage (id, entityType, usageDate, count1) VALUES (%s, %s, %s, %s)"
PARENTS = ("dbservice_entity", "database_entity", "database_schema_entity")


def hash_of(fqn: str) -> str:
    """The hash of an FQN whose names hold no dots."""
    return ".".join(segment_hash(name) for name in fqn.split("."))


def identifier_of(fqn: str) -> str:
    """Equal FQNs have equal ids."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, fqn))


class OMRows:
    """Adds rows to the tables of one schema; `today` is what its days count from."""

    def __init__(self, connection: Any, schema: str, *, today: date = TODAY) -> None:
        self.connection, self.schema, self.today = connection, schema, today
        self._moments = 0
        connection.autocommit(True)
        connection.select_db(schema)

    @classmethod
    def create(cls, connection: Any, schema: str, layout: Layout = Layout.OM_1_9) -> "OMRows":
        """The same over a schema that is made, or emptied, first."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (schema,))
            there = {row[0] for row in cursor.fetchall()}
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{schema}` CHARACTER SET utf8mb4")
            cursor.execute(f"USE `{schema}`")
            for table, statement in {**RUNS, **create_statements(layout)}.items():
                cursor.execute(f"DELETE FROM `{table}`" if table in there else statement)
        return cls(connection, schema)

    def run(self, sql: str, *values: Any) -> None:
        """One statement."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)

    def many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """One statement over many rows."""
        with self.connection.cursor() as cursor:
            cursor.executemany(sql, list(rows))

    def day(self, ago: int) -> date:
        return self.today - timedelta(days=ago)

    def milliseconds(self, ago: int) -> int:
        """The morning of a day."""
        day = self.day(ago)
        return int(datetime(day.year, day.month, day.day, 9, tzinfo=UTC).timestamp()) * 1000

    # ---- tables and what they lie in

    def service(self, name: str, kind: str = "Snowflake") -> None:
        """A database service."""
        document = {"id": identifier_of(name), "name": name, "fullyQualifiedName": name, "serviceType": kind}
        document |= {"updatedAt": self.milliseconds(800), "updatedBy": "admin", "deleted": False}
        self.run(
            "INSERT IGNORE INTO dbservice_entity (json, nameHash) VALUES (%s, %s)", json.dumps(document), hash_of(name)
        )

    def schema_of(self, fqn: str) -> None:
        """A schema, its database and its service, unless they are there."""
        names = fqn.split(".")
        self.service(names[0])
        for length, table in zip(range(2, len(names) + 1), PARENTS[1:], strict=False):
            place = ".".join(names[:length])
            document = {"id": identifier_of(place), "name": names[length - 1], "fullyQualifiedName": place}
            document |= {"updatedAt": self.milliseconds(800), "updatedBy": "ingestion-bot", "deleted": False}
            self.run(
                f"INSERT IGNORE INTO {table} (json, fqnHash) VALUES (%s, %s)", json.dumps(document), hash_of(place)
            )

    def table(self, fqn: str, *, version: Any = 1.2, updated: int = 800, **more: Any) -> str:
        """A table, or its next version; `more` goes into the json as it is. Gives its id."""
        self.schema_of(fqn.rsplit(".", 1)[0])
        document = self._table_document(fqn, version, updated) | more
        self.raw_table(fqn, json.dumps(document))
        return str(document["id"])

    def _table_document(self, fqn: str, version: Any = 1.2, updated: int = 800) -> dict[str, Any]:
        return {
            "id": identifier_of(fqn), "name": fqn.rsplit(".", 1)[1], "fullyQualifiedName": fqn, "version": version,
            "updatedAt": self.milliseconds(updated), "updatedBy": "ingestion-bot", "tableType": "Regular",
            "columns": [{"name": "id", "dataType": "INT"}], "deleted": False,
        }  # fmt: skip

    def raw_table(self, fqn: str, text: str) -> None:
        """A table whose json is this text."""
        self.run(_PUT_TABLE, text, hash_of(fqn))

    def delete(self, *fqns: str, deleted: bool = True) -> None:
        """Marks tables as deleted, as an ingestion does that did not see them, or takes that back."""
        for fqn in fqns:
            self.run(
                "UPDATE table_entity SET json = JSON_SET(json, '$.deleted', CAST(%s AS JSON), '$.updatedAt', %s) "
                "WHERE fqnHash = %s" if self._is_mysql() else
                "UPDATE table_entity SET json = JSON_SET(json, '$.deleted', JSON_EXTRACT(%s, '$'), '$.updatedAt', %s) "
                "WHERE fqnHash = %s",
                json.dumps(deleted), self._moment(), hash_of(fqn),
            )  # fmt: skip

    def _moment(self) -> int:
        """A millisecond of this morning, each time a later one."""
        self._moments += 1
        return self.milliseconds(0) + self._moments

    def drop(self, *fqns: str, usage: bool = True) -> None:
        """Deletes tables for good, with what OM keeps by their ids; their usage only if told so."""
        for fqn in fqns:
            gone = identifier_of(fqn)
            self.run("DELETE FROM table_entity WHERE fqnHash = %s", hash_of(fqn))
            self.run("DELETE FROM entity_relationship WHERE fromId = %s OR toId = %s", gone, gone)
            if usage:
                self.run("DELETE FROM entity_usage WHERE id = %s", gone)

    def _is_mysql(self) -> bool:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            return "MariaDB" not in str(cursor.fetchone()[0])

    def life_cycle(self, **days: int) -> dict[str, Any]:
        """The life cycle of these days."""
        return {"lifeCycle": {name: {"timestamp": self.milliseconds(ago)} for name, ago in days.items()}}

    # ---- what was used

    def usage(self, fqn: str, days: Iterable[int], count: int | None = 3, kind: str = "table") -> None:
        """Rows of usage of a table, a database or a schema."""
        self.many(_PUT_USAGE, ((identifier_of(fqn), kind, self.day(ago), count) for ago in days))

    def forget_usage(self, fqn: str) -> None:
        """Takes a table's usage away, as a purge does."""
        self.run("DELETE FROM entity_usage WHERE id = %s", identifier_of(fqn))

    def read(self, fqn: str, days: Iterable[int], count: int = 3) -> None:
        """A table and its usage."""
        self.table(fqn)
        self.usage(fqn, days, count)

    def read_once(self, place: str, names_and_days: Mapping[str, int]) -> None:
        """Tables of one schema that were each read on one day, in few statements."""
        self.schema_of(place)
        days = {f"{place}.{name}": ago for name, ago in names_and_days.items()}
        self.many(_PUT_TABLE, ((json.dumps(self._table_document(fqn)), hash_of(fqn)) for fqn in days))
        self.many(_PUT_USAGE, ((identifier_of(fqn), "table", self.day(ago), 3) for fqn, ago in days.items()))

    def query_cost(self, query: str, fqns: Iterable[str], ago: int, cost: Any = 0.5) -> None:
        """A query that names these tables (MENTIONED_IN), and what it cost on a day."""
        document = {"id": identifier_of(query), "name": query, "fullyQualifiedName": query, "query": "SELECT 1"}
        document |= {"checksum": segment_hash(query), "updatedAt": self.milliseconds(ago), "updatedBy": "ingestion-bot"}
        self.run("REPLACE INTO query_entity (json, fqnHash) VALUES (%s, %s)", json.dumps(document), hash_of(query))
        record = {"id": identifier_of(f"{query} {ago}"), "timestamp": self.milliseconds(ago), "cost": cost, "count": 1}
        self.run(
            "REPLACE INTO query_cost_time_series (jsonSchema, json, entityFQNHash) VALUES ('queryCostRecord', %s, %s)",
            json.dumps(record), hash_of(query),
        )  # fmt: skip
        for fqn in fqns:
            self.relate(fqn, query, ("table", "query"), 5)

    def relate(self, from_: str, to: str, kinds: tuple[str, str], relation: int) -> None:
        """A relation between two things by their names or ids."""
        self.run(
            "REPLACE INTO entity_relationship (fromId, toId, fromEntity, toEntity, relation) VALUES (%s, %s, %s, %s, %s)",
            *(each if _ID.fullmatch(each) else identifier_of(each) for each in (from_, to)), *kinds, relation,
        )  # fmt: skip

    def user(self, name: str | None, email: str | None = None, **more: Any) -> str:
        """A user with an address of corp.example, unless another is given. Gives the id."""
        document = {"id": identifier_of(f"user {name}"), "name": name, "email": email or f"{name}@corp.example"}
        document |= {
            "updatedAt": self.milliseconds(800),
            "updatedBy": "admin",
            "deleted": False,
            "isBot": False,
            **more,
        }
        self.run("INSERT INTO user_entity (json) VALUES (%s)", json.dumps(document))
        return str(document["id"])

    def team(self, name: str, *users: str) -> str:
        """A team with these users, by id. Gives its id."""
        document = {"id": identifier_of(f"team {name}"), "name": name, "updatedAt": self.milliseconds(800)}
        document |= {"updatedBy": "admin", "deleted": False, "teamType": "Group"}
        self.run("INSERT INTO team_entity (json) VALUES (%s)", json.dumps(document))
        for user in users:
            self.relate(str(document["id"]), user, ("team", "user"), 10)
        return str(document["id"])

    def lineage(self, up: str, down: str) -> None:
        """Data flows from one table to the other."""
        self.relate(up, down, ("table", "table"), 13)

    def view(self, fqn: str, text: Any, kind: str = "View", **more: Any) -> str:
        """A view with this text."""
        return self.table(fqn, tableType=kind, schemaDefinition=text, **more)

    def asset(self, kind: str, fqn: str, *, deleted: bool = False) -> None:
        """An asset of another kind than tables."""
        document = {"id": identifier_of(fqn), "name": fqn.rsplit(".", 1)[-1], "fullyQualifiedName": fqn}
        document |= {"updatedAt": self.milliseconds(800), "updatedBy": "ingestion-bot", "deleted": deleted}
        self.run(f"REPLACE INTO {KINDS[kind]} (json, fqnHash) VALUES (%s, %s)", json.dumps(document), hash_of(fqn))

    def remove_asset(self, kind: str, fqn: str) -> None:
        """OM deletes an asset for good, with all that it is related to."""
        identifier = identifier_of(fqn)
        self.run(f"DELETE FROM {KINDS[kind]} WHERE id = %s", identifier)
        self.run("DELETE FROM entity_relationship WHERE %s IN (fromId, toId)", identifier)

    def profile(self, fqn: str, ago: int, size: Any = 10**9) -> None:
        """A profile of a table."""
        self._profile(fqn, "table.tableProfile", {"timestamp": self.milliseconds(ago), "sizeInByte": size})

    def tag(self, fqn: str, tag: str) -> None:
        """A tag, or a tier, of a table."""
        self.run(
            "INSERT INTO tag_usage (source, tagFQN, labelType, state, targetFQNHash) VALUES (0, %s, 0, 1, %s)",
            tag, hash_of(fqn),
        )  # fmt: skip

    def write(self, fqn: str, ago: int, operation: str = "INSERT") -> None:
        """An operation on a table, as the system profile has it."""
        self._profile(fqn, "table.systemProfile", {"timestamp": self.milliseconds(ago), "operation": operation})

    def _profile(self, fqn: str, extension: str, document: dict[str, Any]) -> None:
        self.run(
            "REPLACE INTO profiler_data_time_series (entityFQNHash, extension, jsonSchema, json) VALUES (%s, %s, 'x', %s)",
            hash_of(fqn), extension, json.dumps(document),
        )  # fmt: skip

    # ---- who looked

    def pipeline(self, fqn: str, kind: str = "usage") -> None:
        """An ingestion pipeline of a service: `service.name`."""
        document = {"id": identifier_of(fqn), "name": fqn, "fullyQualifiedName": fqn, "pipelineType": kind}
        document |= {"updatedAt": self.milliseconds(800), "updatedBy": "admin", "deleted": False}
        self.run(
            "REPLACE INTO ingestion_pipeline_entity (json, fqnHash) VALUES (%s, %s)", json.dumps(document), hash_of(fqn)
        )

    def runs(self, fqn: str, days: Iterable[int], state: Any = "success", records: Any = 2) -> None:
        """Runs of a pipeline; without `records` (None) OM stored no steps."""
        steps = {} if records is None else {"status": [{"name": "Snowflake", "records": records}]}
        self.many(
            "REPLACE INTO entity_extension_time_series (entityFQNHash, extension, jsonSchema, json) "
            "VALUES (%s, 'ingestionPipeline.pipelineStatus', 'ingestionPipelineStatus', %s)",
            (
                (hash_of(fqn), json.dumps({"timestamp": self.milliseconds(ago), "pipelineState": state, **steps}))
                for ago in days
            ),
        )
