"""Queries against sorted lists: any filter, any sort, page by page and backwards."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.prices import tariffs_of
from thirdeye.inventory import columns as columns_module
from thirdeye.inventory import priced_chunks, query
from thirdeye.inventory.columns import PRESENT, QUERY_FIELDS, ZOMBIE, Columns, PackedColumns
from thirdeye.inventory.query import (
    SORT_KEYS,
    Catalogue,
    Position,
    Sort,
    TableFilter,
    count_matches,
    matching_numbers,
    select_page,
)

tables = st.lists(
    st.fixed_dictionaries(
        {
            "flags": st.sampled_from([0, PRESENT, PRESENT, PRESENT | ZOMBIE]),
            "size": st.sampled_from([-1, 0, 5, 10**9, 2 * 10**9]),
            "query_cost": st.sampled_from([math.nan, 0.0, 1.5]),
            "accessed": st.sampled_from([0, 20_000, 20_001]),
            "written": st.sampled_from([0, 20_000]),
            "queries": st.integers(0, 3),
            "name_rank": st.integers(0, 50),
            "place": st.integers(0, 1),
            "unknown": st.integers(0, 5),
            "verdict": st.integers(0, 4),
            "purge": st.sampled_from([0, 55, 100, 255]),
            "blockers": st.sampled_from([0, 1, 3, 1 << 10]),
            "risk": st.sampled_from([0, 101, 401]),
        }
    ),
    max_size=25,
)
filters = st.sampled_from(
    [
        TableFilter(),
        TableFilter(zombie=True),
        TableFilter(minimum_bytes=5),
        TableFilter(maximum_bytes=10**9),
        TableFilter(minimum_cost=0.02, maximum_cost=1.51),
        TableFilter(accessed_before=20_001),
        TableFilter(accessed_after=20_001, written_after=1),
        TableFilter(services=np.array([True, False])),
        TableFilter(unknown_reasons=frozenset({1, 4})),
        TableFilter(verdicts=frozenset({3, 4})),
        TableFilter(blockers=2),
        TableFilter(blockers=0),
        TableFilter(minimum_purge=5.5),
        TableFilter(maximum_risk=0.1),
        TableFilter(minimum_saving=0.01),
    ]
)
sorts = st.builds(Sort, key=st.sampled_from(SORT_KEYS), descending=st.booleans())


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (columns_module, query):
        monkeypatch.setattr(module, "CHUNK", 7)


def catalogue(rows: list[dict[str, Any]]) -> Catalogue:
    made = Columns(QUERY_FIELDS, len(rows))
    for name in rows[0] if rows else ():
        made[name] = np.array([row[name] for row in rows])
    packed = PackedColumns.of(QUERY_FIELDS, [made.packed(chunk) for chunk in range(made.chunks)])
    return Catalogue(columns=packed, place_service=np.array([0, 1]), tariffs=tariffs_of("0.02", "0.5"), shares=SHARES)


SHARES = np.array([0, 0, 0, 0.5, 1.0])


def value(row: dict[str, Any], key: str) -> float | None:
    if key == "cost":
        storage = row["size"] * (0.02, 0.5)[row["place"]] / 1e9 if row["size"] >= 0 else None
        costs = [cost for cost in (storage, row["query_cost"]) if cost is not None and not math.isnan(cost)]
        return sum(costs) if costs else None
    if key == "purgeScore":
        return None if row["purge"] == 255 else row["purge"] / 10
    if key == "returnRisk":
        return {0: None, 101: 0.1, 401: 0.4}[row["risk"]]
    if key == "saving":
        share, cost = SHARES[row["verdict"]], value(row, "cost")
        return 0.0 if share == 0 else None if cost is None else share * cost
    name = {
        "size": "size",
        "lastAccess": "accessed",
        "lastWrite": "written",
        "queries": "queries",
        "name": "name_rank",
    }[key]
    unknown = {"size": -1, "accessed": 0, "written": 0}.get(name)
    return None if row[name] == unknown else row[name]


def matches(row: dict[str, Any], table_filter: TableFilter) -> bool:
    cost, size = value(row, "cost"), row["size"]
    return all(
        (
            row["flags"] & PRESENT,
            table_filter.zombie is None or bool(row["flags"] & ZOMBIE) == table_filter.zombie,
            table_filter.minimum_bytes is None or size >= table_filter.minimum_bytes,
            table_filter.maximum_bytes is None or 0 <= size <= table_filter.maximum_bytes,
            table_filter.minimum_cost is None
            or (cost is not None and table_filter.minimum_cost <= cost <= (table_filter.maximum_cost or 0)),
            table_filter.accessed_before is None or 0 < row["accessed"] < table_filter.accessed_before,
            table_filter.accessed_after is None or row["accessed"] >= table_filter.accessed_after,
            table_filter.written_after is None or row["written"] >= table_filter.written_after,
            table_filter.services is None or row["place"] == 0,
            table_filter.unknown_reasons is None or row["unknown"] in table_filter.unknown_reasons,
            table_filter.verdicts is None or row["verdict"] in table_filter.verdicts,
            table_filter.blockers is None
            or (row["blockers"] & table_filter.blockers if table_filter.blockers else not row["blockers"]),
            table_filter.minimum_purge is None or (value(row, "purgeScore") or -1) >= table_filter.minimum_purge,
            table_filter.maximum_risk is None or (value(row, "returnRisk") or 2) <= table_filter.maximum_risk,
            table_filter.minimum_saving is None or (value(row, "saving") or 0) >= table_filter.minimum_saving,
        )
    )


def in_order(rows: list[dict[str, Any]], table_filter: TableFilter, sort: Sort) -> list[int]:
    sign = -1 if sort.descending else 1
    numbers = [number for number, row in enumerate(rows) if matches(row, table_filter)]

    def key(number: int) -> tuple[bool, float, int]:
        sort_value = value(rows[number], sort.key)
        return sort_value is None, 0 if sort_value is None else sign * sort_value, sign * number

    return sorted(numbers, key=key)


@given(tables, filters, sorts, st.integers(1, 6))
def test_pages_hold_every_match_once_in_order_both_ways(
    rows: list[dict[str, Any]], table_filter: TableFilter, sort: Sort, size: int
) -> None:
    estate, expected = catalogue(rows), in_order(rows, table_filter, sort)
    assert count_matches(estate, table_filter) == (len(expected), False)
    assert matching_numbers(estate, table_filter, sort).tolist() == expected
    assert matching_numbers(estate, table_filter, None).tolist() == sorted(expected)
    assert pages(estate, table_filter, sort, size) == (expected, expected)


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("unknown", [range(7), range(7, 14), range(14, 21)], ids=str)
def test_pages_hold_what_is_unknown_in_whichever_chunk_it_is(unknown: range, descending: bool) -> None:
    plain = {"flags": PRESENT, "place": 0, "query_cost": math.nan, "accessed": 0}
    rows = [{**plain, "size": -1 if number in unknown else 5 * (number % 4)} for number in range(21)]
    estate, sort = catalogue(rows), Sort(key="size", descending=descending)
    expected = in_order([{**row, "written": 0} for row in rows], TableFilter(), sort)
    for size in (1, 3, 8):
        assert pages(estate, TableFilter(), sort, size) == (expected, expected)


def pages(estate: Catalogue, table_filter: TableFilter, sort: Sort, size: int) -> tuple[list[int], list[int]]:
    """All tables page by page, from the first page on and from the last one back."""
    forwards, after = list[int](), None
    while True:
        page = select_page(estate, table_filter, sort, size, after=after)
        forwards += page.numbers
        assert page.has_previous is (after is not None)
        if not page.has_next:
            break
        after = Position(value=page.values[-1], number=page.numbers[-1])
    backwards, before = list[int](), Position(value=None, number=-1 if sort.descending else 2**31)
    while True:
        page = select_page(estate, table_filter, sort, size, before=before)
        backwards = page.numbers + backwards
        if not page.has_previous:
            break
        before = Position(value=page.values[0], number=page.numbers[0])
    return forwards, backwards


def test_counting_stops_at_the_limit() -> None:
    estate = catalogue([{"flags": PRESENT}] * 20)
    assert count_matches(estate, TableFilter(), 20) == (20, False)
    assert count_matches(estate, TableFilter(), 19) == (19, True)


def test_what_tables_cost_is_worked_out_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out, work = list[Any](), priced_chunks.costs

    def counted(*given: Any) -> Any:
        worked_out.append(given)
        return work(*given)

    monkeypatch.setattr(priced_chunks, "costs", counted)
    row = {"flags": PRESENT, "place": 0, "size": 10**9, "query_cost": math.nan, "verdict": 4}
    tables = catalogue([{**row, "size": size * 10**9} for size in range(20)])
    for sort in (Sort(key="cost"), Sort(key="saving"), Sort(key="cost", descending=False)):
        page = select_page(tables, TableFilter(minimum_cost=0.02, maximum_cost=0.39), sort, 5)
        assert len(page.numbers) == 5
    assert len(worked_out) == tables.columns.chunks == 3
