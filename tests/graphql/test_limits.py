"""The limits at their exact edges, and their cost against documents made to be expensive."""

from collections.abc import Callable

import pytest
from graphql import FieldNode, FragmentDefinitionNode, parse, visit
from graphql.language import Visitor
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.errors import LimitExceeded
from thirdeye.graphql import limits
from thirdeye.graphql.limits import check_limits, measure


def nested(depth: int) -> str:
    return "{" + "a{" * (depth - 1) + "a" + "}" * (depth - 1) + "}"


def fields(count: int) -> str:
    # Under parents of ten, so that neither aliases nor repeated keys come into it.
    names = [f"f{index}" for index in range(count)]
    return "{" + " ".join(names) + "}"


def aliases(count: int) -> str:
    return "{" + " ".join(f"a{index}: f" for index in range(count)) + "}"


def same_key(count: int) -> str:
    return "{" + "f " * count + "}"


def directives(count: int) -> str:
    return "{" + " ".join(f"f{index} @skip(if: false)" for index in range(count)) + "}"


@pytest.mark.parametrize(
    ("make", "most"), [(nested, 8), (fields, 500), (aliases, 100), (same_key, 50), (directives, 20)]
)
def test_each_limit_at_its_edge(make: Callable[[int], str], most: int) -> None:
    check_limits(parse(make(most)))
    with pytest.raises(LimitExceeded, match=str(most)):
        check_limits(parse(make(most + 1)))


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ("{...A} fragment A on Q {" + "f " * 51 + "}", "key"),
        ("{a{f} " + "a{f f} " * 25 + "}", "key f"),
        ("{a{" + "...A " * 51 + "}} fragment A on Q {f}", "key f"),
        ("{... on Q {" + "f " * 51 + "}}", "key"),
        ("query A {" + "f " * 10 + "} query B {" + nested(9)[1:-1] + "}", "deep"),
        ("{...A} fragment A on Q {" + nested(9)[1:-1] + "}", "deep"),
        ("query ($v: Int " + "@d " * 21 + ") {f}", "directives"),
        ("query " + "@d " * 21 + " {f}", "directives"),
        ("{" + "...A " * 21 + "} fragment A on Q @d {f}", "directives"),
        ("{" + "... @include(if: true) {f} " * 21 + "}", "directives"),
        ("{...A ...A} fragment A on Q {" + " ".join(f"a{i}: f" for i in range(51)) + "}", "aliases"),
        ("{...A ...A} fragment A on Q {" + " ".join(f"f{i}" for i in range(251)) + "}", "fields"),
        ("{" + "__typename " * 501 + "}", "fields"),
    ],
)
def test_fragments_and_operations_hide_nothing(document: str, what: str) -> None:
    with pytest.raises(LimitExceeded, match=what):
        check_limits(parse(document))


def test_the_same_name_in_different_places_is_no_repeated_key() -> None:
    check_limits(parse("{" + " ".join(f"a{index}: z {{ score }}" for index in range(100)) + "}"))


def bomb(levels: int) -> str:
    spreads = "".join(f"fragment F{i} on Q {{ ...F{i + 1} ...F{i + 1} }} " for i in range(levels))
    return "{...F0} " + spreads + f"fragment F{levels} on Q {{ f }}"


def test_a_fragment_bomb_is_refused_at_a_cost_linear_in_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    visits = 0
    original = limits._CostMeter.selection_set

    def counted(self, node, level=1):  # type: ignore[no-untyped-def]
        nonlocal visits
        visits += 1
        return original(self, node, level)

    monkeypatch.setattr(limits._CostMeter, "selection_set", counted)
    with pytest.raises(LimitExceeded, match="fields"):
        check_limits(parse(bomb(30)))
    # One visit a fragment and one for the operation, however often they are spread.
    assert visits == 32


def test_many_spreads_of_nothing_take_no_time_at_all() -> None:
    """All fragments spread all others: as many paths as there are orders of them, and not a field in any."""
    names = [f"F{number}" for number in range(40)]
    all_of_them = " ".join(f"...{name}" for name in names)
    circular = "{...F0} " + " ".join(f"fragment {name} on Q {{ {all_of_them} }}" for name in names)
    assert not check_limits(parse(circular))
    # Without a circle: as many paths as there are subsets.
    layered = "{...F0} " + " ".join(
        f"fragment {name} on Q {{ {' '.join(f'...{below}' for below in names[number + 1 :]) or '...Unknown'} }}"
        for number, name in enumerate(names)
    )
    assert check_limits(parse(layered))


def test_cycles_and_unknown_fragments_are_left_to_the_validation() -> None:
    assert not check_limits(parse("{...A ...C} fragment A on Q {f ...B} fragment B on Q {...A}"))
    assert check_limits(parse("{...A ...C} fragment A on Q {f ...B} fragment B on Q {...Nothing}"))


selections = st.recursive(
    st.sampled_from(["a", "b", "x: a", "c @skip(if: false)"]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: "a {" + " ".join(parts) + "}")
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: "... on Q {" + " ".join(parts) + "}")
    ),
    max_leaves=12,
)


@given(st.lists(selections, min_size=1, max_size=4))
def test_measured_against_a_walk_of_the_tree(parts: list[str]) -> None:
    document = parse("{" + " ".join(parts) + "}")

    class Walk(Visitor):
        fields = aliases = directives = depth = level = 0

        def enter_field(self, node: FieldNode, *_: object) -> None:
            self.fields += 1
            self.aliases += node.alias is not None
            self.level += 1
            self.depth = max(self.depth, self.level)

        def leave_field(self, *_: object) -> None:
            self.level -= 1

        def enter_directive(self, *_: object) -> None:
            self.directives += 1

    walk = Walk()
    visit(document, walk)
    cost = measure(document)
    assert (cost.fields, cost.aliases, cost.directives, cost.depth) == (
        walk.fields,
        walk.aliases,
        walk.directives,
        walk.depth,
    )
    assert not any(isinstance(node, FragmentDefinitionNode) for node in document.definitions)
