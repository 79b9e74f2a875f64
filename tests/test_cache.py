"""The cache, while its process stops."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from thirdeye.cache import Cache
from thirdeye.local.servers import Redis

pytestmark = pytest.mark.anyio
CALLS: dict[str, Callable[[Cache], Awaitable[Any]]] = {
    "get": lambda cache: cache.get("key"),
    "set": lambda cache: cache.set("key", 1, ttl=5),
    "problem": lambda cache: cache.problem(),
}


def open_connections(cache: Cache) -> int:
    pool = cache._client.connection_pool
    return sum(each.is_connected for each in [*pool._available_connections, *pool._in_use_connections])


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("turns", range(12))
async def test_whatever_is_asked_while_it_stops_leaves_no_connection(
    redis_server: Redis, call: Callable[[Cache], Awaitable[Any]], turns: int
) -> None:
    cache = Cache(redis_server.url, "stopping", timeout=60)
    asked = asyncio.ensure_future(call(cache))
    for _ in range(turns):
        await asyncio.sleep(0)
    await cache.stop()
    await asked
    assert open_connections(cache) == 0


async def test_what_is_asked_afterwards_is_a_miss(redis_server: Redis) -> None:
    cache = Cache(redis_server.url, "stopped", timeout=60)
    await cache.set("key", 1, ttl=5)
    assert await cache.problem() is None
    await cache.stop()
    assert await cache.get("another") is None
    await cache.set("another", 1, ttl=5)
    assert await cache.problem() is not None
    assert open_connections(cache) == 0
