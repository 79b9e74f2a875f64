"""Traces in a real collector: of a request through a real API, its statements, and the refresh of a real worker."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support import PATIENCE, ROOT
from tests.support.collector import Collector, Told
from tests.support.deployment import Client, Deployment, process_environment
from tests.support.upstreams import hang, status
from tests.support.waiting import wait_for
from thirdeye.local.processes import Child
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TABLES = "{ tables(first: 20) { edges { node { fqn } } } }"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[Deployment]:
    made = Deployment(tmp_path_factory.mktemp("traces"), signer)
    yield made
    made.stop()


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.stop()


def lines_of(child: Child) -> list[dict[str, Any]]:
    return [json.loads(line) for line in child.log.read_text().splitlines() if line.startswith("{")]


def metric(client: Client, line: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{client.port}/metrics") as answer:
        values = [each.rpartition(" ")[2] for each in answer.read().decode().splitlines() if each.startswith(line)]
    return float(values[0]) if values else 0.0


def ancestors(span: Told, spans: list[Told]) -> list[str]:
    """The names of the spans that a span is within, from the inside."""
    by_id = {each.id: each for each in spans}
    names = []
    while span.parent in by_id:
        span = by_id[span.parent]
        names.append(span.name)
    return names


def test_a_request_its_statements_and_the_refresh_that_it_asks_for(
    deployment: Deployment, collector: Collector
) -> None:
    client = deployment.serve(10, **collector.environment(OTEL_EXPORTER_OTLP_HEADERS="x-key=a%20secret"))
    worker = deployment.start_waiting_worker(**collector.environment(OTEL_SERVICE_NAME="thirdeye-worker"))
    client.wait_until_ready()
    wait_for(lambda: any(line["event"] == "worker_started" for line in lines_of(worker)), saying=worker.log_end)
    request = "mutation { refreshEstate(full: true) { id } }"
    answer = client.ask(request, traceparent=f"00-{TRACE}-{CALLER}-01")
    assert "errors" not in answer, answer
    wait_for(lambda: any(span.name == "refresh_estate" for span in collector.spans(TRACE)), saying=deployment.log_ends)
    spans = collector.spans(TRACE)
    (served,) = [span for span in spans if span.kind == "SERVER"]
    assert (served.name, served.parent, served.service) == ("POST /api/v1/thirdeye/graphql", CALLER, "thirdeye")
    known = ("http.request.method", "http.route", "http.response.status_code", "thirdeye.operation")
    assert [served.attributes[name] for name in known] == ["POST", "/api/v1/thirdeye/graphql", 200, "adhoc"]
    (job,) = [span for span in spans if span.kind == "CONSUMER"]
    assert ancestors(job, spans) == ["queue refresh_estate", served.name]
    assert (job.attributes["thirdeye.job.outcome"], job.service) == ("refreshed", "thirdeye-worker")
    statements = [span for span in spans if span.kind == "CLIENT" and span.attributes["db.system.name"] == "mysql"]
    asked = [span for span in statements if ancestors(span, spans) == [served.name]]
    assert {span.attributes["code.function.name"] for span in asked} >= {"thirdeye.estate.store.request_run"}
    phases = [span for span in spans if span.name.startswith("phase ")]
    assert {"phase TABLES", "phase RULES", "phase PUBLISHING"} <= {phase.name for phase in phases}
    assert {tuple(ancestors(phase, spans)) for phase in phases} == {
        ("refresh", "refresh_estate", "queue refresh_estate", served.name)
    }
    read = [span for span in statements if ancestors(span, spans)[:1] == ["phase TABLES"]]
    assert {span.attributes["db.namespace"] for span in read} == {"openmetadata", "thirdeye"}
    assert any(span.attributes["db.response.returned_rows"] > 10 for span in read)
    # Both processes' lines lead to the trace.
    (line,) = [line for line in lines_of(client.child) if line["event"] == "request" and line.get("trace_id") == TRACE]
    assert (line["request_id"], line["status"]) == (served.attributes["thirdeye.request_id"], 200)
    assert {line["event"] for line in lines_of(worker) if line.get("trace_id") == TRACE} >= {"refresh", "refreshed"}
    # What rows hold and what is secret stays here: the batches hold no name of a table and no token.
    told = b"".join(request.body for request in collector.upstream.requests)
    names = [edge["node"]["fqn"].rpartition(".")[2] for edge in client.ask(TABLES)["data"]["tables"]["edges"]]
    # A shorter one may stand there by chance.
    tables = [name for name in names if len(name) >= 8]
    assert len(tables) >= 3
    secrets = [*tables, deployment.signer.token(), "a secret", "te-password"]
    assert [each for each in secrets if each.encode() in told] == []
    # The API's batches have its header; the worker was given none.
    assert {tuple(batch.headers.get("x-key", ())) for batch in collector.upstream.requests} == {("a secret",), ()}


def test_what_names_no_trace_begins_one_and_probes_have_none(deployment: Deployment, collector: Collector) -> None:
    client = deployment.serve(10, **collector.environment())
    client.wait_until_ready()
    bad = [
        "zz",
        "00-zz-1-01",
        f"00-{TRACE}-{CALLER}",
        f"ff-{TRACE}-{CALLER}-01",
        f"00-{'0' * 32}-{CALLER}-01",
        "0" * 900,
    ]
    for header in bad:
        assert "errors" not in client.ask("{ actionItems { totalCount } }", traceparent=header)
    wait_for(lambda: len([span for span in collector.spans() if span.kind == "SERVER"]) >= len(bad))
    served = [span for span in collector.spans() if span.kind == "SERVER"]
    # A probe before `actionItems` asked for health.
    assert {span.name for span in served} == {"POST /api/v1/thirdeye/graphql"}
    assert len({span.trace for span in served} - {TRACE, "0" * 32}) == len(bad)
    assert {span.parent for span in served} == {""}
    # Not sampled by the caller: not told, though its lines carry the id.
    client.ask("{ actionItems { totalCount } }", traceparent=f"00-{TRACE}-{CALLER}-00")
    client.ask("{ actionItems { totalCount } }", traceparent=f"00-{'a' * 32}-{CALLER}-01")
    wait_for(lambda: bool(collector.spans("a" * 32)))
    assert collector.spans(TRACE) == []
    assert [line["status"] for line in lines_of(client.child) if line.get("trace_id") == TRACE] == [200]


@pytest.mark.parametrize(
    "behaviours", [[status(503), status(400), hang], [None]], ids=["answers wrong, then hangs", "is away"]
)
def test_a_collector_that_takes_nothing_harms_no_request(deployment: Deployment, behaviours: list[Any]) -> None:
    collector = Collector(behaviours[0] or hang)
    try:
        if behaviours == [None]:
            collector.stop()
        client = deployment.serve(10, **collector.environment())
        client.wait_until_ready()
        for behave in behaviours:
            collector.upstream.behave = behave
            refused = metric(client, 'thirdeye_spans_total{outcome="refused"}')
            for _ in range(5):
                assert "errors" not in client.ask("{ actionItems { totalCount } }")
            wait_for(lambda least=refused: metric(client, 'thirdeye_spans_total{outcome="refused"}') > least)
        assert metric(client, 'thirdeye_spans_total{outcome="sent"}') == 0
        (line,) = [line for line in lines_of(client.child) if line["event"] == "traces_not_taken"]
        assert line["collector"] == collector.endpoint
        # It also ends in order while the last of them lasts.
        client.child.terminate(PATIENCE)
        assert client.child.exit_code == 0, client.child.log_end()
    finally:
        collector.stop()


def test_without_a_collector_opentelemetry_is_not_imported(make_settings: Callable[..., Settings]) -> None:
    code = """
import asyncio, sys
import thirdeye.app, thirdeye.cli, worker.jobs
from thirdeye.settings import process_settings

app = thirdeye.app.create_app(process_settings())

async def main():
    async with app.router.lifespan_context(app):
        pass

asyncio.run(main())
print([name for name in sys.modules if "opentelemetry" in name or "protobuf" in name])
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=process_environment(make_settings()),
    )
    assert done.stdout.splitlines()[-1] == "[]"
