"""Cursors come back as they were made, and nothing else is accepted."""

from datetime import UTC, datetime

import pytest

from thirdeye.errors import BadInput
from thirdeye.estate.cursors import (
    change_cursor,
    parse_change_cursor,
    parse_run_cursor,
    parse_table_cursor,
    run_cursor,
    table_cursor,
)
from thirdeye.inventory.query import Position, Sort
from thirdeye.paging import encode_cursor


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
def test_only_a_cursor_of_the_same_list_is_accepted(cursor: str) -> None:
    sort = Sort(key="cost", descending=True)
    with pytest.raises(BadInput, match="before"):
        parse_table_cursor(cursor, sort, "before")
    assert parse_table_cursor(table_cursor(sort, 1.5, 7), sort, "after") == Position(value=1.5, number=7)


@pytest.mark.parametrize("cursor", [encode_cursor(0), encode_cursor(2**63), encode_cursor("7"), "????"])
def test_only_the_cursor_of_a_refresh_is_accepted(cursor: str) -> None:
    with pytest.raises(BadInput, match="after"):
        parse_run_cursor(cursor)
    assert parse_run_cursor(run_cursor(7)) == 7
    assert parse_run_cursor(None) == 2**63 - 1


@pytest.mark.parametrize(
    "cursor",
    [
        encode_cursor("soon", 7),
        encode_cursor("2026-11-20T12:00:00+00:00", 7),
        encode_cursor("1969-11-20T12:00:00", 7),
        encode_cursor("2026-11-20T12:00:00", 0),
        encode_cursor("2026-11-20T12:00:00", 2**63),
    ],
)
def test_only_the_cursor_of_a_change_is_accepted(cursor: str) -> None:
    with pytest.raises(BadInput, match="after"):
        parse_change_cursor(cursor)
    changed_at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert parse_change_cursor(change_cursor(changed_at, 7)) == (changed_at, 7)
    assert parse_change_cursor(None) is None
