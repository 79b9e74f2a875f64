"""How many rows the database reads for an answer: those that it is about, not all there are."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import cast

import pytest

from tests.support.action_estate import Estate
from thirdeye.actions.listing import store as listing
from thirdeye.actions.ordering import parse_order
from thirdeye.actions.retention import store as retention
from thirdeye.actions.savings import store as savings
from thirdeye.database import MySQL as Database
from thirdeye.database import Row, Session
from thirdeye.session import Values

pytestmark = pytest.mark.anyio
MANY = 3_000
READS = (
    "SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_rnd_next', 'Handler_read_next', 'Handler_read_first')"
)


@pytest.fixture(autouse=True)
async def _many(estate: Estate) -> None:
    """Many tables, each with an open item, most of them in a campaign, some with savings."""
    async with estate.thirdeye.transaction() as session:
        await session.execute_rows(
            "INSERT INTO table_inventory (number, id, fqn, fqn_key, name, service, database_name, schema_name, table_type,"
            " owner_set, seen_at) VALUES ",
            (
                (100 + number, f"00000000-0000-0000-0001-{number:012d}", f"s.d.c.t{number}", f"{number:016d}",
                 f"t{number}", "s", "d", "c", "Regular", 0, estate.now)
                for number in range(MANY)
            ),
        )  # fmt: skip
        await session.execute_rows(
            "INSERT INTO action_items (title, category, table_number) VALUES ",
            (("x", "PURGE", 100 + number) for number in range(MANY)),
        )
        await session.execute(
            "INSERT INTO campaign (name, owner, created_by, created_at) VALUES ('Spring', 'ann', 'ann', %(now)s)",
            {"now": estate.now},
        )
        await session.execute(
            "INSERT INTO campaign_item SELECT campaign.id, action_items.id FROM campaign JOIN action_items"
            " WHERE table_number NOT BETWEEN 105 AND 109"
        )
        await session.execute_rows(
            "INSERT INTO saving_entry (table_number, found_at, kind, baseline_usd, cost_usd, realized_usd) VALUES ",
            ((100 + number, estate.now, "REMOVED", "1", "0", "1") for number in range(10)),
        )
    await estate.thirdeye.fetch_all("ANALYZE TABLE table_inventory, action_items, action_item_part, campaign_item")


async def reads(estate: Estate, ask: Callable[[Session], Awaitable[object]]) -> int:
    """How many rows a question reads."""
    async with estate.thirdeye.session() as session:
        before = await _read(session)
        await ask(session)
        return await _read(session) - before


async def _read(session: Session) -> int:
    return sum(int(row["Value"]) for row in await session.fetch_all(READS))


async def test_gone_tables_of_retentions_are_found_by_their_numbers(estate: Estate) -> None:
    await estate.thirdeye.execute("DELETE FROM action_items WHERE table_number > 102")
    await estate.thirdeye.execute("UPDATE action_items SET category = 'SET_RETENTION' WHERE table_number = 102")
    await estate.thirdeye.execute("UPDATE table_inventory SET removed_at = seen_at WHERE number = 102")
    found = await retention.removed_tables(estate.thirdeye, ended=False)
    assert [row["number"] for row in found] == [102]
    assert await reads(estate, lambda session: retention.removed_tables(session, ended=False)) < 200


async def test_the_campaigns_of_savings_are_found_by_their_tables(estate: Estate) -> None:
    period = (estate.now - timedelta(days=1), estate.now + timedelta(days=1))
    groups = await savings.realized(estate.thirdeye, "CAMPAIGN", *period)
    assert {key: row["tables"] for key, row in groups.items()} == {"Spring": 5, "items of people": 5}
    assert await reads(estate, lambda session: savings.realized(session, "CAMPAIGN", *period)) < 1_000


# MySQL notes how it understood what it explains.
explains = pytest.mark.filterwarnings("ignore::pymysql.err.Warning")


class Explained:
    """A database that notes how the server finds the action items of each statement: the index, and whether it is all."""

    def __init__(self, thirdeye: Database) -> None:
        self._thirdeye = thirdeye
        self.plans = list[tuple[str | None, bool]]()

    async def fetch_all(self, query: str, values: Values | None = None) -> list[Row]:
        for step in await self._thirdeye.fetch_all(f"EXPLAIN FORMAT=TRADITIONAL {query}", values):
            if step["table"] == "action_items" and step["key"] != "PRIMARY":
                self.plans.append((step["key"], "Using index" in (step["Extra"] or "").split("; ")))
        return await self._thirdeye.fetch_all(query, values)

    async def fetch_one(self, query: str, values: Values | None = None) -> Row | None:
        return next(iter(await self.fetch_all(query, values)), None)


@explains
async def test_lists_that_nothing_narrows_look_at_the_rows_of_their_page_alone(estate: Estate) -> None:
    moment = {"now": estate.now, "today": estate.now.date()}
    chosen: list[dict[str, object]] = [
        {"category": ["ARCHIVE"]}, {"priority": ["LOW"]}, {"search": "no such title"}, {"unassigned": False},
        {"detected": True, "status": ["DONE"]}, {"overdue": True}, {"dueBefore": "2026-01-01"}, {"snoozed": True},
        {"staged": False, "category": ["ARCHIVE"]},
    ]  # fmt: skip
    for wanted in chosen:
        filter_ = {**wanted, **moment}
        for sort in ("updatedAt", "createdAt", "title"):
            explained = Explained(estate.thirdeye)
            database, order = cast("Database", explained), parse_order(sort, "desc")
            await listing.item_page(database, filter_, order=order, position=None, limit=51)
            await listing.count_items(database, [filter_])
            assert explained.plans == [("action_items_list", True)] * 2, (wanted, sort)


@explains
async def test_a_list_of_what_one_person_has_to_do_looks_at_the_rows_of_its_page_alone(estate: Estate) -> None:
    await estate.thirdeye.execute("UPDATE action_items SET assignee = 'ann' WHERE table_number % 9 = 0")
    await estate.thirdeye.fetch_all("ANALYZE TABLE action_items")
    moment = {"now": estate.now, "today": estate.now.date()}
    for more in ({}, {"status": ["OPEN"], "snoozed": False}, {"overdue": False}, {"staged": False}):
        filter_ = {"assignee": ["ann"], **more, **moment}
        explained = Explained(estate.thirdeye)
        database, order = cast("Database", explained), parse_order("updatedAt", "desc")
        await listing.item_page(database, filter_, order=order, position=None, limit=21)
        await listing.count_items(database, [filter_])
        assert explained.plans == [("action_items_assignee", True)] * 2, more


@explains
async def test_what_open_items_promise_is_summed_out_of_an_index(estate: Estate) -> None:
    await estate.thirdeye.execute("DELETE FROM action_items WHERE detected = 1")
    await estate.thirdeye.execute(
        "INSERT INTO action_items (title, category, table_number, estimated_savings_usd, status) VALUES"
        " ('most', 'ARCHIVE', 100, 30, 'IN_PROGRESS'), ('less', 'DEDUPLICATE', 100, 20, 'OPEN'),"
        " ('done', 'ARCHIVE', 101, 500, 'DONE'), ('of none', NULL, NULL, 4, 'OPEN'), ('as well', NULL, NULL, 0.5, 'OPEN')"
    )
    explained = Explained(estate.thirdeye)
    found = await savings.still_open(cast("Database", explained))
    assert found["projected_usd"] == Decimal("34.5")
    assert explained.plans[0] == ("action_items_table", True)
