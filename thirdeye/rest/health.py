"""Health and metrics; none of it needs a token."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from thirdeye.clock import Clock
from thirdeye.dependencies import Dependencies
from thirdeye.observability.metrics import CONTENT_TYPE, Metrics
from thirdeye.rest.responses import json_response
from thirdeye.score.service import ScoreService
from thirdeye.single_flight import SingleFlight

# Prometheus' text takes some milliseconds of the process, and needs no token: whoever asks within so many seconds gets the
# same.
_SHARED_SECONDS: Final = 0.1


RenderMetrics = Callable[[], Awaitable[bytes]]


def async_render(metrics: Metrics) -> RenderMetrics:
    """Of a process that serves alone."""

    async def render() -> bytes:
        return metrics.render()

    return render


@dataclass(frozen=True, kw_only=True, eq=False)
class Health:
    """The health of one process; `stopping` says whether it was told to stop."""

    dependencies: Dependencies
    score: ScoreService
    render_metrics: RenderMetrics
    clock: Clock
    stopping: Callable[[], bool]
    _metrics_requests: SingleFlight = field(default_factory=SingleFlight, init=False)

    def routes(self, prefix: str) -> list[Route]:
        """The routes of the contract."""
        return [
            Route("/health", self.service, methods=["GET"]),
            Route(f"{prefix}/health", self.live, methods=["GET"]),
            Route(f"{prefix}/health/live", self.live, methods=["GET"]),
            Route(f"{prefix}/health/ready", self.ready, methods=["GET"]),
            Route("/metrics", self.prometheus, methods=["GET"]),
        ]

    async def service(self, _: Request) -> Response:
        """The name of the service."""
        timestamp = self.clock().isoformat(timespec="milliseconds")
        return json_response({"status": "ok", "service": "thirdeye-analytics", "timestamp": timestamp})

    async def live(self, _: Request) -> Response:
        """The process is up."""
        return json_response({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Whether requests can be answered, and which dependencies are unavailable."""
        problem = await self._problem()
        body: dict[str, object] = {
            "status": "unavailable" if problem else "ok",
            "degraded": sorted(self.dependencies.unavailable),
        }
        if problem:
            body["reason"] = problem
        return json_response(body, status=503 if problem else 200)

    async def _problem(self) -> str | None:
        if self.stopping():
            return "stopping"
        if self.dependencies.migrated is False:
            return "the migrations of the thirdeye schema are not current"
        if "thirdeye" in self.dependencies.unavailable and not await self.score.has_cached():
            return "the thirdeye schema cannot be reached and nothing is cached"
        return None

    async def prometheus(self, _: Request) -> Response:
        """Prometheus' text, never older than the request."""
        text = await self._metrics_requests.do("metrics", self._render)
        return Response(text, headers={"content-type": CONTENT_TYPE})

    async def _render(self) -> bytes:
        await asyncio.sleep(_SHARED_SECONDS)
        return await self.render_metrics()
