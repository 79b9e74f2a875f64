"""The labels of a table as the API shows them. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import Final, TypedDict, TypeVar

from thirdeye.inventory.columns import TESTED
from thirdeye.inventory.labels import TIER_PREFIX, Labels, Mark

# The columns that a view needs beside the row of the table.
COLUMNS: Final = ("place", "flags", "marks", "products", "editor", "followers")
_KNOWN_TIERS: Final = frozenset(f"Tier{number}" for number in range(1, 6))
Item = TypeVar("Item")


class SignsOfCare(TypedDict):
    """What tells that somebody looks after a table."""

    hasTests: bool
    followers: int
    editedBy: str | None
    editedOn: date | None


class LabelsView(TypedDict):
    """Keys are those of the API's `Table`, but for the last three, which hold pairs as `Labels` has them."""

    columnTags: list[str]
    suggestedTags: list[str]
    suggestedTier: str | None
    inheritedTags: list[str]
    dataProducts: list[str]
    dataContracts: list[str]
    signsOfCare: SignsOfCare
    marks: Sequence[tuple[str, str]]
    placeTags: Sequence[tuple[str, str]]
    products: Sequence[tuple[str, str, str]]


def labels_view(columns: dict[str, int], labels: Labels, metadata_changed: date | None) -> LabelsView:
    """The view of a table with these values in COLUMNS."""
    marks = _item(labels["marks"], columns["marks"]) or []
    place_tags = _item(labels["place_tags"], columns["place"]) or []
    own = _item(labels["products"], columns["products"]) or []
    products = [("table", kind, name) for kind, name in own]
    products += [(level, kind, name) for level, kind, name in _item(labels["place_products"], columns["place"]) or []]
    suggested = [tag for kind, tag in marks if kind == Mark.SUGGESTED]
    tiers = sorted(tag.removeprefix(TIER_PREFIX) for tag in suggested if tag.startswith(TIER_PREFIX))
    editor, is_person = _item(labels["editors"], columns["editor"]) or ("", False)
    return {
        "columnTags": [tag for kind, tag in marks if kind == Mark.COLUMN],
        "suggestedTags": [tag for tag in suggested if not tag.startswith(TIER_PREFIX)],
        "suggestedTier": next((tier if tier in _KNOWN_TIERS else "OTHER" for tier in tiers), None),
        "inheritedTags": sorted({tag for _, tag in place_tags}),
        "dataProducts": _names(products, "dataProduct"),
        "dataContracts": _names(products, "dataContract"),
        "signsOfCare": {
            "hasTests": bool(columns["flags"] & TESTED),
            "followers": columns["followers"],
            "editedBy": editor if is_person else None,
            "editedOn": metadata_changed if is_person else None,
        },
        "marks": marks,
        "placeTags": place_tags,
        "products": products,
    }


def _names(products: Sequence[tuple[str, str, str]], kind: str) -> list[str]:
    return sorted({name for _, each, name in products if each == kind})


def _item(items: Sequence[Item], index: int) -> Item | None:
    return items[index] if index < len(items) else None
