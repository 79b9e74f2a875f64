"""What was saved is measured, once for each table, and adds up."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.action_estate import A_DAY, Estate
from tests.support.published import recorded_statements
from tests.support.synthetic import Table
from thirdeye.inventory.verdicts import Verdict
from thirdeye.verdict.removal import renamed_name

pytestmark = pytest.mark.anyio
SAVINGS = """query ($by: SavingsGroup!) {
  savings(groupBy: $by) { projectedUsd realizedUsd baselineUsd tables unproven openUsd groups { key projectedUsd realizedUsd tables } }
}"""
NOTE = "id status resolution resolutionReason projectedSavingUsd realizedSavingUsd savingNote"


async def sums(estate: Estate, group: str = "MONTH") -> dict[str, Any]:
    found = (await estate.api.data(SAVINGS, by=group))["savings"]
    total = sum((Decimal(each["realizedUsd"]) for each in found["groups"]), Decimal(0))
    assert total == Decimal(found["realizedUsd"]), group
    assert sum((Decimal(each["projectedUsd"]) for each in found["groups"]), Decimal(0)) == Decimal(
        found["projectedUsd"]
    )
    assert sum(each["tables"] for each in found["groups"]) == found["tables"] or group == "MONTH"
    assert Decimal(found["realizedUsd"]) <= Decimal(found["baselineUsd"])
    return dict(found)


async def test_what_reads_all_open_items_is_read_for_those_who_ask_for_it(estate: Estate) -> None:
    def read(statements: list[str]) -> int:
        return sum("status <> 'DONE'" in statement for statement in statements)

    with recorded_statements() as statements:
        await estate.api.data("{ savings(groupBy: MONTH) { projectedUsd realizedUsd } }")
    assert read(statements) == 0
    with recorded_statements() as statements:
        found = await estate.api.data("{ savings(groupBy: MONTH) { openUsd priceBasis } }")
    assert read(statements) == 1
    assert Decimal(found["savings"]["openUsd"]) > 0


async def test_a_table_that_goes_is_saved_once_whoever_names_it(estate: Estate) -> None:
    create = """mutation ($f: TableFilterInput) {
      createActionItem(title: "mine", table: "shop.main.core.going", estimatedSavingsUsd: "100") { id }
      one: createCampaign(input: {name: "one", goalUsd: "115", filter: $f}) { id }
      two: createCampaign(input: {name: "two", filter: $f}) { id }
    }"""
    made = await estate.api.data(create, f={"verdict": ["DELETE"]})
    progress = "{ campaigns { name progress { items doneItems projectedUsd realizedUsd share } leaderboard { owner items realizedUsd } } }"
    before = (await estate.api.data(progress))["campaigns"]
    assert before[0]["progress"] == {
        "items": 2, "doneItems": 0, "projectedUsd": "230.000000", "realizedUsd": "0.000000", "share": 0.0,
    }  # fmt: skip
    estate.tables["going"].present = False
    outcome = await estate.refresh()
    assert (outcome.changed, outcome.measured) == (1, 1)
    items = await estate.items(NOTE + " detected", table=["shop.main.core.going"])
    found, mine = sorted(items, key=lambda item: not item["detected"])
    assert (found["status"], found["resolution"]) == ("DONE", "COMPLETED")
    assert found["resolutionReason"] == "Its table is gone from OpenMetadata."
    assert found["savingNote"] == "Its table is gone since 1 March 2026; it cost 230.00 USD a month."
    assert (mine["id"], mine["status"], mine["realizedSavingUsd"]) == (
        made["createActionItem"]["id"],
        "OPEN",
        "230.000000",
    )
    for group, key in (("MONTH", "2026-03"), ("SERVICE", "shop"), ("OWNER", "ann"), ("CAMPAIGN", "one")):
        saved = await sums(estate, group)
        assert saved["realizedUsd"] == "230.000000", group
        assert [each["key"] for each in saved["groups"]] == [key], group
    after = (await estate.api.data(progress))["campaigns"]
    assert [each["progress"]["realizedUsd"] for each in after] == ["230.000000", "230.000000"]
    assert (after[0]["progress"]["doneItems"], after[0]["progress"]["share"]) == (1, 2.0)
    assert after[0]["leaderboard"] == [{"owner": "ann", "items": 2, "realizedUsd": "230.000000"}]
    # It is back: nothing is saved any more, and the ledger says so.
    estate.tables["going"].present = True
    await estate.refresh()
    assert (await sums(estate))["realizedUsd"] == "0.000000"
    rows = await estate.thirdeye.fetch_all("SELECT kind, realized_usd FROM saving_entry ORDER BY id")
    assert [(row["kind"], row["realized_usd"]) for row in rows] == [
        ("REMOVED", Decimal(230)),
        ("RETURNED", Decimal(-230)),
    ]


async def test_the_name_of_a_team_says_that_it_is_one(estate: Estate) -> None:
    for name in ("going", "cold"):
        estate.tables[name].present = False
    await estate.refresh()
    assert sorted(each["key"] for each in (await sums(estate, "OWNER"))["groups"]) == ["ann", "finance (team)"]


async def test_done_by_hand_and_still_there_saves_nothing_and_says_so(estate: Estate) -> None:
    (item,) = await estate.items(NOTE, category=["PURGE"])
    await estate.api.data(f"mutation {{ updateActionItem(id: {item['id']}, resolution: COMPLETED) {{ id }} }}")
    await estate.refresh()
    (item,) = await estate.items(NOTE, category=["PURGE"])
    assert item["realizedSavingUsd"] == "0"
    assert item["savingNote"] == (
        "It was called done, but its table is still there and costs what it did: nothing is saved so far."
    )
    saved = await sums(estate)
    assert (saved["projectedUsd"], saved["realizedUsd"], saved["unproven"]) == ("230.000000", "0.000000", 1)
    # In a month it is asked again.
    estate.now += 30 * A_DAY
    assert (await estate.refresh()).opened == 1


async def test_a_table_under_another_name_is_not_saved_until_it_is_dropped(estate: Estate) -> None:
    (item,) = await estate.items(category=["PURGE"])
    stage = (
        "mutation ($id: Int!, $stage: RemovalStage) { stageActionItem(id: $id, stage: $stage, waitingDays: 0) { id } }"
    )
    for name in ("ANNOUNCED", "RESTRICTED"):
        await estate.api.data(stage, id=item["id"], stage=name)
    estate.tables["going"].present = False
    twin = Table(9, renamed_name("going", 63, estate.now.date()), Verdict.KEEP, size=10**13, owners=1)
    estate.tables[twin.name] = twin
    await estate.refresh()
    (item,) = await estate.items(NOTE + " stage", category=["PURGE"])
    assert (item["status"], item["stage"], item["realizedSavingUsd"]) == ("IN_PROGRESS", "RESTRICTED", "0.000000")
    assert "lives on under another name" in item["savingNote"]
    # Somebody finds it under its new name.
    twin.accessed = estate.now.date() + A_DAY
    estate.now += A_DAY
    await estate.refresh()
    (alarm,) = await estate.items("alert status", category=["PURGE"])
    assert (alarm["status"], "It was read on 2 March 2026" in alarm["alert"]) == ("OPEN", True)
    for name in ("ANNOUNCED", "RESTRICTED", "DROPPED"):
        await estate.api.data(stage, id=item["id"], stage=name)
    twin.present = False
    await estate.refresh()
    (item,) = await estate.items(NOTE, category=["PURGE"])
    assert (item["status"], item["resolution"], item["realizedSavingUsd"]) == ("DONE", "COMPLETED", "230.000000")


async def test_what_stops_or_shrinks_is_measured(estate: Estate) -> None:
    estate.tables["written"].written = estate.now.date()
    estate.tables["new"] = Table(5, "new", Verdict.STOP_REFRESH, size=10**12, written=estate.now.date())
    # Nothing stops that had stopped long before.
    estate.tables["old"] = Table(6, "old", Verdict.DELETE, size=10**12, written=estate.now.date() - 100 * A_DAY)
    await estate.refresh()
    estate.tables["cold"].size = 10**12
    estate.now += 31 * A_DAY
    estate.tables["new"].verdict = Verdict.KEEP
    await estate.refresh()
    (archive,) = await estate.items(NOTE, category=["ARCHIVE"])
    assert archive["realizedSavingUsd"] == "207.000000"
    assert "has shrunk" in archive["savingNote"]
    (stopped,) = await estate.items(NOTE, table=["shop.main.core.new"])
    assert (stopped["status"], stopped["resolution"], stopped["realizedSavingUsd"]) == ("DONE", "COMPLETED", "0.000000")
    assert "no longer written" in stopped["savingNote"]
    (old,) = await estate.items(NOTE, table=["shop.main.core.old"])
    assert (old["realizedSavingUsd"], old["savingNote"]) == ("0", None)
    for bad, argument in (
        (("2027-01-01", "2026-01-01"), "from"), (("2001-01-01", "2026-01-01"), "from"), (("0001-01-01", "0001-01-02"), "to"),
        (("9999-01-01", "9999-12-31"), "to"),
    ):  # fmt: skip
        error = await estate.api.error(f'{{ savings(from: "{bad[0]}", to: "{bad[1]}") {{ tables }} }}')
        assert error["extensions"]["argument"] == argument


async def test_what_a_table_cost_is_remembered_from_when_it_was_first_named(estate: Estate) -> None:
    cost = "SELECT storage_usd FROM saving_baseline WHERE table_number = 0"
    going = estate.tables["going"]
    # A second item about it changes nothing of that.
    going.size, going.owners = 2 * 10**13, 0
    assert (await estate.refresh()).opened == 1
    assert await estate.thirdeye.fetch_one(cost) == {"storage_usd": Decimal(230)}
    # When all have ended, the next one begins anew, also in the very refresh that ended them.
    going.owners, going.verdict = 1, Verdict.REVIEW
    outcome = await estate.refresh()
    assert (outcome.opened, outcome.changed) == (1, 2)
    assert await estate.thirdeye.fetch_one(cost) == {"storage_usd": Decimal(460)}


async def test_whose_prices_amounts_rest_on_is_remembered_from_then_on(estate: Estate) -> None:
    own = """mutation { setStoragePrice(serviceType: "*", usdPerGbMonth: "0.05") { basis }
      createActionItem(title: "mine", estimatedSavingsUsd: "1") { id }
      createCampaign(input: {name: "all", filter: {verdict: [DELETE]}}) { id } }"""
    await estate.api.data(own)
    estate.tables["new"] = Table(7, "new", Verdict.DELETE, size=10**12, owners=1)
    await estate.refresh()
    items = await estate.items("table { name } priceBasis")
    bases = {item["table"] and item["table"]["name"]: item["priceBasis"] for item in items}
    assert (bases.pop(None), bases.pop("new"), set(bases.values())) == (None, "OWN", {"LIST"})
    ask = """{ savings(groupBy: MONTH) { priceBasis groups { priceBasis } }
      campaigns { progress { items priceBasis } leaderboard { owner priceBasis } } }"""
    found = await estate.api.data(ask)
    assert found["savings"] == {"priceBasis": "MIXED", "groups": []}
    assert found["campaigns"] == [
        {"progress": {"items": 2, "priceBasis": "MIXED"}, "leaderboard": [{"owner": "ann", "priceBasis": "MIXED"}]}
    ]
    estate.tables["new"].present = False
    await estate.refresh()
    assert (await estate.api.data(ask))["savings"]["groups"] == [{"priceBasis": "OWN"}]
    # What an earlier version remembered does not tell.
    await estate.thirdeye.execute("UPDATE saving_baseline SET price_basis = NULL")
    found = await estate.api.data(ask)
    assert found["savings"] == {"priceBasis": None, "groups": [{"priceBasis": None}]}
    assert found["campaigns"][0]["progress"]["priceBasis"] is None
