"""Expensive requests take turns: of each caller one, of all two, and nobody waits for longer than is good.

Five callers of one name who asked for all that is allowed, again and again, made everybody else wait for seconds.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support import PATIENCE
from tests.support.api import GRAPHQL, Api
from thirdeye.errors import Unavailable
from thirdeye.graphql import operation_runner
from thirdeye.graphql.turns import ExpensiveRequests

pytestmark = pytest.mark.anyio


class Crowd:
    """Requests that stay in their turn until they are let go."""

    def __init__(self, turns: ExpensiveRequests) -> None:
        self.turns, self.inside, self.go = turns, list[str](), asyncio.Event()

    async def ask(self, caller: str) -> None:
        async with self.turns.turn(caller):
            self.inside.append(caller)
            await self.go.wait()

    def come(self, *callers: str) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self.ask(caller)) for caller in callers]


async def settled() -> None:
    """Until all that can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_of_each_caller_one_and_of_all_two() -> None:
    crowd = Crowd(ExpensiveRequests(PATIENCE, at_once=2))
    tasks = crowd.come("ann", "ann", "ann", "bob", "cid")
    await settled()
    assert crowd.inside == ["ann", "bob"]
    crowd.go.set()
    await asyncio.gather(*tasks)
    # Whoever asks once does not wait for all that another asked for before.
    assert crowd.inside.index("cid") < 3
    assert sorted(crowd.inside) == ["ann", "ann", "ann", "bob", "cid"]


async def test_a_turn_that_does_not_come_is_refused_and_the_next_one_comes() -> None:
    turns = ExpensiveRequests(0.0, at_once=1)
    crowd = Crowd(ExpensiveRequests(PATIENCE, at_once=1))
    # The same places, but nobody waits.
    turns._free, turns._of_caller = crowd.turns._free, crowd.turns._of_caller
    tasks = crowd.come("ann")
    await settled()
    for caller in ("ann", "bob"):
        with pytest.raises(Unavailable, match="expensive requests") as refused:
            async with turns.turn(caller):
                raise AssertionError("nobody's turn")
        assert refused.value.reason == "busy"
        assert refused.value.headers == ((b"retry-after", b"1"),)
    crowd.go.set()
    await asyncio.gather(*tasks, *crowd.come("bob"))
    assert crowd.inside == ["ann", "bob"]


async def test_what_goes_wrong_in_a_turn_stays_what_it_is() -> None:
    turns = ExpensiveRequests(PATIENCE, at_once=1)
    for error in (TimeoutError("of its own"), ValueError("x")):
        with pytest.raises(type(error), match=str(error)):
            async with turns.turn("ann"):
                raise error
    async with turns.turn("ann"):
        pass


async def test_who_waited_is_told_for_how_long() -> None:
    times = [0.0, 10.0, 12.25]
    turns = ExpensiveRequests(PATIENCE, at_once=1, clock=lambda: times.pop(0) if len(times) > 1 else times[0])
    async with turns.turn("ann") as waited:
        assert waited == 10
    times[:] = [10.0, 12.25]
    async with turns.turn("ann") as waited:
        assert waited == 2.25


async def test_a_turn_and_its_answer_together_take_no_longer_than_an_answer(
    scored_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = list[float]()
    run = operation_runner.OperationRunner._run

    async def noted(self: Any, prepared: Any, request: Any, context: Any, deadline: float) -> Any:
        given.append(deadline)
        return await run(self, prepared, request, context, deadline)

    monkeypatch.setattr(operation_runner.OperationRunner, "_run", noted)
    query = "{ %s }" % " ".join(f"a{n}: tables(first: 1) {{ totalCount }}" for n in range(10))  # noqa: UP031
    for seconds in (0.0, PATIENCE / 2):

        @asynccontextmanager
        async def turn(_self: ExpensiveRequests, _caller: str, waited: float = seconds) -> AsyncIterator[float]:
            yield waited

        monkeypatch.setattr(operation_runner.ExpensiveRequests, "turn", turn)
        await scored_api.data(query)
    # Both deadlines of this application are PATIENCE.
    assert given == [PATIENCE, PATIENCE / 2]


async def test_only_expensive_requests_take_turns(scored_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = list[str]()
    original = operation_runner.ExpensiveRequests.turn

    def noted(self: ExpensiveRequests, caller: str) -> Any:
        taken.append(caller)
        return original(self, caller)

    monkeypatch.setattr(operation_runner.ExpensiveRequests, "turn", noted)
    await scored_api.scored()
    await scored_api.data("{ tables(first: 20) { edges { node { fqn } } } }")
    assert taken == []
    await scored_api.data("{ %s }" % " ".join(f"a{n}: tables(first: 1) {{ totalCount }}" for n in range(10)))  # noqa: UP031
    assert taken == ["admin"]


async def test_who_gets_no_turn_is_told_when_to_ask_again(scored_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:

    def refuses(_self: ExpensiveRequests, _caller: str) -> Any:
        raise Unavailable("busy", reason="busy", headers=((b"retry-after", b"1"),))

    monkeypatch.setattr(operation_runner.ExpensiveRequests, "turn", refuses)
    query = "{ %s }" % " ".join(f"a{n}: tables(first: 1) {{ totalCount }}" for n in range(10))  # noqa: UP031
    response = await scored_api.client.post(GRAPHQL, json={"query": query})
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert (await scored_api.data("{ ziScore { status } }"))["ziScore"]["status"] != "PENDING"
