"""Real processes: two workers and two APIs, servers that go away and come back, kills."""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import GRAPHQL, TODAY, load_sample, prepare_accounts, settings_for
from thirdeye.local.processes import Child
from thirdeye.local.servers import MariaDB, Redis, free_port, wait_until
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

CLOCKED = Path(__file__).resolve().parent.parent / "support" / "clocked.py"
ROOT = Path(__file__).resolve().parent.parent.parent
NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
SECONDS = 30.0


class House:
    """Servers of this test's own, that it may break, and processes over them."""

    def __init__(self, folder: Path, signer: Signer, *, durable: bool = False) -> None:
        self.folder = folder
        self.signer = signer
        self.mariadb = MariaDB(folder / "mariadb", fast=not durable)
        self.redis = Redis(folder / "redis")
        self.mariadb.start()
        self.redis.start()
        load_sample(self.mariadb, "om", tables=60)
        prepare_accounts(self.mariadb, "om", "thirdeye")
        self.clock = folder / "clock"
        self.move_clock(NOON)
        self.children: list[Child] = []

    def move_clock(self, now: datetime) -> None:
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(now.isoformat())
        fresh.rename(self.clock)

    def settings(self) -> Settings:
        return settings_for(self.mariadb, self.redis, om_schema="om", schema="thirdeye", signer=self.signer)

    def environment(self, **more: str) -> dict[str, str]:
        settings = self.settings()
        values = {
            "OM_MYSQL_HOST": settings.om_mysql_host,
            "OM_MYSQL_PORT": str(settings.om_mysql_port),
            "OM_MYSQL_DB": "om",
            "OM_MYSQL_USER_RO": settings.om_mysql_user_ro,
            "OM_MYSQL_PW_RO": settings.om_mysql_pw_ro.get_secret_value(),
            "THIRDEYE_MYSQL_USER": settings.thirdeye_mysql_user,
            "THIRDEYE_MYSQL_PW": settings.thirdeye_mysql_pw.get_secret_value(),
            "THIRDEYE_HOST": "127.0.0.1",
            "REDIS_URL": settings.redis_url,
            "JWT_PUBLIC_KEY": str(settings.jwt_public_key),
            "PYTHONPATH": str(ROOT),
        }
        return {**os.environ, **values, **more}

    def start(self, *command: str, name: str, **environment: str) -> Child:
        log = self.folder / f"{name}-{len(self.children)}.log"
        child = Child([sys.executable, *command], log=log, env=self.environment(**environment), guarded=True)
        self.children.append(child)
        return child

    def start_api(self) -> "Client":
        port = free_port()
        child = self.start(str(CLOCKED), "api", str(self.clock), name="api", THIRDEYE_PORT=str(port))
        return Client(port, self.signer.token(), child)

    def start_worker(self) -> Child:
        return self.start(str(CLOCKED), "worker", str(self.clock), name="worker")

    def rows(self) -> list[tuple[Any, ...]]:
        with self.mariadb.connect("thirdeye") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT slot, score FROM health_score_history ORDER BY slot")
            return list(cursor.fetchall())

    def has_rows(self, count: int) -> bool:
        try:
            return len(self.rows()) >= count
        except Exception:
            return False  # the table is not there yet

    def end(self) -> None:
        for child in self.children:
            child.kill()
        self.mariadb.kill()
        self.redis.kill()


class Client:
    """Asks one API process over real HTTP."""

    def __init__(self, port: int, token: str, child: Child) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._token = token
        self.child = child

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        return self._send(urllib.request.Request(self._base + path))

    def ask(self, query: str) -> dict[str, Any]:
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._token}"}
        body = json.dumps({"query": query}).encode()
        status, answer = self._send(urllib.request.Request(self._base + GRAPHQL, data=body, headers=headers))
        assert status == 200, answer
        return answer

    def _send(self, request: urllib.request.Request) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def ready(self) -> bool:
        try:
            return self.get("/api/v1/thirdeye/health/ready")[0] == 200
        except OSError:
            return False

    def score(self) -> dict[str, Any]:
        answer = self.ask("{ ziScore { score status stale } }")
        return {"code": answer["errors"][0]["extensions"]["code"]} if "errors" in answer else answer["data"]["ziScore"]


@pytest.fixture
def house(tmp_path: Path, signer: Signer) -> Iterator[House]:
    made = House(tmp_path, signer)
    yield made
    made.end()


def until(what: Callable[[], bool], seconds: float = SECONDS) -> None:
    assert wait_until(what, seconds=seconds), f"not within {seconds} s"


def test_two_workers_and_two_apis_write_three_rows_in_three_slots(house: House) -> None:
    clients = [house.start_api(), house.start_api()]
    workers = [house.start_worker(), house.start_worker()]
    for client in clients:
        until(client.ready)
    for slot in range(3):
        house.move_clock(NOON + timedelta(hours=slot))
        until(lambda slot=slot: house.has_rows(slot + 1))
        assert {client.score()["score"] for client in clients} == {house.rows()[-1][1]}
    first = int(NOON.timestamp()) // 3600
    assert [row[0] for row in house.rows()] == [first, first + 1, first + 2]
    created = clients[0].ask('mutation { createActionItem(title: "kept 🦁") { id } }')["data"]["createActionItem"]
    clients[1].ask(f'mutation {{ updateActionItem(id: {created["id"]}, status: "DONE") {{ id }} }}')
    clients[0].ask(
        f'mutation {{ a: createActionItem(title: "gone") {{ id }} b: deleteActionItem(id: {created["id"] + 1}) }}'
    )
    # Everything is stopped and started again: nothing is lost, nobody hangs.
    for child in (*workers, *(client.child for client in clients)):
        child.terminate(SECONDS)
        # uvicorn on its own ends by the signal that stopped it.
        assert child.exit_code in {0, 143}, child.log_end()
    house.mariadb.restart()
    house.redis.restart()
    again = house.start_api()
    until(again.ready)
    items = again.ask("{ actionItems { totalCount edges { node { title status } } } }")["data"]["actionItems"]
    assert items == {"totalCount": 1, "edges": [{"node": {"title": "kept 🦁", "status": "DONE"}}]}
    assert len(house.rows()) == 3


def test_mysql_away_at_the_start_and_later(house: House) -> None:
    house.mariadb.stop()
    client = house.start_api()
    until(lambda: _answers(client))
    status, body = client.get("/api/v1/thirdeye/health/ready")
    assert (status, body["degraded"]) == (503, ["openmetadata", "thirdeye"])
    assert client.score() == {"code": "UNAVAILABLE"}
    assert client.ask("{ actionItems { totalCount } }")["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    house.mariadb.start()
    until(client.ready, 10)
    score = client.score()
    assert (score["status"] not in {"PENDING", "NO_DATA"}, score["stale"]) == (True, False)
    house.mariadb.kill()
    until(lambda: client.score().get("stale") is True, 10)
    assert client.score()["score"] == score["score"]
    assert client.ready()  # an answer is cached
    assert client.ask("{ actionItems { totalCount } }")["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    house.mariadb.start()
    until(lambda: client.score().get("stale") is False, 10)
    assert client.ask("{ actionItems { totalCount } }")["data"] == {"actionItems": {"totalCount": 0}}
    assert client.child.exit_code is None


def _answers(client: Client) -> bool:
    try:
        return client.get("/health")[0] == 200
    except OSError:
        return False


def test_redis_away_the_supervised_worker_comes_back_by_itself(house: House) -> None:
    worker = house.start("-m", "thirdeye", "worker", name="worker")

    def alive() -> bool:
        check = house.start("-m", "thirdeye", "worker", "--check", name="check")
        until(lambda: check.exit_code is not None)
        return check.exit_code == 0

    until(lambda: house.has_rows(1))
    until(alive)
    house.redis.kill()
    until(lambda: "worker_exited" in worker.log_end(200))
    assert not alive()
    house.redis.start()
    until(alive)
    worker.terminate(SECONDS)
    assert worker.exit_code == 0, worker.log_end()


def test_a_worker_killed_half_way_leaves_nothing_half_done(house: House) -> None:
    worker = house.start_worker()
    until(lambda: house.has_rows(1))
    for slot in range(1, 4):
        house.move_clock(NOON + timedelta(hours=slot))
        time.sleep(0.15 * slot)  # somewhere within the computation, wherever it is
        worker.kill()
        assert len(house.rows()) in {slot, slot + 1}
        worker = house.start_worker()
        until(lambda slot=slot: house.has_rows(slot + 1))
    assert len(house.rows()) == 4


def test_a_refresh_that_is_asked_for_is_run_by_the_worker(tmp_path: Path, signer: Signer) -> None:
    house = House(tmp_path, signer)
    try:
        client = house.start_api()
        house.start_worker()
        until(lambda: house.has_rows(1))
        until(client.ready)
        asked = client.ask("mutation { refreshEstate(full: true) { id phase } }")["data"]["refreshEstate"]
        assert asked["phase"] == "QUEUED"

        def run() -> dict[str, Any]:
            edges = client.ask("{ refreshRuns { edges { node { id kind phase requestedBy } } } }")["data"][
                "refreshRuns"
            ]["edges"]
            found: dict[str, Any] = next(edge["node"] for edge in edges if edge["node"]["id"] == asked["id"])
            return found

        until(lambda: run()["phase"] == "DONE")
        assert (run()["kind"], run()["requestedBy"]) == ("FULL", "admin")
        house.redis.kill()
        error = client.ask("mutation { refreshEstate { id } }")["errors"][0]
        assert error["extensions"]["code"] == "UNAVAILABLE"
        phases = client.ask("{ refreshRuns { edges { node { phase } } } }")["data"]["refreshRuns"]["edges"]
        assert not any(edge["node"]["phase"] == "QUEUED" for edge in phases)
    finally:
        house.end()
