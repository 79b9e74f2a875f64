"""Real processes: two workers and two APIs, servers that go away and come back, kills."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import NOON, SECONDS, Client, House, until
from thirdeye.local.tokens import Signer


@pytest.fixture
def house(tmp_path: Path, signer: Signer) -> Iterator[House]:
    made = House(tmp_path, signer)
    yield made
    made.end()


def test_two_workers_turn_what_a_refresh_found_into_items_once(house: House) -> None:
    client = house.start_api()
    for _ in range(2):
        house.start_worker()
    until(client.ready)
    until(lambda: house.has_rows(1))
    rule = '{name: "all", category: SET_RETENTION, priority: LOW, filter: {minimumBytes: 0}}'
    # Setting a rule asks for a refresh; detection comes after it.
    client.ask(f"mutation {{ setActionRule(input: {rule}) {{ id }} }}")
    wanted = client.ask("{ tables(filter: {minimumBytes: 0}) { totalCount } }")["data"]["tables"]["totalCount"]
    assert wanted > 10
    count = "{ actionItems(filter: {category: [SET_RETENTION]}) { totalCount } }"
    until(lambda: client.ask(count)["data"]["actionItems"]["totalCount"] == wanted)
    with house.mariadb.connect("thirdeye") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), COUNT(DISTINCT item) FROM action_event WHERE kind = 'DETECTED'")
        assert cursor.fetchone() == (wanted, wanted)


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


def test_mysql_unavailable_at_the_start_and_later(house: House) -> None:
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


def test_a_supervisor_that_is_killed_leaves_no_worker_behind(house: House) -> None:
    log = (house.folder / "supervisor.log").open("wb")
    command = [sys.executable, "-m", "thirdeye", "worker"]
    supervisor = subprocess.Popen(command, env=house.environment(), stdout=log, stderr=log, start_new_session=True)
    children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children")
    try:
        until(lambda: house.has_rows(1))
        (worker,) = children.read_text().split()
        supervisor.kill()
        supervisor.wait()
        until(lambda: not Path(f"/proc/{worker}").exists())
        assert b"supervisor_gone" in (house.folder / "supervisor.log").read_bytes()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(supervisor.pid, signal.SIGKILL)
        supervisor.wait()
        log.close()
