"""The parts of names, and searches for them."""

import pytest

from thirdeye.errors import BadInput
from thirdeye.inventory.name_search import NameIndex, name_parts, pack_names, pack_paths, parse_search


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
    index = NameIndex([pack_names(NAMES[:2]), pack_names(NAMES[2:])])
    assert [number for number, hit in enumerate(index.find(word)) if hit] == numbers


def test_places_are_searched_too() -> None:
    index = NameIndex(
        [pack_paths([("snowflake", "sales", "mart.v2"), ("ops-service", None, None), ("snowflake", "ops", "x")])]
    )
    assert index.find("mart").tolist() == [True, False, False]
    assert index.find("ops").tolist() == [False, True, True]
    assert NameIndex([]).find("x").tolist() == []


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
