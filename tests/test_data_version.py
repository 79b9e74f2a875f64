"""What a process knows of the version of stored data: at most a second old, and never from before its own change."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support import PATIENCE
from thirdeye.data_version import CheckedVersion, DataVersion
from thirdeye.errors import DatabaseUnavailable

pytestmark = pytest.mark.anyio


class Stored:
    """A version in a database that may be away, or slow."""

    def __init__(self) -> None:
        self.now = 0.0
        self.version = 1
        self.reads = 0
        self.away = False
        self.answers = asyncio.Event()
        self.answers.set()

    async def read(self) -> int:
        self.reads += 1
        found = self.version
        if self.away:
            raise DatabaseUnavailable("thirdeye", "gone")
        await self.answers.wait()
        return found


@pytest.fixture
async def stored() -> Stored:
    return Stored()


@pytest.fixture
async def version(stored: Stored) -> AsyncIterator[DataVersion]:
    made = DataVersion(stored.read, timeout=PATIENCE, monotonic=lambda: stored.now)
    yield made
    await made.stop()


async def test_it_is_asked_for_once_a_second(stored: Stored, version: DataVersion) -> None:
    assert version.known is None
    assert await asyncio.gather(*(version.current() for _ in range(5))) == [1] * 5
    stored.version, stored.now = 2, 0.9
    assert (version.known, await version.current(), stored.reads) == (1, 1, 1)
    stored.now = 1.0
    assert version.known is None
    assert (await version.current(), version.known, stored.reads) == (2, 2, 2)


async def test_it_is_as_old_as_the_moment_when_reading_began(stored: Stored, version: DataVersion) -> None:
    stored.answers.clear()
    first = asyncio.create_task(version.current())
    while not stored.reads:
        await asyncio.sleep(0)
    stored.now = 0.7
    joins = asyncio.create_task(version.current())
    await asyncio.sleep(0)
    stored.answers.set()
    assert [await first, await joins, stored.reads] == [1, 1, 1]
    stored.now = 1.0
    assert version.known is None


async def test_what_was_being_read_as_it_changed_does_not_count(stored: Stored, version: DataVersion) -> None:
    stored.answers.clear()
    before = asyncio.create_task(version.current())
    while not stored.reads:
        await asyncio.sleep(0)
    stored.version = 2
    version.forget()
    stored.answers.set()
    assert await before == 1
    assert version.known is None
    assert (await version.current(), version.known) == (2, 2)


async def test_a_database_that_is_away_is_not_asked_with_each_request(stored: Stored, version: DataVersion) -> None:
    await version.current()
    stored.away, stored.now = True, 1.0
    assert [await version.current(), await version.current(), version.known, stored.reads] == [None, None, None, 2]
    stored.away, stored.now = False, 2.0
    assert await version.current() == 1


async def test_one_that_is_slow_is_not_waited_for(stored: Stored) -> None:
    stored.answers.clear()
    version = DataVersion(stored.read, timeout=0, monotonic=lambda: stored.now)
    assert await version.current() is None
    await version.stop()


# ---- one that is read for each question


@pytest.fixture
async def checked(stored: Stored) -> AsyncIterator[CheckedVersion]:
    made = CheckedVersion(stored.read, timeout=PATIENCE, monotonic=lambda: stored.now)
    await made.start()
    yield made
    await made.stop()


async def test_it_is_read_for_each_question(stored: Stored, checked: CheckedVersion) -> None:
    first = await checked.unchanged()
    assert first is not None
    assert await checked.unchanged() is first
    stored.version = 2
    assert await checked.unchanged() is not first
    assert stored.reads == 3


async def test_who_asks_while_it_is_read_waits_for_the_next(stored: Stored, checked: CheckedVersion) -> None:
    stored.answers.clear()
    first = asyncio.create_task(checked.unchanged())
    while not stored.reads:
        await asyncio.sleep(0)
    # Changed after the first reading began, and before the others asked.
    stored.version = 2
    later = [asyncio.create_task(checked.unchanged()) for _ in range(5)]
    await asyncio.sleep(0)
    stored.answers.set()
    old, *new = [found.version for found in await asyncio.gather(first, *later) if found]
    assert (old, new, stored.reads) == (1, [2] * 5, 2)


async def test_after_a_second_nothing_counts_as_unchanged(stored: Stored, checked: CheckedVersion) -> None:
    first = await checked.unchanged()
    stored.now = 0.9
    assert await checked.unchanged() is first
    stored.now = 1.0
    assert await checked.unchanged() is not first


async def test_what_cannot_be_read_is_not_unchanged(stored: Stored) -> None:
    checked = CheckedVersion(stored.read, timeout=0.01, monotonic=lambda: stored.now)
    stored.away = True
    assert await checked.unchanged() is None
    stored.away = False
    stored.answers.clear()
    assert await checked.unchanged() is None
    await checked.stop()
