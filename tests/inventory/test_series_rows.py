"""Lists with one row for each series."""

from typing import Any

import numpy as np
import pytest

from tests.support.prices import tariffs_of
from thirdeye.inventory.columns import CHUNK, PRESENT, QUERY_FIELDS, Columns
from thirdeye.inventory.query import Catalogue, Position, Sort, TableFilter, count_matches, select_page

# Tables 1, 2 and CHUNK are series 1, which table 2 stands for; tables 4 and 5 series 2.
SERIES = {1: 1, 2: 1, CHUNK: 1, 4: 2, 5: 2}
SIZES = {0: 50, 1: 10, 2: 20, CHUNK: 30, 3: 55, 4: -1, 5: -1}
REPRESENTATIVES = np.array([2, 4])


def catalogue() -> Catalogue:
    columns = Columns(QUERY_FIELDS, CHUNK + 1)
    for number, size in SIZES.items():
        columns["flags"][number], columns["size"][number] = PRESENT, size
        columns["series"][number] = SERIES.get(number, 0)
    columns["accessed"][[1, 3, CHUNK]] = (7, 9, 11)
    columns["name_rank"] = np.arange(CHUNK + 1)[::-1]
    columns["query_cost"] = np.full(CHUNK + 1, np.nan)
    return Catalogue(columns=columns, place_service=np.zeros(1, np.int32), tariffs=tariffs_of("1"))


def rows(sort: Sort, size: int = 10, **more: Any) -> list[tuple[int, float | None]]:
    page = select_page(
        catalogue(), more.pop("filter", TableFilter()), sort, size, representatives=REPRESENTATIVES, **more
    )
    return list(zip(page.numbers, page.values, strict=True))


def test_a_series_has_what_its_parts_have_together() -> None:
    assert rows(Sort(key="size")) == [(2, 60.0), (3, 55.0), (0, 50.0), (4, None)]
    assert rows(Sort(key="size", descending=False)) == [(0, 50.0), (3, 55.0), (2, 60.0), (4, None)]
    assert rows(Sort(key="lastAccess")) == [(2, 11.0), (3, 9.0), (4, None), (0, None)]
    assert rows(Sort(key="name", descending=False)) == [(4, CHUNK - 4), (3, CHUNK - 3), (2, CHUNK - 2), (0, CHUNK)]


def test_only_parts_that_match_count() -> None:
    small = TableFilter(maximum_bytes=20)
    assert rows(Sort(key="size"), filter=small) == [(2, 30.0)]
    assert count_matches(catalogue(), small, representatives=REPRESENTATIVES) == (1, False)
    assert count_matches(catalogue(), TableFilter(), representatives=REPRESENTATIVES) == (4, False)
    assert count_matches(catalogue(), TableFilter(), 3, representatives=REPRESENTATIVES) == (3, True)


@pytest.mark.parametrize("key", ["size", "lastAccess", "name", "cost"])
@pytest.mark.parametrize("descending", [True, False])
def test_pages_follow_each_other(key: str, descending: bool) -> None:
    sort, found, position = Sort(key=key, descending=descending), list[tuple[int, float | None]](), None
    while page := rows(sort, 1, after=position):
        found += page
        position = Position(value=page[0][1], number=page[0][0])
    assert found == rows(sort)
    position = Position(value=found[-1][1], number=found[-1][0])
    assert rows(sort, 10, before=position) == found[:-1]


def test_a_filter_of_series() -> None:
    numbers = select_page(catalogue(), TableFilter(series=np.array([False, True, False])), Sort(key="size"), 10).numbers
    assert numbers == [CHUNK, 2, 1]
