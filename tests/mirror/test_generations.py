"""Answers are of one generation, whenever a refresh is published; and the reader reads no more than it must."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.support import PATIENCE
from tests.support.api import Api
from tests.support.clocks import NOON, TODAY
from tests.support.mirror import Mirror, mirror
from tests.support.published import publish_sample, published, recorded_statements, republish
from tests.support.second_inventory import Judged, second_inventory
from thirdeye import pacing
from thirdeye.errors import DatabaseUnavailable
from thirdeye.estate.store import put_price
from thirdeye.inventory import reader as reading
from thirdeye.inventory import store
from thirdeye.inventory.reader import EstateReader, NotReadYet, Superseded
from thirdeye.inventory.storage_prices import StoragePrice
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured]
PREFIX = "/api/v1/thirdeye"
OWNED = "id owners { id type }"


@pytest.fixture
async def api(sql_server: MariaDB | MySQL, settings: Settings, signer: Signer) -> AsyncIterator[Api]:
    async with published(sql_server, settings, signer) as api:
        yield api


@pytest.fixture
async def refreshed(sql_server: MariaDB | MySQL, settings: Settings) -> AsyncIterator[Mirror]:
    await publish_sample(sql_server, settings)
    async with mirror(settings, NOON) as refreshed:
        yield refreshed


@pytest.fixture(scope="session")
def judged(sql_server: MariaDB | MySQL, sample_schema: str) -> Judged:
    with sql_server.connect() as connection:
        return second_inventory(connection, sample_schema, TODAY)


def owned(tables: list[dict[str, Any]]) -> dict[str, set[tuple[str, str]]]:
    return {table["id"]: {(owner["type"], owner["id"]) for owner in table["owners"]} for table in tables}


async def _listed(api: Api, judged: Judged) -> None:
    answer = (await api.data(f"{{ tables(first: 100) {{ edges {{ node {{ {OWNED} }} }} totalCount }} }}"))["tables"]
    assert answer["totalCount"] == len(judged.tables)
    for identifier, owners in owned([edge["node"] for edge in answer["edges"]]).items():
        assert owners == judged.tables[identifier]["owners"]


async def _owner_filtered(api: Api, judged: Judged) -> None:
    kinds = "{ tables(first: 100) { edges { node { owners { name } } } } }"
    names = {owner["name"] for edge in (await api.data(kinds))["tables"]["edges"] for owner in edge["node"]["owners"]}
    for name in sorted(names)[:3]:
        query = "query ($owner: [String!]) { tables(filter: {owner: $owner}, first: 100) { edges { node { owners { name } } } } }"
        edges = (await api.data(query, owner=[name]))["tables"]["edges"]
        assert edges
        assert all(name in {owner["name"] for owner in edge["node"]["owners"]} for edge in edges)


async def _one(api: Api, judged: Judged) -> None:
    for identifier, expected in list(judged.tables.items())[::40]:
        table = (await api.data(f"query ($fqn: String!) {{ table(fqn: $fqn) {{ {OWNED} }} }}", fqn=expected["fqn"]))[
            "table"
        ]
        assert owned([table]) == {identifier: expected["owners"]}


async def _searched(api: Api, judged: Judged) -> None:
    answer = (await api.data('{ tables(search: "ship") { totalCount } }'))["tables"]["totalCount"]
    assert answer == sum("shipments" in table["fqn"].casefold() for table in judged.tables.values())


async def _depended_on(api: Api, judged: Judged) -> None:
    identifier, expected = max(judged.tables.items(), key=lambda item: item[1]["dependents"])
    query = "query ($fqn: String!) { table(fqn: $fqn) { id dependents { count nearest { asset { id } } } downstream { totalCount } } }"
    table = (await api.data(query, fqn=expected["fqn"]))["table"]
    assert table["dependents"]["count"] == expected["dependents"] > 0
    assert [node["asset"]["id"] for node in table["dependents"]["nearest"]] == [each for each, _ in expected["nearest"]]
    assert table["downstream"]["totalCount"] > 0
    assert table["id"] == identifier


async def _totals(api: Api, judged: Judged) -> None:
    answer = (await api.data(f"{{ estate {{ total {{ tables }} dearestTables {{ {OWNED} }} }} }}"))["estate"]
    assert answer["total"]["tables"] == len(judged.tables)
    for identifier, owners in owned(answer["dearestTables"]).items():
        assert owners == judged.tables[identifier]["owners"]


async def _services(api: Api, judged: Judged) -> None:
    answer = (await api.data("{ services { tables } }"))["services"]
    assert sum(service["tables"] for service in answer) == len(judged.tables)


async def _duplicates(api: Api, judged: Judged) -> None:
    answer = (await api.data(f"{{ duplicates {{ totalCount edges {{ node {{ tables {{ {OWNED} }} }} }} }} }}"))[
        "duplicates"
    ]
    assert answer["totalCount"] == len(answer["edges"]) > 0
    for edge in answer["edges"]:
        for identifier, owners in owned(edge["node"]["tables"]).items():
            assert owners == judged.tables[identifier]["owners"]


async def _exported(api: Api, judged: Judged) -> None:
    lines = (await api.client.get(f"{PREFIX}/tables.jsonl")).text.splitlines()
    import json

    tables = [json.loads(line) for line in lines]
    assert owned(tables) == {each: table["owners"] for each, table in judged.tables.items()}


QUESTIONS = [_listed, _owner_filtered, _one, _searched, _depended_on, _totals, _services, _duplicates, _exported]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__)
async def test_a_refresh_published_before_a_question_changes_no_answer(
    api: Api,
    judged: Judged,
    settings: Settings,
    sql_server: MariaDB | MySQL,
    question: Callable[[Api, Judged], Awaitable[None]],
) -> None:
    # The process now knows a generation, and will not look again for a second.
    assert (await api.data("{ tables(first: 1) { totalCount } }"))["tables"]["totalCount"] == len(judged.tables)
    republish(sql_server, settings.thirdeye_mysql_schema)
    await question(api, judged)
    # And once more, over whatever the first time left in memory.
    await question(api, judged)


async def test_a_list_whose_refresh_comes_at_every_try_says_so(
    api: Api, settings: Settings, sql_server: MariaDB | MySQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows_by_number = store.rows_by_number

    async def overtaken(*arguments: Any) -> Any:
        republish(sql_server, settings.thirdeye_mysql_schema)
        return await rows_by_number(*arguments)

    monkeypatch.setattr(store, "rows_by_number", overtaken)
    error = await api.error("{ tables(first: 1) { edges { node { id } } } }")
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert "try again" in error["message"]


async def test_a_generation_published_while_it_is_loaded_is_loaded_anew(
    refreshed: Mirror, settings: Settings, sql_server: MariaDB | MySQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = settings.thirdeye_mysql_schema
    for overtaken in ("blob_versions", "blob"):
        original, left = getattr(store, overtaken), [2]

        async def once_overtaken(*arguments: Any, original: Any = original, left: list[int] = left) -> Any:
            if left[0]:
                left[0] -= 1
                republish(sql_server, schema)
            return await original(*arguments)

        monkeypatch.setattr(store, overtaken, once_overtaken)
        snapshot = await EstateReader(refreshed.thirdeye).snapshot()
        state = await store.state(refreshed.thirdeye)
        assert state is not None
        assert left == [0]
        assert snapshot.generation == state["generation"]
        assert snapshot.catalogue.columns.length > 250
        monkeypatch.undo()


async def test_many_who_ask_at_once_cost_one_look_a_second(refreshed: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, now = counting(monkeypatch), [100.0]
    reader = EstateReader(refreshed.thirdeye, clock=lambda: now[0])
    snapshots = await asyncio.gather(*(reader.snapshot() for _ in range(50)))
    assert len({id(snapshot) for snapshot in snapshots}) == 1
    assert (asked["state"], asked["blob_versions"]) == (1, 1)
    now[0] += 0.99
    await reader.snapshot()
    assert asked["state"] == 1
    now[0] += 0.02
    assert await reader.snapshot() is snapshots[0]
    assert (asked["state"], asked["blob_versions"]) == (2, 1)


async def test_only_what_changed_is_loaded_again(refreshed: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = EstateReader(refreshed.thirdeye)
    before = await reader.snapshot()
    names = await reader.names(before)
    await reader.chunk(before, "down/00000")
    asked = counting(monkeypatch)
    await refreshed.refresh()
    after = await reader.snapshot(newest=True)
    assert after.generation > before.generation
    assert await reader.names(after) is names
    await reader.chunk(after, "down/00000")
    read = {name for name in asked if "/" in name or name in {"directory", "summary"}}
    assert read == {name for name in read if after.versions[name] > before.generation} | {"directory"}
    assert "query/00000" not in read


async def test_a_reader_keeps_no_versions_of_days_of_usage(refreshed: Mirror) -> None:
    assert await refreshed.thirdeye.fetch_one("SELECT 1 AS any_day FROM estate_blob WHERE name LIKE 'usage/%' LIMIT 1")
    assert not [name for name in (await refreshed.reader.snapshot()).versions if name.startswith("usage/")]


async def test_what_many_ask_for_at_once_is_loaded_once(refreshed: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = EstateReader(refreshed.thirdeye)
    snapshot = await reader.snapshot()
    asked = counting(monkeypatch)
    await asyncio.gather(
        *(reader.names(snapshot) for _ in range(9)), *(reader.chunk(snapshot, "up/00000") for _ in range(9))
    )
    await asyncio.gather(*(reader.document(snapshot, "summary") for _ in range(9)))
    assert (asked["names/00000"], asked["up/00000"], asked["summary"]) == (1, 1, 1)


async def test_lineage_in_memory_is_bounded(refreshed: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = EstateReader(refreshed.thirdeye)
    snapshot = await reader.snapshot()
    first = await reader.chunk(snapshot, "down/00000")
    assert first is not None
    monkeypatch.setattr(reading, "_LINEAGE_CACHE_BYTES", len(first))
    asked = counting(monkeypatch)
    await reader.chunk(snapshot, "down/00000")
    assert asked["down/00000"] == 0
    await reader.chunk(snapshot, "nearest/00000")
    await reader.chunk(snapshot, "down/00000")
    assert asked["down/00000"] == 1
    assert await reader.chunk(snapshot, "down/00099") is None


async def test_whoever_goes_away_stops_nobody_else(refreshed: Mirror) -> None:
    reader = EstateReader(refreshed.thirdeye)
    first = asyncio.create_task(reader.snapshot())
    await asyncio.sleep(0)
    second = asyncio.create_task(reader.snapshot())
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).catalogue.columns.length > 250
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_an_outage_is_waited_for_once_by_all_and_then_looked_at_again(
    refreshed: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, original, asked, given_up = EstateReader(refreshed.thirdeye), store.state, [0], asyncio.Event()

    async def away(_: Any) -> Any:
        asked[0] += 1
        await given_up.wait()
        raise DatabaseUnavailable("thirdeye", "gone")

    monkeypatch.setattr(store, "state", away)
    asking = [asyncio.create_task(reader.snapshot()) for _ in range(40)]
    while not asked[0]:
        await asyncio.sleep(0)
    given_up.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {DatabaseUnavailable}
    assert asked == [1]
    monkeypatch.setattr(store, "state", original)
    assert (await reader.snapshot()).catalogue.columns.length > 250


async def test_a_schema_made_anew_is_noticed_even_when_its_numbers_are_the_same(
    refreshed: Mirror, settings: Settings, sql_server: MariaDB | MySQL
) -> None:
    reader = EstateReader(refreshed.thirdeye)
    before = await reader.snapshot()
    await reader.names(before)
    await reader.document(before, "summary")
    with sql_server.connect(settings.thirdeye_mysql_schema) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE estate_blob SET data = '[]' WHERE name = 'summary'")
        cursor.execute("UPDATE estate_state SET refreshed_at = refreshed_at + INTERVAL 1 HOUR")
    after = await reader.snapshot(newest=True)
    assert (after.generation, after.refreshed_at > before.refreshed_at) == (before.generation, True)
    assert await reader.document(after, "summary") == []


async def test_a_price_counts_without_a_refresh(refreshed: Mirror) -> None:
    reader = EstateReader(refreshed.thirdeye)
    before = await reader.snapshot()
    number = before.service_numbers["snowflake_prod"]
    for price in ("1.5", "2.5"):
        own = StoragePrice(
            service_type="Snowflake", effective_from=date(2020, 1, 1), usd_per_gb_month=Decimal(price), set_by="x"
        )
        await put_price(refreshed.thirdeye, own)
        after = await reader.snapshot(newest=True)
        assert after.catalogue.tariffs.prices[number].usd_per_gb_month == Decimal(price)
    assert after.generation == before.generation


async def test_before_the_first_refresh_there_is_nothing(settings: Settings) -> None:
    async with mirror(settings, NOON) as empty:
        with pytest.raises(NotReadYet):
            await EstateReader(empty.thirdeye).snapshot()


async def test_rows_of_another_generation_are_refused(
    refreshed: Mirror, settings: Settings, sql_server: MariaDB | MySQL
) -> None:
    reader = EstateReader(refreshed.thirdeye)
    snapshot = await reader.snapshot()
    assert set(await reader.rows(snapshot, [0, 1, 2**31 - 1])) == {0, 1}
    republish(sql_server, settings.thirdeye_mysql_schema)
    with pytest.raises(Superseded):
        await reader.rows(snapshot, [0])


async def test_a_page_costs_two_statements_whatever_it_asks_of_its_tables(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever gives others a turn asks for what it needs by then: on a slow machine in more pieces.
    monkeypatch.setattr(pacing, "_SLICE", PATIENCE)
    query = (
        "{ tables(first: 40) { totalCount edges { node { id dependents { count nearest { asset { name } } } "
        "upstream { nodes { asset { name } } } downstream(depth: 5) { nodes { asset { name } } } } } } }"
    )
    await api.data(query)
    with recorded_statements() as statements:
        await api.data(query)
    # Rows, names of tables and of other assets that lineage leads to, and maybe a look at the state.
    assert 0 < len(statements) <= 8


def counting(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what is read: by function, and blobs by name."""
    asked = Counter[str]()
    for function in ("state", "blob_versions", "blob"):
        original = getattr(store, function)

        async def counted(*arguments: Any, original: Any = original, function: str = function) -> Any:
            asked[arguments[1] if function == "blob" else function] += 1
            return await original(*arguments)

        monkeypatch.setattr(store, function, counted)
    return asked
