"""Which price of storage holds, and which of its rates a table pays."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.support.prices import DAY, price
from tests.support.second_prices import price_of, storage_of
from thirdeye.inventory.columns import UNREADABLE_WRITTEN, WITHOUT_STORAGE, day_number
from thirdeye.inventory.storage_prices import (
    DEFAULT_PRICE,
    TARIFFS,
    PriceBasis,
    StoragePrice,
    Tariffs,
    contradictions,
    prices_by_service,
    storage_costs,
)

SERVICES = [{"name": "snow", "type": "Snowflake"}, {"name": "bq", "type": "BigQuery"}, {"name": "odd", "type": None}]


def test_the_newest_price_of_the_service_holds_then_that_of_its_type_then_that_for_all() -> None:
    listed = price("0.02", service_type="snowflake", source="https://list")
    own = price("0.03", service_type="SNOWFLAKE", effective_from=DAY)
    future = price("0.04", service_type="snowflake", effective_from=DAY + timedelta(days=1))
    contract, others = price("0.5", service="snow", effective_from=date(2020, 1, 1)), price("0.05")
    assert prices_by_service(SERVICES, [listed, own, future, others], DAY) == [own, others, others]
    assert prices_by_service(SERVICES, [listed, own, contract], DAY) == [contract, DEFAULT_PRICE, DEFAULT_PRICE]
    assert prices_by_service(SERVICES, [price("0.5", service="SNOW")], DAY) == [DEFAULT_PRICE] * 3


def test_an_answer_says_whose_prices_it_rests_on() -> None:
    tariffs = Tariffs([price("0.02", source="https://list"), price("0.03")], DAY)
    found = [tariffs.basis_of(services) for services in ([0], [1], [0, 1], [])]
    assert found == [PriceBasis.LIST, PriceBasis.OWN, PriceBasis.MIXED, None]


@pytest.mark.parametrize(
    ("one", "part"),
    [
        (price("-1"), "below nothing"),
        (price("1", "-1", 9), "below nothing"),
        (price("1", "2", 9), "above the full one"),
        (price("1", "0.5"), "needs the days"),
        (price("1", None, 9), "need a rate"),
        (price("1", "0.5", 0), "after no day"),
    ],
)
def test_a_contradictory_price_is_told_and_its_lower_rate_does_not_hold(one: StoragePrice, part: str) -> None:
    (told,) = contradictions([one])
    assert part in told
    assert told.startswith("* from 2026-01-01: ")
    assert one.lower_rate is None


def test_of_two_prices_for_the_same_from_the_same_day_the_lower_one_holds() -> None:
    one, other = price("0.3", service_type="snowflake"), price("0.2", service_type="Snowflake")
    half = price("0.2", "0.1", 90, service_type="SnowFlake")
    for prices in ([one, other, half], [half, other, one]):
        assert prices_by_service(SERVICES, prices, DAY)[0] == half
        assert len(list(contradictions(prices))) == 2
    assert list(contradictions([one, price("1", service_type="x"), price("1", effective_from=DAY)])) == []


kinds = some.sampled_from(["Snowflake", "snowflake", "BigQuery", "*"])
amounts = some.sampled_from([Decimal("-0.01"), Decimal(0), Decimal("0.01"), Decimal("0.02")])
rows = some.builds(
    StoragePrice,
    service_type=kinds,
    service=some.sampled_from(["", "", "snow"]),
    effective_from=some.sampled_from([DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)]),
    usd_per_gb_month=amounts,
    long_term_usd_per_gb_month=some.none() | amounts,
    long_term_days=some.none() | some.sampled_from([0, 1, 90]),
)


@settings(max_examples=60)
@given(some.lists(rows, max_size=6), some.data())
def test_the_order_of_rows_changes_nothing_and_the_second_implementation_agrees(
    prices: list[StoragePrice], data: some.DataObject
) -> None:
    tariffs = Tariffs(prices_by_service(SERVICES, prices, DAY), DAY)
    shuffled = data.draw(some.permutations(prices))
    assert Tariffs(prices_by_service(SERVICES, shuffled, DAY), DAY).exact == tariffs.exact
    size = data.draw(some.none() | some.sampled_from([0, 10**9, 3 * 10**12]))
    written = data.draw(some.none() | some.integers(0, 100).map(lambda ago: DAY - timedelta(days=ago)))
    table = {"size": size, "written": written, "unreadable_write": data.draw(some.booleans())}
    table["table_type"] = data.draw(some.sampled_from(["Regular", "View"]))
    flags = UNREADABLE_WRITTEN * table["unreadable_write"] + WITHOUT_STORAGE * (table["table_type"] == "View")
    columns: Any = [{**vars(each)} for each in prices]
    for number, service in enumerate(SERVICES):
        expected = storage_of(table, price_of(columns, service["name"] or "", service["type"], DAY), DAY)
        tariff = tariffs.of_table(number, written, flags)
        assert tariffs.storage(tariff, size) == expected
        assert tariff // TARIFFS == number
        (cost,) = storage_costs(
            np.array([-1 if size is None else size]), tariffs.usd(np.array([tariff])), np.array([flags])
        )
        assert np.isnan(cost) if expected is None else cost == pytest.approx(float(expected))


def test_a_longer_time_without_a_write_never_costs_more() -> None:
    tariffs = Tariffs([price("0.02", "0.01", 90)], DAY)
    today = day_number(DAY)
    tariff = tariffs.of(np.zeros(100, np.int64), today - np.arange(100), np.zeros(100, np.uint16))
    usd = tariffs.usd(tariff)
    assert usd.tolist() == [0.02] * 90 + [0.01] * 10
    assert tariffs.of(np.array([0]), np.array([0]), np.array([0])).tolist() == [0]
