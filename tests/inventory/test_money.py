"""Amounts to the millionth of a dollar."""

from decimal import Decimal

import pytest

from thirdeye.inventory.money import CENT, MICRO_USD, format_cost, round_amount


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("1.2345664", "1.234566"),
        ("1.2345665", "1.234567"),
        ("-1.2345665", "-1.234567"),
        ("0.0000005", "0.000001"),
        ("7", "7.000000"),
    ],
)
def test_amounts_are_rounded_half_up_to_a_millionth(amount: str, rounded: str) -> None:
    assert str(round_amount(Decimal(amount))) == rounded


def test_a_cent_is_ten_thousand_times_the_smallest_amount() -> None:
    assert CENT == 10_000 * MICRO_USD == Decimal("0.01")


def test_amounts_have_six_decimals_in_json() -> None:
    assert format_cost(Decimal("0.06")) == "0.060000"
