"""Handing work to the worker through Redis; arq's names of queue and jobs in one place."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

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


# Makes a span while a job of this name is queued; gives what its run is told of its trace, None without one.
Queueing = Callable[[str], AbstractContextManager[Mapping[str, str] | None]]


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """How many jobs wait or run, and whether a worker reported in the last seconds."""

    jobs: int
    worker_reports: bool


class JobQueue:
    """Puts jobs into the worker's queue; connects when first used."""

    def __init__(
        self,
        redis_url: str,
        schema: str,
        *,
        timeout: float = Deadlines.job_queue,
        queueing: Queueing = lambda _job: nullcontext(None),
    ) -> None:
        self._queueing = queueing
        self._timeout = timeout
        self._settings = RedisSettings.from_dsn(redis_url)
        self._settings.conn_retries = 0
        # Half of the time for the connection, in whole seconds.
        self._settings.conn_timeout = max(1, int(timeout / 2))
        self._queue = queue_name(schema)
        self._pool: ArqRedis | None = None

    async def put(self, job: str, *, key: str) -> None:
        """Queues a job once for a key. Raises Unavailable when Redis is away."""
        async with self._connected() as pool:
            with self._queueing(job) as origin:
                # Only with traces: a worker of a version before them knows no `origin`.
                more: dict[str, Any] = {} if origin is None else {"origin": dict(origin)}
                await pool.enqueue_job(job, _job_id=f"{self._queue}:{job}:{key}", **more)

    async def state(self) -> QueueState:
        """What waits, and whether anybody works. Raises Unavailable when Redis is away."""
        async with self._connected() as pool:
            jobs, reports = await pool.zcard(self._queue), await pool.exists(self._queue + health_check_key_suffix)
            return QueueState(jobs=int(jobs), worker_reports=bool(reports))

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[ArqRedis]:
        try:
            async with asyncio.timeout(self._timeout):
                if self._pool is None:
                    self._pool = await create_pool(self._settings, default_queue_name=self._queue)
                yield self._pool
        except (redis.exceptions.RedisError, OSError, TimeoutError) as error:
            message = "Redis cannot be reached at the moment, so no job can be queued; try again later"
            raise Unavailable(message) from error

    async def stop(self) -> None:
        """Closes the connections."""
        if self._pool is not None:
            await self._pool.aclose()
