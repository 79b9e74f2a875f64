"""REST: the same data as GraphQL, in OpenMetadata's shapes, through the same persisted operations."""

import csv
import io
from hashlib import sha256
from typing import Any

import orjson
import pytest

from tests.support.action_estate import A_DAY, Estate
from thirdeye.edge import store

pytestmark = pytest.mark.anyio
PREFIX = "/api/v1/thirdeye"
ITEMS = f"{PREFIX}/action-items"


def om_shaped(response: Any, status: int, begins: str = "") -> str:
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"code", "message", "timestamp"}
    assert body["code"] == status
    message: str = body["message"]
    assert message.startswith(begins), message
    return message


async def test_a_list_has_openmetadatas_shape_and_pages(estate: Estate) -> None:
    rest = estate.api.client
    first = (await rest.get(ITEMS, params={"limit": 2, "sortBy": "id", "sortDir": "asc"})).json()
    assert (first["paging"]["total"], [item["category"] for item in first["data"]]) == (5, ["PURGE", "ARCHIVE"])
    seen, after = [item["id"] for item in first["data"]], first["paging"]["after"]
    while after:
        page = (await rest.get(ITEMS, params={"limit": 2, "after": after, "sortBy": "id", "sortDir": "asc"})).json()
        seen += [item["id"] for item in page["data"]]
        after = page["paging"].get("after")
    assert seen == [item["id"] for item in await estate.items("id")]
    chosen = await rest.get(f"{ITEMS}?category=PURGE&category=archive&mine=true")
    assert chosen.json()["data"] == []
    chosen = await rest.get(f"{ITEMS}?category=PURGE&category=archive&detected=true&search=drop&status=OPEN")
    assert [item["category"] for item in chosen.json()["data"]] == ["PURGE"]
    same = await estate.items("id title projectedSavingUsd table { fqn monthlyCost }", category=["PURGE"])
    assert same[0].items() <= chosen.json()["data"][0].items()


@pytest.mark.parametrize(
    ("query", "begins"),
    [
        ("limit=x", "limit: must be a whole number"), ("limit=0", "first: must be 1 to 100"), ("limit=1&limit=2", "limit: give it once"),
        ("nothing=1", "nothing: is no parameter"), ("category=DANCE", "category: must be one of PURGE"),
        ("snoozed=yes", "snoozed: must be true or false"), ("status=CLOSED", "status: must be one of"),
        ("dueBefore=soon", "dueBefore: a Date must be"), ("after=x", "after: "), ("sortBy=cost", "sortBy: "), ("campaign=9", "campaign: "),
    ],
)  # fmt: skip
async def test_bad_parameters_are_named(estate: Estate, query: str, begins: str) -> None:
    om_shaped(await estate.api.client.get(f"{ITEMS}?{query}"), 400, begins)


async def test_an_item_is_written_changed_and_deleted(estate: Estate) -> None:
    rest = estate.api.client
    made = await rest.post(ITEMS, json={"title": "Look", "table": "shop.main.core.kept", "priority": "LOW"})
    assert (made.status_code, made.headers["etag"], made.json()["createdBy"]) == (201, '"1"', "admin")
    path = made.headers["location"]
    assert path == f"{ITEMS}/{made.json()['id']}"
    got = await rest.get(path)
    assert (got.headers["etag"], got.json()["history"][0]["kind"]) == ('"1"', "CREATED")
    changed = await rest.patch(path, json={"assignee": "ann", "dueDate": "2026-04-01"}, headers={"if-match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["assignee"]) == (200, '"2"', "ann")
    om_shaped(await rest.patch(path, json={"title": "x"}, headers={"if-match": '"1"'}), 412, "version: somebody")
    om_shaped(await rest.patch(path, json={"title": "x", "version": 1}), 409, "version: somebody")
    om_shaped(
        await rest.patch(path, json={"title": "x"}, headers={"if-match": '"9"'}), 412, "version: the item is at 2"
    )
    om_shaped(
        await rest.patch(path, json={"title": "x", "version": 1}, headers={"if-match": '"2"'}), 400, "version: differs"
    )
    om_shaped(
        await rest.patch(path, json={"title": "x"}, headers={"if-match": "2"}), 400, "If-Match: must be *, or ETags"
    )
    cleared = await rest.patch(path, json={"assignee": None, "dueDate": None}, headers={"if-match": "*"})
    assert (cleared.json()["assignee"], cleared.json()["dueDate"]) == (None, None)
    assert (await rest.delete(path)).status_code == 204
    for method in ("GET", "DELETE", "PATCH"):
        om_shaped(
            await rest.request(method, path, json={"title": "x"} if method == "PATCH" else None), 404, "id: there is no"
        )
    for wrong in ("x", "0", "99999999999", "-1"):
        om_shaped(await rest.get(f"{ITEMS}/{wrong}"), 404, "id: ")


@pytest.mark.parametrize(
    ("body", "begins"),
    [
        ({}, "title: is needed"), ({"title": 5}, "title: String cannot"), ({"title": " "}, "title: must have"), ({"name": "x"}, "name: is no field"),
        ({"title": "x", "category": "DANCE"}, "category: must be one of"), ({"title": "x", "priority": 3}, "priority: must be one of"),
        ({"title": "x", "dueDate": "soon"}, "dueDate: a Date must be"), ({"title": "x", "table": "no.such.table"}, "table: the inventory"),
        ({"title": "x", "category": ["PURGE"]}, "category: must be one of"), ([], "the body must be one JSON object"),
    ],
)  # fmt: skip
async def test_bad_bodies_are_named(estate: Estate, body: Any, begins: str) -> None:
    om_shaped(await estate.api.client.post(ITEMS, json=body), 400, begins)
    assert await estate.items(detected=False) == []


async def test_transport_is_refused_as_everywhere(estate: Estate) -> None:
    rest = estate.api.client
    om_shaped(await rest.post(ITEMS, content=b"title=x", headers={"content-type": "text/plain"}), 415)
    om_shaped(await rest.post(ITEMS, content=b"{", headers={"content-type": "application/json"}), 400)
    om_shaped(await rest.post(ITEMS, json={"title": "x" * 1_000_001}), 413)
    om_shaped(await rest.put(ITEMS, json={}), 405)
    viewer = {"authorization": f"Bearer {estate.signer.token(sub='cyd', roles=[])}"}
    assert "Admin, DataSteward" in om_shaped(await rest.post(ITEMS, json={"title": "x"}, headers=viewer), 403)
    om_shaped(await rest.get(f"{PREFIX}/dashboard/budget-forecast?months=25"), 400, "months: must be")
    del rest.headers["authorization"]
    om_shaped(await rest.get(ITEMS), 401)
    om_shaped(await rest.get(f"{ITEMS}.csv"), 401)


async def test_a_key_does_it_once(estate: Estate) -> None:
    rest, key = estate.api.client, {"idempotency-key": "k1"}
    first = await rest.post(ITEMS, json={"title": "once"}, headers=key)
    again = await rest.post(ITEMS, json={"title": "once"}, headers=key)
    assert (first.json(), first.headers["etag"]) == (again.json(), again.headers["etag"])
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    om_shaped(await rest.post(ITEMS, json={"title": "other"}, headers=key), 409, "Idempotency-Key: ")
    assert len(await estate.items(detected=False)) == 1
    path = f"{ITEMS}/{first.json()['id']}"
    key = {"idempotency-key": "k2"}
    assert [(await rest.delete(path, headers=key)).status_code for _ in range(2)] == [204, 204]


async def test_all_items_as_csv(estate: Estate) -> None:
    rest = estate.api.client
    values = ", ".join(f"('item {number:03}', 'OPEN')" for number in range(250))
    await estate.thirdeye.execute(f"INSERT INTO action_items (title, status) VALUES {values}")
    await rest.post(ITEMS, json={"title": '=1+1,"x"', "dueDate": (estate.now + A_DAY).date().isoformat()})
    answer = await rest.get(f"{ITEMS}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="action-items.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 256
    assert [int(row["id"]) for row in rows] == sorted(int(row["id"]) for row in rows)
    assert (rows[0]["table"], rows[0]["monthlyCost"], rows[0]["detected"]) == (
        "shop.main.core.going",
        "230.000000",
        "true",
    )
    assert (rows[-1]["title"], rows[-1]["dueDate"], rows[-1]["table"]) == ('\'=1+1,"x"', "2026-03-02", "")
    some = await rest.get(f"{ITEMS}.csv?category=PURGE&sortBy=title")
    assert some.text.count("\r\n") == 2
    om_shaped(await rest.get(f"{ITEMS}.csv?limit=5"), 400, "limit: is no parameter")
    om_shaped(await rest.get(f"{ITEMS}.csv?sortBy=x"), 400, "sortBy: ")


KEPT_ITEM = b'{"data":{"createActionItem":{"id":77,"title":"kept","version":3}}}'
KEPT_ERROR = (
    b'{"errors":[{"message":"Variable \'$dueDate\' has invalid value: Expected value of type \'Date\', but encountered error'
    b' \'a Date must be a day such as 2026-01-31\'; found: \'soon\'.","locations":[{"line":2,"column":98}],'
    b'"extensions":{"code":"BAD_USER_INPUT","requestId":"x"}}]}'
)


async def test_an_answer_that_an_earlier_version_kept_is_given_again(estate: Estate) -> None:
    rest = estate.api.client
    for key, variables, answer in (
        ("k1", {"title": "kept"}, KEPT_ITEM),
        ("k2", {"title": "x", "dueDate": "soon"}, KEPT_ERROR),
    ):
        request = orjson.dumps(["create_action_item", None, variables, None], option=orjson.OPT_SORT_KEYS)
        async with estate.thirdeye.session() as session:
            await store.keep_answer(
                session, caller="admin", key=key, request=sha256(request).digest(), answer=answer, now=estate.now
            )
    again = await rest.post(ITEMS, json={"title": "kept"}, headers={"idempotency-key": "k1"})
    assert (again.status_code, again.json()["id"], again.headers["etag"]) == (201, 77, '"3"')
    assert (again.headers["location"], again.headers["idempotency-replayed"]) == (f"{ITEMS}/77", "true")
    wrong = {"title": "x", "dueDate": "soon"}
    message = "dueDate: a Date must be a day such as 2026-01-31"
    om_shaped(await rest.post(ITEMS, json=wrong, headers={"idempotency-key": "k2"}), 400, message)
    # This version keeps none that changed nothing.
    om_shaped(await rest.post(ITEMS, json=wrong, headers={"idempotency-key": "k3"}), 400, message)
    assert await estate.thirdeye.fetch_one("SELECT answer FROM idempotency_key WHERE given_key = 'k3'") is None
