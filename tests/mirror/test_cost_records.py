"""Whoever pays for a query of a table uses it, whatever the feed says."""

import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
PLACES = ["shop.main.core", "shop.dark.core", "dark.main.core", "pg.main.core"]


@pytest.mark.parametrize("schema", PLACES)
async def test_a_cost_of_yesterday_is_use(om: OMRows, estate: OMEstate, schema: str) -> None:
    has_a_past(om)
    om.service("pg", "Postgres")
    table = f"{schema}.asked"
    om.table(table)
    om.query_cost("a_query", [table], 1)
    seen = (await estate.look())[table]
    assert (*seen.judgement, seen.last_accessed, seen.verdict) == ("ACTIVE", None, om.day(1), "KEEP")


async def test_it_is_remembered_a_year_later(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.service("pg", "Postgres")
    table, *others = (f"{schema}.asked" for schema in PLACES)
    for fqn in (table, *others):
        om.table(fqn)
    om.query_cost("a_query", [table, *others], 1)
    await estate.look()
    used = om.day(1)
    om.run("DELETE FROM query_cost_time_series")
    estate.pass_days(365, "shop.main.core.busy")
    for kind in ("AUTO", "FULL"):
        seen = await estate.look(kind)
        assert (seen[table].activity, seen[table].last_accessed, seen[table].idle) == ("STALE", used, 365)
        # Nobody looked there since.
        for fqn in others:
            assert (*seen[fqn].judgement, seen[fqn].last_accessed) == ("UNKNOWN", "NO_FEED", used), fqn


async def test_the_cost_of_a_query_that_names_nothing_is_nobodys(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    table = "shop.main.core.asked"
    om.table(table)
    om.query_cost("a_query", [], 1)
    assert (await estate.look())[table].activity == "DORMANT"
