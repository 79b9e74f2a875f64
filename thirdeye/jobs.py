"""Handing work to the worker through Redis; arq's names of queue and jobs in one place."""

import asyncio

import redis.exceptions
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.constants import health_check_key_suffix

from thirdeye.deadlines import Deadlines
from thirdeye.errors import Unavailable

REFRESH = "refresh_estate"


def queue_name(schema: str) -> str:
    """The queue of the installation that owns this schema."""
    return f"thirdeye:{schema}"


def report_key(schema: str) -> str:
    """Where a worker of the installation reports every ten seconds."""
    return queue_name(schema) + health_check_key_suffix


class JobQueue:
    """Puts jobs into the worker's queue; connects when first used."""

    def __init__(self, redis_url: str, schema: str, *, timeout: float = Deadlines.job_queue) -> None:
        self._timeout = timeout
        self._settings = RedisSettings.from_dsn(redis_url)
        self._settings.conn_retries = 0
        # Half of the time for the connection, in whole seconds.
        self._settings.conn_timeout = max(1, int(timeout / 2))
        self._queue = queue_name(schema)
        self._pool: ArqRedis | None = None

    async def put(self, job: str, *, key: str) -> None:
        """Queues a job once for a key. Raises Unavailable when Redis is away."""
        try:
            async with asyncio.timeout(self._timeout):
                if self._pool is None:
                    self._pool = await create_pool(self._settings, default_queue_name=self._queue)
                await self._pool.enqueue_job(job, _job_id=f"{self._queue}:{job}:{key}")
        except (redis.exceptions.RedisError, OSError, TimeoutError) as error:
            message = "Redis cannot be reached at the moment, so no job can be queued; try again later"
            raise Unavailable(message) from error

    async def stop(self) -> None:
        """Closes the connections."""
        if self._pool is not None:
            await self._pool.aclose()
