"""What is wrong with a variable is found in the types, not in the text of an error."""

from typing import Any

import pytest
from graphql import build_schema

from thirdeye.graphql.schema import build_schema as build_thirdeye_schema
from thirdeye.rest.variables import Variable, first_error, variables_of

SCHEMA = build_schema("input Filter { names: [String!] size: Int } type Query { a(f: Filter): Int }")
CREATE = variables_of(build_thirdeye_schema(), "create_action_item")


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"title": "x"}, None),
        ({"title": "x", "dueDate": "2026-01-31", "category": "PURGE", "table": None}, None),
        ({}, "title: is needed"),
        ({"title": None}, "title: Expected value of non-null type 'String!' not to be None."),
        ({"title": 5}, "title: String cannot represent a non string value: 5"),
        ({"title": "x", "dueDate": "soon"}, "dueDate: a Date must be a day such as 2026-01-31"),
        # The first variable of the operation, whatever the order of the values.
        ({"dueDate": "soon", "title": 5}, "title: String cannot represent a non string value: 5"),
    ],
)
def test_the_first_error_names_the_variable(values: dict[str, Any], error: str | None) -> None:
    assert first_error(CREATE, values) == error


def test_a_field_of_a_filter_is_named_by_itself() -> None:
    filter_type: Any = SCHEMA.type_map["Filter"]
    variables = {"filter": Variable(filter_type, False)}
    assert first_error(variables, {"filter": {"size": "x"}}) == "size: Int cannot represent non-integer value: 'x'"
    assert str(first_error(variables, {"filter": {"names": ["a", 5]}})).startswith("names: String cannot")
    assert str(first_error(variables, {"filter": 5})).startswith("filter: Expected value of type 'Filter'")


def test_a_default_stands_in_for_a_missing_value() -> None:
    history = variables_of(build_thirdeye_schema(), "get_health_history")
    assert history["interval"].has_default
    assert first_error(history, {}) is None


def test_values_are_repeated_only_so_far() -> None:
    assert len(str(first_error(CREATE, {"title": ["x" * 10_000]}))) < 600
