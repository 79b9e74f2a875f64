"""Which tags, tiers, products and contracts protect which tables."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from thirdeye.inventory.labels import Labels, no_labels
from thirdeye.verdict.protection import ProtectedNames, protection


@pytest.mark.parametrize(
    ("name", "tag", "covers"),
    [
        ("PII", "PII", True), ("PII", "PII.Sensitive", True), ("PII", "PII.Sensitive.More", True),
        ("PII", "PIIx.Sensitive", False),
        ("PII", "pii.Sensitive", False), ("PII.Sensitive", "PII", False), ("PII.Sensitive", "PII.Sensitive", True),
        ("PII.S", "PII.Sensitive", False), ("Legal.Hold", "Legal.HOLD", False), ("Résumé", "Resume", False),
        # The second is the first with the accent as a character of its own.
        ("R\u00e9sum\u00e9", "Re\u0301sume\u0301", False), ("Straße", "Strasse", False),
        ('"Odd.One"', '"Odd.One".Two', True), ("Odd.One", '"Odd.One".Two', False), ("Odd", '"Odd.One".Two', False),
        ('"Odd.One"', "Odd.One.Two", False), ('"Legal".Hold', "Legal.Hold", True), ('Legal."Hold"', "Legal.Hold.More", True),
        ("", "PII", False), ("PII.", "PII.Sensitive", False),
    ],
)  # fmt: skip
def test_names_cover_what_lies_below_them(name: str, tag: str, covers: bool) -> None:
    assert ProtectedNames([name]).covers(tag) == covers


@settings(max_examples=50)
@given(some.lists(some.text(max_size=8), max_size=4), some.text(max_size=12))
def test_any_text_is_a_name(names: list[str], tag: str) -> None:
    """Nothing breaks, and what is named is covered."""
    ProtectedNames(names).covers(tag)
    assert all(ProtectedNames([name]).covers(name) for name in names if name)


def columns(**values: int) -> dict[str, Any]:
    return {name: np.array([values.get(name, 0)]) for name in ("tags", "marks", "tier", "products")}


LABELS: Labels = {
    **no_labels(),
    "marks": [[], [("COLUMN", "Tier.Tier1")], [("SUGGESTED", "Tier.Tier1")], [("COLUMN", "Words.a")], [("TIER", "Tier.Gold")]],
    "products": [[], [("dataProduct", "Sales")]],
    "place_tags": [[], [("schema", "Words.a")]],
    "place_products": [[], [("database", "dataContract", "All")]],
    "terms": {"Words.a": ["Words.b"], "Words.b": ["Words.a", "PII.Mail", "Tier.Tier2"]},
}  # fmt: skip
TAG_SETS = [[], ["Own"], ["PII.Mail"], ["Words.a"], ["Tier.Tier1"]]


@pytest.mark.parametrize(
    ("values", "place", "protected", "critical", "product"),
    [
        ({}, 0, False, False, False), ({"tags": 1}, 0, False, False, False), ({"tags": 2}, 0, True, False, False),
        # A term of a glossary that is called "Tier" is none.
        ({"tags": 3}, 0, True, True, False), ({"tags": 4}, 0, False, False, False),
        ({"marks": 1}, 0, False, False, False), ({"marks": 2}, 0, False, True, False), ({"marks": 3}, 0, True, False, False),
        ({"marks": 4}, 0, True, False, False), ({}, 1, True, False, True), ({"products": 1}, 0, False, False, True),
        # A place that was not known when labels were read has none.
        ({}, 2, False, False, False),
        ({"tier": 1}, 0, False, True, False), ({"tier": 2}, 0, False, True, False), ({"tier": 3}, 0, True, False, False),
        ({"tier": 6}, 0, False, False, False),
    ],
)  # fmt: skip
def test_what_protects(values: dict[str, int], place: int, protected: bool, critical: bool, product: bool) -> None:
    found, query, places = (
        protection(TAG_SETS, LABELS, ["PII", "Tier.Gold", "Tier.Tier3"], 3),
        columns(**values),
        np.array([place]),
    )
    assert found.protected(query, places).tolist() == [protected]
    assert found.critical(query).tolist() == [critical]
    assert found.in_product(query, places).tolist() == [product]


def test_a_classification_of_tiers_protects_every_tier() -> None:
    found = protection([[]], no_labels(), ["Tier"], 1)
    place = np.array([0])
    assert [bool(found.protected(columns(tier=tier), place)[0]) for tier in range(7)] == [False, *[True] * 6]


def test_an_estate_without_anything_has_no_protection() -> None:
    found = protection([], {**no_labels(), "marks": [], "products": []}, ["PII"], 0)
    assert not found.protected(columns(), np.array([0]))[0]
