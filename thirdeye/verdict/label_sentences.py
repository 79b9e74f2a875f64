"""What is said of the labels that keep a table. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from thirdeye.estate.dates import format_day
from thirdeye.inventory.labels import TIER_PREFIX, Mark, carried_target
from thirdeye.verdict.protection import CRITICAL_TIERS, ProtectedNames

# So many are named; a wide table may have hundreds.
_MOST_NAMED: Final = 3
_KINDS: Final = {"dataProduct": "data product", "dataContract": "data contract"}
Terms = Mapping[str, Sequence[str]]
# The answer about a table, keys as in `estate.labels.LabelsView` and `estate.views`.
TableAnswer = Mapping[str, Any]


def protected_tags(table: TableAnswer, terms: Terms, protected: Sequence[str]) -> str | None:
    """Which protected tags keep a table, and how it has them; None for one that has none of its own."""
    covers, found = ProtectedNames(protected).covers, list[str]()
    for subject, tag in _tags(table):
        words = _protected(tag, terms, covers)
        if words is not None:
            found.append(f"{subject} {words}")
    return _together(found)


def _tags(table: TableAnswer) -> Iterator[tuple[str, str]]:
    tier = table["tier"]
    if tier is not None and tier != "OTHER":
        yield "It has", f"{TIER_PREFIX}{tier}"
    for tag in table["tags"]:
        yield "It carries", tag
    for kind, tag in table["marks"]:
        yield (
            {
                Mark.COLUMN: "One of its columns carries",
                Mark.SUGGESTED: "Suggested for it is",
                Mark.TIER: "It has",
            }[Mark(kind)],
            tag,
        )
    for level, tag in table["placeTags"]:
        yield f"Its {level} carries", tag


def _protected(tag: str, terms: Terms, covers: Callable[[str], bool]) -> str | None:
    if covers(tag):
        return f"{tag}, which is protected"
    carried = carried_target(terms, tag, covers)
    return carried and f"{tag}, a glossary term with the protected tag {carried}"


def critical_tier(table: TableAnswer, terms: Terms) -> str | None:
    """Which tier keeps a table; None for one that has no critical tier of its own."""
    if table["tier"] in {"Tier1", "Tier2"}:
        return f"Its tier is {table['tier']}."
    if table["suggestedTier"] in {"Tier1", "Tier2"}:
        return f"{table['suggestedTier']} is suggested as its tier."
    suggested = [tag for kind, tag in table["marks"] if kind == Mark.SUGGESTED]
    for term in (*table["tags"], *suggested):
        tier = carried_target(terms, term, CRITICAL_TIERS.__contains__)
        if tier is not None:
            return f"It has {tier.removeprefix(TIER_PREFIX)} by the glossary term {term}."
    return None


def data_products(table: TableAnswer) -> str | None:
    """Which data products and contracts keep a table; None for one that has none of its own."""
    return _together([_in_product(*product) for product in table["products"]])


def _in_product(level: str, kind: str, name: str) -> str:
    subject, verb = "It" if level == "table" else f"Its {level}", "is in" if kind == "dataProduct" else "has"
    return f"{subject} {verb} the {_KINDS[kind]} {name}"


def signs_of_care(table: TableAnswer, edit_days: int) -> list[str]:
    """Who looks after a table, in sentences; an edit counts for so many days."""
    signs, sentences = table["signsOfCare"], list[str]()
    if signs["hasTests"]:
        sentences.append("It has a test suite.")
    if signs["followers"]:
        sentences.append(
            "1 person follows it." if signs["followers"] == 1 else f"{signs['followers']:,} people follow it."
        )
    edited: date | None = signs["editedOn"]
    if edited is not None and (table["refreshedAt"].date() - edited).days <= edit_days:
        sentences.append(f"{signs['editedBy']} changed its metadata on {format_day(edited)}.")
    return sentences


def _together(found: Sequence[str]) -> str | None:
    if not found:
        return None
    more = "" if len(found) <= _MOST_NAMED else "; and more"
    first, *others = found[:_MOST_NAMED]
    return f"{'; '.join([first, *(each[0].lower() + each[1:] for each in others)])}{more}."
