"""The score from a real OM database to its row, its cache and its answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from tests.support.api import LONG_DEADLINES, Api, copy_sample, prepare_accounts, running, settings_for
from tests.support.clocks import NOON, TODAY, FixedClock
from tests.support.database import copy_migrated
from tests.support.mirror import nothing
from tests.support.second_inventory import second_inventory
from thirdeye.cache import Cache
from thirdeye.clock import Clock
from thirdeye.database import MySQL as Database
from thirdeye.database import om_database, thirdeye_database
from thirdeye.deadlines import Deadlines
from thirdeye.errors import DatabaseUnavailable
from thirdeye.inventory.reader import EstateReader
from thirdeye.local.sample import SECRET_MARKERS
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.migrations import migrate
from thirdeye.mirror.refresh import EstateRefresh
from thirdeye.observability.metrics import Metrics
from thirdeye.paging import encode_cursor
from thirdeye.score.service import ScoreService
from thirdeye.settings import Settings
from thirdeye.verdict.advisor import advisors

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]


@asynccontextmanager
async def service(
    settings: Settings, clock: Clock, deadlines: Deadlines = LONG_DEADLINES
) -> AsyncIterator[tuple[ScoreService, Database]]:
    om, thirdeye = om_database(settings, nothing), thirdeye_database(settings, nothing)
    cache = Cache(settings.redis_url, settings.thirdeye_mysql_schema, timeout=deadlines.cache)
    await om.start()
    await thirdeye.start()
    await migrate(settings, thirdeye)
    metrics = Metrics()
    made = ScoreService(
        settings=settings,
        refreshing=lambda: EstateRefresh(
            settings=settings,
            om=om,
            thirdeye=thirdeye,
            clock=clock,
            metrics=metrics,
            advisor=advisors(settings, thirdeye),
        ),
        estate=EstateReader(thirdeye),
        thirdeye=thirdeye,
        cache=cache,
        clock=clock,
        metrics=metrics,
        deadlines=deadlines,
    )
    try:
        yield made, thirdeye
    finally:
        await made.stop()
        await om.stop()
        await thirdeye.stop()
        await cache.stop()


async def rows(thirdeye: Database) -> list[dict[str, Any]]:
    return await thirdeye.fetch_all("SELECT * FROM health_score_history ORDER BY id")


@pytest.mark.unmeasured
async def test_it_equals_a_second_implementation(settings: Settings, sql_server: MariaDB | MySQL) -> None:
    with sql_server.connect() as connection:
        expected = second_inventory(connection, settings.om_mysql_db, TODAY).score
    async with service(settings, FixedClock()) as (scores, thirdeye):
        answer = await scores.current()
        (row,) = await rows(thirdeye)
    assert answer["score"] == row["score"] == expected["score"]
    assert answer["breakdown"] == expected["breakdown"]
    metadata = answer["metadata"]
    assert (metadata["totalTables"], metadata["activeTables"]) == (expected["total"], expected["active"])
    assert metadata["totalBytes"] == expected["bytes"]
    assert {name: metadata[f"{name}Tables"] for name in expected["counts"]} == expected["counts"]
    assert not any(marker in str(row) for marker in SECRET_MARKERS)
    meta = orjson.loads(row["meta"])
    assert meta["settings"]["weights"] == {"storage": 35, "compute": 30, "query": 20, "others": 15}
    assert meta["inputs"]["tables"] == expected["total"]


async def test_one_row_a_slot_however_many_ask(settings: Settings) -> None:
    clock = FixedClock()
    async with service(settings, clock) as (first, thirdeye), service(settings, clock) as (second, _):
        for hours in range(3):
            clock.now = NOON + timedelta(hours=hours)
            results = await asyncio.gather(*(each.compute() for each in (first, second, first, second)))
            assert sum(results) == 1
            assert await first.compute() is False
        found = await rows(thirdeye)
    assert [row["slot"] for row in found] == [int(NOON.timestamp()) // 3600 + hours for hours in range(3)]
    assert {row["slot_minutes"] for row in found} == {60}


async def test_the_first_question_computes_and_the_others_wait_for_it(settings: Settings) -> None:
    async with service(settings, FixedClock()) as (scores, thirdeye):
        answers = await asyncio.gather(*(scores.current() for _ in range(10)))
        assert len({answer["score"] for answer in answers}) == 1
        assert len(await rows(thirdeye)) == 1


async def test_while_the_first_one_takes_long_the_answer_is_pending(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    original = ScoreService.compute

    async def slow(self: ScoreService) -> bool:
        await gate.wait()
        return await original(self)

    monkeypatch.setattr(ScoreService, "compute", slow)
    async with service(settings, FixedClock(), replace(LONG_DEADLINES, first_score=0.05)) as (scores, _):
        assert (await scores.current())["status"] == "PENDING"
        assert not await scores.has_cached()
        gate.set()
        while (await scores.current())["status"] == "PENDING":
            pass
        assert (await scores.current())["score"] > 0


async def insert(thirdeye: Database, when: datetime, score: int, status: str | None = None) -> None:
    sql = "INSERT INTO health_score_history (captured_at, score, status) VALUES (%(when)s, %(score)s, %(status)s)"
    await thirdeye.execute(sql, {"when": when, "score": score, "status": status})


@pytest.mark.parametrize(
    ("history", "trend", "delta"),
    [
        ([], "STABLE", 0),
        ([(8, 10), (7, 40), (6, 90)], "IMPROVING", 10),
        ([(6, 60), (1, 20)], "DECLINING", -10),
        ([(7, 49)], "STABLE", 1),
        ([(7, 0, "NO_DATA"), (6, 80)], "DECLINING", -30),
        ([(7, 0, "NO_DATA")], "STABLE", 0),
    ],
)
async def test_the_trend_looks_seven_days_back(
    settings: Settings, history: list[tuple[Any, ...]], trend: str, delta: int
) -> None:
    async with service(settings, FixedClock()) as (scores, thirdeye):
        for days, score, *status in history:
            await insert(thirdeye, NOON - timedelta(days=days), score, *status)
        await insert(thirdeye, NOON, 50)
        answer = await scores.current()
    assert (answer["trend"], answer["delta"], answer["score"], answer["status"]) == (trend, delta, 50, "FAIR")


async def test_an_old_score_is_stale(settings: Settings) -> None:
    clock = FixedClock()
    async with service(settings, clock) as (scores, thirdeye):
        await insert(thirdeye, NOON, 50)
        clock.now = NOON + timedelta(hours=2)
        assert (await scores.current())["stale"] is False
        clock.now += timedelta(seconds=1)
        assert (await scores.current())["stale"] is True


async def test_the_history_in_buckets(settings: Settings, signer: Signer) -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    query = """query ($from: DateTime, $to: DateTime, $interval: HistoryInterval!, $first: Int, $after: String) {
      healthScoreHistory(from: $from, to: $to, interval: $interval, first: $first, after: $after) {
        edges { node { bucketStart score minimum maximum samples status capturedAt } }
        pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
    async with service(settings, FixedClock()) as (_, thirdeye):
        samples = [(0, 50), (1, 70), (23, 60), (24, 10), (24 * 6 + 23, 30), (24 * 7, 90)]
        for hours, score in samples:
            await insert(thirdeye, monday + timedelta(hours=hours), score)
        await insert(thirdeye, monday + timedelta(hours=2), 0, "NO_DATA")
    async with running(settings, signer) as api:

        async def ask(interval: str, **more: Any) -> dict[str, Any]:
            range_ = {"from": monday.isoformat(), "to": (monday + timedelta(days=30)).isoformat(), **more}
            return dict((await api.data(query, interval=interval, **range_))["healthScoreHistory"])

        days = [edge["node"] for edge in (await ask("DAY"))["edges"]]
        assert [(day["score"], day["minimum"], day["maximum"], day["samples"]) for day in days] == [
            (60, 50, 70, 3),
            (10, 10, 10, 1),
            (30, 30, 30, 1),
            (90, 90, 90, 1),
        ]
        assert days[0]["bucketStart"] == "2026-03-02T00:00:00+00:00"
        assert (days[0]["status"], days[0]["capturedAt"]) == ("GOOD", "2026-03-02T23:00:00+00:00")
        weeks = [edge["node"] for edge in (await ask("WEEK"))["edges"]]
        assert [(week["bucketStart"][:10], week["score"], week["minimum"], week["maximum"]) for week in weeks] == [
            ("2026-03-02", 30, 10, 70),
            ("2026-03-09", 90, 90, 90),
        ]
        assert len((await ask("HOUR"))["edges"]) == 6
        seen, after = [], None
        while True:
            page = await ask("DAY", first=1, after=after)
            seen += [edge["node"]["score"] for edge in page["edges"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert seen == [60, 10, 30, 90]
        for bad in ({"first": 0}, {"first": 1001}, {"after": "x"}, {"from": "2026-05-01T00:00:00Z"}):
            answer = await api.ask(query, **{"interval": "DAY", "to": "2026-04-01T00:00:00Z", **bad})
            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", bad
        # A cursor of this list's shape, of a day that no calendar has.
        assert (await ask("DAY", after=encode_cursor("DAY", 10**9 - 1)))["edges"] == []
        foreign = await api.ask(query, interval="WEEK", after=after)
        assert foreign["errors"][0]["extensions"]["argument"] == "after"
        rest = await api.client.get(
            "/api/v1/thirdeye/dashboard/health-history",
            params={"from": monday.isoformat(), "to": "2026-04-01T00:00:00Z", "interval": "week", "first": "1"},
        )
        assert rest.json()["edges"][0]["node"]["score"] == 30
        for bad_rest in ({"first": "x"}, {"interval": "YEAR"}, {"from": "soon"}):
            refused = await api.client.get("/api/v1/thirdeye/dashboard/health-history", params=bad_rest)
            assert refused.status_code == refused.json()["code"] == 400


@pytest.fixture
def own_estate(
    sql_server: MariaDB | MySQL, redis_server: Redis, schema_name: Callable[[str], str], signer: Signer
) -> Callable[..., Settings]:
    """Settings over an OM schema of the test's own, changed by statements after loading, before the grants."""

    def make(*statements: str, load: bool = True, after_grants: tuple[str, ...] = ()) -> Settings:
        om_schema, schema = schema_name("om"), schema_name("thirdeye")
        if load:
            copy_sample(sql_server, om_schema, tables=60, usage_days=400)
        with sql_server.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement.format(om=om_schema))
        prepare_accounts(sql_server, om_schema, schema)
        with sql_server.connect() as connection, connection.cursor() as cursor:
            for statement in after_grants:
                cursor.execute(statement.format(om=om_schema))
        settings = settings_for(sql_server, redis_server, om_schema=om_schema, schema=schema, signer=signer)
        copy_migrated(sql_server, schema, settings)
        return settings

    return make


async def score_of(settings: Settings) -> dict[str, Any]:
    async with service(settings, FixedClock()) as (scores, _):
        return await scores.current()


async def test_a_missing_schema_is_no_data(own_estate: Callable[..., Settings]) -> None:
    answer = await score_of(own_estate(load=False))
    assert (answer["status"], answer["score"], answer["metadata"]["totalTables"]) == ("NO_DATA", 0, 0)
    assert answer["warnings"]


async def test_an_empty_database_is_no_data(own_estate: Callable[..., Settings]) -> None:
    empty = own_estate("CREATE DATABASE {om}", load=False)
    assert (await score_of(empty))["status"] == "NO_DATA"


async def test_a_database_without_tables_is_no_data(own_estate: Callable[..., Settings]) -> None:
    assert (await score_of(own_estate("DELETE FROM {om}.table_entity")))["status"] == "NO_DATA"


@pytest.mark.parametrize(
    "table",
    [
        "entity_usage",
        "profiler_data_time_series",
        "tag_usage",
        "entity_relationship",
        "dbservice_entity",
        "database_entity",
    ],
)
async def test_a_missing_part_is_a_warning_and_no_evidence(own_estate: Callable[..., Settings], table: str) -> None:
    answer = await score_of(own_estate(f"DROP TABLE {{om}}.{table}"))
    assert answer["status"] not in {"NO_DATA", "PENDING"}
    # Of services there are two things that are not known: their names, and the domains that they hand down.
    said = [warning for warning in answer["warnings"] if table in warning]
    assert len(said) == len(set(said)) == (2 if table == "dbservice_entity" else 1)


async def test_a_column_restricted_account(own_estate: Callable[..., Settings]) -> None:
    revoke = (
        "REVOKE SELECT (count1) ON {om}.entity_usage FROM om_ro",
        "REVOKE SELECT (serviceType) ON {om}.dbservice_entity FROM om_ro",
        "REVOKE SELECT (updatedAt), SELECT (deleted) ON {om}.table_entity FROM om_ro",
    )
    revoke = tuple(f"{statement}@'%'" for statement in revoke)
    answer = await score_of(own_estate(after_grants=revoke))
    assert answer["metadata"]["totalTables"] > 0
    assert any("entity_usage(count1)" in warning for warning in answer["warnings"])
    assert all(driver["service"] and not driver["service"].startswith("service ") for driver in answer["drivers"])


async def test_a_stranger_in_the_json_is_no_evidence(own_estate: Callable[..., Settings]) -> None:
    odd = [
        "UPDATE {om}.table_entity SET json = JSON_SET(json, '$.lifeCycle', 'x', '$.description', 7)",
        "UPDATE {om}.profiler_data_time_series SET json = JSON_SET(json, '$.sizeInByte', 'big', '$.profileData', '')",
    ]
    answer = await score_of(own_estate(*odd))
    assert answer["metadata"]["totalTables"] > 0
    assert answer["metadata"]["totalBytes"] == 0


async def test_when_om_is_away_no_row_is_written(settings: Settings) -> None:
    away = settings.model_copy(update={"om_mysql_user_ro": "nobody_here"})
    async with service(away, FixedClock()) as (scores, thirdeye):
        with pytest.raises(DatabaseUnavailable):
            await scores.compute()
        with pytest.raises(DatabaseUnavailable):
            await scores.current()
        assert await rows(thirdeye) == []


async def test_the_api_answers_without_redis(settings: Settings, signer: Signer) -> None:
    async with running(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}), signer) as api:
        await api.scored()
        assert (await api.data("{ ziScore { score stale } }"))["ziScore"]["score"] > 0
        ready = await api.client.get("/api/v1/thirdeye/health/ready")
        assert (ready.status_code, ready.json()["degraded"]) == (200, ["redis"])


async def test_an_unexpected_error_tells_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("thirdeye.actions.resolvers.items.item_page", broken)
    answer = await api.ask("{ actionItems { totalCount } }")
    assert "secret" not in str(answer)
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
