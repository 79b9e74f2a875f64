"""Every argument that takes a number, at the ends of its range and beyond, and each field that is below a root one."""

from typing import Any, Final

import pytest
from graphql import GraphQLField, GraphQLInputObjectType, get_named_type

from tests.contract.test_moments import SCHEMA, Path, fields, selection, starts, with_value
from tests.support.action_estate import Estate
from tests.support.api import GRAPHQL

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured]
VALUES: Final = {
    "Int": (0, 1, -1, 24, 2**31 - 1, -(2**31), 2**31, 2**63, 1.5, True),
    "Float": (0, 1, -1, -0.0, 1e-320, 1.7e308, -1.7e308, 2**63, "1", True),
}
# UNAVAILABLE: nothing is forecast yet.
CODES: Final = {"BAD_USER_INPUT", "CONFLICT", "NOT_FOUND", "UNAVAILABLE"}
TABLE: Final = 'table(fqn: "shop.main.core.busy")'
# Where a field that is not a root one is asked: what is before and after it.
BELOW: Final = {
    "ActionItem": "actionItem(id: $item)", "Campaign": "campaigns", "DeadEnd": f"{TABLE} {{ deadEnd",
    "DuplicateGroup": "duplicates { edges { node", "Estate": "estate", "OnlyUpstream": f"{TABLE} {{ onlyUpstream",
    "Table": TABLE, "TableBlocker": f"{TABLE} {{ verdict {{ blockers", "UnlockPlan": "unlockPlan",
    "VerdictLists": "verdicts",
}  # fmt: skip


def ways(arguments: dict[str, Any], path: Path = ()) -> list[tuple[Path, str, bool]]:
    """The paths to arguments that take numbers, also within inputs, and whether they take a list of them."""
    found = list[tuple[Path, str, bool]]()
    for name, argument in arguments.items():
        type_ = get_named_type(argument.type)
        if type_.name in VALUES:
            found.append(((*path, name), type_.name, "[" in str(argument.type)))
        elif isinstance(type_, GraphQLInputObjectType):
            found += ways(type_.fields, (*path, name))
    return found


def below() -> list[tuple[str, str, GraphQLField]]:
    """The fields below root ones that take numbers, with their types."""
    return [
        (type_name, name, field)
        for type_name, type_ in SCHEMA.type_map.items()
        if type_name not in ("Query", "Mutation") and not type_name.startswith("__")
        for name, field in getattr(type_, "fields", {}).items()
        if ways(getattr(field, "args", {}))
    ]


async def given_to(estate: Estate) -> dict[str, dict[str, Any]]:
    """What else each field needs."""
    item = (await estate.items())[0]["id"]
    return await starts(estate) | {
        "stageActionItem": {"id": item},
        "commentActionItem": {"id": item, "text": "look"},
        "pickCampaignItems": {"id": 1},
        "campaign": {"id": 1},
        "actionItem": {"id": item},
        "deleteActionItem": {"id": 10**6},
        "deleteActionRule": {"id": 10**6},
        "deleteCampaign": {"id": 10**6},
    }


async def test_no_number_is_an_internal_error(estate: Estate) -> None:
    given = await given_to(estate)
    for keyword, name, field in fields():
        for path, kind, is_list in ways(field.args) if keyword else ():
            for value in VALUES[kind]:
                sent = [value] if is_list else value
                variables = with_value(given.get(name, {}), path, sent)
                declared = ", ".join(f"${argument}: {field.args[argument].type}" for argument in variables)
                passed = ", ".join(f"{argument}: ${argument}" for argument in variables)
                query = f"{keyword} ({declared}) {{ {name}({passed}){selection(field, 2)} }}"
                await is_defined(estate, query, variables, (name, path, value))


async def test_no_number_below_a_root_field_is_an_internal_error(estate: Estate) -> None:
    item = (await estate.items())[0]["id"]
    asked = set()
    for type_name, name, field in below():
        asked.add(type_name)
        before = BELOW[type_name]
        for path, kind, _ in ways(field.args):
            for value in VALUES[kind]:
                declared = f"($value: {field.args[path[0]].type}, $item: Int! = 1)"
                body = f"{before} {{ {name}({path[0]}: $value) {{ __typename }} }}"
                query = f"query {declared} {{ {body}{' }' * before.count('{')} i: actionItem(id: $item) {{ id }} }}"
                await is_defined(estate, query, {"value": value, "item": item}, (type_name, name, value))
    assert asked == set(BELOW)


async def is_defined(estate: Estate, query: str, variables: dict[str, Any], case: Any) -> None:
    response = await estate.api.client.post(GRAPHQL, json={"query": query, "variables": variables})
    answer = response.json()
    if response.status_code == 400:
        # Lists that are too large are refused before anything is executed.
        assert "nodes together" in answer["message"], (case, answer)
        return
    assert response.status_code == 200, (case, answer)
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    assert codes <= CODES, (case, answer)
