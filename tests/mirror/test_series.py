"""Partitions and shards by date: they share the use of the whole, and are no copies of each other."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows
from thirdeye.actions.detection.run import Detection
from thirdeye.actions.detection.store import tables_being_removed
from thirdeye.inventory.columns import IN_USE, IN_USE_THROUGH_SERIES, PRESENT, ZOMBIE
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.series_entries import SeriesEntries
from thirdeye.mirror import store

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]
CORE = "shop.main.core"
COLUMNS = ("flags", "activity", "unknown", "idle", "verdict", "blockers", "purge", "series")


async def refresh(estate: OMEstate, kind: str = "AUTO") -> None:
    run = await estate.mirror.refresh(kind)
    assert (run["phase"], run["error"]) == ("DONE", None)
    estate.warnings = {warning["code"]: warning for warning in run["warnings"]}


async def published(estate: OMEstate, name: str) -> Any:
    """A JSON blob of the newest generation."""
    state = await store.state(estate.mirror.thirdeye)
    assert state is not None
    if name == "series":
        blobs = [data async for _, data in store.blobs(estate.mirror.thirdeye, ["series/"], state["generation"])]
        return list(SeriesEntries([bytes(data) for data in blobs if data]))
    return orjson.loads(await store.blob(estate.mirror.thirdeye, name, state["generation"]) or b"null")


async def columns(estate: OMEstate) -> dict[str, dict[str, int]]:
    """What the columns hold of each table that is there, by its name."""
    snapshot = await estate.mirror.reader.snapshot()
    await snapshot.load(COLUMNS)
    chunks = snapshot.catalogue.columns
    values = {name: np.concatenate([chunks.parts(chunk)[name] for chunk in range(chunks.chunks)]) for name in COLUMNS}
    rows = await estate.mirror.thirdeye.fetch_all("SELECT number, name, schema_name FROM table_inventory")
    return {
        f"{row['schema_name']}.{row['name']}": {name: int(values[name][row["number"]]) for name in COLUMNS}
        for row in rows
        if values["flags"][row["number"]] & PRESENT
    }


async def copies(estate: OMEstate) -> set[str]:
    """The names of the tables that are called copies."""
    groups = await published(estate, "duplicates")
    numbers = [number for group in groups for number in group["members"] if number != group["original"]]
    return set((await store.names_by_number(estate.mirror.thirdeye, numbers)).values())


async def items(estate: OMEstate) -> list[tuple[str, str, Decimal]]:
    """The open items after detection: category, title, saving; without those about owners and mere cost."""
    detection = Detection(
        settings=estate.mirror.settings,
        thirdeye=estate.mirror.thirdeye,
        estate=EstateReader(estate.mirror.thirdeye),
        clock=lambda: estate.mirror.now,
    )
    await detection.run()
    rows = await estate.mirror.thirdeye.fetch_all(
        "SELECT category, title, estimated_savings_usd FROM action_items WHERE status <> 'DONE' ORDER BY title"
    )
    found = [(row["category"], row["title"], row["estimated_savings_usd"]) for row in rows]
    return [item for item in found if item[0] not in ("ASSIGN_OWNER", "REVIEW_EXPENSIVE")]


async def full_agrees(estate: OMEstate) -> None:
    """A full refresh publishes what the incremental one before it did."""

    async def everything() -> Any:
        found = await columns(estate)
        return found, await published(estate, "series"), await published(estate, "duplicates")

    incremental = await everything()
    await refresh(estate, "FULL")
    assert await everything() == incremental


def shards(om: OMRows, count: int, *, read: int = 0, since: int = 0) -> list[str]:
    """Shards `events_` of so many days up to `since` days ago, 1 GB each; the newest ones are read daily. Oldest first."""
    names = [f"{CORE}.events_{om.day(ago):%Y%m%d}" for ago in range(since + count - 1, since - 1, -1)]
    for place, name in enumerate(names):
        om.table(name)
        om.profile(name, 5)
        if place >= count - read:
            om.usage(name, range(1, 4))
    return names


async def test_partitions_without_usage_are_in_use_with_their_whole(estate: OMEstate) -> None:
    om = estate.om
    has_a_past(om)
    om.table(f"{CORE}.orders", tableType="Partitioned")
    om.usage(f"{CORE}.orders", range(1, 400))
    parts = [f"{CORE}.orders_p{2024 + month // 12}_{month % 12 + 1:02}" for month in range(24)]
    for part in parts:
        om.table(part)
        om.profile(part, 5, size=10**12)
    await refresh(estate)
    seen = await estate.seen()
    for part in parts:
        assert (seen[part].activity, seen[part].verdict) == ("DORMANT", "KEEP")
        assert "SERIES_IN_USE" in seen[part].blockers
    held = await columns(estate)
    for part in parts:
        flags = held[part.removeprefix("shop.main.")]["flags"]
        assert flags & (IN_USE | IN_USE_THROUGH_SERIES | ZOMBIE) == IN_USE | IN_USE_THROUGH_SERIES
    (series,) = await published(estate, "series")
    assert (series["name"], series["tables"], series["whole"], series["inUse"]) == ("orders", 25, True, True)
    # No part was read by its own name, so nobody knows which are needed.
    assert (series["old"], await copies(estate)) == ([], set())
    assert {title.rsplit(".", 1)[1][:4] for _, title, _ in await items(estate)} == {"gone"}
    await full_agrees(estate)


@pytest.mark.parametrize("watched", [799, 100])
async def test_old_shards_are_one_item_with_what_they_cost(estate: OMEstate, watched: int) -> None:
    om = estate.om
    om.read(f"{CORE}.busy", range(1, watched + 1))
    await estate.confirm("shop", "LINEAGE")
    names = shards(om, 419, read=30)
    await refresh(estate)
    (series,) = await published(estate, "series")
    assert (series["name"], series["tables"], series["inUse"], series["bytes"]) == ("events", 419, True, 419 * 10**9)
    seen = await estate.seen()
    assert {seen[name].verdict for name in names} == {"KEEP"}
    assert await copies(estate) == set()
    assert series["advised"] == (watched == 799)
    if watched == 100:
        assert (series["old"], await items(estate)) == ([], [])
        return
    old = await store.names_by_number(estate.mirror.thirdeye, series["old"])
    assert {f"{CORE}.{name}" for name in old.values()} == set(names[:389])
    saving = Decimal(389) * Decimal("0.023")
    # The one that goes last is the newest.
    assert await store.names_by_number(estate.mirror.thirdeye, [series["last"]]) == {
        series["last"]: names[-1].rsplit(".", 1)[1]
    }
    assert (Decimal(series["oldCost"]), Decimal(series["cost"])) == (saving, Decimal(419) * Decimal("0.023"))
    assert await items(estate) == [("SET_RETENTION", f"Set a retention for {CORE}.events_*", saving)]
    await full_agrees(estate)
    # Its reason gone, the item ends.
    om.usage(names[0], [1])
    await refresh(estate)
    (series,) = await published(estate, "series")
    assert (series["old"], series["advised"], await items(estate)) == ([], True, [])


@pytest.mark.parametrize("works", [True, False], ids=["in progress", "open"])
async def test_who_follows_the_advice_makes_no_mass_absence_and_saves_it_all(estate: OMEstate, works: bool) -> None:
    om = estate.om
    om.read(f"{CORE}.busy", range(1, 800))
    await estate.confirm("shop", "LINEAGE")
    names = shards(om, 90, read=30)
    await refresh(estate)
    saving = Decimal(60) * Decimal("0.023")
    ((_, _, projected),) = await items(estate)
    assert projected == saving
    thirdeye = estate.mirror.thirdeye
    if works:
        await thirdeye.execute("UPDATE action_items SET status = 'IN_PROGRESS' WHERE detected = 1")
    estate.mirror.removals = await tables_being_removed(thirdeye, lambda: estate.mirror.now)
    om.delete(*names[:60])
    estate.pass_days(1, f"{CORE}.busy", *names[60:])
    await refresh(estate)
    assert ("MASS_ABSENCE" in estate.warnings) == (not works)
    assert await items(estate) == [("SET_RETENTION", f"Set a retention for {CORE}.events_*", saving)]
    if not works:
        return
    estate.pass_days(4, f"{CORE}.busy", *names[60:])
    await refresh(estate)
    assert await items(estate) == []
    sql = "SELECT resolution FROM action_items WHERE category = 'SET_RETENTION'"
    assert await thirdeye.fetch_all(sql) == [{"resolution": "COMPLETED"}]
    sql = "SELECT SUM(realized_usd) AS realized, COUNT(*) AS tables FROM saving_entry"
    assert await thirdeye.fetch_one(sql) == {"realized": saving, "tables": 60}
    om.delete(*names[:60], deleted=False)
    estate.pass_days(1, f"{CORE}.busy", *names[60:])
    await refresh(estate)
    await items(estate)
    assert await thirdeye.fetch_one(sql) == {"realized": 0, "tables": 120}


async def test_what_speaks_against_the_removal_of_a_part_keeps_those_after_it(estate: OMEstate) -> None:
    om = estate.om
    om.read(f"{CORE}.busy", range(1, 800))
    names = shards(om, 20, read=5)
    await refresh(estate)
    # Nobody knows what depends on it.
    assert "NO_LINEAGE" in (await estate.seen())[names[0]].blockers
    (series,) = await published(estate, "series")
    assert (series["old"], series["advised"]) == ([], False)
    await estate.confirm("shop", "LINEAGE")
    om.lineage(names[6], f"{CORE}.busy")
    await refresh(estate)
    (series,) = await published(estate, "series")
    old = await store.names_by_number(estate.mirror.thirdeye, series["old"])
    assert {f"{CORE}.{name}" for name in old.values()} == set(names[:6])


async def test_a_series_that_nobody_reads_is_idle_as_one(estate: OMEstate) -> None:
    om = estate.om
    has_a_past(om)
    names = shards(om, 12, since=1)
    await refresh(estate)
    estate.pass_days(1, f"{CORE}.busy")
    newest = f"{CORE}.events_{om.day(0):%Y%m%d}"
    om.table(newest, version=0.1, updated=0, createdAt=om.milliseconds(0), **om.life_cycle(created=0))
    await refresh(estate)
    seen = await estate.seen()
    every = [*names, newest]
    assert {(seen[name].activity, seen[name].idle) for name in every} == {
        (seen[names[0]].activity, seen[names[0]].idle)
    }
    assert seen[names[0]].activity == "DORMANT"
    assert {seen[name].verdict for name in every} == {seen[names[0]].verdict}
    # The newest shard was written today.
    assert seen[names[0]].verdict == "STOP_REFRESH"
    (series,) = await published(estate, "series")
    assert (series["tables"], series["inUse"], series["old"]) == (13, False, [])
    held = await columns(estate)
    assert all(held[name.removeprefix("shop.main.")]["flags"] & ZOMBIE for name in every)
    await full_agrees(estate)
    # A part that is read is use of all.
    estate.pass_days(1, f"{CORE}.busy", names[3])
    await refresh(estate)
    seen = await estate.seen()
    assert {"SERIES_IN_USE" in seen[name].blockers for name in every} == {True}
    assert {seen[name].verdict for name in every} == {"KEEP"}
    assert (seen[names[3]].activity, seen[newest].activity) == ("ACTIVE", "NEW")


async def test_a_feed_that_ended_is_no_evidence_though_an_absent_part_had_it(estate: OMEstate) -> None:
    om = estate.om
    om.read(f"{CORE}.busy", range(28, 700))
    await estate.confirm("shop", "LINEAGE")
    names = shards(om, 6, since=400)
    for name in names:
        om.usage(name, [200])
    await estate.look()
    rows = await estate.mirror.thirdeye.fetch_all("SELECT fqn FROM table_inventory ORDER BY number")
    first, *others = [row["fqn"] for row in rows if row["fqn"] in names]
    om.delete(first)
    assert {(await estate.look())[name].evidence for name in names} == {"QUERIES"}
    estate.pass_days(3)
    await refresh(estate)
    seen = await estate.seen()
    assert (seen[first].evidence, {seen[name].judgement for name in others}) == ("QUERIES", {("UNKNOWN", "NO_FEED")})
    await full_agrees(estate)


async def test_the_parts_of_an_unused_series_have_their_most_cautious_verdict(estate: OMEstate) -> None:
    om = estate.om
    has_a_past(om)
    names = shards(om, 5, since=1)
    await refresh(estate)
    seen = await estate.seen()
    assert all(seen[name].may_go for name in names)
    om.table(names[2], updated=1, version=1.3, **om.life_cycle(accessed=-400))
    await refresh(estate)
    seen = await estate.seen()
    assert {seen[name].judgement for name in names} == {("UNKNOWN", "UNREADABLE")}
    assert not any(seen[name].may_go for name in names)


async def test_unread_dated_names_beside_one_that_is_read_are_copies(estate: OMEstate) -> None:
    om = estate.om
    has_a_past(om)
    om.read(f"{CORE}.orders", range(1, 400))
    dated = [f"{CORE}.orders_2025010{day}" for day in (1, 2, 3)]
    for name in dated:
        om.table(name)
        om.profile(name, 5, size=10**11)
    await refresh(estate)
    assert await published(estate, "series") == []
    assert await copies(estate) >= {name.rsplit(".", 1)[1] for name in dated}
    assert {category for category, title, _ in await items(estate) if "orders" in title} >= {"DEDUPLICATE"}
    await full_agrees(estate)
    # Who reads one may read the others.
    om.usage(dated[0], [60])
    await refresh(estate)
    assert not any(name.startswith("orders") for name in await copies(estate))


async def test_the_same_table_of_several_tenants_is_no_copy_while_they_are_read(estate: OMEstate) -> None:
    om = estate.om
    has_a_past(om)
    tenants = [f"shop.main.tenant_{letter}.invoices" for letter in "abc"]
    for name in tenants:
        om.read(name, range(1, 300))
    await refresh(estate)
    assert "invoices" not in await copies(estate)
    await full_agrees(estate)
    om.read("shop.main.tenant_d.invoices", range(200, 300))
    await refresh(estate)
    (group,) = [group for group in await published(estate, "duplicates") if group["name"] == "invoices"]
    assert (len(group["members"]), group["agreement"]) == (2, 1.0)


async def test_columns_are_compared_where_their_fingerprints_differ(estate: OMEstate) -> None:
    om = estate.om
    has_a_past(om)
    names = [{"name": f"c{place}", "dataType": "INT"} for place in range(40)]
    om.table(f"{CORE}.wide", columns=names)
    om.table(f"{CORE}.wide_backup", columns=names[::-1])
    om.table(f"{CORE}.wide_old", columns=names[:39])
    om.table(f"{CORE}.wide_v2", columns=names[:20])
    om.table(f"{CORE}.wide_v3", columns=None)
    await refresh(estate)
    (group,) = [group for group in await published(estate, "duplicates") if group["name"] == "wide"]
    assert (len(group["members"]), group["agreement"]) == (3, 0.975)
    assert {"wide_backup", "wide_old"} == {name for name in await copies(estate) if name.startswith("wide")}
    await full_agrees(estate)
    om.table(f"{CORE}.wide_v2", columns=names, updated=1, version=1.3)
    await refresh(estate)
    assert "wide_v2" in await copies(estate)
    await full_agrees(estate)


async def test_columns_are_read_of_a_table_that_is_there(estate: OMEstate) -> None:
    om, names = estate.om, [{"name": f"c{place}", "dataType": "INT"} for place in range(40)]
    has_a_past(om)
    for name in ("deep", "deep_backup"):
        om.table(f"{CORE}.{name}", columns=names)
    await refresh(estate)
    rows = await estate.mirror.thirdeye.fetch_all(
        "SELECT fqn FROM table_inventory WHERE name LIKE 'deep%' ORDER BY number"
    )
    # Nobody asked for the columns of either, as there was nothing to compare.
    om.drop(str(rows[0]["fqn"]))
    om.table(f"{CORE}.deep_old", columns=names[:39])
    await refresh(estate)
    (group,) = [group for group in await published(estate, "duplicates") if group["name"] == "deep"]
    assert (len(group["members"]), group["agreement"]) == (3, 0.975)


async def test_names_come_and_go(estate: OMEstate) -> None:
    om = estate.om
    has_a_past(om)
    names = shards(om, 3, since=1)
    for bad in ("20260101", "20260102", "20260103", "x_20269997", "x_20269998", "x_20269999", 248 * "y" + "20260101"):
        om.table(f"{CORE}.{bad}")
    # A view is a table.
    om.table(f"{CORE}.Events_{om.day(0):%Y%m%d}", tableType="View")
    await refresh(estate)
    (series,) = await published(estate, "series")
    assert (series["name"].casefold(), series["tables"]) == ("events", 4)
    # One is renamed out of it, another is deleted: two are left.
    document = {"id": om.table(names[0]), "name": "other", "fullyQualifiedName": f"{CORE}.other", "version": 1.4}
    om.run("DELETE FROM table_entity WHERE JSON_VALUE(json, '$.fullyQualifiedName') = %s", names[0])
    om.table(f"{CORE}.other", id=document["id"], updated=1)
    await refresh(estate)
    (series,) = await published(estate, "series")
    assert series["tables"] == 3
    await full_agrees(estate)
    # An undated name makes them something else.
    estate.mirror.now += timedelta(hours=1)
    om.table(f"{CORE}.events", updated=0)
    await refresh(estate)
    assert await published(estate, "series") == []
    assert {held["series"] for held in (await columns(estate)).values()} == {0}
    await full_agrees(estate)
