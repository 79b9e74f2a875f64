"""Spans without a process around them: what is sampled, what waits, what a statement is called."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.collector import Collector
from tests.support.upstreams import Exchange
from tests.support.waiting import wait_for_async
from thirdeye.app import create_app
from thirdeye.observability.metrics import Metrics
from thirdeye.observability.spans import NO_SPANS, Spans, open_spans, trace_id_source
from thirdeye.observability.traced_requests import TraceMiddleware
from thirdeye.session import Tracer
from thirdeye.settings import Settings, SettingsInvalid, load_settings
from thirdeye.sql_text import statement_family

pytestmark = pytest.mark.anyio
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.stop()


def settings_with(endpoint: str | None, **more: Any) -> Settings:
    return load_settings(
        _env_file=None,
        environment="development",
        jwt_enabled=False,
        otel_exporter_otlp_endpoint=endpoint,
        **more,
    )


def statement_of(spans: Spans) -> Tracer:
    tracer = spans.statements()
    assert tracer is not None
    return tracer


def sent(metrics: Metrics, outcome: str) -> float:
    value = metrics.registry.get_sample_value("thirdeye_spans_total", {"outcome": outcome})
    assert value is not None
    return value


def test_without_a_collector_nothing_is_made() -> None:
    settings = settings_with(None)
    assert open_spans(settings, Metrics()) is NO_SPANS
    assert trace_id_source(settings) is None
    assert NO_SPANS.statements() is None
    assert open_spans(settings_with("http://collector:4318", otel_sdk_disabled=True), Metrics()) is NO_SPANS


@pytest.mark.parametrize("endpoint", [None, "http://collector:4318"])
def test_without_a_collector_no_request_passes_through_what_makes_spans(endpoint: str | None) -> None:
    passed = [middleware.cls for middleware in create_app(settings_with(endpoint)).user_middleware]
    assert (TraceMiddleware in passed) is (endpoint is not None)


@pytest.mark.parametrize(
    ("sampler", "share", "sampled_by_caller", "told"),
    [
        ("always_on", 1.0, "00", True),
        ("always_off", 1.0, "01", False),
        ("parentbased_always_on", 1.0, "00", False),
        ("parentbased_always_off", 1.0, "01", True),
        ("traceidratio", 0.0, "01", False),
        ("parentbased_traceidratio", 0.0, "01", True),
    ],
)
async def test_which_traces_are_told(
    sampler: str, share: float, sampled_by_caller: str, told: bool, collector: Collector
) -> None:
    metrics = Metrics()
    settings = settings_with(collector.endpoint, otel_traces_sampler=sampler, otel_traces_sampler_arg=share)
    spans = open_spans(settings, metrics)
    await spans.start()
    current = trace_id_source(settings)
    assert current is not None and current() is None
    with spans.request("GET /x", {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-{sampled_by_caller}"}, {}):
        assert current() == TRACE
        statement_of(spans)("thirdeye", 0.25, "SELECT 1 FROM budget", 1)
    assert current() is None
    await spans.stop()
    names = [span.name for span in collector.spans(TRACE)]
    assert names == (["SELECT budget", "GET /x"] if told else [])
    assert sent(metrics, "sent") == len(names)
    if told:
        statement, request = collector.spans(TRACE)
        assert statement.parent == request.id
        assert statement.seconds == pytest.approx(0.25)


async def test_an_error_is_told_by_its_kind_and_a_statement_that_failed_as_one(collector: Collector) -> None:
    spans = open_spans(settings_with(collector.endpoint), Metrics())
    await spans.start()
    with pytest.raises(ValueError), spans.job("prune", None):
        statement_of(spans)("thirdeye", 0.1, "DELETE FROM budget", -1)
        raise ValueError("orders.customer_name")
    await spans.stop()
    statement, job = collector.spans()
    assert (statement.failed, "db.response.returned_rows" in statement.attributes) == (True, False)
    assert (job.failed, job.attributes) == (True, {"error.type": "ValueError"})
    assert b"customer_name" not in collector.upstream.requests[0].body


async def test_a_statement_outside_of_a_span_is_no_trace(collector: Collector) -> None:
    spans = open_spans(settings_with(collector.endpoint), Metrics())
    await spans.start()
    statement_of(spans)("thirdeye", 0.1, "SELECT 1", 1)
    spans.look_ups(lambda *_: None)("redis", "hit", 0.1)
    with spans.span("refresh"):
        spans.look_ups(lambda *_: None)("process", "hit", 0.0)
        spans.look_ups(lambda *_: None)("redis", "hit", 0.1)
    await spans.stop()
    assert [span.name for span in collector.spans()] == ["redis cache", "refresh"]


async def test_what_finds_the_queue_full_is_dropped_and_counted() -> None:
    """The collector holds the first batch until more spans than fit have ended."""
    let_go = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait(exchange: Exchange) -> None:
        asyncio.run_coroutine_threadsafe(let_go.wait(), loop).result()
        exchange.answer(200, b"", "connection: close")

    collector, metrics = Collector(wait), Metrics()
    spans: Spans = open_spans(settings_with(collector.endpoint), metrics)
    await spans.start()
    try:
        for number in range(2048 + 700):
            with spans.span(f"span {number}"):
                pass
        assert sent(metrics, "dropped") == 700
        let_go.set()
        await wait_for_async(lambda: sent(metrics, "sent") == 2048)
    finally:
        let_go.set()
        await spans.stop()
        collector.stop()
    assert sent(metrics, "refused") == 0


async def test_headers_are_for_the_collector_alone(collector: Collector) -> None:
    settings = settings_with(f"{collector.endpoint}/", otel_exporter_otlp_headers="Authorization=Basic%20a%3D, x=1")
    assert "Basic" not in repr(settings)
    spans = open_spans(settings, Metrics())
    await spans.start()
    with spans.span("refresh"):
        pass
    await spans.stop()
    (request,) = collector.upstream.requests
    assert (request.target, request.headers["authorization"]) == ("/v1/traces", ["Basic a="])


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"otel_exporter_otlp_endpoint": "collector:4317"}, "OTEL_EXPORTER_OTLP_ENDPOINT: must start with http"),
        ({"otel_exporter_otlp_headers": "token"}, "OTEL_EXPORTER_OTLP_HEADERS: must be name=value pairs"),
        ({"otel_exporter_otlp_protocol": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        ({"otel_traces_sampler": "jaeger_remote"}, "OTEL_TRACES_SAMPLER"),
        ({"otel_traces_sampler_arg": "2"}, "OTEL_TRACES_SAMPLER_ARG"),
    ],
)
def test_settings_that_cannot_be_meant(more: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsInvalid, match=name):
        load_settings(_env_file=None, environment="development", jwt_enabled=False, **more)


def test_without_the_extra_it_is_refused_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(_name: str) -> None:
        raise ModuleNotFoundError

    monkeypatch.setattr("thirdeye.settings.find_spec", find_spec)
    with pytest.raises(SettingsInvalid, match=r"install thirdeye\[tracing\]"):
        settings_with("http://collector:4318")
    assert settings_with("http://collector:4318", otel_sdk_disabled=True).traces is False


@pytest.mark.parametrize(
    ("sql", "family"),
    [
        ("SELECT a, b->'$.x FROM nope' FROM table_inventory JOIN `x`.`y` ON 1", "SELECT table_inventory x.y"),
        ("INSERT INTO budget (name) VALUES ('FROM secret.x')", "INSERT budget"),
        ("INSERT INTO a SELECT * FROM b ON DUPLICATE KEY UPDATE c = 1", "INSERT a b"),
        ("\n  UPDATE refresh_run SET state = %(state)s", "UPDATE refresh_run"),
        ("SELECT 'it''s \\' FROM z' FROM k FOR UPDATE SKIP LOCKED", "SELECT k"),
        ("SELECT 1 FROM a JOIN b JOIN c JOIN d", "SELECT a b c"),
        ("SELECT GET_LOCK(%(name)s, 1)", "SELECT"),
        ("", "SQL"),
    ],
)
def test_what_a_statement_is_called(sql: str, family: str) -> None:
    assert statement_family(sql) == family
