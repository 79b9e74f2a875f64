"""Series in items and lists: one item for old parts, and one row where a caller wants that."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.action_estate import Estate
from tests.support.synthetic import Table
from thirdeye.actions.detection.store import tables_being_removed
from thirdeye.inventory.columns import day_number
from thirdeye.inventory.verdicts import BLOCKER_BIT, Blocker

pytestmark = pytest.mark.anyio
FQN = "shop.main.core.events"
SERIES = """series { name fqn tables inUse lastAccessed sizeBytes monthlyCost oldParts oldPartsMonthlyCost reason
  table { name series { tables } } }"""


@pytest.fixture
async def parts(estate: Estate) -> list[str]:
    """Four parts of a series, of which two are old; all of them grow."""
    names = [f"events_2026020{day}" for day in range(1, 5)]
    bits = BLOCKER_BIT[Blocker.SERIES_IN_USE]
    for place, name in enumerate(names):
        estate.tables[name] = Table(30 + place, name, size=10**12, owners=1, series=1, blockers=bits)
    estate.synthetic.series = [
        {"name": "events", "place": 0, "table": 30, "last": 33, "tables": 4, "whole": False, "inUse": True,
         "throughLineage": False,
         "accessed": day_number(date(2026, 2, 27)), "known": day_number(date(2024, 2, 1)), "bytes": 4 * 10**12,
         "cost": "92.000000", "advised": True, "old": [30, 31], "oldCost": "46.000000"},
    ]  # fmt: skip
    for number in range(30, 34):
        await estate.thirdeye.execute(
            "INSERT INTO table_change (generation, changed_at, kind, number) VALUES (1, %(now)s, 'GROWN', %(number)s)",
            {"now": estate.now, "number": number},
        )
    await estate.refresh()
    return names


async def test_old_parts_are_one_item_that_ends_with_the_advice(estate: Estate, parts: list[str]) -> None:
    # That the others have grown is no reason for items of their own.
    (item,) = await estate.items("title estimatedSavingsUsd table { name }", category=["SET_RETENTION"])
    # It is about the part that goes last, and named after all of them.
    assert (item["table"]["name"], Decimal(item["estimatedSavingsUsd"])) == (parts[3], Decimal(46))
    assert item["title"] == f"Set a retention for {FQN}_*"
    estate.synthetic.series[0] |= {"old": [30, 31, 32], "oldCost": "69.000000"}
    await estate.refresh()
    (item,) = await estate.items("estimatedSavingsUsd", category=["SET_RETENTION"])
    assert Decimal(item["estimatedSavingsUsd"]) == Decimal(69)
    await estate.thirdeye.execute("DELETE FROM table_change")
    estate.synthetic.series[0] |= {"old": [], "oldCost": "0.000000"}
    await estate.refresh()
    assert await estate.items("id", category=["SET_RETENTION"], status=["OPEN"]) == []


RETENTION = """id title status resolution assignee dueDate version projectedSavingUsd realizedSavingUsd savingNote
  table { name } history { kind by changes { field before after } }"""


async def retention(estate: Estate, fields: str = RETENTION) -> dict[str, Any]:
    """The one item about a retention that there is."""
    (item,) = await estate.items(fields, category=["SET_RETENTION"])
    return item


async def change(estate: Estate, **fields: Any) -> None:
    """A person changes the item about a retention."""
    mutation = """mutation ($id: Int!, $status: String, $assignee: String, $due: Date, $resolution: ActionResolution,
      $reason: String) { updateActionItem(id: $id, status: $status, assignee: $assignee, dueDate: $due,
      resolution: $resolution, resolutionReason: $reason) { id } }"""
    await estate.api.data(mutation, id=(await retention(estate, "id"))["id"], **fields)


async def test_the_item_moves_on_with_its_series(estate: Estate, parts: list[str]) -> None:
    await change(estate, status="IN_PROGRESS", assignee="ann", due="2026-06-01")
    before = await retention(estate)
    # Newer parts come, and its own is absent first, then gone.
    for day in (5, 6):
        estate.tables[f"events_2026020{day}"] = Table(30 + day, f"events_2026020{day}", size=10**12, series=1)
    estate.tables[parts[3]].absent = True
    estate.synthetic.series[0]["last"] = 36
    await estate.refresh()
    assert await retention(estate) == before
    gone = estate.tables[parts[3]]
    gone.absent, gone.present, gone.series = False, False, 0
    await estate.refresh()
    after = await retention(estate)
    assert after["table"]["name"] == "events_20260206"
    kept = ("id", "title", "status", "assignee", "dueDate", "projectedSavingUsd")
    assert [after[name] for name in kept] == [before[name] for name in kept]
    moved = {"field": "tableNumber", "before": "33", "after": "36"}
    assert (after["history"][0]["by"], after["history"][0]["changes"]) == ("thirdeye", [moved])
    assert after["version"] == before["version"] + 1
    # As long as that is there, it stays.
    estate.synthetic.series[0]["last"] = 35
    await estate.refresh()
    assert await retention(estate) == after


async def test_what_was_decided_of_one_part_holds_for_all(estate: Estate, parts: list[str]) -> None:
    await change(estate, resolution="DISMISSED", reason="We need it.")
    gone = estate.tables[parts[3]]
    gone.present, gone.series = False, 0
    estate.synthetic.series[0]["last"] = 32
    await estate.refresh()
    assert (await retention(estate))["resolution"] == "DISMISSED"
    # The whole has to cost twice as much, not the part that stands for it.
    estate.tables[parts[2]].size = 10**13
    await estate.refresh()
    assert len(await estate.items(category=["SET_RETENTION"])) == 1
    estate.synthetic.series[0]["cost"] = "184.000000"
    await estate.refresh()
    assert [item["status"] for item in await estate.items(category=["SET_RETENTION"])] == ["DONE", "OPEN"]


async def test_old_parts_are_expected_to_go_once_somebody_works_on_it(estate: Estate, parts: list[str]) -> None:
    async def expected() -> set[int]:
        return await tables_being_removed(estate.thirdeye, lambda: estate.now)

    assert await expected() == set()
    await change(estate, status="IN_PROGRESS")
    assert await expected() == {30, 31}
    # A part that somebody reads again is none of them; an absent one still is, though no advice names it.
    estate.tables[parts[0]].absent = True
    estate.synthetic.series[0] |= {"old": [32], "oldCost": "23.000000"}
    await estate.refresh()
    assert await expected() == {30, 32}
    assert Decimal((await retention(estate))["projectedSavingUsd"]) == Decimal(46)
    await change(estate, resolution="COMPLETED")
    assert await expected() == {30, 32}
    estate.now += timedelta(days=31)
    assert await expected() == set()


async def test_what_old_parts_cost_is_saved_in_full_and_taken_back(estate: Estate, parts: list[str]) -> None:
    campaign = await estate.api.data(
        'mutation { createCampaign(input: { name: "Old", filter: { inSeries: true } }) { id } }'
    )
    # Another item about one of the parts does not count it twice.
    await estate.api.data(f'mutation {{ createActionItem(title: "x", table: "shop.main.core.{parts[0]}") {{ id }} }}')
    await change(estate, status="IN_PROGRESS")
    await estate.refresh()
    before = await retention(estate)
    old = [estate.tables[name] for name in parts[:2]]
    for table in old:
        table.absent = True
    # What is absent is no longer advised to go; nothing is concluded.
    estate.synthetic.series[0] |= {"old": [], "oldCost": "0.000000"}
    await estate.thirdeye.execute("DELETE FROM table_change")
    await estate.refresh()
    assert await retention(estate) == before
    for table in old:
        table.present, table.absent, table.series = False, False, 0
    estate.synthetic.series[0] |= {"table": 32, "tables": 2}
    await estate.refresh()
    item = await retention(estate)
    assert (item["status"], item["resolution"], item["realizedSavingUsd"]) == ("DONE", "COMPLETED", "46.000000")
    assert item["savingNote"] == "Of its 2 old parts 2 are gone, the last since 1 March 2026."
    query = """query ($id: Int!) { campaign(id: $id) { progress { realizedUsd } leaderboard { realizedUsd } }
      savings(groupBy: CAMPAIGN) { realizedUsd projectedUsd unproven groups { key realizedUsd } } }"""
    found = await estate.api.data(query, id=campaign["createCampaign"]["id"])
    assert found == {
        "campaign": {"progress": {"realizedUsd": "46.000000"}, "leaderboard": [{"realizedUsd": "46.000000"}]},
        "savings": {
            "realizedUsd": "46.000000", "projectedUsd": "46.000000", "unproven": 0,
            "groups": [{"key": "Old", "realizedUsd": "46.000000"}],
        },
    }  # fmt: skip
    for table in old:
        table.present, table.series = True, 1
    await estate.refresh()
    assert (await retention(estate))["realizedSavingUsd"] == "0.000000"


async def test_a_table_tells_what_it_is_part_of(estate: Estate, parts: list[str]) -> None:
    query = f"query ($fqn: String!) {{ table(fqn: $fqn) {{ {SERIES} verdict {{ reasons }} }} }}"
    table = (await estate.api.data(query, fqn=f"shop.main.core.{parts[2]}"))["table"]
    series, reason = (
        table["series"],
        "Part of the series events_* (4 tables): last read on 27 February 2026 (2 days ago).",
    )
    assert series.pop("table") == {"name": parts[0], "series": {"tables": 4}}
    assert series == {
        "name": "events", "fqn": FQN, "tables": 4, "inUse": True, "lastAccessed": "2026-02-27", "sizeBytes": 4 * 10**12,
        "monthlyCost": "92.000000", "oldParts": 2, "oldPartsMonthlyCost": "46.000000", "reason": reason,
    }  # fmt: skip
    assert reason in table["verdict"]["reasons"]
    assert (await estate.api.data(query, fqn="shop.main.core.going"))["table"]["series"] is None


async def test_lists_of_parts_and_lists_with_one_row_for_all(estate: Estate, parts: list[str]) -> None:
    query = """query ($f: TableFilterInput, $c: Boolean, $after: String) {
      tables(filter: $f, collapseSeries: $c, sortBy: "size", first: 2, after: $after) {
        totalCount edges { cursor node { name series { sizeBytes } } } } }"""
    for wanted, count in (
        ({"series": [FQN]}, 4), ({"series": ["shop.main.core.other"]}, 0), ({"series": []}, 0), ({"inSeries": True}, 4),
        ({"series": [FQN], "inSeries": False}, 0), ({"oldParts": True}, 1), ({"inSeries": True, "oldParts": False}, 3),
    ):  # fmt: skip
        assert (await estate.api.data(query, f=wanted))["tables"]["totalCount"] == count, wanted
    every = (await estate.api.data(query))["tables"]["totalCount"]
    collapsed = (await estate.api.data(query, c=True))["tables"]
    assert collapsed["totalCount"] == every - 3
    found, after = list[str](), None
    while edges := (await estate.api.data(query, c=True, after=after))["tables"]["edges"]:
        found += [edge["node"]["name"] for edge in edges]
        after = edges[-1]["cursor"]
    assert len(found) == len(set(found)) == every - 3
    assert set(found) & set(parts) == {parts[0]}
