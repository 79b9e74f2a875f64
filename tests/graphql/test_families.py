"""Which answers are a function of one family of stored data: whatever else they might rest on, they are of none."""

import pytest
from graphql import parse

from thirdeye.graphql.families import ESTATE, ITEMS, SCORE, family_of
from thirdeye.graphql.schema import build_schema
from thirdeye.session import VERSIONED

NODE = "edges { node { id title } }"


@pytest.mark.parametrize(
    ("query", "family"),
    [
        ("{ ziScore { score } }", SCORE),
        ("query Named { a: ziScore { score } b: ziScore { stale } }", SCORE),
        ("query($n: Int) { ziScore { score } }", None),
        ("{ ziScore { score @skip(if: true) } }", None),
        ("{ ziScore { score } __typename }", None),
        (f"{{ actionItems {{ {NODE} }} }}", ITEMS),
        (f"query($a: String) {{ actionItems(after: $a, search: \"b\") {{ {NODE} totalCount }} }}", ITEMS),
        ("{ a: actionItems { edges { cursor } } b: actionItems(last: 2) { pageInfo { endCursor } __typename } }", ITEMS),
        (f"{{ actionItems {{ {NODE} }} ziScore {{ score }} }}", None),
        # Of the caller, of time, of tables.
        (f"{{ actionItems(filter: {{ mine: true }}) {{ {NODE} }} }}", None),
        ("{ actionItems { edges { node { id mayChange } } } }", None),
        ("{ actionItems { edges { node { id overdue } } } }", None),
        ("{ actionItems { edges { node { id snoozed } } } }", None),
        ("{ actionItems { edges { node { id realizedSavingUsd } } } }", None),
        ("{ actionItems { edges { node { id table { fqn } } } } }", None),
        ("{ actionItems { edges { ...F } } } fragment F on ActionItemEdge { node { mayChange } }", None),
        ("{ actionItems { edges { ... on ActionItemEdge { cursor } } } }", None),
        ("{ actionItems { totalCount @include(if: true) } }", None),
        ("{ actionItem(id: 1) { id title } }", None),
        ("query($n: Int) { estate { stale byOwner(first: $n) { name tables } } }", ESTATE),
        ("{ a: estate { total { tables } } b: estate { byDomain(withSubdomains: true) { fqn } } }", ESTATE),
        ("{ estate { mostExpensiveTables { fqn monthlyCost zombie url } } }", ESTATE),
        ("{ estate { mostExpensiveTables { fqn recommendation } } }", None),
        ("{ estate { mostExpensiveTables { fqn owners { name } } } }", None),
        ("{ estate { total { tables } } ziScore { score } }", None),
        (f"{{ estate {{ stale }} actionItems {{ {NODE} }} }}", None),
        ("query($s: String) { costMap(service: $s) { entries { name verdicts { verdict } } } estate { stale } }", ESTATE),
        ("{ services { name } }", None),
        ("mutation { createActionItem(title: \"a\") { id title } }", None),
        (f"query A {{ actionItems {{ {NODE} }} }} query B {{ actionItems {{ {NODE} }} }}", None),
    ],
)  # fmt: skip
def test_a_document_is_of_the_family_that_all_of_it_is_of(query: str, family: str | None) -> None:
    assert family_of(parse(query)) == family


def test_a_version_moves_for_each_family_that_is_read_by_one() -> None:
    assert set(VERSIONED) == {ITEMS}


def test_what_of_the_estate_needs_more_than_what_is_published_is_not_of_the_family() -> None:
    """Verdicts of a table that is shown rest on what people decide, items on what they do."""
    types = build_schema().type_map
    # Of a cost map all is of the family.
    for name in ("CostMapEntry", "VerdictCosts"):
        assert not [field for field in types[name].fields.values() if field.resolve is not None]  # type: ignore[attr-defined]
    for name, question in (("Table", "mostExpensiveTables"), ("Totals", "total")):
        fields = types[name].fields  # type: ignore[attr-defined]
        of_family = {
            each
            for each, field in fields.items()
            if not getattr(field.type, "fields", None)
            and family_of(parse(f"{{ estate {{ {question} {{ {each} }} }} }}")) == ESTATE
        }
        assert {"name", "service", "monthlyCost"} <= of_family
        assert not {each for each in of_family if fields[each].resolve is not None}


def test_what_of_an_item_needs_more_than_its_row_is_not_of_the_family() -> None:
    """Fields with resolvers of their own look at other tables, at the caller or at the time."""
    schema = build_schema()
    fields = schema.type_map["ActionItem"].fields  # type: ignore[attr-defined]
    of_rows = {
        name
        for name, field in fields.items()
        if not getattr(field.type, "fields", None)
        and family_of(parse(f"{{ actionItems {{ edges {{ node {{ {name} }} }} }} }}")) == ITEMS
    }
    assert {"id", "title", "status", "estimatedSavingsUsd", "updatedAt"} <= of_rows
    assert not of_rows & {name for name, field in fields.items() if field.resolve is not None and name in of_rows}
