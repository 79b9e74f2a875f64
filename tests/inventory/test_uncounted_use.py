"""Patterns of use that does not count: stars and letters, and no more time than the text is long."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from thirdeye.inventory.uncounted_use import UncountedUse, contradictions, is_clear

LETTERS = some.text("ab* ", max_size=8)


@given(LETTERS, some.text("abB ", max_size=12))
def test_a_pattern_of_users_is_a_glob(pattern: str, name: str) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, re.sub(r"\s+", " ", pattern).split("*"))), name, re.IGNORECASE)
    assert UncountedUse(users=(pattern,)).names_user(name) == (expected is not None)


@given(LETTERS, some.text("abB \n", max_size=12))
def test_a_pattern_of_statements_is_one_anywhere(pattern: str, text: str) -> None:
    plain = re.sub(r"\s+", " ", text)
    expected = re.search(".*".join(map(re.escape, re.sub(r"\s+", " ", pattern).split("*"))), plain, re.IGNORECASE)
    assert UncountedUse(statements=(pattern,)).names_statement(text) == (expected is not None)


def test_no_pattern_takes_long() -> None:
    assert not UncountedUse(statements=("*a" * 99 + "*b",)).names_statement("a" * 65_000)


@pytest.mark.parametrize(
    ("pattern", "clear"),
    [("*", False), ("**", False), ("ab*", False), ("a*b*c", False), ("abc", True), ("*abc*", True), ("a b c", False)],
)
def test_a_pattern_says_something(pattern: str, clear: bool) -> None:
    assert is_clear(pattern) is clear


@pytest.mark.parametrize(
    ("users", "exceptions", "contradicting"),
    [
        (["backup_*"], ["backup_ann"], []),
        (["backup_*"], ["backup_*"], ["backup_*"]),
        (["backup_*", "scanner"], ["BACKUP*"], ["backup_*"]),
        (["backup_ann"], ["*_ann"], ["backup_ann"]),
        ([], ["ann"], []),
    ],
)
def test_contradictions(users: list[str], exceptions: list[str], contradicting: list[str]) -> None:
    use = UncountedUse.of({"users": users, "except_users": exceptions})
    assert list(contradictions(use)) == contradicting


def test_the_settings_add_to_what_is_said() -> None:
    use = UncountedUse(users=("a_user",), except_users=("ann",)).with_also(["job", "a_user"], ["scan"])
    assert use == UncountedUse(users=("job", "a_user"), except_users=("ann",), statements=("scan",))
    assert (UncountedUse().checksum, UncountedUse(except_users=("ann",)).checksum) == (0, 0)
    assert UncountedUse.of(use.document()) == use
