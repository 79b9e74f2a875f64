"""The parts of names, and searches for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.errors import BadInput
from thirdeye.inventory.name_search import NameChunk, NameIndex, name_parts, pack_names, pack_paths, parse_search


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("orders_daily", ["orders", "daily"]),
        ("ordersDaily", ["ordersdaily", "orders", "daily"]),
        ("HTTPServer", ["httpserver", "http", "server"]),
        ("orders2024", ["orders2024", "orders", "2024"]),
        ("Größe_Übersicht", ["grosse", "ubersicht"]),
        ("a.b.c", ["a", "b", "c"]),
        ("売上_日次", ["売上", "日次"]),
        ("💾", ["💾"]),
        ("...", ["..."]),
    ],
)
def test_names_have_parts(name: str, parts: list[str]) -> None:
    assert name_parts(name) == parts


NAMES = ["orders_daily", "customers", "Reorders", "OrdersArchive", "", "line\nbreak"]


@pytest.mark.parametrize(
    ("word", "numbers"),
    [
        ("orders", [0, 3]),
        ("ord", [0, 3]),
        ("d", [0]),
        ("rders", []),
        ("break", [5]),
        ("customers", [1]),
        ("customersx", []),
    ],
)
def test_a_word_begins_a_part(word: str, numbers: list[int]) -> None:
    index = NameIndex([NameChunk(pack_names(NAMES[:2])), NameChunk(pack_names(NAMES[2:]))])
    assert [number for number, hit in enumerate(index.find(word)) if hit] == numbers


def test_places_are_searched_too() -> None:
    paths = [("snowflake", "sales", "mart.v2"), ("ops-service", None, None), ("snowflake", "ops", "x")]
    index = NameIndex([NameChunk(pack_paths(paths))])
    assert index.find("mart").tolist() == [True, False, False]
    assert index.find("ops").tolist() == [False, True, True]
    assert NameIndex([]).find("x").tolist() == []


# Longer than the keys that parts are found by.
_LONG = st.tuples(st.sampled_from(["a" * 24, "a" * 30, "é" * 12]), st.text(alphabet="ab_", max_size=3)).map("".join)


@given(
    chunks=st.lists(st.lists(st.text(alphabet="aB7ß_ \n.é💾", max_size=6) | _LONG, max_size=5), max_size=4),
    word=st.text(alphabet="ab7s💾", min_size=1, max_size=3)
    | st.sampled_from(["a" * 23, "a" * 24, "a" * 25, "é" * 12 + "a"]),
)
def test_whatever_the_names_a_word_finds_those_with_a_part_that_begins_with_it(
    chunks: list[list[str]], word: str
) -> None:
    index = NameIndex([NameChunk(pack_names(names)) for names in chunks])
    expected = [any(part.startswith(word) for part in name_parts(name)) for names in chunks for name in names]
    assert index.find(word).tolist() == expected


@pytest.mark.parametrize(
    ("search", "words"),
    [
        (None, []),
        ("  ", []),
        ("Ord  CUST", ["ord", "cust"]),
        ("a a", ["a"]),
        ("größe-x", ["grosse", "x"]),
        ("💾", ["💾"]),
    ],
)
def test_searches_are_words(search: str | None, words: list[str]) -> None:
    assert parse_search(search) == words


@pytest.mark.parametrize("search", ["x" * 256, "a b c d e f g h i j k", "a\x00b"])
def test_invalid_searches_are_refused(search: str) -> None:
    with pytest.raises(BadInput, match="search"):
        parse_search(search)
