"""Items and savings of tables that OpenMetadata no longer has: nothing is concluded before they are gone, and all of it
is taken back when they return."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.action_estate import Estate
from tests.support.synthetic import Table
from thirdeye.actions.detection import store
from thirdeye.actions.detection.rules import TABLE_GONE, ReturnedItem
from thirdeye.actions.detection.store import items_of_returned_tables, tables_being_removed
from thirdeye.database import MySQL as Database
from thirdeye.inventory.verdicts import Verdict

pytestmark = pytest.mark.anyio
COLUMNS = (
    "status, resolution, resolution_reason, assignee, due_date, snoozed_until, stage, stage_since, stage_until, alert"
)


async def item(estate: Estate, table: int = 0, category: str = "PURGE") -> dict[str, Any]:
    """All that people see of the item about a table."""
    sql = f"SELECT {COLUMNS} FROM action_items WHERE table_number = %(table)s AND category = %(category)s"
    row = await estate.thirdeye.fetch_one(sql, {"table": table, "category": category})
    assert row is not None
    return dict(row)


async def entries(estate: Estate) -> list[tuple[str, Decimal]]:
    """What was measured."""
    rows = await estate.thirdeye.fetch_all("SELECT kind, realized_usd FROM saving_entry ORDER BY id")
    return [(row["kind"], row["realized_usd"]) for row in rows]


async def change(estate: Estate, columns: str, **values: Any) -> None:
    """As a person may have left the items."""
    await estate.thirdeye.execute(f"UPDATE action_items SET {columns} WHERE category = 'PURGE'", values)


async def test_an_absent_table_ends_nothing_and_gets_nothing_new(estate: Estate) -> None:
    await estate.refresh()
    before = await item(estate)
    estate.tables["going"].absent = estate.tables["kept"].absent = True
    # Whatever its columns seem to say.
    estate.tables["going"].verdict, estate.tables["kept"].verdict = Verdict.KEEP, Verdict.DELETE
    await estate.refresh()
    assert await item(estate) == before
    assert (
        await estate.thirdeye.fetch_all("SELECT id FROM action_items WHERE table_number = 3 AND category = 'PURGE'")
        == []
    )
    assert await entries(estate) == []


async def test_nothing_is_measured_of_what_is_as_it_was_last_seen(estate: Estate) -> None:
    estate.tables["new"] = Table(5, "new", Verdict.STOP_REFRESH, size=10**12, written=estate.now.date())
    await estate.refresh()
    estate.tables["new"].absent = True
    # Nobody can tell whether it is written still.
    estate.now += timedelta(days=31)
    await estate.refresh()
    assert await entries(estate) == []
    estate.tables["new"].absent = False
    await estate.refresh()
    assert await entries(estate) == [("STOPPED", Decimal(0))]


@pytest.mark.parametrize("staged", [False, True], ids=["in progress", "staged"])
async def test_gone_it_ends_and_back_it_is_as_it_was(estate: Estate, staged: bool) -> None:
    await estate.refresh()
    stage = "stage = 'RESTRICTED', stage_since = %(now)s, stage_until = '2026-04-01'," if staged else ""
    await change(
        estate, f"{stage} status = 'IN_PROGRESS', assignee = 'ann', due_date = '2026-05-01', snoozed_until = %(later)s",
        now=estate.now, later=estate.now + timedelta(days=9),
    )  # fmt: skip
    before = await item(estate)
    estate.tables["going"].present = False
    await estate.refresh()
    gone = await item(estate)
    if staged:
        # Under another name it may live on: its plan says so, and nothing is concluded.
        assert gone == before
        return
    assert (gone["status"], gone["resolution"]) == ("DONE", "COMPLETED")
    (kind, realized), *_ = await entries(estate)
    assert (kind, realized) == ("REMOVED", Decimal("230.000000"))
    estate.tables["going"].present = True
    await estate.refresh()
    assert await item(estate) == before
    assert await entries(estate) == [("REMOVED", Decimal(230)), ("RETURNED", Decimal(-230))]
    assert await estate.thirdeye.fetch_all("SELECT * FROM action_decision") == []
    kinds = await estate.thirdeye.fetch_all(
        "SELECT kind FROM action_event JOIN action_items ON action_items.id = item "
        "WHERE table_number = 0 AND action_items.category = 'PURGE' ORDER BY action_event.id"
    )
    assert [row["kind"] for row in kinds] == ["DETECTED", "RESOLVED", "REOPENED"]
    # Once is enough.
    assert (await estate.refresh()).changed == 0


async def test_what_a_person_decided_meanwhile_stays(estate: Estate) -> None:
    await estate.refresh()
    estate.tables["going"].present = False
    await estate.refresh()
    await change(estate, "resolution = 'DISMISSED', resolution_reason = 'we keep it'")
    estate.tables["going"].present = True
    await estate.refresh()
    assert (await item(estate))["resolution"] == "DISMISSED"


async def test_an_item_that_somebody_opened_meanwhile_is_the_one(estate: Estate) -> None:
    await estate.refresh()
    estate.tables["going"].present = False
    await estate.refresh()
    await estate.thirdeye.execute(
        "INSERT INTO action_items (title, category, table_number) VALUES ('mine', 'PURGE', 0)"
    )
    estate.tables["going"].present = True
    await estate.refresh()
    rows = await estate.thirdeye.fetch_all(
        "SELECT status FROM action_items WHERE table_number = 0 AND category = 'PURGE'"
    )
    assert sorted(row["status"] for row in rows) == ["DONE", "OPEN"]


async def test_of_several_that_ended_with_the_table_the_newest_returns(estate: Estate) -> None:
    await estate.refresh()
    estate.tables["going"].present = False
    await estate.refresh()
    await estate.thirdeye.execute(
        "INSERT INTO action_items (title, category, table_number, detected) VALUES ('newer', 'PURGE', 0, 1)"
    )
    await estate.refresh()
    estate.tables["going"].present = True
    await estate.refresh()
    rows = await estate.thirdeye.fetch_all(
        "SELECT status FROM action_items WHERE table_number = 0 AND category = 'PURGE' ORDER BY id"
    )
    assert [row["status"] for row in rows] == ["DONE", "OPEN"]
    # Nor does an older one once the newest was dismissed.
    newest = "SELECT MAX(id) AS id FROM action_items WHERE table_number = 0 AND category = 'PURGE'"
    row = await estate.thirdeye.fetch_one(newest)
    assert row is not None
    await estate.thirdeye.execute(
        "UPDATE action_items SET status = 'DONE', resolution = 'DISMISSED' WHERE id = %(id)s", {"id": row["id"]}
    )
    assert await items_of_returned_tables(estate.thirdeye) == []


async def test_what_somebody_decides_while_it_is_reopened_stays(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    await estate.refresh()
    estate.tables["going"].present = False
    await estate.refresh()

    async def read_and_decide(thirdeye: Database) -> list[ReturnedItem]:
        items = await items_of_returned_tables(thirdeye)
        if items:
            await change(estate, "resolution = 'DISMISSED', resolution_reason = 'we keep it', version = version + 1")
        return items

    monkeypatch.setattr(store, "items_of_returned_tables", read_and_decide)
    estate.tables["going"].present = True
    await estate.refresh()
    assert ((await item(estate))["status"], (await item(estate))["resolution"]) == ("DONE", "DISMISSED")


async def test_a_use_under_the_name_of_its_removal_is_told_at_once(estate: Estate) -> None:
    await estate.refresh()
    await change(estate, "status = 'IN_PROGRESS', stage = 'RESTRICTED', stage_since = %(now)s", now=estate.now)
    estate.tables["going"].absent = True
    estate.tables["going"].accessed = date(2026, 3, 3)
    estate.now += timedelta(days=3)
    await estate.refresh()
    assert "It was read on 3 March 2026" in (await item(estate))["alert"]


async def test_removals_that_are_under_way(estate: Estate) -> None:
    async def numbers() -> set[int]:
        return await tables_being_removed(estate.thirdeye, lambda: estate.now)

    await estate.refresh()
    assert await numbers() == set()
    await change(estate, "stage = 'ANNOUNCED'")
    assert await numbers() == {0}
    await change(
        estate, "stage = NULL, status = 'DONE', resolution = 'COMPLETED', resolved_at = %(now)s", now=estate.now
    )
    assert await numbers() == {0}
    # It ended with its table: that it was gone says nothing of why, unless somebody had begun.
    await change(estate, "resolution_reason = %(reason)s", reason=TABLE_GONE)
    assert await numbers() == set()
    await change(estate, "stage = 'ANNOUNCED'")
    assert await numbers() == {0}
    await change(estate, "stage = NULL, resolution_reason = NULL, resolution = 'DISMISSED'")
    assert await numbers() == set()
    await change(estate, "resolution = 'COMPLETED'")
    estate.now += timedelta(days=31)
    assert await numbers() == set()
