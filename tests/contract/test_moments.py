"""Every argument that takes a moment, a day or an amount, at the ends of its range and beyond: found by walking the schema."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)

from tests.support.action_estate import Estate
from thirdeye.graphql.schema import build_schema

pytestmark = pytest.mark.anyio
MOMENTS: Final = (
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00-23:59", "0001-01-02T00:00:00+14:00",
    "0999-12-31T23:59:59Z", "1000-01-01T00:00:00Z", "1969-12-31T23:59:59-12:00", "1970-01-01T00:00:00Z",
    "2026-03-01T09:00:00+05:45", "2026-03-01T09:00:00.123456789-03:30", "2026-03-01T09:00:00+00:00:01", "20260301T090000Z",
    "2026-W09-1T09:00:00Z", "2026-03-01t09:00:00z", "2026-02-30T09:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T09:00:60Z",
    "2038-01-19T03:14:08Z", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59+23:59",
    "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "2026-03-01", "2026-03-01T09:00:00", "", "\u0000", 0, 2**63, True, [],
)  # fmt: skip
DAYS: Final = (
    "0001-01-01", "0001-01-02", "0999-12-31", "1000-01-01", "1969-12-31", "1970-01-01", "1999-12-31", "2026-03-01",
    "2026-02-29", "2038-01-20", "9999-12-30", "9999-12-31", "10000-01-01", "2026-W09-1", "20260301", "2026-3-1", "2026-060",
    "٢٠٢٦-٠٣-٠١", "2026-03-01T00:00:00Z", " 2026-03-01", "2026-03-0\u0000", "", 20260301, 0, True, [],
)  # fmt: skip
AMOUNTS: Final = (
    "0", "-0", "0.000001", "0.0000001", "-1", "1e400", "1e-400", "1E+15", "999999999999", "1" * 64, "1" * 65,
    "0." + "1" * 62, "NaN", "sNaN", "Infinity", "-inf", "1_000", "١٢", "１２", " 1", "1 ", "+1", ".5", "5.", "1e", "0x1f",
    "1,5", "", "\u0000", 0, -1, 2**63, 10**63, 10**64, 1.5, True, [],
)  # fmt: skip
# Python would read these.
NEVER: Final = (
    "20260301T090000Z", "2026-W09-1T09:00:00Z", "2026-W09-1", "20260301", "2026-060", "٢٠٢٦-٠٣-٠١", "1_000", "١٢", "１２",
    "NaN", "sNaN", "Infinity", "-inf", " 1", "1 ",
)  # fmt: skip
VALUES: Final = {"DateTime": MOMENTS, "Date": DAYS, "Decimal": AMOUNTS}
Path = tuple[str, ...]
SCHEMA = build_schema()


def fields() -> Iterator[tuple[str, str, GraphQLField]]:
    """Every field of every type, with the keyword of its operation."""
    for type_ in SCHEMA.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            keyword = {"Query": "query", "Mutation": "mutation"}.get(type_.name, "")
            yield from ((keyword, name, field) for name, field in type_.fields.items())


def ways(arguments: dict[str, Any], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The paths to arguments, also within inputs, of the types in VALUES."""
    for name, argument in arguments.items():
        type_ = get_named_type(argument.type)
        if type_.name in VALUES:
            yield (*path, name), type_.name
        elif isinstance(type_, GraphQLInputObjectType):
            yield from ways(type_.fields, (*path, name))


async def starts(estate: Estate) -> dict[str, dict[str, Any]]:
    """By field what else it is given to come as far as its statements."""
    item = (await estate.items())[0]["id"]
    rule = {"name": "look", "category": "PURGE", "priority": "LOW", "filter": {"zombie": True}}
    made = await estate.api.data(
        """mutation ($rule: ActionRuleInput!) {
          setActionRule(input: $rule) { id } createCampaign(input: {name: "look", owner: "ann"}) { id }
        }""",
        rule=rule,
    )
    return {
        "createActionItem": {"title": "look"},
        "updateActionItem": {"id": item},
        "updateActionItems": {"filter": {"ids": [item]}, "changes": {"priority": "LOW"}},
        "previewActionRule": {"input": rule},
        "setActionRule": {"input": {}, "id": made["setActionRule"]["id"]},
        "createCampaign": {"input": {"name": "another", "owner": "ann"}},
        "updateCampaign": {"input": {}, "id": made["createCampaign"]["id"]},
        "setStoragePrice": {
            "serviceType": "Snowflake", "usdPerGbMonth": "1.5", "longTermUsdPerGbMonth": "0.5", "longTermDays": 90,
        },
        "setBudget": {"monthlyUsd": "100"},
        "keepTable": {"fqn": "shop.main.core.kept", "reason": "we need it"},
    }  # fmt: skip


def selection(field: GraphQLField, depth: int = 4) -> str:
    """All that can be asked without arguments, some levels down."""
    type_ = get_named_type(field.type)
    if is_leaf_type(type_):
        return ""
    parts = ["__typename"]
    for name, below in getattr(type_, "fields", {}).items():
        if not any(isinstance(argument.type, GraphQLNonNull) for argument in below.args.values()):
            leaf = is_leaf_type(get_named_type(below.type))
            if leaf or (depth > 1 and name in ("edges", "node")):
                parts.append(name + selection(below, depth - 1))
    return " { " + " ".join(parts) + " }"


WALK: Final = [
    pytest.param(keyword, name, field, path, kind, id=".".join((name, *path)))
    for keyword, name, field in fields()
    for path, kind in ways(field.args)
]


def test_the_walk_finds_them() -> None:
    assert all(each.values[0] for each in WALK), "a field below a root one has such an argument: walk there, too"
    assert {"healthScoreHistory.to", "changes.since", "keepTable.until", "setStoragePrice.usdPerGbMonth"} < {
        str(each.id) for each in WALK
    }


# Six hundred questions, of which each only has to be answered.
@pytest.mark.unmeasured
async def test_no_value_of_any_of_them_is_an_internal_error(estate: Estate) -> None:
    given = await starts(estate)
    for each in WALK:
        keyword, name, field, path, kind = each.values
        accepted = 0
        for value in VALUES[kind]:
            variables = with_value(given.get(name, {}), path, value)
            declared = ", ".join(f"${argument}: {field.args[argument].type}" for argument in variables)
            passed = ", ".join(f"{argument}: ${argument}" for argument in variables)
            query = f"{keyword} ({declared}) {{ {name}({passed}){selection(field)} }}"
            answer = await estate.api.ask(query, **variables)
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            assert codes <= {"BAD_USER_INPUT", "CONFLICT"}, (each.id, value, answer)
            accepted += codes != {"BAD_USER_INPUT"}
            assert value not in NEVER or codes == {"BAD_USER_INPUT"}, (each.id, value, answer)
        # Else it was something else that was refused.
        assert accepted, (each.id, answer)


def with_value(variables: dict[str, Any], path: Path, value: object) -> dict[str, Any]:
    """The variables with the value at the end of this path."""
    if len(path) == 1:
        return {**variables, path[0]: value}
    return {**variables, path[0]: with_value(variables.get(path[0]) or {}, path[1:], value)}
