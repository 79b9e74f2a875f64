"""Times are read by what they can only be: each unit at its edges, text, and what is no time."""

import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.inventory.columns import day_number
from thirdeye.mirror.moments import Moment, Reading, read_moment

UNITS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
FIRST, LAST = date(2000, 1, 1), date(2149, 6, 6)
DAY_SECONDS = 86_400
UNREADABLE = Moment(0, Reading.UNREADABLE)


def reading_of(unit: str) -> Reading:
    return Reading.MILLISECONDS if unit == "milliseconds" else Reading.OTHER_UNIT


def in_another_unit(day: date) -> Moment:
    return Moment(day_number(day), Reading.OTHER_UNIT)


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_is_read_from_2000_on_to_the_last_day_of_columns(unit: str) -> None:
    per_second = UNITS[unit]
    first, last = (day_number(day) * DAY_SECONDS * per_second for day in (FIRST, LAST))
    end_of_day = DAY_SECONDS * per_second - per_second
    assert read_moment(first) == (day_number(FIRST), reading_of(unit))
    assert read_moment(first + end_of_day) == (day_number(FIRST), reading_of(unit))
    assert read_moment(last + end_of_day) == (day_number(LAST), reading_of(unit))
    assert read_moment(first - 1) == UNREADABLE
    assert read_moment(last + end_of_day + per_second) == UNREADABLE
    # As text, and as a number that is not whole.
    assert read_moment(f" {first} ") == read_moment(float(first)) == read_moment(first)


def test_the_columns_hold_the_last_day() -> None:
    assert day_number(LAST) == 2**16 - 1


def test_a_day_is_one_of_utc() -> None:
    midnight = int(datetime(2026, 3, 13, tzinfo=UTC).timestamp() * 1000)
    assert [read_moment(midnight + more).day for more in (-1, 0)] == [
        day_number(date(2026, 3, 12)),
        day_number(date(2026, 3, 13)),
    ]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-12", date(2026, 3, 12)),
        ("2026-03-12T23:59:59", date(2026, 3, 12)),
        ("2026-03-12 10:00:00", date(2026, 3, 12)),
        ("2026-03-12T10:00:00Z", date(2026, 3, 12)),
        ("2026-03-12T10:00:00.123456Z", date(2026, 3, 12)),
        ("2026-03-12T23:30:00-01:00", date(2026, 3, 13)),
        ("2026-03-12T00:30:00+01:00", date(2026, 3, 11)),
        ("\t2026-03-12T10:00:00+00:00\n", date(2026, 3, 12)),
        ("2000-01-01", FIRST),
        ("2000-01-01T00:59:59+01:00", None),
        ("1999-12-31T23:30:00-01:00", FIRST),
        ("1999-12-31", None),
        ("2149-06-06T23:59:59Z", LAST),
        ("2149-06-07", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
    ],
)
def test_iso_text_is_read_in_its_zone_and_without_one_in_utc(text: str, day: date | None) -> None:
    assert read_moment(text) == (UNREADABLE if day is None else in_another_unit(day))


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "UTC"])
def test_text_without_a_zone_is_not_of_the_machine_s(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        days = [read_moment(f"2026-03-12T{at}").day for at in ("00:00:00", "23:59:59")]
    time.tzset()
    assert days == [day_number(date(2026, 3, 12))] * 2


def test_nothing_is_absent() -> None:
    assert read_moment(None) == Moment(0, Reading.ABSENT)


@pytest.mark.parametrize(
    "value",
    [
        *(True, False, [], [1_700_000_000_000], {}, {"timestamp": 1_700_000_000_000}, b"2026-03-12"),
        *(0, -1, -1_700_000_000_000, 1, 10**30, -(10**400), 10**400, 1e300),
        *(float("nan"), float("inf"), float("-inf")),
        *("", " ", "soon", "nan", "inf", "-inf", "1e999", "true", "null", "12.03.2026", "2026-13-01", "2026-02-30"),
        *("9" * 400, "2026-03-12" + " of the year" * 10, "1970-01-01", "-1700000000000"),
        # Before 2000, and after 2149 by whichever unit.
        *(900_000_000, 900_000_000_000, 6_000_000_000, 6_000_000_000_000, 6_000_000_000_000_000, 6 * 10**18),
    ],
)
def test_what_is_no_time_is_unreadable_and_never_absent(value: object) -> None:
    assert read_moment(value) == UNREADABLE


moments = st.datetimes(datetime(2000, 1, 1), datetime(2149, 6, 6, 23, 59, 58), timezones=st.just(UTC))


@given(moments, st.integers(-14 * 60, 14 * 60))
def test_any_moment_is_of_the_same_day_in_each_unit(moment: datetime, offset: int) -> None:
    day = day_number(moment.date())
    microseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    for unit, per_second in UNITS.items():
        number = microseconds * 1000 // (10**9 // per_second)
        assert read_moment(number) == Moment(day, reading_of(unit)), unit
        # Of digits, floating point keeps what is a microsecond away from midnight.
        assert read_moment(str(number)) == Moment(day, reading_of(unit)), unit
    assert read_moment(microseconds / 10**6).day == day
    elsewhere = moment.astimezone(timezone(timedelta(minutes=offset)))
    for text in (moment.isoformat(), moment.replace(tzinfo=None).isoformat(), elsewhere.isoformat()):
        assert read_moment(text) == Moment(day, Reading.OTHER_UNIT), text


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=3), parts, max_size=3),
    max_leaves=5,
)


@given(documents)
def test_any_json_is_read_without_an_error(value: Any) -> None:
    day, reading = read_moment(value)
    assert (reading is Reading.ABSENT) == (value is None)
    assert (day > 0) == (reading in {Reading.MILLISECONDS, Reading.OTHER_UNIT})
    assert day == 0 or day_number(FIRST) <= day <= day_number(LAST)
