"""Periodic work goes on whatever happens to it, and ends when it is told to."""

import asyncio

import pytest
from structlog.testing import capture_logs

from thirdeye.background import PeriodicTask

pytestmark = pytest.mark.anyio


class Waits:
    """A sleep that ends when the test says so; `asked` are the seconds it was asked for."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._turn = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await self._turn.acquire()

    async def end_one(self) -> None:
        self._turn.release()
        for _ in range(5):
            await asyncio.sleep(0)


async def test_it_waits_first_runs_again_and_stops() -> None:
    waits, runs = Waits(), list[int]()

    async def work() -> None:
        runs.append(len(runs))

    task = PeriodicTask(work, 2.0, event="work_failed", sleep=waits)
    task.start()
    await asyncio.sleep(0)
    assert runs == []
    await waits.end_one()
    await waits.end_one()
    assert runs == [0, 1]
    assert waits.asked == [2.0, 2.0, 2.0]
    await task.stop()
    await waits.end_one()
    assert runs == [0, 1]


async def test_an_error_is_logged_and_the_next_run_comes() -> None:
    waits, runs = Waits(), list[int]()

    async def work() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            raise ValueError("once")

    task = PeriodicTask(work, lambda: 1.0 + len(runs), event="work_failed", sleep=waits)
    with capture_logs() as logs:
        task.start(wait_first=False)
        await waits.end_one()
    assert runs == [0, 1]
    assert [entry["event"] for entry in logs] == ["work_failed"]
    assert waits.asked == [2.0, 3.0]
    await task.stop()


async def test_stopping_what_was_not_started_does_nothing() -> None:
    async def work() -> None:
        raise AssertionError

    await PeriodicTask(work, 1.0, event="never").stop()


async def test_it_stops_though_its_work_loses_the_cancellation() -> None:
    started = asyncio.Event()

    async def connect() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except BaseException as error:
            raise OSError("cannot connect") from error

    waits = Waits()
    task = PeriodicTask(connect, 2.0, event="work_failed", sleep=waits)
    task.start(wait_first=False)
    await started.wait()
    waits.asked.clear()
    with capture_logs() as logs:
        stopping = asyncio.create_task(task.stop())
        for _ in range(5):
            await asyncio.sleep(0)
        # Else it would wait for its next turn.
        assert (stopping.done(), waits.asked) == (True, [])
    assert [entry["event"] for entry in logs] == ["work_failed"]
