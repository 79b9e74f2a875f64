"""The JSON of the sample estate: the keys that OpenMetadata's rows have, and none that it keeps elsewhere."""

import json
from datetime import date
from typing import Any

import pytest

from thirdeye.local.sample import Estate, EstateOptions, generate
from thirdeye.local.sample.documents import profile_json, system_profile_json
from thirdeye.local.sample.records import ProfileRow
from thirdeye.local.sample.rows import all_rows

TABLE_KEYS = {
    "id", "name", "displayName", "fullyQualifiedName", "description", "version", "updatedAt", "updatedBy",
    "tableType", "columns", "databaseSchema", "database", "serviceType", "retentionPeriod", "lifeCycle",
    "deleted", "schemaDefinition", "sourceHash", "processedLineage",
}  # fmt: skip
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


def test_life_cycles_hold_milliseconds_for_their_aspects(documents: list[dict[str, Any]]) -> None:
    aspects = set()
    for document in documents:
        for aspect, detail in document.get("lifeCycle", {}).items():
            aspects.add(aspect)
            assert isinstance(detail["timestamp"], int)
    assert aspects == {"created", "updated", "accessed"}


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
