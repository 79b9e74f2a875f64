"""What can be seen of a process: JSON logs, one line a request, and Prometheus metrics (see `docs/metrics.md`)."""

import asyncio
import atexit
import logging
import random
import re
import sys
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, BinaryIO, Final

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from thirdeye.errors import om_error

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}\Z")
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_JOB_BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)
log = structlog.get_logger("thirdeye.request")


class Metrics:
    """All metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.requests = Counter(
            "thirdeye_http_requests", "HTTP requests answered.", ("method", "route", "status"), registry=r
        )
        self.request_seconds = Histogram(
            "thirdeye_http_request_seconds",
            "Seconds to answer an HTTP request.",
            ("route",),
            registry=r,
            buckets=_BUCKETS,
        )
        self.operations = Counter(
            "thirdeye_graphql_operations", "GraphQL operations, by persisted id.", ("operation", "outcome"), registry=r
        )
        self.errors = Counter("thirdeye_graphql_errors", "GraphQL errors, by code.", ("code",), registry=r)
        self.database_seconds = Histogram(
            "thirdeye_database_seconds", "Seconds of a statement.", ("database",), registry=r, buckets=_BUCKETS
        )
        self.cache = Counter("thirdeye_cache_requests", "Look-ups in the cache.", ("level", "result"), registry=r)
        self.jobs = Counter("thirdeye_jobs", "Runs of worker jobs.", ("job", "outcome"), registry=r)
        self.job_seconds = Histogram(
            "thirdeye_job_seconds", "Seconds of a worker job.", ("job",), registry=r, buckets=_JOB_BUCKETS
        )
        self.refreshes = Counter("thirdeye_refreshes", "Refreshes of the inventory.", ("kind", "outcome"), registry=r)
        self.refresh_seconds = Histogram(
            "thirdeye_refresh_seconds", "Seconds of a refresh.", ("kind",), registry=r, buckets=_JOB_BUCKETS
        )
        self.estate_tables = Gauge("thirdeye_estate_tables", "Tables of the estate at the last refresh.", registry=r)
        self.score = Gauge("thirdeye_zi_score", "The newest ZI score that this process knows.", registry=r)
        self.score_captured = Gauge(
            "thirdeye_zi_score_captured_timestamp_seconds", "When that score was captured.", registry=r
        )
        self.dependency_up = Gauge(
            "thirdeye_dependency_up", "1 when a dependency answers.", ("dependency",), registry=r
        )
        # Finding a metric's child by its labels costs more than counting, so the few there are stay found.
        self._request_child = cache(self.requests.labels)
        self._request_seconds_child = cache(self.request_seconds.labels)
        self._operation_child = cache(self.operations.labels)
        self._database_child = cache(self.database_seconds.labels)
        self._cache_child = cache(self.cache.labels)

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Records one HTTP request."""
        self._request_child(method, route, status).inc()
        self._request_seconds_child(route).observe(seconds)

    def observe_operation(self, operation: str, outcome: str) -> None:
        """Records one GraphQL operation."""
        self._operation_child(operation, outcome).inc()

    def observe_database(self, database: str, seconds: float) -> None:
        """Records one statement."""
        self._database_child(database).observe(seconds)

    def observe_cache(self, level: str, result: str) -> None:
        """Records one look-up."""
        self._cache_child(level, result).inc()

    def render(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self.registry)


class _Lines:
    """Writes lines; in an event loop, those of one turn of the loop with one system call."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._waiting: list[bytes] = []
        self._scheduled_in: asyncio.AbstractEventLoop | None = None
        atexit.register(self._flush)

    def info(self, line: bytes) -> None:
        """Writes one line, at the end of this turn of the loop."""
        with self._lock:
            self._waiting.append(line)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._flush()
            return
        if self._scheduled_in is not loop:
            self._scheduled_in = loop
            loop.call_soon(self._flush)

    def error(self, line: bytes) -> None:
        """Writes one line now, in case this process does not live until then."""
        with self._lock:
            self._waiting.append(line)
        self._flush()

    debug = info
    warning = critical = error

    def _flush(self) -> None:
        self._scheduled_in = None
        with self._lock:
            rest, self._waiting = b"".join(self._waiting), []
            if not rest:
                return
            try:
                while rest:
                    # Unbuffered files may take less than all.
                    rest = rest[self._file.write(rest) or len(rest) :]
                self._file.flush()
            except (OSError, ValueError):
                pass  # a full disk, a pipe without a reader: a service that cannot say what it does still does it


def _line(logger: Any, method: str, event: Any) -> bytes:
    """What structlog's processors in `configure_logging` make, in one step: each request passes here."""
    structlog.processors.add_log_level(logger, method, event)
    event["timestamp"] = datetime.now(UTC)
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, method, event)
    return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def configure_logging(level: str) -> None:
    """JSON lines on standard output, for structlog and for the standard library's loggers alike."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer = structlog.processors.JSONRenderer(
        serializer=lambda value, **_: orjson.dumps(value, default=str).decode()
    )
    lines = _Lines(sys.stdout.buffer)
    structlog.configure(
        processors=[_line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These say once more, and with addresses, what our own lines say.
    for noisy in ("databases", "httpx", "httpcore", "uvicorn.access", "aiomysql", "yoyo"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def request_id_from(value: bytes | None) -> str:
    """The caller's request id when it is sane, else a new one."""
    if value is not None:
        text = value.decode("latin-1")
        if _SANE_REQUEST_ID.match(text):
            return text
    # Names a request, guards nothing.
    return f"{random.getrandbits(128):032x}"


# On every answer. What an answer says itself stands; a browser shows none of them in a frame, runs nothing in them.
SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_WITH_POLICY: Final = (*SECURITY_HEADERS, _POLICY)


class RequestMiddleware:
    """Gives each HTTP request its id, its log line, its place in the metrics, and each answer its security headers.

    `on_refusal` is told of each refusal: the caller's name if it is known, method and route, and why in few words.
    """

    def __init__(
        self,
        app: App,
        *,
        metrics: Metrics,
        route_of: Callable[[str], str],
        on_refusal: Callable[[str | None, str, str], None] = lambda _who, _what, _why: None,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._route_of = route_of
        self._on_refusal = on_refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        given = None
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                given = value
                break
        request_id = request_id_from(given)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 0

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = message.get("headers", ())
                more: tuple[tuple[bytes, bytes], ...] = SECURITY_HEADERS
                for name, _ in given:
                    if name == _POLICY[0]:
                        break
                else:
                    more = _WITH_POLICY
                message["headers"] = [*given, (b"x-request-id", request_id.encode()), *more]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            log.exception("internal_error", request_id=request_id, path=scope["path"])
            if status:
                raise  # half an answer cannot be taken back: the server ends the connection
            await self._answer_internal(send_with_headers, request_id)
        finally:
            self._record(scope, status or 500, time.perf_counter() - started)

    @staticmethod
    async def _answer_internal(send: Send, request_id: str) -> None:
        """The caller learns the request id, the log has the rest."""
        body = orjson.dumps(om_error(500, f"An internal error came up; its request id is {request_id}"))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 500, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        state, route = scope["state"], self._route_of(scope["path"])
        # Only methods that exist: a caller must not be able to make label values.
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._metrics.observe_request(method, route, status, seconds)
        principal = state.get("principal")
        why = state.get("refused") or (f"HTTP {status}" if 400 <= status < 500 else None)
        if why is not None:
            who = principal.name if principal else state.get("claimed")
            operation = state.get("operation")
            self._on_refusal(who, f"{method} {route} {operation}" if operation else f"{method} {route}", why)
        log.info(
            "request",
            request_id=state["request_id"],
            method=method,
            path=scope["path"],
            user=principal.name if principal else None,
            operation=state.get("operation"),
            status=status,
            ms=round(seconds * 1000, 2),
        )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
