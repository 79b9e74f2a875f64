"""Items about series whose parts go, for good or not: how they end, how they return, and what they saved."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.action_estate import Estate
from tests.support.synthetic import Table
from thirdeye.actions.detection.store import tables_being_removed
from thirdeye.inventory.columns import day_number
from thirdeye.inventory.verdicts import BLOCKER_BIT, Blocker

pytestmark = pytest.mark.anyio
NAMES = [f"events_2026020{day}" for day in range(1, 5)]
KEPT = ("id", "title", "status", "resolution", "assignee", "dueDate", "snoozedUntil")
FIELDS = f"{' '.join(KEPT)} resolutionReason projectedSavingUsd realizedSavingUsd savingNote table {{ name }} history {{ kind by }}"
PARTS_GONE = "Most of the old parts that it named are gone from OpenMetadata."


@pytest.fixture(autouse=True)
async def _series(estate: Estate) -> None:
    """Four parts, of which two are old, and the item about them."""
    for place, name in enumerate(NAMES):
        bits = BLOCKER_BIT[Blocker.SERIES_IN_USE]
        estate.tables[name] = Table(30 + place, name, size=10**12, owners=1, series=1, blockers=bits)
    estate.synthetic.series = [
        {"name": "events", "place": 0, "table": 30, "last": 33, "tables": 4, "whole": False, "inUse": True,
         "throughLineage": False,
         "accessed": day_number(date(2026, 2, 27)), "known": day_number(date(2024, 2, 1)), "bytes": 4 * 10**12,
         "cost": "92.000000"},
    ]  # fmt: skip
    advise(estate, 30, 31)
    await estate.refresh()


def advise(estate: Estate, *old: int, advised: bool = True) -> None:
    """These are the old parts."""
    estate.synthetic.series[0] |= {"old": list(old), "oldCost": f"{23 * len(old)}.000000", "advised": advised}


def go(estate: Estate, *places: int) -> None:
    """These parts count as gone."""
    for table in (estate.tables[NAMES[place]] for place in places):
        table.present, table.series = False, 0


def come(estate: Estate, *places: int) -> None:
    """These parts are back."""
    for table in (estate.tables[NAMES[place]] for place in places):
        table.present, table.series = True, 1


async def retentions(estate: Estate) -> list[dict[str, Any]]:
    """The items about the series, the oldest first."""
    return await estate.items(FIELDS, category=["SET_RETENTION"])


def kept(item: dict[str, Any]) -> list[Any]:
    """What a return brings back."""
    return [item[name] for name in KEPT]


async def change(estate: Estate, item: int, **fields: Any) -> None:
    """A person changes an item."""
    mutation = """mutation ($id: Int!, $status: String, $assignee: String, $due: Date, $snooze: DateTime,
      $resolution: ActionResolution, $reason: String) { updateActionItem(id: $id, status: $status, assignee: $assignee,
      dueDate: $due, snoozedUntil: $snooze, resolution: $resolution, resolutionReason: $reason) { id } }"""
    await estate.api.data(mutation, id=item, **fields)


async def worked_on(estate: Estate) -> dict[str, Any]:
    """The item, as somebody left it who works on it."""
    (item,) = await retentions(estate)
    await change(
        estate, item["id"], status="IN_PROGRESS", assignee="ann", due="2026-06-01", snooze="2026-04-01T00:00:00Z"
    )
    return (await retentions(estate))[0]


@pytest.mark.parametrize("moved", [False, True], ids=["same table", "its table is gone, too"])
async def test_parts_that_come_back_bring_their_item_back(estate: Estate, moved: bool) -> None:
    before = await worked_on(estate)
    go(estate, 0, 1)
    advise(estate)
    await estate.refresh()
    (ended,) = await retentions(estate)
    assert (ended["status"], ended["resolutionReason"]) == ("DONE", PARTS_GONE)
    if moved:
        go(estate, 3)
        estate.synthetic.series[0]["last"] = 32
    # One of two is not most of them.
    come(estate, 0)
    await estate.refresh()
    assert kept((await retentions(estate))[0]) == kept(ended)
    come(estate, 1)
    advise(estate, 30, 31)
    await estate.refresh()
    (after,) = await retentions(estate)
    assert kept(after) == kept(before)
    assert after["realizedSavingUsd"] == "0.000000"
    assert after["table"]["name"] == NAMES[2 if moved else 3]
    events = [event["kind"] for event in after["history"]]
    assert events == [*(["UPDATED"] if moved else []), "REOPENED", "RESOLVED", "UPDATED", "DETECTED"]
    assert await estate.thirdeye.fetch_all("SELECT * FROM action_decision") == []
    assert (await estate.refresh()).changed == 0


@pytest.mark.parametrize("decided", ["dismissed", "another is open"])
async def test_what_somebody_decided_meanwhile_stays(estate: Estate, decided: str) -> None:
    before = await worked_on(estate)
    go(estate, 0, 1)
    advise(estate)
    await estate.refresh()
    if decided == "dismissed":
        await change(estate, before["id"], resolution="DISMISSED", reason="They are needed.")
    else:
        await estate.thirdeye.execute(
            "INSERT INTO action_items (title, category, table_number) VALUES ('mine', 'SET_RETENTION', 32)"
        )
    come(estate, 0, 1)
    advise(estate, 30, 31)
    await estate.refresh()
    assert (await retentions(estate))[0]["status"] == "DONE"


async def test_a_series_that_returns_without_the_table_of_its_item_brings_it_back(estate: Estate) -> None:
    before = await worked_on(estate)
    series = estate.synthetic.series
    go(estate, 0, 1, 2, 3)
    estate.synthetic.series = []
    await estate.refresh()
    (ended,) = await retentions(estate)
    assert (ended["status"], ended["resolution"]) == ("DONE", "OBSOLETE")
    # The service is ingested again, but its newest part is no more.
    come(estate, 0, 1, 2)
    estate.synthetic.series = series
    series[0] |= {"last": 32, "tables": 3}
    await estate.refresh()
    (after,) = await retentions(estate)
    assert kept(after) == kept(before)
    assert after["table"]["name"] == NAMES[2]
    assert (await estate.refresh()).changed == 0


@pytest.mark.parametrize(
    ("gone", "old", "advised", "enabled", "resolution"),
    [
        ([0], [], True, True, "COMPLETED"), ([0, 1], [], False, True, "COMPLETED"), ([0], [], False, True, "OBSOLETE"),
        ([0], [31], True, False, "OBSOLETE"), ([], [], True, True, "OBSOLETE"),
    ],
    ids=["the others are needed", "all are gone", "something speaks against it", "its rule is gone", "all are needed"],
)  # fmt: skip
async def test_it_is_done_once_nothing_is_left_to_let_go(
    estate: Estate, gone: list[int], old: list[int], advised: bool, enabled: bool, resolution: str
) -> None:
    go(estate, *gone)
    advise(estate, *old, advised=advised)
    switch = "UPDATE action_rule SET enabled = %(enabled)s WHERE category = 'SET_RETENTION'"
    await estate.thirdeye.execute(switch, {"enabled": int(enabled)})
    try:
        await estate.refresh()
    finally:
        await estate.thirdeye.execute(switch, {"enabled": 1})
    assert [(item["status"], item["resolution"]) for item in await retentions(estate)] == [("DONE", resolution)]


async def test_a_filter_for_old_parts_finds_the_item_about_them(estate: Estate) -> None:
    create = 'mutation { createCampaign(input: { name: "Old", filter: { oldParts: true } }) { id } }'
    campaign = (await estate.api.data(create))["createCampaign"]["id"]
    (item,) = await estate.items(campaign=campaign)
    assert item["category"] == "SET_RETENTION"
    # And after each refresh.
    await estate.thirdeye.execute("DELETE FROM campaign_item")
    await estate.refresh()
    assert await estate.items(campaign=campaign) == [item]


async def test_what_goes_after_detection_ended_an_item_is_not_expected(estate: Estate) -> None:
    async def expected() -> set[int]:
        return await tables_being_removed(estate.thirdeye, lambda: estate.now)

    before = await worked_on(estate)
    go(estate, 0)
    advise(estate)
    await estate.refresh()
    assert (await retentions(estate))[0]["resolutionReason"] == PARTS_GONE
    # What went while somebody worked on it was no absence; what is there has another reason, should it go.
    assert await expected() == {30}
    # Nobody had begun.
    await estate.thirdeye.execute(
        "UPDATE action_event SET state_before = JSON_SET(state_before, '$.status', 'OPEN') WHERE kind = 'RESOLVED'"
    )
    assert await expected() == set()
    # A person says that it is done.
    await change(estate, before["id"], resolution="COMPLETED", reason="We dropped them.")
    assert await expected() == {30, 31}


SAVINGS = "{ savings { projectedUsd realizedUsd unproven } }"


async def test_a_retention_that_is_done_again_promised_as_much_again(estate: Estate) -> None:
    (item,) = await retentions(estate)
    await change(estate, item["id"], resolution="COMPLETED")
    go(estate, 0, 1)
    # Its table is the same, as that of a Partitioned one is, and another part is old.
    estate.synthetic.series[0]["table"] = 32
    advise(estate, 32)
    # What nobody did and is asked again, counts once.
    for _ in range(2):
        estate.now += timedelta(days=31)
        await estate.refresh()
        item = (await retentions(estate))[-1]
        assert (item["status"], item["savingNote"]) == ("OPEN", None)
        await change(estate, item["id"], resolution="COMPLETED")
        assert (await estate.api.data(SAVINGS))["savings"] == {
            "projectedUsd": "69.000000", "realizedUsd": "46.000000", "unproven": 1,
        }  # fmt: skip
    assert (await retentions(estate))[-1]["savingNote"] == (
        "It was called done, but its old parts are still there and cost what they did: nothing is saved so far."
    )


async def test_what_became_of_parts_is_told_by_what_it_is(estate: Estate) -> None:
    async def note() -> str:
        (item,) = await retentions(estate)
        return str(item["savingNote"])

    for name in NAMES:
        estate.tables[name].size = None
    await estate.thirdeye.execute("DELETE FROM saving_baseline")
    await estate.thirdeye.execute("DELETE FROM action_item_part")
    estate.tables[NAMES[1]].size = 10**12
    await estate.refresh()
    estate.tables[NAMES[1]].size = 10**11
    await estate.refresh()
    assert await note() == "Of its 2 old parts 1 is smaller, the last since 1 March 2026."
    estate.now += timedelta(days=9)
    go(estate, 0)
    advise(estate, 31)
    await estate.refresh()
    assert await note() == "Of its 2 old parts 1 is gone and 1 is smaller, the last since 10 March 2026."
    # It is as large as before: what has become of the other is not known to save anything.
    estate.tables[NAMES[1]].size = 10**12
    await estate.refresh()
    assert await note() == "Of its 2 old parts 1 is gone, the last since 10 March 2026; what that saves is not known."
