"""Composition root of the API: settings, databases, middleware, routes. No logic."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route

from thirdeye.auth import build_authenticator
from thirdeye.auth.middleware import AuthenticationMiddleware
from thirdeye.cache import Cache
from thirdeye.clock import Clock, utc_now
from thirdeye.database import om_database, thirdeye_database
from thirdeye.dependencies import Dependencies
from thirdeye.errors import ThirdEyeError
from thirdeye.estate.inventory.reader import EstateReader
from thirdeye.estate.refresh import EstateRefresh
from thirdeye.graphql.context import Context
from thirdeye.graphql.documents import DocumentCache
from thirdeye.graphql.explorer import explorer_page, explorer_routes
from thirdeye.graphql.http import GraphQLEndpoint
from thirdeye.graphql.operations import PersistedOperations
from thirdeye.graphql.schema import build_schema
from thirdeye.jobs import JobQueue
from thirdeye.rest.dashboard import dashboard_routes
from thirdeye.rest.export import export_routes
from thirdeye.rest.health import Health
from thirdeye.rest.responses import on_http_error, on_internal_error, on_known_error
from thirdeye.score.service import ScoreService
from thirdeye.settings import Settings, SettingsInvalid, process_settings
from thirdeye.telemetry import Metrics, RequestMiddleware, Scope, configure_logging
from thirdeye.verdict.adviser import advisers

PREFIX = "/api/v1/thirdeye"
GRAPHQL = f"{PREFIX}/graphql"
_PUBLIC = frozenset(
    {
        "/health",
        "/metrics",
        f"{PREFIX}/health",
        f"{PREFIX}/health/live",
        f"{PREFIX}/health/ready",
        f"{PREFIX}/docs",
        f"{PREFIX}/redoc",
        f"{PREFIX}/openapi.json",
    }
)
log = structlog.get_logger(__name__)


def create_app(settings: Settings, *, clock: Clock = utc_now) -> Starlette:
    """The API as an ASGI application; its lifespan opens and closes what it uses."""
    metrics = Metrics()
    cache = Cache(settings.redis_url, settings.thirdeye_mysql_schema, metrics.observe_cache)
    om, thirdeye = (
        om_database(settings, metrics.observe_database),
        thirdeye_database(settings, metrics.observe_database),
    )
    dependencies = Dependencies(settings, cache, metrics)
    estate = EstateReader(thirdeye)
    jobs = JobQueue(settings.redis_url, settings.thirdeye_mysql_schema)
    score = ScoreService(
        settings=settings,
        refreshing=EstateRefresh(
            settings=settings,
            om=om,
            thirdeye=thirdeye,
            clock=clock,
            metrics=metrics,
            adviser=advisers(settings, thirdeye),
        ),
        estate=estate,
        thirdeye=thirdeye,
        cache=cache,
        clock=clock,
        metrics=metrics,
        mysql_away=lambda: not dependencies.away.isdisjoint({"openmetadata", "thirdeye"}),
    )
    authenticator = build_authenticator(settings, clock)
    schema = build_schema()
    documents = DocumentCache(schema, playground=settings.graphql_playground)

    def context_of(scope: Scope) -> Context:
        state = scope["state"]
        return Context(
            principal=state.get("principal"),
            request_id=state["request_id"],
            thirdeye=thirdeye,
            score=score,
            estate=estate,
            jobs=jobs,
            clock=clock,
            settings=settings,
        )

    endpoint = GraphQLEndpoint(
        schema=schema,
        documents=documents,
        operations=PersistedOperations(documents),
        context_of=context_of,
        metrics=metrics,
        explorer=explorer_page(GRAPHQL) if settings.graphql_playground else None,
    )

    async def run_operation(request: Request, operation: str, variables: dict[str, Any]) -> Any:
        return await endpoint.run_persisted(request.scope, operation, variables)

    stopping = False

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        nonlocal stopping
        await om.start()
        await thirdeye.start()
        await dependencies.start()
        log.info("started", port=settings.thirdeye_port, refresh_minutes=settings.refresh_minutes)
        yield
        stopping = True
        await dependencies.stop()
        await score.stop()
        await authenticator.aclose()
        await om.stop()
        await thirdeye.stop()
        await cache.stop()
        await jobs.stop()
        log.info("stopped")

    health = Health(dependencies=dependencies, score=score, metrics=metrics, clock=clock, stopping=lambda: stopping)
    routes = [
        Route(GRAPHQL, endpoint),
        *health.routes(PREFIX),
        *dashboard_routes(PREFIX, run_operation),
        *export_routes(PREFIX, context_of),
        *(explorer_routes(GRAPHQL) if settings.graphql_playground else ()),
    ]
    known = {route.path for route in routes}

    def is_public(scope: Scope) -> bool:
        path = scope["path"]
        if path in _PUBLIC:
            return True
        # The explorer's page and its files, not what it asks.
        return settings.graphql_playground and scope["method"] == "GET" and path.startswith(GRAPHQL)

    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[
            Middleware(RequestMiddleware, metrics=metrics, route_of=lambda path: path if path in known else "other"),
            Middleware(AuthenticationMiddleware, authenticator=authenticator, is_public=is_public),
        ],
        exception_handlers={
            HTTPException: on_http_error,
            ThirdEyeError: on_known_error,
            Exception: on_internal_error,
        },
    )


def __getattr__(name: str) -> Any:
    """`thirdeye.app:app` for uvicorn: made when first asked for, so that importing this module needs no settings."""
    if name != "app":
        raise AttributeError(name)
    try:
        settings = process_settings()
    except SettingsInvalid as error:
        sys.exit(f"ThirdEye cannot start, a setting is wrong:\n{error}")
    configure_logging(settings.log_level)
    globals()["app"] = made = create_app(settings)
    return made
