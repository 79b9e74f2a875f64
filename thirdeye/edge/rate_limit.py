"""Limits how many requests a caller may send: counted in Redis for all processes together, by the library `limits`.

Every request is counted, but not every request has a statement of its own. A caller whose count is known to be under half
of the limit goes on at once and is counted a moment later, together with its other requests; one nearer to the limit
waits for the count, with the requests that came while the last one was under way. Without Redis each process counts by
itself until Redis is back.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from cachetools import TLRUCache
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from starlette.types import ASGIApp, Receive, Scope, Send

from thirdeye.cooldown import Cooldown
from thirdeye.deadlines import Deadlines
from thirdeye.edge.refusal import refuse, retry_after
from thirdeye.errors import RateLimited
from thirdeye.request_state import request_state

# After a failure Redis is left alone for so many seconds, so that requests do not each wait for it.
_COOLDOWN: Final = 2.0
# How long a count is trusted, in seconds: no caller sends half of a limit in that time.
_COUNT_TRUSTED: Final = 0.05
# How often deferred requests are counted, in seconds; each count costs the process as much as several requests.
_DEFERRED_INTERVAL: Final = 0.02
# Requests of a caller that may go on before they are counted: so many, or a hundredth of the limit. A burst over several
# processes may exceed the limit by that for each of the others.
_MIN_DEFERRED: Final = 64
# Under a smaller limit every caller waits for the count.
_MIN_LIMIT_TO_DEFER: Final = 200
_MAX_CALLERS: Final = 10_000
log = structlog.get_logger(__name__)


class RateLimiter:
    """Admits `limit` requests of each caller ("600/minute") in each window, which begins with the first of them."""

    def __init__(
        self,
        limit: str,
        redis_url: str,
        namespace: str,
        *,
        timeout: float = Deadlines.rate_limit,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._item: RateLimitItem = parse(limit)
        self._monotonic = monotonic
        self._namespace = namespace
        self._timeout = timeout
        self._redis = RedisStorage(
            _storage_url(redis_url), implementation="redispy", socket_timeout=timeout, socket_connect_timeout=timeout
        )
        self._memory = MemoryStorage()
        self._cooldown = Cooldown(_COOLDOWN, monotonic)
        self._degraded = False
        self._waiting: dict[str, list[asyncio.Future[float | None]]] = {}
        self._counting: dict[str, asyncio.Task[None]] = {}
        # Callers over their limit, and until when: they are refused without asking Redis.
        self._refused: TLRUCache[str, float] = TLRUCache(_MAX_CALLERS, lambda _caller, until, _now: until, monotonic)
        # The last count of each caller, and until when it is trusted. Every request looks here; a TTLCache would
        # take 3 us for that, of about 130 for a whole request from the cache.
        self._counts: dict[str, tuple[int, float]] = {}
        self._deferred: dict[str, int] = {}
        self._counting_deferred: dict[str, asyncio.Task[None]] = {}
        self._max_deferred = max(_MIN_DEFERRED, self._item.amount // 100)
        self._defer_below = 0 if self._item.amount < _MIN_LIMIT_TO_DEFER else self._item.amount // 2

    async def wait_for(self, caller: str) -> float | None:
        """None when the caller may go on, else the seconds until the window ends."""
        if self.may_go_on(caller):
            return None
        until = self._refused.get(caller)
        if until is not None:
            return until - self._monotonic()
        future: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, []).append(future)
        if caller not in self._counting:
            self._counting[caller] = asyncio.create_task(self._count(caller))
        return await future

    def may_go_on(self, caller: str) -> bool:
        """Whether the caller is known to be far from the limit; then the request is counted in a moment."""
        count = self._counts.get(caller)
        deferred = self._deferred.get(caller, 0)
        if count is None or deferred >= self._max_deferred or count[0] + deferred >= self._defer_below:
            return False
        if self._monotonic() > count[1]:
            return False
        self._deferred[caller] = deferred + 1
        if caller not in self._counting_deferred:
            self._counting_deferred[caller] = asyncio.create_task(self._count_deferred(caller))
        return True

    async def _count_deferred(self, caller: str) -> None:
        """Counts deferred requests until there are none."""
        try:
            while True:
                await asyncio.sleep(_DEFERRED_INTERVAL)
                requests = self._deferred.pop(caller, 0)
                if not requests:
                    return
                await self._hit(caller, requests)
        finally:
            del self._counting_deferred[caller]

    async def _count(self, caller: str) -> None:
        waiting: list[asyncio.Future[float | None]] = []
        try:
            while waiting := self._waiting.pop(caller, []):
                # Deferred requests came first.
                count, wait = await self._hit(caller, len(waiting) + self._deferred.pop(caller, 0))
                for rank, future in enumerate(waiting, count - len(waiting) + 1):
                    if not future.done():
                        future.set_result(None if rank <= self._item.amount else wait)
        finally:
            del self._counting[caller]
            # Whatever went wrong with counting, nobody may wait for it for ever.
            for future in (*waiting, *self._waiting.pop(caller, ())):
                if not future.done():
                    future.set_result(None)

    async def _hit(self, caller: str, requests: int) -> tuple[int, float]:
        """The count of the window with these requests, and the seconds until it ends."""
        key = self._item.key_for(self._namespace, caller)
        storage = self._memory if self._cooldown.active else self._redis
        try:
            count, wait = await self._increment(storage, key, requests)
        except Exception as error:  # whatever Redis has, requests are answered
            self._degrade(error)
            count, wait = await self._increment(self._memory, key, requests)
        else:
            if storage is self._redis and self._degraded:
                self._degraded = False
                log.info("rate_limit_shared_again")
        self._remember(caller, count, wait)
        return count, wait

    async def _increment(self, storage: RedisStorage | MemoryStorage, key: str, requests: int) -> tuple[int, float]:
        async with asyncio.timeout(self._timeout):
            count = await storage.incr(key, self._item.get_expiry(), amount=requests)
            if count < self._item.amount:
                return count, 0.0
            ends = await storage.get_expiry(key) - time.time()
        return count, min(max(ends, 0.001), self._item.get_expiry())

    def _remember(self, caller: str, count: int, wait: float) -> None:
        if count >= self._item.amount:
            self._refused[caller] = self._monotonic() + wait
        if len(self._counts) >= _MAX_CALLERS:
            self._counts.clear()
        self._counts[caller] = (count, self._monotonic() + _COUNT_TRUSTED)

    def _degrade(self, error: Exception) -> None:
        self._cooldown.start()
        if not self._degraded:
            self._degraded = True
            log.warning("rate_limit_per_process", reason=type(error).__name__)

    async def start(self) -> None:
        """Connects with the first count."""

    async def stop(self) -> None:
        """Counts the last requests and closes the connections to Redis."""
        if self._counting_deferred:
            await asyncio.wait(self._counting_deferred.values(), timeout=1)
        bridge: Any = self._redis.bridge
        await bridge.get_connection().aclose()


def _storage_url(redis_url: str) -> str:
    return f"async+redis+unix{redis_url.removeprefix('unix')}" if redis_url.startswith("unix") else f"async+{redis_url}"


class RateLimitMiddleware:
    """Answers 429 with `Retry-After` to a caller over the limit; behind the authentication."""

    def __init__(self, app: ASGIApp, *, limiter: RateLimiter) -> None:
        self._app = app
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal = request_state(scope).principal if scope["type"] == "http" else None
        # Most may, and need no coroutine for that.
        if principal is not None and not self._limiter.may_go_on(principal.name):
            wait = await self._limiter.wait_for(principal.name)
            if wait is not None:
                message = "you asked more often than is allowed; try again later"
                await refuse(scope, send, RateLimited(message, reason="rate", headers=(retry_after(wait),)))
                return
        await self._app(scope, receive, send)
