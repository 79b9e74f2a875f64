"""Answers about the estate are given again until a refresh is published, a price is set, or it is stale."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.support.api import GRAPHQL, Api
from tests.support.clocks import NOON, FixedClock
from tests.support.hot_answers import Ticks, answering, hits, in_two_ways, metrics_of
from tests.support.published import publish_sample, republish
from thirdeye import services
from thirdeye.inventory.reader import EstateReader
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]
ESTATE = {"x-om-operation-id": "get_estate", "content-type": "application/json", "x-request-id": "the-same"}
PRICE = """mutation { setStoragePrice(serviceType: "Snowflake", usdPerGbMonth: "7.5") { usdPerGbMonth } }"""


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    """The seconds by which a process knows how old its estate is."""
    ticks = Ticks()
    monkeypatch.setattr(services, "EstateReader", partial(EstateReader, clock=ticks))
    return ticks


@pytest.fixture
async def both(
    sql_server: MariaDB | MySQL, settings: Settings, signer: Signer, clock: FixedClock, ticks: Ticks
) -> AsyncIterator[tuple[Api, Api]]:
    """One API that keeps answers, and one that works each out."""
    await publish_sample(sql_server, settings)
    async with in_two_ways(settings, signer, clock) as apis:
        yield apis


async def estate_of(api: Api) -> dict[str, Any]:
    response = await api.client.post(GRAPHQL, content=b'{"variables": {"owners": 3}}', headers=ESTATE)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    assert "errors" not in answer
    estate: dict[str, Any] = answer["data"]["estate"]
    return estate


@asynccontextmanager
async def given_again(api: Api, times: int) -> AsyncIterator[None]:
    before = hits(await metrics_of(api))
    yield
    assert hits(await metrics_of(api)) - before == times


async def map_of(api: Api) -> Any:
    question = "{ costMap { total { monthlyCost } entries { name verdicts { verdict monthlyCost } } otherEntries } }"
    return (await api.data(question))["costMap"]


async def agreed(both: tuple[Api, Api]) -> dict[str, Any]:
    """The answer, which is the same in both ways."""
    hot, slow = [await estate_of(api) for api in both]
    assert hot == slow
    hot["map"], slow["map"] = [await map_of(api) for api in both]
    assert hot["map"] == slow["map"]
    return hot


async def test_it_is_given_again_until_a_price_is_set(both: tuple[Api, Api], ticks: Ticks) -> None:
    hot, slow = both
    for _ in range(3):
        before = await agreed(both)
    async with given_again(hot, 4):
        assert [await agreed(both) for _ in range(2)] == [before] * 2
    assert "setStoragePrice" in (await slow.ask(PRICE))["data"]
    # Of what another process writes it learns within a second.
    async with given_again(hot, 1):
        assert {**await estate_of(hot), "map": before["map"]} == before
    ticks.now += 1
    # The first one looks.
    async with given_again(hot, 5):
        after = [await agreed(both) for _ in range(4)]
    # Totals are those of the refresh.
    assert after[0]["total"] == before["total"]
    assert after[0]["dearestTables"] != before["dearestTables"]
    assert after[0] == after[-1]


async def test_what_this_process_writes_is_seen_as_without_it(both: tuple[Api, Api]) -> None:
    hot, slow = both
    before = [await estate_of(hot) for _ in range(3)][-1]
    for api in both:
        await api.ask(PRICE)
    assert (await estate_of(hot) == before) == (await estate_of(slow) == before)


async def test_it_is_given_again_until_a_refresh_is_published(
    both: tuple[Api, Api], sql_server: MariaDB | MySQL, settings: Settings, ticks: Ticks
) -> None:
    hot, _ = both
    for _ in range(3):
        await agreed(both)
    republish(sql_server, settings.thirdeye_mysql_schema)
    ticks.now += 1
    async with given_again(hot, 3):
        # The first one looks.
        for _ in range(3):
            await agreed(both)


async def test_one_that_has_become_stale_is_not_given_again(both: tuple[Api, Api], clock: FixedClock) -> None:
    hot, _ = both
    for hours, stale, times in ((0, False, 1), (3, True, 0), (1, False, 3)):
        clock.now = NOON + timedelta(hours=hours)
        async with given_again(hot, times):
            assert [(await estate_of(hot))["stale"] for _ in range(3)] == [stale] * 3


async def test_while_the_database_is_away_each_is_worked_out(both: tuple[Api, Api]) -> None:
    hot, _ = both
    for _ in range(3):
        await estate_of(hot)
    reader = hot.app.state.hot_lane.hot._families["estate"].known.args[0]
    reader.unavailable = True
    async with given_again(hot, 0):
        assert [(await estate_of(hot))["stale"] for _ in range(2)] == [True, True]


async def test_what_is_kept_keeps_no_columns(
    sql_server: MariaDB | MySQL, settings: Settings, signer: Signer, clock: FixedClock
) -> None:
    await publish_sample(sql_server, settings)
    async with answering(settings, signer, clock) as api:
        for _ in range(3):
            await estate_of(api)
        kept = [each for of in api.app.state.hot_lane.hot._kept.values() for each in of.values()]
        assert [(each.family, type(each.token)) for each in kept] == [("estate", object)]
