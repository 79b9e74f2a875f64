"""How old a table is, by all its signs; what ThirdEye saw first is kept."""

import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
BUSY, TABLE = "shop.main.core.busy", "shop.main.core.asked"


async def test_a_first_version_of_today_is_new(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.table(TABLE, version=0.1, updated=0)
    seen = (await estate.look())[TABLE]
    assert (*seen.judgement, seen.verdict, seen.known_since) == ("NEW", None, "KEEP", om.today)


async def test_what_came_with_a_later_refresh_is_new(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    await estate.look()
    om.table(TABLE, version=3.2, updated=0)
    assert (await estate.look())[TABLE].judgement == ("NEW", None)
    estate.pass_days(1, BUSY)
    seen = (await estate.look("FULL"))[TABLE]
    assert (*seen.judgement, seen.verdict) == ("NEW", None, "KEEP")


async def test_a_later_version_in_the_first_refresh_may_be_old_and_stays_for_90_days(
    om: OMRows, estate: OMEstate
) -> None:
    has_a_past(om)
    om.table(TABLE, version=3.2, updated=0)
    for days in (0, 29, 60):
        estate.pass_days(days, BUSY)
        seen = (await estate.look())[TABLE]
        assert seen.judgement == ("UNKNOWN", "AGE")
        assert not seen.may_go
    # The ninetieth day since it was seen first.
    estate.pass_days(1, BUSY)
    assert (await estate.look("FULL"))[TABLE].judgement == ("COOLING", None)


async def test_metadata_that_changed_long_ago_tells_of_an_old_table(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.table(TABLE, version=3.2, updated=400)
    seen = (await estate.look())[TABLE]
    assert (*seen.judgement, seen.idle, seen.known_since) == ("DORMANT", None, 399, om.day(400))


async def test_what_is_known_is_not_younger_for_being_changed(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.table(TABLE, version=3.2, updated=400)
    await estate.look()
    om.table(TABLE, version=0.1, updated=0, **om.life_cycle(created=0))
    for kind in ("AUTO", "FULL"):
        seen = (await estate.look(kind))[TABLE]
        assert (seen.activity, seen.known_since) == ("DORMANT", om.day(400))


async def test_a_table_rebuilt_nightly_is_not_new_and_holds_no_source(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    source = "shop.main.core.source"
    om.table(source)
    om.table(TABLE, updated=0, **om.life_cycle(created=0))
    om.profile(TABLE, 400)
    om.lineage(source, TABLE)
    seen = await estate.look()
    assert (seen[TABLE].activity, seen[TABLE].verdict) == ("DORMANT", "STOP_REFRESH")
    assert "ACTIVE_DOWNSTREAM" not in seen[source].blockers


async def test_an_openmetadata_of_this_week_makes_nothing_new(om: OMRows, estate: OMEstate) -> None:
    om.table(BUSY, version=0.1, updated=4)
    om.usage(BUSY, range(1, 201))
    om.table(TABLE, version=0.1, updated=1)
    seen = (await estate.look())[TABLE]
    assert seen.judgement == ("UNKNOWN", "AGE")
    assert not seen.may_go


@pytest.mark.parametrize(("ago", "judgement"), [(2, ("NEW", None)), (40, ("UNKNOWN", "AGE"))])
async def test_the_creation_of_the_row_is_a_sign(
    om: OMRows, estate: OMEstate, ago: int, judgement: tuple[str, str | None]
) -> None:
    has_a_past(om)
    om.table(TABLE, version=3.2, updated=0, createdAt=om.milliseconds(ago))
    seen = (await estate.look())[TABLE]
    assert (seen.judgement, seen.known_since) == (judgement, om.day(ago))


@pytest.mark.parametrize("created", [0, -62_135_596_800_000, None])
async def test_a_creation_that_openmetadata_did_not_know_is_none(om: OMRows, estate: OMEstate, created: object) -> None:
    has_a_past(om)
    om.table(TABLE, updated=400, lifeCycle={"created": {"timestamp": created}})
    assert (await estate.look())[TABLE].judgement == ("DORMANT", None)


@pytest.mark.parametrize("sign", ["profile", "usage"])
async def test_a_profile_and_a_row_of_usage_are_signs_of_age(om: OMRows, estate: OMEstate, sign: str) -> None:
    has_a_past(om)
    om.table(TABLE, version=0.1, updated=0)
    if sign == "profile":
        om.profile(TABLE, 500)
    else:
        om.usage(TABLE, [500], count=0)
    seen = (await estate.look())[TABLE]
    assert (seen.activity, seen.known_since) == ("DORMANT", om.day(500))


async def test_a_table_known_for_a_month_is_recently_created(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.table(TABLE, updated=30)
    om.table("shop.main.core.older", updated=31)
    seen = await estate.look()
    assert "RECENTLY_CREATED" in seen[TABLE].blockers
    assert "RECENTLY_CREATED" not in seen["shop.main.core.older"].blockers
