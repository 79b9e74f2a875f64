"""What depends on what: through what is deleted or absent, and to what nobody can read."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support.om_estate import OMEstate, Seen, has_a_past
from tests.support.om_rows import identifier_of
from thirdeye.estate.resolvers.lineage import unknown_downstream
from thirdeye.inventory.reader import EstateReader
from thirdeye.mirror.phases.lineage import read_lineage

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
CORE = "shop.main.core."


async def see(estate: OMEstate, kind: str = "AUTO") -> dict[str, Seen]:
    """Refreshes; what is published, by FQN."""
    run = await estate.mirror.refresh(kind)
    assert (run["phase"], run["error"]) == ("DONE", None)
    estate.warnings = {warning["code"]: warning for warning in run["warnings"]}
    return await estate.seen()


async def in_use_through_lineage(estate: OMEstate, fqn: str) -> bool:
    row = await estate.mirror.thirdeye.fetch_one(
        "SELECT in_use_through_lineage AS used FROM table_inventory WHERE fqn = %(fqn)s", {"fqn": CORE + fqn}
    )
    assert row is not None
    return bool(row["used"])


async def unknown_behind(estate: OMEstate, fqn: str) -> list[tuple[str, str, bool]]:
    """What answers say of unknown assets downstream: name, why it is unknown, whether it is in use."""
    thirdeye = estate.mirror.thirdeye
    row = await thirdeye.fetch_one("SELECT number FROM table_inventory WHERE fqn = %(fqn)s", {"fqn": CORE + fqn})
    assert row is not None
    context = SimpleNamespace(thirdeye=thirdeye, estate=EstateReader(thirdeye), loaders={})
    found: list[Any] = await unknown_downstream(cast(Any, SimpleNamespace(context=context)), row["number"], 5)
    return [(each["asset"]["name"], each["unknown"], each["asset"]["inUse"]) for each in found]


def old_table(estate: OMEstate, *names: str) -> None:
    """Tables that nobody has read for more than a year."""
    for name in names:
        estate.om.read(CORE + name, [400])


def flows(estate: OMEstate, up: str, down: str, kind: str = "table", *, deleted: bool = False) -> None:
    estate.om.relate(CORE + up, CORE + down if kind == "table" else down, ("table", kind), 13)
    if deleted:
        mark_deleted(estate, CORE + up)


def mark_deleted(estate: OMEstate, upstream: str) -> None:
    estate.om.run(
        "UPDATE entity_relationship SET deleted = 1 WHERE relation = 13 AND fromId = %s", identifier_of(upstream)
    )


async def test_a_deleted_table_conducts(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "raw", "alone")
    estate.om.table(CORE + "stg", deleted=True)
    estate.om.read(CORE + "mart", range(1, 20))
    flows(estate, "raw", "stg", deleted=True)
    flows(estate, "stg", "mart", deleted=True)
    # Nobody deleted an end of this one: somebody took the edge away.
    flows(estate, "alone", "mart", deleted=True)
    for kind in ("FULL", "AUTO", "FULL"):
        seen = await see(estate, kind)
        assert seen[CORE + "raw"].blockers == {"ACTIVE_DOWNSTREAM"}
        assert seen[CORE + "alone"].verdict == "DELETE"


async def test_an_absent_table_keeps_its_marked_edge_to_a_deleted_one(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "raw", "base")
    estate.om.table(CORE + "stg", deleted=True)
    estate.om.read(CORE + "mart", range(1, 20))
    flows(estate, "base", "stg", deleted=True)
    flows(estate, "stg", "mart")
    flows(estate, "raw", "base")
    await see(estate)
    # With the table OM drops its edges.
    estate.om.drop(CORE + "base")
    for kind in ("AUTO", "FULL"):
        await see(estate, kind)
        assert await in_use_through_lineage(estate, "base")


async def test_edges_are_marked_deleted_and_restored(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "raw")
    flows(estate, "raw", "busy")
    assert (await see(estate))[CORE + "raw"].verdict == "KEEP"
    mark_deleted(estate, CORE + "raw")
    assert (await see(estate))[CORE + "raw"].verdict == "DELETE"
    estate.om.run("UPDATE entity_relationship SET deleted = 0")
    assert (await see(estate))[CORE + "raw"].verdict == "KEEP"


async def test_a_deleted_metric_is_not_in_use(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "of_living", "of_deleted")
    estate.om.asset("metric", "revenue")
    estate.om.asset("metric", "churn", deleted=True)
    flows(estate, "of_living", "revenue", "metric")
    flows(estate, "of_deleted", "churn", "metric")
    seen = await see(estate)
    assert seen[CORE + "of_living"].blockers == {"ACTIVE_DOWNSTREAM"}
    assert (seen[CORE + "of_deleted"].verdict, seen[CORE + "of_deleted"].blockers) == ("DELETE", set())


@pytest.mark.parametrize(
    ("kind", "warning"),
    [
        ("worksheet", "LINEAGE_TO_NOTHING"),
        ("table", "LINEAGE_TO_NOTHING"),
        ("hologram", "LINEAGE_TO_UNREADABLE_KIND"),
    ],
)
async def test_of_what_cannot_be_read_or_does_not_exist_nothing_is_known(
    estate: OMEstate, kind: str, warning: str
) -> None:
    has_a_past(estate.om)
    old_table(estate, "raw", "above")
    flows(estate, "above", "raw")
    estate.om.relate(CORE + "raw", "nobody.knows.it", ("table", kind), 13)
    for refresh in ("FULL", "AUTO", "FULL"):
        seen = await see(estate, refresh)
        for name in ("raw", "above"):
            assert (seen[CORE + name].verdict, seen[CORE + name].blockers) == ("REVIEW", {"UNKNOWN_DOWNSTREAM"})
        assert estate.warnings[warning]["count"] == 1
        assert identifier_of("nobody.knows.it") in estate.warnings[warning]["example"]


async def test_a_table_that_lineage_names_before_it_comes(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "raw")
    flows(estate, "raw", "late")
    assert (await see(estate))[CORE + "raw"].blockers == {"UNKNOWN_DOWNSTREAM"}
    estate.om.read(CORE + "late", range(1, 20))
    assert (await see(estate))[CORE + "raw"].blockers == {"ACTIVE_DOWNSTREAM"}
    assert "LINEAGE_TO_NOTHING" not in estate.warnings


async def test_a_kind_whose_table_is_not_there(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "raw")
    await see(estate)
    assert not estate.warnings
    estate.om.asset("worksheet", "drive.plans.Q3")
    flows(estate, "raw", "drive.plans.Q3", "worksheet")
    assert (await see(estate))[CORE + "raw"].blockers == {"ACTIVE_DOWNSTREAM"}
    estate.om.run("RENAME TABLE worksheet_entity TO worksheets_elsewhere")
    try:
        assert (await see(estate))[CORE + "raw"].blockers == {"UNKNOWN_DOWNSTREAM"}
        assert "worksheet_entity" in estate.warnings["NOT_READABLE"]["example"]
        named = await estate.mirror.thirdeye.fetch_all("SELECT name FROM lineage_asset")
        assert [row["name"] for row in named] == ["Q3"]
    finally:
        estate.om.run("RENAME TABLE worksheets_elsewhere TO worksheet_entity")


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
@pytest.mark.parametrize("remove", ["soft", "hard"])
async def test_an_asset_that_vanishes_while_its_kind_cannot_be_read_counts_as_it_was(
    estate: OMEstate, remove: str, kind: str
) -> None:
    has_a_past(estate.om)
    old_table(estate, "raw")
    estate.om.asset("worksheet", "drive.plans.Q3")
    flows(estate, "raw", "drive.plans.Q3", "worksheet")
    assert (await estate.look())[CORE + "raw"].blockers == {"ACTIVE_DOWNSTREAM"}
    estate.om.run("RENAME TABLE worksheet_entity TO worksheets_elsewhere")
    try:
        assert (await estate.look(kind))[CORE + "raw"].blockers == {"UNKNOWN_DOWNSTREAM"}
        assert not await in_use_through_lineage(estate, "raw")
        assert await unknown_behind(estate, "raw") == [("Q3", "UNREADABLE_KIND", False)]
    finally:
        estate.om.run("RENAME TABLE worksheets_elsewhere TO worksheet_entity")
    if remove == "soft":
        estate.om.asset("worksheet", "drive.plans.Q3", deleted=True)
    else:
        estate.om.remove_asset("worksheet", "drive.plans.Q3")
    # All of its service: a week.
    for days in (0, 6):
        estate.pass_days(days, CORE + "busy")
        assert (await estate.look(kind))[CORE + "raw"].blockers == {"ACTIVE_DOWNSTREAM"}
    estate.pass_days(1, CORE + "busy")
    assert (await estate.look(kind))[CORE + "raw"].verdict == "DELETE"


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
@pytest.mark.parametrize("remove", ["soft", "hard"])
async def test_an_upgrade_while_a_mart_of_another_database_is_absent(estate: OMEstate, remove: str, kind: str) -> None:
    """The columns and edges of the version before cannot be read: OM has what it marked deleted, of the rest nobody knows."""
    om, mart = estate.om, "shop.other.core.mart"
    has_a_past(om)
    old_table(estate, "raw")
    om.read(mart, range(1, 500))
    # Others, so that it is no mass absence.
    for number in range(6):
        om.read(f"shop.other.core.t{number}", range(1, 30))
    om.relate(CORE + "raw", mart, ("table", "table"), 13)
    assert (await see(estate))[CORE + "raw"].blockers == {"ACTIVE_DOWNSTREAM"}
    (om.delete if remove == "soft" else om.drop)(mart)
    estate.mirror.now += timedelta(hours=1)
    assert (await see(estate))[CORE + "raw"].blockers == {"ACTIVE_DOWNSTREAM"}
    await estate.mirror.thirdeye.execute("DELETE FROM estate_state")
    held = {"ACTIVE_DOWNSTREAM"} if remove == "soft" else {"EVIDENCE_INCOMPLETE"}
    for days in (0, 1, 1):
        estate.pass_days(days, CORE + "busy")
        seen = await see(estate, kind)
        assert (seen[CORE + "raw"].blockers, seen[mart].verdict) == (held, "KEEP")
        assert ("EVIDENCE_INCOMPLETE" in estate.warnings) == (remove == "hard")
    if remove == "hard":
        warning = estate.warnings["EVIDENCE_INCOMPLETE"]
        assert (warning["count"], identifier_of(mart) in warning["example"]) == (1, True)
    # It counts as gone, or is back.
    if kind == "AUTO":
        om.read(mart, range(1, 500))
    estate.pass_days(2, CORE + "busy")
    blockers = (await see(estate, kind))[CORE + "raw"].blockers
    assert "EVIDENCE_INCOMPLETE" not in blockers | estate.warnings.keys()
    assert (blockers == set()) == (kind == "FULL" or remove == "hard")


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
@pytest.mark.parametrize("remove", ["soft", "hard"])
async def test_a_vanished_dashboard_counts_as_it_was_for_four_days(estate: OMEstate, remove: str, kind: str) -> None:
    has_a_past(estate.om)
    old_table(estate, "raw")
    for name in ("sales", "costs"):
        estate.om.asset("dashboard", f"looker.{name}")
    flows(estate, "raw", "looker.sales", "dashboard")
    old_table(estate, "other")
    flows(estate, "other", "looker.costs", "dashboard")
    assert (await see(estate))[CORE + "raw"].blockers == {"ACTIVE_DOWNSTREAM"}
    if remove == "soft":
        estate.om.asset("dashboard", "looker.sales", deleted=True)
    else:
        estate.om.remove_asset("dashboard", "looker.sales")
    used = []
    for day in range(6):
        if day:
            estate.pass_days(1, CORE + "busy")
        await see(estate, kind)
        used.append(await in_use_through_lineage(estate, "raw"))
    assert used == [True, True, True, True, False, False]


async def test_dashboards_that_vanish_together_are_waited_for_a_week(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "raw")
    for number in range(5):
        estate.om.asset("dashboard", f"looker.number_{number}")
        flows(estate, "raw", f"looker.number_{number}", "dashboard")
    await see(estate)
    for number in range(5):
        # Over three refreshes.
        estate.mirror.now += timedelta(hours=number % 2)
        estate.om.remove_asset("dashboard", f"looker.number_{number}")
        await see(estate)
    used = []
    for _ in range(8):
        estate.pass_days(1, CORE + "busy")
        await see(estate)
        used.append(await in_use_through_lineage(estate, "raw"))
    assert used == [True] * 6 + [False] * 2


async def test_an_asset_that_comes_back_is_in_use_again(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "raw")
    estate.om.asset("dashboard", "looker.sales")
    flows(estate, "raw", "looker.sales", "dashboard")
    await see(estate)
    estate.om.remove_asset("dashboard", "looker.sales")
    await see(estate)
    estate.pass_days(8, CORE + "busy")
    await see(estate)
    assert not await in_use_through_lineage(estate, "raw")
    estate.om.asset("dashboard", "looker.sales")
    flows(estate, "raw", "looker.sales", "dashboard")
    await see(estate)
    assert await in_use_through_lineage(estate, "raw")


async def test_lineage_to_itself_and_in_circles(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "self", "left", "right")
    for up, down in (("self", "self"), ("left", "right"), ("right", "left")):
        flows(estate, up, down)
    seen = await see(estate)
    assert [seen[CORE + name].verdict for name in ("self", "left", "right")] == ["DELETE"] * 3


@pytest.mark.parametrize("count", [60, pytest.param(5_000, marks=pytest.mark.soak)])
async def test_one_edge_among_many_tables_is_no_lineage(estate: OMEstate, count: int) -> None:
    estate.om.read("bare.main.core.busy", range(1, 800))
    estate.om.read_once("bare.main.core", {f"old_{number}_one": 400 for number in range(count)})
    estate.om.lineage("bare.main.core.old_0_one", "bare.main.core.old_1_one")
    seen = await see(estate)
    assert all("NO_LINEAGE" in seen[f"bare.main.core.old_{number}_one"].blockers for number in range(count))
    assert not any(found.verdict == "DELETE" for found in seen.values())


async def test_a_refresh_that_dies_in_lineage_changes_nothing(estate: OMEstate, monkeypatch: Any) -> None:
    has_a_past(estate.om)
    old_table(estate, "raw")
    estate.om.asset("dashboard", "looker.sales")
    flows(estate, "raw", "looker.sales", "dashboard")
    before = await see(estate)
    estate.om.remove_asset("dashboard", "looker.sales")

    async def dies(*arguments: Any) -> None:
        await read_lineage(*arguments)
        raise RuntimeError

    from thirdeye.mirror import refresh

    monkeypatch.setattr(
        refresh, "PHASES", [each._replace(run=dies) if each.name == "LINEAGE" else each for each in refresh.PHASES]
    )
    with pytest.raises(RuntimeError):
        await estate.mirror.refresh()
    monkeypatch.undo()
    assert await see(estate) == before
