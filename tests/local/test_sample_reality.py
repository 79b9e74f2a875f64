"""What real installations of OpenMetadata hold, and the sample too: who looked, when, and what of it is waste."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from thirdeye.local.sample import Estate, EstateOptions, generate
from thirdeye.local.sample.documents import run_document
from thirdeye.local.sample.records import (
    MENTIONED_IN,
    OWNS,
    UPSTREAM,
    WASTE,
    Counting,
    Fate,
    Feed,
    Reach,
    Runs,
    Schedule,
    ServiceRecord,
    TableRecord,
)
from thirdeye.local.sample.rows import all_rows

pytestmark = pytest.mark.unmeasured

TODAY = date(2026, 11, 20)
MONDAY, SUNDAY = 0, 6
DAY_MS = 86_400_000
NOW_MS = (TODAY - date(1970, 1, 1)).days * DAY_MS
WITHOUT_STORAGE = {"View", "SecureView", "SemanticView", "External", "Foreign", "Stage", "Stream"}
USD_PER_BYTE = 0.023e-9


@pytest.fixture(scope="module")
def estate() -> Estate:
    return generate(EstateOptions(today=TODAY))


@pytest.fixture(scope="module")
def table_texts(estate: Estate) -> list[str]:
    """As they stand in `table_entity`."""
    return [str(row[0]) for name, row in all_rows(estate) if name == "table_entity"]


def service_named(estate: Estate, name: str) -> ServiceRecord:
    return next(service for service in estate.services if service.name == name)


def tables_of(estate: Estate, service: ServiceRecord) -> list[TableRecord]:
    return [table for table in estate.tables() if table.service_id == service.id]


def days_ago(estate: Estate, tables: list[TableRecord]) -> set[int]:
    """On which any of them has a row of usage."""
    return {(TODAY - row.usage_date).days for table in tables for row in estate.usage_of(table)}


def scheduled(estate: Estate, schedule: Schedule) -> ServiceRecord:
    (service,) = (service for service in estate.services if service.schedule is schedule)
    return service


def counting(estate: Estate, kind: Counting) -> ServiceRecord:
    (service,) = (service for service in estate.services if service.counting is kind)
    return service


# ---- who looked


def test_a_weekly_schedule_reads_two_days_of_each_week(estate: Estate) -> None:
    days = days_ago(estate, tables_of(estate, scheduled(estate, Schedule.WEEKLY)))
    assert {(TODAY - timedelta(days=day)).weekday() for day in days} == {SUNDAY, MONDAY}
    assert len(days) == pytest.approx(730 * 2 / 7, abs=3)


def test_failing_runs_leave_out_three_days_in_ten_and_in_blocks(estate: Estate) -> None:
    days = days_ago(estate, tables_of(estate, scheduled(estate, Schedule.FAILING)))
    missing = sorted(set(range(731)) - days)
    assert 0.2 < len(missing) / 731 < 0.4
    blocks = 1 + sum(later - earlier > 1 for earlier, later in pairwise(missing))
    assert len(missing) / blocks >= 5


def test_a_log_that_is_cut_off_gives_the_limit_each_day(estate: Estate) -> None:
    totals = Counter[date]()
    for table in tables_of(estate, counting(estate, Counting.CUT_OFF)):
        for row in estate.usage_of(table):
            totals[row.usage_date] += row.count1
    # The newest day is not over.
    assert len(totals) == 731 and totals.pop(TODAY) < 1_000
    assert set(totals.values()) == {1_000}


def test_postgres_counts_what_it_remembers_again_each_day(estate: Estate) -> None:
    rises, without = Counter[int](), 0
    tables = tables_of(estate, counting(estate, Counting.REMEMBERED))
    for table in tables:
        rows = estate.usage_of(table)
        counts = [row.count1 for row in rows]
        assert counts == sorted(counts)
        if rows and not table.deleted:
            assert len(rows) == (rows[-1].usage_date - rows[0].usage_date).days + 1
            rises[len(set(counts)) - 1] += 1
        without += not rows
    assert without >= 2 and rises[0] >= 2 and max(rises) <= 12 and len(rises) >= 3


def test_a_database_and_a_schema_were_never_read_and_one_stopped_on_a_day(estate: Estate) -> None:
    reaches = {schema.id: schema.reach for schema in estate.schemas}
    assert {database.reach for database in estate.databases} == set(Reach)
    watched = {database.id for database in estate.databases if database.reach is Reach.WATCHED}
    assert any(schema.reach is Reach.NEVER and schema.database_id in watched for schema in estate.schemas)
    used = Counter[str]()
    stopped = []
    for table in estate.tables():
        rows = estate.usage_of(table)
        reach = reaches[table.schema_id]
        assert reach is not Reach.NEVER or (not rows and table.accessed_ms is None)
        if reach is Reach.STOPPED and not table.deleted and len(rows) >= 10:
            stopped.append((TODAY - rows[-1].usage_date).days)
        used[reach] += bool(rows)
    # What OM would not call a habit but a filter: half of those with a habit stopped within three days.
    assert min(stopped) > 30 and len(stopped) >= 3
    assert sum(day - min(stopped) <= 3 for day in stopped) * 2 >= len(stopped)
    assert used[Reach.WATCHED] > 100


def test_openmetadata_counts_use_for_schemas_and_databases_too(estate: Estate) -> None:
    of_schema: dict[str, set[date]] = defaultdict(set)
    of_database: dict[str, set[date]] = defaultdict(set)
    for table in estate.tables():
        for row in estate.usage_of(table):
            of_schema[table.schema_id].add(row.usage_date)
            of_database[table.database_id].add(row.usage_date)
    found: dict[str, dict[str, set[date]]] = defaultdict(lambda: defaultdict(set))
    rows = list(estate.usage())
    for row in rows:
        found[row.entity_type][row.entity_id].add(row.usage_date)
    assert found["databaseSchema"] == of_schema and found["database"] == of_database
    assert len({(row.entity_id, row.usage_date) for row in rows}) == len(rows)


def test_runs_of_usage_are_recorded_for_some_services_and_not_for_others(estate: Estate) -> None:
    by_kind = {(pipeline.fqn_hash.split(".")[0], pipeline.pipeline_type): pipeline for pipeline in estate.pipelines()}
    runs = Counter(run.pipeline_fqn_hash for run in estate.runs())
    for service in estate.services:
        usage = by_kind.get((service.name_hash, "usage"))
        assert (usage is None) == (service.runs is Runs.ABSENT)
        if usage is not None:
            assert usage.fqn_hash.count(".") == 1
            assert bool(runs[usage.fqn_hash]) == (service.runs in {Runs.RECORDED, Runs.RECENT})
    assert {service.runs for service in estate.services} == set(Runs)
    assert {pipeline.pipeline_type for pipeline in estate.pipelines()} == {
        "usage", "metadata", "lineage", "profiler", "TestSuite",
    }  # fmt: skip
    tests = [pipeline for pipeline in estate.pipelines() if pipeline.pipeline_type == "TestSuite"]
    assert all(pipeline.fqn_hash.count(".") == 4 for pipeline in tests)


def test_a_run_that_read_the_log_has_rows_and_others_have_not(estate: Estate) -> None:
    usage = {p.fqn_hash: p.fqn_hash.split(".")[0] for p in estate.pipelines() if p.pipeline_type == "usage"}
    days = {service.name_hash: days_ago(estate, tables_of(estate, service)) for service in estate.services}
    states, idle = Counter[str](), 0
    for run in estate.runs():
        if run.pipeline_fqn_hash not in usage or run.started < 10**11:
            continue
        document = run_document(run)
        day = (NOW_MS + DAY_MS - 1 - run.started) // DAY_MS
        status: Any = document.get("status", [{"name": "", "records": None}])
        read = document["pipelineState"] in {"success", "partialSuccess"} and status[0]["records"] != 0
        has_rows = day in days[usage[run.pipeline_fqn_hash]]
        assert read or not has_rows, (day, document)
        idle += read and not has_rows
        assert ("endDate" in document) == (document["pipelineState"] != "running")
        states[str(document["pipelineState"])] += 1
    assert set(states) == {"success", "partialSuccess", "failed", "running"}
    # On a quiet day the log was read, and there was nothing in it.
    assert idle < states.total() / 20


RUNS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "steps as OM names them": lambda run: (
        [step["name"] for step in run.get("status", [])][1:] == ["Query Parser", "Table Usage", "OpenMetadata"]
    ),
    "no steps": lambda run: "status" not in run and run["pipelineState"] == "success",
    "success without a record": lambda run: (
        run["pipelineState"] == "success" and run.get("status", [{"records": 1}])[0]["records"] == 0
    ),
    "seconds": lambda run: run["timestamp"] < 10**11,
}


@pytest.mark.parametrize("kind", RUNS)
def test_among_the_runs_are_some_with(estate: Estate, kind: str) -> None:
    assert any(RUNS[kind](json.loads(json.dumps(run_document(run)))) for run in estate.runs())


def test_runs_stay_within_the_bound_of_usage() -> None:
    estate = generate(EstateOptions(today=TODAY, usage_days=9))
    assert {(NOW_MS + DAY_MS - 1 - run.started) // DAY_MS for run in estate.runs()} == set(range(10))


# ---- when, and how old


def test_most_services_have_no_life_cycles(estate: Estate) -> None:
    types = {"BigQuery", "Snowflake", "Redshift", "Trino"}
    having = {
        table.service_id for table in estate.tables() if table.created_ms or table.updated_ms or table.accessed_ms
    }
    assert having == {service.id for service in estate.services if service.life_cycles}
    assert {service.service_type for service in estate.services if service.id in having} == types
    assert any(service.service_type in types and service.id not in having for service in estate.services)
    assert len(having) * 2 < len(estate.services)


def odd_values(estate: Estate, aspect: str) -> list[int | str]:
    return [value for table in estate.tables() for name, value in table.odd_times if name == aspect]


ODD_TIMES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "accessed in seconds": ("accessed", lambda value: isinstance(value, int) and 10**9 < value < 10**10),
    "accessed in microseconds": ("accessed", lambda value: isinstance(value, int) and 10**15 < value < 10**16),
    "accessed in nanoseconds": ("accessed", lambda value: isinstance(value, int) and value > 10**18),
    "accessed as ISO text": ("accessed", lambda value: str(value).endswith("+00:00")),
    "accessed as nonsense": ("accessed", lambda value: value == "soon"),
    "accessed in the far future": ("accessed", lambda value: value == 253_402_214_400_000),
    "created in year 1": ("created", lambda value: value == -62_135_596_800_000),
    "updated as nonsense": ("updated", lambda value: value == "yesterday"),
    "updated in seconds": ("updated", lambda value: isinstance(value, int) and value < 10**10),
}


@pytest.mark.parametrize("odd", ODD_TIMES)
def test_a_table_has(estate: Estate, table_texts: list[str], odd: str) -> None:
    aspect, fits = ODD_TIMES[odd]
    assert any(map(fits, odd_values(estate, aspect)))
    value = json.dumps(next(filter(fits, odd_values(estate, aspect))))
    assert any(f'"{aspect}":{{"timestamp":{value},' in text for text in table_texts)


def test_create_or_replace_makes_old_tables_look_new(estate: Estate) -> None:
    rebuilt = [
        table
        for table in estate.tables()
        if table.age_days > 400 and table.created_ms is not None and abs(NOW_MS - table.created_ms) < DAY_MS
    ]
    assert len(rebuilt) >= 5
    used = [table for table in rebuilt if table.fate is None and estate.usage_of(table)]
    unused = [table for table in rebuilt if table.fate is Fate.REBUILT]
    assert used and unused


# ---- money


def size_of(estate: Estate, table: TableRecord) -> int:
    known = (int(row.size_in_byte) for row in estate.profiles_of(table) if row.size_in_byte is not None)
    return 0 if table.deleted else next(known, 0)


def test_views_and_services_whose_profiler_gives_none_have_no_bytes(estate: Estate) -> None:
    for table in estate.tables():
        rows = estate.profiles_of(table)
        if table.table_type in WITHOUT_STORAGE or table.service_type in {"Databricks", "Trino", "Hive"}:
            assert all(row.size_in_byte is None for row in rows)
        assert all(row.row_count for row in rows if table.table_type in WITHOUT_STORAGE)


@pytest.mark.parametrize("count", [100, 300, 1_000, 3_000])
@pytest.mark.parametrize("seed", [1, 7])
def test_waste_costs_well_over_a_twentieth(count: int, seed: int) -> None:
    estate = generate(EstateOptions(today=TODAY, tables=count, seed=seed, usage_days=0))
    sizes = {table.id: (size_of(estate, table), table.fate in WASTE) for table in estate.tables()}
    total, waste = sum(size for size, _ in sizes.values()), sum(size for size, lost in sizes.values() if lost)
    assert 0.08 < waste / total < 0.6
    assert 0.05 < sum(lost for _, lost in sizes.values()) / count < 0.15


def test_at_300_tables_several_hundred_dollars_a_month_are_waste_and_as_much_is_held(estate: Estate) -> None:
    costs = Counter[Fate | None]()
    for table in estate.tables():
        costs[table.fate] += size_of(estate, table) * USD_PER_BYTE  # type: ignore[assignment]
    assert 300 < sum(costs[fate] for fate in WASTE) < 1_000 < costs.total() < 5_000
    assert all(costs[fate] > 10 for fate in Fate if fate is not Fate.SCRATCH)
    largest = max(estate.tables(), key=lambda table: size_of(estate, table))
    assert largest.fate is Fate.FORGOTTEN


def test_waste_had_a_habit_that_ended_long_ago_and_nothing_holds_it(estate: Estate) -> None:
    waste = {table.id: table for table in estate.tables() if table.fate in WASTE}
    services = {service.id: service for service in estate.services}
    for table in waste.values():
        rows = estate.usage_of(table)
        assert len(rows) >= 10 and (TODAY - rows[-1].usage_date).days >= 250
        assert not table.owners and table.tier is None and not table.deleted and size_of(estate, table)
        assert services[table.service_id].feed is Feed.LIVE
        written = [row.timestamp_ms for row in estate.system_profiles_of(table) if row.operation != "SELECT"]
        newest = max([*written, table.updated_ms or 0, table.created_ms or 0])
        if table.fate is Fate.FORGOTTEN:
            assert NOW_MS - newest > 200 * DAY_MS
        elif table.fate is Fate.STILL_WRITTEN:
            assert NOW_MS - newest < 5 * DAY_MS
    for edge in estate.relations():
        if edge.from_id in waste and edge.from_id != edge.to_id:
            assert edge.relation not in {UPSTREAM, MENTIONED_IN}
        assert not (edge.to_id in waste and edge.relation == OWNS) or edge.deleted
    hashes = tuple(table.fqn_hash for table in waste.values())
    assert not any(tag.target_fqn_hash in hashes for tag in estate.tags())


def test_what_is_held_is_held_by_one_thing(estate: Estate) -> None:
    downstream = {edge.from_id for edge in estate.relations() if edge.relation == UPSTREAM and not edge.deleted}
    for table in estate.tables():
        if table.fate in {Fate.CRITICAL, Fate.NEEDED}:
            assert (table.tier == "Tier.Tier1") == (table.fate is Fate.CRITICAL)
            assert (table.id in downstream) == (table.fate is Fate.NEEDED)


def test_some_services_have_lineage_and_some_have_none(estate: Estate) -> None:
    ends = {
        end for edge in estate.relations() for end in (edge.from_id, edge.to_id)
        if edge.relation == UPSTREAM and "table" in (edge.from_entity, edge.to_entity)
    }  # fmt: skip
    for service in estate.services:
        tables = tables_of(estate, service)
        share = sum(table.id in ends for table in tables) / len(tables) if tables else None
        assert share is None or (share > 0.1 if service.lineage else share == 0)
    assert {service.lineage for service in estate.services if tables_of(estate, service)} == {True, False}
