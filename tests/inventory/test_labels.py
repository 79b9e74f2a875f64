"""What glossary terms carry, followed through circles."""

from hypothesis import given, settings
from hypothesis import strategies as some

from thirdeye.inventory.labels import carried_target, carriers, circular_terms

NAMES = "abcdef"
graphs = some.dictionaries(some.sampled_from(NAMES), some.lists(some.sampled_from([*NAMES, "x", "y"]), max_size=3))


def reached(terms: dict[str, list[str]], term: str) -> set[str]:
    """All that a term carries, found the plain way."""
    found, before = set(terms.get(term, ())), set[str]()
    while found != before:
        before = set(found)
        for each in before:
            found |= set(terms.get(each, ()))
    return found


@settings(max_examples=60)
@given(graphs)
def test_what_carries_something_is_what_reaches_it(terms: dict[str, list[str]]) -> None:
    assert carriers(terms, ["x"]) == {"x", *(term for term in terms if "x" in reached(terms, term))}
    for term in NAMES:
        found = carried_target(terms, term, {"x", "y"}.__contains__)
        assert (found is None) == (not reached(terms, term) & {"x", "y"})
        assert found is None or found in reached(terms, term)


@settings(max_examples=60)
@given(graphs)
def test_a_circle_is_what_reaches_itself(terms: dict[str, list[str]]) -> None:
    circular, found = {term for term in terms if term in reached(terms, term)}, set(circular_terms(terms))
    assert found >= circular
    # More are only those between two circles.
    assert all(reached(terms, each) & circular for each in found)
    assert bool(found) == bool(circular)


def test_the_nearest_target_is_named() -> None:
    assert carried_target({"a": ["b", "y"], "b": ["x"]}, "a", {"x", "y"}.__contains__) == "y"
    assert carried_target({"a": ["a"]}, "a", "a".__eq__) == "a"
