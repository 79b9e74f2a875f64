"""The budget of a request: `bench.request` shares the time of a request out among its stages."""

import asyncio
import itertools

import pytest

from bench.request.stages import STAGES, StageClock, timing
from thirdeye.graphql.answer import Answer
from thirdeye.observability.metrics import Metrics

pytestmark = pytest.mark.anyio


def counting_clock() -> StageClock:
    """A clock on which every look is a microsecond later than the last."""
    return StageClock(itertools.count(0, 1000).__next__)


def test_a_call_within_another_is_its_own_stage_alone() -> None:
    clock = counting_clock()
    render = clock.timed("render", lambda: None)
    clock.timed("execute", lambda: [render(), render()])()
    taken = clock.take()
    assert (taken["render"], taken["execute"]) == (2, 3)
    assert set(taken) == set(STAGES)
    assert clock.take(0)["execute"] == 0


def test_what_the_clock_costs_is_taken_off() -> None:
    clock = counting_clock()
    assert clock.cost_of_call() == 1000
    clock.timed("send", lambda: None)()
    assert clock.take(1000)["send"] == 0


async def test_while_a_coroutine_waits_no_time_is_its_own() -> None:
    clock, waited = counting_clock(), asyncio.Event()

    async def asks() -> str:
        await waited.wait()
        raise KeyError("after it")

    async def passes_on() -> str:
        with pytest.raises(KeyError):
            await clock.timed("execute", asks)()
        return "answer"

    task = asyncio.create_task(clock.timed("find operation", passes_on)())
    await asyncio.sleep(0)
    # Another request, meanwhile.
    clock.timed("log", lambda: None)()
    waited.set()
    assert await task == "answer"
    taken = clock.take()
    # The call, and the two steps of each coroutine.
    assert (taken["execute"], taken["find operation"], taken["log"]) == (3, 6, 1)


def test_every_stage_names_what_there_is_and_leaves_it_as_it_was() -> None:
    clock, before = counting_clock(), (Answer.body, Metrics.observe_request)
    with timing(clock):
        assert Answer({"a": 1}).body == b'{"data":{"a":1}}'
        Metrics().observe_request("GET", "/", 200, 0.1)
    taken = clock.take()
    assert taken["render"] == 1
    assert taken["metrics"] == 1
    assert (Answer.body, Metrics.observe_request) == before
