"""One rule for the cells of all exports."""

from datetime import date
from decimal import Decimal

import pytest

from thirdeye.rest.csv_cells import csv_columns, csv_header, csv_rows


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 1, 31), "2026-01-31"),
        (["b", {"name": "a", "id": "1"}], "b; a"),
        (["=1", "a"], "'=1; a"),
        ("plain", "plain"),
        ("=SUM(A1)", "'=SUM(A1)"),
        ("  @x", "'  @x"),
    ],
)
def test_cells(value: object, text: str) -> None:
    assert csv_rows([[value, "x"]]).decode() == f"{text},x\r\n"
    # The same in columns, which may lack values or have them of several types.
    for more in ([], [None], ["=x"], [1.5, None, True], [[], Decimal(0)]):
        column = [value, *more]
        assert csv_columns([column, ["x"] * len(column)]) == csv_rows([each, "x"] for each in column)


def test_the_header_has_the_columns() -> None:
    assert csv_header(("id", "title")) == b"id,title\r\n"
