"""Approved removals, refresh by refresh: what they release, and what ends them. A second implementation follows each look."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows

# Without an approval nothing is certain enough.
DELETE_RISK = 0.0
pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured]
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


async def used(om: OMRows, estate: OMEstate) -> None:
    om.usage(DEAD, [1])


async def used_before_it_was_approved(om: OMRows, estate: OMEstate) -> None:
    om.usage(DEAD, [200])


async def written(om: OMRows, estate: OMEstate) -> None:
    om.write(DEAD, 1)


async def a_new_dependent(om: OMRows, estate: OMEstate) -> None:
    om.lineage(DEAD, f"{CORE}.gone_7")


async def a_new_dependent_of_a_dependent(om: OMRows, estate: OMEstate) -> None:
    om.lineage(f"{CORE}.gone_1", f"{CORE}.gone_9")


async def a_new_id(om: OMRows, estate: OMEstate) -> None:
    om.drop(DEAD)
    om.table(DEAD, id=str(uuid.uuid4()), version=0.1, updated=0)


ENDINGS: list[tuple[Callable[[OMRows, OMEstate], Awaitable[None]], str]] = [
    (used, "USED"), (used_before_it_was_approved, "USED"), (written, "WRITTEN"), (a_new_dependent, "DOWNSTREAM"),
    (a_new_dependent_of_a_dependent, "DOWNSTREAM"), (a_new_id, "NEW_ID"),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
@pytest.mark.parametrize(("what", "ending"), ENDINGS, ids=lambda each: getattr(each, "__name__", ""))
async def test_what_ends_an_approval(
    om: OMRows, estate: OMEstate, what: Callable[[OMRows, OMEstate], Awaitable[None]], ending: str, kind: str
) -> None:
    an_estate(om)
    om.lineage(DEAD, f"{CORE}.gone_1")
    await estate.look()
    await estate.approve(DEAD)
    seen = await estate.look(kind)
    assert seen[DEAD].verdict == "DELETE"
    estate.pass_days(2, BUSY)
    assert (await estate.look(kind))[DEAD].verdict == "DELETE"
    await what(om, estate)
    assert (await estate.look(kind))[DEAD].verdict != "DELETE"
    rows = await estate.mirror.thirdeye.fetch_all("SELECT ending, ended_on FROM removal_approval")
    assert rows == [{"ending": ending, "ended_on": estate.mirror.now.date()}]
    # Ended is ended, and a second refresh tells the same.
    again = await estate.look("FULL" if kind == "AUTO" else "AUTO")
    assert again[DEAD].verdict != "DELETE"
    assert await estate.mirror.thirdeye.fetch_all("SELECT ending, ended_on FROM removal_approval") == rows


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
