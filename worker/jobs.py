"""Thin jobs that call the domains. Each may run twice, at once, or be killed at any point."""

import logging
import time
from typing import Any

import structlog
from arq import Retry
from prometheus_client import start_http_server

from thirdeye.cache import Cache
from thirdeye.clock import utc_now
from thirdeye.database import om_database, thirdeye_database
from thirdeye.dependencies import Dependencies
from thirdeye.errors import Unavailable
from thirdeye.score.service import ScoreService
from thirdeye.settings import process_settings
from thirdeye.telemetry import Metrics, configure_logging

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
    score = ScoreService(
        settings=settings, om=om, thirdeye=thirdeye, cache=cache, clock=ctx.get("clock", utc_now), metrics=metrics
    )
    ctx.update(
        metrics=metrics, zi_score=score, dependencies=dependencies, closing=[dependencies, score, om, thirdeye, cache]
    )
    if settings.worker_metrics_port:
        ctx["metrics_server"] = start_http_server(settings.worker_metrics_port, registry=metrics.registry)
    log.info("worker_started", schedule=f"every {settings.refresh_minutes} minutes", tick="each minute")


async def shut_down(ctx: dict[str, Any]) -> None:
    """Closes what `start_up` opened."""
    if "metrics_server" in ctx:
        server, thread = ctx["metrics_server"]
        server.shutdown()
        server.server_close()
        thread.join()
    for each in ctx.get("closing", ()):
        await each.stop()
    log.info("worker_stopped")


async def compute_score(ctx: dict[str, Any]) -> str:
    """Computes the score when its slot is due: `computed`, or `not due`. Raises Retry while something is away."""
    started, outcome = time.perf_counter(), "failed"
    try:
        outcome = await _compute(ctx)
        return outcome
    except Unavailable as error:
        tries = ctx.get("job_try", 1)
        log.warning("score_not_computed", problem=str(error), tries=tries)
        outcome = "retried" if tries < _MOST_TRIES else "failed"
        raise Retry(defer=2**tries) from error
    except Exception:
        log.exception("score_failed")
        raise
    finally:
        ctx["metrics"].jobs.labels("compute_score", outcome.replace(" ", "_")).inc()
        ctx["metrics"].job_seconds.labels("compute_score").observe(time.perf_counter() - started)


async def _compute(ctx: dict[str, Any]) -> str:
    if not ctx["dependencies"].migrated:
        raise Unavailable("the thirdeye schema is not ready")
    score: ScoreService = ctx["zi_score"]  # arq has a "score" of its own in a job's context
    if await score.is_due() and await score.compute():
        return "computed"
    return "not due"
