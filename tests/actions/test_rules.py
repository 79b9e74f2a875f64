"""Arguments of action items: what is allowed, at the edges."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.actions import validation
from thirdeye.errors import BadInput
from thirdeye.paging import decode_cursor, encode_cursor, page_size


def test_titles_are_trimmed_and_composed() -> None:
    assert validation.validate_title("  Cafe\u0301 🦁 ") == "Café 🦁"
    assert len(validation.validate_title("x" * 255)) == 255


@pytest.mark.parametrize("title", ["", "   ", "x" * 256, "a\x00b", "a\nb", "\ud800"])
def test_bad_titles_are_refused_by_name(title: str) -> None:
    with pytest.raises(BadInput, match="title") as caught:
        validation.validate_title(title)
    assert caught.value.extensions == {"argument": "title"}


@pytest.mark.parametrize("status", ["open", "", "CLOSED", "OPEN "])
def test_unknown_statuses_are_refused(status: str) -> None:
    with pytest.raises(BadInput, match="OPEN, IN_PROGRESS, DONE"):
        validation.validate_status(status)


def test_search_may_be_empty_but_not_endless() -> None:
    assert validation.validate_search(None) is validation.validate_search("  ") is None
    assert validation.validate_search(" a% ") == "a%"
    with pytest.raises(BadInput, match="search"):
        validation.validate_search("x" * 256)


def test_order_has_defaults_and_a_fixed_list_of_keys() -> None:
    assert validation.validate_order(None, None) == validation.ItemOrder(key="updatedAt", descending=True)
    assert validation.validate_order("title", "ASC") == validation.ItemOrder(key="title", descending=False)
    for arguments in (("title; drop", None), ("updated_at", None), (None, "up")):
        with pytest.raises(BadInput, match="sort"):
            validation.validate_order(*arguments)


ITEM = {
    "id": 7,
    "title": "T",
    "status": "OPEN",
    "updated_at": datetime(2026, 1, 2, 3),
    "created_at": datetime(2026, 1, 1),
}


@pytest.mark.parametrize("key", validation.SORT_KEYS)
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_a_cursor_leads_back_to_its_place(key: str, direction: str) -> None:
    order = validation.validate_order(key, direction)
    position = validation.position_of(validation.cursor_of(ITEM, order), order)
    assert position == validation.Position(
        value=ITEM[{"updatedAt": "updated_at", "createdAt": "created_at"}.get(key, key)], id=7
    )


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "====",
        "x" * 5000,
        encode_cursor("title", "desc", "T", 7),
        encode_cursor("updatedAt", "asc", "2026-01-01T00:00:00", 7),
        encode_cursor("updatedAt", "desc", "yesterday", 7),
        encode_cursor("updatedAt", "desc", "2026-01-01T00:00:00", -1),
        encode_cursor("updatedAt", "desc", "2026-01-01T00:00:00", 2**63),
        encode_cursor("updatedAt", "desc", 5, 7),
        encode_cursor("updatedAt", "desc"),
    ],
)
def test_foreign_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(BadInput, match="after"):
        validation.position_of(cursor, validation.validate_order(None, None))


@given(st.text())
def test_no_text_breaks_the_cursor(cursor: str) -> None:
    try:
        decode_cursor(cursor, (str, int))
    except BadInput as error:
        assert error.extensions == {"argument": "after"}


@pytest.mark.parametrize(("first", "size"), [(None, 20), (1, 1), (100, 100)])
def test_page_sizes(first: int | None, size: int) -> None:
    assert page_size(first, default=20, most=100) == size


@pytest.mark.parametrize("first", [0, -1, 101])
def test_page_sizes_outside_the_range_are_refused(first: int) -> None:
    with pytest.raises(BadInput, match="1 to 100"):
        page_size(first, default=20, most=100)
