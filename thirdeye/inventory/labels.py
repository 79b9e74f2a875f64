"""Labels of tables beside their own confirmed tags: what else protects them, and who looks after them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, TypedDict

TIER_PREFIX: Final = "Tier."
# What stands for a tag without a name: it may be one that protects.
UNREADABLE_TAG: Final = "(a tag without a name)"


class Mark(StrEnum):
    """How a table has a tag that is none of its own confirmed ones."""

    # Of one of its columns, however deep.
    COLUMN = "COLUMN"
    # Suggested for the table, and confirmed by nobody.
    SUGGESTED = "SUGGESTED"
    # A tier beside the one that counts, or with a name of its own.
    TIER = "TIER"


class Labels(TypedDict):
    """Lists that columns index into. JSON has only lists: compare pairs by their items, not as tuples.

    `marks`: by number in the column of that name, pairs of a Mark and a tag. `products`: likewise, pairs of "dataProduct"
    or "dataContract" and a name. `editors`: likewise, a name and whether it is a person's. `place_tags` and
    `place_products` are by place, and begin with "schema" or "database". `terms`: by glossary term the tags that it carries.
    """

    marks: list[list[tuple[str, str]]]
    products: list[list[tuple[str, str]]]
    editors: list[tuple[str, bool]]
    place_tags: list[list[tuple[str, str]]]
    place_products: list[list[tuple[str, str, str]]]
    terms: dict[str, list[str]]


def no_labels() -> Labels:
    """Of an estate in which nothing has any."""
    return {
        "marks": [[]],
        "products": [[]],
        "editors": [("", False)],
        "place_tags": [],
        "place_products": [],
        "terms": {},
    }


def carriers(terms: Mapping[str, Sequence[str]], targets: Iterable[str]) -> set[str]:
    """The targets, and the terms that carry one of them, themselves or through other terms."""
    carried_by: dict[str, list[str]] = {}
    for term, tags in terms.items():
        for tag in tags:
            carried_by.setdefault(tag, []).append(term)
    found, waiting = set[str](), list(targets)
    while waiting:
        tag = waiting.pop()
        if tag not in found:
            found.add(tag)
            waiting += carried_by.get(tag, ())
    return found


def carried_target(terms: Mapping[str, Sequence[str]], term: str, is_target: Callable[[str], bool]) -> str | None:
    """The nearest target that a term carries, itself or through other terms; None if it carries none."""
    seen, waiting = {term}, list(terms.get(term, ()))
    while waiting:
        further = list[str]()
        for tag in waiting:
            if is_target(tag):
                return tag
            if tag not in seen:
                seen.add(tag)
                further += terms.get(tag, ())
        waiting = further
    return None


def circular_terms(terms: Mapping[str, Sequence[str]]) -> list[str]:
    """The terms that carry themselves or each other in circles, and those between two such circles."""
    remaining = {term: {tag for tag in tags if tag in terms} for term, tags in terms.items()}
    for _ in range(2):
        # First what leads nowhere goes, then, with all edges turned, what nothing leads to.
        remaining = _turned(_without_ends(remaining))
    return sorted(remaining)


def _without_ends(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    kept = {node: set(nexts) for node, nexts in edges.items()}
    before = _turned(edges)
    ends = [node for node, nexts in kept.items() if not nexts]
    while ends:
        end = ends.pop()
        del kept[end]
        for node in before[end]:
            kept[node].discard(end)
            if not kept[node]:
                ends.append(node)
    return kept


def _turned(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    turned: dict[str, set[str]] = {node: set() for node in edges}
    for node, nexts in edges.items():
        for following in nexts:
            turned[following].add(node)
    return turned
