"""The gateway before real processes: what they answer comes through it, nothing is done twice, and restarts show nowhere."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support import PATIENCE
from tests.support.api import GRAPHQL
from tests.support.deployment import RUN_PROCESS, Client, Deployment
from tests.support.gateway import Answer, Gateway, ask
from tests.support.upstreams import Exchange, Upstream, openmetadata
from tests.support.waiting import wait_for
from thirdeye.local.servers import free_port
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]
ITEMS = "/api/v1/thirdeye/action-items"


class Site:
    """ThirdEye's servers, a worker, two API processes, an OpenMetadata, and the gateway before them."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self.deployment = Deployment(folder, signer, measured=False)
        self.token = f"Bearer {signer.token()}"
        self.folder = folder
        self.openmetadata = Upstream(openmetadata)
        self.gateways: list[Gateway] = []
        try:
            self.worker = self.deployment.start_worker()
            self.apis = [self.start_api(free_port()) for _ in range(2)]
            for api in self.apis:
                api.wait_until_ready()
            self.deployment.wait_for_scores(1)
            self.gateway = self.start_gateway(*(f"127.0.0.1:{api.port}" for api in self.apis))
        except BaseException:
            self.stop()
            raise

    def start_api(self, port: int) -> Client:
        clock = str(self.deployment.clock)
        child = self.deployment.start(RUN_PROCESS, "api", clock, name="api", THIRDEYE_PORT=str(port))
        return Client(port, self.token.removeprefix("Bearer "), child)

    def start_gateway(self, *instances: str, **settings: str) -> Gateway:
        folder = self.folder / f"gateway-{len(self.gateways)}"
        own = {"openmetadata": self.openmetadata.address, "thirdeye": " ".join(instances), **settings}
        self.gateways.append(Gateway(folder, **own))
        return self.gateways[-1]

    def ask(
        self, method: str, path: str, body: Any = None, *, gateway: Gateway | None = None, **headers: str
    ) -> Answer:
        """An answer through the gateway, with a token."""
        raw = None if body is None else json.dumps(body).encode()
        sent = {"Authorization": self.token, "Content_Type": "application/json", **headers}
        return (gateway or self.gateway).ask(method, path, raw, **sent)

    def operation(self, name: str, *, gateway: Gateway | None = None, key: str = "", **variables: Any) -> Answer:
        headers = {"X_OM_Operation_Id": name, **({"Idempotency_Key": key} if key else {})}
        return self.ask("POST", GRAPHQL, {"variables": variables}, gateway=gateway, **headers)

    def items(self, title: str) -> int:
        """How many action items with this title the database holds."""
        with self.deployment.mariadb.connect("thirdeye") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM action_items WHERE title = %s", (title,))
            return int(cursor.fetchone()[0])

    def stop(self) -> None:
        for gateway in self.gateways:
            gateway.stop()
        self.openmetadata.stop()
        self.deployment.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("gateway"), signer)
    yield made
    made.stop()


def test_everything_comes_through_one_address(site: Site) -> None:
    assert site.gateway.ask("GET", "/api/v1/system/version").json["version"] == "1.6.1"
    assert site.gateway.ask("GET", "/api/v1/thirdeye/health").json == {"status": "ok"}
    assert site.gateway.ask("GET", "/api/v1/thirdeye/health/ready").json["degraded"] == []
    assert site.ask("POST", GRAPHQL, {"query": "{ ziScore { score } }"}).json["data"]["ziScore"]["score"] > 0
    assert site.operation("get_zi_score").json["data"]["ziScore"]["metadata"]["totalTables"] > 0
    assert site.ask("GET", "/api/v1/thirdeye/dashboard/zi-score").json["score"] > 0
    created = site.ask("POST", ITEMS, {"title": "through the gateway"})
    assert created.status == 201
    where = created.headers["location"]
    tag = site.ask("GET", where).headers["etag"]
    assert site.ask("PATCH", where, {"status": "IN_PROGRESS"}, If_Match=tag).status == 200
    assert site.ask("PATCH", where, {"status": "DONE"}, If_Match=tag).status == 412
    by_get = f"{GRAPHQL}?documentId=list_storage_prices"
    tag = site.ask("GET", by_get, Accept="application/json").headers["etag"]
    assert site.ask("GET", by_get, Accept="application/json", If_None_Match=tag).status == 304
    assert site.ask("DELETE", where).status == 204
    assert site.items("through the gateway") == 0
    refused = site.gateway.ask("POST", GRAPHQL, b"{}", Content_Type="application/json", X_Request_Id="r-3")
    assert (refused.status, refused.json["code"], refused.headers["x-request-id"]) == (401, 401, "r-3")


def test_both_instances_are_asked(site: Site) -> None:
    asked = len(site.gateway.log())
    for _ in range(6):
        site.operation("get_zi_score")
    wait_for(lambda: len(site.gateway.log()) >= asked + 6)
    assert {line["to"] for line in site.gateway.log()[asked:]} >= {f"127.0.0.1:{api.port}" for api in site.apis}


def test_an_export_is_whole_and_the_same(site: Site) -> None:
    total = site.ask("POST", GRAPHQL, {"query": "{ tables { totalCount } }"}).json["data"]["tables"]["totalCount"]
    path = "/api/v1/thirdeye/tables.jsonl?sortBy=name"
    answer = site.ask("GET", path)
    assert answer.body.count(b"\n") == total > 10
    assert answer.body == ask(site.apis[0].port, "GET", path, headers={"Authorization": site.token}).body


def test_metrics_are_not_there(site: Site) -> None:
    for path in (
        "/metrics",
        "/api/v1/thirdeye/metrics",
        "/api/v1/thirdeye/../../../metrics",
        "/api/v1/thirdeye/%2e%2e/%2e%2e/%2e%2e/metrics",
    ):
        assert b"thirdeye_" not in site.ask("GET", path).body
    assert b"thirdeye_" in ask(site.apis[0].port, "GET", "/metrics").body


@pytest.mark.parametrize(("key", "status"), [("once", 200), ("", 503)])
def test_what_was_done_without_an_answer_is_not_done_again(site: Site, key: str, status: int) -> None:
    """Instances that do their work and die before they say so."""
    api = site.apis[0].port

    def do_and_die(exchange: Exchange) -> None:
        request = exchange.request
        headers = {name: values[0] for name, values in request.headers.items() if name != "connection"}
        answer = ask(api, request.method, request.target, request.body, headers)
        if request is not done.requests[0]:
            exchange.answer(answer.status, answer.body)

    done = Upstream(do_and_die)
    try:
        gateway = site.start_gateway(done.address)
        title = f"done once, key {key!r}"
        answer = site.operation("create_action_item", gateway=gateway, key=key, title=title)
        assert (answer.status, len(done.requests)) == (status, 2 if key else 1)
        assert site.items(title) == 1
        if key:
            assert answer.json["data"]["createActionItem"]["title"] == title
    finally:
        done.stop()


@dataclass
class Load:
    """Callers that go on until they are told to stop."""

    site: Site
    gateway: Gateway
    failures: list[tuple[str, int, bytes]] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def rounds(self) -> int:
        return len(self.asked)

    def run(self, caller: int, over: threading.Event) -> None:
        number = 0
        while not over.is_set():
            number += 1
            title = f"under load {caller} {number}"
            answers = {
                "health": self.gateway.ask("GET", "/api/v1/thirdeye/health"),
                "query": self.site.operation("get_zi_score", gateway=self.gateway),
                "rest": self.site.ask("GET", f"{ITEMS}?limit=5", gateway=self.gateway),
                "mutation": self.site.operation("create_action_item", gateway=self.gateway, key=title, title=title),
            }
            self.failures += [
                (name, answer.status, answer.body) for name, answer in answers.items() if answer.status != 200
            ]
            if answers["mutation"].status == 200 and "errors" not in answers["mutation"].json:
                self.confirmed.append(title)
            self.asked.append(title)


def test_a_rolling_restart_under_load_shows_nowhere(site: Site) -> None:
    gateway = site.start_gateway(*(f"127.0.0.1:{api.port}" for api in site.apis), pause="1s")
    load, over = Load(site, gateway), threading.Event()
    callers = [threading.Thread(target=load.run, args=(number, over)) for number in range(3)]
    for caller in callers:
        caller.start()
    try:
        for number, api in enumerate(site.apis):
            rounds = load.rounds
            wait_for(lambda rounds=rounds: load.rounds > rounds + 3)
            api.child.terminate(PATIENCE)
            seen = len(gateway.log())
            wait_for(lambda rounds=load.rounds: load.rounds > rounds + 3)
            site.apis[number] = site.start_api(api.port)
            site.apis[number].wait_until_ready()
            # Only once it gets requests again may the next one go.
            wait_for(
                lambda seen=seen, port=api.port: answers_again(gateway, seen, port), saying=site.deployment.log_ends
            )
        site.worker.terminate(PATIENCE)
        site.worker = site.deployment.start_worker()
        wait_for(lambda rounds=load.rounds: load.rounds > rounds + 3)
    finally:
        over.set()
        for caller in callers:
            caller.join(PATIENCE)
    assert load.failures == []
    assert sorted(load.confirmed) == sorted(load.asked)
    assert {site.items(title) for title in load.confirmed} == {1}
    # Something did fail on the way, or the test shows nothing.
    assert [line for line in gateway.log() if "," in line["answers"]] != []


def answers_again(gateway: Gateway, seen: int, port: int) -> bool:
    """Whether an instance has answered since so many lines of the log."""
    return any(line["to"].endswith(f":{port}") and line["answers"].endswith("200") for line in gateway.log()[seen:])
