"""Random estates on real databases, whose tables vanish, return and change their ids and names."""

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.mirror.conftest import SCHEMA
from tests.support.clocks import TODAY
from tests.support.database import empty_thirdeye
from tests.support.om_estate import OMEstate, Seen, watching
from tests.support.om_rows import OMRows
from tests.support.random_om import RandomOM, change_ownership, disturb, random_om
from thirdeye.actions.detection.run import Detection
from thirdeye.database import Row
from thirdeye.estate import store as estate_store
from thirdeye.estate.store import put_price
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.storage_prices import StoragePrice
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.settings import Settings
from thirdeye.verdict import store

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
HOURS = (1, 12, 24, 36)


def some_time_passes(estate: OMEstate, model: RandomOM, hours: float) -> None:
    """The same for all that count it."""
    estate.mirror.now += timedelta(hours=hours)
    estate.om.today = model.today = estate.mirror.now.date()


async def set_prices(estate: OMEstate, seed: int) -> None:
    """Administrators' prices, one of which begins while the test goes on, and some of which contradict themselves."""
    random, thirdeye = Random(f"prices {seed}"), estate.mirror.thirdeye
    await say_what_does_not_count(estate)
    for kind, service, days in (
        ("Snowflake", "", -100),
        ("SNOWFLAKE", "", -100),
        ("Snowflake", "shop", 3),
        ("*", "", -9),
    ):
        price = StoragePrice(
            service_type=kind, service=service, effective_from=estate.om.today + timedelta(days=days), set_by="ann",
            usd_per_gb_month=Decimal(random.choice(["0.02", "0.04"])),
            long_term_usd_per_gb_month=random.choice([None, Decimal("0.01"), Decimal("0.03")]),
            long_term_days=random.choice([None, 90, 90, 92]),
        )  # fmt: skip
        await put_price(thirdeye, price)


async def say_what_does_not_count(estate: OMEstate) -> None:
    """The use of jobs, but for one."""
    await estate_store.set_uncounted_use(
        estate.mirror.thirdeye, {"users": ["job*"], "except_users": ["job_2"]}, "ann", estate.mirror.now
    )


async def look(
    estate: OMEstate, model: RandomOM, kind: str = "AUTO", *, cared_for: bool | None = None
) -> dict[str, Seen]:
    """Refreshes over these rows, compares with the second implementation, and checks what must never be.

    `cared_for`: whether the policy says to review what is cared for; None for another one each day.
    """
    model.write(estate.om.connection)
    if cared_for is None:
        cared_for = estate.om.today.day % 2 == 0
    await estate.set_policy(protected_tags=["Legal.Hold", "PII"], review_cared_for=cared_for)
    seen = await estate.look(kind)
    for fqn, found in seen.items():
        if fqn.startswith(("lake.", "shop.silent.")):
            assert not found.may_go, fqn
        if found.last_accessed and (estate.om.today - found.last_accessed).days <= 90 and found.verdict:
            assert found.activity not in ("STALE", "DORMANT"), fqn
    return seen


@pytest.mark.parametrize(
    "seed",
    [108, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (4, *range(104, 134)) if seed != 108)],
)
async def test_any_sequence_is_followed_and_full_and_incremental_agree(om: OMRows, estate: OMEstate, seed: int) -> None:
    random, model = Random(seed), random_om(Random(seed), om.today)
    await set_prices(estate, seed)
    await look(estate, model)
    for _ in range(3):
        undo = disturb(model, random)
        for _ in range(random.randint(1, 2)):
            change_ownership(model, random)
            await look(estate, model)
            some_time_passes(estate, model, random.choice([*HOURS, 97, 170]))
        if random.random() < 0.7:
            undo()
            await look(estate, model)
    before, rows = await look(estate, model), await estate.mirror.inventory()
    after = await look(estate, model, "FULL")
    assert before == after
    again = await estate.mirror.inventory()
    assert {each: row["number"] for each, row in rows.items()} == {each: row["number"] for each, row in again.items()}


@pytest.mark.parametrize("seed", [4, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (3, *range(200, 230)))])
async def test_what_comes_back_in_time_was_never_away(
    om: OMRows, estate: OMEstate, rows_settings: Settings, sql_server: MariaDB | MySQL, seed: int
) -> None:
    """Two stories of one estate, of which one is quiet, have the same verdicts, items, decisions, events and sums."""
    disturbed = await told(estate, seed, quiet=False)
    empty_thirdeye(sql_server, SCHEMA)
    om.today = TODAY
    async with watching(om, rows_settings) as other:
        quiet = await told(other, seed, quiet=True)
    for mine, expected in zip(disturbed, quiet, strict=True):
        for name, value in expected.items():
            assert mine[name] == value, name


async def told(estate: OMEstate, seed: int, *, quiet: bool) -> list[dict[str, Any]]:
    """What is there at the beginning, and whenever a disturbance is over."""
    model = random_om(Random(seed), estate.om.today)
    await set_prices(estate, seed)
    await look_and_detect(estate, model, seed)
    await people_decide(estate)
    moments = [await what_is_there(estate)]
    for number in range(3):
        undo = None if quiet else disturb(model, Random(f"{seed} {number}"), plainly=True)
        for hours in Random(f"{number} {seed}").choices(HOURS, k=2):
            await look_and_detect(estate, model, seed)
            some_time_passes(estate, model, hours)
        if undo:
            undo()
        await look_and_detect(estate, model, seed)
        moments.append(await what_is_there(estate))
    return moments


async def look_and_detect(estate: OMEstate, model: RandomOM, seed: int) -> None:
    """A refresh, and the detection that follows it, all under one policy.

    What a policy opens on one day and ends on the next is never opened of a table that is absent on that day.
    """
    await look(estate, model, cared_for=seed % 2 == 0)
    over = estate.mirror
    detection = Detection(
        settings=over.settings, thirdeye=over.thirdeye, estate=EstateReader(over.thirdeye), clock=lambda: over.now
    )
    assert await detection.run() is not None


async def people_decide(estate: OMEstate) -> None:
    """One item is assigned, one is dismissed, and one table is kept, as far as there are any: always the same ones."""
    thirdeye, now = estate.mirror.thirdeye, estate.mirror.now

    async def assign(item: Row) -> None:
        await thirdeye.execute(
            "UPDATE action_items SET assignee = 'ann', due_date = '2030-01-01', status = 'IN_PROGRESS' WHERE id = %(id)s",
            item,
        )

    async def dismiss(item: Row) -> None:
        await thirdeye.execute(
            "UPDATE action_items SET status = 'DONE', resolution = 'DISMISSED', resolution_reason = 'no', "
            "resolved_at = %(now)s WHERE id = %(id)s",
            {**item, "now": now},
        )
        await thirdeye.execute(
            "INSERT INTO action_decision (table_number, category, decision, decided_at) "
            "VALUES (%(table_number)s, %(category)s, 'DISMISSED', %(now)s)",
            {**item, "now": now},
        )

    async def keep(item: Row) -> None:
        until = now.date() + timedelta(days=300)
        await store.keep(thirdeye, number=item["table_number"], reason="ours", by="ann", now=now, until=until)

    items = await thirdeye.fetch_all(
        "SELECT action_items.id, table_number, category FROM action_items JOIN table_inventory ON number = table_number "
        "WHERE detected AND status = 'OPEN' ORDER BY fqn, category"
    )
    for decide, item in zip((assign, dismiss, keep), items, strict=False):
        await decide(item)


async def what_is_there(estate: OMEstate) -> dict[str, Any]:
    """What people see, by the names of the tables."""
    thirdeye = estate.mirror.thirdeye
    names = {row["number"]: row["fqn"] for row in await thirdeye.fetch_all("SELECT number, fqn FROM table_inventory")}
    numbered = {
        "items": "SELECT table_number, category, status, resolution, assignee, due_date, stage FROM action_items",
        "keeps": "SELECT number AS table_number, reason, kept_until, released_at FROM table_keep",
        "decisions": "SELECT table_number, category, decision FROM action_decision",
        "realized": "SELECT table_number, kind, realized_usd FROM saving_entry",
        # Titles follow the names of tables, there and back.
        "events": "SELECT table_number, category, kind, actor FROM action_event JOIN action_items ON action_items.id = item "
        "WHERE NOT (kind = 'UPDATED' AND JSON_CONTAINS_PATH(state_after, 'one', '$.title') AND JSON_LENGTH(state_after) = 1)",
    }
    found: dict[str, Any] = {"tables": await estate.seen()}
    for name, sql in numbered.items():
        rows = [{**row, "table_number": names[row["table_number"]]} for row in await thirdeye.fetch_all(sql)]
        found[name] = sorted(map(repr, rows))
    return found
