"""Absence is no deed: what an ingestion did not see stays as it was, and comes back as it was."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows, hash_of, identifier_of

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
BUSY = "shop.main.core.busy"
SIDE = [f"shop.main.side.t{number}" for number in range(4)]


def sides(om: OMRows) -> None:
    """A schema of four tables that nobody reads, beside the one that is read daily."""
    has_a_past(om)
    for fqn in SIDE:
        om.table(fqn)
        om.usage(fqn, [500])
        om.profile(fqn, 500)
        # Lineage of its own, so that it may go.
        om.lineage("shop.main.side.root", fqn)
    om.table("shop.main.side.root")
    om.usage("shop.main.side.root", [500])


async def rows(estate: OMEstate) -> dict[str, dict[str, object]]:
    """The inventory by FQN, what is gone included."""
    found = await estate.mirror.thirdeye.fetch_all("SELECT * FROM table_inventory")
    return {row["fqn"]: dict(row) for row in found}


async def refresh(estate: OMEstate, kind: str = "AUTO", days: int = 0, hours: int = 0) -> dict[str, dict[str, object]]:
    """Time passes, a refresh runs; the inventory after it."""
    if days:
        estate.pass_days(days, BUSY)
    estate.mirror.now += timedelta(hours=hours)
    run = await estate.mirror.refresh(kind)
    assert (run["phase"], run["error"]) == ("DONE", None)
    estate.warnings = {warning["code"]: warning for warning in run["warnings"]}
    return await rows(estate)


KEPT = ("activity", "last_accessed", "size_bytes", "tag_set", "evidence", "days_of_use", "known_since", "tier")


@pytest.mark.parametrize("hard", [False, True], ids=["marked", "dropped"])
@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
async def test_one_table_stays_for_four_days(om: OMRows, estate: OMEstate, kind: str, hard: bool) -> None:
    sides(om)
    before = (await refresh(estate))[SIDE[0]]
    verdict = (await estate.seen())[SIDE[0]].verdict
    (om.drop if hard else om.delete)(SIDE[0])
    for days in (1, 3):
        after = (await refresh(estate, kind, days=days))[SIDE[0]]
        assert {name: after[name] for name in KEPT} == {name: before[name] for name in KEPT}
        assert (await estate.seen())[SIDE[0]].verdict == verdict
        assert after["removed_at"] is None
    assert (await refresh(estate, kind, hours=23))[SIDE[0]]["removed_at"] is None
    assert (await refresh(estate, kind, hours=1))[SIDE[0]]["removed_at"] is not None
    # The others were never in question.
    assert "MASS_ABSENCE" not in estate.warnings


async def test_all_of_a_schema_stay_for_seven_days_and_the_database_with_them(om: OMRows, estate: OMEstate) -> None:
    sides(om)
    om.table("shop.main.other.idle")
    om.usage("shop.main.other.idle", [500])
    om.lineage("shop.main.other.idle", "shop.main.core.gone_0")
    await refresh(estate)
    om.delete(*SIDE, "shop.main.side.root")
    found = await refresh(estate, hours=1)
    assert estate.warnings["MASS_ABSENCE"]["count"] == 5
    seen = await estate.seen()
    assert "MASS_ABSENCE" in seen["shop.main.other.idle"].blockers
    assert seen["shop.main.other.idle"].verdict == "REVIEW"
    assert all(found[fqn]["absent_since"] is not None for fqn in SIDE)
    for kind, days in (("AUTO", 4), ("FULL", 2)):
        found = await refresh(estate, kind, days=days)
        assert all(found[fqn]["removed_at"] is None for fqn in SIDE)
    found = await refresh(estate, days=1)
    assert all(found[fqn]["removed_at"] is not None for fqn in SIDE)
    assert "MASS_ABSENCE" not in (await estate.seen())["shop.main.other.idle"].blockers


def never_missed(om: OMRows, count: int) -> list[str]:
    """So many tables that were used once, beside what `sides` has."""
    sides(om)
    wide = [f"shop.main.core.wide_{number}" for number in range(count)]
    for number, fqn in enumerate(wide):
        om.table(fqn)
        om.usage(fqn, [700 - number % 3])
    return wide


async def taught(estate: OMEstate, kind: str) -> list[dict[str, Any]]:
    """What the past teaches, after one more refresh."""
    await estate.look(kind)
    return await counts(estate)


async def counts(estate: OMEstate) -> list[dict[str, Any]]:
    """What the past taught in the last refresh."""
    return await estate.mirror.thirdeye.fetch_all("SELECT counts FROM return_risk ORDER BY as_of DESC LIMIT 1")


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
@pytest.mark.parametrize("count", [1, 40], ids=["one", "many at once"])
async def test_what_vanished_teaches_as_before(om: OMRows, estate: OMEstate, kind: str, count: int) -> None:
    """OpenMetadata deletes the usage of a table with it: others are no likelier to return for want of that."""
    wide = never_missed(om, 40)[:count]
    before = await taught(estate, kind)
    om.drop(*wide)
    for _ in range(2):
        estate.mirror.now += timedelta(hours=1)
        assert await taught(estate, kind) == before
    assert await taught(estate, "AUTO") == before == await taught(estate, "FULL")
    # Once they count as gone, what they taught is gone, too.
    estate.pass_days(8, BUSY)
    assert await taught(estate, kind) != before
    assert await taught(estate, "AUTO") == await taught(estate, "FULL")


async def test_days_on_which_only_what_vanished_was_read_stay_watched(om: OMRows, estate: OMEstate) -> None:
    """And no longer than it may come back."""
    sides(om)
    om.run(
        "DELETE FROM entity_usage WHERE usageDate BETWEEN %s AND %s", *(om.today - timedelta(days) for days in (80, 50))
    )
    om.table("shop.main.core.lonely")
    om.usage("shop.main.core.lonely", range(50, 81))
    before = await estate.look()
    om.drop("shop.main.core.lonely")
    after = await estate.look()
    assert {fqn: seen.idle for fqn, seen in after.items()} == {fqn: seen.idle for fqn, seen in before.items()}
    assert await estate.look("FULL") == after
    estate.pass_days(4, BUSY)
    gone = await estate.look()
    assert gone[SIDE[0]].idle == before[SIDE[0]].idle + 4 - 31
    assert await estate.look("FULL") == gone


async def test_usage_that_was_deleted_before_it_was_kept_teaches_nothing(om: OMRows, estate: OMEstate) -> None:
    """As of an earlier version: a table that nobody seems to have used is no sign that such tables do not return."""
    never_missed(om, 3)
    without = await taught(estate, "FULL")
    om.table("shop.main.core.lost")
    om.usage("shop.main.core.lost", [400])
    assert await taught(estate, "AUTO") != without
    om.drop("shop.main.core.lost")
    await estate.mirror.thirdeye.execute("DELETE FROM estate_blob WHERE name LIKE 'usage/%'")
    for kind in ("AUTO", "FULL"):
        await refresh(estate, kind)
        assert await counts(estate) == without


async def test_what_is_back_is_as_it_was(om: OMRows, estate: OMEstate) -> None:
    sides(om)
    before = await refresh(estate)
    om.delete(*SIDE)
    await refresh(estate, hours=1)
    # A tag that came meanwhile is seen, too.
    om.tag(SIDE[1], "PII.Sensitive")
    await refresh(estate, hours=1)
    om.delete(*SIDE, deleted=False)
    after = await refresh(estate, hours=1)
    for fqn in SIDE:
        assert after[fqn]["absent_since"] is None
        assert [after[fqn][name] for name in KEPT if name != "tag_set"] == [
            before[fqn][name] for name in KEPT if name != "tag_set"
        ]
    assert after[SIDE[1]]["tag_set"] != 0
    full = await refresh(estate, "FULL")
    assert {fqn: full[fqn]["tag_set"] != 0 for fqn in SIDE} == {fqn: after[fqn]["tag_set"] != 0 for fqn in SIDE}


async def test_a_service_deleted_in_openmetadata_waits_seven_days(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    for number in range(30):
        om.table(f"shop.main.more.t{number}")
    await refresh(estate)
    om.delete("shop.main.more.t1")
    om.run("UPDATE database_schema_entity SET json = JSON_SET(json, '$.deleted', TRUE) WHERE fqnHash = %s",
           hash_of("shop.main.more"))  # fmt: skip
    await refresh(estate)
    assert (await refresh(estate, days=5))["shop.main.more.t1"]["removed_at"] is None
    assert (await refresh(estate, days=2))["shop.main.more.t1"]["removed_at"] is not None


async def test_a_mass_over_hours_does_not_end_table_by_table(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    tables = [f"shop.main.more.t{number}" for number in range(20)]
    for fqn in tables:
        om.table(fqn)
    await refresh(estate)
    for number in range(5):
        om.delete(tables[number])
        await refresh(estate, hours=10)
    found = await refresh(estate, days=5)
    assert [found[tables[number]]["removed_at"] for number in range(5)] == [None] * 5
    # The first are gone; those that went with them are still of a mass.
    found = await refresh(estate, hours=10)
    assert [found[tables[number]]["removed_at"] is None for number in range(5)] == [False, True, True, True, True]


async def test_removals_are_expected(om: OMRows, estate: OMEstate) -> None:
    sides(om)
    found = await refresh(estate)
    numbers = {found[fqn]["number"] for fqn in SIDE}
    estate.mirror.removals = numbers  # type: ignore[assignment]
    om.drop(*SIDE)
    await refresh(estate, hours=1)
    assert "MASS_ABSENCE" not in estate.warnings
    found = await refresh(estate, days=4)
    assert all(found[fqn]["removed_at"] is not None for fqn in SIDE)


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
async def test_a_silent_feed_stays_one_while_a_table_is_absent(om: OMRows, estate: OMEstate, kind: str) -> None:
    """OpenMetadata deletes the usage of a table with it: what is left looks as if two tables had stopped, not three."""
    has_a_past(om)
    quiet = [f"shop.quiet.core.t{number}" for number in range(3)]
    for fqn in quiet:
        om.read(fqn, range(200, 260))
    assert "FEED_SILENT" in (await estate.look())[quiet[0]].blockers
    om.drop(quiet[2])
    for days in (0, 3):
        estate.pass_days(days, BUSY)
        assert "FEED_SILENT" in (await estate.look(kind))[quiet[0]].blockers
    # Once it counts as gone, two is what there are.
    estate.pass_days(2, BUSY)
    assert (await estate.look(kind))[quiet[0]].blockers & {"FEED_SILENT", "EVIDENCE_PARTIAL"} == {"EVIDENCE_PARTIAL"}


async def test_an_absent_mart_holds_its_sources(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.table("shop.main.core.raw")
    om.usage("shop.main.core.raw", [500])
    om.read("shop.main.core.mart", range(1, 400))
    om.lineage("shop.main.core.raw", "shop.main.core.mart")
    await refresh(estate)
    assert "ACTIVE_DOWNSTREAM" in (await estate.seen())["shop.main.core.raw"].blockers
    om.drop("shop.main.core.mart")
    for kind in ("AUTO", "FULL"):
        await refresh(estate, kind, days=1)
        assert "ACTIVE_DOWNSTREAM" in (await estate.seen())["shop.main.core.raw"].blockers
    await refresh(estate, days=4)
    assert "ACTIVE_DOWNSTREAM" not in (await estate.seen())["shop.main.core.raw"].blockers


async def test_what_came_while_it_was_away_is_seen_when_it_is_back(om: OMRows, estate: OMEstate) -> None:
    sides(om)
    await refresh(estate)
    om.delete(SIDE[0])
    await refresh(estate, hours=1)
    om.tag(SIDE[0], "Tier.Tier1")
    om.profile(SIDE[0], 0, size=77)
    om.relate("user.ann", SIDE[0], ("user", "table"), 8)
    assert (await refresh(estate, hours=1))[SIDE[0]]["tier"] == 0
    assert (await refresh(estate, days=5))[SIDE[0]]["removed_at"] is not None
    om.delete(SIDE[0], deleted=False)
    for kind in ("AUTO", "FULL"):
        after = (await refresh(estate, kind))[SIDE[0]]
        assert (after["removed_at"], after["tier"], after["size_bytes"]) == (None, 1, 77)
        assert after["owner_set"] != 0


async def test_names_keep_their_order_while_everything_is_away(om: OMRows, estate: OMEstate) -> None:
    async def order() -> list[int]:
        snapshot = await estate.mirror.reader.snapshot()
        await snapshot.load(("name_rank",))
        ranks: list[int] = snapshot.catalogue.columns.parts(0)["name_rank"].tolist()
        return ranks[:tables]

    sides(om)
    tables = len(await refresh(estate))
    before = await order()
    om.run("UPDATE table_entity SET json = JSON_SET(json, '$.deleted', TRUE)")
    for kind in ("FULL", "AUTO", "FULL"):
        await refresh(estate, kind, hours=1)
        assert await order() == before


async def test_everything_gone_is_no_empty_estate(om: OMRows, estate: OMEstate) -> None:
    sides(om)
    await refresh(estate)
    om.run("DELETE FROM table_entity")
    for kind in ("AUTO", "FULL"):
        found = await refresh(estate, kind, hours=1)
        assert all(row["removed_at"] is None for row in found.values())
    assert identifier_of(SIDE[0]) in {str(row["id"]) for row in found.values()}
