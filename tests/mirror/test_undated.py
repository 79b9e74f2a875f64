"""Usage without dates, as Postgres gives it: only a rise of a count is use."""

from collections.abc import Iterable

import pytest

from tests.support.om_estate import PAST_DAYS, READ_DAYS, OMEstate
from tests.support.om_rows import OMRows

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
REPEATED, TABLE = "pg.main.core.repeated", "pg.main.core.asked"


def has_run(om: OMRows, days: Iterable[int] = READ_DAYS) -> None:
    """A Postgres whose usage was taken on these days, always the same."""
    om.service("pg", "Postgres")
    om.read(REPEATED, days, count=7)


async def test_counts_that_stand_prove_nothing(om: OMRows, estate: OMEstate) -> None:
    has_run(om)
    seen = (await estate.look())[REPEATED]
    assert (*seen.judgement, seen.last_accessed, seen.may_go) == ("UNKNOWN", "UNDATED", None, False)
    assert "EVIDENCE_PARTIAL" in seen.blockers


async def test_the_first_day_is_no_use(om: OMRows, estate: OMEstate) -> None:
    has_run(om, [1])
    seen = (await estate.look())[REPEATED]
    assert (*seen.judgement, seen.last_accessed) == ("UNKNOWN", "UNDATED", None)


async def test_no_trial_is_suggested_of_what_nobody_can_date(om: OMRows, estate: OMEstate) -> None:
    has_run(om)
    dated, dear = "shop.main.core.dear", "pg.main.core.dear"
    om.read("shop.main.core.busy", range(1, 60))
    for fqn in (dated, dear, REPEATED):
        om.table(fqn)
        om.profile(fqn, 5, size=10**13)
    seen = await estate.look()
    # One that costs as much and was watched for two months is worth one.
    assert [seen[fqn].trial for fqn in (dated, dear, REPEATED)] == [True, False, False]


async def test_a_count_that_rises_is_use_and_is_remembered(om: OMRows, estate: OMEstate) -> None:
    has_run(om)
    om.read(TABLE, range(10, 420), count=4)
    om.usage(TABLE, range(1, 10), count=5)
    seen = (await estate.look())[TABLE]
    assert (*seen.judgement, seen.last_accessed) == ("ACTIVE", None, om.day(9))
    om.forget_usage(TABLE)
    for kind in ("AUTO", "FULL"):
        seen = (await estate.look(kind))[TABLE]
        assert (seen.activity, seen.last_accessed) == ("ACTIVE", om.day(9))


async def test_a_count_that_falls_and_rises_again_rises(om: OMRows, estate: OMEstate) -> None:
    has_run(om)
    om.read(TABLE, range(1, 420), count=4)
    om.usage(TABLE, [20], count=2)
    assert (await estate.look())[TABLE].last_accessed == om.day(19)
    # Nothing at all is a count that everything is above.
    om.usage(TABLE, [12], count=0)
    for kind in ("AUTO", "FULL"):
        assert (await estate.look(kind))[TABLE].last_accessed == om.day(11)


@pytest.mark.parametrize(
    ("ago", "judgement", "idle"), [(30, ("UNKNOWN", "UNDATED"), None), (31, ("COOLING", None), 30)]
)
async def test_rows_that_stopped_say_nothing_for_30_watched_days(
    om: OMRows, estate: OMEstate, ago: int, judgement: tuple[str, str | None], idle: int | None
) -> None:
    has_run(om)
    om.read(TABLE, range(ago, 420), count=4)
    seen = (await estate.look())[TABLE]
    # It rose when it came, and is idle since its last row.
    assert (seen.judgement, seen.idle, seen.last_accessed) == (judgement, idle, om.day(419))


async def test_what_was_never_named_is_idle_and_doubtful(om: OMRows, estate: OMEstate) -> None:
    has_run(om)
    om.table(TABLE)
    seen = (await estate.look())[TABLE]
    assert (seen.activity, seen.idle, seen.verdict) == ("DORMANT", PAST_DAYS, "REVIEW")
    # Such feeds teach nothing: what is known of estates at large is not enough.
    assert {"EVIDENCE_PARTIAL", "RETURN_RISK"} <= seen.blockers
    await estate.confirm("pg")
    assert "EVIDENCE_PARTIAL" in (await estate.look())[TABLE].blockers


@pytest.mark.parametrize("moment", [1, "soon"])
async def test_the_access_of_a_run_is_ignored(om: OMRows, estate: OMEstate, moment: object) -> None:
    has_run(om)
    accessed = om.milliseconds(1) if moment == 1 else moment
    om.table(TABLE, lifeCycle={"accessed": {"timestamp": accessed}})
    seen = (await estate.look())[TABLE]
    assert (seen.activity, seen.last_accessed) == ("DORMANT", None)


async def test_accesses_alone_are_no_feed(om: OMRows, estate: OMEstate) -> None:
    om.service("pg", "Postgres")
    om.table(TABLE, **om.life_cycle(accessed=1))
    assert (await estate.look())[TABLE].judgement == ("UNKNOWN", "NO_FEED")
