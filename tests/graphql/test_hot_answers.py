"""Answers given again as bytes are those that would be worked out, and are as new."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import httpx
import pytest
import structlog

from tests.score.test_service import insert, service
from tests.support.api import GRAPHQL, Api
from tests.support.clocks import NOON, FixedClock
from tests.support.hot_answers import BY_ID, MODERN, Ticks, answering, hits, in_two_ways, metrics_of, questions, told
from tests.support.published import publish_sample
from thirdeye.graphql.hot_answers import _MAX_BYTES, Family, HotAnswer, HotAnswers
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.local.tokens import Signer
from thirdeye.observability.metrics import Metrics
from thirdeye.score.service import ScoreService
from thirdeye.settings import Settings

pytestmark = pytest.mark.anyio
NO_REDIS = "redis://127.0.0.1:1/0"


async def score_of(api: Api) -> int:
    response = await api.client.post(GRAPHQL, content=b"{}", headers={**BY_ID, "content-type": "application/json"})
    assert response.status_code == 200, response.text
    return int(response.json()["data"]["ziScore"]["score"])


@pytest.fixture
async def both(history: Settings, signer: Signer, clock: FixedClock, ticks: Ticks) -> AsyncIterator[tuple[Api, Api]]:
    async with in_two_ways(history, signer, clock) as apis:
        yield apis


async def answer_of(api: Api, headers: dict[str, str], body: bytes | None) -> tuple[Any, ...]:
    headers = {"x-request-id": "the-same", **headers}
    with structlog.testing.capture_logs() as logs:
        if body is None:
            response = await api.client.get(GRAPHQL, headers=headers)
        else:
            response = await api.client.post(GRAPHQL, content=body, headers=headers)
    lines = [{**line, "ms": 0} for line in logs if line["event"] == "request"]
    # The timestamp of OpenMetadata's errors is that of the machine.
    text = re.sub(r'"timestamp":"[^"]+"', "", response.text)
    return response.status_code, sorted(response.headers.multi_items()), text, lines


async def test_they_are_what_would_be_worked_out(
    sql_server: MariaDB | MySQL, settings: Settings, signer: Signer, clock: FixedClock, ticks: Ticks
) -> None:
    await publish_sample(sql_server, settings)
    async with service(settings, clock) as (_, thirdeye):
        await insert(thirdeye, NOON, 50)
    async with in_two_ways(settings, signer, clock) as (hot, slow):
        for name, headers, body in questions():
            # What is not the score is never kept, so far: asked twice, in case it is one day.
            for turn in range(
                4 if "zi_score" in str(headers) or "estate" in str(headers) or "cost_map" in str(headers) else 2
            ):
                ticks.now += turn == 3  # they must look again
                assert await answer_of(hot, headers, body) == await answer_of(slow, headers, body), name
        # A caller that has the answer already.
        etag = (await slow.client.get(GRAPHQL, headers={"accept": MODERN, **BY_ID})).headers["etag"]
        await hot.client.get(GRAPHQL, headers={"accept": MODERN, **BY_ID})
        for _ in range(3):
            known = {"accept": MODERN, "if-none-match": etag, **BY_ID}
            found = await answer_of(hot, known, None)
            assert found == await answer_of(slow, known, None)
            assert (found[0], found[2]) == (304, "")
        assert told(await metrics_of(hot)) == told(await metrics_of(slow))
        assert hits(await metrics_of(hot)) > 10
        assert hits(await metrics_of(slow)) == 0


async def test_none_is_older_than_a_second_whoever_wrote_and_whatever_redis_has(
    history: Settings, signer: Signer, clock: FixedClock, ticks: Ticks
) -> None:
    alone = history.model_copy(update={"redis_url": NO_REDIS})
    async with AsyncExitStack() as closing:
        first = await closing.enter_async_context(answering(history, signer, clock))
        second = await closing.enter_async_context(answering(alone, signer, clock))
        # A worker that cannot tell Redis.
        worker, thirdeye = await closing.enter_async_context(service(alone, clock))
        for api in (first, second):
            assert [await score_of(api) for _ in range(4)] == [50] * 4
            assert hits(await metrics_of(api)) >= 2
        clock.now = NOON + timedelta(hours=1)
        assert await worker.compute()
        ticks.now += 1
        for api in (first, second):
            assert [await score_of(api) for _ in range(4)] == [0] * 4
        # And by hand, earlier than the newest: the trend is another one.
        await insert(thirdeye, NOON + timedelta(minutes=30), 10)
        ticks.now += 1
        assert [await score_of(api) for api in (first, second)] == [0, 0]


async def test_what_an_older_release_left_in_redis_is_read_again(
    history: Settings, signer: Signer, clock: FixedClock, ticks: Ticks
) -> None:
    async with service(history, clock) as (scores, _):
        old: Any = {**await scores.current(), "score": 7}
        del old["version"]
        for key in ("zi-score", "zi-score:last"):
            await scores.cache.set(key, old, ttl=60)
        scores._last = old
        assert scores.unchanged() is None
    async with answering(history, signer, clock) as api:
        assert [await score_of(api) for _ in range(3)] == [50] * 3


async def test_one_that_has_become_stale_is_not_given_again(both: tuple[Api, Api], clock: FixedClock) -> None:
    hot, _ = both
    query = "{ ziScore { stale } }"
    for hours, stale in ((1, False), (1, False), (1, False), (3, True), (3, True), (1, False)):
        clock.now = NOON + timedelta(hours=hours)
        assert await hot.data(query) == {"ziScore": {"stale": stale}}
    assert hits(await metrics_of(hot)) >= 1


async def test_while_the_database_is_away_none_is_given(both: tuple[Api, Api], monkeypatch: pytest.MonkeyPatch) -> None:
    hot, _ = both
    query = "{ ziScore { stale } }"
    answers = [await hot.data(query) for _ in range(3)]
    monkeypatch.setattr(ScoreService, "_is_stale", lambda *_: True)
    answers.append(await hot.data(query))
    assert [answer["ziScore"]["stale"] for answer in answers] == [False, False, False, True]


async def test_tokens_expire_and_requests_are_counted_all_the_same(
    history: Settings, signer: Signer, clock: FixedClock, ticks: Ticks
) -> None:
    limited = history.model_copy(update={"rate_limit": "5/hour"})
    token = signer.token(sub="bounded", exp=int(NOON.timestamp()) + 60)
    async with answering(limited, signer, clock) as api:

        async def status(**headers: str) -> int:
            return (await api.client.post(GRAPHQL, content=b"", headers={**BY_ID, **headers})).status_code

        known = {"authorization": f"Bearer {token}"}
        assert [await status(**known) for _ in range(6)] == [200] * 5 + [429]
        assert hits(await metrics_of(api)) >= 2
        clock.now = NOON + timedelta(minutes=2)
        assert await status(**known) == 401
        assert await status(authorization="Bearer x.y.z") == 401


async def test_a_body_that_comes_in_parts_is_read_to_its_end(both: tuple[Api, Api]) -> None:
    hot, slow = both
    found = set()
    for api in both:
        assert [await score_of(api) for _ in range(3)] == [50] * 3
        # httpx's own transport gives a body in parts.
        transport = httpx.ASGITransport(app=api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t", headers=api.client.headers) as client:
            headers = {**BY_ID, "content-type": "application/json"}
            found.add((await client.post(GRAPHQL, content=b"{}", headers=headers)).text)
    assert len(found) == 1
    assert hits(await metrics_of(hot)) > hits(await metrics_of(slow)) == 0


async def test_what_is_kept_has_a_bound() -> None:
    data = object()
    answers = HotAnswers({"score": Family(known=lambda: data)}, Metrics())
    entry = HotAnswer(family="score", token=data, operation="adhoc", status=200, body=b"x" * 1000, headers=())
    head: tuple[Any, ...] = ("POST", b"")
    for number in range(_MAX_BYTES // 1500):
        answers.keep(head, str(number).encode(), entry)
    assert await answers.find(head, b"0") is None
    answers.keep(head, b"last", entry)
    assert await answers.find(head, b"last") is entry
    # One alone is not to take the place of all others.
    answers.keep(head, b"y" * 70_000, entry)
    assert await answers.find(head, b"y" * 70_000) is None
    assert await answers.token("items", head, b"") is await answers.token(None, head, b"") is None


async def test_for_what_is_asked_once_no_database_is_asked() -> None:
    data, asked = object(), []

    async def checked() -> object:
        asked.append(1)
        return data

    answers = HotAnswers({"items": Family(checked=checked)}, Metrics())
    head: tuple[Any, ...] = ("POST", b"")
    assert [await answers.token("items", head, body) for body in (b"1", b"2", b"1", b"1")] == [None, None, data, data]
    assert len(asked) == 2
    # Nor for what is never kept.
    assert [await answers.token("items", head, b"x" * 70_000) for _ in range(2)] == [None, None]
