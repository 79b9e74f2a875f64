"""Composition root of the API: settings, databases, middleware, routes. No logic."""

import gc
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any

import structlog
from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount, Route, compile_path
from starlette.types import Scope

from thirdeye.actions.listing.store import items_version
from thirdeye.auth import build_authenticator
from thirdeye.auth.denylist import Denylist
from thirdeye.auth.middleware import AuthenticationMiddleware
from thirdeye.clock import Clock, utc_now
from thirdeye.context import Context
from thirdeye.data_version import CheckedVersion
from thirdeye.deadlines import DEADLINES, Deadlines
from thirdeye.edge.audit import Audit
from thirdeye.edge.bodies import BodyMiddleware
from thirdeye.edge.concurrency import ConcurrencyMiddleware, RequestPlaces
from thirdeye.edge.delivery import DeliveryMiddleware
from thirdeye.edge.exports import ExportSlots
from thirdeye.edge.idempotency import Idempotency
from thirdeye.edge.rate_limit import RateLimiter, RateLimitMiddleware
from thirdeye.edge.shortcut import ShortcutMiddleware
from thirdeye.edge.shutdown import ShutdownSignal
from thirdeye.errors import ThirdEyeError
from thirdeye.estate.loaders import unchanged
from thirdeye.graphql.documents import DocumentCache
from thirdeye.graphql.explorer import explorer_files, explorer_page, explorer_paths
from thirdeye.graphql.families import ESTATE, ITEMS, SCORE
from thirdeye.graphql.hot_answers import Family, HotAnswers
from thirdeye.graphql.hot_lane import HotLane
from thirdeye.graphql.http import GraphQLEndpoint
from thirdeye.graphql.operation_runner import OperationRunner
from thirdeye.graphql.operations import PersistedOperations
from thirdeye.graphql.schema import build_schema
from thirdeye.inventory.callers import Callers
from thirdeye.inventory.shared_columns import SharedColumns
from thirdeye.observability.logging import configure_logging
from thirdeye.observability.process_metrics import ProcessMetrics
from thirdeye.observability.requests import RequestMiddleware, RequestRecorder
from thirdeye.observability.spans import trace_id_source
from thirdeye.observability.traced_requests import TraceMiddleware
from thirdeye.public_routes import PublicRoutes
from thirdeye.request_state import request_state
from thirdeye.rest.action_items_export import EXPORT, items_csv_route
from thirdeye.rest.handlers import rest_routes
from thirdeye.rest.health import Health, RenderMetrics, async_render
from thirdeye.rest.reference import reference_paths, reference_routes
from thirdeye.rest.responses import on_http_error, on_thirdeye_error
from thirdeye.rest.tables_export import export_routes
from thirdeye.rest.variables import variables_of
from thirdeye.services import Services, open_services
from thirdeye.serving_process import ServingProcess
from thirdeye.settings import Settings, SettingsInvalid, process_settings
from thirdeye.ui.page import Page, to_page

PREFIX = "/api/v1/thirdeye"
GRAPHQL = f"{PREFIX}/graphql"
UI = f"{PREFIX}/ui/"
_HEALTH = ("/health", "/metrics", *(f"{PREFIX}/health{kind}" for kind in ("", "/live", "/ready")))
log = structlog.get_logger(__name__)


def create_app(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    deadlines: Deadlines = DEADLINES,
    process: ServingProcess | None = None,
) -> Starlette:
    """The API as an ASGI application; its lifespan opens and closes what it uses. `process`: if it is one of several."""
    services = open_services(settings, clock=clock, deadlines=deadlines, answers_requests=True)
    denylist = Denylist(services.thirdeye)
    authenticator = build_authenticator(settings, clock, denied=denylist)
    audit = Audit(services.thirdeye, clock)
    services.add(denylist, authenticator, audit)
    services.metrics.key_set_age.set_function(authenticator.key_age)
    limiting, limiter = [], None
    if settings.rate_limit != "off":
        redis, schema = settings.redis_url, settings.thirdeye_mysql_schema
        limiter = RateLimiter(settings.rate_limit, redis, schema, timeout=deadlines.rate_limit)
        services.add(limiter)
        limiting = [Middleware(RateLimitMiddleware, limiter=limiter)]
    shutdown = ShutdownSignal()
    render = async_render(services.metrics) if process is None else _of_all(process, services)
    hot = _hot_answers(services)
    routes = _routes(services, hot, shutdown, render)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with services:
            log.info("started", port=settings.thirdeye_port, refresh_minutes=settings.refresh_minutes)
            with shutdown.watching():
                yield
            shutdown.begin()
        log.info("stopped")

    identify = Callers(services.estate).identify
    is_public = _public_routes(playground=settings.graphql_playground)
    route_of = _route_names(routes)
    recorder = RequestRecorder(metrics=services.metrics, route_of=route_of, on_refusal=audit.note)
    places = RequestPlaces(limit=settings.max_requests, stopping=shutdown)
    tracing = Middleware(TraceMiddleware, spans=services.spans, route_of=route_of, untraced=_HEALTH)
    middleware = [
        *([tracing] if services.spans.enabled else ()),
        Middleware(RequestMiddleware, recorder=recorder),
        Middleware(
            DeliveryMiddleware,
            on_given_up=services.metrics.answers_not_taken.inc,
            piece_seconds=services.deadlines.piece,
        ),
        *_cross_origin(settings.cors_origins),
        Middleware(BodyMiddleware, is_public=is_public),
        Middleware(ConcurrencyMiddleware, places=places, is_public=is_public),
        Middleware(AuthenticationMiddleware, authenticator=authenticator, is_public=is_public, identify=identify),
        *limiting,
        Middleware(ShortcutMiddleware, path=GRAPHQL, endpoint=routes[0].app),
    ]
    handlers: dict[Any, Any] = {HTTPException: on_http_error, ThirdEyeError: on_thirdeye_error}
    app = Starlette(routes=routes, lifespan=lifespan, middleware=middleware, exception_handlers=handlers)
    # Starlette's redirect from a path with a slash at its end goes to whatever Host the caller sent.
    app.router.redirect_slashes = False
    if settings.hot_answers and not settings.cors_origins and not services.spans.enabled:
        # Whoever traces, or answers pages of other origins, does more than this.
        app.state.hot_lane = HotLane(
            path=GRAPHQL, hot=hot, authenticator=authenticator, limiter=limiter, places=places, recorder=recorder
        )
    return app


def _of_all(process: ServingProcess, services: Services) -> RenderMetrics:
    """Shares the estate with the other processes; gives the metrics of all."""
    of_all = ProcessMetrics(process, services.metrics.render)
    services.add(of_all)
    services.estate.shared = SharedColumns(process.columns)
    return of_all.text


def _hot_answers(services: Services) -> HotAnswers:
    if not services.settings.hot_answers:
        return HotAnswers({}, services.metrics)
    items = CheckedVersion(partial(items_version, services.thirdeye), timeout=services.deadlines.data_version)
    services.add(items)
    families = {
        SCORE: Family(known=services.score.unchanged),
        ITEMS: Family(checked=items.unchanged),
        ESTATE: Family(known=partial(unchanged, services.estate, services.settings, services.clock)),
    }
    return HotAnswers(families, services.metrics)


def _routes(
    services: Services, hot: HotAnswers, shutdown: ShutdownSignal, render: RenderMetrics
) -> list[Route | Mount]:
    settings = services.settings
    schema, documents, operations = _prepared(playground=settings.graphql_playground)

    def context_of(scope: Scope, of_document: dict[tuple[str, int], Any] | None = None) -> Context:
        state = request_state(scope)
        return Context(
            principal=state.principal,
            request_id=state.request_id,
            thirdeye=services.thirdeye,
            score=services.score,
            estate=services.estate,
            jobs=services.jobs,
            clock=services.clock,
            settings=settings,
            of_document={} if of_document is None else of_document,
        )

    idempotency = Idempotency(services.thirdeye, services.clock, timeout=services.deadlines.same_request)
    services.add(idempotency)
    runner = OperationRunner(
        schema=schema,
        operations=operations,
        context_of=context_of,
        metrics=services.metrics,
        idempotency=idempotency,
        deadline=services.deadlines.answer,
        turn=services.deadlines.turn,
        expensive_deadline=services.deadlines.expensive_answer,
    )
    endpoint = GraphQLEndpoint(
        documents=documents,
        operations=operations,
        runner=runner,
        explorer=explorer_page(GRAPHQL) if settings.graphql_playground else None,
        hot=hot,
        persisted_only=settings.graphql_persisted_only,
    )

    # Whatever is exported, half of the requests in progress are left for others.
    limit = min(settings.max_exports, max(settings.max_requests // 2, 1))
    exports = ExportSlots(limit=limit, limit_by_caller=settings.max_exports_by_caller)
    health = Health(
        dependencies=services.dependencies,
        score=services.score,
        render_metrics=render,
        clock=services.clock,
        stopping=shutdown,
    )
    return [
        Route(GRAPHQL, endpoint),
        *health.routes(PREFIX),
        *rest_routes(PREFIX, schema, runner.execute_persisted),
        items_csv_route(PREFIX, variables_of(schema, EXPORT.operation), runner.execute_persisted, exports),
        *reference_routes(PREFIX, schema),
        *export_routes(PREFIX, context_of, exports),
        Route(UI[:-1], to_page),
        Mount(UI[:-1], Page(UI)),
        *([explorer_files(GRAPHQL)] if settings.graphql_playground else ()),
    ]


def _public_routes(*, playground: bool) -> PublicRoutes:
    paths = [*_HEALTH, *reference_paths(PREFIX), UI[:-1]]
    if not playground:
        return PublicRoutes(paths, pages=UI)
    return PublicRoutes([*paths, *explorer_paths(GRAPHQL)], pages=UI, explorer=GRAPHQL)


@cache
def _prepared(*, playground: bool) -> tuple[GraphQLSchema, DocumentCache, PersistedOperations]:
    """The schema and the operations by it: the same for all applications of a process, and never changed."""
    schema = build_schema()
    documents = DocumentCache(schema, playground=playground)
    return schema, documents, PersistedOperations(documents)


def _route_names(routes: Sequence[Route | Mount]) -> Callable[[str], str]:
    """By path what metrics and the audit call it: nobody can make names of his own."""
    known = {route.path for route in routes}
    folders = [route.path for route in routes if isinstance(route, Mount)]
    templates = [(compile_path(path)[0], path) for path in sorted(known) if "{" in path]

    def route_of(path: str) -> str:
        if path in known:
            return path
        for folder in folders:
            if path.startswith(f"{folder}/"):
                return folder
        return next((template for pattern, template in templates if pattern.match(path)), "other")

    return route_of


def _cross_origin(origins: list[str]) -> list[Middleware]:
    """Lets pages of these origins ask; without any, no browser lets a page of another origin see an answer."""
    if not origins:
        return []
    headers = ["authorization", "content-type", "x-om-operation-id", "x-request-id", "if-none-match"]
    headers += ["idempotency-key", "if-match"]
    cors = Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=headers,
        expose_headers=["etag", "retry-after", "x-request-id"],
        max_age=600,
    )
    return [cors]


def __getattr__(name: str) -> object:
    """`thirdeye.app:app` for uvicorn: made when first asked for, so that importing this module needs no settings."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = made = make_app()
    return made


def make_app(process: ServingProcess | None = None) -> Starlette:
    """The application of a process that does nothing but serve."""
    try:
        settings = process_settings()
        lock = process.log_lock if process else None
        configure_logging(settings.log_level, trace_id=trace_id_source(settings), lock=lock)
        made = create_app(settings, process=process)
    except SettingsInvalid as error:
        sys.exit(f"ThirdEye cannot start, a setting is wrong:\n{error}")
    keep_what_is_made()
    return made


def prepare(settings: Settings) -> None:
    """Makes ahead what all applications of a process have in common, and those of processes that are forked from it."""
    _prepared(playground=settings.graphql_playground)


def keep_what_is_made() -> None:
    """For a process that does nothing but serve: what was made so far, schema and modules, lives as long as it does.

    Garbage collection is not to look at it again: that held all requests up for a quarter of a second, again and again.
    """
    gc.collect()
    gc.freeze()
