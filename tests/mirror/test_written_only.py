"""Statements that only write a table are no use of it, and a table that nothing else names is looked at: never more."""

import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows
from tests.support.second_statements import STATEMENTS, only_writes, text_of
from thirdeye.inventory.reader import EstateReader
from thirdeye.verdict.unlock_groups import UnlockDocument

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
CORE = "shop.main.core"
TABLE, OTHER = f"{CORE}.asked", f"{CORE}.source"
INSERT = "INSERT INTO core.asked SELECT * FROM core.source"


def has_tables(om: OMRows) -> None:
    has_a_past(om)
    om.table(TABLE)
    om.table(OTHER)


async def test_the_cost_of_a_statement_that_only_writes_is_a_write(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    for number, template in enumerate(STATEMENTS):
        name, other = f"asked_{number}", f"source_{number}"
        text = text_of(template, "core", name, other)
        assert only_writes(text, f"{CORE}.{name}".split(".")) == STATEMENTS[template], template
        for table in (name, other):
            om.table(f"{CORE}.{table}")
        om.query_cost(f"query_{number}", [f"{CORE}.{name}", f"{CORE}.{other}"], 1, text=text)
    tables = await estate.look_twice()
    for number, (template, writes) in enumerate(STATEMENTS.items()):
        seen = tables[f"{CORE}.asked_{number}"]
        if writes:
            assert (seen.activity, seen.last_accessed, seen.verdict) == ("DORMANT", None, "STOP_REFRESH"), template
            assert "RECENTLY_WRITTEN" in seen.blockers, template
        else:
            assert (seen.activity, seen.last_accessed, seen.verdict) == ("ACTIVE", om.day(1), "KEEP"), template
        # What it reads is used.
        if "INTO {other}" not in template:
            assert tables[f"{CORE}.source_{number}"].activity == "ACTIVE", template


async def test_to_stop_writing_saves_what_the_writes_cost(om: OMRows, estate: OMEstate) -> None:
    has_tables(om)
    om.query_cost("nightly", [TABLE, OTHER], 1, 8.0, text=INSERT)
    om.query_cost("nightly", [TABLE, OTHER], 29, 4.0, text=INSERT)
    om.query_cost("by hand", [TABLE], 20, 1.5, text="DELETE FROM core.asked")
    om.query_cost("long ago", [TABLE], 31, 100.0, text=INSERT)
    om.profile(TABLE, 1, 10**12, rows=10)
    assert (await estate.look_twice())[TABLE].verdict == "STOP_REFRESH"
    reader = EstateReader(estate.mirror.thirdeye)
    plan: UnlockDocument = await reader.document(await reader.snapshot(), "unlocking")
    # Half of what the nightly runs cost is for the table that they read. Its storage stays.
    found = {
        (group["state"], group["reason"]): (group["tables"], group["cost"], group["releases"])
        for group in plan["groups"]
        if group["reason"] in ("STOP_REFRESH", "STILL_WRITTEN")
    }
    assert found == {
        ("RELEASED", "STOP_REFRESH"): (1, "7.500000", "7.500000"),
        # Too likely to be wanted again to go as a whole.
        ("STAYS", "STILL_WRITTEN"): (1, "23.000000", "0.000000"),
    }


async def test_what_is_counted_and_only_written_is_looked_at(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.table(OTHER)
    asked = {1: f"{CORE}.lately", 60: f"{CORE}.earlier"}
    for day, fqn in asked.items():
        om.table(fqn)
        om.usage(fqn, [day])
    seen = await estate.look()
    assert {seen[fqn].verdict for fqn in asked.values()} == {"KEEP"}
    for fqn in asked.values():
        om.statement(f"{fqn}_query", [fqn, OTHER], f"INSERT INTO {fqn} SELECT * FROM core.source")
    seen = await estate.look_twice()
    assert [(seen[fqn].activity, seen[fqn].verdict) for fqn in asked.values()] == [
        ("ACTIVE", "REVIEW"),
        ("COOLING", "REVIEW"),
    ]
    for fqn in asked.values():
        om.statement(f"{fqn}_other", [fqn], f"SELECT * FROM {fqn}")
    seen = await estate.look_twice()
    assert {seen[fqn].verdict for fqn in asked.values()} == {"KEEP"}


async def test_other_signs_of_use_keep_it(om: OMRows, estate: OMEstate) -> None:
    has_tables(om)
    om.usage(TABLE, [1])
    om.statement("a_query", [TABLE, OTHER], INSERT)
    om.query_cost("reading", [TABLE], 80, text="SELECT * FROM core.asked")
    assert (await estate.look())[TABLE].verdict == "KEEP"
    om.run("DELETE FROM entity_relationship WHERE relation = 5")
    om.statement("a_query", [TABLE, OTHER], INSERT)
    # It was read 80 days ago, as is remembered, and used since.
    assert (await estate.look())[TABLE].verdict == "REVIEW"


async def test_one_that_is_kept_or_depended_on_stays(om: OMRows, estate: OMEstate) -> None:
    has_tables(om)
    om.usage(TABLE, [1])
    om.statement("a_query", [TABLE, OTHER], INSERT)
    om.table("shop.main.core.mart")
    om.usage("shop.main.core.mart", [1])
    om.relate(TABLE, "shop.main.core.mart", ("table", "table"), 13)
    assert (await estate.look())[TABLE].verdict == "KEEP"


async def test_without_time_nothing_is_known_and_the_next_refresh_goes_on(om: OMRows, estate: OMEstate) -> None:
    has_tables(om)
    om.usage(TABLE, [1])
    om.statement("a_query", [TABLE, OTHER], INSERT)
    settings = estate.mirror.settings
    estate.mirror.settings = settings.model_copy(update={"statement_text_seconds": 0})
    run = await estate.mirror.refresh()
    assert "STATEMENT_PENDING" in {warning["code"] for warning in run["warnings"]}
    assert (await estate.seen())[TABLE].verdict == "KEEP"
    estate.mirror.settings = settings
    assert (await estate.look())[TABLE].verdict == "REVIEW"
    assert "STATEMENT_PENDING" not in estate.warnings
    # What is known already takes no time.
    estate.mirror.settings = settings.model_copy(update={"statement_text_seconds": 0})
    for kind in ("AUTO", "FULL"):
        assert (await estate.look(kind))[TABLE].verdict == "REVIEW"


async def test_a_statement_that_changes_is_read_again(om: OMRows, estate: OMEstate) -> None:
    has_tables(om)
    om.usage(TABLE, [1])
    om.statement("a_query", [TABLE, OTHER], INSERT, 5)
    assert (await estate.look())[TABLE].verdict == "REVIEW"
    om.statement("a_query", [TABLE, OTHER], "SELECT * FROM core.asked", 4)
    assert (await estate.look())[TABLE].verdict == "KEEP"
    om.statement("a_query", [TABLE, OTHER], INSERT, 3)
    assert (await estate.look())[TABLE].verdict == "REVIEW"
    om.run("DELETE FROM query_entity")
    assert (await estate.look_twice())[TABLE].verdict == "KEEP"


async def test_what_cannot_be_read_is_use(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    texts = (None, 5, ["INSERT INTO core.asked_2 VALUES (1)"], "", "INSERT " * 10_000)
    for number, text in enumerate(texts):
        om.table(f"{CORE}.asked_{number}")
        om.usage(f"{CORE}.asked_{number}", [1])
        om.statement(f"query_{number}", [f"{CORE}.asked_{number}"], text)
    seen = await estate.look_twice()
    assert [seen[f"{CORE}.asked_{number}"].verdict for number in range(len(texts))] == ["KEEP"] * len(texts)
