"""A small OM database of a test's own, in OM's own shape: each call adds the rows that OM would hold.

All days are days ago. Tables bring their schema, database and service with them.
"""

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import md5
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
# Of OM 1.8 and later, as data contracts are, but for metrics.
KINDS = {"metric": "metric_entity", "worksheet": "worksheet_entity", "dashboard": "dashboard_entity"}
RUNS |= {
    table: f"""CREATE TABLE `{table}` (
        `id` varchar(36) GENERATED ALWAYS AS (json_unquote(json_extract(`json`, '$.id'))) STORED,
        `json` json NOT NULL,
        `fqnHash` varchar(768) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
        `name` varchar(256) GENERATED ALWAYS AS (json_unquote(json_extract(`json`, '$.name'))) VIRTUAL,
        `deleted` tinyint(1) GENERATED ALWAYS AS (json_extract(`json`, '$.deleted') = true) VIRTUAL,
        UNIQUE KEY `fqnHash` (`fqnHash`))"""
    for table in ("metric_entity", "worksheet_entity", "data_contract_entity")
}
_PUT_TABLE = "REPLACE INTO table_entity (json, fqnHash) VALUES (%s, %s)"
_PUT_USAGE = "REPLACE INTO entity_usage (id, entityType, usageDate, count1) VALUES (%s, %s, %s, %s)"
PARENTS = ("dbservice_entity", "database_entity", "database_schema_entity")


def hash_of(fqn: str) -> str:
    """The hash of an FQN, of each name with the quotes that it has there."""
    return ".".join(md5(name.encode()).hexdigest() for name in re.findall(r'"[^"]*"|[^.]+', fqn))


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
                "WHERE fqnHash = %s" if self.is_mysql() else
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

    def is_mysql(self) -> bool:
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

    def statement(self, query: str, fqns: Iterable[str], text: object = "SELECT 1", ago: int = 1, **more: Any) -> None:
        """A query that names these tables (MENTIONED_IN), last changed on a day; `more` of its document."""
        document = {"id": identifier_of(query), "name": query, "fullyQualifiedName": query, "query": text, **more}
        document |= {"checksum": segment_hash(query), "updatedAt": self.milliseconds(ago), "updatedBy": "ingestion-bot"}
        self.run("REPLACE INTO query_entity (json, fqnHash) VALUES (%s, %s)", json.dumps(document), hash_of(query))
        for fqn in fqns:
            self.relate(fqn, query, ("table", "query"), 5)

    def query_cost(
        self,
        query: str,
        fqns: Iterable[str],
        ago: int,
        cost: Any = 0.5,
        count: Any = 1,
        text: object = "SELECT 1",
        **more: Any,
    ) -> None:
        """Such a query, and what all its runs cost on a day; OM does not use `count`."""
        self.statement(query, fqns, text, ago, **more)
        record = {
            "id": identifier_of(f"{query} {ago}"),
            "timestamp": self.milliseconds(ago),
            "cost": cost,
            "count": count,
        }
        self.run(
            "REPLACE INTO query_cost_time_series (jsonSchema, json, entityFQNHash) VALUES ('queryCostRecord', %s, %s)",
            json.dumps(record), hash_of(query),
        )  # fmt: skip

    def relate(self, from_: str, to: str, kinds: tuple[str, str], relation: int) -> None:
        """A relation between two things by their names."""
        self.run(
            "REPLACE INTO entity_relationship (fromId, toId, fromEntity, toEntity, relation) VALUES (%s, %s, %s, %s, %s)",
            identifier_of(from_), identifier_of(to), *kinds, relation,
        )  # fmt: skip

    # ---- people and domains; what they own or hold is related to `user:ada`, `team:Finance` and `domain:Sales.EMEA`

    def person(
        self, named: str, *, name: str | None = None, email: str | None = None, deleted: bool = False, bot: bool = False
    ) -> None:
        """A user or team, as `user:ada` or `team:Finance`, or its next version."""
        kind, plain = named.split(":", 1)
        document = {"id": identifier_of(named), "name": plain if name is None else name, "deleted": deleted}
        document |= {"updatedAt": self.milliseconds(800), "updatedBy": "admin", "teamType": "Group"}
        document |= {"email": email or f"{identifier_of(named)}@example.org", "isBot": bot}
        self.run(
            f"REPLACE INTO {kind}_entity (json, nameHash) VALUES (%s, %s)", json.dumps(document), segment_hash(named)
        )

    def member(self, team: str, user: str) -> None:
        """A user belongs to a team."""
        self.relate(f"team:{team}", f"user:{user}", ("team", "user"), 10)

    def owns(self, named: str, fqn: str, kind: str = "table") -> None:
        """A user or team owns a table, a schema or a database."""
        self.relate(named, fqn, (named.split(":")[0], kind), 8)

    def domain(self, fqn: str, name: str | None = None, **more: Any) -> None:
        """A domain, or its next version; `more` goes into the json as it is."""
        named = f"domain:{fqn}"
        document = {"id": identifier_of(named), "name": name or fqn.rsplit(".", 1)[-1], "fullyQualifiedName": fqn}
        document |= {"updatedAt": self.milliseconds(800), "updatedBy": "admin", "description": "", **more}
        self.run(
            "REPLACE INTO domain_entity (json, fqnHash) VALUES (%s, %s)", json.dumps(document), segment_hash(named)
        )

    def within(self, domain: str, fqn: str, kind: str = "table") -> None:
        """A domain has a table, a schema (`databaseSchema`), a database or a service (`databaseService`)."""
        self.relate(f"domain:{domain}", fqn, ("domain", kind), 10)

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

    def profile(self, fqn: str, ago: int, size: Any = 10**9, rows: Any = None) -> None:
        """A profile of a table."""
        document = {"timestamp": self.milliseconds(ago), "sizeInByte": size, "rowCount": rows}
        given = {name: value for name, value in document.items() if value is not None}
        self._profile(fqn, "table.tableProfile", given)

    def tag(self, fqn: str, tag: str, *, source: int = 0, state: int = 1, column: str = "") -> None:
        """A tag, a tier or (source 1) a glossary term of a table, a place or a term, or of a column of a table."""
        target = hash_of(f"{fqn}.{column}" if column else fqn)
        self.run(
            "REPLACE INTO tag_usage (source, tagFQN, labelType, state, tagFQNHash, targetFQNHash) "
            "VALUES (%s, %s, 0, %s, %s, %s)",
            source, tag, state, hash_of(tag), target,
        )  # fmt: skip

    # ---- who attends to it

    def named(self, om_table: str, name: str, **more: Any) -> str:
        """A data product, a data contract, a user, ...; gives its id."""
        document = {"id": identifier_of(name), "name": name, "fullyQualifiedName": name, **more}
        document |= {"updatedAt": self.milliseconds(800), "updatedBy": "admin"}
        column = "nameHash" if om_table == "user_entity" else "fqnHash"
        self.run(f"REPLACE INTO {om_table} (json, {column}) VALUES (%s, %s)", json.dumps(document), segment_hash(name))
        return str(document["id"])

    def product(self, name: str, fqn: str, kind: str = "table", relation: int = 10) -> None:
        """A table, schema or database is in a data product."""
        self.named("data_product_entity", name)
        self.relate(name, fqn, ("dataProduct", kind), relation)

    def contract(self, name: str, fqn: str, kind: str = "table", **more: Any) -> None:
        """A table, schema or database has a data contract."""
        self.named("data_contract_entity", name, **more)
        self.relate(fqn, name, (kind, "dataContract"), 10)

    def follow(self, user: str, fqn: str) -> None:
        """A user follows a table."""
        self.relate(user, fqn, ("user", "table"), 11)

    def test_suite(self, fqn: str) -> None:
        """A table has a test suite."""
        self.relate(fqn, f"{fqn}.testSuite", ("table", "testSuite"), 0)

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
