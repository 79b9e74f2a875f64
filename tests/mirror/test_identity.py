"""Which table is which: by OM's id, and by the name where the id is gone."""

import uuid
from datetime import timedelta

import pytest

from tests.mirror.test_absence import BUSY, KEPT, SIDE, refresh, rows, sides
from tests.support.clocks import NOON
from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows, hash_of
from thirdeye.mirror.identity import store

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
OLD, NEW = "shop.main.core.orders", "shop.main.core.orders_old"


def recreate(om: OMRows, *fqns: str) -> None:
    """The same tables under new ids, as after a service was deleted and ingested again."""
    for fqn in fqns:
        om.drop(fqn)
        om.table(fqn, id=str(uuid.uuid4()), version=0.1, updated=0)


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
@pytest.mark.parametrize("between", [False, True], ids=["at once", "absent between"])
async def test_new_ids_are_the_same_tables(om: OMRows, estate: OMEstate, kind: str, between: bool) -> None:
    sides(om)
    before = await refresh(estate)
    if between:
        om.drop(*SIDE)
        await refresh(estate, kind, hours=1)
    recreate(om, *SIDE)
    after = await refresh(estate, kind, hours=1)
    kept = ("number", "last_accessed", "known_since", "seen_at", "size_bytes")
    for fqn in SIDE:
        assert [after[fqn][name] for name in kept] == [before[fqn][name] for name in kept]
        assert after[fqn]["id"] != before[fqn]["id"]
        assert (after[fqn]["absent_since"], after[fqn]["removed_at"]) == (None, None)
    assert len(after) == len(before)
    kinds = await estate.mirror.thirdeye.fetch_all("SELECT kind FROM table_change")
    assert kinds == []
    again = await refresh(estate, "FULL" if kind == "AUTO" else "AUTO")
    assert {fqn: row["number"] for fqn, row in again.items()} == {fqn: row["number"] for fqn, row in before.items()}


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
@pytest.mark.parametrize("between", ["at once", "absent between", "gone between"])
async def test_new_ids_that_are_first_seen_deleted_are_the_same_tables(
    om: OMRows, estate: OMEstate, kind: str, between: str
) -> None:
    async def look(hours: int = 1) -> dict[str, dict[str, object]]:
        estate.pass_days(hours // 24, BUSY)
        estate.mirror.now += timedelta(hours=hours % 24)
        await estate.look(kind)
        return await rows(estate)

    has_a_past(om)
    om.read(OLD, [300])
    om.profile(OLD, 300)
    before = (await look())[OLD]
    if between != "at once":
        om.drop(OLD)
        await look()
    if between == "gone between":
        assert (await look(24 * 7))[OLD]["removed_at"] is not None
    # A service is ingested again, and its next run, a bad one, does not see them, before the next refresh.
    recreate(om, OLD)
    om.delete(OLD)
    om.table(NEW)
    missed = (await look())[OLD]
    assert (missed["number"], missed["known_since"]) == (before["number"], before["known_since"])
    assert missed["id"] != before["id"]
    assert (missed["removed_at"] is not None) == (between == "gone between")
    assert missed["absent_since"] is not None
    om.delete(OLD, deleted=False)
    after = (await look())[OLD]
    kept = ("number", "last_accessed", "known_since", "seen_at", "size_bytes")
    assert [after[name] for name in kept] == [before[name] for name in kept]
    assert (after["absent_since"], after["removed_at"]) == (None, None)
    assert len(await rows(estate)) == 48
    numbers = {fqn: row["number"] for fqn, row in (await rows(estate)).items()}
    kind = "FULL" if kind == "AUTO" else "AUTO"
    assert {fqn: row["number"] for fqn, row in (await look()).items()} == numbers
    # Usage under the former id counts, as ever.
    om.usage(OLD, [1])
    assert (await refresh(estate))[OLD]["last_accessed"] == om.day(1)


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
async def test_an_absent_table_keeps_its_text_under_a_new_id(om: OMRows, estate: OMEstate, kind: str) -> None:
    has_a_past(om)
    om.table(OLD)
    before = (await refresh(estate))[OLD]
    om.drop(OLD)
    om.table(OLD, id=str(uuid.uuid4()), tableType="View", displayName="Orders!", deleted=True)
    for hours in (1, 24 * 3):
        after = (await refresh(estate, kind, hours=hours))[OLD]
        assert [after[name] for name in ("number", "table_type", "display_name")] == [before["number"], "Regular", None]
    om.delete(OLD, deleted=False)
    after = (await refresh(estate, kind))[OLD]
    assert [after[name] for name in ("number", "table_type", "display_name")] == [before["number"], "View", "Orders!"]


async def test_a_table_that_is_renamed_while_it_is_gone_comes_back_under_its_name(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    identifier = om.table(OLD)
    before = (await refresh(estate))[OLD]
    om.delete(OLD)
    await refresh(estate, hours=1)
    assert (await refresh(estate, days=5))[OLD]["removed_at"] is not None
    om.table(NEW, id=identifier, updated=0, deleted=True)
    await refresh(estate, "FULL")
    om.table(OLD, id=identifier, updated=0)
    await estate.look()
    found = await rows(estate)
    assert (found[OLD]["number"], found[OLD]["id"], NEW in found) == (before["number"], identifier, False)


async def test_usage_under_the_former_id_still_counts(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.read(OLD, [300, 200, 40])
    before = (await refresh(estate))[OLD]
    # OM keeps what nobody purged.
    om.table(OLD, id=str(uuid.uuid4()))
    for kind in ("AUTO", "FULL", "AUTO"):
        after = (await refresh(estate, kind, hours=1))[OLD]
        assert [after[name] for name in ("number", "days_of_use", "first_use", "last_accessed")] == [
            before[name] for name in ("number", "days_of_use", "first_use", "last_accessed")
        ]


async def test_names_that_are_swapped_follow_the_ids(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    a, b = om.table(OLD), om.table(NEW)
    before = await refresh(estate)
    om.run("DELETE FROM table_entity WHERE id IN (%s, %s)", a, b)
    om.table(OLD, id=b, updated=0)
    om.table(NEW, id=a, updated=0)
    after = await refresh(estate, hours=1)
    assert (after[OLD]["number"], after[NEW]["number"]) == (before[NEW]["number"], before[OLD]["number"])


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
async def test_renamed_and_created_anew_in_one_refresh(om: OMRows, estate: OMEstate, kind: str) -> None:
    has_a_past(om)
    om.read(OLD, [300])
    identifier = om.table(OLD)
    before = (await refresh(estate))[OLD]
    om.run("DELETE FROM table_entity WHERE id = %s", identifier)
    om.table(NEW, id=identifier, updated=0)
    om.table(OLD, id=str(uuid.uuid4()), version=0.1, updated=0)
    after = await refresh(estate, kind, hours=1)
    assert (after[NEW]["number"], after[NEW]["last_accessed"]) == (before["number"], before["last_accessed"])
    assert after[OLD]["number"] != before["number"]
    assert (after[OLD]["activity"], after[OLD]["last_accessed"]) == ("NEW", None)


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
async def test_half_of_an_estate_renamed_at_once_is_the_same_half(om: OMRows, estate: OMEstate, kind: str) -> None:
    has_a_past(om)
    names = [f"shop.main.core.t{number}" for number in range(40)]
    for number, fqn in enumerate(names):
        om.read(fqn, [300 + number])
    before, verdicts = await refresh(estate), await estate.seen()
    renamed = {fqn: fqn.replace(".t", ".new_") for fqn in names[::2]}
    for old, new in renamed.items():
        om.run("DELETE FROM table_entity WHERE fqnHash = %s", hash_of(old))
        om.table(new, id=str(before[old]["id"]), updated=0)
    after, then = await refresh(estate, kind, hours=1), await estate.seen()
    for old in names:
        new = renamed.get(old, old)
        for name in ("number", "known_since", "last_accessed", "days_of_use", "absent_since"):
            assert after[new][name] == before[old][name], (old, name)
        assert (then[new].idle, then[new].verdict, then[new].blockers) == (
            verdicts[old].idle, verdicts[old].verdict, verdicts[old].blockers,
        ), old  # fmt: skip
    assert len(after) == len(before)


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
async def test_a_table_that_moves_to_a_service_that_nobody_watches_may_not_go(
    om: OMRows, estate: OMEstate, kind: str
) -> None:
    has_a_past(om)
    om.read(OLD, [400])
    before = (await refresh(estate))[OLD]
    assert (await estate.seen())[OLD].may_go
    moved = "dark.main.core.orders"
    om.run("DELETE FROM table_entity WHERE fqnHash = %s", hash_of(OLD))
    om.table(moved, id=str(before["id"]), updated=0)
    after = await refresh(estate, kind, hours=1)
    assert OLD not in after
    for name in ("number", "known_since", "last_accessed", "absent_since"):
        assert after[moved][name] == before[name], name
    assert not (await estate.seen())[moved].may_go


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
async def test_who_takes_over_the_name_of_an_absent_table_has_its_own_tags_and_profile(
    om: OMRows, estate: OMEstate, kind: str
) -> None:
    has_a_past(om)
    om.table(OLD)
    om.table(NEW)
    before = await refresh(estate)
    first, second = sorted((OLD, NEW), key=lambda fqn: str(before[fqn]["number"]).zfill(9))
    # The one that is found first is away; the other has its name now.
    om.drop(first)
    identifier = om.table(second)
    om.run("DELETE FROM table_entity WHERE id = %s", identifier)
    om.table(first, id=identifier, updated=0)
    om.tag(first, "Tier.Tier1")
    om.tag(first, "PII.Sensitive")
    om.profile(first, 1, size=77)
    for hours in (1, 24 * 5):
        found = await refresh(estate, kind, hours=hours)
        rows = await estate.mirror.thirdeye.fetch_all("SELECT * FROM table_inventory")
        (renamed,) = (row for row in rows if row["id"] == identifier)
        assert (renamed["fqn"], renamed["number"]) == (first, before[second]["number"])
        assert (renamed["tier"], renamed["tag_set"] != 0, renamed["size_bytes"]) == (1, True, 77)
    assert found[first]["removed_at"] is None


async def test_usage_under_two_ids_on_one_day_is_of_one_table(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.read(OLD, [300, 2, 1], count=3)
    await refresh(estate)
    new = str(uuid.uuid4())
    om.table(OLD, id=new)
    rows = [(new, "table", om.day(ago), 4) for ago in (2, 1)]
    om.many("INSERT INTO entity_usage (id, entityType, usageDate, count1) VALUES (%s, %s, %s, %s)", rows)
    for kind in ("AUTO", "FULL", "AUTO"):
        after = await refresh(estate, kind)
        assert (after[OLD]["days_of_use"], after[OLD]["queries_30d"]) == (3, 14)
        # Nor does the day say less of others.
        assert after[BUSY]["queries_30d"] == 30 * 3


async def test_former_ids_are_read_in_pages(estate: OMEstate, monkeypatch: pytest.MonkeyPatch) -> None:
    # What one statement can give, and what it cuts off without a word.
    monkeypatch.setattr(store, "_RAISE_PACKED_LIMIT", "SET SESSION group_concat_max_len = 4096")
    thirdeye, rows = estate.mirror.thirdeye, [(str(uuid.uuid4()), number, NOON) for number in range(1_000)]
    async with thirdeye.transaction() as session:
        await store.put_former_ids(session, rows)
    expected = {f"{id_.replace('-', '')}{number:08X}" for id_, number, _ in rows}
    packed = await store.former_ids(thirdeye)
    assert {packed[start : start + 40] for start in range(0, len(packed), 40)} == expected
    assert len(packed) == 40 * len(rows)


async def test_the_name_in_another_case_is_another_table(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.table(OLD)
    before = (await refresh(estate))[OLD]
    om.drop(OLD)
    om.table(OLD.upper().replace("SHOP.MAIN.CORE", "shop.main.core"), updated=0)
    after = await refresh(estate, hours=1)
    assert after["shop.main.core.ORDERS"]["number"] != before["number"]
    assert after[OLD]["absent_since"] is not None


async def test_a_table_that_was_gone_for_long_is_still_itself(om: OMRows, estate: OMEstate) -> None:
    sides(om)
    before = (await refresh(estate))[SIDE[0]]
    om.drop(SIDE[0])
    await refresh(estate, hours=1)
    assert (await refresh(estate, days=5))[SIDE[0]]["removed_at"] is not None
    recreate(om, SIDE[0])
    after = (await refresh(estate, days=1))[SIDE[0]]
    assert [after[name] for name in ("number", "known_since", "last_accessed", "removed_at")] == [
        *(before[name] for name in ("number", "known_since", "last_accessed")), None,
    ]  # fmt: skip
    assert KEPT
    assert BUSY
