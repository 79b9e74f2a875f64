"""Amounts to the millionth of a dollar, and which price of storage holds."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from thirdeye.inventory.money import (
    CENT,
    DEFAULT_PRICE,
    MICRO_USD,
    format_cost,
    prices_by_service,
    round_amount,
    storage_cost,
)

DAY = date(2026, 11, 20)


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


def price(service_type: str, effective_from: date, usd: str) -> dict[str, Any]:
    return {"service_type": service_type, "effective_from": effective_from, "usd_per_gb_month": usd}


def test_the_newest_price_of_the_type_holds_else_that_for_all_types() -> None:
    services = [{"type": "Snowflake"}, {"type": "BigQuery"}, {"type": None}]
    prices = [
        price("snowflake", date(2026, 1, 1), "0.02"),
        price("SNOWFLAKE", DAY, "0.03"),
        price("snowflake", date(2026, 11, 21), "0.04"),
        price("*", date(2026, 5, 1), "0.05"),
    ]
    assert prices_by_service(services, prices, DAY) == [Decimal("0.03"), Decimal("0.05"), Decimal("0.05")]
    assert prices_by_service(services, [], DAY) == [DEFAULT_PRICE] * 3


def test_storage_costs_by_decimal_gigabytes() -> None:
    assert storage_cost(3 * 10**9, Decimal("0.02")) == Decimal("0.06")
    assert storage_cost(None, Decimal("0.02")) is None
    assert format_cost(Decimal("0.06")) == "0.060000"
