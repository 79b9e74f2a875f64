"""Tables that are long gone, and of which nothing is said, are forgotten; their numbers are given again, to one table each."""

from datetime import timedelta
from typing import Any

import pytest

from tests.mirror.test_absence import BUSY, refresh, rows
from tests.mirror.test_identity import recreate
from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows, identifier_of
from thirdeye.errors import Unavailable
from thirdeye.inventory.columns import PRESENT
from thirdeye.mirror.identity import table_numbers
from thirdeye.mirror.identity.table_numbers import FORGOTTEN_DAYS
from thirdeye.mirror.state import load_numbers, load_state
from thirdeye.pruning.references.store import REFERENCES
from thirdeye.verdict.approvals.keys import table_key
from thirdeye.verdict.approvals.keys import table_numbers as numbers_of_keys

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured]
PLACE = "shop.main.brief"
BRIEF = [f"{PLACE}.t{number}" for number in range(4)]
# Tables that hold numbers of tables and refer to none: these are the tables themselves, or go with them.
INVENTORY = {
    "table_inventory", "table_inventory_staged_text", "table_inventory_staged_facts", "table_former_id", "lineage_asset",
}  # fmt: skip


def has_brief_tables(om: OMRows, *fqns: str) -> None:
    """Tables that were read when they were last seen: no verdict of theirs is recorded."""
    has_a_past(om)
    for fqn in fqns:
        om.table(fqn, updated=0)
        om.usage(fqn, [1])


async def gone_for_long(om: OMRows, estate: OMEstate, *fqns: str, days: int = FORGOTTEN_DAYS) -> dict[str, Any]:
    """Drops tables with all that OpenMetadata had of them, and looks again when so many days have passed since."""
    before = await refresh(estate)
    om.drop(*fqns)
    await refresh(estate, hours=1)
    assert (await refresh(estate, days=8))[fqns[0]]["removed_at"] is not None
    # That they are gone was a change, and is told as long as changes are.
    await refresh(estate, days=days - 9)
    return before


async def put(estate: OMEstate, table: str, **row: Any) -> None:
    names = ", ".join(f"%({name})s" for name in row)
    await estate.mirror.thirdeye.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({names})", row)


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
async def test_numbers_are_given_again(om: OMRows, estate: OMEstate, kind: str) -> None:
    has_brief_tables(om, *BRIEF)
    before = await gone_for_long(om, estate, *BRIEF)
    numbers = {before[fqn]["number"] for fqn in BRIEF}
    assert BRIEF[0] in await refresh(estate, kind, hours=23)
    after = await refresh(estate, kind, hours=1)
    assert not set(BRIEF) & after.keys()
    # Whoever looked at the generation before may still hold one of the numbers.
    om.table(f"{PLACE}.early", updated=0)
    after = await refresh(estate, kind, hours=23)
    assert after[f"{PLACE}.early"]["number"] > max(row["number"] for row in before.values())
    late = [f"{PLACE}.late_{number}" for number in range(5)]
    for fqn in late:
        om.table(fqn, updated=0)
    om.read(late[0], [1], count=7)
    estate.mirror.now += timedelta(hours=1)
    # All that is published of them is compared with what a second computation makes of OpenMetadata.
    seen = await estate.look(kind)
    after = await rows(estate)
    given = [after[fqn]["number"] for fqn in late]
    assert numbers < set(given)
    assert (after[late[0]]["days_of_use"], seen[late[1]].last_accessed) == (1, None)
    assert await estate.look("FULL" if kind == "AUTO" else "AUTO") == seen
    highest = max(row["number"] for row in after.values())
    assert highest < len(before) + len(BRIEF)
    kinds = await estate.mirror.thirdeye.fetch_all(
        "SELECT DISTINCT kind FROM table_change WHERE number IN %(n)s", {"n": given}
    )
    assert kinds == [{"kind": "NEW"}]


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
async def test_the_last_numbers_wait_as_the_others_do(om: OMRows, estate: OMEstate, kind: str) -> None:
    has_a_past(om)
    await refresh(estate)
    has_brief_tables(om, *BRIEF)
    before = await gone_for_long(om, estate, *BRIEF)
    last = max(row["number"] for row in before.values())
    assert {before[fqn]["number"] for fqn in BRIEF} == set(range(last - 3, last + 1))
    await refresh(estate, kind, days=1)
    om.table(f"{PLACE}.early", updated=0)
    assert (await refresh(estate, kind, hours=23))[f"{PLACE}.early"]["number"] == last + 1
    om.table(f"{PLACE}.late", updated=0)
    assert (await refresh(estate, kind, hours=1))[f"{PLACE}.late"]["number"] == last - 3


async def test_after_an_upgrade_no_number_is_given_that_something_refers_to(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    before = await refresh(estate)
    dangling = max(row["number"] for row in before.values()) + 3
    await put(estate, "action_items", title="t", table_number=dangling)
    await estate.mirror.thirdeye.execute("DELETE FROM estate_state")
    om.table(f"{PLACE}.new", updated=0)
    assert (await refresh(estate))[f"{PLACE}.new"]["number"] == dangling + 1


async def test_what_is_referred_to_or_not_known_is_kept(om: OMRows, estate: OMEstate) -> None:
    """A table for each thing that may be said of one; of the last nothing is."""
    tables = {
        name: f"{PLACE}.{name}"
        for name in (*REFERENCES, "approved", "used", "upstream", "marked", "unread", "later", "nothing")
    }
    has_brief_tables(om, *tables.values())
    om.lineage(tables["upstream"], BUSY)
    before = await refresh(estate)
    numbers = {name: before[fqn]["number"] for name, fqn in tables.items()}
    om.delete(tables["marked"])
    left = [fqn for name, fqn in tables.items() if name not in ("marked", "used", "later", "upstream")]
    om.drop(*left)
    om.drop(tables["used"], usage=False)
    om.drop(tables["upstream"])
    # OpenMetadata can have edges of what it no longer has.
    om.lineage(tables["upstream"], BUSY)
    await refresh(estate, hours=1)
    await refresh(estate, days=8)
    om.drop(tables["later"])
    await refresh(estate, days=FORGOTTEN_DAYS - 8)
    now = estate.mirror.now
    sample: dict[str, dict[str, Any]] = {
        "action_decision": {"category": "DELETE", "decision": "DISMISSED", "decided_at": now},
        "action_item_part": {"item": 1}, "action_items": {"title": "t"},
        "removal_approval": {
            "table_id": "i", "reason": "r", "approved_by": "ann", "approved_at": now, "approved_until": now.date(),
            "downstream": f'["{table_key(numbers["approved"])}"]',
        },
        "saving_baseline": {"usd_per_gb_month": 1, "service": "s", "taken_at": now},
        "saving_entry": {"found_at": now, "kind": "K", "baseline_usd": 1, "cost_usd": 1, "realized_usd": 1},
        "table_change": {"generation": 1, "changed_at": now, "kind": "GONE"},
        "table_keep": {"reason": "r", "kept_by": "ann", "kept_at": now, "kept_until": now.date(), "released_at": now},
        "verdict_record": {"verdict": "DELETE", "risk": 1, "given_on": now.date()},
    }  # fmt: skip
    for table, column in REFERENCES.items():
        await put(estate, table, **sample[table], **{column: numbers[table]})
    om.run("RENAME TABLE entity_usage TO hidden_usage")
    # Nobody can tell now whether anything is said of them.
    after = await refresh(estate, hours=1)
    assert set(tables.values()) <= after.keys()
    om.run("RENAME TABLE hidden_usage TO entity_usage")
    after = await refresh(estate, "FULL", hours=1)
    assert set(tables.values()) - after.keys() == {tables["nothing"], tables["unread"]}


async def test_what_is_said_meanwhile_stops_the_refresh(om: OMRows, estate: OMEstate) -> None:
    has_brief_tables(om, *BRIEF)
    before = await gone_for_long(om, estate, *BRIEF)
    number, asked = before[BRIEF[0]]["number"], 0

    async def said_meanwhile(numbers: Any) -> set[int]:
        nonlocal asked
        asked += bool(numbers)
        return {number} if asked > 1 else set()

    estate.mirror.now += timedelta(days=1)
    refreshing = estate.mirror.refreshing()
    object.__setattr__(refreshing, "references", said_meanwhile)
    with pytest.raises(Unavailable, match="about to be forgotten"):
        await refreshing.run()
    assert set(BRIEF) <= (await rows(estate)).keys()
    await put(estate, "action_items", title="t", table_number=number)
    after = await refresh(estate)
    assert set(BRIEF) & after.keys() == {BRIEF[0]}


async def test_a_forgotten_table_that_comes_back_is_a_new_one(om: OMRows, estate: OMEstate) -> None:
    has_brief_tables(om, *BRIEF)
    before = await gone_for_long(om, estate, *BRIEF)
    await refresh(estate, days=1)
    om.table(BRIEF[0], updated=0)
    after = (await refresh(estate))[BRIEF[0]]
    assert after["id"] == identifier_of(BRIEF[0])
    assert after["number"] not in {before[fqn]["number"] for fqn in BRIEF}
    assert (after["known_since"], after["seen_later"]) == (estate.mirror.now.date(), 1)
    assert (await refresh(estate, "FULL"))[BRIEF[0]]["number"] == after["number"]


async def test_a_refresh_looks_at_a_page_and_the_next_one_at_another(
    om: OMRows, estate: OMEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_brief_tables(om, *BRIEF)
    before = await gone_for_long(om, estate, *BRIEF)
    await put(estate, "action_items", title="t", table_number=before[BRIEF[0]]["number"])
    monkeypatch.setattr(table_numbers, "PAGE", 1)
    left = []
    for _ in range(7):
        after = await refresh(estate, hours=24 if not left else 0)
        left.append(len(set(BRIEF) & after.keys()))
    # One is referred to, and does not keep the others from going.
    assert left[-1] == 1
    assert all(0 <= more - fewer <= 1 for more, fewer in zip([4, *left], left, strict=False))
    # Columns and rows agree on what there is.
    thirdeye = estate.mirror.thirdeye
    generation = (await thirdeye.fetch_all("SELECT generation FROM estate_state"))[0]["generation"]
    state, kept = await load_state(thirdeye, generation), await load_numbers(thirdeye, generation)
    assert state is not None
    length = kept.tables
    assert (state.source["id"][:length] == kept.source["id"]).all()
    assert ((state.query["flags"][:length] & PRESENT) == kept.query["flags"]).all()
    assert len(state.freed) == 3
    assert state.freed == kept.freed


async def test_tables_that_are_ingested_anew_each_night_take_no_new_numbers(om: OMRows, estate: OMEstate) -> None:
    has_brief_tables(om, *BRIEF)
    before = await refresh(estate)
    for _ in range(3):
        recreate(om, *BRIEF)
        after = await refresh(estate, hours=1)
        assert [after[fqn]["number"] for fqn in BRIEF] == [before[fqn]["number"] for fqn in BRIEF]
    om.table(f"{PLACE}.new", updated=0)
    # Four numbers were given and let go of in each refresh, always the same.
    assert (await refresh(estate))[f"{PLACE}.new"]["number"] == len(before)


async def test_each_column_that_holds_numbers_is_known(estate: OMEstate) -> None:
    columns = await estate.mirror.thirdeye.fetch_all(
        "SELECT table_name AS `table`, column_name AS `column` FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND (column_name = 'number' OR column_name LIKE '%%table\\_number')"
    )
    found = {(row["table"], row["column"]) for row in columns}
    assert {(table, column) for table, column in found if table not in INVENTORY} == set(REFERENCES.items())
    indexes = await estate.mirror.thirdeye.fetch_all(
        "SELECT table_name AS `table`, column_name AS `column` FROM information_schema.statistics "
        "WHERE table_schema = DATABASE() AND seq_in_index = 1"
    )
    assert set(REFERENCES.items()) <= {(row["table"], row["column"]) for row in indexes}


def test_keys_of_tables_are_read_back() -> None:
    assert list(numbers_of_keys([table_key(7), "0a" * 16, table_key(0)])) == [7, 0]
