"""The labels of a table as the API shows them."""

from datetime import date

import pytest

from thirdeye.estate.labels import labels_view
from thirdeye.inventory.columns import PRESENT, TESTED
from thirdeye.inventory.labels import Labels

DAY = date(2026, 11, 2)
LABELS: Labels = {
    "marks": [
        [],
        [("COLUMN", "PII.Mail"), ("COLUMN", "Tier.Tier1"), ("SUGGESTED", "Own.Tag"), ("SUGGESTED", "Tier.Tier3"), ("TIER", "Tier.Gold")],
        [("SUGGESTED", "Tier.Gold")],
    ],
    "products": [[], [("dataContract", "Daily"), ("dataProduct", "Sales")]],
    "editors": [("", False), ("ann", True), ("robot", False)],
    "place_tags": [[], [("schema", "Legal.Hold"), ("database", "Legal.Hold")]],
    "place_products": [[], [("schema", "dataProduct", "Sales"), ("database", "dataProduct", "All")]],
    "terms": {},
}  # fmt: skip
NOTHING = {"place": 0, "flags": PRESENT, "marks": 0, "products": 0, "editor": 0, "followers": 0}


def test_a_table_without_labels() -> None:
    view = labels_view(NOTHING, LABELS, DAY)
    assert view["signsOfCare"] == {"hasTests": False, "followers": 0, "editedBy": None, "editedOn": None}
    assert not any(value for name, value in view.items() if name != "signsOfCare")


def test_a_table_with_all_of_them() -> None:
    columns = {"place": 1, "flags": PRESENT | TESTED, "marks": 1, "products": 1, "editor": 1, "followers": 3}
    view = labels_view(columns, LABELS, DAY)
    assert view["columnTags"] == ["PII.Mail", "Tier.Tier1"]
    assert (view["suggestedTags"], view["suggestedTier"]) == (["Own.Tag"], "Tier3")
    assert view["inheritedTags"] == ["Legal.Hold"]
    assert (view["dataProducts"], view["dataContracts"]) == (["All", "Sales"], ["Daily"])
    assert view["signsOfCare"] == {"hasTests": True, "followers": 3, "editedBy": "ann", "editedOn": DAY}


@pytest.mark.parametrize(
    ("columns", "expected"), [({"marks": 2}, "OTHER"), ({"editor": 2}, None), ({"place": 7}, None)]
)
def test_what_has_no_name_of_its_own(columns: dict[str, int], expected: str | None) -> None:
    view = labels_view({**NOTHING, **columns}, LABELS, DAY)
    assert view["suggestedTier"] == expected
    assert view["signsOfCare"]["editedBy"] is None
