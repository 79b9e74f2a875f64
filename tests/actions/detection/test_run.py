"""Detection killed at any page, by two workers at once, while people change what it looks at, and over nothing at all."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.action_estate import Estate
from tests.support.synthetic import Synthetic, Table
from thirdeye.actions import batches
from thirdeye.actions.detection import store
from thirdeye.actions.detection.run import Detection, Outcome
from thirdeye.actions.detection.store import NewItem
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.verdicts import BLOCKER_BIT, Blocker, Verdict

pytestmark = pytest.mark.anyio
STATE = "SELECT table_number, category, title, priority, status, resolution, estimated_savings_usd FROM action_items ORDER BY 1, 2"


class Killed(BaseException):
    """As a process is: nothing after it is run."""


def detection(estate: Estate) -> Detection:
    return Detection(
        settings=estate.settings,
        thirdeye=estate.thirdeye,
        estate=EstateReader(estate.thirdeye),
        clock=lambda: estate.now,
    )


def killed_at(function: Callable[..., Any], call: int) -> Callable[..., Any]:
    calls = 0

    async def guarded(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise Killed
        return await function(*args, **kwargs)

    return guarded


@pytest.mark.parametrize("step", ["insert_items", "locked_versions", "put_state"])
async def test_killed_at_any_page_the_next_run_ends_what_it_began(
    estate: Estate, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(batches, "BATCH_SIZE", 1)
    real, call = getattr(store, step), 0
    while True:
        call += 1
        # Half of what there was goes, and as much comes.
        for place, name in enumerate(("going", "cold", "written")):
            estate.tables[name].verdict = Verdict.KEEP if call % 2 else list(Verdict)[4 - place]
            estate.tables[f"new {name}"] = Table(
                20 + place, f"new {name}", Verdict.DELETE if call % 2 else Verdict.KEEP, owners=1
            )
        await estate.synthetic.publish(list(estate.tables.values()), estate.now)
        monkeypatch.setattr(store, step, killed_at(real, call))
        try:
            await detection(estate).run()
            break
        except Killed:
            monkeypatch.setattr(store, step, real)
            assert await detection(estate).is_due()
            await detection(estate).run()
        assert await detection(estate).run() == Outcome()
        assert not await detection(estate).is_due()
        rows = await estate.thirdeye.fetch_all(
            "SELECT id, version, status, (SELECT COUNT(*) FROM action_event WHERE item = action_items.id) AS events FROM action_items"
        )
        # As many events as versions: nothing was done twice, and nothing without a word.
        assert [row for row in rows if row["events"] != row["version"]] == []
        wanted = {table.number for table in estate.tables.values() if table.verdict is Verdict.DELETE}
        found = await estate.thirdeye.fetch_all(
            "SELECT table_number FROM action_items WHERE category = 'PURGE' AND status <> 'DONE'"
        )
        assert {row["table_number"] for row in found} == wanted
    assert call > 1


async def test_two_workers_at_once_do_it_once(estate: Estate) -> None:
    estate.tables["new"] = Table(5, "new", Verdict.DELETE)
    await estate.synthetic.publish(list(estate.tables.values()), estate.now)
    outcomes = await asyncio.gather(*(detection(estate).run() for _ in range(3)))
    assert sum(outcome.opened for outcome in outcomes if outcome) == 1
    assert len(await estate.items(table=["shop.main.core.new"], category=["PURGE"])) == 1


async def test_what_a_person_changes_meanwhile_stays(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    (purge,) = await estate.items(category=["PURGE"])
    real = store.tracked_items

    async def tracked_items(*args: Any) -> Any:
        found = await real(*args)
        await estate.api.data(
            f'mutation {{ updateActionItem(id: {purge["id"]}, priority: LOW, title: "mine") {{ id }} }}'
        )
        return found

    monkeypatch.setattr(store, "tracked_items", tracked_items)
    estate.tables["going"].verdict = Verdict.KEEP
    await estate.synthetic.publish(list(estate.tables.values()), estate.now)
    await detection(estate).run()
    (left,) = await estate.items("title priority status version", ids=[purge["id"]])
    assert left == {"title": "mine", "priority": "LOW", "status": "OPEN", "version": 2}
    monkeypatch.setattr(store, "tracked_items", real)
    await detection(estate).run()
    (left,) = await estate.items("status resolution", ids=[purge["id"]])
    assert left == {"status": "DONE", "resolution": "OBSOLETE"}


async def test_an_empty_estate_has_no_findings(estate: Estate) -> None:
    await estate.thirdeye.execute("DELETE FROM action_items")
    await Synthetic(estate.thirdeye, generation=100).publish([], estate.now)
    outcome = await detection(estate).run()
    assert outcome is not None
    # What items named is gone with the rest.
    assert (outcome.opened, outcome.changed, outcome.measured) == (0, 0, 4)
    assert await detection(estate).run() == Outcome()
    preview = '{ previewActionRule(input: {name: "n", category: PURGE, priority: LOW, filter: {zombie: true}}) { matched opens } }'
    assert (await estate.api.data(preview))["previewActionRule"] == {"matched": 0, "opens": 0}
    await estate.thirdeye.execute("DELETE FROM estate_state")
    assert not await detection(estate).is_due()


async def test_what_is_open_by_then_is_neither_opened_nor_told_again(estate: Estate) -> None:
    new = [NewItem("Drop it", "PURGE", "LOW", None, number, 1) for number in (0, 3)]
    async with estate.thirdeye.transaction() as session:
        assert await store.insert_items(session, new, estate.now) == 1
    async with estate.thirdeye.transaction() as session:
        assert await store.insert_items(session, new, estate.now) == 0
    (going,) = await estate.items("title history { kind }", table=["shop.main.core.going"])
    assert going == {"title": "Drop shop.main.core.going", "history": [{"kind": "DETECTED"}]}


@pytest.mark.parametrize("blocker", [Blocker.EVIDENCE_INCOMPLETE, Blocker.UNKNOWN_USAGE])
async def test_an_outage_of_evidence_ends_no_item(estate: Estate, blocker: Blocker) -> None:
    going = estate.tables["going"]
    before = going.verdict
    going.verdict, going.blockers = Verdict.REVIEW, BLOCKER_BIT[blocker]
    # Whether somebody owns a table is seen all the same.
    expensive = estate.tables["expensive"]
    expensive.owners, expensive.blockers = 1, BLOCKER_BIT[blocker]
    assert (await estate.refresh()).changed == 1
    assert await estate.items("status", category=["ASSIGN_OWNER"]) == [{"status": "DONE"}]
    same = {"status": "OPEN", "version": 1}
    assert await estate.items("status version", category=["PURGE"]) == [same]
    # It is back, and says the same; or it says something else.
    going.verdict, going.blockers = before, 0
    await estate.refresh()
    assert await estate.items("status version", category=["PURGE"]) == [same]
    going.verdict = Verdict.KEEP
    await estate.refresh()
    assert await estate.items("status", category=["PURGE"]) == [{"status": "DONE"}]
