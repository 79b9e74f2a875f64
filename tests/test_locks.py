"""Taking turns in a process, and how long to wait before asking again."""

import asyncio
from itertools import islice

import pytest

from thirdeye.locks import Turns, pauses

pytestmark = pytest.mark.anyio


async def test_one_at_a_time_first_come_first_served() -> None:
    turns, order, within = Turns(), list[int](), 0

    async def take(number: int) -> None:
        nonlocal within
        async with turns.turn("a"):
            within += 1
            assert within == 1
            await asyncio.sleep(0)
            order.append(number)
            within -= 1

    await asyncio.gather(*map(take, range(9)))
    assert order == list(range(9))


async def test_other_names_do_not_wait_and_nothing_is_kept() -> None:
    turns = Turns()
    async with turns.turn("a"), turns.turn("b"):
        waiting = asyncio.create_task(turns.turn("a").__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert set(turns._locks) == {"a", "b"}
    assert turns._locks == {}


async def test_who_gives_up_leaves_the_turn_to_the_next() -> None:
    turns, done = Turns(), list[str]()

    async def take(name: str) -> None:
        async with turns.turn("a"):
            done.append(name)

    async with turns.turn("a"):
        first, second = asyncio.create_task(take("first")), asyncio.create_task(take("second"))
        await asyncio.sleep(0)
        first.cancel()
    await asyncio.wait({first, second})
    assert (done, turns._locks) == (["second"], {})


def test_pauses_grow_up_to_a_bound() -> None:
    found = list(islice(pauses(), 9))
    assert found == sorted(found)
    assert found[0] < found[1]
    assert found[-1] == found[-2] <= 0.5
