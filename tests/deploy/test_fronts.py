"""The gateway, and OpenMetadata's own resource, before real processes.

What these answer comes through, nothing is done twice, and restarts show nowhere.
"""

import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from tests.support import PATIENCE
from tests.support.api import GRAPHQL
from tests.support.fronts import Front, ask
from tests.support.gateway import Gateway
from tests.support.site import ITEMS, Kind, Load, Site
from tests.support.upstreams import Exchange, Upstream
from tests.support.waiting import wait_for
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"), signer)
    yield made
    made.stop()


@pytest.fixture(scope="module", params=["gateway", "resource"])
def kind(request: pytest.FixtureRequest) -> Kind:
    made: Kind = request.param
    return made


@pytest.fixture(scope="module")
def front(site: Site, kind: Kind) -> Front:
    """Before both instances."""
    return site.start_front(kind, *site.instances)


def test_everything_comes_through_one_address(site: Site, front: Front) -> None:
    assert front.ask("GET", "/api/v1/thirdeye/health").json == {"status": "ok"}
    assert front.ask("GET", "/api/v1/thirdeye/health/ready").json["degraded"] == []
    assert site.ask(front, "POST", GRAPHQL, {"query": "{ ziScore { score } }"}).json["data"]["ziScore"]["score"] > 0
    assert site.operation(front, "get_zi_score").json["data"]["ziScore"]["metadata"]["totalTables"] > 0
    assert site.ask(front, "GET", "/api/v1/thirdeye/dashboard/zi-score").json["score"] > 0
    created = site.ask(front, "POST", ITEMS, {"title": "through one address"})
    assert created.status == 201
    # Jersey makes a whole address of it.
    where = urlsplit(created.headers["location"]).path
    tag = site.ask(front, "GET", where).headers["etag"]
    assert site.ask(front, "PATCH", where, {"status": "IN_PROGRESS"}, If_Match=tag).status == 200
    assert site.ask(front, "PATCH", where, {"status": "DONE"}, If_Match=tag).status == 412
    by_get = f"{GRAPHQL}?documentId=list_storage_prices"
    tag = site.ask(front, "GET", by_get, Accept="application/json").headers["etag"]
    assert site.ask(front, "GET", by_get, Accept="application/json", If_None_Match=tag).status == 304
    assert site.ask(front, "DELETE", where).status == 204
    assert site.items("through one address") == 0
    refused = front.ask("POST", GRAPHQL, b"{}", Content_Type="application/json", X_Request_Id="r-3")
    assert (refused.status, refused.json["code"], refused.headers["x-request-id"]) == (401, 401, "r-3")


def test_the_gateway_has_openmetadata_too_and_asks_both_instances(site: Site) -> None:
    gateway = site.start_front("gateway", *site.instances)
    assert isinstance(gateway, Gateway)
    assert gateway.ask("GET", "/api/v1/system/version").json["version"] == "1.6.1"
    for _ in range(6):
        site.operation(gateway, "get_zi_score")
    wait_for(lambda: len(gateway.log()) >= 6)
    assert {line["to"] for line in gateway.log()} == set(site.instances)


def test_an_export_is_whole_and_the_same(site: Site, front: Front) -> None:
    query = {"query": "{ tables { totalCount } }"}
    total = site.ask(front, "POST", GRAPHQL, query).json["data"]["tables"]["totalCount"]
    path = "/api/v1/thirdeye/tables.jsonl?sortBy=name"
    answer = site.ask(front, "GET", path)
    assert answer.body.count(b"\n") == total > 10
    assert answer.body == ask(site.apis[0].port, "GET", path, headers={"Authorization": site.token}).body


def test_metrics_are_not_there(site: Site, front: Front) -> None:
    for path in (
        "/metrics",
        "/api/v1/thirdeye/metrics",
        "/api/v1/thirdeye/../../../metrics",
        "/api/v1/thirdeye/%2e%2e/%2e%2e/%2e%2e/metrics",
    ):
        assert b"thirdeye_" not in site.ask(front, "GET", path).body
    assert b"thirdeye_" in ask(site.apis[0].port, "GET", "/metrics").body


@pytest.mark.parametrize(("key", "status"), [("once", 200), ("", 503)])
def test_what_was_done_without_an_answer_is_not_done_again(site: Site, kind: Kind, key: str, status: int) -> None:
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
        front = site.start_front(kind, done.address)
        title = f"done once through the {kind}, key {key!r}"
        answer = site.operation(front, "create_action_item", key=key and f"{kind} {key}", title=title)
        assert (answer.status, len(done.requests)) == (status, 2 if key else 1)
        assert site.items(title) == 1
        if key:
            assert answer.json["data"]["createActionItem"]["title"] == title
    finally:
        done.stop()


def test_a_rolling_restart_under_load_shows_nowhere(site: Site, kind: Kind) -> None:
    front = site.start_front(kind, *site.instances, pause="1s")
    load, over = Load(site, front), threading.Event()
    callers = [threading.Thread(target=load.run, args=(number, over)) for number in range(3)]
    for caller in callers:
        caller.start()
    try:
        for number, api in enumerate(site.apis):
            goes_on(load)
            api.child.terminate(PATIENCE)
            takes_part = taking_part(front, api.port)
            goes_on(load)
            site.apis[number] = site.start_api(api.port)
            site.apis[number].wait_until_ready()
            # Only then may the next one go.
            wait_for(takes_part, saying=site.deployment.log_ends)
        site.worker.terminate(PATIENCE)
        site.worker = site.deployment.start_worker()
        goes_on(load)
    finally:
        over.set()
        for caller in callers:
            caller.join(PATIENCE)
    assert load.failures == []
    assert sorted(load.confirmed) == sorted(load.asked)
    assert {site.items(title) for title in load.confirmed} == {1}
    # Something did fail on the way, or the test shows nothing.
    assert front.has_repeated()


def goes_on(load: Load) -> None:
    """Until callers have been answered a few times more."""
    rounds = load.rounds
    wait_for(lambda: load.rounds > rounds + 3)


def taking_part(front: Front, port: int) -> Callable[[], bool]:
    """Tells whether an instance gets requests again: nginx leaves one alone for a while, a balancer asks it at once."""
    if not isinstance(front, Gateway):
        return lambda: True
    seen = len(front.log())
    return lambda: any(
        line["to"].endswith(f":{port}") and line["answers"].endswith("200") for line in front.log()[seen:]
    )
