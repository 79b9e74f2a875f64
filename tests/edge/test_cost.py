"""Requests that are over the limit of cost, asked like a client would."""

import pytest

from tests.support.action_estate import Estate
from tests.support.api import GRAPHQL

pytestmark = pytest.mark.anyio
PREVIEW = 'previewActionRule(input: {name: "x", category: PURGE, priority: LOW, filter: {zombie: true}}) { matched }'


def aliases(field: str, count: int) -> str:
    return "{ " + " ".join(f"a{number}: {field}" for number in range(count)) + " }"


async def test_ninety_nine_previews_are_refused(estate: Estate) -> None:
    """They made others wait for three seconds. The message says what it would cost, and what to do."""
    rule = {"name": "x", "category": "PURGE", "priority": "LOW", "filter": {"zombie": True}}
    query = "query ($rule: ActionRuleInput!) " + aliases("previewActionRule(input: $rule) { matched }", 99)
    response = await estate.api.client.post(GRAPHQL, json={"query": query, "variables": {"rule": rule}})
    assert (response.status_code, response.json()["code"]) == (400, 400)
    message = response.json()["message"]
    assert ("cost 3,9" in message, "at most 1,000" in message, "make `first` smaller" in message) == (True, True, True)
    assert set((await estate.api.data(aliases(PREVIEW, 20)))["a0"]) == {"matched"}


async def test_a_hundred_aliases_of_what_is_cheap_are_answered(estate: Estate) -> None:
    fields = ["policy { setBy }"] * 50 + ["policyHistory { setBy }"] * 50
    data = await estate.api.data("{ " + " ".join(f"a{number}: {field}" for number, field in enumerate(fields)) + " }")
    assert len(data) == 100


async def test_sizes_in_variables_count(estate: Estate) -> None:
    query = "query ($first: Int) " + aliases("tables(first: $first) { edges { node { verdict { reasons } } } }", 7)
    for first, status in ((10, 200), (100, 400)):
        response = await estate.api.client.post(GRAPHQL, json={"query": query, "variables": {"first": first}})
        assert response.status_code == status, response.text


async def test_only_the_operation_that_runs_counts(estate: Estate) -> None:
    query = f"query Cheap {{ ziScore {{ score }} }} query Expensive {aliases(PREVIEW, 40)}"
    for name, status in (("Cheap", 200), ("Expensive", 400)):
        response = await estate.api.client.post(GRAPHQL, json={"query": query, "operationName": name})
        assert response.status_code == status


async def test_a_refused_mutation_changes_nothing_under_a_key_either(estate: Estate) -> None:
    fields = " ".join(f'a{number}: createActionItem(title: "x") {{ id }}' for number in range(100))
    response = await estate.post(f"mutation {{ {fields} }}", "k1")
    assert (response.status_code, "cost" in response.json()["message"]) == (400, True)
    assert await estate.thirdeye.fetch_all("SELECT id FROM action_items WHERE title = 'x'") == []
