"""Connections are taken and given back at once where aiomysql would come to the same, and are left to it where it would not."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from thirdeye.database_pool import _Pool
from thirdeye.local.servers import MariaDB, MySQL

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool(sql_server: MariaDB | MySQL) -> AsyncIterator[Any]:
    pool = _Pool(
        minsize=0, maxsize=2, echo=False, pool_recycle=280, loop=asyncio.get_running_loop(),
        unix_socket=sql_server.unix_socket, user="root", password=sql_server.root_password,
    )  # fmt: skip
    yield pool
    pool.terminate()
    await pool.wait_closed()


async def acquired(pool: Any, count: int) -> list[Any]:
    return [await pool.acquire() for _ in range(count)]


async def given_back(pool: Any, *connections: Any) -> None:
    for connection in connections:
        await pool.release(connection)


async def test_the_one_that_was_free_for_longest_is_taken_without_a_task(pool: Any) -> None:
    first, second = await acquired(pool, 2)
    assert pool.take() is None
    await given_back(pool, first, second)
    tasks = len(asyncio.all_tasks())
    assert [pool.take() for _ in range(3)] == [first, second, None]
    assert pool.give_back(second)
    assert pool.give_back(first)
    assert [pool.take(), pool.take()] == [second, first]
    assert len(asyncio.all_tasks()) == tasks
    assert (pool.size, pool.freesize) == (2, 0)
    await given_back(pool, first, second)


async def test_one_that_the_server_has_ended_is_left_to_aiomysql(pool: Any) -> None:
    first, second = await acquired(pool, 2)
    await given_back(pool, first)
    async with second.cursor() as cursor:
        await cursor.execute(f"KILL {first.thread_id()}")
    while pool._is_usable(first):
        await asyncio.sleep(0)
    assert pool.take() is None
    another = await pool.acquire()
    assert another not in {first, second}
    assert first.closed
    await given_back(pool, another, second)


async def test_one_that_is_old_is_left_to_aiomysql(pool: Any) -> None:
    (connection,) = await acquired(pool, 1)
    await given_back(pool, connection)
    connection._last_usage -= 281
    assert pool.take() is None
    (another,) = await acquired(pool, 1)
    assert connection.closed
    await given_back(pool, another)


async def test_who_waits_gets_it_before_who_comes(pool: Any) -> None:
    first, second = await acquired(pool, 2)
    waiting = asyncio.create_task(acquired(pool, 1))
    while not pool._waiting:
        await asyncio.sleep(0)
    assert not pool.give_back(first)
    released = pool.release(first)
    assert pool.take() is None
    assert await waiting == [first]
    await released
    assert pool.give_back(second)
    assert pool.take() is second
    await given_back(pool, first, second)


async def test_who_gives_up_waiting_holds_nobody_up(pool: Any) -> None:
    first, second = await acquired(pool, 2)
    waiting = asyncio.create_task(acquired(pool, 1))
    while not pool._waiting:
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert pool.give_back(first)
    assert pool.take() is first
    await given_back(pool, first, second)


async def test_one_with_an_open_transaction_does_not_come_back(pool: Any) -> None:
    (connection,) = await acquired(pool, 1)
    await connection.begin()
    assert not pool.give_back(connection)
    await given_back(pool, connection)
    assert connection.closed
    assert pool.size == 0


async def test_one_that_was_closed_does_not_come_back(pool: Any) -> None:
    (connection,) = await acquired(pool, 1)
    connection.close()
    assert not pool.give_back(connection)
    await given_back(pool, connection)
    assert pool.size == 0


async def test_a_pool_that_closes_gives_none_and_waits_for_the_last(pool: Any) -> None:
    first, second = await acquired(pool, 2)
    await given_back(pool, first)
    pool.close()
    assert pool.take() is None
    assert not pool.give_back(second)
    closing = asyncio.create_task(pool.wait_closed())
    while not pool._waiting:
        await asyncio.sleep(0)
    await given_back(pool, second)
    await closing
    assert first.closed
    assert second.closed
