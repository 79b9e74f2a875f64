"""An API sees from outside whether a worker works and what waits for it."""

import math

import pytest
import redis.asyncio

from tests.support import PATIENCE
from thirdeye.jobs import REFRESH, JobQueue, report_key
from thirdeye.local.servers import Redis, free_port
from thirdeye.observability.metrics import Metrics
from thirdeye.worker_watch import WorkerWatch

pytestmark = pytest.mark.anyio
SCHEMA = "thirdeye_watched"


def seen(metrics: Metrics) -> tuple[float | None, float | None]:
    value = metrics.registry.get_sample_value
    return value("thirdeye_queue_jobs"), value("thirdeye_worker_reports")


async def test_what_waits_and_whether_a_worker_reports(redis_server: Redis) -> None:
    jobs, metrics = JobQueue(redis_server.url, SCHEMA, timeout=PATIENCE), Metrics()
    watch = WorkerWatch(jobs, metrics)
    # Nobody has looked: nobody knows.
    assert all(math.isnan(value or 0) for value in seen(metrics))
    await watch.look()
    assert seen(metrics) == (0, 0)
    for key in ("1", "2", "2"):
        await jobs.put(REFRESH, key=key)
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.set(report_key(SCHEMA), "j_complete=0", ex=60)
        await watch.look()
        assert seen(metrics) == (2, 1)
        await client.flushall()
    await watch.look()
    assert seen(metrics) == (0, 0)
    await jobs.stop()


async def test_without_redis_nothing_is_known() -> None:
    jobs, metrics = JobQueue(f"redis://127.0.0.1:{free_port()}/0", SCHEMA), Metrics()
    metrics.queue_jobs.set(3)
    metrics.worker_reports.set(1)
    await WorkerWatch(jobs, metrics).look()
    assert all(math.isnan(value or 0) for value in seen(metrics))
    await jobs.stop()
