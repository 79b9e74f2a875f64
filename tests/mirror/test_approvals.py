"""Approved removals, refresh by refresh: what they release, and what ends them. A second implementation follows each look."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows

# Without an approval nothing is certain enough.
DELETE_RISK = 0.0
pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
TB = 10**12
BUSY, CORE = "shop.main.core.busy", "shop.main.core"
DEAD, HIDDEN = f"{CORE}.dead", "shop.hidden.core.dead"


def an_estate(om: OMRows) -> None:
    """A table that would be ARCHIVE for want of lineage, and one of which nobody knows the use; each of 23 USD a month."""
    has_a_past(om)
    om.run("DELETE FROM entity_relationship WHERE relation = 13")
    om.read(DEAD, [450])
    om.table(HIDDEN)
    for fqn in (DEAD, HIDDEN):
        om.profile(fqn, 200, TB)


async def verdicts(estate: OMEstate, kind: str = "AUTO") -> tuple[str, str]:
    seen = await estate.look(kind)
    return seen[DEAD].verdict, seen[HIDDEN].verdict


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
async def test_what_an_approval_releases(om: OMRows, estate: OMEstate, kind: str) -> None:
    an_estate(om)
    assert await verdicts(estate) == ("ARCHIVE", "REVIEW")
    for fqn in (DEAD, HIDDEN):
        await estate.approve(fqn)
    assert await verdicts(estate, kind) == ("DELETE", "ARCHIVE")
    seen = await estate.seen()
    # What is lifted is no blocker any more.
    assert seen[DEAD].blockers == set()
    assert seen[HIDDEN].blockers == {"UNKNOWN_USAGE"}
    # On the last of its days, and on the day after.
    estate.pass_days(90, BUSY)
    assert await verdicts(estate, kind) == ("DELETE", "ARCHIVE")
    estate.pass_days(1, BUSY)
    assert await verdicts(estate, kind) == ("ARCHIVE", "REVIEW")


@pytest.mark.parametrize("tag", ["Tier.Tier1", "PII.Sensitive"])
async def test_what_protects_comes_first(om: OMRows, estate: OMEstate, tag: str) -> None:
    an_estate(om)
    await estate.set_policy(protected_tags=["PII.Sensitive"])
    await estate.look()
    for fqn in (DEAD, HIDDEN):
        await estate.approve(fqn)
        om.tag(fqn, tag)
    assert await verdicts(estate) == ("REVIEW", "REVIEW")
    # And who keeps a table has the last word.
    await estate.mirror.thirdeye.execute(
        "INSERT INTO table_keep (number, reason, kept_until, kept_by, kept_at) "
        "SELECT number, 'audit', '2030-01-01', 'ann', '2026-01-01' FROM table_inventory WHERE name = 'dead'"
    )
    assert await verdicts(estate) == ("KEEP", "KEEP")


def used(om: OMRows, fqn: str, _dependent: str) -> None:
    om.usage(fqn, [1])


def used_before_it_was_approved(om: OMRows, fqn: str, _dependent: str) -> None:
    om.usage(fqn, [200])


def written(om: OMRows, fqn: str, _dependent: str) -> None:
    om.write(fqn, 1)


def a_new_dependent(om: OMRows, fqn: str, _dependent: str) -> None:
    om.lineage(fqn, f"{CORE}.gone_40")


def a_new_dependent_of_a_dependent(om: OMRows, _fqn: str, dependent: str) -> None:
    om.lineage(dependent, f"{CORE}.gone_41")


def a_new_id(om: OMRows, fqn: str, _dependent: str) -> None:
    om.drop(fqn)
    om.table(fqn, id=str(uuid.uuid4()), version=0.1, updated=0)


ENDINGS: list[tuple[Callable[[OMRows, str, str], None], str]] = [
    (used, "USED"), (used_before_it_was_approved, "USED"), (written, "WRITTEN"), (a_new_dependent, "DOWNSTREAM"),
    (a_new_dependent_of_a_dependent, "DOWNSTREAM"), (a_new_id, "NEW_ID"),
]  # fmt: skip
ENDED = "SELECT fqn, ending, ended_on FROM removal_approval JOIN table_inventory USING (number)"


async def test_what_ends_an_approval_for_an_incremental_refresh(om: OMRows, estate: OMEstate) -> None:
    await all_end(om, estate, "AUTO", "FULL")


async def test_what_ends_an_approval_for_a_full_refresh(om: OMRows, estate: OMEstate) -> None:
    await all_end(om, estate, "FULL", "AUTO")


async def all_end(om: OMRows, estate: OMEstate, kind: str, then: str) -> None:
    """A table for each ending, and one that nothing happens to."""
    an_estate(om)
    tables = {f"{CORE}.dead_{number}": f"{CORE}.gone_{2 * number + 1}" for number in range(len(ENDINGS) + 1)}
    for fqn, dependent in tables.items():
        om.read(fqn, [450])
        om.lineage(fqn, dependent)
    *ended, held = tables
    await estate.look()
    for fqn in tables:
        await estate.approve(fqn)
    for days in (0, 2):
        estate.pass_days(days, BUSY)
        seen = await estate.look(kind)
        assert {seen[fqn].verdict for fqn in tables} == {"DELETE"}
    for fqn, (what, _) in zip(ended, ENDINGS, strict=True):
        what(om, fqn, tables[fqn])
    # Ended is ended, and a second refresh tells the same.
    today = estate.mirror.now.date()
    expected = {fqn: (ending, today) for fqn, (_, ending) in zip(ended, ENDINGS, strict=True)} | {held: (None, None)}
    for each in (kind, then):
        seen = await estate.look(each)
        assert [fqn for fqn in tables if seen[fqn].verdict == "DELETE"] == [held]
        rows = await estate.mirror.thirdeye.fetch_all(ENDED)
        assert {row["fqn"]: (row["ending"], row["ended_on"]) for row in rows} == expected


async def test_what_a_use_ended_stays_ended_when_its_row_goes(om: OMRows, estate: OMEstate) -> None:
    an_estate(om)
    await estate.look()
    await estate.approve(DEAD)
    om.lineage(DEAD, f"{CORE}.gone_7")
    assert (await estate.look())[DEAD].verdict != "DELETE"
    om.run("DELETE FROM entity_relationship WHERE relation = 13")
    assert (await estate.look())[DEAD].verdict == "ARCHIVE"


async def test_an_absent_table_stays_as_it_is(om: OMRows, estate: OMEstate) -> None:
    an_estate(om)
    await estate.look()
    await estate.approve(DEAD)
    assert (await estate.look())[DEAD].verdict == "DELETE"
    om.delete(DEAD)
    assert (await estate.look())[DEAD].verdict == "DELETE"
    om.delete(DEAD, deleted=False)
    estate.mirror.now += timedelta(hours=2)
    assert (await estate.look("FULL"))[DEAD].verdict == "DELETE"
    # What is known of it anew after an upgrade, by which other assets have new numbers, is no news.
    await estate.mirror.thirdeye.execute("DELETE FROM estate_state")
    assert (await estate.look())[DEAD].verdict == "DELETE"


async def test_an_approval_that_comes_while_a_refresh_runs_waits_for_the_next(om: OMRows, estate: OMEstate) -> None:
    """A refresh that dies before it publishes ends nothing, and the next tells the same."""
    an_estate(om)
    await estate.look()
    await estate.approve(DEAD)
    om.usage(DEAD, [1])
    await estate.mirror.thirdeye.execute("RENAME TABLE refresh_run TO refresh_run_away")
    with pytest.raises(Exception, match="refresh_run"):
        await estate.mirror.refresh()
    await estate.mirror.thirdeye.execute("RENAME TABLE refresh_run_away TO refresh_run")
    assert await estate.mirror.thirdeye.fetch_all("SELECT ending FROM removal_approval") == [{"ending": None}]
    assert (await estate.look())[DEAD].verdict == "KEEP"
