"""Clients of an earlier schema keep working: nothing that was in it is gone or has another type."""

from functools import cache
from pathlib import Path

from graphql import (
    DangerousChangeType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    find_dangerous_changes,
)

CONTRACT = Path(__file__).resolve().parent


@cache
def before() -> GraphQLSchema:
    """Built by the test that first wants it: every process of a run collects all tests."""
    return build_schema((CONTRACT / "schema_before.graphql").read_text(encoding="utf-8"))


@cache
def now() -> GraphQLSchema:
    """As `before`."""
    return build_schema((CONTRACT.parent.parent / "schema.graphql").read_text(encoding="utf-8"))


def test_nothing_is_removed_or_changed() -> None:
    assert [change.description for change in find_breaking_changes(before(), now())] == []


def test_no_default_is_changed() -> None:
    changes = find_dangerous_changes(before(), now())
    assert [change for change in changes if change.type is DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE] == []


def test_deprecated_fields_name_a_successor_of_the_same_type() -> None:
    successors = {}
    for kind in now().type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                if field.deprecation_reason is not None:
                    successor = field.deprecation_reason.removeprefix("Use ").removesuffix(".")
                    assert str(kind.fields[successor].type) == str(field.type)
                    successors[name] = successor
    assert successors == {
        "dearestTables": "mostExpensiveTables",
        "dearestZombies": "mostExpensiveZombies",
        "dearestWithoutOwner": "mostExpensiveWithoutOwner",
    }
