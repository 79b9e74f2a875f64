"""Work that many ask for at once."""

import asyncio

import pytest

from thirdeye.connection_shares import ConnectionShare, current_share, sharing
from thirdeye.single_flight import SingleFlight

pytestmark = pytest.mark.anyio


class Work:
    """Work that goes on until it is let go; its result tells the how manieth it was."""

    def __init__(self) -> None:
        self.begun = 0
        self.done = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        await self.done.wait()
        return number


async def test_who_asks_meanwhile_has_the_same_result_and_who_asks_later_a_new_one() -> None:
    once, work = SingleFlight(), Work()
    asked = [asyncio.create_task(once.do("a", work)) for _ in range(5)]
    other = asyncio.create_task(once.do("b", work))
    await asyncio.sleep(0.01)
    work.done.set()
    assert await asyncio.gather(*asked) == [1] * 5
    assert await other == 2
    assert await once.do("a", work) == 3


async def test_what_must_be_new_waits_for_what_is_old_and_is_shared_as_well() -> None:
    once, work = SingleFlight(), Work()
    old = asyncio.create_task(once.do("a", work))
    await asyncio.sleep(0.01)
    new = [asyncio.create_task(once.begun_from_now("a", work)) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert work.begun == 1
    work.done.set()
    assert await old == 1
    assert await asyncio.gather(*new) == [2] * 3


async def test_an_error_is_shared_and_not_kept() -> None:
    once = SingleFlight()

    async def fail() -> int:
        await asyncio.sleep(0.01)
        raise ValueError("no")

    found = await asyncio.gather(*(once.do("a", fail) for _ in range(3)), return_exceptions=True)
    assert [str(error) for error in found] == ["no"] * 3

    async def work() -> int:
        return 7

    assert await once.begun_from_now("a", work) == 7


async def test_work_goes_on_when_whoever_began_it_goes_away() -> None:
    once, work = SingleFlight(), Work()
    first = asyncio.create_task(once.do("a", work))
    await asyncio.sleep(0.01)
    first.cancel()
    second = asyncio.create_task(once.do("a", work))
    await asyncio.sleep(0.01)
    work.done.set()
    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_stopping_cancels_what_runs() -> None:
    flights, work = SingleFlight(), Work()
    await flights.stop()
    waiting = asyncio.create_task(flights.do("a", work))
    while not work.begun:
        await asyncio.sleep(0)
    await flights.stop()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    work.done.set()
    assert await flights.do("a", work) == 2


async def test_the_connections_of_all_work_together_are_bounded() -> None:
    """And are none of those of the request that began it: whoever waits for it may hold all of its own."""
    once, most, now = SingleFlight(connections=2), 0, 0

    async def work() -> None:
        nonlocal most, now
        share = current_share()
        assert share is not None
        async with share.connection():
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    mine = ConnectionShare(1)
    with sharing(mine):
        async with mine.connection():
            await asyncio.gather(*(once.do(key, work) for key in range(9)))
    assert (most, now) == (2, 0)
