"""How many connections requests take: two each, however many fields they have, and none for waiting.

One request of 99 aliases took all ten of the pool, so that others waited for three seconds and 49 `verdicts` failed by
themselves; retries of one key held a connection each while they waited for a lock.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import pytest

from tests.support.action_estate import Estate
from tests.support.api import GRAPHQL, running
from tests.support.waiting import wait_for_async
from thirdeye import database_pool
from thirdeye.edge.idempotency import Idempotency
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.session import Session

pytestmark = pytest.mark.anyio
CREATE = "mutation ($title: String!) { createActionItem(title: $title) { id } }"
# Set for what the test counts: tasks inherit it, those of other requests included that begin work for all.
counted: ContextVar[str | None] = ContextVar("counted", default=None)


class Held:
    """The connections of pools that are held at the moment, by who asked, and the most that ever were."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.most = Counter[str](), Counter[str]()
        names, held = dict[int, str](), self
        acquire, release = database_pool._BoundedConnection.acquire, database_pool._BoundedConnection.release

        async def counting_acquire(connection: Any) -> None:
            await acquire(connection)
            name = counted.get()
            if name is not None:
                names[id(connection)] = name
                held.now[name] += 1
                held.most[name] = max(held.most[name], held.now[name])

        async def counting_release(connection: Any) -> None:
            name = names.pop(id(connection), None)
            if name is not None:
                held.now[name] -= 1
            await release(connection)

        monkeypatch.setattr(database_pool._BoundedConnection, "acquire", counting_acquire)
        monkeypatch.setattr(database_pool._BoundedConnection, "release", counting_release)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch)


@asynccontextmanager
async def counting(name: str) -> AsyncIterator[None]:
    token = counted.set(name)
    try:
        yield
    finally:
        counted.reset(token)


FIELDS = {
    "items": "actionItems(first: 1) { totalCount edges { node { id history { id } campaigns { id } } } }",
    "verdicts": "verdicts { bestSavings { fqn } safestDeletions { fqn } biggestBlocked { fqn } recentlyChanged { givenOn } }",
    "previews": 'previewActionRule(input: {name: "x", category: PURGE, priority: LOW, filter: {zombie: true}}) { matched }',
    "tables": "tables(first: 1) { edges { node { fqn verdict { recommendation } } } }",
    "policies": "policyHistory { setBy }",
    "savings": "savings { tables }",
}


@pytest.mark.parametrize("name", FIELDS)
async def test_a_request_takes_two_connections(estate: Estate, held: Held, name: str) -> None:
    query = "{ " + " ".join(f"a{number}: {FIELDS[name]}" for number in range(10)) + " }"
    await estate.api.data(query)
    async with counting(name):
        data = await estate.api.data(query)
    assert len(data) == 10
    # Ten lists of the same tables read them once.
    assert held.most[name] == (1 if name == "tables" else 2)
    assert held.now[name] == 0


async def test_forty_nine_verdicts_over_a_pool_of_two(estate: Estate) -> None:
    """What a request waits for is its own turn, not the pool: its deadline bounds it, not the acquire timeout."""
    settings = estate.settings.model_copy(update={"thirdeye_mysql_pool_size": 3})
    query = "{ " + " ".join(f"a{number}: verdicts {{ bestSavings {{ fqn }} }}" for number in range(49)) + " }"
    async with running(settings, estate.signer, clock=lambda: estate.now) as api:
        data = await api.data(query)
    assert len(data) == 49
    assert all(lists == data["a0"] for lists in data.values())


def waiting(server: MariaDB | MySQL) -> int:
    """How many statements wait for a lock on the server, of a table or by its name."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE '%lock%' AND info IS NOT NULL"
        )
        return int(cursor.fetchone()[0])


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many requests have come under each key."""
    begun, once = Counter[str](), Idempotency.once

    async def counting_once(self: Idempotency, caller: str, key: str, *rest: Any) -> Any:
        begun[key] += 1
        return await once(self, caller, key, *rest)

    monkeypatch.setattr(Idempotency, "once", counting_once)
    return begun


async def test_retries_of_one_key_wait_without_a_connection(
    estate: Estate, sql_server: MariaDB | MySQL, held: Held, begun: Counter[str]
) -> None:
    async with estate.thirdeye.session() as session:
        await session.execute("LOCK TABLES action_event WRITE")
        async with counting("retries"):
            tasks = [asyncio.create_task(estate.post(CREATE, "k1", title="once")) for _ in range(20)]
        await wait_for_async(lambda: begun["k1"] == 20 and waiting(sql_server) >= 1)
        # Another caller is answered meanwhile, by a process whose pool has ten connections.
        await estate.api.data("{ actionItems { totalCount } }")
        assert held.now["retries"] == 1
        await session.execute("UNLOCK TABLES")
    answers = await asyncio.gather(*tasks)
    assert len({answer.content for answer in answers}) == 1
    # One, and one more that drops old answers once the first is given.
    assert held.most["retries"] <= 2


async def test_nor_do_those_that_another_process_keeps_waiting(
    estate: Estate, sql_server: MariaDB | MySQL, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts, fetch_one = Counter[str](), Session.fetch_one

    async def counting_fetch(self: Session, sql: str, values: Any = None) -> Any:
        row = await fetch_one(self, sql, values)
        name = counted.get()
        if name is not None and "GET_LOCK" in sql:
            attempts[name] += 1
        return row

    monkeypatch.setattr(Session, "fetch_one", counting_fetch)
    async with running(estate.settings, estate.signer, clock=lambda: estate.now) as other:

        async def retry() -> bytes:
            body = {"query": CREATE, "variables": {"title": "once"}}
            return (await other.client.post(GRAPHQL, json=body, headers={"idempotency-key": "k1"})).content

        async with estate.thirdeye.session() as session:
            await session.execute("LOCK TABLES action_event WRITE")
            first = asyncio.create_task(estate.post(CREATE, "k1", title="once"))
            await wait_for_async(lambda: waiting(sql_server) == 1)
            async with counting("other"):
                retries = [asyncio.create_task(retry()) for _ in range(5)]
            # The first of them asks for the lock again and again, and holds no connection in between.
            await wait_for_async(lambda: attempts["other"] >= 3)
            assert waiting(sql_server) == 1
            assert held.most["other"] == 1
            await session.execute("UNLOCK TABLES")
        assert {*(await asyncio.gather(*retries)), (await first).content} == {(await first).content}
    assert held.now["other"] == 0
