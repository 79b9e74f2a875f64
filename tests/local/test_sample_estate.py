"""The sample estate: the same every time, hashed by OM's rule, and with every oddity it promises."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from itertools import chain
from typing import Any

import pytest

from thirdeye.local.sample import SECRET_MARKERS, Estate, EstateOptions, generate
from thirdeye.local.sample.oddities import ODD_NAMES
from thirdeye.local.sample.records import (
    CLASSIFICATION,
    CONTAINS,
    FOLLOWS,
    GLOSSARY,
    MENTIONED_IN,
    OWNS,
    UPSTREAM,
    AccessTimes,
    Feed,
    Rhythm,
    Schedule,
    TableRecord,
)
from thirdeye.local.sample.rows import all_rows

pytestmark = pytest.mark.unmeasured

TODAY = date(2026, 11, 20)
DAY_MS = 86_400_000
NOW_MS = (TODAY - date(1970, 1, 1)).days * DAY_MS
YEAR_2000_MS = 946_684_800_000
# Days of usage take most of the time.
FEW_DAYS: dict[str, object] = {"today": TODAY, "usage_days": 20}
ALLOWED_SECRETS = {"user_entity", "entity_extension", "dbservice_entity", "ingestion_pipeline_entity"}


@pytest.fixture(scope="module")
def estate() -> Estate:
    return generate(EstateOptions(today=TODAY))


@pytest.fixture(scope="module")
def tables(estate: Estate) -> list[TableRecord]:
    return list(estate.tables())


@pytest.fixture(scope="module")
def digest_of_estate(estate: Estate) -> str:
    return digest(estate)


@pytest.fixture(scope="module")
def digest_of_few_days() -> str:
    return digest(generate(EstateOptions(**FEW_DAYS)))  # type: ignore[arg-type]


def digest(estate: Estate) -> str:
    collected = hashlib.sha256()
    for placed in all_rows(estate):
        collected.update(repr(placed).encode())
    return collected.hexdigest()


def test_equal_options_give_the_same_bytes_and_again(estate: Estate, digest_of_estate: str) -> None:
    assert digest(estate) == digest_of_estate == digest(generate(EstateOptions(today=TODAY)))


def test_another_process_with_other_string_hashes_gives_the_same_bytes(digest_of_estate: str) -> None:
    program = (
        "import hashlib; from datetime import date;"
        "from thirdeye.local.sample import EstateOptions, generate;"
        "from thirdeye.local.sample.rows import all_rows;"
        "collected = hashlib.sha256();"
        "[collected.update(repr(p).encode()) for p in all_rows(generate(EstateOptions(today=date(2026, 11, 20))))];"
        "print(collected.hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest_of_estate


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 8},
        {"tables": 301},
        {"today": TODAY + timedelta(days=1)},
        {"usage_days": 30},
        {"series_share": 0.05},
        {"view_share": 0.3},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_other_options_give_another_estate(digest_of_few_days: str, changed: dict[str, object]) -> None:
    assert digest(generate(EstateOptions(**FEW_DAYS | changed))) != digest_of_few_days  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 11, 12, 13, 47, 1_200])
def test_an_estate_of_any_size_is_complete(count: int) -> None:
    estate = generate(EstateOptions(today=TODAY, tables=count, usage_days=20))
    assert sum(1 for _ in estate.tables()) == count
    assert sum(table == "table_entity" for table, _ in all_rows(estate)) == count
    assert len({table.id for table in estate.tables()}) == len({t.fqn_hash for t in estate.tables()}) == count


@pytest.mark.parametrize(
    "wrong",
    [
        {"tables": -1},
        {"usage_days": 731},
        {"usage_days": -1},
        {"seed": -1},
        {"series_share": -0.1},
        {"series_share": 0.6},
        {"view_share": 0.6},
    ],
    ids=str,
)
def test_options_outside_their_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        EstateOptions(today=TODAY, **wrong)


@pytest.mark.parametrize("usage_days", [0, 1, 7, 365])
def test_usage_stays_within_its_bound_and_keeps_its_rhythm(estate: Estate, usage_days: int) -> None:
    def days(bound: int) -> set[tuple[str, date]]:
        rows = generate(EstateOptions(today=TODAY, tables=120, usage_days=bound)).usage()
        return {(row.entity_id, row.usage_date) for row in rows}

    first_day = TODAY - timedelta(days=usage_days)
    bounded = days(usage_days)
    assert bounded
    assert all(first_day <= day <= TODAY for _, day in bounded)
    # On the first day itself, each feed has a row that it would not have without the bound.
    assert {day for _, day in bounded - days(730)} <= {first_day}


def split_fqn(fqn: str) -> list[str]:
    """A second reading of the FQN grammar: a dot inside double quotes does not separate."""
    segments, quoted = [""], False
    for character in fqn:
        quoted ^= character == '"'
        if character == "." and not quoted:
            segments.append("")
        else:
            segments[-1] += character
    return segments


def hash_of(fqn: str) -> str:
    return ".".join(hashlib.md5(segment.encode()).hexdigest() for segment in split_fqn(fqn))


def test_hashes_follow_the_quoted_fqn(estate: Estate, tables: list[TableRecord]) -> None:
    for entity in chain(tables, estate.schemas, estate.databases, estate.assets(), estate.queries()):
        assert entity.fqn_hash == hash_of(entity.fqn), entity.fqn
    for service in chain(estate.services, estate.asset_services):
        assert service.name_hash == hash_of(service.fqn)
    columns = {
        hash_of(f'{t.fqn}."{c.name}"' if "." in c.name else f"{t.fqn}.{c.name}") for t in tables for c in t.columns
    }
    targets = {tag.target_fqn_hash for tag in estate.tags()}
    assert targets & columns
    assert targets <= columns | {t.fqn_hash for t in tables} | {s.fqn_hash for s in estate.schemas}


def test_a_tables_hash_starts_with_those_of_its_schema_and_database(estate: Estate, tables: list[TableRecord]) -> None:
    schemas = {schema.id: schema for schema in estate.schemas}
    databases = {database.id: database for database in estate.databases}
    for table in tables:
        assert len(table.fqn_hash.split(".")) == 4
        assert ".".join(table.fqn_hash.split(".")[:3]) == schemas[table.schema_id].fqn_hash
        assert ".".join(table.fqn_hash.split(".")[:2]) == databases[table.database_id].fqn_hash


def test_feeds_are_what_they_are_called(estate: Estate, tables: list[TableRecord]) -> None:
    for service in estate.services:
        mine = [table for table in tables if table.service_id == service.id and not table.deleted]
        dates = [row.usage_date for table in mine for row in estate.usage_of(table) if row.count1]
        # Runs once a week have their days; those that fail do not fail first or last.
        late = 7 if service.schedule is Schedule.WEEKLY else 0
        if service.feed is Feed.ABSENT:
            assert not dates
        elif service.feed is Feed.SILENT:
            assert max(dates) <= TODAY - timedelta(days=60)
        else:
            assert max(dates) >= TODAY - timedelta(days=2 + late)
            first = TODAY - timedelta(days=service.observed_days or 730)
            assert first <= min(dates) <= first + timedelta(days=late)


def test_access_times_are_what_they_are_called(estate: Estate, tables: list[TableRecord]) -> None:
    for service in estate.services:
        mine = [table for table in tables if table.service_id == service.id and not table.deleted]
        times = [t.accessed_ms for t in mine if t.accessed_ms is not None and t.accessed_ms >= YEAR_2000_MS]
        share = len(times) / len(mine) if mine else 0
        newest_age = (NOW_MS - max(times)) / DAY_MS if times else None
        if service.access_times is AccessTimes.RICH:
            assert share > 0.2 and newest_age is not None and newest_age <= 5
        elif service.access_times is AccessTimes.STALE:
            assert share > 0.2 and newest_age is not None and newest_age > 30
        elif service.access_times is AccessTimes.THIN:
            assert 0 < share < 0.1
        else:
            assert not times


def test_what_deleted_tables_left_behind_does_not_decide_about_a_feed(
    estate: Estate, tables: list[TableRecord]
) -> None:
    for service in estate.services:
        mine = [table for table in tables if table.service_id == service.id]
        of_deleted = [r.usage_date for t in mine if t.deleted for r in estate.usage_of(t)]
        of_kept = [r.usage_date for t in mine if not t.deleted for r in estate.usage_of(t)]
        if of_deleted:
            assert min(of_kept) < min(of_deleted) <= max(of_deleted) < max(of_kept)


def test_tables_have_one_size_of_json_and_are_used_in_all_rhythms(estate: Estate, tables: list[TableRecord]) -> None:
    assert {table.rhythm for table in tables} == set(Rhythm)
    sizes = sorted(len(row[0]) for name, row in all_rows(estate) if name == "table_entity" and isinstance(row[0], str))
    assert 1_000 < sizes[len(sizes) // 10] < sizes[len(sizes) // 2] < 2_600


def test_counts_over_days_sum_up_the_days(estate: Estate) -> None:
    table = next(table for table in estate.tables() if table.rhythm is Rhythm.WEEKLY and estate.usage_of(table))
    rows = estate.usage_of(table)
    for row in rows:
        for days, total in ((7, row.count7), (30, row.count30)):
            begin = row.usage_date - timedelta(days=days - 1)
            assert total == sum(other.count1 for other in rows if begin <= other.usage_date <= row.usage_date)


def test_secrets_stand_only_where_openmetadata_keeps_secrets(estate: Estate) -> None:
    met: set[str] = set()
    for table, row in all_rows(estate):
        found = {marker for marker in SECRET_MARKERS if marker in repr(row)}
        assert not found or table in ALLOWED_SECRETS or table.endswith("_service_entity"), table
        met |= found
    assert met == SECRET_MARKERS


def of_type(estate: Estate, from_entity: str, to_entity: str, relation: int = UPSTREAM) -> bool:
    return any(
        (edge.from_entity, edge.to_entity, edge.relation) == (from_entity, to_entity, relation)
        for edge in estate.relations()
    )


def has_cycle_of_three(estate: Estate) -> bool:
    below: dict[str, set[str]] = {}
    for edge in estate.relations():
        if edge.relation == UPSTREAM and not edge.deleted:
            below.setdefault(edge.from_id, set()).add(edge.to_id)
    return any(
        first in below.get(third, ())
        for first, seconds in below.items()
        for second in seconds
        for third in below.get(second, ())
        if len({first, second, third}) == 3
    )


def has_hub(estate: Estate) -> bool:
    sources = [edge.from_id for edge in estate.relations() if edge.relation == UPSTREAM]
    return max(map(sources.count, set(sources))) >= 20


def has_chain_through_deleted(estate: Estate, marked: bool = False) -> bool:
    """A table in use that was made from a deleted one, which was made from another."""
    deleted = {table.id for table in estate.tables() if table.deleted}
    recent = TODAY - timedelta(days=30)
    used = {row.entity_id for row in estate.usage() if row.usage_date > recent and row.count1}
    edges = [
        edge for edge in estate.relations()
        if edge.relation == UPSTREAM and edge.lineage_source == "DbtLineage" and edge.deleted == marked
    ]  # fmt: skip
    middles = {edge.to_id for edge in edges} & deleted
    return any(edge.from_id in middles and edge.to_id in used - deleted for edge in edges)


ODDITIES: dict[str, Callable[[Estate], bool]] = {
    "usage of deleted tables": lambda e: any(e.usage_of(t) for t in e.tables() if t.deleted),
    "usage of unknown ids": lambda e: bool(
        {r.entity_id for r in e.usage() if r.entity_type == "table"} - {t.id for t in e.tables()}
    ),
    "usage of dashboards": lambda e: any(r.entity_type == "dashboard" for r in e.usage()),
    "zero counts": lambda e: any(r.count1 == 0 for r in e.usage()),
    "zero counts only": lambda e: any({r.count1 for r in e.usage_of(t)} == {0} for t in e.tables()),
    "created in the future": lambda e: any((t.created_ms or 0) > NOW_MS + DAY_MS for t in e.tables()),
    "updated in the future": lambda e: any((t.updated_ms or 0) > NOW_MS + DAY_MS for t in e.tables()),
    "accessed in the future": lambda e: any((t.accessed_ms or 0) > NOW_MS + DAY_MS for t in e.tables()),
    "created before 2000": lambda e: any((t.created_ms or NOW_MS) < YEAR_2000_MS for t in e.tables()),
    "updated before 2000": lambda e: any((t.updated_ms or NOW_MS) < YEAR_2000_MS for t in e.tables()),
    "accessed before 2000": lambda e: any((t.accessed_ms or NOW_MS) < YEAR_2000_MS for t in e.tables()),
    "accessed at the epoch": lambda e: any(t.accessed_ms == 0 for t in e.tables()),
    "row count as float": lambda e: any(isinstance(r.row_count, float) for r in e.profiles()),
    "size as float": lambda e: any(isinstance(r.size_in_byte, float) for r in e.profiles()),
    "size as int": lambda e: any(isinstance(r.size_in_byte, int) for r in e.profiles()),
    "size of zero": lambda e: any(r.size_in_byte == 0 for r in e.profiles()),
    "no size": lambda e: any(r.size_in_byte is None for r in e.profiles()),
    "no size in the newest profile only": lambda e: any(
        len(rows) > 1 and rows[0].size_in_byte is None and rows[1].size_in_byte is not None
        for rows in map(e.profiles_of, e.tables())
    ),
    "flat profiles": lambda e: any(not r.nested for r in e.profiles()),
    "nested profiles": lambda e: any(r.nested for r in e.profiles()),
    "both shapes in one table": lambda e: any(len({r.nested for r in e.profiles_of(t)}) == 2 for t in e.tables()),
    "flat system profiles": lambda e: any(not r.nested for r in e.system_profiles()),
    "nested system profiles": lambda e: any(r.nested for r in e.system_profiles()),
    "all writing operations": lambda e: (
        {r.operation for r in e.system_profiles()} >= {"INSERT", "UPDATE", "DELETE", "MERGE", "WRITE"}
    ),
    "newest operation only reads": lambda e: any(
        rows and rows[0].operation == "SELECT" for rows in map(e.system_profiles_of, e.tables())
    ),
    "system profile at the epoch": lambda e: any(r.timestamp_ms == 0 for r in e.system_profiles()),
    "tables owned by users": lambda e: of_type(e, "user", "table", OWNS),
    "tables owned by teams": lambda e: of_type(e, "team", "table", OWNS),
    "owned schemas": lambda e: any(s.owners for s in e.schemas),
    "owned databases": lambda e: any(d.owners for d in e.databases),
    "former owners of tables only": lambda e: any(t.former_owners and not t.owners for t in e.tables()),
    "former owners of schemas": lambda e: any(s.former_owners for s in e.schemas),
    "former owners of databases": lambda e: any(d.former_owners for d in e.databases),
    "followers": lambda e: of_type(e, "user", "table", FOLLOWS),
    "all tiers": lambda e: (
        {t.tag_fqn for t in e.tags() if t.source == CLASSIFICATION}
        >= {"Tier.Tier1", "Tier.Tier2", "Tier.Tier3", "Tier.Tier4", "Tier.Tier5", "PII.Sensitive"}
    ),
    "glossary terms": lambda e: any(t.source == GLOSSARY for t in e.tags()),
    "a glossary called Tier": lambda e: any(t.source == GLOSSARY and t.tag_fqn.startswith("Tier.") for t in e.tags()),
    "tags of columns": lambda e: any(t.target_fqn_hash.count(".") == 4 for t in e.tags()),
    "tiers of schemas": lambda e: any(t.target_fqn_hash.count(".") == 2 for t in e.tags()),
    "lineage with cycles": has_cycle_of_three,
    "lineage to itself": lambda e: any(r.from_id == r.to_id for r in e.relations()),
    "hubs": has_hub,
    "deleted edges": lambda e: any(r.deleted for r in e.relations() if r.relation == UPSTREAM),
    "edges to unknown tables": lambda e: bool(
        {r.to_id for r in e.relations() if r.relation == UPSTREAM and r.to_entity == "table"}
        - {t.id for t in e.tables()}
    ),
    "views in lineage": lambda e: any(r.lineage_source == "ViewLineage" for r in e.relations()),
    "views without lineage": lambda e: bool(
        {t.id for t in e.tables() if t.table_type == "View" and t.schema_definition}
        - {r.to_id for r in e.relations() if r.relation == UPSTREAM}
    ),
    "chains through deleted tables": has_chain_through_deleted,
    "chains whose edges are marked": lambda e: has_chain_through_deleted(e, marked=True),
    "metrics": lambda e: of_type(e, "table", "metric"),
    "deleted metrics downstream": lambda e: bool(
        {a.id for a in e.assets() if a.entity_type == "metric" and a.deleted} & {r.to_id for r in e.relations()}
    ),
    "into worksheets": lambda e: of_type(e, "table", "worksheet"),
    "out of worksheets": lambda e: of_type(e, "worksheet", "table"),
    "worksheets of spreadsheets": lambda e: of_type(e, "spreadsheet", "worksheet", CONTAINS),
    "a kind that nobody knows": lambda e: of_type(e, "table", "notebook"),
    "dashboards": lambda e: of_type(e, "table", "dashboard"),
    "data models": lambda e: of_type(e, "dashboardDataModel", "dashboard"),
    "into pipelines": lambda e: of_type(e, "table", "pipeline"),
    "out of pipelines": lambda e: of_type(e, "pipeline", "table"),
    "lineage between services": lambda e: of_type(e, "databaseService", "databaseService"),
    "lineage between service kinds": lambda e: of_type(e, "databaseService", "dashboardService"),
    "lineage between domains": lambda e: of_type(e, "domain", "domain"),
    "lineage between data products": lambda e: of_type(e, "dataProduct", "dataProduct"),
    "queries naming several tables": lambda e: any(len(q.table_ids) > 1 for q in e.queries()),
    "queries of tables": lambda e: of_type(e, "table", "query", MENTIONED_IN),
    "costs": lambda e: any(True for _ in e.query_costs()),
    "queries without cost": lambda e: {q.id for q in e.queries()} > {c.query_id for c in e.query_costs()},
    "deleted tables": lambda e: any(t.deleted for t in e.tables()),
    "deleted key missing": lambda e: any(t.deleted is None for t in e.tables()),
    "deleted services": lambda e: any(s.deleted for s in e.services),
    "deleted dashboards": lambda e: any(a.deleted for a in e.assets() if a.entity_type == "dashboard"),
    "a service without tables": lambda e: {s.id for s in e.services} > {t.service_id for t in e.tables()},
    "empty descriptions": lambda e: any(t.description == "" for t in e.tables()),
    "no description": lambda e: any(t.description is None for t in e.tables()),
    "descriptions over 512 characters": lambda e: any(len(t.description or "") > 512 for t in e.tables()),
    "no table type": lambda e: any(t.table_type is None for t in e.tables()),
    "all table types": lambda e: len({t.table_type for t in e.tables()}) == 15,
    "odd names": lambda e: set(ODD_NAMES) <= {t.name for t in e.tables()},
    "256 characters": lambda e: any(len(t.name) == 256 for t in e.tables()),
    "256 emoji": lambda e: any(len(t.name.encode()) == 1024 for t in e.tables()),
    "quoted FQN": lambda e: any('."' in t.fqn for t in e.tables()),
    "quoted service": lambda e: any(s.fqn.startswith('"') for s in e.services),
    "names that differ in case only": lambda e: any(
        t.fqn != other.fqn and t.fqn.lower() == other.fqn.lower()
        for t in e.tables()
        if "orders" in t.name.lower()
        for other in [e.table(t.index + 1)]
        if t.index + 1 < e.options.tables
    ),
    "bots": lambda e: any(u.is_bot for u in e.users),
    "deleted users": lambda e: any(u.deleted for u in e.users),
    "retention inherited": lambda e: any(s.retention_period for s in e.schemas),
    "sample data": lambda e: any(row.personal for row in e.extensions()),
    "explicit nulls": lambda e: any(":null" in str(row[0]) for name, row in all_rows(e) if name == "table_entity"),
    "numbers with exponents": lambda e: any(
        "E1" in str(row[3]) for name, row in all_rows(e) if name == "profiler_data_time_series"
    ),
    "service type missing": lambda e: any(
        "serviceType" not in json.loads(str(row[0])) for name, row in all_rows(e) if name == "table_entity"
    ),
}


@pytest.mark.parametrize("oddity", ODDITIES)
def test_the_estate_of_300_tables_has(estate: Estate, oddity: str) -> None:
    assert ODDITIES[oddity](estate)


def test_no_relation_occurs_twice() -> None:
    relations = list(generate(EstateOptions(today=TODAY, tables=2_500, usage_days=0)).relations())
    keys = {(relation.from_id, relation.to_id, relation.relation) for relation in relations}
    assert len(keys) == len(relations)
