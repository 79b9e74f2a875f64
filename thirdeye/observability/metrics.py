"""Prometheus metrics of a process; `docs/metrics.md` lists them."""

from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_JOB_BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)


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
