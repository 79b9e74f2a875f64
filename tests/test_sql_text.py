"""Moments and bytes on their way to the database and back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.support.database import open_thirdeye
from thirdeye.settings import Settings
from thirdeye.sql_text import decode_datetime, encode_datetime, literal_rows

MOMENT = datetime(2026, 11, 27, 3, 4, 5, 678000, tzinfo=UTC)


@pytest.mark.anyio
async def test_a_stored_moment_comes_back_as_it_was(settings: Settings) -> None:
    async with open_thirdeye(settings) as thirdeye, thirdeye.session() as session:
        await session.execute(
            "CREATE TEMPORARY TABLE moment (bound DATETIME(3), literal TIMESTAMP(3) NULL, none DATETIME)"
        )
        await session.execute_rows("INSERT INTO moment (literal) VALUES ", [(MOMENT,)])
        await session.execute("UPDATE moment SET bound = %(moment)s WHERE literal = %(moment)s", {"moment": MOMENT})
        row = await session.fetch_one("SELECT bound, literal, none FROM moment")
    assert row == {"bound": MOMENT, "literal": MOMENT, "none": None}


@pytest.mark.anyio
async def test_stored_bytes_come_back_as_they_were(settings: Settings) -> None:
    every_pair = bytes(each for first in range(256) for second in range(256) for each in (first, second))
    async with open_thirdeye(settings) as thirdeye, thirdeye.session() as session:
        await session.execute("CREATE TEMPORARY TABLE held (bound LONGBLOB, literal LONGBLOB, none LONGBLOB)")
        await session.execute_rows("INSERT INTO held (literal) VALUES ", [(every_pair,)])
        await session.execute("UPDATE held SET bound = %(data)s WHERE literal = %(data)s", {"data": every_pair})
        row = await session.fetch_one("SELECT bound, literal, none FROM held")
    assert row == {"bound": every_pair, "literal": every_pair, "none": None}


def test_text_and_moments_agree() -> None:
    assert decode_datetime(encode_datetime(MOMENT).strip("'")) == MOMENT
    assert list(literal_rows([(MOMENT, "o'clock")])) == ["('2026-11-27 03:04:05.678000','o\\'clock')"]


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=2))])
def test_only_moments_in_utc_are_stored(zone: timezone | None) -> None:
    with pytest.raises(ValueError, match="not in UTC"):
        encode_datetime(MOMENT.replace(tzinfo=zone))
