"""Finding against sorted lists: any filter, any order, page by page and backwards."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.errors import BadInput
from thirdeye.inventory import columns as columns_module
from thirdeye.inventory import query
from thirdeye.inventory.columns import PRESENT, QUERY_FIELDS, ZOMBIE, Columns, PackedColumns
from thirdeye.inventory.query import (
    SORT_KEYS,
    Catalogue,
    Position,
    Sort,
    TableFilter,
    count,
    cursor_of,
    ordered,
    page,
    position_of,
)
from thirdeye.paging import encode_cursor

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
            "verdict": st.integers(0, 4),
            "purge": st.sampled_from([0, 55, 100, 255]),
            "blockers": st.sampled_from([0, 1, 3, 1 << 10]),
            "risk": st.integers(0, 2),
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
    return Catalogue(
        columns=packed, place_service=np.array([0, 1]), prices=np.array([0.02, 0.5]), risks=RISKS, shares=SHARES
    )


RISKS, SHARES = np.array([np.nan, 0.1, 0.4]), np.array([0, 0, 0, 0.5, 1.0])


def value(row: dict[str, Any], key: str) -> float | None:
    if key == "cost":
        storage = row["size"] * (0.02, 0.5)[row["place"]] / 1e9 if row["size"] >= 0 else None
        known = [cost for cost in (storage, row["query_cost"]) if cost is not None and not math.isnan(cost)]
        return sum(known) if known else None
    if key == "purgeScore":
        return None if row["purge"] == 255 else row["purge"] / 10
    if key == "returnRisk":
        return [None, 0.1, 0.4][row["risk"]]
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


def matches(row: dict[str, Any], wanted: TableFilter) -> bool:
    cost, size = value(row, "cost"), row["size"]
    return all(
        (
            row["flags"] & PRESENT,
            wanted.zombie is None or bool(row["flags"] & ZOMBIE) == wanted.zombie,
            wanted.minimum_bytes is None or size >= wanted.minimum_bytes,
            wanted.maximum_bytes is None or 0 <= size <= wanted.maximum_bytes,
            wanted.minimum_cost is None
            or (cost is not None and wanted.minimum_cost <= cost <= (wanted.maximum_cost or 0)),
            wanted.accessed_before is None or 0 < row["accessed"] < wanted.accessed_before,
            wanted.accessed_after is None or row["accessed"] >= wanted.accessed_after,
            wanted.written_after is None or row["written"] >= wanted.written_after,
            wanted.services is None or row["place"] == 0,
            wanted.verdicts is None or row["verdict"] in wanted.verdicts,
            wanted.blockers is None or (row["blockers"] & wanted.blockers if wanted.blockers else not row["blockers"]),
            wanted.minimum_purge is None or (value(row, "purgeScore") or -1) >= wanted.minimum_purge,
            wanted.maximum_risk is None or (value(row, "returnRisk") or 2) <= wanted.maximum_risk,
            wanted.minimum_saving is None or (value(row, "saving") or 0) >= wanted.minimum_saving,
        )
    )


def in_order(rows: list[dict[str, Any]], wanted: TableFilter, sort: Sort) -> list[int]:
    sign = -1 if sort.descending else 1
    found = [number for number, row in enumerate(rows) if matches(row, wanted)]

    def key(number: int) -> tuple[bool, float, int]:
        known = value(rows[number], sort.key)
        return known is None, 0 if known is None else sign * known, sign * number

    return sorted(found, key=key)


@given(tables, filters, sorts, st.integers(1, 6))
def test_pages_hold_every_match_once_in_order_both_ways(
    rows: list[dict[str, Any]], wanted: TableFilter, sort: Sort, size: int
) -> None:
    where, expected = catalogue(rows), in_order(rows, wanted, sort)
    assert count(where, wanted) == (len(expected), False)
    assert ordered(where, wanted, sort).tolist() == expected
    assert ordered(where, wanted, None).tolist() == sorted(expected)
    forwards, after = list[int](), None
    while True:
        found = page(where, wanted, sort, size, after=after)
        forwards += found.numbers
        assert found.has_previous is (after is not None)
        if not found.has_next:
            break
        after = Position(value=found.values[-1], number=found.numbers[-1])
    assert forwards == expected
    backwards, before = list[int](), Position(value=None, number=-1 if sort.descending else 2**31)
    while True:
        found = page(where, wanted, sort, size, before=before)
        backwards = found.numbers + backwards
        if not found.has_previous:
            break
        before = Position(value=found.values[0], number=found.numbers[0])
    assert backwards == expected


def test_counting_stops_where_it_is_told() -> None:
    where = catalogue([{"flags": PRESENT}] * 20)
    assert count(where, TableFilter(), 20) == (20, False)
    assert count(where, TableFilter(), 19) == (19, True)


@pytest.mark.parametrize(
    "cursor",
    [
        encode_cursor("size", "desc", "1.0", 3),
        encode_cursor("cost", "asc", "1.0", 3),
        encode_cursor("cost", "desc", "nan", 3),
        encode_cursor("cost", "desc", "inf", 3),
        encode_cursor("cost", "desc", "x", 3),
        encode_cursor("cost", "desc", "1.0", -1),
        encode_cursor("cost", "desc", "1.0", 2**31),
        encode_cursor("cost", "desc", "1.0"),
        "",
        "????",
    ],
)
def test_no_cursor_but_its_own_is_taken(cursor: str) -> None:
    sort = Sort(key="cost", descending=True)
    with pytest.raises(BadInput, match="before"):
        position_of(cursor, sort, "before")
    assert position_of(cursor_of(sort, 1.5, 7), sort, "after") == Position(value=1.5, number=7)
