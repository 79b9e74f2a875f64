"""Lists of action items given again as bytes: what anybody changes is in the next answer."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest

from tests.support.api import Api
from tests.support.clocks import FixedClock
from tests.support.hot_answers import Ticks, answering, hits, metrics_of
from thirdeye import app
from thirdeye.actions.listing.store import items_version
from thirdeye.data_version import CheckedVersion
from thirdeye.database import thirdeye_database
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

pytestmark = pytest.mark.anyio
PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
LISTS = (
    f"{{ actionItems(first: 3) {{ totalCount edges {{ cursor node {{ id title status updatedAt }} }} {PAGE} }} }}",
    '{ actionItems(status: "OPEN", sortBy: "title", sortDir: "asc") { edges { node { title version category } } } }',
    '{ actionItems(last: 2, sortBy: "id", search: "b") { totalCount edges { node { id title } } } }',
)
SORTED = "query($by: String) { actionItems(sortBy: $by, first: 2) { edges { node { id } } } }"


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    ticks = Ticks()
    monkeypatch.setattr(app, "CheckedVersion", partial(CheckedVersion, monotonic=ticks))
    return ticks


@pytest.fixture
async def apis(
    settings: Settings, signer: Signer, clock: FixedClock, ticks: Ticks
) -> AsyncIterator[tuple[Api, Api, Api]]:
    """Two processes that keep answers, and one that works each out, over the same data. Time stands still for all."""
    without = settings.model_copy(update={"hot_answers": False})
    async with (
        answering(settings, signer, clock) as one,
        answering(settings, signer, clock) as other,
        answering(without, signer, clock) as slow,
    ):
        yield one, other, slow


async def lists_of(api: Api) -> list[Any]:
    by = [(SORTED, {"by": key}) for key in ("id", "title")]
    return [await api.data(query, **variables) for query, variables in [*((query, {}) for query in LISTS), *by]]


async def change(api: Api, random: Random, ids: list[int]) -> None:
    """One change, by GraphQL or REST."""
    title = random.choice("abc") * random.randint(1, 3)
    chosen = random.choice(ids) if ids else 0
    kind = random.choice(["create", "create", "rename", "done", "delete", "by rest"])
    if kind == "create" or not ids:
        created = await api.data("mutation($t: String!) { createActionItem(title: $t) { id } }", t=title)
        ids.append(created["createActionItem"]["id"])
    elif kind == "rename":
        await api.data(
            "mutation($i: Int!, $t: String) { updateActionItem(id: $i, title: $t) { id } }", i=chosen, t=title
        )
    elif kind == "done":
        await api.data('mutation($i: Int!) { updateActionItem(id: $i, status: "DONE") { id } }', i=chosen)
    elif kind == "delete":
        await api.data("mutation($i: Int!) { deleteActionItem(id: $i) }", i=chosen)
        ids.remove(chosen)
    else:
        key = {"idempotency-key": str(random.random())}
        path = f"/api/v1/thirdeye/action-items/{chosen}"
        answer = await api.client.patch(path, json={"priority": random.choice(["LOW", "HIGH"])}, headers=key)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 12))])
async def test_what_anybody_changes_is_in_the_next_answer_of_every_process(
    apis: tuple[Api, Api, Api], clock: FixedClock, seed: int
) -> None:
    *hot, slow = apis
    random, ids = Random(seed), list[int]()
    for _ in range(12):
        await change(random.choice(apis), random, ids)
        clock.now += timedelta(seconds=random.choice([0, 1]))
        expected = await lists_of(slow)
        for _ in range(random.randint(1, 3)):
            for api in hot:
                assert await lists_of(api) == expected
    for api in hot:
        assert hits(await metrics_of(api)) > 10
    assert hits(await metrics_of(slow)) == 0


async def test_what_is_written_by_hand_is_seen_a_second_later(
    apis: tuple[Api, Api, Api], sql_server: MariaDB | MySQL, ticks: Ticks
) -> None:
    hot, schema = apis[0], apis[0].settings.thirdeye_mysql_schema
    for _ in range(3):
        assert (await hot.data(LISTS[0]))["actionItems"]["totalCount"] == 0
    with sql_server.connect(schema) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO action_items (title, status) VALUES ('by hand', 'OPEN')")
    ticks.now += 1
    assert (await hot.data(LISTS[0]))["actionItems"]["totalCount"] == 1


async def test_before_there_is_a_version_lists_are_worked_out(
    apis: tuple[Api, Api, Api], sql_server: MariaDB | MySQL
) -> None:
    """A process of this release may be there before its migrations."""
    hot, _, slow = apis
    with sql_server.connect(hot.settings.thirdeye_mysql_schema) as connection, connection.cursor() as cursor:
        cursor.execute("RENAME TABLE data_version TO later")
        try:
            for _ in range(3):
                assert await lists_of(hot) == await lists_of(slow)
        finally:
            cursor.execute("RENAME TABLE later TO data_version")


async def test_whatever_writes_an_item_moves_the_version(settings: Settings) -> None:
    thirdeye = thirdeye_database(settings, lambda *_: None)
    await thirdeye.start()
    write = "INSERT INTO action_items (title, status) VALUES ('one', 'OPEN')"
    nothing = "UPDATE action_items SET title = 'two' WHERE id = 0"

    async def moved() -> int:
        return await items_version(thirdeye)

    try:
        before = await moved()
        await thirdeye.execute(write)
        assert await moved() == before + 1
        async with thirdeye.locked("something", 1) as session:
            await session.execute(write)
        assert await moved() == before + 2
        async with thirdeye.transaction() as session:
            await session.execute(write)
            await session.execute(write)
            # Nobody else sees a change, or a version, before the end.
            assert await moved() == before + 2
        assert await moved() == before + 3
        async with thirdeye.joined("something", 1), thirdeye.transaction() as session:
            await session.execute(write)
        assert await moved() == before + 4
        # What changes nothing moves nothing.
        await thirdeye.execute(nothing)
        async with thirdeye.transaction() as session:
            await session.execute(nothing)
            await session.fetch_all("SELECT * FROM action_items FOR UPDATE")
        with pytest.raises(ZeroDivisionError):
            async with thirdeye.transaction() as session:
                await session.execute(write)
                raise ZeroDivisionError
        assert await moved() == before + 4
        # Two at once move it twice.
        async with thirdeye.transaction() as one:
            await one.execute(write)
            async with thirdeye.transaction() as other:
                await other.execute(write)
        assert await moved() == before + 6
    finally:
        await thirdeye.stop()
