"""Following what the plan says releases more than nothing, and at most what it said."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.om_estate import READ_DAYS, OMEstate, Seen, has_a_past
from tests.support.om_rows import OMRows
from thirdeye.verdict.resolvers.unlocking import _Groups
from thirdeye.verdict.unlock_groups import MAX_GROUPS, bounded

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
TB = 10**12
CORE = "shop.main.core"


async def plan(estate: OMEstate, kind: str = "AUTO") -> dict[tuple[str, str], dict[str, Any]]:
    """The groups by state and reason, after a refresh that is compared with the second one."""
    await estate.look(kind)
    reader = estate.mirror.reader
    snapshot = await reader.snapshot()
    entries = _Groups(await reader.document(snapshot, "unlocking"), snapshot.directory).first(10_000)
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
    om.read("shop.hidden.core.dead", [450])
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


async def test_approving_removals(om: OMRows, estate: OMEstate) -> None:
    """Of each group what approving all that it names releases, and no more than it said."""
    has_a_past(om)
    om.run("DELETE FROM entity_relationship WHERE relation = 13")
    idle(om, f"{CORE}.dead")
    om.table("shop.hidden.core.dead")
    om.profile("shop.hidden.core.dead", 200, TB)
    for key, fqn, most in (
        (("STAYS", "NO_LINEAGE"), f"{CORE}.dead", "4.600000"),
        (("BLOCKED", "NO_FEED"), "shop.hidden.core.dead", "18.400000"),
    ):
        before = await plan(estate)
        (way,) = [each for each in before[key]["alternatives"] if each["kind"] == "APPROVE_REMOVAL"]
        assert way["releasesAtMost"] == most
        assert "(approveRemoval)" in way["action"]
        await estate.approve(fqn)
        after = await plan(estate)
        assert 0 < released(after) - released(before) <= Decimal(way["releasesAtMost"])
        # What is approved need not be approved again. The copy of what nobody knows of stays for want of knowledge.
        left = after[key]["alternatives"] if key in after else []
        assert all(each["releasesAtMost"] == "0.000000" for each in left)
    assert after["STAYS", "NO_FEED"]["monthlyCost"] == "4.600000"


async def test_an_estate_of_two_weeks_has_something_to_do(om: OMRows, estate: OMEstate) -> None:
    om.read("shop.main.core.busy", range(1, 14))
    om.lineage("shop.main.core.busy", "shop.main.core.other")
    for name in ("dead", "small", "read", "critical", "written"):
        om.table(f"{CORE}.{name}", updated=40)
        om.profile(f"{CORE}.{name}", 0, 10**9 if name == "small" else TB)
    om.usage(f"{CORE}.read", [13])
    om.tag(f"{CORE}.critical", "Tier.Tier1")
    om.write(f"{CORE}.written", 1)

    def tried(seen: dict[str, Seen]) -> set[str]:
        return {fqn.removeprefix(f"{CORE}.") for fqn, each in seen.items() if each.trial}

    assert tried(await estate.look()) == set()
    estate.pass_days(1, "shop.main.core.busy")
    estate.om.usage("shop.main.core.busy", [1])
    seen = await estate.look()
    assert seen[f"{CORE}.dead"].judgement == ("UNKNOWN", "FEW_DAYS")
    # Somebody writes one of them: to announce and restrict it is what shows whether anybody minds.
    assert tried(seen) == {"dead", "written"}
    assert tried(await estate.look("FULL")) == {"dead", "written"}
    group = (await plan(estate))["BLOCKED", "FEW_DAYS"]
    (trial,) = [each for each in group["alternatives"] if each["kind"] == "TRIAL"]
    assert (trial["tables"], trial["monthlyCost"], trial["releasesAtMost"]) == (2, "46.000000", "0.000000")
    assert trial["action"].startswith("Announce and restrict 2 tables for 30 days")
    # With the first use it is over.
    estate.pass_days(1, "shop.main.core.busy")
    om.usage(f"{CORE}.dead", [1])
    assert tried(await estate.look()) == {"written"}


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
    om.view(f"{CORE}.seen", "SELECT * FROM core.view")
    om.usage(f"{CORE}.seen", [450])
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
    assert told.pop(("RELEASED", "DELETE")) == (48, "46.000000")
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
            "alternatives": [{"kind": "TRIAL", "tables": 1, "cost": "0.100000", "releases": "0.000000"}],
        }
        for number in range(9)
    ]  # fmt: skip
    assert bounded(groups, MAX_GROUPS) == groups
    *kept, rest = bounded(groups, 4)
    assert kept == groups[:4]
    assert rest == {
        "state": "BLOCKED", "reason": "AGE", "scope": 0, "number": 0, "tables": 5, "unpriced": 0,
        "cost": "0.500000", "releases": "0.250000", "first_day": "2027-01-05",
        "alternatives": [{"kind": "TRIAL", "tables": 5, "cost": "0.500000", "releases": "0.000000"}],
    }  # fmt: skip
