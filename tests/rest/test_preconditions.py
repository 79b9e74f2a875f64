"""If-Match as RFC 9110 has it, for every method that changes an item.

Reproduced with DELETE, which ignored it, with a version yet to come, and with a comment that left the ETag as it was.
Relatives: lists, weak tags, other spellings of a number, tags of others, no tag at all, several lines of the header; every
change of an item that a tag must tell; and the same condition in GraphQL.
"""

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.support.action_estate import Estate
from thirdeye.errors import BadInput
from thirdeye.rest.preconditions import entity_tag, parse_if_match
from thirdeye.rest.routes import ROUTES

pytestmark = pytest.mark.anyio
ITEMS = "/api/v1/thirdeye/action-items"
# By header whether it allows a change of an item at version 3: the status instead, if not.
CASES = {
    '"3"': None, "*": None, ' "3" ': None, '"2", "3"': None, '"3","99"': None, '"x", "3"': None, 'W/"3", "3"': None, '"2",,"3",': None,
    '"2"': 412, '"4"': 412, '"99"': 412, '"0"': 412, '"-3"': 412, '"03"': 412, '"3.0"': 412, '"3 "': 400, '"\u0663"': 412, '""': 412,
    '"2", "4"': 412, 'W/"3"': 412, 'W/"2", W/"3"': 412, '"abc"': 412, '"9999999999999"': 412, '"*"': 412, 'w/"3"': 400,
    "3": 400, '"3': 400, "'3'": 400, "": 400, '"3", *': 400, '"3" "4"': 400, ",": 400, '*, "3"': 400,
}  # fmt: skip


async def item_at_version_3(estate: Estate) -> str:
    rest = estate.api.client
    path = f"{ITEMS}/{(await rest.post(ITEMS, json={'title': 'one'})).json()['id']}"
    for title in ("two", "three"):
        assert (await rest.patch(path, json={"title": title})).status_code == 200
    return path


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_condition_holds_or_nothing_changes(estate: Estate, method: str) -> None:
    rest = estate.api.client
    changes = [route.method for route in ROUTES if "{id}" in route.path and route.method != "GET"]
    assert changes == ["PATCH", "DELETE"]
    for header, status in CASES.items():
        path = await item_at_version_3(estate)
        body = {"title": "four"} if method == "PATCH" else None
        response = await rest.request(method, path, json=body, headers=[("if-match", header.encode())])
        expected = status or (200 if method == "PATCH" else 204)
        assert response.status_code == expected, (header, response.text)
        after = await rest.get(path)
        if status is not None:
            assert (after.json()["title"], after.headers["etag"]) == ("three", '"3"')
            assert response.json()["code"] == status
        else:
            assert after.status_code == (200 if method == "PATCH" else 404)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_several_lines_are_one_list_and_what_is_missing_is_missing(estate: Estate, method: str) -> None:
    rest = estate.api.client
    path = await item_at_version_3(estate)
    body = {"title": "four"} if method == "PATCH" else None
    lines = [("if-match", '"1"'), ("if-match", '"2"')]
    assert (await rest.request(method, path, json=body, headers=lines)).status_code == 412
    nobody = {"authorization": f"Bearer {estate.signer.token(sub='cyd', roles=[])}", "if-match": '"1"'}
    assert (await rest.request(method, path, json=body, headers=nobody)).status_code == 403
    # A key that is used again gives the same answer, whatever the item is at by now.
    headers = [("if-match", '"1"'), ("if-match", '"3"'), ("idempotency-key", "k")]
    first, again = [await rest.request(method, path, json=body, headers=headers) for _ in range(2)]
    assert first.status_code == again.status_code == (200 if method == "PATCH" else 204)
    for header in ('"3"', "*", '"1", "2"', 'W/"1"'):
        missing = await rest.request(method, f"{ITEMS}/99999", json=body, headers={"if-match": header})
        assert missing.status_code == 404


async def test_every_change_moves_the_tag(estate: Estate) -> None:
    rest = estate.api.client
    (item,) = await estate.items("id", category=["PURGE"])
    id_, seen = item["id"], list[str]()
    steps = (
        f'commentActionItem(id: {id_}, text: "c")',
        f'commentActionItem(id: {id_}, text: "c")',
        f"updateActionItem(id: {id_}, priority: LOW)",
        f"stageActionItem(id: {id_}, stage: ANNOUNCED)",
        f'updateActionItem(id: {id_}, resolution: DISMISSED, resolutionReason: "r")',
    )
    for step in steps:
        seen.append((await rest.get(f"{ITEMS}/{id_}")).headers["etag"])
        told = (await estate.api.data(f"mutation {{ done: {step} {{ version updatedAt }} }}"))["done"]
        now = await rest.get(f"{ITEMS}/{id_}")
        assert now.headers["etag"] == entity_tag(told["version"])
        assert now.json()["updatedAt"] == told["updatedAt"]
    assert len(set(seen)) == len(steps)


async def test_graphql_deletes_by_version_too(estate: Estate) -> None:
    path = await item_at_version_3(estate)
    delete = "mutation ($id: Int!, $version: Int) { deleteActionItem(id: $id, version: $version) }"
    id_ = int(path.rsplit("/", 1)[1])
    error = await estate.api.error(delete, id=id_, version=2)
    assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("CONFLICT", "version")
    assert error["extensions"]["current"]["version"] == 3
    assert (await estate.api.error(delete, id=id_, version=4))["extensions"]["code"] == "BAD_USER_INPUT"
    assert await estate.api.data(delete, id=id_, version=3) == {"deleteActionItem": True}
    assert await estate.api.data(delete, id=id_, version=3) == {"deleteActionItem": False}


@examples(max_examples=100)
@given(st.lists(st.integers(1, 999_999_999), min_size=1), st.sampled_from([",", ", ", " ,", ",,"]))
def test_the_tags_of_versions_are_these_versions(versions: list[int], comma: str) -> None:
    assert parse_if_match([comma.join(map(entity_tag, versions))]) == frozenset(versions)


@examples(max_examples=200)
@given(st.text(st.characters(max_codepoint=255), max_size=30))
def test_whatever_is_sent_is_a_list_or_refused(header: str) -> None:
    try:
        assert (parse_if_match([header]) is None) == (header.strip() == "*")
    except BadInput as error:
        assert error.message.startswith("If-Match")
