"""The GraphQL contract, through the real app on both servers."""

from typing import Any

import pytest

from tests.support.api import GRAPHQL, Api

pytestmark = pytest.mark.anyio

CREATE = (
    "mutation ($title: String!) { createActionItem(title: $title) { id title status createdAt updatedAt category } }"
)
LIST = """query ($first: Int, $after: String, $sortBy: String, $sortDir: String, $search: String, $status: String) {
  actionItems(first: $first, after: $after, sortBy: $sortBy, sortDir: $sortDir, search: $search, status: $status) {
    totalCount edges { cursor node { id title status updatedAt createdAt } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def create(api: Api, *titles: str) -> list[int]:
    return [(await api.data(CREATE, title=title))["createActionItem"]["id"] for title in titles]


async def titles(api: Api, **arguments: Any) -> list[str]:
    found = (await api.data(LIST, **arguments))["actionItems"]
    return [edge["node"]["title"] for edge in found["edges"]]


async def test_an_item_is_written_changed_and_deleted(api: Api) -> None:
    item = (await api.data(CREATE, title="  Drop the copies 🦁 "))["createActionItem"]
    assert (item["title"], item["status"], item["category"]) == ("Drop the copies 🦁", "OPEN", None)
    update = """mutation ($id: Int!, $title: String, $status: String) {
        updateActionItem(id: $id, title: $title, status: $status) { title status } }"""
    assert (await api.data(update, id=item["id"], status="DONE"))["updateActionItem"] == {
        "title": "Drop the copies 🦁",
        "status": "DONE",
    }
    # The same once more changes nothing and is no "not found".
    assert (await api.data(update, id=item["id"], status="DONE"))["updateActionItem"]["status"] == "DONE"
    assert (await api.data(update, id=item["id"], title="New"))["updateActionItem"]["title"] == "New"
    delete = "mutation ($id: Int!) { deleteActionItem(id: $id) }"
    assert (await api.data(delete, id=item["id"]))["deleteActionItem"] is True
    assert (await api.data(delete, id=item["id"]))["deleteActionItem"] is False
    error = await api.error(update, id=item["id"], status="DONE")
    assert error["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("key", ["updatedAt", "createdAt", "title", "status", "id"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_pages_hold_every_item_once_in_order(api: Api, key: str, direction: str) -> None:
    names = ["b", "B", "a", "á", "c", "a", "🦁", "🐯", "z"]
    ids = await create(api, *names)
    for index, id_ in enumerate(ids):
        status = ["OPEN", "IN_PROGRESS", "DONE"][index % 3]
        await api.data(f'mutation {{ updateActionItem(id: {id_}, status: "{status}") {{ id }} }}')
    whole = (await api.data(LIST, first=100, sortBy=key, sortDir=direction))["actionItems"]
    assert whole["totalCount"] == len(ids)
    expected = [edge["node"]["id"] for edge in whole["edges"]]
    seen: list[int] = []
    after = None
    for page_number in range(10):
        page = (await api.data(LIST, first=2, after=after, sortBy=key, sortDir=direction))["actionItems"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] is (page_number > 0)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
        if page_number == 1:  # an insert between pages moves nothing that was there
            (extra,) = await create(api, "between")
    assert [id_ for id_ in seen if id_ != extra] == expected
    assert len(seen) == len(set(seen))
    await check_way_back(api, key, direction)
    if key == "status":
        order = ["OPEN", "IN_PROGRESS", "DONE"]
        places = [order.index(edge["node"]["status"]) for edge in whole["edges"]]
        assert places == sorted(places, reverse=direction == "desc")
    if key == "id":
        assert expected == sorted(ids, reverse=direction == "desc")


async def check_way_back(api: Api, key: str, direction: str) -> None:
    """From the end of a list to its beginning: the same pages' items, in the same order."""
    ask = """query ($before: String, $key: String, $direction: String) {
      actionItems(last: 3, before: $before, sortBy: $key, sortDir: $direction) {
        edges { node { id } } pageInfo { hasNextPage hasPreviousPage startCursor }
      }
    }"""
    whole = (await api.data(LIST, first=100, sortBy=key, sortDir=direction))["actionItems"]["edges"]
    seen: list[int] = []
    before = None
    while True:
        page = (await api.data(ask, before=before, key=key, direction=direction))["actionItems"]
        assert page["pageInfo"]["hasNextPage"] is (before is not None)
        seen = [edge["node"]["id"] for edge in page["edges"]] + seen
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break
    assert seen == [edge["node"]["id"] for edge in whole]


async def test_search_ignores_case_and_accents_and_takes_signs_for_letters(api: Api) -> None:
    await create(api, "Café 100%", "cafe_x", "CAFEX!", "back\\slash", "🦁", "🐯")
    assert sorted(await titles(api, search="CAFÉ")) == ["CAFEX!", "Café 100%", "cafe_x"]
    assert await titles(api, search="cafe\u0301 1") == ["Café 100%"]
    assert await titles(api, search="0%") == ["Café 100%"]
    assert await titles(api, search="e_x") == ["cafe_x"]
    assert await titles(api, search="x!") == ["CAFEX!"]
    assert await titles(api, search="k\\s") == ["back\\slash"]
    assert await titles(api, search="🦁") == ["🦁"]
    assert len(await titles(api, search="  ")) == 6
    assert (await api.data(LIST, search="cafe", first=1))["actionItems"]["totalCount"] == 3


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"first": 0}, "first"),
        ({"first": 101}, "first"),
        ({"first": -1}, "first"),
        ({"after": "nonsense"}, "after"),
        ({"sortBy": "secret"}, "sortBy"),
        ({"sortDir": "sideways"}, "sortDir"),
        ({"status": "LATER"}, "status"),
        ({"search": "x" * 256}, "search"),
        ({"search": "\x00"}, "search"),
    ],
)
async def test_arguments_outside_their_range_are_named(api: Api, arguments: dict[str, Any], argument: str) -> None:
    error = await api.error(LIST, **arguments)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["argument"] == argument
    assert error["message"].startswith(argument)


@pytest.mark.parametrize("title", ["", "  ", "x" * 256, "nul\x00"])
async def test_bad_titles_change_nothing(api: Api, title: str) -> None:
    (id_,) = await create(api, "good")
    assert (await api.error(CREATE, title=title))["extensions"]["argument"] == "title"
    update = "mutation ($id: Int!, $title: String) { updateActionItem(id: $id, title: $title) { id } }"
    assert (await api.error(update, id=id_, title=title))["extensions"]["code"] == "BAD_USER_INPUT"
    assert (await api.error(update, id=id_))["extensions"]["code"] == "BAD_USER_INPUT"
    assert await titles(api) == ["good"]


@pytest.mark.parametrize("id_", [2**31, -(2**31) - 1, 10**30, "7x", 1.5, None])
async def test_ids_beyond_int_are_bad_input(api: Api, id_: Any) -> None:
    error = await api.error("mutation ($id: Int!) { deleteActionItem(id: $id) }", id=id_)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ("mutation { deleteActionItem(id: 99999999999) }", "id"),
        ('{ actionItems(first: "x") { totalCount } }', "first"),
        ("{ actionItems(first: 1.5) { totalCount } }", "first"),
        ("{ actionItems(last: 101) { totalCount } }", "last"),
        ('{ actionItems(before: "x") { totalCount } }', "before"),
        ('{ actionItems(last: 5, before: "x") { totalCount } }', "before"),
        ('{ actionItems(last: 5, after: "x") { totalCount } }', "after"),
        ("{ healthScoreHistory(interval: YEAR) { edges { cursor } } }", "interval"),
        ('{ healthScoreHistory(from: "soon") { edges { cursor } } }', "from"),
    ],
)
async def test_values_in_the_document_are_input_too(api: Api, query: str, argument: str) -> None:
    error = await api.error(query)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["argument"] == argument
    assert error["message"].startswith(f"{argument}: ")


async def test_the_score_of_the_contract(api: Api) -> None:
    await api.scored()
    score = (
        await api.data(
            """{ ziScore { score status trend delta coverage stale capturedAt warnings
            breakdown { storage compute query others } components { component points value weight }
            drivers { component service points }
            metadata { totalTables activeTables inactivePercentage zombieTables totalBytes zombieBytes
              recentlyUsedTables newTables coolingTables staleTables dormantTables unknownTables } } }"""
        )
    )["ziScore"]
    assert sum(score["breakdown"].values()) == score["score"]
    assert sum(part["points"] for part in score["components"]) == score["score"]
    metadata = score["metadata"]
    kinds = ("recentlyUsed", "new", "cooling", "stale", "dormant", "unknown")
    assert sum(metadata[f"{kind}Tables"] for kind in kinds) == metadata["totalTables"] > 0
    assert (score["trend"], score["delta"], score["stale"]) == ("STABLE", 0, False)
    # Some feeds of the sample fell silent; everything else can be read.
    assert score["warnings"]
    assert all("has been silent since" in warning for warning in score["warnings"])
    assert score["drivers"] == sorted(score["drivers"], key=lambda driver: -driver["points"])
    rest = await api.client.get("/api/v1/thirdeye/dashboard/zi-score")
    assert rest.json()["score"] == score["score"]


async def test_persisted_operations_run_whatever_text_is_sent(api: Api) -> None:
    headers = {"x-om-operation-id": "get_zi_score"}
    for body in (b"", b"{}", b'{"query": "{ nonsense }"}'):
        response = await api.client.post(GRAPHQL, content=body, headers={**headers, "content-type": "application/json"})
        assert "score" in response.json()["data"]["ziScore"], response.text
    created = await api.client.post(
        GRAPHQL, json={"variables": {"title": "t"}}, headers={"x-om-operation-id": "create_action_item"}
    )
    assert created.json()["data"]["createActionItem"]["title"] == "t"
    for unknown in ("get_nothing", "../schema", "a/b", "", "x" * 101, "%2e%2e"):
        response = await api.client.post(GRAPHQL, json={}, headers={"x-om-operation-id": unknown})
        assert response.status_code == 400
        assert response.json()["code"] == 400


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ __schema { types { name } } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_documents_that_cannot_run_have_a_code(api: Api, query: str, code: str) -> None:
    assert (await api.ask(query))["errors"][0]["extensions"]["code"] == code
    modern = await api.client.post(
        GRAPHQL, json={"query": query}, headers={"accept": "application/graphql-response+json"}
    )
    assert modern.status_code == 400
    assert modern.headers["content-type"] == "application/graphql-response+json"


async def test_a_shallow_type_is_told_without_the_playground(api: Api) -> None:
    assert (await api.data('{ __type(name: "Query") { name } }'))["__type"] == {"name": "Query"}


async def test_variables_and_names_that_do_not_fit_are_bad_input(api: Api) -> None:
    assert (await api.error(CREATE, title=5))["extensions"]["code"] == "BAD_USER_INPUT"
    response = await api.client.post(GRAPHQL, json={"query": "query A { __typename }", "operationName": "B"})
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    history = "query ($from: DateTime) { healthScoreHistory(from: $from) { edges { cursor } } }"
    for moment in ("yesterday", "2026-01-01T00:00:00", 5, "2026-13-01T00:00:00Z"):
        error = await api.error(history, **{"from": moment})
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
