"""Each half of what is read may be broken: a warning, the rest goes on, and nothing goes for what cannot be known."""

import json
from typing import Any

import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows, hash_of, identifier_of

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
BUSY = "shop.main.core.busy"
ODD: list[Any] = [5, 0.5, "text", "", True, [], [1, "x"], {"a": {"b": 1}}]
NAMED = {f"odd_{number}": value for number, value in enumerate(ODD)}


@pytest.mark.parametrize("path", ["lifeCycle", "lifeCycle.accessed"])
async def test_a_broken_life_cycle_is_unknown(om: OMRows, estate: OMEstate, path: str) -> None:
    has_a_past(om)
    unreadable = {name: value for name, value in NAMED.items() if not isinstance(value, dict)}
    for name, value in unreadable.items():
        om.table(f"shop.main.core.{name}", lifeCycle=value if path == "lifeCycle" else {"accessed": value})
    seen = await estate.look()
    for name in unreadable:
        found = seen[f"shop.main.core.{name}"]
        assert (*found.judgement, found.may_go) == ("UNKNOWN", "UNREADABLE", False), name
    assert any("shop.main.core.odd" in warning["example"] for warning in estate.warnings.values())


@pytest.mark.parametrize("key", ["createdAt", "version", "description", "columns", "retentionPeriod"])
async def test_odd_values_of_other_keys_stop_nothing(om: OMRows, estate: OMEstate, key: str) -> None:
    has_a_past(om)
    for name, value in NAMED.items():
        om.table(f"shop.main.core.{name}", updated=1, **{key: value})
    seen = await estate.look()
    for name in NAMED:
        found = seen[f"shop.main.core.{name}"]
        assert (found.activity in ("UNKNOWN", "NEW"), found.may_go) == (True, False), name


async def test_a_time_of_change_that_is_none_leaves_a_table_unknown(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    for number, moment in enumerate((0, 5, 10**17)):
        om.table(f"dark.main.core.odd_{number}", updatedAt=moment)
        om.table(f"shop.main.core.odd_{number}", updatedAt=moment)
    seen = await estate.look()
    for number in range(3):
        dark, found = seen[f"dark.main.core.odd_{number}"], seen[f"shop.main.core.odd_{number}"]
        assert (*dark.judgement, dark.evidence) == ("UNKNOWN", "NO_FEED", "NONE")
        assert (found.judgement, found.may_go) == (("UNKNOWN", "AGE"), False)


async def test_usage_of_a_count_that_cannot_be_read_is_use(om: OMRows, estate: OMEstate) -> None:
    """OM has no row of a day without use."""
    has_a_past(om)
    null, negative, none = (f"shop.main.core.{name}" for name in ("null", "negative", "none"))
    for table, count in ((null, None), (negative, -3), (none, 0)):
        om.table(table)
        om.usage(table, [5], count=count)
    seen = await estate.look()
    assert [seen[table].activity for table in (null, negative, none)] == ["ACTIVE", "ACTIVE", "DORMANT"]
    assert estate.warnings["ODD_ROW"]["count"] == 2
    assert all(
        any(identifier_of(each) in text for text in estate.warnings["ODD_ROW"]["examples"]) for each in (null, negative)
    )


@pytest.mark.parametrize("day", [None, "0000-00-00", "1999-12-31"])
async def test_usage_of_a_day_that_cannot_be_read_leaves_its_table_unknown(
    om: OMRows, estate: OMEstate, day: str | None
) -> None:
    has_a_past(om)
    asked, counted = "shop.main.core.asked", "shop.main.core.counted"
    om.run("SET sql_mode = ''")
    for table, count in ((asked, 5), (counted, 0)):
        om.table(table)
        om.run("INSERT INTO entity_usage VALUES (%s, 'table', %s, %s, 0, 0, 0, 0, 0)", identifier_of(table), day, count)
    seen = await estate.look()
    assert (*seen[asked].judgement, seen[asked].may_go) == ("UNKNOWN", "UNREADABLE", False)
    assert (seen[counted].activity, estate.warnings["ODD_ROW"]["count"]) == ("DORMANT", 1)
    assert await estate.look("FULL") == seen
    om.forget_usage(asked)
    assert (await estate.look())[asked].activity == "DORMANT"


def has_a_gap(om: OMRows, service: str) -> None:
    """A service whose runs alone tell whether somebody looked on ten days."""
    om.read(f"{service}.main.core.busy", [*range(1, 100), *range(110, 350)])
    om.read(f"{service}.main.core.asked", [300])
    om.pipeline(f"{service}.agent")


async def test_runs_that_say_nothing_are_no_runs(om: OMRows, estate: OMEstate) -> None:
    for number, value in enumerate(ODD):
        has_a_gap(om, f"shop_{number}")
        om.runs(f"shop_{number}.agent", range(100, 110), state=value, records=value)
    seen = await estate.look()
    for number, value in enumerate(ODD):
        assert seen[f"shop_{number}.main.core.asked"].idle == 289, value


async def test_steps_that_say_nothing_are_as_if_not_stored(om: OMRows, estate: OMEstate) -> None:
    values = [value for value in ODD if value not in (5, 0.5, True)]
    for number, value in enumerate(values):
        has_a_gap(om, f"shop_{number}")
        om.runs(f"shop_{number}.agent", range(100, 110))
        om.run(
            "UPDATE entity_extension_time_series SET json = JSON_SET(json, '$.status', JSON_EXTRACT(%s, '$')) "
            "WHERE entityFQNHash = %s",
            json.dumps(value),
            hash_of(f"shop_{number}.agent"),
        )
    seen = await estate.look()
    for number, value in enumerate(values):
        assert seen[f"shop_{number}.main.core.asked"].idle == 299, value


async def test_a_schema_without_a_hash_covers_nothing(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    table, schema = "shop.dark.core.asked", "shop.other.seen"
    om.table(table)
    om.schema_of(schema)
    om.usage(schema, range(1, 400), kind="databaseSchema")
    om.run("UPDATE table_entity SET fqnHash = NULL WHERE id = %s", identifier_of(table))
    om.run("UPDATE database_schema_entity SET fqnHash = NULL WHERE id = %s", identifier_of(schema))
    # Neither says where it is: that is no sign that they belong together.
    seen = (await estate.look())[table]
    assert (*seen.judgement, seen.may_go) == ("UNKNOWN", "NO_FEED", False)


async def test_pipelines_without_a_type_or_a_hash_are_none(om: OMRows, estate: OMEstate) -> None:
    om.read(BUSY, range(1, 500))
    om.table("shop.main.core.asked")
    om.pipeline("shop.agent")
    om.run("UPDATE ingestion_pipeline_entity SET json = JSON_REMOVE(json, '$.pipelineType')")
    om.runs("shop.agent", range(1, 100))
    om.pipeline("shop.other")
    om.run("UPDATE ingestion_pipeline_entity SET fqnHash = NULL WHERE fqnHash = %s", hash_of("shop.other"))
    assert (await estate.look())["shop.main.core.asked"].idle == 499


async def test_an_openmetadata_without_records_of_runs_is_read_as_well(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    for table in ("ingestion_pipeline_entity", "entity_extension_time_series"):
        om.run(f"DROP TABLE {table}")
    assert (await estate.look())[BUSY].activity == "ACTIVE"
    assert "EVIDENCE_INCOMPLETE" not in estate.warnings


@pytest.mark.parametrize("cost", [0, 10**12, -1])
async def test_a_cost_of_whatever_size_is_use(om: OMRows, estate: OMEstate, cost: int) -> None:
    has_a_past(om)
    om.table("shop.main.core.asked")
    om.query_cost("a_query", ["shop.main.core.asked"], 1, cost=cost)
    assert (await estate.look())["shop.main.core.asked"].activity == "ACTIVE"


async def test_a_table_of_20_000_columns_and_one_of_megabytes_are_tables(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    columns = [{"name": f"column_{number}", "dataType": "VARCHAR"} for number in range(20_000)]
    om.table("shop.main.core.wide", columns=columns)
    om.table("shop.main.core.long", schemaDefinition="SELECT 1 -- " + "x" * 5_000_000)
    seen = await estate.look()
    assert {seen[f"shop.main.core.{name}"].activity for name in ("wide", "long")} == {"DORMANT"}


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["Regular", "View"])
async def test_thirty_megabytes_of_json_stop_nothing(om: OMRows, estate: OMEstate, kind: str) -> None:
    has_a_past(om)
    om.read("shop.main.core.asked", [400])
    om.read("shop.other.core.far", [400])
    long = "shop.main.core.long"
    om.table(long, tableType=kind, schemaDefinition="SELECT 1 -- " + "x" * 30_000_000)
    for refresh in ("AUTO", "FULL"):
        seen = await estate.look(refresh)
        assert seen[long].activity == "DORMANT"
        # What it is made from nobody knows: of its database anything may be.
        assert ("UNKNOWN_DOWNSTREAM" in seen["shop.main.core.asked"].blockers) is (kind == "View")
        assert seen["shop.main.core.asked"].verdict == ("REVIEW" if kind == "View" else "DELETE")
        assert "UNKNOWN_DOWNSTREAM" not in seen["shop.other.core.far"].blockers
        warning = estate.warnings.get("VIEW_TEXT_TOO_LARGE", {"count": 0, "example": ""})
        expected = (1, True) if kind == "View" else (0, False)
        assert (warning["count"], identifier_of(long) in warning["example"]) == expected


async def test_json_that_is_no_object_is_a_warning(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.profile("shop.main.core.gone_1", 5, size=[1])
    om.profile("shop.main.core.gone_2", 5, size={"bytes": 1})
    om.run("UPDATE profiler_data_time_series SET json = JSON_SET(json, '$.profileData', JSON_EXTRACT('[1]', '$'))")
    seen = await estate.look()
    assert not {each.activity for each in seen.values()} & {"NEW"}
    assert any("gone_" in warning["example"] or warning["count"] == 2 for warning in estate.warnings.values())


async def test_a_table_of_megabytes_is_read_when_it_changes(om: OMRows, estate: OMEstate) -> None:
    wide = "shop.main.core.wide"
    # So few that MySQL sorts them rather than walk the index.
    for number in range(60):
        om.table(f"shop.main.core.t{number}")
    om.table(wide)
    await estate.look()
    # More than MySQL sorts by default: a changed table is read in the order of changes.
    om.table(wide, updated=0, schemaDefinition="x" * 5_000_000, displayName="Wide")
    await estate.look()
    row = await estate.mirror.thirdeye.fetch_one("SELECT display_name FROM table_inventory WHERE name = 'wide'")
    assert row == {"display_name": "Wide"}
