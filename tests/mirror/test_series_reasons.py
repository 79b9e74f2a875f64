"""What people are told of the parts of a series: what holds all of them, and of which part it is said."""

from datetime import timedelta
from typing import Any

import pytest

from tests.mirror.test_series import CORE, refresh, shards
from tests.support.api import running
from tests.support.om_estate import OMEstate, has_a_past
from tests.support.published import recorded_statements
from thirdeye.local.tokens import Signer
from thirdeye.verdict import store

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]
TABLE = """query ($fqn: String!) { table(fqn: $fqn) { inUseThroughLineage series { reason }
  verdict { recommendation reasons blockers { code detail assets(first: 20) { asset { fqn inUse } distance } } } } }"""
NOTHING = "Nothing in use depends on it."


async def told(estate: OMEstate, signer: Signer, *fqns: str) -> list[dict[str, Any]]:
    """What the API says of these tables; of each its reasons, and its blockers with what is behind them."""
    async with running(estate.mirror.settings, signer, clock=lambda: estate.mirror.now) as api:
        tables = [(await api.data(TABLE, fqn=fqn))["table"] for fqn in fqns]
    for table in tables:
        blockers = table["verdict"].pop("blockers")
        table["details"] = {each["code"]: each["detail"] for each in blockers}
        table["assets"] = {
            each["code"]: [(node["asset"]["fqn"], node["distance"]) for node in each["assets"]] for each in blockers
        }
        table["reasons"] = table["verdict"]["reasons"]
    return tables


async def test_what_depends_on_one_part_is_not_said_to_depend_on_each(estate: OMEstate, signer: Signer) -> None:
    om = estate.om
    has_a_past(om)
    names = shards(om, 4, since=1)
    await refresh(estate)
    estate.pass_days(1, f"{CORE}.busy")
    # A new part tells nothing of the others, so the series is not in use; what depends on it holds all of them.
    newest = f"{CORE}.events_{om.day(0):%Y%m%d}"
    om.table(newest, version=0.1, updated=0, createdAt=om.milliseconds(0), **om.life_cycle(created=0))
    om.lineage(newest, f"{CORE}.busy")
    await refresh(estate)
    other, own = await told(estate, signer, names[0], newest)
    assert (other["inUseThroughLineage"], own["inUseThroughLineage"]) == (False, True)
    for table in (other, own):
        assert table["assets"]["ACTIVE_DOWNSTREAM"] == [(f"{CORE}.busy", 1)]
        assert NOTHING not in table["reasons"]
        assert table["details"]["ACTIVE_DOWNSTREAM"] in table["reasons"]
    assert other["details"]["ACTIVE_DOWNSTREAM"] == "Something that is in use depends on another part of its series."
    assert own["details"]["ACTIVE_DOWNSTREAM"] == "Something that is in use depends on it."


async def test_a_series_says_that_it_is_in_use_through_lineage(estate: OMEstate, signer: Signer) -> None:
    om = estate.om
    has_a_past(om)
    names = shards(om, 4, since=1)
    om.usage(names[0], [700])
    om.table(f"{CORE}.between")
    om.lineage(names[2], f"{CORE}.between")
    om.lineage(f"{CORE}.between", f"{CORE}.busy")
    await refresh(estate)
    (other,) = await told(estate, signer, names[0])
    reason = other["details"]["SERIES_IN_USE"]
    assert reason.startswith("Part of the series events_* (4 tables): in use through lineage, last read on ")
    assert reason.endswith(" (700 days ago).")
    assert (other["series"]["reason"], other["assets"]["SERIES_IN_USE"]) == (reason, [(f"{CORE}.busy", 2)])
    assert NOTHING not in other["reasons"]
    # What is read by itself is not held by what depends on it.
    om.usage(names[1], [1])
    await refresh(estate)
    (other,) = await told(estate, signer, names[0])
    reason = other["details"]["SERIES_IN_USE"]
    assert reason.startswith("Part of the series events_* (4 tables): last read on ")
    assert reason.endswith(" (1 day ago).")


async def test_a_keep_of_one_part_is_said_to_be_of_one(estate: OMEstate, signer: Signer) -> None:
    has_a_past(estate.om)
    names = shards(estate.om, 3, since=40)
    await refresh(estate)
    thirdeye, now = estate.mirror.thirdeye, estate.mirror.now
    row = await thirdeye.fetch_one("SELECT number FROM table_inventory WHERE fqn = %(fqn)s", {"fqn": names[1]})
    assert row is not None
    until = now.date() + timedelta(days=30)
    await store.keep(thirdeye, number=row["number"], reason="ours", by="ann", now=now, until=until)
    await refresh(estate)
    other, own = await told(estate, signer, names[0], names[1])
    assert other["details"]["KEPT_BY_OWNER"] == "Somebody said that it, or another part of its series, must stay."
    assert own["details"]["KEPT_BY_OWNER"].startswith("ann keeps it until ")
    assert {table["verdict"]["recommendation"] for table in (other, own)} == {"KEEP"}


async def test_all_that_is_unknown_downstream_is_read_at_once(estate: OMEstate, signer: Signer) -> None:
    has_a_past(estate.om)
    estate.om.read(f"{CORE}.raw", [400])
    unknown = [f"lake.main.core.t{number}" for number in range(4)]
    for name in unknown:
        estate.om.table(name)
        estate.om.lineage(f"{CORE}.raw", name)
    await refresh(estate)
    async with running(estate.mirror.settings, signer, clock=lambda: estate.mirror.now) as api:
        with recorded_statements() as statements:
            verdict = (await api.data(TABLE, fqn=f"{CORE}.raw"))["table"]["verdict"]
    (blocker,) = verdict["blockers"]
    assert sorted(each["asset"]["fqn"] for each in blocker["assets"]) == unknown
    assert sum("'table' AS kind" in statement for statement in statements) == 1
