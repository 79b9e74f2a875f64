"""Prometheus metrics of a process; `docs/metrics.md` lists them."""

import math
from functools import cache, partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_JOB_BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)


class Metrics:
    """All metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter, gauge = partial(Counter, registry=self.registry), partial(Gauge, registry=self.registry)
        seconds = partial(Histogram, registry=self.registry, buckets=_BUCKETS)
        job_seconds = partial(Histogram, registry=self.registry, buckets=_JOB_BUCKETS)
        self.requests = counter("thirdeye_http_requests", "HTTP requests answered.", ("method", "route", "status"))
        self.request_seconds = seconds(
            "thirdeye_http_request_seconds", "Seconds to answer an HTTP request.", ("route",)
        )
        self.answers_not_taken = counter(
            "thirdeye_answers_not_taken", "Answers given up because the client did not read them."
        )
        self.operations = counter(
            "thirdeye_graphql_operations", "GraphQL operations, by persisted id.", ("operation", "outcome")
        )
        self.errors = counter("thirdeye_graphql_errors", "GraphQL errors, by code.", ("code",))
        self.database_seconds = seconds("thirdeye_database_seconds", "Seconds of a statement.", ("database",))
        self.cache = counter("thirdeye_cache_requests", "Look-ups in the cache.", ("level", "result"))
        self.jobs = counter("thirdeye_jobs", "Runs of worker jobs.", ("job", "outcome"))
        self.job_seconds = job_seconds("thirdeye_job_seconds", "Seconds of a worker job.", ("job",))
        self.refreshes = counter("thirdeye_refreshes", "Refreshes of the inventory.", ("kind", "outcome"))
        self.refresh_seconds = job_seconds("thirdeye_refresh_seconds", "Seconds of a refresh.", ("kind",))
        self.estate_tables = gauge("thirdeye_estate_tables", "Tables of the estate at the last refresh.")
        self.view_texts = gauge(
            "thirdeye_view_texts", "Texts of views at the last refresh, by what became of them.", ("state",)
        )
        self.score = gauge("thirdeye_zi_score", "The newest ZI score that this process knows.")
        self.score_captured = gauge("thirdeye_zi_score_captured_timestamp_seconds", "When that score was captured.")
        self.spans = counter("thirdeye_spans", "Spans of traces, by what became of them.", ("outcome",))
        self.key_set_age = gauge("thirdeye_key_set_age_seconds", "Seconds since the oldest key set was fetched.")
        self.connections_used = gauge(
            "thirdeye_database_connections_used", "Connections of a pool that are in use.", ("database",)
        )
        self.connections_limit = gauge(
            "thirdeye_database_connections_limit", "Connections that a pool may have.", ("database",)
        )
        self.schema_bytes = gauge("thirdeye_schema_bytes", "Bytes of ThirdEye's schema when it was last pruned.")
        self.refresh_interval = gauge("thirdeye_refresh_interval_seconds", "Seconds of a slot: REFRESH_MINUTES.")
        self.queue_jobs = gauge("thirdeye_queue_jobs", "Jobs that wait for a worker or run.")
        self.worker_reports = gauge("thirdeye_worker_reports", "1 while a worker reports to Redis.")
        self.dependency_up = gauge("thirdeye_dependency_up", "1 when a dependency answers.", ("dependency",))
        self._begin_at_zero()
        # Finding a metric's child by its labels costs more than counting, so the few there are stay found.
        self._request_child = cache(self.requests.labels)
        self._request_seconds_child = cache(self.request_seconds.labels)
        self._operation_child = cache(self.operations.labels)
        self._database_child = cache(self.database_seconds.labels)
        self._cache_child = cache(self.cache.labels)

    def _begin_at_zero(self) -> None:
        """Has what alerts count there from the start: of a series that begins with 1 Prometheus sees no increase."""
        for job in ("compute_score", "compute_forecast", "prune", "refresh_estate"):
            self.jobs.labels(job, "failed")
        for kind in ("full", "incremental"):
            for outcome in ("done", "failed"):
                self.refreshes.labels(kind, outcome)
        for code in ("INTERNAL", "TIMEOUT", "UNAVAILABLE"):
            self.errors.labels(code)
        for outcome in ("sent", "refused", "dropped"):
            self.spans.labels(outcome)
        # Unknown until somebody has looked.
        for unknown in (self.queue_jobs, self.worker_reports, self.schema_bytes):
            unknown.set(math.nan)

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        self._request_child(method, route, status).inc()
        self._request_seconds_child(route).observe(seconds)

    def observe_operation(self, operation: str, outcome: str) -> None:
        self._operation_child(operation, outcome).inc()

    def observe_database(self, database: str, seconds: float) -> None:
        self._database_child(database).observe(seconds)

    def observe_cache(self, level: str, result: str, _seconds: float) -> None:
        self._cache_child(level, result).inc()

    def render(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self.registry)
