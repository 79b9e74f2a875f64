"""The table of faults: each is inflicted on a running house, watched from outside, and healed.

While it lasts, every answer comes before OM's proxy gives up, liveness holds, and what is answered is the truth, marked as
stale, or an error that says to come back. Within ten seconds of its end everything is as before, and nothing was lost.
`docs/operations.md` publishes the table.
"""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.support.house import Client, House, until
from tests.support.watcher import OUTSIDE, PATIENCE, WELL_AGAIN, Watcher
from thirdeye.local.tokens import Signer


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("faults"), signer, durable=True, measured=False)
    yield made
    made.end()


@pytest.fixture(scope="module")
def watcher(house: House, signer: Signer) -> Watcher:
    house.start("-m", "thirdeye", "worker", name="worker")
    client = house.serve()
    until(client.ready)
    made = Watcher(client, signer)
    until(made.is_well)
    return made


def mysql_killed(house: House) -> Callable[[], None]:
    house.mariadb.kill()
    return house.mariadb.start


def mysql_paused(house: House) -> Callable[[], None]:
    house.mariadb.pause()
    return house.mariadb.resume


def mysql_restarted(house: House) -> Callable[[], None]:
    house.mariadb.restart()
    return lambda: None


def redis_killed(house: House) -> Callable[[], None]:
    house.redis.kill()
    return house.redis.start


def redis_paused(house: House) -> Callable[[], None]:
    house.redis.pause()
    return house.redis.resume


def redis_restarted(house: House) -> Callable[[], None]:
    house.redis.restart()
    return lambda: None


def both_killed(house: House) -> Callable[[], None]:
    house.redis.kill()
    house.mariadb.kill()

    def heal() -> None:
        house.redis.start()
        house.mariadb.start()

    return heal


AWAY = {"UNAVAILABLE", "TIMEOUT"}
# What may be answered to each question while the fault lasts.
FAULTS: dict[str, tuple[Callable[[House], Callable[[], None]], dict[str, set[str]]]] = {
    "MySQL killed": (
        mysql_killed,
        {"score": {"fresh", "stale"}, "estate": {"fresh", "stale"} | AWAY, "items": AWAY, "write": AWAY},
    ),
    "MySQL paused": (
        mysql_paused,
        {"score": {"fresh", "stale"}, "estate": {"fresh", "stale"} | AWAY, "items": AWAY, "write": AWAY},
    ),
    "MySQL restarted": (
        mysql_restarted,
        {
            "score": {"fresh", "stale"},
            "estate": {"fresh", "stale"} | AWAY,
            "items": {"ok"} | AWAY,
            "write": {"ok"} | AWAY,
        },
    ),
    "Redis killed": (redis_killed, {"score": {"fresh"}, "estate": {"fresh"}, "items": {"ok"}, "write": {"ok"}}),
    "Redis paused": (redis_paused, {"score": {"fresh"}, "estate": {"fresh"}, "items": {"ok"}, "write": {"ok"}}),
    "Redis restarted": (redis_restarted, {"score": {"fresh"}, "estate": {"fresh"}, "items": {"ok"}, "write": {"ok"}}),
    "MySQL and Redis killed": (
        both_killed,
        {"score": {"fresh", "stale"}, "estate": {"fresh", "stale"} | AWAY, "items": AWAY, "write": AWAY},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_servers(house: House, watcher: Watcher, fault: str) -> None:
    inflict, allowed = FAULTS[fault]
    before = watcher.count()
    heal = inflict(house)
    try:
        # A paused server is found away by a ping that takes two seconds, and whoever asked before waits for his deadline.
        seen = watcher.watch(6.0 if fault == "MySQL paused" else 2.5)
    finally:
        heal()
    until(watcher.is_well, WELL_AGAIN)
    assert set(seen.answers) == set(allowed)
    for question, answers in seen.answers.items():
        assert answers <= allowed[question], (question, answers)
    assert seen.slowest < PATIENCE
    # What was said to be written was, and nothing else but what nobody could be told about.
    assert watcher.count() >= before + seen.created
    assert watcher.client.child.exit_code is None
    # The worker is at work again as well.
    asked = watcher.ask("mutation { refreshEstate { id } }")[1]["refreshEstate"]["id"]
    until(lambda: watcher.is_done(asked))


# ---- the key set


class KeyServer:
    """A key set over real HTTP, which can be gone, slow or wrong."""

    def __init__(self, signer: Signer) -> None:
        self.body = json.dumps({"keys": [signer.jwk()]}).encode()
        self.right = self.body
        self.delay = 0.0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                time.sleep(outer.delay)
                with suppress(BrokenPipeError):  # whoever asked has given up
                    self.send_response(200)
                    self.send_header("content-length", str(len(outer.body)))
                    self.end_headers()
                    self.wfile.write(outer.body)

            def log_message(self, *_: Any) -> None: ...

        self._handler = Handler
        self.port = 0
        self.start()

    def start(self) -> None:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self._handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def keys_gone(keys: KeyServer) -> Callable[[], None]:
    keys.stop()
    return keys.start


def keys_slow(keys: KeyServer) -> Callable[[], None]:
    keys.delay = 8.0

    def heal() -> None:
        keys.delay = 0.0

    return heal


def keys_wrong(keys: KeyServer) -> Callable[[], None]:
    keys.body = b'{"keys": [{"kty": "oct", "k": "AAAA"}, 5, null]}'

    def heal() -> None:
        keys.body = keys.right

    return heal


@pytest.mark.parametrize("inflict", [keys_gone, keys_slow, keys_wrong])
def test_the_key_set(house: House, signer: Signer, inflict: Callable[[KeyServer], Callable[[], None]]) -> None:
    keys = KeyServer(signer)
    try:
        url = f"http://127.0.0.1:{keys.port}/keys"
        warm = Watcher(house.serve(JWT_JWKS_URL=url), signer)
        until(lambda: warm.ask("{ __typename }")[0] == "ok")
        heal = inflict(keys)
        cold = Watcher(house.serve(JWT_JWKS_URL=url), signer)
        until(lambda: not warm.ask("{ __typename }", signer.token(sub="new"))[0].startswith(OUTSIDE))
        # Who has the keys goes on with them, with tokens it has never seen too; who made one up is not waited for.
        for token, expected in (
            (signer.token(sub="another"), "ok"),
            (signer.token(header={"kid": "made-up"}), "HTTP 401"),
            (Signer.generate().token(), "HTTP 401"),
        ):
            kind, _, seconds = warm.ask("{ __typename }", token)
            assert (kind, seconds < PATIENCE) == (expected, True)
        # Who never had them says to come back, and does not guess.
        until(lambda: not cold.ask("{ __typename }")[0].startswith(OUTSIDE))
        for token in (signer.token(), Signer.generate().token()):
            kind, _, seconds = cold.ask("{ __typename }", token)
            assert (kind, seconds < PATIENCE) == ("HTTP 503", True)
        heal()
        until(lambda: cold.ask("{ __typename }")[0] == "ok", WELL_AGAIN)
        for each in (warm, cold):
            each.client.child.terminate(10)
            assert each.client.child.exit_code == 0
    finally:
        keys.stop()


# ---- the machine


def test_a_log_that_cannot_be_written(house: House, signer: Signer) -> None:
    healthy = house.serve()
    full = house.start(
        "-c",
        "import os, runpy, sys; os.dup2(os.open('/dev/full', os.O_WRONLY), 1);"
        "sys.argv = ['thirdeye', 'serve']; runpy.run_module('thirdeye', run_name='__main__')",
        name="full",
        THIRDEYE_PORT=str(healthy.port + 1),
    )
    client = Client(healthy.port + 1, signer.token(), full)
    for each in (healthy, client):
        until(each.ready)
    watcher = Watcher(client, signer)
    until(watcher.is_well)
    seen = watcher.watch(1.0)
    assert seen.answers == {"score": {"fresh"}, "estate": {"fresh"}, "items": {"ok"}, "write": {"ok"}}
    assert watcher.ask("{ nope }")[0] == "GRAPHQL_VALIDATION_FAILED"
    assert watcher.ask("{ __typename }", "x.y.z")[0] == "HTTP 401"
    assert full.exit_code is None
    for child in (healthy.child, full):
        child.kill()
