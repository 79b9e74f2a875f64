"""Turns of the event loop: others have theirs between the parts of a long work."""

import asyncio

import pytest

from thirdeye.pacing import Pace, keep_pace, paced

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
