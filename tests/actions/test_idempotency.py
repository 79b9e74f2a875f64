"""The same request again, and again at once, and with another body, and after something broke."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.support.action_estate import Estate
from tests.support.api import GRAPHQL
from tests.support.waiting import wait_for_async
from thirdeye.edge import store
from thirdeye.edge.idempotency import KEPT
from thirdeye.local.servers import MariaDB, MySQL

pytestmark = pytest.mark.anyio
CREATE = "mutation ($title: String!) { createActionItem(title: $title) { id } }"
TWO = 'mutation { one: createActionItem(title: "one") { id } two: updateActionItem(id: 1000000, title: "two") { id } }'


async def titles(estate: Estate) -> list[str]:
    rows = await estate.thirdeye.fetch_all("SELECT title FROM action_items WHERE detected = 0 ORDER BY id")
    return [row["title"] for row in rows]


async def test_the_first_answer_is_given_again(estate: Estate) -> None:
    first = await estate.post(CREATE, "k1", title="once")
    again = await estate.post(CREATE, "k1", title="once")
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    assert await titles(estate) == ["once"]
    body = {"query": CREATE, "variables": {"title": "once"}, "extensions": {"idempotencyKey": "k1"}}
    assert (await estate.api.client.post(GRAPHQL, json=body)).content == first.content
    # Another caller has keys of his own; no key, no memory.
    headers = {"authorization": f"Bearer {estate.signer.token(sub='bob')}", "idempotency-key": "k1"}
    await estate.api.client.post(GRAPHQL, json={"query": CREATE, "variables": {"title": "bob"}}, headers=headers)
    await estate.post(CREATE, title="once")
    assert await titles(estate) == ["once", "bob", "once"]


async def test_another_request_under_the_same_key_is_refused(estate: Estate) -> None:
    await estate.post(CREATE, "k1", title="once")
    for other in ({"title": "other"}, {"title": "once", "more": 1}):
        answer = await estate.post(CREATE, "k1", **other)
        assert (answer.status_code, answer.json()["code"]) == (409, 409)
    assert await titles(estate) == ["once"]


async def test_at_once_it_is_done_once(estate: Estate) -> None:
    answers = await asyncio.gather(*(estate.post(CREATE, "k1", title="once") for _ in range(8)))
    assert len({answer.content for answer in answers}) == 1
    assert await titles(estate) == ["once"]


async def test_a_day_later_it_is_forgotten(estate: Estate) -> None:
    await estate.post(CREATE, "k1", title="once")
    estate.now += KEPT - timedelta(seconds=1)
    await estate.post(CREATE, "k1", title="once")
    estate.now += timedelta(seconds=1)
    await estate.post(CREATE, "k1", title="other")
    assert await titles(estate) == ["once", "other"]
    await store.forget_answers(estate.thirdeye, estate.now)
    assert await estate.thirdeye.fetch_all("SELECT caller FROM idempotency_key") == []


async def test_an_error_of_the_caller_is_kept_and_what_was_done_stays(estate: Estate) -> None:
    first = await estate.post(TWO, "k1")
    assert first.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert (await estate.post(TWO, "k1")).content == first.content
    assert await titles(estate) == ["one"]


async def test_what_failed_for_now_is_undone_and_done_the_next_time(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    from thirdeye.actions import store as actions

    real, broken = actions.insert_events, [True]

    async def insert_events(*args: Any, **kwargs: Any) -> None:
        if broken[0]:
            raise RuntimeError("half way")
        await real(*args, **kwargs)

    monkeypatch.setattr(actions, "insert_events", insert_events)
    failed = await estate.post(CREATE, "k1", title="once")
    assert failed.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert await titles(estate) == []
    broken[0] = False
    assert "errors" not in (await estate.post(CREATE, "k1", title="once")).json()
    assert await titles(estate) == ["once"]


async def test_a_kill_between_the_change_and_the_answer_leaves_neither(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(store, "keep_answer", killed)
    with pytest.raises(asyncio.CancelledError):
        await estate.post(CREATE, "k1", title="once")
    monkeypatch.undo()
    assert await titles(estate) == []
    await estate.post(CREATE, "k1", title="once")
    assert await titles(estate) == ["once"]


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
async def test_keys_that_are_none_are_refused(estate: Estate, key: str) -> None:
    body = {"query": CREATE, "variables": {"title": "x"}, "extensions": {"idempotencyKey": key}}
    answer = await estate.api.client.post(GRAPHQL, json=body)
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["message"]
    assert await titles(estate) == []


async def test_two_keys_that_differ_and_no_text_are_refused(estate: Estate) -> None:
    for extension in ("k2", 5, ["k1"]):
        body = {"query": CREATE, "variables": {"title": "x"}, "extensions": {"idempotencyKey": extension}}
        answer = await estate.api.client.post(GRAPHQL, json=body, headers={"idempotency-key": "k1"})
        assert answer.status_code == 400
    # A question needs no key, and keeps no answer.
    body = {"query": "{ actionItems { totalCount } }"}
    assert (await estate.api.client.post(GRAPHQL, json=body, headers={"idempotency-key": "k1"})).status_code == 200
    assert await estate.thirdeye.fetch_all("SELECT caller FROM idempotency_key") == []


def waiting(server: MariaDB | MySQL) -> int:
    """How many statements wait for a lock on the server, of a table or by its name."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE '%lock%' AND info IS NOT NULL"
        )
        return int(cursor.fetchone()[0])


async def test_a_proxy_that_gives_up_and_asks_again_gets_one_item(estate: Estate, sql_server: MariaDB | MySQL) -> None:
    """The table is locked, so that the first request is under way when its client no longer waits."""
    async with estate.thirdeye.session() as session:
        await session.execute("LOCK TABLES action_event WRITE")
        first = asyncio.create_task(estate.post(CREATE, "k1", title="once"))
        await wait_for_async(lambda: waiting(sql_server) == 1)
        again = asyncio.create_task(estate.post(CREATE, "k1", title="once"))
        await wait_for_async(lambda: waiting(sql_server) == 2)
        first.cancel()
        await session.execute("UNLOCK TABLES")
    answer = await again
    assert (answer.status_code, await titles(estate)) == (200, ["once"])
    assert (await estate.post(CREATE, "k1", title="once")).content == answer.content
    assert await titles(estate) == ["once"]
