"""A process that answers, one that is killed, and one that never does."""

import asyncio
import os
import signal
from io import BytesIO

import pytest

from thirdeye.child_process import STOPPED, ChildProcess, answer_all
from thirdeye.mirror.views.sql_reader import SQLReader

pytestmark = pytest.mark.anyio
MODULE = "tests.support.answering_child"
SECONDS = 60.0


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_it_answers_one_request_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THIRDEYE_MYSQL_PW", "secret")
    child = ChildProcess(MODULE)
    assert child.pid is None
    large = b"a" * 10**6
    assert [await child.ask(request, SECONDS) for request in (b"a", b"", large)] == [b"A", b"", large.upper()]
    # It needs none of the settings.
    names = (await child.ask(b"environment", SECONDS)).decode().split(",")
    assert "PYTHONPATH" in names
    assert not [name for name in names if name.startswith("THIRDEYE")]
    pid = child.pid
    assert pid is not None
    await child.stop()
    await child.stop()
    assert not is_running(pid)
    assert child.pid is None


async def test_a_process_that_is_killed_is_started_again() -> None:
    child = ChildProcess(MODULE)
    for ending in (b"die", None):
        await child.ask(b"a", SECONDS)
        assert child.pid is not None
        if ending is None:
            os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(STOPPED):
            await child.ask(ending or b"a", SECONDS)
        assert child.pid is None
        assert await child.ask(b"b", SECONDS) == b"B"
    await child.stop()


async def test_what_takes_too_long_or_is_no_longer_wanted_ends() -> None:
    child = ChildProcess(MODULE)
    await child.ask(b"a", SECONDS)
    late = child.pid
    with pytest.raises(TimeoutError):
        await child.ask(b"never", 0.05)
    assert late is not None
    assert not is_running(late)
    await child.ask(b"a", SECONDS)
    unwanted, asking = child.pid, asyncio.create_task(child.ask(b"never", SECONDS))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert unwanted is not None
    assert not is_running(unwanted)
    # The answer is that to this request and not to the one before.
    assert await child.ask(b"next", SECONDS) == b"NEXT"
    await child.stop()


async def test_a_text_is_read_though_the_process_is_killed_between_two() -> None:
    async with SQLReader() as reader:
        assert await reader.paths_in("SELECT 1 FROM a.b", "mysql") == [("a", "b")]
        assert reader.process.pid is not None
        os.kill(reader.process.pid, signal.SIGKILL)
        assert await reader.paths_in("SELECT 1 FROM c", "mysql") == [("c",)]
        pid = reader.process.pid
    assert pid is not None
    assert not is_running(pid)


async def test_without_a_process_there_is_an_error() -> None:
    reader = SQLReader()
    reader.process = ChildProcess("thirdeye.no_such_module")
    with pytest.raises(OSError, match="does not answer"):
        await reader.paths_in("SELECT 1", "mysql")


def test_requests_that_break_off_are_not_answered() -> None:
    answers = BytesIO()
    answer_all(bytes.upper, BytesIO(b"\0\0\0\1a\0\0"), answers)
    assert answers.getvalue() == b"\0\0\0\1A"
