"""Rules whose evidence cannot be read now, beside rules whose evidence can."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.action_estate import Estate
from tests.support.synthetic import Table
from thirdeye.inventory.verdicts import Verdict

pytestmark = pytest.mark.anyio
PREVIEW = """query ($i: ActionRuleInput!, $id: Int) {
  previewActionRule(input: $i, id: $id) { matched opens ends decided missingEvidence }
}"""
SET = "mutation ($i: ActionRuleInput!) { setActionRule(input: $i) { id } }"
OPEN = "SELECT name, category FROM action_items JOIN table_inventory ON number = table_number WHERE status <> 'DONE'"


async def still_open(estate: Estate) -> set[tuple[str, str]]:
    return {(row["name"], row["category"]) for row in await estate.thirdeye.fetch_all(OPEN)}


def rule(name: str, category: str, position: int, **fields: Any) -> dict[str, Any]:
    return {"name": name, "category": category, "priority": "LOW", "position": position, "filter": fields}


async def test_each_rule_waits_for_what_it_looks_at(estate: Estate) -> None:
    for each in (
        rule("large", "DEDUPLICATE", 1, minimumBytes=10**13),
        rule("of ann", "DEDUPLICATE", 2, owner=["ann"]),
        rule("small", "DEDUPLICATE", 3, maximumBytes=10**12),
    ):
        await estate.api.data(SET, i=each)
    await estate.refresh()
    copies = {(name, "DEDUPLICATE") for name in ("going", "cold", "expensive", "kept", "written")}
    assert {each for each in await still_open(estate) if each[1] == "DEDUPLICATE"} == copies
    before = await still_open(estate)
    # Owners cannot be read: all tables seem to be nobody's, and other things change as well.
    estate.synthetic.missing = ["OWNERS"]
    for table in estate.tables.values():
        table.owners = 0
    estate.tables["going"].verdict = Verdict.KEEP
    estate.tables["expensive"].size = 10**11
    estate.tables["new"] = Table(7, "new", Verdict.DELETE, size=10**13)
    await estate.refresh()
    # What rests on verdicts and costs alone has ended. Of copies the rule that sees goes on, but it does not know which of its
    # tables the next one would take; nothing is opened of what nobody knows whose it is.
    assert await still_open(estate) == before - {("going", "PURGE"), ("expensive", "REVIEW_EXPENSIVE")}
    preview = (await estate.api.data(PREVIEW, i=rule("any", "DEDUPLICATE", 4, maximumBytes=1)))["previewActionRule"]
    assert preview == {"matched": 0, "opens": 0, "ends": 0, "decided": 0, "missingEvidence": ["OWNERS"]}
    preview = (await estate.api.data(PREVIEW, i=rule("any", "PURGE", 4, verdict=["DELETE"])))["previewActionRule"]
    assert preview == {"matched": 1, "opens": 0, "ends": 0, "decided": 0, "missingEvidence": []}
    estate.synthetic.missing = []
    for name, owners in (("going", 1), ("cold", 2), ("written", 3), ("kept", 1)):
        estate.tables[name].owners = owners
    await estate.refresh()
    now = await still_open(estate)
    assert now - before == {
        ("going", "REVIEW_EXPENSIVE"), *(("new", category) for category in ("PURGE", "DEDUPLICATE", "ASSIGN_OWNER")),
    }  # fmt: skip
    assert ("expensive", "DEDUPLICATE") in now


async def test_without_profiles_nothing_is_measured_of_what_is_there(estate: Estate) -> None:
    async def measured() -> list[tuple[str, Decimal]]:
        rows = await estate.thirdeye.fetch_all("SELECT kind, realized_usd FROM saving_entry ORDER BY id")
        return [(row["kind"], row["realized_usd"]) for row in rows]

    estate.tables["going"].size = 10**12
    await estate.refresh()
    assert await measured() == [("SHRUNK", Decimal(207))]
    estate.synthetic.missing = ["PROFILES"]
    for table in estate.tables.values():
        table.size = None
    estate.tables["cold"].present = False
    await estate.refresh()
    # That a table is gone needs no profile.
    assert await measured() == [("SHRUNK", Decimal(207)), ("REMOVED", Decimal(230))]
    estate.tables["cold"].present = True
    await estate.refresh()
    assert len(await measured()) == 2
    estate.synthetic.missing = []
    estate.tables["going"].size, estate.tables["cold"].size = 10**12, 10**13
    await estate.refresh()
    assert (await measured())[2:] == [("RETURNED", Decimal(-230))]


async def test_no_campaign_gains_items_by_what_it_cannot_see(estate: Estate) -> None:
    estate.synthetic.missing = ["LINEAGE"]
    await estate.refresh()
    create = 'mutation ($f: TableFilterInput) { createCampaign(input: {name: "c", filter: $f}) { id } }'
    id_ = (await estate.api.data(create, f={"inUseThroughLineage": False}))["createCampaign"]["id"]
    await estate.refresh()
    assert await estate.items(campaign=id_) == []
    estate.synthetic.missing = ["TAGS"]
    await estate.refresh()
    assert len(await estate.items(campaign=id_)) > 3
