"""The cache: a small process-local level over Redis by aiocache. Redis away means a miss, never an error.

The process-local level is a dict: aiocache's costs ten times as much a look-up, a timer for each value, and has no bound.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import redis.asyncio
import structlog
from aiocache.backends.redis import RedisCache
from aiocache.serializers import BaseSerializer

from thirdeye.cooldown import Cooldown
from thirdeye.deadlines import Deadlines

# Told the level (process, redis), the result (hit, miss, error) and the seconds in Redis of every look-up.
CacheObserver = Callable[[str, str, float], None]
# How long a process may answer from its own level before it looks at Redis again, in seconds.
_PROCESS_TTL = 1.0
_PROCESS_SIZE = 1000
# After a failure Redis is left alone for so many seconds, so that requests do not each wait for it.
_COOLDOWN = 1.0
log = structlog.get_logger(__name__)


class _JsonSerializer(BaseSerializer):  # type: ignore[misc]
    def dumps(self, value: Any) -> str:
        return orjson.dumps(value).decode()

    def loads(self, value: str | None) -> Any:
        return None if value is None else orjson.loads(value)


class Cache:
    """JSON values by key. A value lives for its time to live in Redis and at most a second in the process."""

    def __init__(
        self,
        redis_url: str,
        namespace: str,
        observe: CacheObserver = lambda _level, _result, _seconds: None,
        *,
        timeout: float = Deadlines.cache,
    ) -> None:
        self._observe = observe
        # Each value with the moment until which it counts.
        self._process: dict[str, tuple[Any, float]] = {}
        self._redis = RedisCache(namespace=namespace, serializer=_JsonSerializer(), timeout=timeout)
        # aiocache's own client takes no TLS options and no sockets; the address says all that.
        self._client: Any = redis.asyncio.from_url(  # type: ignore[no-untyped-call]
            redis_url, socket_connect_timeout=timeout, socket_timeout=timeout, max_connections=20
        )
        self._redis.client = self._client
        self._cooldown = Cooldown(_COOLDOWN)
        self._is_stopped = False
        # Those who wait for Redis, and whether there are none.
        self._waiting = 0
        self._idle = asyncio.Event()

    async def get(self, key: str) -> Any | None:
        """The value, or None when neither level has it."""
        known = self._process.get(key)
        if known is not None and time.monotonic() < known[1]:
            self._observe("process", "hit", 0.0)
            return known[0]
        self._observe("process", "miss", 0.0)
        value = await self._get_redis(key)
        if value is not None:
            self._keep(key, value, _PROCESS_TTL)
        return value

    def _keep(self, key: str, value: Any, ttl: float) -> None:
        if len(self._process) >= _PROCESS_SIZE:
            self._process.clear()
        self._process[key] = (value, time.monotonic() + ttl)

    @contextmanager
    def _call(self) -> Iterator[None]:
        self._waiting += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._idle.set()

    async def _get_redis(self, key: str) -> Any | None:
        if self._cooldown.active or self._is_stopped:
            return None
        started = time.perf_counter()
        try:
            with self._call():
                value = await self._redis.get(key)
        except Exception as error:  # whatever a cache has, the answer is a miss
            self._fail(error, started)
            return None
        self._observe("redis", "miss" if value is None else "hit", time.perf_counter() - started)
        return value

    async def set(self, key: str, value: Any, *, ttl: float, shared: bool = True) -> None:
        """Keeps a value for `ttl` seconds; `shared` false: in this process only, for a second at most."""
        self._keep(key, value, min(ttl, _PROCESS_TTL))
        if not shared or self._cooldown.active or self._is_stopped:
            return
        started = time.perf_counter()
        try:
            with self._call():
                await self._redis.set(key, value, ttl=int(ttl))
        except Exception as error:
            self._fail(error, started)

    def _fail(self, error: Exception, started: float) -> None:
        self._observe("redis", "error", time.perf_counter() - started)
        self._cooldown.start()
        log.debug("cache_away", error=type(error).__name__)

    async def problem(self) -> str | None:
        """Why Redis cannot be used, by trying to write; None when it can. One that only reads runs no job."""
        if self._is_stopped:
            return "its connections are closed"
        try:
            with self._call():
                await self._redis.set("writable", 1, ttl=10)
        except redis.exceptions.ResponseError as error:
            return f"it refuses writes: {error}"[:200]
        except Exception as error:
            return type(error).__name__
        return None

    async def stop(self) -> None:
        """Closes the connections to Redis, once nobody waits for it: what is asked meanwhile would open another, for good."""
        self._is_stopped = True
        # Each wait has its limit.
        if self._waiting:
            await self._idle.wait()
        await self._client.aclose()
