"""Lists of action items, through the real app on both servers."""

from collections.abc import Sequence

import pytest

from tests.support.action_estate import Estate
from thirdeye.actions.listing import store
from thirdeye.database import MySQL as Database

pytestmark = pytest.mark.anyio


async def test_what_is_found_becomes_an_item(estate: Estate) -> None:
    fields = "category priority detected createdBy table { fqn } projectedSavingUsd realizedSavingUsd savingNote title"
    items = await estate.items(fields)
    assert [
        (each["category"], each["priority"], each["table"]["fqn"], each["projectedSavingUsd"]) for each in items
    ] == [
        ("PURGE", "HIGH", "shop.main.core.going", "230.000000"),
        ("ARCHIVE", "HIGH", "shop.main.core.cold", "184.000000"),
        ("STOP_REFRESH", "MEDIUM", "shop.main.core.written", "0.000000"),
        ("ASSIGN_OWNER", "MEDIUM", "shop.main.core.expensive", "0.000000"),
        ("REVIEW_EXPENSIVE", "MEDIUM", "shop.main.core.expensive", "0.000000"),
    ]
    assert {(each["detected"], each["createdBy"], each["savingNote"]) for each in items} == {(True, None, None)}
    assert items[0]["title"] == "Drop shop.main.core.going"
    outcome = await estate.refresh()
    assert (outcome.opened, outcome.changed, outcome.measured) == (0, 0, 0)


async def test_lists_are_filtered(estate: Estate) -> None:
    (purge,) = await estate.items(category=["PURGE"])
    assign = 'mutation ($id: Int!) { updateActionItem(id: $id, assignee: "finance", status: "IN_PROGRESS") { id } }'
    await estate.api.data(assign, id=purge["id"])
    for wanted, categories in (
        ({"service": ["shop"]}, {"PURGE", "ARCHIVE", "STOP_REFRESH", "ASSIGN_OWNER", "REVIEW_EXPENSIVE"}),
        ({"table": ["shop.main.core.expensive"]}, {"ASSIGN_OWNER", "REVIEW_EXPENSIVE"}),
        ({"priority": ["HIGH"], "unassigned": True}, {"ARCHIVE"}), ({"assignee": ["FINANCE"]}, {"PURGE"}),
        ({"search": "DROP"}, {"PURGE"}), ({"status": ["IN_PROGRESS"]}, {"PURGE"}), ({"detected": False}, set()),
        ({"staged": True}, set()), ({"dueBefore": "2027-01-01"}, set()),
    ):  # fmt: skip
        assert {item["category"] for item in await estate.items(**wanted)} == categories, wanted
    mine = "{ actionItems(filter: {mine: true}) { totalCount edges { node { category } } } }"
    for name, categories in (("ann", {"PURGE", "ARCHIVE"}), ("bob", {"STOP_REFRESH"}), ("cyd", set())):
        found = (await estate.ask_as(name, mine))["data"]["actionItems"]
        assert {edge["node"]["category"] for edge in found["edges"]} == categories
        assert found["totalCount"] == len(categories)


async def test_the_lists_of_a_request_are_counted_together(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    statements, count = list[int](), store.count_items

    async def counted(thirdeye: Database, filters: Sequence[store.ItemFilter]) -> list[int]:
        statements.append(len(filters))
        return await count(thirdeye, filters)

    monkeypatch.setattr("thirdeye.actions.listing.store.count_items", counted)
    question = """{
      all: actionItems(first: 1) { totalCount }
      high: actionItems(first: 1, filter: {priority: [HIGH]}) { totalCount }
      removals: actionItems(first: 1, search: "d", filter: {category: [PURGE, ARCHIVE]}) { totalCount }
      one: actionItems(first: 1, filter: {category: [PURGE]}) { totalCount }
      mine: actionItems(first: 1, filter: {mine: true}) { totalCount }
      dear: actionItems(first: 1, filter: {mine: true, priority: [HIGH], dueBefore: null}) { totalCount }
      nobodys: actionItems(first: 1, filter: {mine: true, assignee: ["nobody", "somebody"]}) { totalCount }
      quiet: actionItems(first: 1, filter: {mine: true, alerted: false}) { totalCount }
    }"""
    found = (await estate.ask_as("ann", question))["data"]
    counts = {name: each["totalCount"] for name, each in found.items()}
    assert counts == {"all": 5, "high": 2, "removals": 2, "one": 1, "mine": 2, "dear": 2, "nobodys": 0, "quiet": 2}
    # Those that nothing narrows, mine, and what more narrows. A page that holds all of a list is its count.
    assert sorted(statements) == [1, 2, 4]
    statements.clear()
    assert (await estate.api.data("{ actionItems(first: 5) { totalCount } }"))["actionItems"] == {"totalCount": 5}
    assert statements == []


@pytest.mark.parametrize("search", ["RÉSUMÉ", "resume", "résumé of", "%", "_", "!", "100!%_"])
async def test_titles_are_searched_without_case_and_accents(estate: Estate, search: str) -> None:
    create = "mutation ($title: String!) { createActionItem(title: $title) { id } }"
    await estate.api.data(create, title="Resumé of 100!%_ ends")
    assert [each["title"] for each in await estate.items(search=search)] == ["Resumé of 100!%_ ends"]
