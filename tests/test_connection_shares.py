"""The connections of a request: bounded for all of its tasks together, and never waited for by who holds one."""

import asyncio

import pytest

from thirdeye.connection_shares import ConnectionShare, current_share, sharing
from thirdeye.database import detached_task

pytestmark = pytest.mark.anyio


async def test_never_more_at_once() -> None:
    share, now, most = ConnectionShare(2), 0, 0

    async def use() -> None:
        nonlocal now, most
        async with share.connection():
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*(use() for _ in range(30)))
    assert (now, most) == (0, 2)


async def test_a_task_that_holds_one_never_waits_for_itself() -> None:
    share = ConnectionShare(1)
    async with share.connection(), share.connection():
        # The inner one gave nothing back.
        other = asyncio.create_task(share.connection().__aenter__())
        async with share.connection():
            pass
        await asyncio.sleep(0)
        assert not other.done()
    await other


async def test_who_is_cancelled_gives_it_back() -> None:
    share = ConnectionShare(1)

    async def hold() -> None:
        async with share.connection():
            await asyncio.Event().wait()

    holders = [asyncio.create_task(hold()) for _ in range(3)]
    for holder in holders:
        await asyncio.sleep(0)
        holder.cancel()
    await asyncio.wait(holders)
    async with share.connection():
        pass


async def test_tasks_inherit_it_and_work_for_others_does_not() -> None:
    mine, other = ConnectionShare(1), ConnectionShare(1)

    async def found() -> ConnectionShare | None:
        return current_share()

    with sharing(mine):
        assert await asyncio.create_task(found()) is mine
        assert await detached_task(found()) is None
        assert await detached_task(found(), other) is other
        assert current_share() is mine
    assert current_share() is None
