"""The table of faults: each is inflicted on a running deployment, watched from outside, and healed.

While it lasts, liveness holds, and what is answered is the truth, marked as stale, or an error that says to come back.
After its end everything is as before, and nothing was lost. That each answer comes before OM's proxy gives up, and that all
is well within ten seconds, is measured in the long runs: here the machine may be as slow as it likes.
`docs/operations.md` publishes the table.
"""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.support import PATIENCE
from tests.support.deployment import RUN_PROCESS, Client, Deployment
from tests.support.http_server import key_set
from tests.support.waiting import wait_for
from tests.support.watcher import Watcher
from thirdeye.local.servers import free_port
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]
# OM's proxy gives up after five seconds without a byte.
PROXY_SECONDS = 5.0
RECOVERY_SECONDS = 10.0


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[Deployment]:
    made = Deployment(tmp_path_factory.mktemp("faults"), signer, durable=True, measured=False)
    made.start("-m", "thirdeye", "worker", name="worker")
    yield made
    made.stop()


@pytest.fixture(scope="module", params=[3, pytest.param(1, marks=pytest.mark.soak)], ids=["long limits", "in time"])
def factor(request: pytest.FixtureRequest) -> int:
    """How many times longer than in production a request may take; 1 measures."""
    return int(request.param)


@pytest.fixture(scope="module")
def watcher(deployment: Deployment, factor: int, signer: Signer) -> Watcher:
    client = deployment.serve(factor)
    client.wait_until_ready()
    made = Watcher(client, signer)
    wait_for(made.is_healthy, saying=deployment.log_ends)
    return made


def mysql_killed(deployment: Deployment) -> Callable[[], None]:
    deployment.mariadb.kill()
    return deployment.mariadb.start


def mysql_paused(deployment: Deployment) -> Callable[[], None]:
    deployment.mariadb.pause()
    return deployment.mariadb.resume


def mysql_restarted(deployment: Deployment) -> Callable[[], None]:
    deployment.mariadb.restart()
    return lambda: None


def redis_killed(deployment: Deployment) -> Callable[[], None]:
    deployment.redis.kill()
    return deployment.redis.start


def redis_paused(deployment: Deployment) -> Callable[[], None]:
    deployment.redis.pause()
    return deployment.redis.resume


def redis_restarted(deployment: Deployment) -> Callable[[], None]:
    deployment.redis.restart()
    return lambda: None


def both_killed(deployment: Deployment) -> Callable[[], None]:
    deployment.redis.kill()
    deployment.mariadb.kill()

    def heal() -> None:
        deployment.redis.start()
        deployment.mariadb.start()

    return heal


UNAVAILABLE = {"UNAVAILABLE", "TIMEOUT"}
# What may be answered to each question while the fault lasts.
KNOWN = {"score": {"fresh", "stale"}, "estate": {"fresh", "stale"} | UNAVAILABLE}
NOTHING_STORED = {**KNOWN, "items": UNAVAILABLE, "write": UNAVAILABLE}
SOON_BACK = {**KNOWN, "items": {"ok"} | UNAVAILABLE, "write": {"ok"} | UNAVAILABLE}
AS_ALWAYS = {"score": {"fresh"}, "estate": {"fresh"}, "items": {"ok"}, "write": {"ok"}}
FAULTS: dict[str, tuple[Callable[[Deployment], Callable[[], None]], dict[str, set[str]]]] = {
    "MySQL killed": (mysql_killed, NOTHING_STORED),
    "MySQL paused": (mysql_paused, NOTHING_STORED),
    "MySQL restarted": (mysql_restarted, SOON_BACK),
    "Redis killed": (redis_killed, AS_ALWAYS),
    "Redis paused": (redis_paused, AS_ALWAYS),
    "Redis restarted": (redis_restarted, AS_ALWAYS),
    "MySQL and Redis killed": (both_killed, NOTHING_STORED),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_servers(deployment: Deployment, watcher: Watcher, factor: int, fault: str) -> None:
    inflict, allowed = FAULTS[fault]
    before = watcher.count()
    heal = inflict(deployment)
    try:
        # A paused server is found unavailable by a ping that takes its time, and whoever asked before waits as long as he may.
        seen = watcher.watch(6.0 if fault == "MySQL paused" else 2.5)
    finally:
        heal()
    wait_for(watcher.is_healthy, RECOVERY_SECONDS if factor == 1 else PATIENCE)
    assert set(seen.answers) == set(allowed)
    for question, answers in seen.answers.items():
        assert answers <= allowed[question], (question, answers)
    assert seen.slowest < (PROXY_SECONDS if factor == 1 else PATIENCE)
    # What was said to be written was, and nothing else but what nobody could be told about.
    assert watcher.count() >= before + seen.created
    assert watcher.client.child.exit_code is None
    # The worker is at work again as well.
    run = watcher.request_refresh()
    wait_for(lambda: watcher.is_done(run), saying=deployment.log_ends)


# ---- the key set


class KeyServer:
    """A key set over real HTTP, which can be gone, slow or wrong."""

    def __init__(self, signer: Signer) -> None:
        self.body = self.right = key_set([signer.jwk()])
        self.open = threading.Event()
        self.open.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.open.wait()
                with suppress(ConnectionError):  # whoever asked has given up
                    self.send_response(200)
                    self.send_header("content-length", str(len(outer.body)))
                    self.end_headers()
                    self.wfile.write(outer.body)

            def log_message(self, *_: Any) -> None: ...

        self._handler = Handler
        self.port = free_port()
        self.start()

    def start(self) -> None:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self._handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.open.set()
        self._server.shutdown()
        self._server.server_close()


def keys_gone(keys: KeyServer) -> Callable[[], None]:
    keys.stop()
    return keys.start


def keys_slow(keys: KeyServer) -> Callable[[], None]:
    keys.open.clear()
    return keys.open.set


def keys_wrong(keys: KeyServer) -> Callable[[], None]:
    keys.body = b'{"keys": [{"kty": "oct", "k": "AAAA"}, 5, null]}'

    def heal() -> None:
        keys.body = keys.right

    return heal


@pytest.mark.parametrize("inflict", [keys_gone, keys_slow, keys_wrong])
def test_the_key_set(
    deployment: Deployment, factor: int, signer: Signer, inflict: Callable[[KeyServer], Callable[[], None]]
) -> None:
    keys = KeyServer(signer)
    slowest = PROXY_SECONDS if factor == 1 else PATIENCE
    try:
        url = f"http://127.0.0.1:{keys.port}/keys"
        warm = Watcher(deployment.serve(factor, JWT_JWKS_URL=url), signer)
        wait_for(warm.accepts)
        heal = inflict(keys)
        cold = Watcher(deployment.serve(factor, JWT_JWKS_URL=url), signer)
        wait_for(lambda: warm.answers(signer.token(sub="new")))
        # Who has the keys goes on with them, with tokens it has never seen too; who made one up is not waited for.
        for token, expected in (
            (signer.token(sub="another"), "ok"),
            (signer.token(header={"kid": "made-up"}), "HTTP 401"),
            (Signer.generate().token(), "HTTP 401"),
        ):
            kind, _, seconds = warm.ask("{ __typename }", token)
            assert (kind, seconds < slowest) == (expected, True)
        # Who never had them says to come back, and does not guess.
        wait_for(cold.answers)
        for token in (signer.token(), Signer.generate().token()):
            kind, _, seconds = cold.ask("{ __typename }", token)
            assert (kind, seconds < slowest) == ("HTTP 503", True)
        heal()
        wait_for(cold.accepts, RECOVERY_SECONDS if factor == 1 else PATIENCE)
        for each in (warm, cold):
            each.client.child.terminate(PATIENCE)
            assert each.client.child.exit_code == 0
    finally:
        keys.stop()


# ---- the machine


def test_a_log_that_cannot_be_written(deployment: Deployment, signer: Signer) -> None:
    port = free_port()
    full = deployment.start(
        "-c",
        "import os, runpy, sys; os.dup2(os.open('/dev/full', os.O_WRONLY), 1);"
        f"sys.argv = [{RUN_PROCESS!r}, 'serve', '3']; runpy.run_path({RUN_PROCESS!r}, run_name='__main__')",
        name="full",
        THIRDEYE_PORT=str(port),
    )
    client = Client(port, signer.token(), full)
    client.wait_until_ready()
    watcher = Watcher(client, signer)
    wait_for(watcher.is_healthy, saying=deployment.log_ends)
    seen = watcher.watch(1.0)
    assert seen.answers == AS_ALWAYS
    assert watcher.ask("{ nope }")[0] == "GRAPHQL_VALIDATION_FAILED"
    assert watcher.ask("{ __typename }", "x.y.z")[0] == "HTTP 401"
    assert full.exit_code is None
    full.kill()
