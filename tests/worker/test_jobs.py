"""Jobs through a real arq worker: enqueued in Redis, taken by the worker, their results awaited."""

import random
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker

from tests.support.api import prepare_accounts, settings_for
from tests.support.daily_estate import DailyEstate, random_columns
from tests.support.database import copy_migrated, empty_thirdeye
from tests.support.facts_of_days import put_days
from tests.support.mirror import nothing
from thirdeye.database import thirdeye_database
from thirdeye.forecast import store
from thirdeye.forecast.places import EVERYTHING, Place
from thirdeye.jobs import queue_name
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.migrations import migrate
from thirdeye.settings import Settings

# arq closes its connections by the old name.
pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")]
SCHEMA = "thirdeye_jobs"
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`worker.jobs`: arq's settings beside it are read from the environment as the package is imported."""
    monkeypatch.setenv("ENVIRONMENT", "development")
    monkeypatch.setenv("JWT_SECRET", "s" * 64)
    module = import_module("worker.jobs")
    # The lines of this process are not the worker's alone.
    monkeypatch.setattr(module, "configure_logging", lambda _level, **_more: None)
    return module


async def results_of(jobs: ModuleType, settings: Settings, *names: str) -> list[Any]:
    """What a worker makes of these jobs; it ends when there are no more."""
    redis_settings, queue = RedisSettings.from_dsn(settings.redis_url), queue_name(SCHEMA)
    pool: ArqRedis = await create_pool(redis_settings, default_queue_name=queue)
    worker = Worker(
        [jobs.compute_forecast, jobs.prune],
        queue_name=queue,
        redis_settings=redis_settings,
        burst=True,
        on_startup=jobs.start_up,
        on_shutdown=jobs.shut_down,
        handle_signals=False,
        poll_delay=0.02,
        ctx={"settings": settings, "clock": lambda: NOW},
    )
    try:
        queued = [await pool.enqueue_job(name) for name in names]
        await worker.async_run()
        return [await job.result(timeout=60) for job in queued if job is not None]
    finally:
        await worker.close()
        await pool.aclose()


async def test_the_forecast_and_pruning_run_in_the_worker(
    sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, jobs: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thirdeye.forecast.fitting.has_extra", lambda: False)
    prepare_accounts(sql_server, "om_empty", SCHEMA)
    settings = settings_for(sql_server, redis_server, om_schema="om_empty", schema=SCHEMA, signer=signer)
    copy_migrated(sql_server, SCHEMA, settings)
    empty_thirdeye(sql_server, SCHEMA)
    thirdeye = thirdeye_database(settings, nothing)
    await thirdeye.start()
    try:
        await migrate(settings, thirdeye)
        await DailyEstate(thirdeye).publish_random(random_columns(random.Random(1)), NOW)
        shop = Place("shop")
        await put_days(thirdeye, NOW.date(), {EVERYTHING: [100.0] * 20, shop: [100.0] * 20})
        old = NOW - timedelta(days=500)
        for minute in range(5):
            await thirdeye.execute(
                "INSERT INTO health_score_history (captured_at, score) VALUES (%(at)s, 50)",
                {"at": old + timedelta(minutes=minute)},
            )
        assert await results_of(jobs, settings, "compute_forecast", "prune") == ["computed", "pruned"]
        stored = await store.forecast(thirdeye, shop)
        assert stored is not None
        assert (stored["day"], stored["computed_at"].replace(tzinfo=UTC)) == (NOW.date(), NOW)
        assert (await thirdeye.fetch_all("SELECT COUNT(*) AS n FROM health_score_history"))[0]["n"] == 2
        # Run again, there is nothing to do.
        assert await results_of(jobs, settings, "compute_forecast", "prune") == ["not due", "nothing old"]
    finally:
        await thirdeye.stop()
