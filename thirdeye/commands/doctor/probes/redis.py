"""Asks Redis, and what the worker left there."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import redis.asyncio
from redis.exceptions import AuthenticationError, AuthorizationError, RedisError, ResponseError

from thirdeye.auth.keys import without_secrets
from thirdeye.clock import Clock
from thirdeye.commands.doctor.examination import NotChecked, Probe, Result
from thirdeye.commands.doctor.facts import RedisFacts, WorkerFacts
from thirdeye.commands.doctor.findings import finding
from thirdeye.commands.doctor.probes.answers import reason
from thirdeye.commands.doctor.rules.redis import judge_redis
from thirdeye.commands.doctor.rules.work import judge_worker
from thirdeye.jobs import queue_name, report_key
from thirdeye.settings import Settings


class RedisProbes:
    """Over one client; open within `async with`."""

    def __init__(self, settings: Settings, clock: Clock, seconds: float) -> None:
        self._schema, self._clock = settings.thirdeye_mysql_schema, clock
        self._address = without_secrets(settings.redis_url)
        # Less than the whole check may take, so that it can say what was in the way.
        limit = 0.8 * seconds
        self._client: Any = redis.asyncio.from_url(  # type: ignore[no-untyped-call]
            settings.redis_url, socket_connect_timeout=limit, socket_timeout=limit, decode_responses=True
        )
        self._answers = False

    async def __aenter__(self) -> "RedisProbes":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    def probes(self) -> Iterator[Probe]:
        """In the order in which they rest on each other."""
        yield Probe("Redis", self.server)
        yield Probe("worker", self.worker)

    async def server(self) -> Result:
        """Whether it can be used, and what it does when it is full."""
        try:
            await self._client.ping()
        except (AuthenticationError, AuthorizationError) as error:
            return "", [finding("REDIS_PASSWORD_WRONG", str(error))]
        except (RedisError, OSError, TimeoutError) as error:
            return "", [finding("REDIS_UNREACHABLE", f"{self._address}: {reason(error)}")]
        self._answers = True
        info = await self._client.info()
        saves = bool(int(info.get("aof_enabled", 0))) or bool((await self._configured("save")) or "")
        facts = RedisFacts(
            version=str(info.get("redis_version", "?")),
            refusal=await self._refusal(),
            policy=str(info.get("maxmemory_policy", "?")),
            memory=int(info.get("used_memory", 0)),
            max_memory=int(info.get("maxmemory", 0)),
            saves=saves,
            save_failed="err" in (info.get("rdb_last_bgsave_status"), info.get("aof_last_write_status")),
        )
        disk = "saves to disk" if saves else "keeps nothing on disk, which ThirdEye does not need"
        return f"{facts.version}, {facts.policy}, {disk}", judge_redis(facts)

    async def _configured(self, name: str) -> str | None:
        try:
            return str((await self._client.config_get(name)).get(name, ""))
        except RedisError:
            return None  # A hosted Redis may not tell.

    async def _refusal(self) -> str | None:
        """Every process of ThirdEye tries so each second: a key that is gone at once."""
        try:
            await self._client.set(f"{self._schema}writable-by-doctor", "1", ex=1)
        except ResponseError as error:
            return str(error)[:200]
        return None

    async def worker(self) -> Result:
        """The last report of a worker, and the queue."""
        if not self._answers:
            raise NotChecked("Redis cannot be asked")
        queue = queue_name(self._schema)
        report = await self._client.get(report_key(self._schema))
        waiting = await self._client.zrange(queue, 0, 0, withscores=True)
        oldest = datetime.fromtimestamp(waiting[0][1] / 1000, UTC) if waiting else None
        facts = WorkerFacts(now=self._clock(), report=report, oldest_job=oldest)
        return str(report or "no report"), judge_worker(facts)
