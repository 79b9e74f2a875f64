"""Thin jobs that call the domains. Each may run twice, at once, or be killed at any point."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from arq import Retry
from prometheus_client import start_http_server

from thirdeye.actions.detection.run import Detection
from thirdeye.cache import Cache
from thirdeye.clock import utc_now
from thirdeye.database import om_database, thirdeye_database
from thirdeye.dependencies import Dependencies
from thirdeye.edge import store as edge
from thirdeye.edge.idempotency import KEPT
from thirdeye.errors import Unavailable
from thirdeye.inventory.reader import EstateReader
from thirdeye.jobs import REFRESH
from thirdeye.mirror.refresh import EstateRefresh
from thirdeye.observability.logging import configure_logging
from thirdeye.observability.metrics import Metrics
from thirdeye.score.service import ScoreService
from thirdeye.settings import process_settings
from thirdeye.verdict.advisor import advisors
from worker.supervisor import end_with_supervisor

_MOST_TRIES = 4
log = structlog.get_logger(__name__)


async def start_up(ctx: dict[str, Any]) -> None:
    """Opens what the jobs use. A test may put its own `settings` and `clock` into the context before."""
    settings = ctx.get("settings") or process_settings()
    configure_logging(settings.log_level)
    # arq's command line gave its logger a handler of its own.
    logging.getLogger("arq").handlers.clear()
    logging.getLogger("arq").propagate = True
    metrics = Metrics()
    cache = Cache(settings.redis_url, settings.thirdeye_mysql_schema, metrics.observe_cache)
    om = om_database(settings, metrics.observe_database)
    thirdeye = thirdeye_database(settings, metrics.observe_database)
    dependencies = Dependencies(settings, cache, metrics)
    await om.start()
    await thirdeye.start()
    await dependencies.start()
    clock = ctx.get("clock", utc_now)
    estate = EstateReader(thirdeye)
    refreshing = EstateRefresh(
        settings=settings,
        om=om,
        thirdeye=thirdeye,
        clock=clock,
        metrics=metrics,
        advisor=advisors(settings, thirdeye),
    )
    score = ScoreService(
        settings=settings,
        refreshing=refreshing,
        estate=estate,
        thirdeye=thirdeye,
        cache=cache,
        clock=clock,
        metrics=metrics,
    )
    ctx.update(
        metrics=metrics,
        zi_score=score,
        detection=Detection(settings=settings, thirdeye=thirdeye, estate=estate, clock=clock),
        thirdeye=thirdeye,
        now=clock,
        refreshing=refreshing,
        dependencies=dependencies,
        closing=[dependencies, score, om, thirdeye, cache],
    )
    ctx["supervised"] = asyncio.create_task(end_with_supervisor())
    if settings.worker_metrics_port:
        ctx["metrics_server"] = start_http_server(settings.worker_metrics_port, registry=metrics.registry)
    log.info("worker_started", schedule=f"every {settings.refresh_minutes} minutes", tick="each minute")


async def shut_down(ctx: dict[str, Any]) -> None:
    """Closes what `start_up` opened."""
    if "supervised" in ctx:
        ctx["supervised"].cancel()
    if "metrics_server" in ctx:
        server, thread = ctx["metrics_server"]
        server.shutdown()
        server.server_close()
        thread.join()
    for each in ctx.get("closing", ()):
        await each.stop()
    log.info("worker_stopped")


async def compute_score(ctx: dict[str, Any]) -> str:
    """Refreshes the inventory and computes the score when the slot is due: `computed`, or `not due`.

    Raises Retry while something is away.
    """
    return await _observed(ctx, "compute_score", _compute)


async def refresh_estate(ctx: dict[str, Any]) -> str:
    """Runs a refresh that somebody asked for: `refreshed`, or `nothing waits`. Raises Retry while something is away."""
    return await _observed(ctx, REFRESH, _refresh)


async def _observed(ctx: dict[str, Any], job: str, work: Callable[[dict[str, Any]], Awaitable[str]]) -> str:
    started, outcome = time.perf_counter(), "failed"
    try:
        outcome = await work(ctx)
        return outcome
    except Unavailable as error:
        tries = ctx.get("job_try", 1)
        log.warning("job_not_done", job=job, problem=str(error), tries=tries)
        outcome = "retried" if tries < _MOST_TRIES else "failed"
        raise Retry(defer=2**tries) from error
    except Exception:
        log.exception("job_failed", job=job)
        raise
    finally:
        ctx["metrics"].jobs.labels(job, outcome.replace(" ", "_")).inc()
        ctx["metrics"].job_seconds.labels(job).observe(time.perf_counter() - started)


async def _compute(ctx: dict[str, Any]) -> str:
    if not ctx["dependencies"].migrated:
        raise Unavailable("the thirdeye schema is not ready")
    score: ScoreService = ctx["zi_score"]  # arq has a "score" of its own in a job's context
    computed = await score.is_due() and await score.compute()
    if not computed:
        # A refresh that was asked for while Redis or the worker was away has no job of its own.
        await _refresh(ctx)
    # Also what a killed worker left, or another one published.
    await _detect(ctx)
    await edge.forget_answers(ctx["thirdeye"], ctx["now"]() - KEPT)
    return "computed" if computed else "not due"


async def _refresh(ctx: dict[str, Any]) -> str:
    refreshing: EstateRefresh = ctx["refreshing"]
    if not ctx["dependencies"].migrated or not await refreshing.is_queued():
        return "nothing waits"
    await refreshing.run()
    await _detect(ctx)
    return "refreshed"


async def _detect(ctx: dict[str, Any]) -> None:
    """Brings action items up to date with the newest estate, once for each."""
    detection: Detection = ctx["detection"]
    if not await detection.is_due():
        return
    started = time.perf_counter()
    outcome = await detection.run()
    if outcome is not None:
        ctx["metrics"].jobs.labels("detection", "detected").inc()
        ctx["metrics"].job_seconds.labels("detection").observe(time.perf_counter() - started)
