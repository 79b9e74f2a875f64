"""Statements that only write a table are no use of it, and a table that nothing else names is looked at: never more."""

import pytest

from tests.support.om_estate import OMEstate, Seen, has_a_past
from tests.support.om_rows import OMRows
from tests.support.second_statements import STATEMENTS, only_writes, text_of
from thirdeye.inventory.reader import EstateReader
from thirdeye.verdict.unlock_groups import UnlockDocument

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured]
TABLE, OTHER = "shop.main.core.asked", "shop.main.core.source"
INSERT = "INSERT INTO core.asked SELECT * FROM core.source"


async def both(estate: OMEstate, fqn: str = TABLE) -> Seen:
    """What an incremental and a full refresh make of a table: the same."""
    seen = (await estate.look())[fqn]
    assert (await estate.look("FULL"))[fqn] == seen
    assert (await estate.look())[fqn] == seen
    return seen


def has_tables(om: OMRows) -> None:
    has_a_past(om)
    om.table(TABLE)
    om.table(OTHER)


@pytest.mark.parametrize("template", STATEMENTS)
async def test_the_cost_of_a_statement_that_only_writes_is_a_write(om: OMRows, estate: OMEstate, template: str) -> None:
    has_tables(om)
    text = text_of(template, "core", "asked", "source")
    writes = STATEMENTS[template]
    assert only_writes(text, TABLE.split(".")) == writes
    om.query_cost("a_query", [TABLE, OTHER], 1, text=text)
    seen = await both(estate)
    if writes:
        assert (seen.activity, seen.last_accessed, seen.verdict) == ("DORMANT", None, "STOP_REFRESH")
        assert "RECENTLY_WRITTEN" in seen.blockers
    else:
        assert (seen.activity, seen.last_accessed, seen.verdict) == ("ACTIVE", om.day(1), "KEEP")
    # What it reads is used.
    if "INTO {other}" not in template:
        assert (await estate.seen())[OTHER].activity == "ACTIVE"


async def test_to_stop_writing_saves_what_the_writes_cost(om: OMRows, estate: OMEstate) -> None:
    has_tables(om)
    om.query_cost("nightly", [TABLE, OTHER], 1, 8.0, text=INSERT)
    om.query_cost("nightly", [TABLE, OTHER], 29, 4.0, text=INSERT)
    om.query_cost("by hand", [TABLE], 20, 1.5, text="DELETE FROM core.asked")
    om.query_cost("long ago", [TABLE], 31, 100.0, text=INSERT)
    om.profile(TABLE, 1, 10**12, rows=10)
    assert (await both(estate)).verdict == "STOP_REFRESH"
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


@pytest.mark.parametrize("day", [1, 60])
async def test_what_is_counted_and_only_written_is_looked_at(om: OMRows, estate: OMEstate, day: int) -> None:
    has_tables(om)
    om.usage(TABLE, [day])
    assert (await estate.look())[TABLE].verdict == "KEEP"
    om.statement("a_query", [TABLE, OTHER], INSERT)
    seen = await both(estate)
    assert (seen.activity, seen.verdict) == ("ACTIVE" if day == 1 else "COOLING", "REVIEW")
    om.statement("another", [TABLE], "SELECT * FROM core.asked")
    assert (await both(estate)).verdict == "KEEP"


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
    assert (await both(estate)).verdict == "KEEP"


@pytest.mark.parametrize("text", [None, 5, ["INSERT INTO core.asked VALUES (1)"], "", "INSERT " * 10_000])
async def test_what_cannot_be_read_is_use(om: OMRows, estate: OMEstate, text: object) -> None:
    has_tables(om)
    om.usage(TABLE, [1])
    om.statement("a_query", [TABLE, OTHER], text)
    assert (await both(estate)).verdict == "KEEP"
