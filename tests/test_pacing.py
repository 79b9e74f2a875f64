"""Turns of the event loop: others have theirs between the parts of a long work."""

import asyncio
import threading

import pytest

from tests.support import PATIENCE
from thirdeye.graphql.executor import _paced
from thirdeye.pacing import Pace, in_thread, keep_pace, paced

pytestmark = pytest.mark.anyio


class Work:
    """Parts of a work that take so many seconds each, beside somebody else who wants a turn each time."""

    def __init__(self, seconds: float) -> None:
        self.now, self.seconds, self.order = 0.0, seconds, list[str]()
        self.pace = Pace(clock=lambda: self.now)

    async def part(self) -> None:
        await keep_pace()
        self.now += self.seconds
        self.order.append("part")

    async def somebody_else(self) -> None:
        while self.order.count("part") < 10:
            self.order.append("other")
            await asyncio.sleep(0)

    async def all(self) -> str:
        with paced(self.pace):
            parts = [asyncio.create_task(self.part()) for _ in range(10)]
        await asyncio.gather(self.somebody_else(), *parts)
        return " ".join(self.order)


async def test_others_have_their_turns_between_long_parts() -> None:
    """All ten were ready at once, and would go on in one turn of the loop."""
    order = await Work(0.01).all()
    assert order.count("part") == 10
    assert "part part" not in order


async def test_short_parts_go_on_together() -> None:
    order = await Work(0.0001).all()
    assert "part part part part part part part part part part" in order


async def test_several_parts_fill_a_slice() -> None:
    order = await Work(0.0015).all()
    assert "part part part" in order
    assert "part part part part" not in order


async def test_without_a_pace_each_part_is_a_turn() -> None:
    order = list[str]()

    async def part(name: str) -> None:
        for _ in range(2):
            order.append(name)
            await keep_pace()

    await asyncio.gather(part("a"), part("b"))
    assert order == ["a", "b", "a", "b"]


async def test_who_is_cancelled_while_waiting_lets_the_next_go_on() -> None:
    work = Work(0.01)
    with paced(work.pace):
        first, second, third = (asyncio.create_task(work.part()) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait({first, second, third})
    assert (work.order, second.cancelled()) == (["part", "part"], True)


async def test_a_request_has_one_thread_at_a_time() -> None:
    """Six at once kept the event loop from the interpreter for seconds."""
    begun, go_on = list[int](), threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        go_on.wait(PATIENCE)
        return number

    with paced(Pace()):
        tasks = [asyncio.create_task(in_thread(work, number)) for number in range(3)]
    await asyncio.sleep(0)
    # Threads begin in the order in which they were asked for: had another been, it would have begun before this one.
    await asyncio.to_thread(int)
    assert begun == [0]
    go_on.set()
    assert await asyncio.gather(*tasks) == [0, 1, 2]
    assert await in_thread(work, 7) == 7


async def test_what_is_given_up_before_its_turn_is_not_begun() -> None:
    """Nor is it left behind unawaited, which Python warns of."""
    begun = list[int]()

    async def resolver(number: int) -> None:
        begun.append(number)

    pace = Pace(clock=iter(range(10_000)).__next__)
    with paced(pace):
        tasks = [asyncio.create_task(_paced(resolver(number))) for number in range(3)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert begun == []
