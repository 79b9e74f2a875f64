"""The facts of the day in the schema: the last refresh of a day wins, whatever comes in which order or is killed."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.api import prepare_accounts, running, settings_for
from tests.support.daily_estate import DEFAULT_PRICES, DailyEstate, random_columns, summary_of
from tests.support.database import copy_migrated, empty_thirdeye
from tests.support.mirror import nothing
from thirdeye.database import MySQL as Database
from thirdeye.database import thirdeye_database
from thirdeye.forecast import store
from thirdeye.forecast.daily_facts import DailyFacts
from thirdeye.forecast.places import EVERYTHING
from thirdeye.inventory.reader import EstateReader
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.migrations import migrate
from thirdeye.settings import Settings

pytestmark = pytest.mark.anyio
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


@dataclass
class Daily:
    settings: Settings
    thirdeye: Database
    estate: DailyEstate
    facts: DailyFacts

    async def rows(self) -> list[dict[str, Any]]:
        return await self.thirdeye.fetch_all("SELECT * FROM estate_daily ORDER BY day, service, domain")


@asynccontextmanager
async def opened(server: MariaDB | MySQL, redis: Redis, signer: Signer) -> AsyncIterator[Daily]:
    schema = "thirdeye_daily"
    prepare_accounts(server, "om_empty", schema)
    settings = settings_for(server, redis, om_schema="om_empty", schema=schema, signer=signer)
    copy_migrated(server, schema, settings)
    empty_thirdeye(server, schema)
    thirdeye = thirdeye_database(settings, nothing)
    await thirdeye.start()
    try:
        await migrate(settings, thirdeye)
        estate = DailyEstate(thirdeye)
        yield Daily(settings, thirdeye, estate, recorder(settings, thirdeye))
    finally:
        await thirdeye.stop()


def recorder(settings: Settings, thirdeye: Database) -> DailyFacts:
    return DailyFacts(settings=settings, thirdeye=thirdeye, estate=EstateReader(thirdeye))


@pytest.fixture
async def daily(sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer) -> AsyncIterator[Daily]:
    async with opened(sql_server, redis_server, signer) as made:
        yield made


async def follow_history(daily: Daily, seed: int, steps: int) -> None:
    """Ten refreshes a day, days without one, clocks that jump: each day has what was published last for it."""
    generator, expected = random.Random(seed), dict[date, Any]()
    now, burst = START, 0
    jumps = (
        timedelta(hours=2), timedelta(minutes=30), timedelta(days=3), timedelta(days=-2), timedelta(seconds=-1),
        timedelta(days=370), timedelta(days=-370),
    )  # fmt: skip
    for _ in range(steps):
        burst = max(burst - 1, 0) or (10 if generator.random() < 0.1 else 0)
        # Ten refreshes of one day, be it that it ends meanwhile.
        now += timedelta(minutes=generator.randrange(1, 30)) if burst else generator.choice(jumps)
        columns = random_columns(generator, most=12)
        await daily.estate.publish_random(columns, now)
        # Any worker may be the one that writes it down, also one that has just started.
        facts = daily.facts if generator.random() < 0.7 else recorder(daily.settings, daily.thirdeye)
        assert await facts.is_due()
        # Not every tick of the worker comes before the next refresh.
        for _ in range(generator.choice((0, 1, 1, 1, 2))):
            assert await facts.record()
            assert not await daily.facts.is_due()
            expected[now.date()] = summary_of(columns, DEFAULT_PRICES)
    await agrees(daily, expected)


async def agrees(daily: Daily, expected: dict[date, Any]) -> None:
    """The total of each day is what `estate` answered after its last refresh, and the sum of its services."""
    found = {row["day"]: row for row in await daily.rows() if row["service"] is None and row["domain"] is None}
    assert set(found) == set(expected)
    for day, summary in expected.items():
        total = summary["total"]
        assert found[day]["tables_count"] == total["tables"]
        for column, name in (("storage_usd", "storageCost"), ("query_usd", "queryCost")):
            assert abs((found[day][column] or 0) - Decimal(total[name])) < Decimal("0.000002")
    columns_summed = ", ".join(f"SUM({name}) AS {name}" for name in (*store.AMOUNTS, "tables_count", "bytes"))
    sums = await daily.thirdeye.fetch_all(
        f"SELECT day, {columns_summed} FROM estate_daily WHERE service IS NOT NULL AND domain IS NULL GROUP BY day"
    )
    for row in sums:
        for name in (*store.AMOUNTS, "tables_count", "bytes"):
            assert (row[name] or 0) == (found[row["day"]][name] or 0), name


@pytest.mark.parametrize("seed", [21, 22])
async def test_random_histories_keep_the_last_refresh_of_each_day(daily: Daily, seed: int) -> None:
    await follow_history(daily, seed, 25)


@pytest.mark.soak
async def test_many_random_histories(daily: Daily) -> None:
    for seed in range(100, 300):
        await daily.thirdeye.execute("DELETE FROM estate_daily")
        await follow_history(daily, seed, 25)


async def test_a_day_equals_what_the_api_answers_of_the_estate(daily: Daily, signer: Signer) -> None:
    await daily.estate.publish_random(random_columns(random.Random(3)), START)
    await daily.facts.record()
    async with running(daily.settings, signer, clock=lambda: START) as api:
        answer = (await api.data("{ estate { total { tables storageCost queryCost } } }"))["estate"]["total"]
    (row,) = await store.daily(daily.thirdeye, EVERYTHING, START.date(), START.date())
    assert row["tables_count"] == answer["tables"]
    assert f"{row['storage_usd']:.6f}" == answer["storageCost"]
    assert f"{row['query_usd']:.6f}" == answer["queryCost"]
    assert 0 <= row["score"] <= 100


async def test_killed_before_the_last_row_the_day_stays_as_it_was(
    daily: Daily, monkeypatch: pytest.MonkeyPatch
) -> None:
    await daily.estate.publish_random(random_columns(random.Random(5)), START)
    await daily.facts.record()
    before = await daily.rows()
    await daily.estate.publish_random(random_columns(random.Random(6)), START)
    real = store.put_day

    async def killed(session: Any, day: date, rows: Any) -> None:
        await real(session, day, rows[: len(rows) // 2])
        raise RuntimeError("killed")

    monkeypatch.setattr(store, "put_day", killed)
    with pytest.raises(RuntimeError):
        await daily.facts.record()
    assert await daily.rows() == before
    assert await daily.facts.is_due()
    monkeypatch.undo()
    await daily.facts.record()
    once = await daily.rows()
    await daily.facts.record()
    assert await daily.rows() == once != before


async def test_what_was_saved_on_a_service_outlives_its_last_table(daily: Daily) -> None:
    await daily.thirdeye.execute(
        "INSERT INTO saving_baseline (table_number, size_bytes, usd_per_gb_month, storage_usd, query_usd, service,"
        " last_written, taken_at) VALUES (7, 1, 0.023, 12.5, NULL, 'gone', NULL, '2026-01-01')"
    )
    await daily.thirdeye.execute(
        "INSERT INTO saving_entry (table_number, found_at, kind, baseline_usd, cost_usd, realized_usd)"
        " VALUES (7, '2026-01-05', 'REMOVED', 12.5, 0, 12.5)"
    )
    await daily.estate.publish_random(random_columns(random.Random(3)), START)
    await daily.facts.record()
    rows = {(row["service"], row["domain"]): row["realized_usd"] for row in await daily.rows()}
    assert rows["gone", None] == rows[None, None] == Decimal("12.5")
    # Nobody remembers in which domains a table was that is gone.
    assert {usd for (_, domain), usd in rows.items() if domain is not None} == {None}
