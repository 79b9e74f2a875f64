"""Composition root of the API: settings, databases, middleware, routes. No logic."""

import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import structlog
from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount, Route, compile_path
from starlette.types import Scope

from thirdeye.auth import build_authenticator
from thirdeye.auth.denylist import Denylist
from thirdeye.auth.middleware import AuthenticationMiddleware
from thirdeye.cache import Cache
from thirdeye.clock import Clock, utc_now
from thirdeye.context import Context
from thirdeye.database import om_database, thirdeye_database
from thirdeye.dependencies import Dependencies
from thirdeye.edge.audit import Audit
from thirdeye.edge.concurrency import ConcurrencyMiddleware
from thirdeye.edge.idempotency import Idempotency
from thirdeye.edge.rate_limit import RateLimiter, RateLimitMiddleware
from thirdeye.edge.shutdown import ShutdownSignal
from thirdeye.errors import ThirdEyeError
from thirdeye.graphql.documents import DocumentCache
from thirdeye.graphql.explorer import explorer_page, explorer_routes
from thirdeye.graphql.http import GraphQLEndpoint
from thirdeye.graphql.operation_runner import OperationRunner
from thirdeye.graphql.operations import PersistedOperations
from thirdeye.graphql.schema import build_schema
from thirdeye.inventory.reader import EstateReader
from thirdeye.jobs import JobQueue
from thirdeye.mirror.refresh import EstateRefresh
from thirdeye.observability.logging import configure_logging
from thirdeye.observability.metrics import Metrics
from thirdeye.observability.requests import RequestMiddleware
from thirdeye.request_state import request_state
from thirdeye.rest.action_items_export import EXPORT, items_csv_route
from thirdeye.rest.handlers import rest_routes
from thirdeye.rest.health import Health
from thirdeye.rest.reference import reference_routes
from thirdeye.rest.responses import on_http_error, on_thirdeye_error
from thirdeye.rest.tables_export import export_routes
from thirdeye.rest.variables import variables_of
from thirdeye.score.service import ScoreService
from thirdeye.settings import Settings, SettingsInvalid, process_settings
from thirdeye.verdict.advisor import advisors

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
# The files of the pages about REST.
_REFERENCE = f"{PREFIX}/reference/"
log = structlog.get_logger(__name__)


def create_app(settings: Settings, *, clock: Clock = utc_now) -> Starlette:
    """The API as an ASGI application; its lifespan opens and closes what it uses."""
    metrics = Metrics()
    cache = Cache(settings.redis_url, settings.thirdeye_mysql_schema, metrics.observe_cache)
    observe, timeout = metrics.observe_database, settings.mysql_statement_timeout
    thirdeye = thirdeye_database(settings, observe, statement_timeout=timeout)
    # For the very first computation, whose statements may take minutes; without one no connection is made.
    om, computing = om_database(settings, observe), thirdeye_database(settings, observe)
    databases = (om, thirdeye, computing)
    dependencies = Dependencies(settings, cache, metrics, databases)
    estate = EstateReader(thirdeye)
    jobs = JobQueue(settings.redis_url, settings.thirdeye_mysql_schema)
    score = ScoreService(
        settings=settings,
        refreshing=EstateRefresh(
            settings=settings,
            om=om,
            thirdeye=computing,
            clock=clock,
            metrics=metrics,
            advisor=advisors(settings, computing),
        ),
        estate=estate,
        thirdeye=thirdeye,
        cache=cache,
        clock=clock,
        metrics=metrics,
        mysql_away=lambda: not dependencies.away.isdisjoint({"openmetadata", "thirdeye"}),
    )
    denied = Denylist(thirdeye)
    authenticator = build_authenticator(settings, clock, denied=denied)
    limiters = [] if settings.rate_limit == "off" else [_limiter(settings)]
    audit = Audit(thirdeye, clock)
    schema, documents, operations = _prepared(settings.graphql_playground)

    def context_of(scope: Scope) -> Context:
        state = request_state(scope)
        return Context(
            principal=state.principal,
            request_id=state.request_id,
            thirdeye=thirdeye,
            score=score,
            estate=estate,
            jobs=jobs,
            clock=clock,
            settings=settings,
        )

    runner = OperationRunner(
        schema=schema,
        operations=operations,
        context_of=context_of,
        metrics=metrics,
        idempotency=Idempotency(thirdeye, clock),
    )
    endpoint = GraphQLEndpoint(
        documents=documents,
        operations=operations,
        runner=runner,
        explorer=explorer_page(GRAPHQL) if settings.graphql_playground else None,
        persisted_only=settings.graphql_persisted_only,
    )

    stopping = ShutdownSignal()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        for database in databases:
            await database.start()
        for starting in (dependencies, denied, authenticator, audit):
            await starting.start()
        log.info("started", port=settings.thirdeye_port, refresh_minutes=settings.refresh_minutes)
        with stopping.watching():
            yield
        stopping.begin()
        # What uses the databases first.
        for ending in (dependencies, denied, score, audit, authenticator, *databases, *limiters, cache, jobs):
            await ending.stop()
        log.info("stopped")

    health = Health(dependencies=dependencies, score=score, metrics=metrics, clock=clock, stopping=stopping)
    routes = [
        Route(GRAPHQL, endpoint),
        *health.routes(PREFIX),
        *rest_routes(PREFIX, schema, runner.execute_persisted),
        items_csv_route(PREFIX, variables_of(schema, EXPORT.operation), runner.execute_persisted),
        *reference_routes(PREFIX, schema),
        *export_routes(PREFIX, context_of),
        *(explorer_routes(GRAPHQL) if settings.graphql_playground else ()),
    ]

    def is_public(scope: Scope) -> bool:
        path = scope["path"]
        if path in _PUBLIC or path.startswith(_REFERENCE):
            return True
        # The explorer's page and its files, not what it asks.
        return settings.graphql_playground and scope["method"] == "GET" and path.startswith(GRAPHQL)

    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[
            Middleware(
                RequestMiddleware,
                metrics=metrics,
                route_of=_route_names(routes),
                on_refusal=audit.note,
            ),
            *_cross_origin(settings.cors_origins),
            Middleware(ConcurrencyMiddleware, limit=settings.max_requests, is_public=is_public, stopping=stopping),
            Middleware(AuthenticationMiddleware, authenticator=authenticator, is_public=is_public),
            *(Middleware(RateLimitMiddleware, limiter=limiter) for limiter in limiters),
        ],
        exception_handlers={
            HTTPException: on_http_error,
            ThirdEyeError: on_thirdeye_error,
        },
    )


@cache
def _prepared(playground: bool) -> tuple[GraphQLSchema, DocumentCache, PersistedOperations]:
    """The schema and the operations by it: the same for all applications of a process, and never changed."""
    schema = build_schema()
    documents = DocumentCache(schema, playground=playground)
    return schema, documents, PersistedOperations(documents)


def _route_names(routes: Sequence[Route | Mount]) -> Callable[[str], str]:
    """By path what metrics and the audit call it: nobody can make names of his own."""
    known = {route.path for route in routes}
    templates = [(compile_path(path)[0], path) for path in sorted(known) if "{" in path]

    def route_of(path: str) -> str:
        if path in known:
            return path
        return next((template for pattern, template in templates if pattern.match(path)), "other")

    return route_of


def _limiter(settings: Settings) -> RateLimiter:
    return RateLimiter(settings.rate_limit, settings.redis_url, settings.thirdeye_mysql_schema)


def _cross_origin(origins: list[str]) -> list[Middleware]:
    """Lets pages of these origins ask; without any, no browser lets a page of another origin see an answer."""
    if not origins:
        return []
    headers = ["authorization", "content-type", "x-om-operation-id", "x-request-id", "if-none-match"]
    headers += ["idempotency-key", "if-match"]
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=headers,
            expose_headers=["etag", "retry-after", "x-request-id"],
            max_age=600,
        )
    ]


def __getattr__(name: str) -> Any:
    """`thirdeye.app:app` for uvicorn: made when first asked for, so that importing this module needs no settings."""
    if name != "app":
        raise AttributeError(name)
    try:
        settings = process_settings()
        configure_logging(settings.log_level)
        globals()["app"] = made = create_app(settings)
    except SettingsInvalid as error:
        sys.exit(f"ThirdEye cannot start, a setting is wrong:\n{error}")
    return made
