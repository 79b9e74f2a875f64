"""What documents cost: by cases, by a second count over the expanded document, and for all that is served."""

from typing import Any

import pytest
from graphql import build_schema as schema_of
from graphql import parse
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.errors import LimitExceeded
from thirdeye.graphql.cost import LEAF_COST, MAX_COST, OBJECT_COST, USUAL_LENGTH, Cost, Weights, check_cost, costs_of
from thirdeye.graphql.documents import DocumentCache
from thirdeye.graphql.operations import PersistedOperations
from thirdeye.graphql.schema import build_schema
from thirdeye.graphql.turns import EXPENSIVE
from thirdeye.resources import resource

SCHEMA = schema_of("""
directive @cost(weight: Float!, size: Int) on FIELD_DEFINITION | OBJECT
type Query {
  cheap: Int
  dear: Int @cost(weight: 7)
  one: Item @cost(weight: 3)
  plain: [Item!]! @cost(weight: 1)
  known: [Item!]! @cost(weight: 1, size: 30)
  list(first: Int = 10): [Item!]! @cost(weight: 2)
  page(first: Int = 10, last: Int): Page! @cost(weight: 4)
  open(first: Int): [Item!]! @cost(weight: 2)
}
type Page { edges: [Edge!]!  total: Int @cost(weight: 5) }
type Edge { node: Item! @cost(weight: 0) }
type Item @cost(weight: 0.5) {
  name: Int @cost(weight: 1)
  items(first: Int = 10): [Item!]! @cost(weight: 2)
  plain: [Item!]! @cost(weight: 1)
}
""")
WEIGHTS = Weights(SCHEMA)
SERVED = build_schema()
DOCUMENTS = DocumentCache(SERVED, playground=False)


def cost(text: str, variables: dict[str, Any] | None = None, operation: str | None = None) -> float:
    return costs_of(WEIGHTS, parse(text))[operation].of(variables or {})


# The field that holds a page's list costs once.
EDGES = OBJECT_COST


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("{ cheap __typename }", {}, 2 * LEAF_COST),
        ("{ dear }", {}, 7),
        ("{ a: dear b: dear c: dear }", {}, 21),
        ("{ one { name } }", {}, 3 + 0.5 + 1),
        ("{ plain { name } }", {}, 1 + USUAL_LENGTH * 1.5),
        ("{ known { name } }", {}, 1 + 30 * 1.5),
        ("{ list { name } }", {}, 2 + 10 * 1.5),
        ("{ list(first: 4) { name } }", {}, 2 + 4 * 1.5),
        ("{ list(first: 5000) { name } }", {}, 2 + 1000 * 1.5),
        ("{ list(first: -5) { name } }", {}, 2),
        ("{ open { name } }", {}, 2 + 20 * 1.5),
        # The list of a page has the page's size; what stands beside it counts once.
        ("{ page(first: 4) { total edges { node { name } } } }", {}, 4 + 5 + EDGES + 4 * 1.5),
        ("{ page(last: 4) { edges { node { name } } } }", {}, 4 + EDGES + 4 * 1.5),
        ("{ page(first: null, last: 4) { edges { node { name } } } }", {}, 4 + EDGES + 4 * 1.5),
        ("{ page { edges { node { plain { name } } } } }", {}, 4 + EDGES + 10 * (0.5 + 1 + USUAL_LENGTH * 1.5)),
        ("{ list(first: 3) { items(first: 4) { name } } }", {}, 2 + 3 * (0.5 + 2 + 4 * 1.5)),
        ("query($n: Int) { list(first: $n) { name } }", {"n": 9}, 2 + 9 * 1.5),
        ("query($n: Int) { list(first: $n) { name } }", {}, 2 + 10 * 1.5),
        ("query($n: Int = 3) { list(first: $n) { name } }", {}, 2 + 3 * 1.5),
        ("query($n: Int) { list(first: $n) { name } }", {"n": "9"}, 2 + 10 * 1.5),
        ("query($n: Int) { list(first: $n) { name } }", {"n": True}, 2 + 10 * 1.5),
        ("query($n: Int) { list(first: $n) { items(first: $n) { name } } }", {"n": 3}, 2 + 3 * (0.5 + 2 + 3 * 1.5)),
        ("query($f: Int, $l: Int) { page(first: $f, last: $l) { edges { node { name } } } }", {"l": 50}, 4 + EDGES + 50 * 1.5),
        ("query($f: Int, $l: Int) { page(first: $f, last: $l) { edges { node { name } } } }", {}, 4 + EDGES + 10 * 1.5),
        ("{ page(first: 4) { ...P } } fragment P on Page { edges { ...E } } fragment E on Edge { node { name } }", {},
         4 + EDGES + 4 * 1.5),
        ("{ page(first: 4) { ... on Page { edges { ... { node { name } } } } } }", {}, 4 + EDGES + 4 * 1.5),
    ],
)  # fmt: skip
def test_counted(text: str, variables: dict[str, Any], expected: float) -> None:
    assert cost(text, variables) == pytest.approx(expected)


def test_each_operation_by_itself() -> None:
    text = "query A { dear } query B { cheap }"
    assert (cost(text, operation="A"), cost(text, operation="B")) == (7, LEAF_COST)


def test_the_edge_and_the_message() -> None:
    costs = costs_of(WEIGHTS, parse("query($n: Int) { list(first: $n) { name } }"))[None]
    check_cost(costs, {"n": 665})
    with pytest.raises(
        LimitExceeded, match=r"cost 1,001 together; at most 1,000 are allowed: ask for fewer"
    ) as refused:
        check_cost(costs, {"n": 666})
    assert refused.value.limit == "cost"


def test_fragments_are_measured_once() -> None:
    """Each spreads the one before three times: expanded, these would be 3^40 fields."""
    fragments = [f"fragment F{n} on Item {{ " + f"...F{n - 1} " * 3 + "}" for n in range(1, 40)]
    text = "{ one { ...F39 } } fragment F0 on Item { name }" + " ".join(fragments)
    assert cost(text) == pytest.approx(3.5 + 3.0**39)


def test_a_bomb_of_lists_is_a_large_number() -> None:
    text = "{ list(first: 1000) { " + "items(first: 1000) { " * 7 + "name" + " }" * 7 + " } }"
    with pytest.raises(LimitExceeded):
        check_cost(costs_of(WEIGHTS, parse(text))[None], {})


def test_sizes_without_variables_are_filled_in_once() -> None:
    known = costs_of(WEIGHTS, parse("{ list(first: 7) { items(first: 3) { name } } }"))[None]
    assert known == Cost(known.known)


# ---- properties

trees = st.recursive(
    st.just("name"),
    lambda inner: st.tuples(st.integers(0, 9), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=12,
)
forests = st.lists(trees.filter(lambda tree: tree != "name"), min_size=1, max_size=3)


class Written:
    """A forest as a document; with `spread`, every selection is a fragment of its own."""

    def __init__(self, forest: list[Any], *, spread: bool = False, more: int = 0) -> None:
        self._spread, self._more, self._fragments = spread, more, list[str]()
        roots = " ".join(self._tree(tree, f"r{place}", "list") for place, tree in enumerate(forest))
        self.text = f"{{ {roots} }} " + " ".join(self._fragments)

    def _tree(self, tree: Any, alias: str, name: str) -> str:
        if tree == "name":
            return f"{alias}: name"
        size, below = tree
        selections = " ".join(self._tree(each, f"{alias}_{place}", "items") for place, each in enumerate(below))
        if self._spread:
            self._fragments.append(f"fragment F{len(self._fragments)} on Item {{ {selections} }}")
            selections = f"...F{len(self._fragments) - 1}"
        return f"{alias}: {name}(first: {size + self._more}) {{ {selections} }}"


def answered(tree: Any) -> float:
    """What an answer takes, made item by item."""
    if tree == "name":
        return 1
    size, below = tree
    return 2 + sum(0.5 + sum(map(answered, below)) for _ in range(size))


@given(forests)
def test_against_a_count_of_the_answer(forest: list[Any]) -> None:
    assert cost(Written(forest).text) == pytest.approx(sum(map(answered, forest)))


@given(forests)
def test_the_same_inlined_and_spread(forest: list[Any]) -> None:
    assert cost(Written(forest, spread=True).text) == pytest.approx(cost(Written(forest).text))


@given(forests, st.integers(1, 50))
def test_larger_pages_and_more_aliases_cost_more(forest: list[Any], more: int) -> None:
    written = cost(Written(forest).text)
    assert cost(Written(forest, more=more).text) > written
    assert cost(Written([*forest, *forest]).text) == pytest.approx(2 * written)


# ---- what is served


@pytest.mark.parametrize("root", ["Query", "Mutation"])
def test_every_root_field_has_a_weight(root: str) -> None:
    """The default is for what costs nothing; what a request begins with never does."""
    type_, weights = SERVED.type_map[root], Weights(SERVED)
    assert [name for name in type_.fields if not weights.of(root, name).declared] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("operation", sorted(path.stem for path in resource("operations").glob("*.graphql")))
def test_persisted_operations_are_allowed_with_their_largest_pages(operation: str) -> None:
    prepared = PersistedOperations(DOCUMENTS).find(operation)
    check_cost(prepared.cost_of(None), {})
    largest = {"get_campaign": 1_000, "get_estate": 1_000, "get_health_history": 1_000, "get_table_lineage": 200}
    size = largest.get(operation, 100)
    check_cost(prepared.cost_of(None), dict.fromkeys(("first", "last", "databases", "owners"), size))


def test_the_description_says_the_limit() -> None:
    directive = SERVED.get_directive("cost")
    assert directive is not None
    assert f"{MAX_COST:,}" in " ".join((directive.description or "").split())
    text = directive.args["weight"].description or ""
    assert (f"{LEAF_COST:g}" in text, f"{OBJECT_COST:g}" in text) == (True, True)
    assert str(USUAL_LENGTH) in (directive.args["size"].description or "")


# ---- what needs no look at the variables


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ ziScore { score } }", True),
        ("{ ziScore { score } estate { total { tables } } }", True),
        ("query A { ziScore { score } } query B { tables(first: 1) { totalCount } }", False),
        ("query($n: Int) { tables(first: $n) { totalCount } }", False),
        ("query A { ziScore { score } } query B { " + " ".join(f"s{n}: ziScore {{ score }}" for n in range(49)) + " }", True),
        ("{ " + " ".join(f"s{n}: savings {{ realizedUsd }}" for n in range(6)) + " }", False),
    ],
)  # fmt: skip
def test_a_document_is_cheap_only_if_all_its_operations_are_with_any_variables(text: str, expected: bool) -> None:
    prepared = DOCUMENTS.prepare(text)
    assert prepared.document is not None, prepared.errors
    assert prepared.is_cheap is expected
    if expected:
        assert all(cost.of({"n": 1_000}) <= EXPENSIVE for cost in prepared.costs.values())
