"""What people decided, and what was saved, whatever an ingestion hides and brings back."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows, hash_of
from thirdeye.actions.detection.run import Detection
from thirdeye.actions.detection.store import tables_being_removed
from thirdeye.inventory.reader import EstateReader

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
BUSY = "shop.main.core.busy"
# All of two schemas, one of which has no more than four.
NOOK = [f"shop.main.nook.t{number:02}" for number in range(4)]
TABLES = [*NOOK, *(f"shop.main.attic.t{number:02}" for number in range(4, 12))]
KEPT, DISMISSED, STARTED = TABLES[:3]


@dataclass
class Attic:
    """An estate with items about tables that may go, some of which people have decided."""

    om: OMRows
    estate: OMEstate
    warnings: dict[str, dict[str, Any]] = field(default_factory=dict)
    # What has to be there after each refresh, while it is known.
    expected: dict[str, Any] | None = None

    async def refresh(self, kind: str = "AUTO", *, hours: int = 0, days: int = 0) -> None:
        """Time passes; a refresh and a detection run."""
        if days:
            self.estate.pass_days(days, BUSY)
        self.estate.mirror.now += timedelta(hours=hours)
        run = await self.estate.mirror.refresh(kind)
        assert (run["phase"], run["error"]) == ("DONE", None)
        self.warnings = {warning["code"]: warning for warning in run["warnings"]}
        mirror = self.estate.mirror
        detection = Detection(
            settings=mirror.settings,
            thirdeye=mirror.thirdeye,
            estate=EstateReader(mirror.thirdeye),
            clock=lambda: mirror.now,
        )
        assert await detection.run() is not None
        if self.expected is not None:
            assert await self.state() == self.expected

    async def state(self) -> dict[str, Any]:
        """All that was decided, what happened to items, and each entry about savings: taken back is not unchanged."""
        return {
            **await self.decided(),
            "events": await self.rows("SELECT item, kind FROM action_event ORDER BY id"),
            "entries": await self.rows("SELECT kind, realized_usd FROM saving_entry ORDER BY id"),
        }

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.estate.mirror.thirdeye.fetch_all(sql)]

    async def decided(self) -> dict[str, Any]:
        """Everything that people see of items, keeps and decisions, by the names of tables."""
        return {
            "items": await self.rows(
                "SELECT name, category, status, resolution, assignee, due_date, stage, snoozed_until, priority "
                "FROM action_items JOIN table_inventory ON number = table_number ORDER BY name, category, status"
            ),
            "keeps": await self.rows(
                "SELECT name, reason FROM table_keep JOIN table_inventory ON table_keep.number = table_inventory.number"
            ),
            "decisions": await self.rows(
                "SELECT name, category, decision FROM action_decision JOIN table_inventory ON number = table_number"
            ),
        }

    async def realized(self) -> Decimal:
        """USD a month."""
        rows = await self.rows("SELECT COALESCE(SUM(realized_usd), 0) AS realized FROM saving_entry")
        return Decimal(rows[0]["realized"])

    def recreate(self, *, usage: bool = False) -> None:
        """The same tables under new ids; with `usage` without that of the old ones."""
        for fqn in TABLES:
            self.om.drop(fqn, usage=usage)
            self.om.table(fqn, id=str(uuid.uuid4()), version=0.1, updated=0)
            self.om.lineage(fqn, "shop.main.core.gone_0")

    def places_deleted(self, deleted: bool) -> None:
        """Marks the service, the database and the schemas."""
        for table, column, name in (
            ("dbservice_entity", "nameHash", "shop"),
            ("database_entity", "fqnHash", "shop.main"),
            ("database_schema_entity", "fqnHash", "shop.main.nook"),
            ("database_schema_entity", "fqnHash", "shop.main.attic"),
        ):
            text = "true" if deleted else "false"
            self.om.run(
                f"UPDATE {table} SET json = JSON_SET(json, '$.deleted', JSON_EXTRACT('{text}', '$')) WHERE {column} = %s",
                hash_of(name),
            )


@pytest.fixture
async def attic(om: OMRows, estate: OMEstate) -> Attic:
    """Twelve tables that may go: one is kept, one dismissed, one has been started on."""
    has_a_past(om)
    for fqn in TABLES:
        om.table(fqn)
        om.usage(fqn, [600, 500])
        om.profile(fqn, 500, size=10**13)
        om.lineage(fqn, "shop.main.core.gone_0")
    made = Attic(om, estate)
    await made.refresh()
    execute = estate.mirror.thirdeye.execute
    number = "(SELECT number FROM table_inventory WHERE fqn = %(fqn)s)"
    await execute(
        f"INSERT INTO table_keep (number, reason, kept_until, kept_by, kept_at) "
        f"SELECT {number}, 'audit', '2030-01-01', 'ann', '2026-01-01'",
        {"fqn": KEPT},
    )
    await execute(
        "UPDATE action_items SET status = 'DONE', resolution = 'DISMISSED', resolution_reason = 'we need it', "
        f"resolved_at = %(now)s WHERE table_number = {number}",
        {"fqn": DISMISSED, "now": estate.mirror.now},
    )
    await execute(
        "INSERT INTO action_decision (table_number, category, decision, monthly_cost_usd, decided_at) "
        f"SELECT table_number, category, 'DISMISSED', 230, %(now)s FROM action_items WHERE table_number = {number}",
        {"fqn": DISMISSED, "now": estate.mirror.now},
    )
    await execute(
        "UPDATE action_items SET status = 'IN_PROGRESS', assignee = 'ann', due_date = '2027-03-01' "
        f"WHERE table_number = {number}",
        {"fqn": STARTED},
    )
    await made.refresh(hours=1)
    before = await made.decided()
    statuses = {item["name"]: item["status"] for item in before["items"]}
    assert [statuses[name] for name in ("t01", "t02", "t03")] == ["DONE", "IN_PROGRESS", "OPEN"]
    return made


async def hidden_for_one_refresh(attic: Attic) -> None:
    attic.om.delete(*TABLES)
    await attic.refresh(hours=1)
    attic.om.delete(*TABLES, deleted=False)


async def under_new_ids(attic: Attic) -> None:
    attic.recreate()


async def under_new_ids_after_a_refresh_without(attic: Attic) -> None:
    attic.om.drop(*TABLES, usage=False)
    await attic.refresh("FULL", hours=1)
    attic.recreate()


async def under_new_ids_that_are_first_seen_deleted(attic: Attic) -> None:
    attic.recreate()
    attic.om.delete(*TABLES)
    await attic.refresh(hours=1)
    await attic.refresh(days=5)
    attic.om.delete(*TABLES, deleted=False)
    await attic.refresh(hours=1)
    await attic.refresh(days=4)


async def with_the_service(attic: Attic) -> None:
    attic.om.delete(*TABLES)
    attic.places_deleted(True)
    await attic.refresh(hours=1)
    await attic.refresh(days=5)
    attic.places_deleted(False)
    attic.recreate()


async def over_three_hours(attic: Attic) -> None:
    for part in range(3):
        attic.om.delete(*TABLES[part::3])
        await attic.refresh(hours=1)
    await attic.refresh(days=5)
    attic.om.delete(*TABLES, deleted=False)


async def all_four_of_a_schema(attic: Attic) -> None:
    attic.om.delete(*NOOK)
    await attic.refresh(hours=1)
    assert attic.warnings["MASS_ABSENCE"]["count"] == 4
    # Longer than single ones are waited for.
    await attic.refresh(days=5)
    attic.om.delete(*NOOK, deleted=False)


async def fifteen_percent_of_the_database_over_a_weekend(attic: Attic) -> None:
    # Nine of 58, and less than a fifth of each schema but the one of four.
    some = [STARTED, TABLES[4], *(f"shop.main.core.gone_{number}" for number in range(20, 27))]
    attic.om.delete(*some)
    await attic.refresh("FULL", hours=1)
    assert "MASS_ABSENCE" not in attic.warnings
    await attic.refresh(days=3)
    attic.om.delete(*some, deleted=False)


UPHEAVALS: list[Callable[[Attic], Awaitable[None]]] = [
    hidden_for_one_refresh, under_new_ids, under_new_ids_after_a_refresh_without,
    under_new_ids_that_are_first_seen_deleted, with_the_service, over_three_hours, all_four_of_a_schema,
    fifteen_percent_of_the_database_over_a_weekend,
]  # fmt: skip


@pytest.mark.parametrize("upheaval", UPHEAVALS, ids=lambda upheaval: upheaval.__name__)
async def test_nothing_that_was_decided_is_lost(attic: Attic, upheaval: Callable[[Attic], Awaitable[None]]) -> None:
    attic.expected = await attic.state()
    assert attic.expected["entries"] == []
    await upheaval(attic)
    await attic.refresh(hours=1)
    assert await attic.realized() == 0
    await attic.refresh("FULL", hours=1)


async def test_decisions_outlive_usage_that_goes_with_the_ids(attic: Attic) -> None:
    before = await attic.decided()
    attic.recreate(usage=True)
    await attic.refresh(hours=1)
    seen = await attic.estate.seen()
    assert "KEPT_BY_OWNER" in seen[KEPT].blockers
    after = await attic.decided()
    assert [item for item in before["items"] if item not in after["items"]] == []
    assert (after["keeps"], after["decisions"]) == (before["keeps"], before["decisions"])
    assert await attic.realized() == 0


async def test_after_eight_days_they_are_gone_until_they_come_back(attic: Attic) -> None:
    before = await attic.decided()
    attic.om.delete(*TABLES)
    await attic.refresh(hours=1)
    await attic.refresh(days=8)
    assert await attic.realized() > 2_000
    about = [item for item in (await attic.decided())["items"] if item["name"] in {"t02", "t03"}]
    assert {item["resolution"] for item in about if item["category"] == "ARCHIVE"} == {"COMPLETED"}
    assert {item["status"] for item in about} == {"DONE"}
    attic.om.delete(*TABLES, deleted=False)
    await attic.refresh(hours=1)
    assert await attic.decided() == before
    assert await attic.realized() == 0


async def test_thirty_whose_removal_was_staged_are_dropped_together(attic: Attic) -> None:
    shed = [f"shop.main.shed.s{number:02}" for number in range(30)]
    for fqn in shed:
        attic.om.read(fqn, [600, 500])
        attic.om.profile(fqn, 500, size=10**12)
        attic.om.lineage(fqn, "shop.main.core.gone_0")
    await attic.refresh(hours=1)
    mirror = attic.estate.mirror
    await mirror.thirdeye.execute(
        "UPDATE action_items SET status = 'IN_PROGRESS', stage = 'ANNOUNCED', stage_since = %(now)s "
        "WHERE category IN ('PURGE', 'ARCHIVE') AND table_number IN (SELECT number FROM table_inventory WHERE name LIKE 's%%')",
        {"now": mirror.now},
    )
    mirror.removals = await tables_being_removed(mirror.thirdeye, lambda: mirror.now)
    assert len(mirror.removals) == 30
    attic.om.drop(*shed)
    await attic.refresh(hours=1)
    assert "MASS_ABSENCE" not in attic.warnings
    seen = await attic.estate.seen()
    assert not any("MASS_ABSENCE" in found.blockers for found in seen.values())
    assert await attic.realized() == 0
    # Single ones are waited for less long.
    await attic.refresh(days=4)
    ended = [item for item in (await attic.decided())["items"] if item["name"].startswith("s")]
    assert len({item["name"] for item in ended if item["resolution"] == "COMPLETED"}) == 30, ended[:3]
    assert await attic.realized() >= 30 * Decimal("0.8") * 23


async def test_an_upgrade_while_tables_are_absent(attic: Attic) -> None:
    """The blobs of the version before cannot be read: what the inventory knows has to do."""
    before = await attic.decided()
    await attic.estate.mirror.thirdeye.execute("DELETE FROM estate_state")
    attic.om.drop(*TABLES, usage=False)
    await attic.refresh(hours=1)
    assert await attic.decided() == before
    seen = await attic.estate.seen()
    assert {seen[fqn].verdict for fqn in TABLES} == {"KEEP"}
    places = await attic.estate.mirror.inventory()
    assert {row["place"][1:] for row in map(_place, places.values()) if row["fqn"] in TABLES} == {
        ("main", "attic"), ("main", "nook"),
    }  # fmt: skip
    attic.recreate()
    await attic.refresh(hours=1)
    assert await attic.decided() == before


def _place(row: dict[str, Any]) -> dict[str, Any]:
    return {"fqn": row["fqn"], "place": tuple(row["place"])}
