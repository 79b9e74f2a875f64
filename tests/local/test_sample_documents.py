"""The JSON of the sample estate: the keys that OpenMetadata's rows have, and none that it keeps elsewhere."""

import json
from collections import Counter
from datetime import date
from typing import Any

import pytest

from thirdeye.local.sample import Estate, EstateOptions, Layout, generate
from thirdeye.local.sample.documents import profile_json, system_profile_json
from thirdeye.local.sample.records import ProfileRow
from thirdeye.local.sample.rows import all_rows

TABLE_KEYS = {
    "id", "name", "displayName", "fullyQualifiedName", "description", "version", "updatedAt", "updatedBy",
    "tableType", "columns", "databaseSchema", "database", "serviceType", "retentionPeriod", "lifeCycle",
    "deleted", "schemaDefinition", "sourceHash", "processedLineage",
}  # fmt: skip
DAY_MS = 86_400_000
ALWAYS = {"id", "name", "fullyQualifiedName", "updatedAt", "columns", "databaseSchema"}
SOMETIMES_MISSING = TABLE_KEYS - ALWAYS - {"version", "updatedBy", "sourceHash", "processedLineage"}
KEPT_ELSEWHERE = {"owners", "owner", "tags", "domains", "domain", "service", "usageSummary", "profile"}
TABLE_TYPES = {
    "Regular", "External", "Dynamic", "View", "SecureView", "MaterializedView", "Iceberg", "Local",
    "Partitioned", "Foreign", "Transient", "Stream", "Stage", "SemanticView",
}  # fmt: skip


@pytest.fixture(scope="module")
def estate() -> Estate:
    return generate(EstateOptions(today=date(2026, 11, 20)))


@pytest.fixture(scope="module")
def documents(estate: Estate) -> list[dict[str, Any]]:
    return [json.loads(str(row[0])) for name, row in all_rows(estate) if name == "table_entity"]


def test_tables_have_the_keys_of_openmetadata_and_no_others(documents: list[dict[str, Any]]) -> None:
    assert {key for document in documents for key in document} == TABLE_KEYS
    for document in documents:
        assert set(document) >= ALWAYS
        assert not set(document) & KEPT_ELSEWHERE
        assert document.get("tableType") in TABLE_TYPES | {None}


@pytest.mark.parametrize("key", sorted(SOMETIMES_MISSING))
def test_a_key_that_may_be_missing_is_missing_somewhere_and_present_elsewhere(
    documents: list[dict[str, Any]], key: str
) -> None:
    assert {key in document for document in documents} == {True, False}


def test_life_cycles_hold_milliseconds_for_their_aspects_but_for_a_few(documents: list[dict[str, Any]]) -> None:
    usual, odd = Counter[str](), Counter[str]()
    for document in documents:
        for aspect, detail in document.get("lifeCycle", {}).items():
            plain = isinstance(detail["timestamp"], int) and 10**12 < detail["timestamp"] < 2 * 10**12
            (usual if plain else odd)[aspect] += 1
    assert usual.keys() == odd.keys() == {"created", "updated", "accessed"}
    assert odd.total() < usual.total() / 5


def test_only_the_newest_layout_knows_since_when_a_table_is_in_openmetadata(documents: list[dict[str, Any]]) -> None:
    estate = generate(EstateOptions(today=date(2026, 11, 20), tables=60, usage_days=0))
    for layout in Layout:
        rows = [json.loads(str(row[0])) for name, row in all_rows(estate, layout) if name == "table_entity"]
        assert {"createdAt" in row for row in rows} == {layout is Layout.OM_2_1}
        assert all(row.get("createdAt", 0) // DAY_MS <= row["updatedAt"] // DAY_MS for row in rows)


def test_the_first_version_of_a_table_is_as_old_as_the_table(estate: Estate, documents: list[dict[str, Any]]) -> None:
    versions = {document["version"] for document in documents}
    assert 0.1 in versions and versions == {round(version, 1) for version in versions}
    first = [table for table in estate.tables() if table.version == 0.1]
    assert min(table.age_days for table in first) < 30 < max(table.age_days for table in first)
    for table in first:
        assert table.updated_at_ms // DAY_MS == table.created_at_ms // DAY_MS


def test_nothing_is_known_of_a_table_from_before_it_existed(estate: Estate) -> None:
    for table in estate.tables():
        first_day = (estate.options.moment_ms(table.age_days)) // DAY_MS
        moments = [row.timestamp_ms for row in estate.profiles_of(table)]
        moments += [row.timestamp_ms for row in estate.system_profiles_of(table) if row.timestamp_ms]
        moments.append(table.updated_at_ms)
        assert min(moments) // DAY_MS >= first_day


def test_references_name_the_parents_by_id_and_fqn(estate: Estate, documents: list[dict[str, Any]]) -> None:
    schemas = {schema.id: schema.fqn for schema in estate.schemas}
    databases = {database.id: database.fqn for database in estate.databases}
    for document in documents:
        schema = document["databaseSchema"]
        assert schema["type"] == "databaseSchema" and schemas[schema["id"]] == schema["fullyQualifiedName"]
        assert document["fullyQualifiedName"].startswith(schema["fullyQualifiedName"] + ".")
        if "database" in document:
            assert databases[document["database"]["id"]] == document["database"]["fullyQualifiedName"]


def test_columns_have_types_and_their_own_fqn(documents: list[dict[str, Any]]) -> None:
    for document in documents:
        positions = [column["ordinalPosition"] for column in document["columns"]]
        assert positions == list(range(1, len(positions) + 1))
        for column in document["columns"]:
            assert column["dataType"].isupper()
            assert column["fullyQualifiedName"].startswith(document["fullyQualifiedName"] + ".")


def test_profiles_say_the_same_in_both_shapes(estate: Estate) -> None:
    shapes = set()
    for row in estate.profiles():
        document = json.loads(profile_json(row))
        fields = document.get("profileData", document)
        shapes.add("profileData" in document)
        assert document["timestamp"] == row.timestamp_ms == fields["timestamp"]
        assert (fields.get("rowCount"), fields.get("sizeInByte")) == (row.row_count, row.size_in_byte)
        if row.nested:
            assert document["profileType"] == "table" and document["entityReference"]["id"] == row.table_id
    assert shapes == {True, False}


def test_system_profiles_say_what_was_done(estate: Estate) -> None:
    for row in estate.system_profiles():
        document = json.loads(system_profile_json(row))
        fields = document.get("profileData", document)
        assert (document["timestamp"], fields["operation"]) == (row.timestamp_ms, row.operation)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0"), (12.0, "12.0"), (9_999_999.0, "9999999.0"), (10_000_000.0, "1.0E7"), (1.5e12, "1.5E12")],
)
def test_floats_are_written_as_java_writes_them(value: float, text: str) -> None:
    row = ProfileRow("t", "h", 1, row_count=value, size_in_byte=None, nested=False)
    assert f'"rowCount":{text},' in profile_json(row)
    assert json.loads(profile_json(row))["rowCount"] == value
