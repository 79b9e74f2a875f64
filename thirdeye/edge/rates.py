"""How often a caller may ask: counted in Redis for all processes together, by the library `limits`.

Each request is counted, but not each by a statement of its own: those of one caller that come while the last count is
under way go with the next. Redis away: each process counts by itself until it is back.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage

from thirdeye.edge.refusal import refuse, retry_after
from thirdeye.telemetry import App, Receive, Scope, Send

_REDIS_SECONDS: Final = 0.3
# After a failure Redis is left alone for so many seconds, so that requests do not each wait for it.
_PAUSE: Final = 2.0
# Callers over their limit, and until when: they are refused without asking Redis.
_REFUSED_KEPT: Final = 10_000
log = structlog.get_logger(__name__)


class RateLimiter:
    """Admits `limit` requests of each caller ("600/minute") in each window, which begins with the first of them."""

    def __init__(
        self, limit: str, redis_url: str, namespace: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._item: RateLimitItem = parse(limit)
        self._monotonic = monotonic
        self._namespace = namespace
        options: Any = {"socket_timeout": _REDIS_SECONDS, "socket_connect_timeout": _REDIS_SECONDS}
        self._redis: Any = RedisStorage(_storage_url(redis_url), implementation="redispy", **options)
        self._memory = MemoryStorage()
        self._paused_until = float("-inf")
        self._degraded = False
        self._waiting: dict[str, list[asyncio.Future[float | None]]] = {}
        self._counting: dict[str, asyncio.Task[None]] = {}
        self._refused: dict[str, float] = {}

    async def wait_for(self, caller: str) -> float | None:
        """None when the caller may go on, else the seconds until he may."""
        until = self._refused.get(caller)
        if until is not None:
            if self._monotonic() < until:
                return until - self._monotonic()
            del self._refused[caller]
        future: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, []).append(future)
        if caller not in self._counting:
            self._counting[caller] = asyncio.create_task(self._count(caller))
        return await future

    async def _count(self, caller: str) -> None:
        waiting: list[asyncio.Future[float | None]] = []
        try:
            while waiting := self._waiting.pop(caller, []):
                after, wait = await self._hit(caller, len(waiting))
                for rank, future in enumerate(waiting, after - len(waiting) + 1):
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
        storage = self._memory if self._monotonic() < self._paused_until else self._redis
        try:
            found = await self._ask(storage, key, requests)
        except Exception as error:  # whatever Redis has, requests are answered
            self._degrade(error)
            return await self._ask(self._memory, key, requests)
        if storage is self._redis and self._degraded:
            self._degraded = False
            log.info("rate_limit_shared_again")
        if found[0] >= self._item.amount:
            self._remember(caller, found[1])
        return found

    async def _ask(self, storage: Any, key: str, requests: int) -> tuple[int, float]:
        async with asyncio.timeout(_REDIS_SECONDS):
            count = await storage.incr(key, self._item.get_expiry(), amount=requests)
            if count < self._item.amount:
                return count, 0.0
            ends = await storage.get_expiry(key) - time.time()
        return count, min(max(ends, 0.001), self._item.get_expiry())

    def _remember(self, caller: str, wait: float) -> None:
        if len(self._refused) >= _REFUSED_KEPT:
            self._refused.clear()
        self._refused[caller] = self._monotonic() + wait

    def _degrade(self, error: Exception) -> None:
        self._paused_until = self._monotonic() + _PAUSE
        if not self._degraded:
            self._degraded = True
            log.warning("rate_limit_per_process", reason=type(error).__name__)

    async def stop(self) -> None:
        """Lets go of the connections to Redis."""
        await self._redis.bridge.get_connection().aclose()


def _storage_url(redis_url: str) -> str:
    return f"async+redis+unix{redis_url.removeprefix('unix')}" if redis_url.startswith("unix") else f"async+{redis_url}"


class RateMiddleware:
    """Answers 429 with `Retry-After` to a caller who asked too often; behind the authentication."""

    def __init__(self, app: App, *, limiter: RateLimiter) -> None:
        self._app = app
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal = scope.get("state", {}).get("principal")
        if principal is not None:
            wait = await self._limiter.wait_for(principal.name)
            if wait is not None:
                message = "you asked more often than is allowed; try again later"
                await refuse(scope, send, 429, message, "rate", (retry_after(wait),))
                return
        await self._app(scope, receive, send)
