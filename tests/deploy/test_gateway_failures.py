"""The gateway before instances that fail: what the caller gets, and how often an instance is asked. Nothing real behind it."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import PATIENCE
from tests.support.fronts import ask
from tests.support.gateway import Gateway
from tests.support.upstreams import (
    Behaviour,
    Exchange,
    Upstream,
    close,
    half_a_body,
    half_a_head,
    hang,
    no_header,
    openmetadata,
    reset,
    slow,
    sound,
    status,
)
from tests.support.waiting import wait_for
from thirdeye.local.servers import free_port

GRAPHQL = "/api/v1/thirdeye/graphql"
HEALTH = "/api/v1/thirdeye/health"
# Instances that let the gateway wait are given up soon. Any other answers, however slow this machine is.
HANGING = {hang, slow, half_a_head, half_a_body}
SHORT = {"connect_timeout": "400ms", "read_timeout": "400ms"}
PATIENT = {"connect_timeout": "60s", "read_timeout": "60s"}
KEY = {"Idempotency_Key": "k1"}
QUERY = {"X_OM_Operation_Id": "get_zi_score"}
MUTATION = {"X_OM_Operation_Id": "create_action_item"}


class Scene:
    """A gateway, the instances behind it and an OpenMetadata."""

    def __init__(self, folder: Path, *behaviours: Behaviour, **settings: str) -> None:
        self.openmetadata = Upstream(openmetadata)
        self.instances = [Upstream(behave) for behave in behaviours]
        # Where nobody listens.
        instances = [instance.address for instance in self.instances] or [f"127.0.0.1:{free_port()}" for _ in range(2)]
        limits = SHORT if HANGING & {*behaviours} else PATIENT
        own = {"openmetadata": self.openmetadata.address, "thirdeye": " ".join(instances), "failures": "1000", **limits}
        self.gateway = Gateway(folder, **{**own, **settings})

    @property
    def asked(self) -> int:
        return sum(len(instance.requests) for instance in self.instances)

    def stop(self) -> None:
        self.gateway.stop()
        for each in (self.openmetadata, *self.instances):
            each.stop()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    made: list[Scene] = []

    def make(*behaviours: Behaviour, **settings: str) -> Scene:
        made.append(Scene(tmp_path / f"gateway-{len(made)}", *behaviours, **settings))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.mark.parametrize("failure", [None, close, reset, hang, slow, half_a_head, no_header, status(500)])
def test_each_failure_gets_the_agreed_answer(scene: Callable[..., Scene], failure: Behaviour | None) -> None:
    made = scene(*[failure] * 2 if failure else [])
    for method, path, headers in (
        ("GET", HEALTH, {}),
        ("POST", GRAPHQL, {}),
        ("POST", GRAPHQL, KEY),
        ("DELETE", "/api/v1/thirdeye/action-items/1", {}),
        ("GET", "/api/v1/thirdeye/tables.csv", {}),
    ):
        before = time.time()
        answer = made.gateway.ask(method, path, b"{}" if method == "POST" else None, X_Request_Id="r-1", **headers)
        assert (answer.status, answer.headers["content-type"]) == (503, "application/json")
        assert list(answer.json) == ["code", "message", "timestamp"]
        assert (answer.json["code"], answer.json["message"]) == (503, "ThirdEye unavailable")
        # Milliseconds, by the clock of this machine.
        assert before * 1000 - 1000 <= answer.json["timestamp"] <= time.time() * 1000 + 1000
        assert (answer.headers["x-request-id"], answer.headers["cache-control"]) == ("r-1", "no-store")
        # From ThirdEye it means that nothing was done, and the page asks again, whatever it was.
        assert "retry-after" not in answer.headers


@pytest.mark.parametrize(
    ("failure", "method", "path", "headers", "attempts"),
    [
        (close, "GET", HEALTH, {}, 2),
        (close, "HEAD", HEALTH, {}, 2),
        (reset, "GET", HEALTH, {}, 2),
        (no_header, "GET", HEALTH, {}, 2),
        (close, "GET", "/api/v1/thirdeye/tables.csv?zombie=true", {}, 2),
        (close, "POST", GRAPHQL, QUERY, 2),
        (close, "POST", GRAPHQL, KEY, 2),
        (close, "POST", "/api/v1/thirdeye/action-items", KEY, 2),
        (close, "DELETE", "/api/v1/thirdeye/action-items/1", KEY, 2),
        # What may have been done, although nobody said so.
        (close, "POST", GRAPHQL, {}, 1),
        (close, "POST", GRAPHQL, MUTATION, 1),
        (close, "POST", GRAPHQL, {"Idempotency_Key": ""}, 1),
        (close, "POST", "/api/v1/thirdeye/action-items", QUERY, 1),
        (close, "POST", f"{GRAPHQL}%20yes%20plain", {}, 1),
        (close, "PATCH", "/api/v1/thirdeye/action-items/1", {}, 1),
        (close, "PUT", "/api/v1/thirdeye/action-items/1", {}, 1),
        (close, "DELETE", "/api/v1/thirdeye/action-items/1", {}, 1),
        (reset, "POST", GRAPHQL, {}, 1),
        # What hung once.
        (hang, "GET", HEALTH, {}, 1),
        (slow, "GET", HEALTH, {}, 1),
        (hang, "GET", "/api/v1/thirdeye/tables.csv", {}, 1),
        (hang, "POST", GRAPHQL, QUERY, 1),
        (hang, "POST", GRAPHQL, KEY, 1),
        (hang, "POST", GRAPHQL, {}, 1),
        # A defect is no reason to run into it again; an instance that stops says 503.
        (status(500), "GET", HEALTH, {}, 1),
        (status(503), "GET", HEALTH, {}, 2),
        (status(503), "POST", GRAPHQL, QUERY, 2),
        (status(503), "POST", GRAPHQL, {}, 1),
        (status(503), "GET", "/api/v1/thirdeye/tables.csv", {}, 2),
        (status(404), "GET", HEALTH, {}, 1),
    ],
)  # fmt: skip
def test_a_request_is_repeated_once_and_only_where_that_is_safe(
    scene: Callable[..., Scene], failure: Behaviour, method: str, path: str, headers: dict[str, str], attempts: int
) -> None:
    made = scene(failure, failure)
    made.gateway.ask(method, path, b'{"a":1}' if method in {"POST", "PATCH"} else None, **headers)
    assert made.asked == attempts
    assert {request.body for instance in made.instances for request in instance.requests} in ({b'{"a":1}'}, {b""})


def test_one_instance_is_asked_again(scene: Callable[..., Scene]) -> None:
    made = scene(close)
    made.gateway.ask("GET", HEALTH)
    assert made.asked == 2


@pytest.mark.parametrize(
    ("failure", "method", "headers"), [(close, "GET", {}), (status(503), "POST", QUERY), (reset, "POST", KEY)]
)
def test_the_second_instance_answers_for_the_first(
    scene: Callable[..., Scene], failure: Behaviour, method: str, headers: dict[str, str]
) -> None:
    made = scene(failure, sound)
    for _ in range(4):
        answer = made.gateway.ask(method, GRAPHQL, b"{}", **headers)
        assert (answer.status, answer.body) == (200, b'{"ok":true}')
    assert made.instances[0].requests != []


def test_what_was_never_sent_goes_elsewhere_whatever_it_is(scene: Callable[..., Scene]) -> None:
    alive = scene(sound)
    made = scene(thirdeye=f"127.0.0.1:{free_port()} {alive.instances[0].address}")
    assert {made.gateway.ask("POST", GRAPHQL, b"{}").status for _ in range(4)} == {200}
    assert len(alive.instances[0].requests) == 4
    wait_for(lambda: "502, 200" in {line["answers"] for line in made.gateway.log()}, saying=made.gateway.log)


@pytest.mark.parametrize("code", [503, 501, 429, 404, 401])
def test_what_thirdeye_says_itself_is_passed_on(scene: Callable[..., Scene], code: int) -> None:
    answer = scene(status(code), status(code)).gateway.ask("POST", GRAPHQL, b"{}")
    assert (answer.status, answer.json["message"]) == (code, "its own")


def test_an_answer_that_breaks_off_is_seen_to_be_broken(scene: Callable[..., Scene]) -> None:
    """Its head is gone already: no 503 can be given, but nobody may take the half for the whole."""
    made = scene(half_a_body, half_a_body)
    for path in (HEALTH, "/api/v1/thirdeye/tables.csv"):
        with pytest.raises(http.client.IncompleteRead):
            made.gateway.ask("GET", path)
    assert made.asked == 2


def test_an_instance_that_fails_is_left_alone(scene: Callable[..., Scene]) -> None:
    made = scene(hang, hang, failures="2", pause="60m")
    for _ in range(8):
        assert made.gateway.ask("GET", HEALTH).json["message"] == "ThirdEye unavailable"
    # Twice each; the others of the eight were answered without asking anybody.
    assert made.asked == 4


def test_an_export_comes_as_it_is_made(scene: Callable[..., Scene]) -> None:
    read = threading.Event()

    def in_two_parts(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 X\r\ncontent-type: text/csv\r\ncontent-length: 6\r\n\r\none")
        if read.wait(PATIENCE):
            exchange.send(b"two")

    made = scene(in_two_parts, read_timeout="60s")
    connection = http.client.HTTPConnection("127.0.0.1", made.gateway.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/api/v1/thirdeye/tables.csv")
        with connection.getresponse() as response:
            # The second half is made only after the first has been read here.
            assert response.read(3) == b"one"
            read.set()
            assert response.read() == b"two"
    finally:
        read.set()
        connection.close()


# ---- headers

FORWARDED = {
    "Authorization": f"Bearer {'a' * 16_000}",
    "X-OM-Operation-Id": "get_zi_score",
    "Idempotency-Key": "one two",
    "X-Request-Id": "r-17",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate": "a=b",
    "If-Match": '"3"',
    "If-None-Match": 'W/"4"',
    "Accept": "application/graphql-response+json",
    "Content-Type": "application/json",
    "Origin": "https://elsewhere.example",
}
DROPPED = {
    "X-Forwarded-User": "admin",
    "X-Forwarded-Email": "admin@open-metadata.org",
    "X-Auth-Request-User": "admin",
    "X-Remote-User": "admin",
    "Remote-User": "admin",
    "X-User-Roles": "Admin",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": "for=1.2.3.4",
    "X-Real-IP": "1.2.3.4",
    "Cookie": "session=1",
    "Proxy-Authorization": "Basic eDp5",
    "Keep-Alive": "timeout=5",
    "TE": "trailers",
    "Connection": "keep-alive, X-Private",
    "X-Private": "1",
    "Upgrade": "h2c",
}


def test_headers_that_thirdeye_knows_are_forwarded_and_all_others_dropped(scene: Callable[..., Scene]) -> None:
    made = scene(sound)
    sent = {**FORWARDED, **DROPPED, "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"}
    assert ask(made.gateway.port, "POST", GRAPHQL, b'{"x":1}', sent).status == 200
    (request,) = made.instances[0].requests
    assert {name: request.headers.get(name.lower()) for name in FORWARDED} == {
        name: [value] for name, value in FORWARDED.items()
    }
    assert [name for name in DROPPED if name.lower() in request.headers and name != "Connection"] == []
    assert request.headers.get("connection") in (None, ["close"])
    assert (request.headers["x-forwarded-for"], request.headers["x-forwarded-proto"]) == (["127.0.0.1"], ["http"])
    assert request.body == b'{"x":1}'


def test_a_request_without_an_id_gets_one(scene: Callable[..., Scene]) -> None:
    made = scene(sound)
    made.gateway.ask("GET", HEALTH)
    (request,) = made.instances[0].requests
    assert len(request.headers["x-request-id"][0]) == 32
    assert "authorization" not in request.headers


# ---- routes


@pytest.mark.parametrize(
    ("path", "to_thirdeye"),
    [
        ("/api/v1/thirdeye/health", True),
        ("/api/v1/thirdeye/ui/", True),
        ("/api/v1/thirdeye", True),
        ("/api/v1/%74hirdeye/health", True),
        ("/api/v1/thirdeyes/health", False),
        ("/api/v1/tables", False),
        ("/", False),
        ("/metrics", False),
        ("/health", False),
        ("/api/v1/thirdeye/../../../metrics", False),
        ("/api/v1/thirdeye/..%2f..%2f..%2fmetrics", False),
        ("/api/v1/thirdeye/%2e%2e/%2e%2e/%2e%2e/metrics", False),
        ("//metrics", False),
    ],
)
def test_only_its_own_paths_reach_thirdeye(scene: Callable[..., Scene], path: str, to_thirdeye: bool) -> None:
    made = scene(sound)
    made.gateway.ask("GET", path)
    assert (made.asked, len(made.openmetadata.requests)) == ((1, 0) if to_thirdeye else (0, 1))
    assert (made.instances[0] if to_thirdeye else made.openmetadata).requests[0].target == path


def test_openmetadata_is_asked_as_if_directly(scene: Callable[..., Scene]) -> None:
    made = scene(sound)
    assert made.gateway.ask("GET", "/api/v1/system/version").json["version"] == "1.6.1"
    refused = made.gateway.ask("PUT", "/api/v1/tables", b"x" * 3_000_000, Cookie="s=1", X_Auth_Params_Email="a@b.c")
    assert (refused.status, refused.json["code"]) == (401, 401)
    request = made.openmetadata.requests[-1]
    assert (len(request.body), request.headers["cookie"], request.headers["x-auth-params-email"]) == (
        3_000_000,
        ["s=1"],
        ["a@b.c"],
    )
    with socket.create_connection(("127.0.0.1", made.gateway.port), timeout=PATIENCE) as connection:
        connection.sendall(
            b"GET /api/v1/push/feed HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n"
        )
        answer = b""
        while not answer.endswith(b"hello"):
            answer += connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101")


def test_openmetadata_that_is_away_is_not_said_to_be_thirdeye(scene: Callable[..., Scene]) -> None:
    made = scene(sound, openmetadata=f"127.0.0.1:{free_port()}")
    answer = made.gateway.ask("GET", "/api/v1/tables")
    assert (answer.status, b"ThirdEye" in answer.body) == (502, False)
    assert made.gateway.ask("GET", HEALTH).status == 200


def test_a_body_that_is_a_burden_is_refused_in_the_same_shape(scene: Callable[..., Scene]) -> None:
    made = scene(sound)
    answer = made.gateway.ask("POST", GRAPHQL, b"x" * 2_500_000)
    assert (answer.status, answer.json["code"], made.asked) == (413, 413, 0)
    # Below that ThirdEye itself says what is too large.
    assert made.gateway.ask("POST", GRAPHQL, b"x" * 1_900_000).status == 200


# ---- its own figures


def test_the_gateway_says_what_it_did_and_tells_no_secret(scene: Callable[..., Scene]) -> None:
    made = scene(close, sound)
    for _ in range(2):
        made.gateway.ask("GET", f"{HEALTH}?token=secret", Authorization="Bearer secret", X_Request_Id="r-2")
    wait_for(lambda: len(made.gateway.log()) == 2, saying=made.gateway.log)
    assert "secret" not in json.dumps(made.gateway.log())
    assert {(line["path"], line["request_id"], line["status"], line["retry"]) for line in made.gateway.log()} == {
        (HEALTH, "r-2", 200, "repeat")
    }
    assert "502, 200" in {line["answers"] for line in made.gateway.log()}
    figures = ask(made.gateway.status_port, "GET", "/status")
    assert b"Active connections" in figures.body
    assert ask(made.gateway.status_port, "GET", GRAPHQL).status == 404
    # To the outside that address means nothing.
    made.gateway.ask("GET", "/status")
    assert made.openmetadata.requests[-1].target == "/status"
