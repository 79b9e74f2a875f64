"""So many requests at a time, a deadline that ends the work, an end that refuses what is new; on both servers."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support import PATIENCE
from tests.support.api import GRAPHQL, LONG_DEADLINES, Api, running
from tests.support.mirror import nothing
from tests.support.waiting import wait_for_async
from thirdeye.database import om_database
from thirdeye.edge.shutdown import ShutdownSignal
from thirdeye.errors import DatabaseUnavailable
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.local.tokens import Signer
from thirdeye.observability.metrics import Metrics
from thirdeye.settings import Settings

pytestmark = pytest.mark.anyio


# Minutes of work. SLEEP would not do: both servers end that by themselves once its connection is closed.
WORK = "SELECT BENCHMARK(%(times)s, SHA2('x', 512)) AS work"
TIMES = {"times": 2_000_000_000}


def working(server: MariaDB | MySQL) -> int:
    """How many statements of this test are being run by the server."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT BENCHMARK(%'")
        return int(cursor.fetchone()[0])


@pytest.fixture(autouse=True)
def _time_to_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thirdeye.session._KILL_SECONDS", PATIENCE)


async def test_a_statement_that_is_given_up_ends_on_the_server(settings: Settings, sql_server: MariaDB | MySQL) -> None:
    database = om_database(settings, nothing)
    await database.start()
    waiting = asyncio.create_task(database.fetch_all(WORK, TIMES))
    await wait_for_async(lambda: working(sql_server) == 1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await wait_for_async(lambda: working(sql_server) == 0)
    # The pool is whole.
    assert await asyncio.gather(*(database.fetch_one("SELECT 1 AS one") for _ in range(20))) == [{"one": 1}] * 20
    await database.stop()


async def test_a_statement_beyond_its_timeout_ends_on_the_server(
    settings: Settings, sql_server: MariaDB | MySQL
) -> None:
    database = om_database(settings, nothing, statement_timeout=0.2)
    await database.start()
    with pytest.raises(DatabaseUnavailable) as caught:
        await database.fetch_all(WORK, TIMES)
    assert caught.value.detail == "TimeoutError"
    await wait_for_async(lambda: working(sql_server) == 0)
    await database.stop()


async def test_the_deadline_of_a_request_ends_its_statement(
    settings: Settings, signer: Signer, sql_server: MariaDB | MySQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(thirdeye: Any, *_: Any, **__: Any) -> Any:
        return await thirdeye.fetch_all(WORK, TIMES)

    monkeypatch.setattr("thirdeye.actions.resolvers.items.item_page", slow)
    async with running(settings, signer, deadlines=replace(LONG_DEADLINES, answer=0.3)) as api:
        for accept in ("application/json", "application/graphql-response+json"):
            response = await api.client.post(
                GRAPHQL, json={"query": "{ actionItems { totalCount } }"}, headers={"accept": accept}
            )
            (error,) = response.json()["errors"]
            assert (response.status_code, error["extensions"]["code"]) == (200, "TIMEOUT")
            assert "0.3 s" in error["message"]
        await wait_for_async(lambda: working(sql_server) == 0)


class Gate:
    """Holds every question back until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = asyncio.Event()
        self.waiting = 0
        monkeypatch.setattr("thirdeye.actions.resolvers.items.item_page", self._page)

    async def _page(self, *_: Any, **__: Any) -> list[Any]:
        self.waiting += 1
        await self.open.wait()
        return []


def asking(api: Api) -> "asyncio.Task[Any]":
    return asyncio.create_task(api.client.post(GRAPHQL, json={"query": "{ actionItems { totalCount } }"}))


async def test_what_is_over_the_bound_is_told_to_come_back(
    make_settings: Callable[..., Settings], signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    async with running(make_settings(max_requests=3), signer) as api:
        held = [asking(api) for _ in range(3)]
        while gate.waiting < 3:
            await asyncio.sleep(0)
        refused = await asking(api)
        assert (refused.status_code, refused.headers["retry-after"], refused.json()["code"]) == (503, "1", 503)
        # Health and metrics are answered whatever else is going on.
        assert (await api.client.get("/api/v1/thirdeye/health/ready")).status_code == 200
        assert (await api.client.get("/metrics")).status_code == 200
        gate.open.set()
        assert [response.json()["data"] for response in await asyncio.gather(*held)] == [
            {"actionItems": {"totalCount": 0}}
        ] * 3
        assert (await asking(api)).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/metrics", "/api/v1/thirdeye/openapi.json"])
async def test_what_needs_no_token_takes_no_body(settings: Settings, signer: Signer, path: str) -> None:
    async with running(settings, signer) as api:
        refused = await api.client.request("GET", path, content=b"x")
        assert (refused.status_code, refused.headers["connection"], refused.json()["code"]) == (413, "close", 413)
        assert (await api.client.get(path)).status_code == 200
        # One that says that it is too large is not waited for.
        large = await api.client.post(GRAPHQL, content=b"x", headers={"content-length": "1000000000"})
        assert (large.status_code, large.headers["connection"]) == (413, "close")


async def test_many_who_ask_for_metrics_at_once_get_one_text(
    settings: Settings, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = []
    render = Metrics.render

    def counted(metrics: Metrics) -> bytes:
        rendered.append(render(metrics))
        return rendered[-1]

    monkeypatch.setattr(Metrics, "render", counted)
    monkeypatch.setattr("thirdeye.rest.health._SHARED_SECONDS", 1)
    async with running(settings, signer) as api:
        answers = await asyncio.gather(*(api.client.get("/metrics") for _ in range(50)))
        assert {answer.content for answer in answers} == set(rendered)
        assert len(rendered) < 5
        # It holds what had happened when it was asked for.
        monkeypatch.setattr("thirdeye.rest.health._SHARED_SECONDS", 0)
        await api.ask("{ nope }")
        after = (await api.client.get("/metrics")).text
        assert 'thirdeye_graphql_errors_total{code="GRAPHQL_VALIDATION_FAILED"} 1.0' in after


async def test_an_answer_has_its_bound(settings: Settings, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thirdeye.graphql.operation_runner.MAX_ANSWER", 800)
    create = 'mutation { createActionItem(title: "TITLE") { title } }'
    async with running(settings, signer) as api:
        for number in range(3):
            await api.data(create.replace("TITLE", f"{number} " + "x" * 200))
        error = await api.error("{ actionItems { edges { node { title updatedAt id status } } } }")
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "at most 800 are sent; ask for fewer" in error["message"]
        # Also where no GraphQL is asked.
        listed = await api.client.get("/api/v1/thirdeye/action-items")
        assert (listed.status_code, listed.json()["code"]) == (400, 400)
        assert "at most 800" in listed.json()["message"]
        # One fewer and it fits.
        assert (
            len((await api.data("{ actionItems(first: 2) { edges { node { title } } } }"))["actionItems"]["edges"]) == 2
        )
        # What a mutation changed is changed, and it says so.
        monkeypatch.setattr("thirdeye.graphql.operation_runner.MAX_ANSWER", 250)
        error = await api.error(create.replace("TITLE", "y" * 250))
        assert "What was to be changed is changed" in error["message"]
        assert (await api.data("{ actionItems { totalCount } }"))["actionItems"]["totalCount"] == 4


async def test_from_the_signal_on_what_is_new_is_refused_and_what_runs_is_finished(
    make_settings: Callable[..., Settings], signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, told = Gate(monkeypatch), []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: told.append(number))
    try:
        async with running(make_settings(), signer) as api:
            held = asking(api)
            while not gate.waiting:
                await asyncio.sleep(0)
            assert (await api.client.get("/api/v1/thirdeye/health/ready")).status_code == 200
            signal.raise_signal(signal.SIGTERM)
            ready = await api.client.get("/api/v1/thirdeye/health/ready")
            assert (ready.status_code, ready.json()["reason"]) == (503, "stopping")
            assert (await api.client.get("/api/v1/thirdeye/health/live")).status_code == 200
            refused = await asking(api)
            assert (refused.status_code, refused.headers["connection"]) == (503, "close")
            gate.open.set()
            assert (await held).json()["data"] == {"actionItems": {"totalCount": 0}}
        # Whoever handled the signal before has it as well, and again.
        assert told == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)


def test_signals_that_nobody_handles_are_left_alone() -> None:
    stopping = ShutdownSignal()
    unhandled = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in unhandled.items()}
    try:
        with stopping.watching():
            assert {number: signal.getsignal(number) for number in unhandled} == unhandled
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert not stopping()
