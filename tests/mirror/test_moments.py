"""Times in other units are read as what they are; those that cannot be read are unknown, never absent."""

from datetime import UTC, datetime, time

import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
UNREADABLE = {
    "text": "soon", "nothing": 0, "empty": "", "future": 32_503_680_000_000, "before": 900_000_000_000, "negative": -5,
    "flag": True, "list": [1], "object": {"at": 1}, "huge": 10**30, "huge_text": "9" * 400,
}  # fmt: skip


def in_all_units(om: OMRows, ago: int) -> dict[str, object]:
    moment = datetime.combine(om.day(ago), time(10), UTC)
    seconds = int(moment.timestamp())
    return {
        "seconds": seconds, "milliseconds": seconds * 1000, "microseconds": seconds * 10**6, "nanoseconds": seconds * 10**9,
        "digits": str(seconds), "fraction": seconds + 0.5, "text": moment.isoformat(), "zulu": f"{om.day(ago)}T10:00:00Z",
        "naive": f"{om.day(ago)}T10:00:00", "day": f"{om.day(ago)}",
    }  # fmt: skip


def count_of(estate: OMEstate, words: str) -> int:
    """How often the warnings that tell of this happened."""
    return sum(warning["count"] for warning in estate.warnings.values() if words in warning["example"])


@pytest.mark.parametrize("schema", ["shop.main.core", "shop.dark.core", "dark.main.core"])
async def test_an_access_in_any_unit_is_an_access(om: OMRows, estate: OMEstate, schema: str) -> None:
    has_a_past(om)
    moments = in_all_units(om, 2)
    for name, moment in moments.items():
        om.table(f"{schema}.{name}", lifeCycle={"accessed": {"timestamp": moment}})
    seen = await estate.look()
    for name in moments:
        found = seen[f"{schema}.{name}"]
        assert (found.activity, found.last_accessed) == ("ACTIVE", om.day(2)), name
    assert count_of(estate, "lifeCycle.accessed") >= len(moments) - 1


async def test_an_access_that_cannot_be_read_is_unknown(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    for name, moment in UNREADABLE.items():
        om.table(f"shop.main.core.{name}", lifeCycle={"accessed": {"timestamp": moment}})
    seen = await estate.look()
    for name in UNREADABLE:
        found = seen[f"shop.main.core.{name}"]
        assert (*found.judgement, found.may_go) == ("UNKNOWN", "UNREADABLE", False), name
    assert count_of(estate, "lifeCycle.accessed") == len(UNREADABLE)


async def test_what_was_read_lately_is_in_use_whatever_cannot_be_read(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    table = "shop.main.core.asked"
    om.table(table, lifeCycle={"accessed": {"timestamp": "soon"}})
    om.usage(table, [60])
    assert (await estate.look())[table].judgement == ("COOLING", None)


async def test_a_write_that_cannot_be_read_was_lately(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    for name, moment in UNREADABLE.items():
        om.table(f"shop.main.core.{name}", lifeCycle={"updated": {"timestamp": moment}})
    seen = await estate.look()
    for name in UNREADABLE:
        found = seen[f"shop.main.core.{name}"]
        assert (found.activity, found.verdict) == ("DORMANT", "STOP_REFRESH"), name
        assert "RECENTLY_WRITTEN" in found.blockers
    assert count_of(estate, "lifeCycle.updated") == len(UNREADABLE)


async def test_tomorrow_is_today_and_the_day_after_is_no_day(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    for name, ago in (("tomorrow", -1), ("later", -2)):
        om.table(f"shop.main.core.{name}", **om.life_cycle(accessed=ago))
    seen = await estate.look()
    assert seen["shop.main.core.tomorrow"].last_accessed == om.today
    assert seen["shop.main.core.later"].judgement == ("UNKNOWN", "UNREADABLE")
    # What lies ahead becomes a day when its time has come, whichever way it is read.
    estate.pass_days(1, "shop.main.core.busy")
    for kind in ("AUTO", "FULL"):
        assert (await estate.look(kind))["shop.main.core.later"].activity == "ACTIVE"


@pytest.mark.parametrize("absent", [{}, {"lifeCycle": None}, {"lifeCycle": {}}, {"lifeCycle": {"accessed": None}}])
async def test_no_life_cycle_is_none(om: OMRows, estate: OMEstate, absent: dict[str, object]) -> None:
    has_a_past(om)
    om.table("shop.main.core.asked", **absent)
    seen = (await estate.look())["shop.main.core.asked"]
    assert (seen.activity, "RECENTLY_WRITTEN" in seen.blockers) == ("DORMANT", False)
