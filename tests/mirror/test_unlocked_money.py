"""Following what the plan says releases more than nothing, and at most what it said."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.om_estate import READ_DAYS, OMEstate, has_a_past
from tests.support.om_rows import OMRows
from thirdeye.inventory.reader import EstateReader
from thirdeye.verdict.resolvers.unlocking import _entries
from thirdeye.verdict.unlocking import MAX_GROUPS, bounded

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured]
TB = 10**12
CORE = "shop.main.core"


async def plan(estate: OMEstate, kind: str = "AUTO") -> dict[tuple[str, str], dict[str, Any]]:
    """The groups by state and reason, after a refresh that is compared with the second one."""
    await estate.look(kind)
    reader = EstateReader(estate.mirror.thirdeye)
    snapshot = await reader.snapshot()
    entries = [*_entries(await reader.document(snapshot, "unlocking"), snapshot.directory)]
    return {(each["state"], each["reason"]): each for each in entries}


def released(groups: dict[tuple[str, str], dict[str, Any]]) -> Decimal:
    return sum((Decimal(each["monthlyCost"]) for each in groups.values() if each["state"] == "RELEASED"), Decimal(0))


def idle(om: OMRows, fqn: str, ago: int = 450, size: int | None = TB) -> None:
    om.read(fqn, [ago])
    if size is not None:
        om.profile(fqn, 20, size)


async def follows_advice(
    estate: OMEstate, key: tuple[str, str], action: str, actor: str, before: dict[tuple[str, str], dict[str, Any]]
) -> None:
    """What was done releases something, and no more than the plan said."""
    group, after = before[key], await plan(estate)
    assert action in group["action"], group["action"]
    assert group["actor"] == actor
    gained = released(after) - released(before)
    assert 0 < gained <= Decimal(group["releasesAtMost"]), (gained, group)
    assert key not in after


async def test_confirming_a_silent_feed(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.read("shop.main.core.busy", READ_DAYS)
    for number in range(4):
        om.read(f"shop.quiet.core.t{number}", range(400, 460))
        om.profile(f"shop.quiet.core.t{number}", 20, TB)
    before = await plan(estate)
    await estate.confirm("shop.quiet")
    await follows_advice(estate, ("BLOCKED", "FEED_SILENT"), "confirmFeed", "ADMINISTRATOR", before)


async def test_connecting_a_feed(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    idle(om, f"{CORE}.dead")
    for name in ("used", "dead"):
        om.table(f"shop.hidden.core.{name}")
        om.profile(f"shop.hidden.core.{name}", 20, TB)
    before = await plan(estate)
    assert before["BLOCKED", "NO_FEED"]["monthlyCost"] == "46.000000"
    om.read("shop.hidden.core.used", READ_DAYS)
    await follows_advice(estate, ("BLOCKED", "NO_FEED"), "add a usage agent to shop", "OM_ADMINISTRATOR", before)


async def test_adding_lineage(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.run("DELETE FROM entity_relationship WHERE relation = 13")
    idle(om, f"{CORE}.dead")
    before = await plan(estate)
    assert before["STAYS", "NO_LINEAGE"]["monthlyCost"] == "4.600000"
    for number in range(0, 6, 2):
        om.lineage(f"{CORE}.gone_{number}", f"{CORE}.gone_{number + 1}")
    await follows_advice(estate, ("STAYS", "NO_LINEAGE"), "Ingest lineage of shop", "OM_ADMINISTRATOR", before)


async def test_giving_sizes(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    idle(om, f"{CORE}.dead", size=None)
    before = await plan(estate)
    group = before["UNKNOWN_COST", "UNKNOWN_COST"]
    assert (group["service"], group["tables"], group["releasesAtMost"]) == ("shop", 46, None)
    assert group["action"] == "Profile 46 tables of shop, so that they have sizes and a cost."
    om.profile(f"{CORE}.dead", 0, TB)
    after = await plan(estate)
    assert after["UNKNOWN_COST", "UNKNOWN_COST"]["tables"] == 45
    assert released(after) - released(before) == Decimal("23")


async def test_each_table_is_under_the_first_of_its_reasons(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    tables = ("going", "critical", "protected", "of_ann", "written", "view", "both")
    for name in tables:
        idle(om, f"{CORE}.{name}")
    om.tag(f"{CORE}.critical", "Tier.Tier1")
    for name in ("protected", "both"):
        om.tag(f"{CORE}.{name}", "PII.Sensitive")
    om.tag(f"{CORE}.both", "Tier.Tier2")
    om.person("user:ann")
    om.owns("user:ann", f"{CORE}.of_ann")
    om.write(f"{CORE}.written", 3)
    om.view(f"{CORE}.view", "SELECT 1")
    om.usage(f"{CORE}.view", [450])
    # As long as OpenMetadata has it not for days only, it stays as it was.
    idle(om, f"{CORE}.leaving")
    await estate.set_policy(protected_tags=["PII.Sensitive"], review_cared_for=True)
    om.follow("fan", f"{CORE}.of_ann")
    groups = await plan(estate)
    told = {
        key: (each["tables"], each["monthlyCost"])
        for key, each in groups.items()
        if each["tablesOfUnknownCost"] < each["tables"]
    }
    assert told.pop(("RELEASED", "DELETE")) == (2, "46.000000")
    assert told == {
        ("BLOCKED", "CRITICAL_TIER"): (2, "46.000000"),
        ("BLOCKED", "PROTECTED_TAG"): (1, "23.000000"),
        ("BLOCKED", "CARED_FOR"): (1, "23.000000"),
        ("STAYS", "STILL_WRITTEN"): (1, "23.000000"),
        ("BLOCKED", "WITHOUT_STORAGE"): (1, "0.000000"),
    }
    assert groups["BLOCKED", "CARED_FOR"]["owners"][0]["name"] == "ann"
    assert groups["BLOCKED", "CARED_FOR"]["action"].startswith("Ask ann about 1 table")
    # The one with both reasons would stay by the other one.
    assert groups["BLOCKED", "CRITICAL_TIER"]["releasesAtMost"] == "23.000000"
    om.drop(f"{CORE}.leaving")
    for kind in ("AUTO", "FULL"):
        assert await plan(estate, kind) == groups


def test_what_is_beyond_the_bound_is_told_together() -> None:
    groups: list[Any] = [
        {
            "state": "BLOCKED", "reason": "AGE", "scope": 1, "number": number, "tables": 1, "unpriced": 0,
            "cost": "0.100000", "releases": "0.050000", "first_day": f"2027-01-{number + 1:02}",
        }
        for number in range(9)
    ]  # fmt: skip
    assert bounded(groups, MAX_GROUPS) == groups
    *kept, rest = bounded(groups, 4)
    assert kept == groups[:4]
    assert rest == {
        "state": "BLOCKED", "reason": "AGE", "scope": 0, "number": 0, "tables": 5, "unpriced": 0,
        "cost": "0.500000", "releases": "0.250000", "first_day": "2027-01-05",
    }  # fmt: skip
