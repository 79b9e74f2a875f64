"""Rate limits: exact over processes, cheap to refuse, and per process while Redis is away."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import redis
import structlog

from tests.support import PATIENCE
from tests.support.api import GRAPHQL, prepare_accounts, running, settings_for
from tests.support.clocks import Monotonic
from thirdeye.edge.rate_limit import RateLimiter
from thirdeye.local.servers import MariaDB, Redis
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator[Redis]:
    server = Redis(tmp_path / "redis")
    server.start()
    yield server
    server.kill()


def limiter_of(limit: str, server: Redis, monotonic: Monotonic | None = None, *, namespace: str = "x") -> RateLimiter:
    """One that waits for Redis as long as it takes."""
    clock = time.monotonic if monotonic is None else monotonic
    return RateLimiter(limit, server.url, namespace, timeout=PATIENCE, monotonic=clock)


async def admitted(limiter: RateLimiter, caller: str, requests: int) -> int:
    waits = await asyncio.gather(*(limiter.wait_for(caller) for _ in range(requests)))
    assert all(wait is None or 0 < wait <= 3600 for wait in waits)
    return waits.count(None)


async def test_two_processes_admit_no_more_and_no_less(own_redis: Redis) -> None:
    limiters = [limiter_of("100/hour", own_redis) for _ in range(2)]
    found = await asyncio.gather(*(admitted(limiter, "ann", size) for size in (1, 7, 30, 60) for limiter in limiters))
    assert sum(found) == 100
    # Others, and the same caller of another installation, are not touched.
    assert await admitted(limiters[0], "bob", 100) == 100
    limiters.append(limiter_of("100/hour", own_redis, namespace="y"))
    assert await admitted(limiters[2], "ann", 5) == 5
    for limiter in limiters:
        await limiter.stop()


async def test_far_from_the_limit_nobody_waits_and_all_are_counted(
    own_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No moment passes, so that what was counted is believed throughout.
    limiter = limiter_of("1000/hour", own_redis, Monotonic())
    assert await admitted(limiter, "ann", 1) == 1
    asked = 0
    real = limiter._increment

    async def ask(*args: Any) -> tuple[int, float]:
        nonlocal asked
        asked += 1
        return await real(*args)

    monkeypatch.setattr(limiter, "_increment", ask)
    assert [await limiter.wait_for("ann") for _ in range(60)] == [None] * 60
    assert asked == 0
    await limiter.stop()
    assert asked == 1
    with redis.Redis.from_url(own_redis.url) as client:
        assert [int(client.get(key)) for key in client.keys("*ann*")] == [61]


@pytest.mark.parametrize(("limit", "most"), [("1000/hour", 64), ("6000/minute", 64), ("60000/minute", 600)])
async def test_so_many_go_on_before_they_are_counted(own_redis: Redis, limit: str, most: int) -> None:
    limiter = limiter_of(limit, own_redis, Monotonic())
    assert await admitted(limiter, "ann", 1) == 1
    assert [limiter.may_go_on("ann") for _ in range(most + 1)] == [True] * most + [False]
    await limiter.stop()


@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize("seed", range(3))
async def test_a_large_limit_holds_in_bursts(own_redis: Redis, processes: int, seed: int) -> None:
    random = Random(seed)
    limiters = [limiter_of("1000/hour", own_redis) for _ in range(processes)]
    total = 0
    for _ in range(60):
        bursts = [(limiter, random.choice((0, 1, 5, 40, 90))) for limiter in limiters]
        total += sum(await asyncio.gather(*(admitted(limiter, "ann", size) for limiter, size in bursts)))
        await asyncio.sleep(random.choice((0, 0, 0.005)))
    assert 1000 <= total <= 1000 + 64 * (processes - 1)
    for limiter in limiters:
        assert await admitted(limiter, "ann", 10) == 0
        await limiter.stop()


async def test_one_by_one_as_well(own_redis: Redis) -> None:
    limiters = [limiter_of("5/hour", own_redis) for _ in range(3)]
    waits = [await limiters[number % 3].wait_for("ann") for number in range(9)]
    assert [wait is None for wait in waits] == [True] * 5 + [False] * 4
    for limiter in limiters:
        await limiter.stop()


async def test_who_is_refused_costs_redis_nothing_until_the_window_ends(own_redis: Redis) -> None:
    monotonic = Monotonic()
    limiter = limiter_of("2/hour", own_redis, monotonic)
    assert await admitted(limiter, "ann", 3) == 2
    own_redis.kill()
    assert await admitted(limiter, "ann", 50) == 0
    own_redis.start()
    monotonic.now += 3601
    assert await admitted(limiter, "ann", 1) == 1
    await limiter.stop()


async def test_without_redis_each_process_counts_by_itself(own_redis: Redis) -> None:
    monotonic = Monotonic()
    limiter = limiter_of("3/hour", own_redis, monotonic)
    assert await admitted(limiter, "ann", 1) == 1
    own_redis.kill()
    with structlog.testing.capture_logs() as logs:
        assert await admitted(limiter, "ann", 9) == 3
        assert await admitted(limiter, "bob", 1) == 1
        own_redis.start()
        monotonic.now += 3
        assert await admitted(limiter, "carl", 9) == 3
    assert [entry["event"] for entry in logs] == ["rate_limit_per_process", "rate_limit_shared_again"]
    await limiter.stop()


async def test_who_goes_away_is_counted_and_nobody_waits_for_him(own_redis: Redis) -> None:
    limiter = limiter_of("3/hour", own_redis)
    gone = asyncio.create_task(limiter.wait_for("ann"))
    await asyncio.sleep(0)
    gone.cancel()
    assert await admitted(limiter, "ann", 9) == 2
    await limiter.stop()


async def test_nobody_waits_for_a_count_that_fails(own_redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = limiter_of("3/hour", own_redis)

    async def broken(*_: object) -> None:
        raise RuntimeError("neither Redis nor memory")

    monkeypatch.setattr(limiter, "_increment", broken)
    waits = asyncio.gather(*(limiter.wait_for("ann") for _ in range(5)))
    await asyncio.sleep(0)
    counting = limiter._counting["ann"]
    assert await asyncio.wait_for(waits, PATIENCE) == [None] * 5
    with pytest.raises(RuntimeError):
        await counting
    await limiter.stop()


async def test_the_answer_says_when_to_come_back(mariadb: MariaDB, redis_server: Redis, signer: Signer) -> None:
    prepare_accounts(mariadb, "om_empty", "thirdeye_rates")
    settings = settings_for(
        mariadb, redis_server, om_schema="om_empty", schema="thirdeye_rates", signer=signer, rate_limit="3 per hour"
    )
    async with running(settings, signer) as api:
        api.client.headers["authorization"] = f"Bearer {signer.token(sub='rated')}"
        asking = [api.client.post(GRAPHQL, json={"query": "{ __typename }"}) for _ in range(5)]
        responses = await asyncio.gather(*asking)
        assert sorted(response.status_code for response in responses) == [200, 200, 200, 429, 429]
        refused = next(response for response in responses if response.status_code == 429)
        assert refused.json()["code"] == 429
        assert 3000 < int(refused.headers["retry-after"]) <= 3600
        # What needs no token is not counted.
        assert (await api.client.get("/health")).status_code == 200
