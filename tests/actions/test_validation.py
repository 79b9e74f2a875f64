"""Arguments of action items: what is allowed, at the edges."""

import pytest

from thirdeye.actions import validation
from thirdeye.errors import BadInput


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
