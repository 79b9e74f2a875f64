"""Thin jobs that call the domains. Each may run twice, at once, or be killed at any point."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from arq import Retry
from prometheus_client import start_http_server

from thirdeye.clock import utc_now
from thirdeye.errors import Unavailable
from thirdeye.jobs import REFRESH
from thirdeye.observability.logging import configure_logging
from thirdeye.observability.spans import Origin, trace_id_source
from thirdeye.services import Services, open_services
from thirdeye.settings import process_settings
from worker.supervisor import end_with_supervisor

_MAX_TRIES = 4
# What arq hands to every job, and what `start_up` adds to it.
JobContext = dict[str, Any]
log = structlog.get_logger(__name__)


async def start_up(ctx: JobContext) -> None:
    """Opens what the jobs use. A test may put its own `settings` and `clock` into the context before."""
    settings = ctx.get("settings") or process_settings()
    configure_logging(settings.log_level, trace_id=trace_id_source(settings))
    # arq's command line gave its logger a handler of its own.
    logging.getLogger("arq").handlers.clear()
    logging.getLogger("arq").propagate = True
    services = open_services(settings, clock=ctx.get("clock", utc_now))
    ctx["services"] = await services.__aenter__()
    ctx["supervised"] = asyncio.create_task(end_with_supervisor())
    if settings.worker_metrics_port:
        ctx["metrics_server"] = start_http_server(settings.worker_metrics_port, registry=services.metrics.registry)
    log.info("worker_started", schedule=f"every {settings.refresh_minutes} minutes", tick="each minute")


async def shut_down(ctx: JobContext) -> None:
    """Closes what `start_up` opened."""
    if "supervised" in ctx:
        ctx["supervised"].cancel()
    if "metrics_server" in ctx:
        server, thread = ctx["metrics_server"]
        server.shutdown()
        server.server_close()
        thread.join()
    if "services" in ctx:
        await ctx["services"].__aexit__(None, None, None)
    log.info("worker_stopped")


async def compute_score(ctx: JobContext) -> str:
    """Refreshes the inventory and computes the score when the slot is due: `computed`, or `not due`.

    Raises Retry while something is unavailable.
    """
    return await _observed(ctx, "compute_score", _compute)


async def refresh_estate(ctx: JobContext, *, origin: Origin | None = None) -> str:
    """Runs a refresh that was requested, in the trace of the request: `refreshed`, or `nothing waits`.

    Raises Retry while something is unavailable.
    """
    return await _observed(ctx, REFRESH, _refresh, origin)


async def compute_forecast(ctx: JobContext) -> str:
    """Forecasts what everything costs, once a day after its first refresh: `computed`, or `not due`.

    Raises Retry while something is unavailable.
    """
    return await _observed(ctx, "compute_forecast", _forecast)


async def prune(ctx: JobContext) -> str:
    """Deletes what has grown old: `pruned`, or `nothing old`. Raises Retry while something is unavailable."""
    return await _observed(ctx, "prune", _prune)


async def _observed(
    ctx: JobContext, job: str, work: Callable[[Services], Awaitable[str]], origin: Origin | None = None
) -> str:
    services: Services = ctx["services"]
    with services.spans.job(job, origin) as span:
        outcome = await _measured(ctx, services, job, work)
        span.note({"thirdeye.job.outcome": outcome})
        return outcome


async def _measured(ctx: JobContext, services: Services, job: str, work: Callable[[Services], Awaitable[str]]) -> str:
    started, outcome = time.perf_counter(), "failed"
    try:
        outcome = await work(services)
        return outcome
    except Unavailable as error:
        tries = ctx.get("job_try", 1)
        log.warning("job_not_done", job=job, problem=str(error), tries=tries)
        outcome = "retried" if tries < _MAX_TRIES else "failed"
        raise Retry(defer=2**tries) from error
    except Exception:
        log.exception("job_failed", job=job)
        raise
    finally:
        services.metrics.jobs.labels(job, outcome.replace(" ", "_")).inc()
        services.metrics.job_seconds.labels(job).observe(time.perf_counter() - started)


async def _compute(services: Services) -> str:
    if not services.dependencies.migrated:
        raise Unavailable("the thirdeye schema is not ready")
    computed = await services.score.is_due() and await services.score.compute()
    if not computed:
        # A refresh that was requested while Redis or the worker was unavailable has no job of its own.
        await _refresh(services)
    # Also what a killed worker left, or another one published.
    await _follow_up(services)
    return "computed" if computed else "not due"


async def _forecast(services: Services) -> str:
    if not services.dependencies.migrated or not await services.forecaster.is_due():
        return "not due"
    # None: another worker is at it.
    return "not due" if await services.forecaster.compute() is None else "computed"


async def _prune(services: Services) -> str:
    return "pruned" if services.dependencies.migrated and await services.pruning.run() else "nothing old"


async def _refresh(services: Services) -> str:
    if not services.dependencies.migrated or not await services.refresh.is_queued():
        return "nothing waits"
    await services.refresh.run()
    await _follow_up(services)
    return "refreshed"


async def _follow_up(services: Services) -> None:
    """What follows each refresh: items, and the facts of the day, which hold what was measured with the items."""
    try:
        with services.spans.span("detection"):
            await _detect(services)
    finally:
        with services.spans.span("daily facts"):
            await _record_day(services)


async def _record_day(services: Services) -> None:
    if not await services.daily_facts.is_due():
        return
    await services.daily_facts.record()
    # Once a refresh of the first day, until something is found: it reads all profiles that OpenMetadata has.
    if await services.past_facts.is_due():
        await services.past_facts.reconstruct()


async def _detect(services: Services) -> None:
    """Brings action items up to date with the newest estate, once for each."""
    if not await services.detection.is_due():
        return
    started = time.perf_counter()
    outcome = await services.detection.run()
    if outcome is not None:
        services.metrics.jobs.labels("detection", "detected").inc()
        services.metrics.job_seconds.labels("detection").observe(time.perf_counter() - started)
