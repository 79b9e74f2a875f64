"""Great changes to a loaded estate do what OpenMetadata does: what goes, what stays, what comes back."""

import json
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

import pytest

from tests.support.om_upheavals import OpenMetadataUpheavals, last_hash
from thirdeye.local.sample import Estate, EstateOptions, generate, load

pytestmark = pytest.mark.unmeasured

SCHEMA = "sample_upheavals"
TODAY = date(2026, 11, 20)
SERVICE = "bigquery_analytics"


@pytest.fixture(scope="module")
def estate() -> Estate:
    return generate(EstateOptions(today=TODAY, tables=120, usage_days=40))


@pytest.fixture
def om(sql_server: Any, estate: Estate) -> Iterator[OpenMetadataUpheavals]:
    connection = sql_server.connect()
    load(estate, connection, schema=SCHEMA)
    connection.autocommit(True)
    yield OpenMetadataUpheavals(connection, SCHEMA, TODAY, Random(1))
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{SCHEMA}`")
    connection.close()


Rows = set[tuple[Any, ...]]


def tables_of(om: OpenMetadataUpheavals, place: str) -> dict[str, dict[str, Any]]:
    """The json of the tables of a place by their hash, but for the time of the change."""
    rows = om.run("SELECT fqnHash, json FROM table_entity WHERE fqnHash LIKE %s", f"{place}.%")
    return {str(fqn_hash): {**json.loads(text), "updatedAt": 0} for fqn_hash, text in rows}


def keyed(om: OpenMetadataUpheavals, table: str, column: str, key: str) -> int:
    (((count),),) = om.run(f"SELECT COUNT(*) FROM {table} WHERE {column} = %s OR {column} LIKE %s", key, f"{key}.%")
    return int(count)


def about(om: OpenMetadataUpheavals, identifiers: list[str]) -> Rows:
    """All rows of relations and usage about some tables."""
    edges = "SELECT fromId, toId, relation, deleted FROM entity_relationship WHERE fromId = %s OR toId = %s"
    found: Rows = set()
    for identifier in identifiers:
        found |= set(om.run(edges, identifier, identifier))
        found |= set(om.run("SELECT id, usageDate, count1, 0 FROM entity_usage WHERE id = %s", identifier))
    return found


@pytest.mark.parametrize("edges", [False, True])
def test_a_service_vanishes_with_all_its_tables_and_comes_back_as_it_was(
    om: OpenMetadataUpheavals, edges: bool
) -> None:
    service = om.hash_of_place(SERVICE)
    # Edges that were marked already would be unmarked by such a return, as in OM.
    om.run("DELETE FROM entity_relationship WHERE deleted = 1")
    om.run("UPDATE table_entity SET json = JSON_SET(json, '$.deleted', JSON_EXTRACT('false', '$'))")
    before, rows = tables_of(om, service), about(om, om.tables_below(service))
    om.mark_deleted(service, edges=edges)
    assert {table["deleted"] for table in tables_of(om, service).values()} == {True}
    for place in ("database_entity", "database_schema_entity"):
        sql = f"SELECT deleted, fqnHash LIKE %s FROM {place}"
        assert {(flag, mine) for flag, mine in om.run(sql, f"{service}.%") if mine} == {(1, 1)}
    assert (about(om, om.tables_below(service)) == rows) is not edges
    om.mark_deleted(service, deleted=False, edges=edges)
    assert tables_of(om, service) == before and about(om, om.tables_below(service)) == rows


def test_the_ingestion_marks_tables_alone_and_with_a_time_of_their_own(om: OpenMetadataUpheavals) -> None:
    service = om.hash_of_place(SERVICE)
    om.mark_deleted(service, parents=False)
    assert not om.run("SELECT id FROM database_entity WHERE deleted = 1 AND fqnHash LIKE %s", f"{service}.%")
    times = om.run("SELECT updatedAt FROM table_entity WHERE fqnHash LIKE %s", f"{service}.%")
    assert len(set(times)) == len(times) and min(time for (time,) in times) >= om.moment - 60_000 * len(times)


def test_what_is_ingested_again_has_new_ids_and_neither_usage_nor_tags(om: OpenMetadataUpheavals) -> None:
    service = om.hash_of_place(SERVICE)
    old, before = om.tables_below(service), tables_of(om, service)
    profiles = keyed(om, "profiler_data_time_series", "entityFQNHash", service)
    edges = om.lineage_of(old)
    assert edges and profiles and keyed(om, "tag_usage", "targetFQNHash", service) and about(om, old)
    gone = om.hard_delete_place(service)
    assert not tables_of(om, service) and not about(om, old)
    assert not om.run("SELECT id FROM dbservice_entity WHERE nameHash = %s", service)
    assert not keyed(om, "tag_usage", "targetFQNHash", service)
    renewed = om.recreate_place(gone)
    after = tables_of(om, service)
    assert after.keys() == before.keys() and set(om.tables_below(service)) == {renewed[table] for table in old}
    for fqn_hash, document in after.items():
        assert document["id"] == renewed[before[fqn_hash]["id"]] and document["version"] == 0.1
        assert document["databaseSchema"]["id"] == renewed[before[fqn_hash]["databaseSchema"]["id"]]
    assert {relation for _, _, relation, _ in about(om, list(renewed.values()))} == {0}
    assert keyed(om, "profiler_data_time_series", "entityFQNHash", service) == profiles
    om.restore_lineage(edges, renewed)
    restored = {(renewed.get(edge[0], edge[0]), renewed.get(edge[1], edge[1])) for edge in edges}
    assert {(edge[0], edge[1]) for edge in om.lineage_of(om.tables_below(service))} == restored


def hashes(om: OpenMetadataUpheavals, identifier: str) -> tuple[str, str]:
    document, fqn_hash = om.document(identifier)
    return str(document["name"]), fqn_hash


def test_two_tables_swap_names_with_their_tags_and_profiles_and_keep_their_usage(om: OpenMetadataUpheavals) -> None:
    rows = om.run(
        "SELECT id, fqnHash FROM table_entity WHERE fqnHash IN (SELECT targetFQNHash FROM tag_usage) ORDER BY fqnHash"
    )
    first, second = next(
        (one, other) for one in rows for other in rows
        if one != other and one[1].rpartition(".")[0] == other[1].rpartition(".")[0]
    )  # fmt: skip
    names, usage = [hashes(om, table[0]) for table in (first, second)], about(om, [first[0], second[0]])
    tags = [keyed(om, "tag_usage", "targetFQNHash", table[1]) for table in (first, second)]
    om.swap_names(first[0], second[0])
    assert [hashes(om, table[0]) for table in (second, first)] == names
    assert about(om, [first[0], second[0]]) == usage
    assert [keyed(om, "tag_usage", "targetFQNHash", table[1]) for table in (second, first)] == tags


def test_a_table_moves_to_another_schema(om: OpenMetadataUpheavals) -> None:
    ((place, schema_id),) = om.run("SELECT fqnHash, id FROM database_schema_entity ORDER BY fqnHash DESC LIMIT 1")
    table = next(t for t in om.tables_below(om.hash_of_place("snowflake_prod")) if t not in om.tables_below(place))
    name, _ = hashes(om, table)
    om.move(table, place)
    document, fqn_hash = om.document(table)
    assert fqn_hash == f"{place}.{last_hash(name)}" and document["databaseSchema"]["id"] == schema_id
    assert document["fullyQualifiedName"].startswith(document["databaseSchema"]["fullyQualifiedName"] + ".")
    parents = om.run("SELECT fromId FROM entity_relationship WHERE toId = %s AND relation = 0", table)
    assert parents == [(schema_id,)]


def test_half_of_a_schema_is_renamed(om: OpenMetadataUpheavals) -> None:
    ((place,),) = om.run("SELECT fqnHash FROM database_schema_entity ORDER BY fqnHash LIMIT 1")
    tables = om.tables_below(place)
    before = {table: hashes(om, table)[0] for table in tables}
    renamed = om.rename_half(place)
    assert len(renamed) == -(-len(tables) // 2) and set(om.tables_below(place)) == set(tables)
    for table in tables:
        assert hashes(om, table)[0] == (f"renamed_{before[table]}"[:256] if table in renamed else before[table])


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_at_random_leaves_one_row_for_each_name(om: OpenMetadataUpheavals, seed: int) -> None:
    om.random = Random(seed)
    om.some(60)
    rows = om.run("SELECT id, fqnHash, json FROM table_entity")
    assert len({row[1] for row in rows}) == len(rows)
    for identifier, fqn_hash, text in rows:
        document = json.loads(text)
        assert document["id"] == identifier and fqn_hash.rpartition(".")[2] == last_hash(document["name"])
