"""The same request again, and again at once, and with another body, after something broke; and what is kept of all that."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support import PATIENCE
from tests.support.action_estate import Estate
from tests.support.api import GRAPHQL, running
from tests.support.waiting import wait_for_async
from thirdeye.actions.campaigns import resolvers as campaigns
from thirdeye.actions.resolvers import item_fields
from thirdeye.database import MySQL as Database
from thirdeye.edge import idempotency, store
from thirdeye.edge.idempotency import KEPT
from thirdeye.errors import Unavailable
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


async def kept_keys(estate: Estate) -> list[str]:
    rows = await estate.thirdeye.fetch_all("SELECT given_key FROM idempotency_key ORDER BY answered_at, given_key")
    return [row["given_key"] for row in rows]


# By code: what changes nothing, whoever asks and however often. A caller without roles kept 42 MB of such answers in 8 s.
NOTHING_CHANGED = {
    "FORBIDDEN": 'mutation { createActionItem(title: "x") { id } }',
    "NOT_FOUND": 'mutation { updateActionItem(id: 1000000, title: "x") { id } }',
    "BAD_USER_INPUT": 'mutation { createActionItem(title: "") { id } }',
    "CONFLICT": 'mutation { createActionItem(title: "x", table: "shop.main.core.going", category: PURGE) { id } }',
    "GRAPHQL_VALIDATION_FAILED": 'mutation { createActionItem(title: "x") { nothing } }',
    "none": "mutation { deleteActionItem(id: 1000000) }",
    "preview": "mutation { updateActionItems(filter: {status: [OPEN]}, changes: {priority: HIGH}) { matched } }",
}


@pytest.mark.parametrize("code", NOTHING_CHANGED)
async def test_only_answers_of_changes_are_kept(estate: Estate, code: str) -> None:
    mutation, roles = NOTHING_CHANGED[code], [] if code == "FORBIDDEN" else ["Admin"]

    async def asked(roles: list[str], query: str = mutation) -> httpx.Response:
        headers = {"authorization": f"Bearer {estate.signer.token(roles=roles)}", "idempotency-key": "k1"}
        return await estate.api.client.post(GRAPHQL, json={"query": query}, headers=headers)

    for _ in range(2):
        answer = await asked(roles)
        errors = answer.json().get("errors", ())
        assert [error["extensions"]["code"] for error in errors] == ([] if code in ("none", "preview") else [code]), (
            errors
        )
        assert "idempotency-replayed" not in answer.headers
    assert await kept_keys(estate) == []
    # Once it can be done, it is done, and only that is remembered; the key is free for anything.
    query = mutation if code == "FORBIDDEN" else 'mutation { createActionItem(title: "x") { id } }'
    done, again = await asked(["Admin"], query), await asked(["Admin"], query)
    assert (await titles(estate), again.content) == (["x"], done.content)


async def test_a_caller_keeps_so_many_answers_and_bytes_the_newest(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def create(key: str, title: str = "x") -> httpx.Response:
        estate.now += timedelta(seconds=1)
        mutation = "mutation ($title: String!) { createActionItem(title: $title) { id title } }"
        return await estate.post(mutation, key, title=title)

    headers = {"authorization": f"Bearer {estate.signer.token(sub='bob')}", "idempotency-key": "bob"}
    await estate.api.client.post(GRAPHQL, json={"query": CREATE, "variables": {"title": "bob"}}, headers=headers)
    monkeypatch.setattr(idempotency, "_MAX_ANSWERS", 5, raising=False)
    for number in range(9):
        answer = await create(f"k{number}")
    # A tenth more goes at once; those of others stay, and the newest is still given again.
    assert await kept_keys(estate) == ["bob", "k4", "k5", "k6", "k7", "k8"]
    estate.now -= timedelta(seconds=1)
    assert (await create("k8")).content == answer.content
    monkeypatch.setattr(idempotency, "_MAX_BYTES", 600, raising=False)
    for number in range(3):
        await create(f"l{number}", "y" * 150)
    assert await kept_keys(estate) == ["bob", "l1", "l2"]
    row = await estate.thirdeye.fetch_one(
        "SELECT SUM(LENGTH(answer)) AS total FROM idempotency_key WHERE caller <> 'bob'"
    )
    assert row is not None
    assert 300 < row["total"] <= 600


async def test_an_answer_too_large_to_be_kept_changes_nothing(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_MAX_ANSWER_BYTES", 400, raising=False)
    mutation = "mutation ($title: String!) { " + " ".join(
        f"a{n}: createActionItem(title: $title) {{ id title }}" for n in range(3)
    )
    answer = await estate.post(mutation + " }", "k1", title="y" * 120)
    assert (answer.status_code, "nothing was changed" in answer.json()["message"]) == (400, True)
    assert (await titles(estate), await kept_keys(estate)) == ([], [])
    assert "errors" not in (await estate.post(CREATE, "k1", title="less")).json()
    assert await titles(estate) == ["less"]


async def test_old_answers_go_all_at_once_and_without_the_worker(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than 5,000 went a minute, and none while the score or detection failed, or Redis was away."""
    old = estate.now - KEPT
    rows = [("ann", f"k{number}", "x" * 32, "{}", old) for number in range(5_300)]
    head = "INSERT INTO idempotency_key (caller, given_key, request, answer, answered_at) VALUES "
    async with estate.thirdeye.session() as session:
        await session.execute_rows(head, rows)
    await estate.post(CREATE, "new", title="once")
    monkeypatch.setattr(idempotency, "_PRUNE_SECONDS", 0.01, raising=False)
    async with running(estate.settings, estate.signer, clock=lambda: estate.now), asyncio.timeout(PATIENCE):
        while await kept_keys(estate) != ["new"]:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("error", [RuntimeError("a defect"), Unavailable("for now")])
async def test_an_answer_never_says_that_what_was_undone_is_done(
    estate: Estate, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A field below, that may be null, fails for now: the item came with its number, and was not there."""

    async def broken(*_: object) -> None:
        raise error

    mutation = 'mutation { createActionItem(title: "once") { id assigneeWarning } }'
    with monkeypatch.context() as patch:
        patch.setattr(item_fields, "assignee_warning", broken)
        body = (await estate.post(mutation, "k1")).json()
        rest = await estate.api.client.post(
            "/api/v1/thirdeye/action-items", json={"title": "rest"}, headers={"idempotency-key": "k2"}
        )
    assert (body["data"], [each["path"] for each in body["errors"]]) == (
        None,
        [["createActionItem", "assigneeWarning"]],
    )
    assert rest.status_code >= 500
    assert await titles(estate) == []
    # It is done the next time.
    done = (await estate.post(mutation, "k1")).json()
    assert done["data"]["createActionItem"]["assigneeWarning"] is None
    assert (await estate.post(mutation, "k1")).json() == done
    assert await titles(estate) == ["once"]


async def test_what_a_deadlock_undid_is_not_answered_as_done(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ends a deadlock undoes the whole transaction. The resolver can do without what failed in it, so the
    answer was kept, and the campaign that it named was not there."""
    mutation = """mutation { createCampaign(input: {name: "Spring", filter: {verdict: [DELETE]}}) { id name }
        createActionItem(title: "later") { id } }"""

    async def victim(thirdeye: Database, *_: object) -> None:
        async with thirdeye.transaction() as session:
            await session.execute("ROLLBACK")
            raise Unavailable("others are changing the same at the moment")

    with monkeypatch.context() as patch:
        patch.setattr(campaigns, "add_matching_items", victim)
        answer = await estate.post(mutation, "k1")
    assert (answer.status_code, "nothing was changed" in answer.text) == (503, True), answer.text
    assert (await kept_keys(estate), await estate.thirdeye.fetch_all("SELECT id FROM campaign")) == ([], [])
    # Nor what came after it.
    assert await titles(estate) == []
    done = await estate.post(mutation, "k1")
    (campaign,) = await estate.thirdeye.fetch_all("SELECT id FROM campaign")
    assert done.json()["data"]["createCampaign"] == {"id": campaign["id"], "name": "Spring"}
    assert (await estate.post(mutation, "k1")).content == done.content


async def test_a_part_that_fails_takes_back_all_of_itself_and_nothing_else(estate: Estate) -> None:
    """Parts within parts had one savepoint: the failure of the outer one left what it had done before the inner one."""
    insert = "INSERT INTO action_items (title) VALUES (%(title)s)"
    async with estate.thirdeye.joined("lock", 3) as joined:
        await joined.execute(insert, {"title": "before"})
        with pytest.raises(ValueError, match="outer"):
            async with estate.thirdeye.transaction() as session:
                await session.execute(insert, {"title": "outer"})
                async with estate.thirdeye.transaction() as inner:
                    await inner.execute(insert, {"title": "inner"})
                raise ValueError("outer")
        assert joined.changes == 1
    assert await titles(estate) == ["before"]


def waiting(server: MariaDB | MySQL) -> int:
    """How many statements wait for a lock on the server, of a table or by its name."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE '%lock%' AND info IS NOT NULL"
        )
        return int(cursor.fetchone()[0])


async def test_a_proxy_that_gives_up_and_asks_again_gets_one_item(
    estate: Estate, sql_server: MariaDB | MySQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is locked, so that the first request is under way when its client no longer waits."""
    asked, once = list[str](), idempotency.Idempotency.once

    async def counting(self: idempotency.Idempotency, caller: str, key: str, *rest: Any) -> Any:
        asked.append(key)
        return await once(self, caller, key, *rest)

    monkeypatch.setattr(idempotency.Idempotency, "once", counting)
    async with estate.thirdeye.session() as session:
        await session.execute("LOCK TABLES action_event WRITE")
        first = asyncio.create_task(estate.post(CREATE, "k1", title="once"))
        await wait_for_async(lambda: waiting(sql_server) == 1)
        again = asyncio.create_task(estate.post(CREATE, "k1", title="once"))
        await wait_for_async(lambda: len(asked) == 2)
        first.cancel()
        await session.execute("UNLOCK TABLES")
    answer = await again
    assert (answer.status_code, await titles(estate)) == (200, ["once"])
    assert (await estate.post(CREATE, "k1", title="once")).content == answer.content
    assert await titles(estate) == ["once"]
