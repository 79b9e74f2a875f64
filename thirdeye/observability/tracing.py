"""Spans by OpenTelemetry, sent to a collector by OTLP over HTTP. Imported only where a collector is set.

Spans wait in a bounded queue and are sent by a thread, so a collector that is away, slow or refuses harms no request: what
cannot be sent is counted and dropped.
"""

import logging
import os
import socket
import sys
import threading
import time
from asyncio import to_thread
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import ClassVar, Final
from urllib.parse import unquote, urlsplit

import structlog
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    ParentBasedTraceIdRatio,
    Sampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from thirdeye.observability.metrics import Metrics
from thirdeye.observability.spans import Attribute, Attributes, CacheObserver, Origin, Spans
from thirdeye.session import Tracer
from thirdeye.settings import Settings
from thirdeye.sql_text import statement_family

# Some ten MB.
_QUEUE: Final = 2048
# A batch, with all attempts to send it.
_SEND_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 2.0
# From a statement to the function in a `store.py` that sent it there are this many frames at most.
_MAX_FRAMES: Final = 24
_MAX_PROBLEM: Final = 200
_HEADERS = TraceContextTextMapPropagator()
log = structlog.get_logger(__name__)


def current_trace_id() -> str | None:
    """The id of the trace that the caller is in, 32 hexadecimal digits, also of one that is not sampled."""
    found = trace.get_current_span().get_span_context()
    return trace.format_trace_id(found.trace_id) if found.is_valid else None


def _address_of(settings: Settings) -> str:
    """The collector's address as logs may say it, without user and password."""
    parts = urlsplit(settings.otel_exporter_otlp_endpoint or "")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _headers_of(settings: Settings) -> dict[str, str]:
    """What the collector gets with each batch, decoded."""
    pairs = filter(None, settings.otel_exporter_otlp_headers.get_secret_value().split(","))
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in (pair.partition("=") for pair in pairs)}


def _sampler(settings: Settings) -> Sampler:
    share = settings.otel_traces_sampler_arg
    samplers: dict[str, Sampler] = {
        "always_on": ALWAYS_ON,
        "always_off": ALWAYS_OFF,
        "traceidratio": TraceIdRatioBased(share),
        "parentbased_always_on": DEFAULT_ON,
        "parentbased_always_off": DEFAULT_OFF,
        "parentbased_traceidratio": ParentBasedTraceIdRatio(share),
    }
    return samplers[settings.otel_traces_sampler]


class _LastProblem(logging.Handler):
    """Keeps what OpenTelemetry said last instead of printing it: it says it again for every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.text = record.getMessage()[:_MAX_PROBLEM]
        except Exception:
            self.text = str(record.msg)[:_MAX_PROBLEM]


class _ReportingExporter(SpanExporter):
    """Sends batches; counts what was taken and what was not, and logs a line when that changes."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._metrics = metrics
        self._address = _address_of(settings)
        self._exporter = OTLPSpanExporter(
            endpoint=f"{settings.otel_exporter_otlp_endpoint}/v1/traces",
            headers=_headers_of(settings),
            timeout=_SEND_SECONDS,
        )
        self._problem = _LastProblem()
        self._refused = False
        self._counting = threading.Lock()
        self._waiting = 0

    def start(self) -> None:
        logger = logging.getLogger("opentelemetry")
        logger.handlers[:], logger.propagate = [self._problem], False

    def take(self) -> bool:
        """Whether there is room for one span more; then it counts until it is sent or given up."""
        with self._counting:
            if self._waiting >= _QUEUE:
                return False
            self._waiting += 1
            return True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._exporter.export(spans)
        except Exception as error:
            self._problem.text = type(error).__name__
            result = SpanExportResult.FAILURE
        with self._counting:
            self._waiting -= len(spans)
        refused = result is not SpanExportResult.SUCCESS
        self._metrics.spans.labels("refused" if refused else "sent").inc(len(spans))
        if refused and not self._refused:
            log.warning("traces_not_taken", collector=self._address, problem=self._problem.text)
        elif self._refused and not refused:
            log.warning("traces_taken_again", collector=self._address)
        self._refused = refused
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]


class _BoundedProcessor(BatchSpanProcessor):
    """Counts what finds the queue full, where the library only logs it."""

    def __init__(self, exporter: _ReportingExporter, metrics: Metrics) -> None:
        super().__init__(exporter, max_queue_size=_QUEUE)
        self._bound, self._metrics = exporter, metrics

    def on_end(self, span: ReadableSpan) -> None:
        if not (span.context and span.context.trace_flags.sampled):
            return
        if self._bound.take():
            super().on_end(span)
        else:
            self._metrics.spans.labels("dropped").inc()


class _OpenSpan:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, attributes: Mapping[str, Attribute | None]) -> None:
        self._span.set_attributes({name: value for name, value in attributes.items() if value is not None})

    def fail(self, kind: str) -> None:
        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR)


class TracedSpans(Spans):
    """Tells a collector."""

    enabled: ClassVar[bool] = True

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        about = {
            "service.name": settings.otel_service_name,
            "service.version": version("thirdeye"),
            "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
        }
        # `stop` bounds the end; the library's own would hold the process up for half a minute.
        self._provider = TracerProvider(
            sampler=_sampler(settings), resource=Resource.create(about), shutdown_on_exit=False
        )
        self._tracer = self._provider.get_tracer("thirdeye")

    async def start(self) -> None:
        exporter = _ReportingExporter(self._settings, self._metrics)
        exporter.start()
        self._provider.add_span_processor(_BoundedProcessor(exporter, self._metrics))
        log.info("traces_on", collector=_address_of(self._settings), sampler=self._settings.otel_traces_sampler)

    async def stop(self) -> None:
        # No task or thread of a pool: the process would wait for it.
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        await to_thread(ending.join, _STOP_SECONDS)

    @contextmanager
    def _open(
        self, name: str, kind: SpanKind, parent: context.Context | None, attributes: Attributes | None = None
    ) -> Iterator[_OpenSpan]:
        raw = self._tracer.start_span(name, context=parent, kind=kind, attributes=attributes)
        span = _OpenSpan(raw)
        token = context.attach(trace.set_span_in_context(raw, parent))
        try:
            yield span
        except BaseException as error:
            # Its message may hold what a row holds.
            span.fail(type(error).__name__)
            raise
        finally:
            context.detach(token)
            raw.end()

    @contextmanager
    def request(self, name: str, origin: Origin, attributes: Attributes) -> Iterator[_OpenSpan]:
        with self._open(name, SpanKind.SERVER, _HEADERS.extract(origin, context.Context()), attributes) as span:
            yield span

    @contextmanager
    def job(self, name: str, origin: Origin | None) -> Iterator[_OpenSpan]:
        with self._open(name, SpanKind.CONSUMER, _HEADERS.extract(origin or {}, context.Context())) as span:
            yield span

    @contextmanager
    def queueing(self, job: str) -> Iterator[Origin | None]:
        with self._open(f"queue {job}", SpanKind.PRODUCER, None):
            headers: dict[str, str] = {}
            _HEADERS.inject(headers)
            yield headers

    @contextmanager
    def span(self, name: str, attributes: Attributes | None = None) -> Iterator[_OpenSpan]:
        with self._open(name, SpanKind.INTERNAL, None, attributes) as span:
            yield span

    def statements(self) -> Tracer | None:
        return self._tell_statement

    def _tell_statement(self, database: str, seconds: float, sql: str, rows: int) -> None:
        if not trace.get_current_span().is_recording():
            return
        family = statement_family(sql)
        known: dict[str, Attribute] = {"db.system.name": "mysql", "db.namespace": database}
        known |= {"db.query.summary": family, "db.operation.name": family.partition(" ")[0]}
        if (function := _store_function()) is not None:
            known["code.function.name"] = function
        if rows >= 0:
            known["db.response.returned_rows"] = rows
        self._tell(family, seconds, known, failed=rows < 0)

    def look_ups(self, observe: CacheObserver) -> CacheObserver:
        def observe_and_tell(level: str, result: str, seconds: float) -> None:
            observe(level, result, seconds)
            if level == "redis" and trace.get_current_span().is_recording():
                known: dict[str, Attribute] = {"db.system.name": "redis", "thirdeye.cache.result": result}
                self._tell("redis cache", seconds, known, failed=result == "error")

        return observe_and_tell

    def _tell(self, name: str, seconds: float, attributes: dict[str, Attribute], *, failed: bool) -> None:
        """A span of what has just ended."""
        end = time.time_ns()
        start = end - int(seconds * 1e9)
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes, start_time=start)
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end(end)


def _store_function() -> str | None:
    """The function in a `store.py` that the statement being observed stands in."""
    frame = sys._getframe(2)
    for _ in range(_MAX_FRAMES):
        if frame.f_code.co_filename.endswith("store.py"):
            return f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return None
