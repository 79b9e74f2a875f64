"""Clients of an earlier schema keep working: nothing that was in it is gone or has another type."""

from pathlib import Path

from graphql import (
    DangerousChangeType,
    GraphQLObjectType,
    build_schema,
    find_breaking_changes,
    find_dangerous_changes,
)

CONTRACT = Path(__file__).resolve().parent
BEFORE = build_schema((CONTRACT / "schema_before.graphql").read_text(encoding="utf-8"))
NOW = build_schema((CONTRACT.parent.parent / "schema.graphql").read_text(encoding="utf-8"))


def test_nothing_is_removed_or_changed() -> None:
    assert [change.description for change in find_breaking_changes(BEFORE, NOW)] == []


def test_no_default_is_changed() -> None:
    changes = find_dangerous_changes(BEFORE, NOW)
    assert [change for change in changes if change.type is DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE] == []


def test_deprecated_fields_name_a_successor_of_the_same_type() -> None:
    successors = {}
    for kind in NOW.type_map.values():
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
