"""How many nodes the lists of a document may have, against a second count that walks the expanded document."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, parse
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.errors import LimitExceeded
from thirdeye.graphql.list_sizes import MAX_NODES, check_sizes, list_sizes_of

SCHEMA = build_schema("""
type Query { items(first: Int = 7, last: Int): [Item!]!  one: Item  plain: [Item!]! }
type Item { name: String  items(first: Int = 7, last: Int): [Item!]!  open(first: Int): [Item!]! }
""")


def nodes(text: str, variables: dict[str, Any] | None = None, operation: str | None = None) -> int:
    return sum(each.nodes(variables or {}) for each in list_sizes_of(SCHEMA, parse(text))[operation])


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("{ one { name } plain { name } }", {}, 0),
        ("{ items { name } }", {}, 7),
        ("{ items(first: 5) { name } }", {}, 5),
        ("{ items(last: 5) { name } }", {}, 5),
        ("{ items(first: 5) { items(first: 3) { name } } }", {}, 20),
        ("{ items(first: 5) { one: items(first: 3) { name } two: items(first: 4) { name } } }", {}, 40),
        ("{ a: items(first: 5) { name } b: items(first: 6) { name } }", {}, 11),
        ("{ one { items(first: 5) { name } } plain { items(first: 2) { name } } }", {}, 7),
        ("{ one { open { name } } }", {}, 20),
        ("query($n: Int) { items(first: $n) { name } }", {"n": 9}, 9),
        ("query($n: Int) { items(first: $n) { name } }", {"n": None}, 7),
        ("query($n: Int) { items(first: $n) { name } }", {}, 7),
        ("query($n: Int = 4) { items(first: $n) { name } }", {}, 4),
        ("query($n: Int = 4) { items(first: $n) { items(first: $n) { name } } }", {"n": 2}, 6),
        ("query($n: Int) { items(first: $n) { name } }", {"n": "9"}, 7),
        ("query($n: Int) { items(first: $n) { name } }", {"n": True}, 7),
        ("query($n: Int) { items(first: $n) { name } }", {"n": -9}, 0),
        ("{ items(first: 99999) { name } }", {}, 1000),
        ("{ ...F } fragment F on Query { items(first: 5) { ...I } } fragment I on Item { items(first: 3) { name } }", {}, 20),
        ("{ ... on Query { items(first: 5) { ... { items(first: 3) { name } } } } }", {}, 20),
    ],
)  # fmt: skip
def test_counted(text: str, variables: dict[str, Any], expected: int) -> None:
    assert nodes(text, variables) == expected


def test_each_operation_by_itself() -> None:
    text = "query A { items(first: 5) { name } } query B { items(first: 6) { name } }"
    assert (nodes(text, operation="A"), nodes(text, operation="B")) == (5, 6)


def test_the_edge() -> None:
    listings = list_sizes_of(SCHEMA, parse("query($n: Int) { items(first: $n) { items(first: 99) { name } } }"))[None]
    check_sizes(listings, {"n": MAX_NODES // 100})
    with pytest.raises(LimitExceeded, match="20100 nodes"):
        check_sizes(listings, {"n": MAX_NODES // 100 + 1})


def test_no_cost_at_all_for_a_bomb_of_lists() -> None:
    text = "{ " + "items(first: 1000) { " * 7 + "name" + " }" * 7 + " }"
    with pytest.raises(LimitExceeded):
        check_sizes(list_sizes_of(SCHEMA, parse(text))[None], {})


trees = st.recursive(
    st.just("name"),
    lambda inner: st.tuples(st.integers(0, 9), st.lists(inner, min_size=1, max_size=3)).map(
        lambda drawn: (drawn[0], drawn[1])
    ),
    max_leaves=12,
)


@given(st.lists(trees.filter(lambda tree: tree != "name"), min_size=1, max_size=3))
def test_against_a_count_of_the_answer(forest: list[Any]) -> None:
    def written(tree: Any, place: str) -> str:
        if tree == "name":
            return f"n{place}: name"
        size, below = tree
        inner = " ".join(written(each, f"{place}_{number}") for number, each in enumerate(below))
        return f"i{place}: items(first: {size}) {{ {inner} }}"

    def answered(tree: Any) -> int:
        """As many as an answer would hold, made item by item."""
        if tree == "name":
            return 0
        size, below = tree
        return sum(1 + sum(answered(each) for each in below) for _ in range(size))

    text = "{ " + " ".join(written(tree, str(number)) for number, tree in enumerate(forest)) + " }"
    document = parse(text)
    assert isinstance(document.definitions[0], OperationDefinitionNode)
    assert nodes(text) == sum(map(answered, forest))
