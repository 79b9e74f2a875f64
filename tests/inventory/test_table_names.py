"""What the end of a name says: dates, numbers, or nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from thirdeye.inventory.table_names import Grain, Suffix, SuffixKind, split_suffix

DATE, NUMBER, NONE = SuffixKind.DATE, SuffixKind.NUMBER, SuffixKind.NONE


def at(year: int, month: int = 1, day: int = 1, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    """The second at which a time begins."""
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("name", "stem", "begins", "grain"),
    [
        ("events_20260131", "events", at(2026, 1, 31), Grain.DAY),
        ("events20260131", "events", at(2026, 1, 31), Grain.DAY),
        ("EVENTS_20260131", "EVENTS", at(2026, 1, 31), Grain.DAY),
        ("log_2026_01_31", "log", at(2026, 1, 31), Grain.DAY),
        ("log-2026-01-31", "log", at(2026, 1, 31), Grain.DAY),
        ("log__2026.01.31", "log", at(2026, 1, 31), Grain.DAY),
        ("orders_p2026_01", "orders", at(2026, 1), Grain.MONTH),
        ("orders_part_202601", "orders", at(2026, 1), Grain.MONTH),
        ("measurement_y2026m01", "measurement", at(2026, 1), Grain.MONTH),
        ("measurement_y2026m01d31", "measurement", at(2026, 1, 31), Grain.DAY),
        ("sales202601", "sales", at(2026, 1), Grain.MONTH),
        ("x_2026w05", "x", at(2026, 1, 26), Grain.WEEK),
        ("x_2026-W05", "x", at(2026, 1, 26), Grain.WEEK),
        ("x_2026w53", "x", at(2026, 12, 28), Grain.WEEK),
        ("x_2026_q3", "x", at(2026, 7), Grain.QUARTER),
        ("x_2026", "x", at(2026), Grain.YEAR),
        ("x_2025_2026", "x_2025", at(2026), Grain.YEAR),
        ("x_2026013123", "x", at(2026, 1, 31, 23), Grain.HOUR),
        ("x_2026-01-31T23", "x", at(2026, 1, 31, 23), Grain.HOUR),
        ("x_202601312359", "x", at(2026, 1, 31, 23, 59), Grain.SECOND),
        ("x_20260131_235958", "x", at(2026, 1, 31, 23, 59, 58), Grain.SECOND),
        ("x_1700000000", "x", 1_700_000_000, Grain.SECOND),
        ("x_1700000000123", "x", 1_700_000_000, Grain.SECOND),
        ("orders_v2_20260131", "orders_v2", at(2026, 1, 31), Grain.DAY),
        ("été_20260131", "été", at(2026, 1, 31), Grain.DAY),
        ("表_20260131", "表", at(2026, 1, 31), Grain.DAY),
        # Whether the day or the month comes first, nobody can tell.
        ("x_31012026", "x", at(2026, 1, 31), Grain.NO_TIME),
    ],
)
def test_dates(name: str, stem: str, begins: int, grain: Grain) -> None:
    assert split_suffix(name) == Suffix(stem, DATE, begins * 8 + grain)


@pytest.mark.parametrize(
    ("name", "stem", "number"),
    [
        ("orders_1", "orders", 1),
        ("orders_p12", "orders", 12),
        ("orders_part_3", "orders", 3),
        ("orders$p1", "orders", 1),
        ("Orders_PARTITION_007", "Orders", 7),
        # No dates, whatever they look like.
        ("x_20269999", "x", 20269999),
        ("x_20260230", "x", 20260230),
        ("x_1989", "x", 1989),
        ("x_2026013125", "x", 2026013125),
        ("x_2026_99_99", "x_2026_99", 99),
        ("x_2026w54", "x_2026w54", None),
        ("x_01312026", "x", 1312026),
    ],
)
def test_numbers(name: str, stem: str, number: int | None) -> None:
    expected = (stem, NONE, 0) if number is None else (stem, NUMBER, number * 8 + Grain.NO_TIME)
    assert split_suffix(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "", "7", "_7", "orders", "orders2", "orders_v2", "x2026", "20260131", "_20260131", "2026_01_31", "2026_w05",
        "p_1", "...", "x_٢٠٢٦", "x_" + 30 * "9", 255 * "_" + "1", 256 * "1", 256 * "a",
    ],
)  # fmt: skip
def test_names_without_a_suffix(name: str) -> None:
    found = split_suffix(name)
    if name == "p_1":
        assert found == Suffix("p", NUMBER, 1 * 8 + Grain.NO_TIME)
    else:
        assert found == Suffix(name, NONE, 0)


def test_long_names_have_suffixes_as_well() -> None:
    assert split_suffix(247 * "a" + "_20260131")[:2] == (247 * "a", DATE)


@given(some.text(max_size=300))
def test_a_stem_is_the_beginning_of_the_name(name: str) -> None:
    stem, kind, order = split_suffix(name)
    assert name.startswith(stem)
    assert (stem == name) == (kind is NONE)
    assert 0 <= order < 2**64
    assert split_suffix(name.upper()).kind is kind or not name.isascii()


@given(
    some.dates(date(1990, 1, 1), date(2099, 12, 31)), some.sampled_from(["%Y%m%d", "%Y_%m_%d", "p%Y-%m-%d", "%Yw%V"])
)
def test_a_later_day_has_a_higher_order(day: date, form: str) -> None:
    # The year of a week is another at the turn of the year.
    form = form.replace("%Yw", "%Gw")
    first, later = (split_suffix(f"x_{each.strftime(form)}") for each in (day, day + timedelta(days=7)))
    if later.kind is DATE:
        assert (first.stem, first.kind, first.order < later.order) == ("x", DATE, True)
