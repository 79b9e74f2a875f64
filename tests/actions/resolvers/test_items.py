"""Lists of action items, through the real app on both servers."""

from collections.abc import Sequence

import pytest

from tests.support.action_estate import Estate
from tests.support.published import recorded_statements
from thirdeye.actions.listing import store
from thirdeye.actions.resolvers import item_fields
from thirdeye.database import MySQL as Database
from thirdeye.errors import Unavailable
from thirdeye.estate.loaders import table_loader

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


# ---- what is worked out for all items of a page

_OF_EACH = """id assigneeWarning mayChange priceBasis realizedSavingUsd savingNote
  named: table { __typename id name fqn } table { fqn monthlyCost verdict { recommendation } }"""
_ONE = f"query ($id: Int!) {{ actionItem(id: $id) {{ {_OF_EACH} }} }}"
_PAGE = f"query ($first: Int) {{ actionItems(first: $first) {{ edges {{ node {{ {_OF_EACH} }} }} }} }}"


async def _varied(estate: Estate) -> None:
    """Items that differ in all that these fields are made of."""
    create = """mutation ($title: String!, $table: String, $assignee: String) {
      createActionItem(title: $title, table: $table, assignee: $assignee) { id }
    }"""
    assignees = (None, "ann", "cyd", "nobody at all")
    for number in range(12):
        table = (None, *estate.tables)[number % 6]
        fqn = f"shop.main.core.{table}" if table else None
        made = await estate.api.data(create, title=f"{number}", table=fqn, assignee=assignees[number % 4])
        if number % 3 == 0:
            done = "mutation ($id: Int!) { updateActionItem(id: $id, resolution: COMPLETED) { id } }"
            await estate.api.data(done, id=made["createActionItem"]["id"])
    estate.tables["going"].present = estate.tables["cold"].present = False
    await estate.refresh()


@pytest.mark.parametrize(("name", "roles"), [("admin", ("Admin",)), ("ann", ()), ("cyd", ())])
async def test_a_page_says_of_each_item_what_the_item_says(estate: Estate, name: str, roles: tuple[str, ...]) -> None:
    await _varied(estate)
    page = (await estate.ask_as(name, _PAGE, roles=roles, first=100))["data"]["actionItems"]["edges"]
    nodes = [edge["node"] for edge in page]
    for node in nodes:
        assert (await estate.ask_as(name, _ONE, roles=roles, id=node["id"])) == {"data": {"actionItem": node}}
    assert len({str(node) for node in nodes}) == len(nodes) > 12
    for field, kinds in {
        "assigneeWarning": 2,
        "mayChange": 2 - bool(roles),
        "realizedSavingUsd": 2,
        "savingNote": 4,
    }.items():
        assert len({node[field] for node in nodes}) >= kinds, field


async def test_a_page_asks_as_often_as_one_item(estate: Estate) -> None:
    await _varied(estate)
    asked = []
    for first in (1, 100, 100):
        with recorded_statements() as statements:
            answer = await estate.ask_as("ann", _PAGE, first=first)
        assert "errors" not in answer
        asked.append(len(statements))
    # What the first request reads of the estate stays with the process.
    assert asked[2] <= asked[0]


async def test_a_page_without_items_is_empty(estate: Estate) -> None:
    none = _PAGE.replace("first: $first", 'first: $first, search: "nothing is called like this"')
    assert await estate.ask_as("ann", none, first=5) == {"data": {"actionItems": {"edges": []}}}


async def test_what_cannot_be_worked_out_is_told_of_each_item(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise Unavailable("for now")

    monkeypatch.setattr("thirdeye.actions.resolvers.item_fields.assignee_warning", broken)
    answer = await estate.ask_as("ann", "{ actionItems(first: 2) { edges { node { id assigneeWarning mayChange } } } }")
    assert [edge["node"]["assigneeWarning"] for edge in answer["data"]["actionItems"]["edges"]] == [None, None]
    assert [edge["node"]["mayChange"] for edge in answer["data"]["actionItems"]["edges"]] != [None, None]
    assert [(error["message"], error["path"]) for error in answer["errors"]] == [
        ("for now", ["actionItems", "edges", place, "node", "assigneeWarning"]) for place in (0, 1)
    ]


async def test_a_table_that_is_only_named_is_not_worked_out(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out = list[object]()
    monkeypatch.setattr(
        item_fields, "table_loader", lambda context: worked_out.append(context) or table_loader(context)
    )
    page = "{ actionItems { edges { node { table { __typename id name fqn } } } } }"
    answer = await estate.ask_as("ann", page)
    assert "errors" not in answer
    assert all(edge["node"]["table"]["fqn"] for edge in answer["data"]["actionItems"]["edges"])
    assert worked_out == []
    await estate.ask_as("ann", page.replace("fqn", "fqn monthlyCost"))
    assert len(worked_out) == 1


async def test_who_owns_nothing_is_asked_for_no_owners(estate: Estate) -> None:
    page = "{ actionItems { edges { node { mayChange } } } }"
    # Whoever owns something is, once.
    for name, reads in (("cyd", 0), ("ann", 1)):
        await estate.ask_as(name, page)
        with recorded_statements() as statements:
            answer = await estate.ask_as(name, page)
        assert {edge["node"]["mayChange"] for edge in answer["data"]["actionItems"]["edges"]} >= {False}
        assert sum("owner_set" in statement for statement in statements) == reads
