"""Loading the sample estate: what was generated is what a server then holds, on MariaDB and MySQL alike."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from thirdeye.local.sample import (
    Estate,
    EstateOptions,
    Layout,
    LoadProgress,
    NotASampleError,
    generate,
    load,
    loaded_options,
)
from thirdeye.local.sample.ddl import create_statements, has_kind
from thirdeye.local.sample.rows import all_rows

pytestmark = pytest.mark.unmeasured

SCHEMA = "sample_loading"
DRIVES = {"drive_service_entity", "spreadsheet_entity", "worksheet_entity"}
OPTIONS = EstateOptions(today=date(2026, 11, 20), usage_days=400)


@pytest.fixture(scope="module")
def estate() -> Estate:
    return generate(OPTIONS)


@pytest.fixture
def connection(sql_server: Any) -> Iterator[Any]:
    connection = sql_server.connect()
    yield connection
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{SCHEMA}`")
    connection.close()


def query(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()]


def test_a_server_holds_what_was_generated(connection: Any, estate: Estate) -> None:
    steps: list[LoadProgress] = []
    done = load(estate, connection, steps.append, schema=SCHEMA)
    expected = Counter(table for table, _ in all_rows(estate))
    assert (done.rows, done.tables) == (expected.total(), 300)
    assert steps[-1] == done and done.rows_per_second > 0
    for table in create_statements(Layout.OM_1_9):
        assert query(connection, f"SELECT COUNT(*) FROM `{table}`") == [(expected[table],)]

    stored = {
        row[0]: row[1:]
        for row in query(
            connection, "SELECT id, name, fqnHash, deleted, updatedAt, databaseSchemaHash, json FROM table_entity"
        )
    }
    documents = [json.loads(str(row[0])) for table, row in all_rows(estate) if table == "table_entity"]
    for table, document in zip(estate.tables(), documents, strict=True):
        *columns, text = stored[table.id]
        deleted = None if table.deleted is None else int(table.deleted)
        schema_hash = table.fqn_hash.rpartition(".")[0]
        assert columns == [table.name, table.fqn_hash, deleted, table.updated_at_ms, schema_hash]
        assert json.loads(text) == document

    usage = {(row.entity_id, row.usage_date, row.count1) for row in estate.usage()}
    assert set(query(connection, "SELECT id, usageDate, count1 FROM entity_usage")) == usage
    profiles = {(row.fqn_hash, row.timestamp_ms) for row in estate.profiles()}
    sql = "SELECT entityFQNHash, timestamp FROM profiler_data_time_series WHERE extension = 'table.tableProfile'"
    assert set(query(connection, sql)) == profiles
    relations = {
        (r.from_id, r.to_id, r.from_entity, r.to_entity, r.relation, int(r.deleted))
        for r in estate.relations()
        if has_kind(Layout.OM_1_9, r.from_entity) and has_kind(Layout.OM_1_9, r.to_entity)
    }
    assert (
        set(query(connection, "SELECT fromId, toId, fromEntity, toEntity, relation, deleted FROM entity_relationship"))
        == relations
    )
    kinds = {(pipeline.fqn_hash, pipeline.pipeline_type) for pipeline in estate.pipelines()}
    assert set(query(connection, "SELECT fqnHash, pipelineType FROM ingestion_pipeline_entity")) == kinds
    runs = {(run.pipeline_fqn_hash, run.started) for run in estate.runs()}
    assert set(query(connection, "SELECT entityFQNHash, timestamp FROM entity_extension_time_series")) == runs
    tags = {(tag.source, tag.tag_fqn, tag.target_fqn_hash) for tag in estate.tags()}
    assert set(query(connection, "SELECT source, tagFQN, targetFQNHash FROM tag_usage")) == tags


def test_a_sample_is_replaced_and_known_by_its_options(connection: Any) -> None:
    assert loaded_options(connection, SCHEMA) is None
    for tables in (30, 12):
        options = EstateOptions(today=date(2026, 11, 20), tables=tables, usage_days=10)
        load(generate(options), connection, schema=SCHEMA)
        assert loaded_options(connection, SCHEMA) == options
        assert query(connection, "SELECT COUNT(*) FROM table_entity") == [(tables,)]


def test_a_sample_with_other_kinds_of_options_is_none_that_anybody_knows(connection: Any) -> None:
    load(generate(EstateOptions(today=date(2026, 11, 20), tables=5, usage_days=5)), connection, schema=SCHEMA)
    mark = 'ThirdEye sample estate {"today": "2026-11-20", "tables": 5, "seed": 7, "usage_days": 5}'
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE `{SCHEMA}`.table_entity COMMENT = %s", (mark,))
    assert loaded_options(connection, SCHEMA) is None


def test_a_load_that_did_not_finish_is_no_sample_but_can_be_replaced(connection: Any) -> None:
    options = EstateOptions(today=date(2026, 11, 20), tables=30, usage_days=10)

    def stop(_: LoadProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(generate(options), connection, stop, schema=SCHEMA)
    assert loaded_options(connection, SCHEMA) is None
    load(generate(options), connection, schema=SCHEMA)
    assert loaded_options(connection, SCHEMA) == options


def test_a_schema_with_other_tables_is_left_alone(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{SCHEMA}`")
        cursor.execute(f"CREATE TABLE `{SCHEMA}`.table_entity (id INT)")
        cursor.execute(f"INSERT INTO `{SCHEMA}`.table_entity VALUES (1)")
    connection.commit()
    with pytest.raises(NotASampleError, match="sample_loading holds 1 table"):
        load(generate(OPTIONS), connection, schema=SCHEMA)
    assert query(connection, f"SELECT id FROM `{SCHEMA}`.table_entity") == [(1,)]
    assert loaded_options(connection, SCHEMA) is None


def test_the_session_is_as_before_after_a_load(connection: Any) -> None:
    sql = "SELECT @@unique_checks, @@foreign_key_checks, @@sql_mode, @@time_zone, @@sql_log_bin, @@autocommit"
    before = query(connection, sql)
    load(generate(EstateOptions(today=date(2026, 11, 20), tables=5, usage_days=5)), connection, schema=SCHEMA)
    assert query(connection, sql) == before


def test_all_layouts_of_openmetadata_load(connection: Any) -> None:
    estate = generate(EstateOptions(today=date(2026, 11, 20), tables=40, usage_days=30))
    keys = {}
    for layout in Layout:
        load(estate, connection, schema=SCHEMA, layout=layout)
        sql = (
            "SELECT column_name FROM information_schema.statistics "
            f"WHERE table_schema = '{SCHEMA}' AND table_name = 'entity_usage' AND index_name = 'usageDate' "
            "ORDER BY seq_in_index"
        )
        keys[layout] = [column for (column,) in query(connection, sql)]
        loaded = {name for name, _ in all_rows(estate, layout)} & set(create_statements(layout))
        assert loaded >= DRIVES if layout is not Layout.OM_1_9 else not DRIVES & set(create_statements(layout))
    newer = ["id", "usageDate"]
    assert keys == {Layout.OM_1_9: ["usageDate", "id"], Layout.OM_2_0: newer, Layout.OM_2_1: newer}
