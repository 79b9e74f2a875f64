"""Cursors and page sizes: no text breaks them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.errors import BadInput
from thirdeye.paging import decode_cursor, page_size


@given(st.text())
def test_no_text_breaks_the_cursor(cursor: str) -> None:
    try:
        decode_cursor(cursor, (str, int))
    except BadInput as error:
        assert error.extensions == {"argument": "after"}


@pytest.mark.parametrize(("first", "size"), [(None, 20), (1, 1), (100, 100)])
def test_page_sizes(first: int | None, size: int) -> None:
    assert page_size(first, default=20, maximum=100) == size


@pytest.mark.parametrize("first", [0, -1, 101])
def test_page_sizes_outside_the_range_are_refused(first: int) -> None:
    with pytest.raises(BadInput, match="1 to 100"):
        page_size(first, default=20, maximum=100)
