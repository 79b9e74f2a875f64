"""Lists of action items, through the real app on both servers."""

import pytest

from tests.support.action_estate import Estate

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
