"""How often a caller may ask: counted in Redis for all processes together, by the library `limits`.

Each request is counted, but not each by a statement of its own. A caller who is known to be under half of the limit goes
on at once and is counted with all others of the next moment; one who is nearer to it waits for the count, with those who
came while the last one was under way. Redis away: each process counts by itself until it is back.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from starlette.types import ASGIApp, Receive, Scope, Send

from thirdeye.cooldown import Cooldown
from thirdeye.deadlines import Deadlines
from thirdeye.edge.refusal import refuse, retry_after

# After a failure Redis is left alone for so many seconds, so that requests do not each wait for it.
_COOLDOWN: Final = 2.0
# What was counted is believed for so long, in seconds: no caller sends half of a limit in that time.
_BELIEVED: Final = 0.05
# Those who go on at once are counted together so often; each telling costs the process as much as several requests.
_TOGETHER: Final = 0.02
# So many of a caller go on at most before they are counted: what a burst over several processes may exceed the limit by,
# for each of the others.
_UNCOUNTED: Final = 64
# Under so small a limit every caller waits for the count.
_SMALL: Final = 200
# Callers over their limit, and until when: they are refused without asking Redis.
_REFUSED_KEPT: Final = 10_000
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
        options: Any = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
        self._redis: Any = RedisStorage(_storage_url(redis_url), implementation="redispy", **options)
        self._memory = MemoryStorage()
        self._cooldown = Cooldown(_COOLDOWN, monotonic)
        self._degraded = False
        self._waiting: dict[str, list[asyncio.Future[float | None]]] = {}
        self._counting: dict[str, asyncio.Task[None]] = {}
        self._refused: dict[str, float] = {}
        # Of callers far from the limit: how many were counted, until when that is believed, and how many were not yet.
        self._known: dict[str, tuple[int, float]] = {}
        self._uncounted: dict[str, int] = {}
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._far = 0 if self._item.amount < _SMALL else self._item.amount // 2

    async def wait_for(self, caller: str) -> float | None:
        """None when the caller may go on, else the seconds until he may."""
        until = self._refused.get(caller)
        if until is not None:
            if self._monotonic() < until:
                return until - self._monotonic()
            del self._refused[caller]
        if self._is_far(caller):
            return None
        future: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, []).append(future)
        if caller not in self._counting:
            self._counting[caller] = asyncio.create_task(self._count(caller))
        return await future

    def _is_far(self, caller: str) -> bool:
        """Whether a caller is known to be far from the limit; then the request is counted in a moment."""
        known = self._known.get(caller)
        uncounted = self._uncounted.get(caller, 0)
        if known is None or uncounted >= _UNCOUNTED or known[0] + uncounted >= self._far:
            return False
        if self._monotonic() > known[1]:
            return False
        self._uncounted[caller] = uncounted + 1
        if caller not in self._telling:
            self._telling[caller] = asyncio.create_task(self._tell(caller))
        return True

    async def _tell(self, caller: str) -> None:
        """Counts those who went on at once, until there are none."""
        try:
            while True:
                await asyncio.sleep(_TOGETHER)
                requests = self._uncounted.pop(caller, 0)
                if not requests:
                    return
                await self._hit(caller, requests)
        finally:
            del self._telling[caller]

    async def _count(self, caller: str) -> None:
        waiting: list[asyncio.Future[float | None]] = []
        try:
            while waiting := self._waiting.pop(caller, []):
                # Those who went on uncounted came first.
                after, wait = await self._hit(caller, len(waiting) + self._uncounted.pop(caller, 0))
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
        storage = self._memory if self._cooldown.active else self._redis
        try:
            found = await self._ask(storage, key, requests)
        except Exception as error:  # whatever Redis has, requests are answered
            self._degrade(error)
            found = await self._ask(self._memory, key, requests)
            self._learn(caller, *found)
            return found
        if storage is self._redis and self._degraded:
            self._degraded = False
            log.info("rate_limit_shared_again")
        self._learn(caller, *found)
        return found

    def _learn(self, caller: str, count: int, wait: float) -> None:
        if count >= self._item.amount:
            self._remember(caller, wait)
        if len(self._known) >= _REFUSED_KEPT:
            self._known.clear()
        self._known[caller] = (count, self._monotonic() + _BELIEVED)

    async def _ask(self, storage: Any, key: str, requests: int) -> tuple[int, float]:
        async with asyncio.timeout(self._timeout):
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
        self._cooldown.start()
        if not self._degraded:
            self._degraded = True
            log.warning("rate_limit_per_process", reason=type(error).__name__)

    async def start(self) -> None:
        """Connects with the first count."""

    async def stop(self) -> None:
        """Counts the last ones, and lets go of the connections to Redis."""
        if self._telling:
            await asyncio.wait(self._telling.values(), timeout=1)
        await self._redis.bridge.get_connection().aclose()


def _storage_url(redis_url: str) -> str:
    return f"async+redis+unix{redis_url.removeprefix('unix')}" if redis_url.startswith("unix") else f"async+{redis_url}"


class RateLimitMiddleware:
    """Answers 429 with `Retry-After` to a caller who asked too often; behind the authentication."""

    def __init__(self, app: ASGIApp, *, limiter: RateLimiter) -> None:
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
