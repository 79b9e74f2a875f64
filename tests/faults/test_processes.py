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

from tests.support import PATIENCE
from tests.support.clocks import NOON
from tests.support.deployment import Deployment
from tests.support.processes import children_of, is_gone
from tests.support.waiting import wait_for
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]


@pytest.fixture
def deployment(tmp_path: Path, signer: Signer) -> Iterator[Deployment]:
    made = Deployment(tmp_path, signer)
    yield made
    made.stop()


@pytest.fixture
def judged(tmp_path: Path, signer: Signer) -> Iterator[Deployment]:
    """One with its first score."""
    made = Deployment(tmp_path, signer, judged=True)
    yield made
    made.stop()


def test_two_workers_turn_what_a_refresh_found_into_items_once(judged: Deployment) -> None:
    client = judged.start_api()
    for _ in range(2):
        judged.start_worker()
    client.wait_until_ready()
    rule = '{name: "all", category: SET_RETENTION, priority: LOW, filter: {minimumBytes: 0}}'
    # Setting a rule asks for a refresh; detection comes after it.
    client.ask(f"mutation {{ setActionRule(input: {rule}) {{ id }} }}")
    wanted = client.ask("{ tables(filter: {minimumBytes: 0}) { totalCount } }")["data"]["tables"]["totalCount"]
    assert wanted > 10
    count = "{ actionItems(filter: {category: [SET_RETENTION]}) { totalCount } }"
    wait_for(lambda: client.ask(count)["data"]["actionItems"]["totalCount"] == wanted)
    with judged.mariadb.connect("thirdeye") as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*), COUNT(DISTINCT item) FROM action_event JOIN action_items ON action_items.id = item "
            "WHERE kind = 'DETECTED' AND category = 'SET_RETENTION'"
        )
        assert cursor.fetchone() == (wanted, wanted)


def test_two_workers_and_two_apis_write_three_rows_in_three_slots(deployment: Deployment) -> None:
    clients = [deployment.start_api(), deployment.start_api()]
    workers = [deployment.start_worker(), deployment.start_worker()]
    for client in clients:
        client.wait_until_ready()
    for slot in range(3):
        deployment.move_clock(NOON + timedelta(hours=slot))
        deployment.wait_for_scores(slot + 1)
        (*_, (_, score)) = deployment.scores()
        wait_for(lambda score=score: {client.score()["score"] for client in clients} == {score})
    first = int(NOON.timestamp()) // 3600
    assert [row[0] for row in deployment.scores()] == [first, first + 1, first + 2]
    created = clients[0].ask('mutation { createActionItem(title: "kept 🦁") { id } }')["data"]["createActionItem"]
    clients[1].ask(f'mutation {{ updateActionItem(id: {created["id"]}, status: "DONE") {{ id }} }}')
    clients[0].ask(
        f'mutation {{ a: createActionItem(title: "gone") {{ id }} b: deleteActionItem(id: {created["id"] + 1}) }}'
    )
    # Everything is stopped and started again: nothing is lost, nobody hangs.
    for child in (*workers, *(client.child for client in clients)):
        child.terminate(PATIENCE)
        # uvicorn on its own ends by the signal that stopped it.
        assert child.exit_code in {0, 143}, child.log_end()
    deployment.mariadb.restart()
    deployment.redis.restart()
    again = deployment.start_api()
    again.wait_until_ready()
    kept = 'kept: actionItems(search: "kept") { edges { node { title status } } }'
    assert again.ask(f'{{ {kept} gone: actionItems(search: "gone") {{ totalCount }} }}')["data"] == {
        "kept": {"edges": [{"node": {"title": "kept 🦁", "status": "DONE"}}]},
        "gone": {"totalCount": 0},
    }
    assert len(deployment.scores()) == 3


def test_mysql_unavailable_at_the_start_and_later(deployment: Deployment) -> None:
    deployment.mariadb.stop()
    client = deployment.start_api()
    wait_for(client.is_up, saying=client.child.log_end)
    status, body = client.get("/api/v1/thirdeye/health/ready")
    assert (status, body["degraded"]) == (503, ["openmetadata", "thirdeye"])
    assert client.score() == {"code": "UNAVAILABLE"}
    assert client.ask("{ actionItems { totalCount } }")["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    deployment.mariadb.start()
    client.wait_until_ready()
    score = client.score()
    assert (score["status"] not in {"PENDING", "NO_DATA"}, score["stale"]) == (True, False)
    deployment.mariadb.kill()
    wait_for(lambda: client.score().get("stale") is True)
    assert client.score()["score"] == score["score"]
    assert client.is_ready()  # an answer is cached
    assert client.ask("{ actionItems { totalCount } }")["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    deployment.mariadb.start()
    wait_for(lambda: client.score().get("stale") is False)
    assert client.ask("{ actionItems { totalCount } }")["data"] == {"actionItems": {"totalCount": 0}}
    assert client.child.exit_code is None


def test_redis_away_the_supervised_worker_comes_back_by_itself(judged: Deployment) -> None:
    worker = judged.start("-m", "thirdeye", "worker", name="worker")

    def alive() -> bool:
        check = judged.start("-m", "thirdeye", "worker", "--check", name="check")
        wait_for(lambda: check.exit_code is not None)
        return check.exit_code == 0

    wait_for(lambda: "worker_started" in worker.log_end(200), saying=worker.log_end)
    wait_for(alive)
    judged.redis.kill()
    wait_for(lambda: "worker_exited" in worker.log_end(200))
    assert not alive()
    judged.redis.start()
    wait_for(alive)
    worker.terminate(PATIENCE)
    assert worker.exit_code == 0, worker.log_end()


def test_a_worker_killed_half_way_leaves_nothing_half_done(judged: Deployment) -> None:
    worker = judged.start_worker()
    wait_for(lambda: "worker_started" in worker.log_end(200), saying=worker.log_end)
    for slot in range(1, 4):
        judged.move_clock(NOON + timedelta(hours=slot))
        time.sleep(0.15 * slot)  # somewhere within the computation, wherever it is
        worker.kill()
        assert len(judged.scores()) in {slot, slot + 1}
        worker = judged.start_worker()
        judged.wait_for_scores(slot + 1)
    assert len(judged.scores()) == 4


def test_a_refresh_that_is_asked_for_is_run_by_the_worker(judged: Deployment) -> None:
    client = judged.start_api()
    judged.start_worker()
    client.wait_until_ready()
    asked = client.ask("mutation { refreshEstate(full: true) { id phase } }")["data"]["refreshEstate"]
    assert asked["phase"] == "QUEUED"

    def runs() -> list[dict[str, Any]]:
        answer = client.ask("{ refreshRuns { edges { node { id kind phase requestedBy } } } }")
        return [edge["node"] for edge in answer["data"]["refreshRuns"]["edges"]]

    done = {"id": asked["id"], "kind": "FULL", "phase": "DONE", "requestedBy": "admin"}
    wait_for(lambda: done in runs(), saying=runs)
    judged.redis.kill()
    error = client.ask("mutation { refreshEstate { id } }")["errors"][0]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert not any(run["phase"] == "QUEUED" for run in runs())


def test_a_supervisor_that_is_killed_leaves_no_worker_behind(deployment: Deployment) -> None:
    log = (deployment.folder / "supervisor.log").open("wb")
    command = [sys.executable, "-m", "thirdeye", "worker"]
    supervisor = subprocess.Popen(command, env=deployment.environment(), stdout=log, stderr=log, start_new_session=True)
    try:
        deployment.wait_for_scores(1)
        (worker,) = children_of(supervisor.pid)
        supervisor.kill()
        supervisor.wait()
        wait_for(lambda: is_gone(worker))
        assert b"supervisor_gone" in (deployment.folder / "supervisor.log").read_bytes()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(supervisor.pid, signal.SIGKILL)
        supervisor.wait()
        log.close()
