"""Costs by place and verdict, over columns made by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, cast

import numpy as np
import orjson

from thirdeye.estate.cost_map import entry_view, grouped, together
from thirdeye.inventory.columns import PRESENT, QUERY_FIELDS, WITHOUT_STORAGE, Columns
from thirdeye.inventory.cost_map import CostMap, cost_map, sums_by_place
from thirdeye.inventory.directory import Directory
from thirdeye.inventory.query import Catalogue
from thirdeye.inventory.storage_prices import DEFAULT_PRICE, Tariffs
from thirdeye.inventory.verdicts import VERDICT_CODE, Verdict

GB = 10**9
DELETE, KEEP = VERDICT_CODE[Verdict.DELETE], VERDICT_CODE[Verdict.KEEP]
DIRECTORY = cast(Directory, {
    "services": [{"name": "snow"}, {"name": "flat"}],
    "places": [[0, "shop", "core"], [0, "shop", "raw"], [0, "archive", "core"], [1, None, None]],
})  # fmt: skip
TARIFFS = Tariffs([DEFAULT_PRICE, DEFAULT_PRICE], date(2026, 3, 1))
# By table: flags, place, verdict, bytes, cost of queries.
TABLES = [
    (PRESENT, 0, DELETE, 100 * GB, np.nan),
    (PRESENT, 0, KEEP, 10 * GB, 0.5),
    (PRESENT, 1, KEEP, -1, np.nan),
    (PRESENT, 2, KEEP, 1000 * GB, np.nan),
    (PRESENT | WITHOUT_STORAGE, 3, KEEP, -1, np.nan),
    (0, 0, DELETE, 5000 * GB, 7.0),
]


def catalogue(tables: list[tuple[Any, ...]]) -> Catalogue:
    columns = Columns(QUERY_FIELDS, len(tables))
    for place, name in enumerate(("flags", "place", "verdict", "size", "query_cost")):
        columns[name] = np.array([table[place] for table in tables])
    return Catalogue(columns=columns, place_service=np.array([0, 0, 0, 1], np.int32), tariffs=TARIFFS)


def amounts(tables: list[tuple[Any, ...]]) -> CostMap:
    """As they come back from where a refresh put them."""
    stored: CostMap = orjson.loads(orjson.dumps(cost_map(catalogue(tables))))
    return stored


def entries(
    service: int | None = None, database: str | None = None, *, tariffs: Tariffs = TARIFFS
) -> list[dict[str, Any]]:
    groups = grouped(sums_by_place(amounts(TABLES), tariffs), DIRECTORY, service, database)
    return [entry_view(*group) for group in groups]


def told(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(each["name"], each["tables"], each["tablesOfUnknownCost"], Decimal(each["monthlyCost"])) for each in found]


def test_tables_that_are_gone_do_not_count_and_unknown_costs_are_counted_not_summed() -> None:
    assert told(entries()) == [("snow", 4, 1, Decimal("26.03")), ("flat", 1, 0, Decimal(0))]


def test_below_a_service_are_its_databases_and_below_those_their_schemas() -> None:
    assert told(entries(0)) == [("archive", 1, 0, Decimal("23")), ("shop", 3, 1, Decimal("3.03"))]
    assert told(entries(0, "shop")) == [("core", 2, 0, Decimal("3.03")), ("raw", 1, 1, Decimal(0))]


def test_what_has_no_database_has_no_name() -> None:
    assert told(entries(1)) == [(None, 1, 0, Decimal(0))]


def test_verdicts_come_in_their_order_with_what_each_costs() -> None:
    (core, _) = entries(0, "shop")
    assert core["verdicts"] == [
        {"verdict": "KEEP", "tables": 1, "tablesOfUnknownCost": 0, "monthlyCost": "0.730000"},
        {"verdict": "DELETE", "tables": 1, "tablesOfUnknownCost": 0, "monthlyCost": "2.300000"},
    ]


def test_prices_that_are_set_later_hold_for_what_was_added_up_before() -> None:
    double = replace(DEFAULT_PRICE, usd_per_gb_month=2 * DEFAULT_PRICE.usd_per_gb_month)
    later = entries(tariffs=Tariffs([double, DEFAULT_PRICE], date(2026, 3, 1)))
    # All but the half dollar of queries.
    assert told(later)[0] == ("snow", 4, 1, 2 * Decimal("25.53") + Decimal("0.5"))


def test_sums_have_no_limit() -> None:
    huge = [(PRESENT, 0, KEEP, 2**62, np.nan)] * 8
    (group,) = grouped(sums_by_place(amounts(huge), TARIFFS), DIRECTORY, None, None)
    assert group[1][KEEP].sums.bytes == 2**65


def test_an_estate_without_tables_has_nothing() -> None:
    groups = grouped(sums_by_place(amounts([]), TARIFFS), DIRECTORY, None, None)
    assert groups == []
    total: dict[str, Any] = {
        "name": None,
        "tables": 0,
        "tablesOfUnknownCost": 0,
        "monthlyCost": "0.000000",
        "verdicts": [],
    }
    assert entry_view(None, together(groups)) == total
