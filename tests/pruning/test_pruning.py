"""What has grown old goes, whatever the order and number of runs; what is young, first, last or decided stays."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.support.api import prepare_accounts, settings_for
from tests.support.database import copy_migrated, empty_thirdeye
from tests.support.mirror import nothing
from thirdeye.database import MySQL as Database
from thirdeye.database import thirdeye_database
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.migrations import migrate
from thirdeye.observability.metrics import Metrics
from thirdeye.pruning import run, store
from thirdeye.pruning.rules import score_limits
from thirdeye.pruning.run import Pruning

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
OLD = NOW - timedelta(days=500)


@pytest.fixture
async def thirdeye(sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer) -> AsyncIterator[Database]:
    schema = "thirdeye_pruning"
    prepare_accounts(sql_server, "om_empty", schema)
    settings = settings_for(sql_server, redis_server, om_schema="om_empty", schema=schema, signer=signer)
    copy_migrated(sql_server, schema, settings)
    empty_thirdeye(sql_server, schema)
    database = thirdeye_database(settings, nothing)
    await database.start()
    try:
        await migrate(settings, database)
        yield database
    finally:
        await database.stop()


async def put(thirdeye: Database, table: str, *rows: dict[str, Any]) -> None:
    for row in rows:
        names = ", ".join(f"%({name})s" for name in row)
        await thirdeye.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({names})", row)


async def ids(thirdeye: Database, table: str) -> set[int]:
    return {row["id"] for row in await thirdeye.fetch_all(f"SELECT id FROM {table}")}


def kept(moments: list[datetime], now: datetime) -> set[datetime]:
    """What thinning leaves, by a second way: the first and the last of each old bucket, and all that is young."""
    limits, buckets = score_limits(now), dict[Any, list[datetime]]()
    for moment in sorted(moments):
        day = moment.replace(hour=0, minute=0, second=0)
        if moment >= limits.hourly:
            bucket: Any = moment
        elif moment >= limits.daily:
            bucket = moment.replace(minute=0, second=0)
        else:
            bucket = ("day", day)
        buckets.setdefault(bucket, []).append(moment)
    return {moment for of_bucket in buckets.values() for moment in (of_bucket[0], of_bucket[-1])}


@pytest.mark.parametrize("seed", [1, 2])
async def test_scores_are_thinned_by_age(thirdeye: Database, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    generator = random.Random(seed)
    monkeypatch.setattr(store, "BATCH", 40)
    moments = {
        (NOW - timedelta(minutes=generator.choice((1, 60, 1440)) * generator.randrange(150))).replace(microsecond=0)
        for _ in range(400)
    }
    values = ", ".join(f"('{moment:%Y-%m-%d %H:%M:%S}', 50)" for moment in moments)
    await thirdeye.execute(f"INSERT INTO health_score_history (captured_at, score) VALUES {values}")
    now = NOW
    # Of two runs at different times the second takes what has grown old since.
    for hours in (0, 0, 7 * 24):
        now += timedelta(hours=hours)
        await Pruning(thirdeye=thirdeye, clock=lambda now=now: now, metrics=Metrics()).run()
        rows = await thirdeye.fetch_all("SELECT captured_at FROM health_score_history")
        found = {row["captured_at"].replace(tzinfo=UTC) for row in rows}
        moments = kept(list(moments), now)
        assert found == moments


async def test_old_days_of_domains_within_services_are_thinned_to_months(
    thirdeye: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = random.Random(5)
    monkeypatch.setattr(store, "BATCH", 40)
    within = {"a": ("s", "d"), "b": ("s", "e"), "c": ("s", None), "d": (None, "d"), "e": (None, None)}
    days = {place: sorted(generator.sample(range(1_400), 300)) for place in within}
    names = "(day, place, service, domain, refreshed_at, sized_tables)"
    rows = (
        [f"{NOW - timedelta(days=ago):%Y-%m-%d}", place.ljust(16).encode(), *within[place], "2026-01-01", 0]
        for place in within
        for ago in days[place]
    )
    async with thirdeye.transaction() as session:
        await session.execute_rows(f"INSERT INTO estate_daily {names} VALUES ", rows)
    for _ in range(2):
        await Pruning(thirdeye=thirdeye, clock=lambda: NOW, metrics=Metrics()).run()
    kept = set[tuple[str, date]]()
    # 1,100 days ago is the 16th of November 2023: that month is not over yet.
    limit = date(2023, 11, 1)
    for place, all_of_it in days.items():
        dates = sorted((NOW - timedelta(days=ago)).date() for ago in all_of_it)
        for day in dates:
            month = [each for each in dates if (each.year, each.month) == (day.year, day.month)]
            if place in "cde" or day >= limit or day in (month[0], month[-1]):
                kept.add((place, day))
    left = await thirdeye.fetch_all("SELECT day, place FROM estate_daily")
    assert {(bytes(row["place"]).decode().strip(), row["day"]) for row in left} == kept
    assert len(kept) < 1_500


class Killed(Exception):
    """The process ended under way."""


async def prune_as_it_comes(thirdeye: Database, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Any history, any order of steps and batches, any number of runs, killed anywhere: the same stays."""
    generator = random.Random(seed)
    await thirdeye.execute("DELETE FROM health_score_history")
    await thirdeye.execute("DELETE FROM action_items")
    most = generator.choice((1, 24, 4_000))
    moments = {
        (NOW - timedelta(minutes=generator.choice((1, 7, 60, 1440)) * generator.randrange(most))).replace(microsecond=0)
        for _ in range(generator.randrange(1, 300))
    }
    values = ", ".join(f"('{moment:%Y-%m-%d %H:%M:%S}', 50)" for moment in moments)
    await thirdeye.execute(f"INSERT INTO health_score_history (captured_at, score) VALUES {values}")
    touched = {
        "title": "t",
        "status": "DONE",
        "detected": 1,
        "resolution": "OBSOLETE",
        "resolved_at": OLD,
        "assignee": "ann",
    }
    await put(thirdeye, "action_items", {**touched, "id": 1}, {**touched, "id": 2, "assignee": None})
    now, steps = NOW, list(run._STEPS)
    for _ in range(generator.randrange(1, 5)):
        now += timedelta(hours=generator.choice((0, 1, 30, 24 * 100)))
        monkeypatch.setattr(store, "BATCH", generator.choice((1, 5, 40, 500)))
        for killed in (generator.random() < 0.5, False):
            generator.shuffle(steps)
            left = generator.randrange(1, 30)

            async def step_until_killed(step: Any, database: Database, moment: datetime, killed: bool = killed) -> int:
                nonlocal left
                left -= 1
                if killed and left < 0:
                    raise Killed
                return int(await step(database, moment))

            monkeypatch.setattr(run, "_STEPS", tuple(partial(step_until_killed, step) for step in steps))
            monkeypatch.setattr(run, "_MAX_BATCHES", 1_000)
            with suppress(Killed):
                await Pruning(thirdeye=thirdeye, clock=lambda now=now: now, metrics=Metrics()).run()
        moments = kept(list(moments), now)
        rows = await thirdeye.fetch_all("SELECT captured_at FROM health_score_history")
        assert {row["captured_at"].replace(tzinfo=UTC) for row in rows} == moments
        assert await ids(thirdeye, "action_items") == {1}
    monkeypatch.setattr(run, "_STEPS", tuple(steps))


@pytest.mark.parametrize("seed", [3, 4, 5])
async def test_whatever_order_and_number_of_runs_the_same_stays(
    thirdeye: Database, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    await prune_as_it_comes(thirdeye, monkeypatch, seed)


@pytest.mark.soak
async def test_many_random_histories_are_pruned(thirdeye: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(1_000, 1_200):
        await prune_as_it_comes(thirdeye, monkeypatch, seed)


async def test_what_people_did_stays(thirdeye: Database) -> None:
    ended = {"title": "t", "status": "DONE", "detected": 1, "resolution": "OBSOLETE", "resolved_at": OLD}
    cases: list[tuple[dict[str, Any], bool]] = [
        ({}, False), ({"resolved_at": NOW - timedelta(days=399)}, True), ({"resolution": "COMPLETED"}, True),
        ({"resolution": "DISMISSED"}, True), ({"decided": 1}, True), ({"detected": 0}, True), ({"assignee": "ann"}, True),
        ({"due_date": OLD.date()}, True), ({"status": "OPEN", "resolution": None, "resolved_at": None}, True),
    ]  # fmt: skip
    await put(thirdeye, "action_items", *({**ended, "id": number, **more} for number, (more, _) in enumerate(cases, 1)))
    commented, member = len(cases) + 1, len(cases) + 2
    await put(thirdeye, "action_items", {**ended, "id": commented}, {**ended, "id": member})
    event = {"happened_at": OLD, "kind": "COMMENTED"}
    await put(
        thirdeye, "action_event", {**event, "item": 1, "actor": "thirdeye", "id": 1},
        {**event, "item": commented, "actor": "ann", "id": 2},
    )  # fmt: skip
    await put(thirdeye, "campaign_item", {"campaign": 1, "item": member})
    metrics = Metrics()
    assert await Pruning(thirdeye=thirdeye, clock=lambda: NOW, metrics=metrics).run() == 1
    # A hundred tables of one page each, at least.
    assert (metrics.registry.get_sample_value("thirdeye_schema_bytes") or 0) > 500_000
    stay = {number for number, (_, stays) in enumerate(cases, 1) if stays}
    assert await ids(thirdeye, "action_items") == stay | {commented, member}
    assert await ids(thirdeye, "action_event") == {2}


async def test_runs_denials_and_verdicts_grow_old(thirdeye: Database) -> None:
    run = {"kind": "FULL", "phase": "DONE", "started_at": OLD}
    await put(
        thirdeye, "refresh_run", {**run, "id": 1, "finished_at": OLD}, {**run, "id": 2},
        {**run, "id": 3, "finished_at": NOW}, {**run, "id": 4, "finished_at": OLD},
    )  # fmt: skip
    denial = {"name": "n", "reason": "r", "denied_at": OLD}
    await put(
        thirdeye, "token_denial", {**denial, "digest": b"a" * 32, "expires_at": OLD},
        {**denial, "digest": b"b" * 32, "expires_at": None},
        {**denial, "digest": b"c" * 32, "expires_at": NOW + timedelta(days=1)},
    )  # fmt: skip
    ancient, lately = (NOW - timedelta(days=1200)).date(), NOW.date()
    verdict = {"number": 1, "verdict": "DELETE", "risk": 1}
    await put(
        thirdeye, "verdict_record", {**verdict, "id": 1, "given_on": ancient, "ended_on": ancient},
        {**verdict, "id": 2, "given_on": ancient, "ended_on": lately}, {**verdict, "id": 3, "given_on": ancient},
    )  # fmt: skip
    assert await Pruning(thirdeye=thirdeye, clock=lambda: NOW, metrics=Metrics()).run() == 3
    # The newest run stays, however old.
    assert await ids(thirdeye, "refresh_run") == {2, 3, 4}
    assert len(await thirdeye.fetch_all("SELECT 1 AS one FROM token_denial")) == 2
    assert await ids(thirdeye, "verdict_record") == {2, 3}


async def test_sums_stay_where_measurements_go(thirdeye: Database) -> None:
    sums = (
        "SELECT DATE_FORMAT(found_at, '%%Y-%%m') AS month, table_number, SUM(realized_usd) AS usd FROM saving_entry"
        " GROUP BY month, table_number ORDER BY month, table_number"
    )
    entry = {"baseline_usd": 10, "cost_usd": 0}
    months = (datetime(2025, 1, 3, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC))
    await put(
        thirdeye, "saving_entry",
        *(
            {**entry, "table_number": table, "found_at": month + timedelta(days=day), "kind": kind, "realized_usd": usd}
            for table in (1, 2)
            for month in months
            for day, kind, usd in ((0, "REMOVED", 10), (3, "RETURNED", -10), (9, "REMOVED", Decimal("9.5")))
        ),
    )  # fmt: skip
    before = await thirdeye.fetch_all(sums, {"unused": 0})
    # 2 tables x 2 old months x 2 entries.
    assert await Pruning(thirdeye=thirdeye, clock=lambda: NOW, metrics=Metrics()).run() == 8
    assert await thirdeye.fetch_all(sums, {"unused": 0}) == before
    kinds = await thirdeye.fetch_all("SELECT kind FROM saving_entry WHERE found_at < '2025-12-01'")
    assert {row["kind"] for row in kinds} == {"REMOVED"}
    assert await Pruning(thirdeye=thirdeye, clock=lambda: NOW, metrics=Metrics()).run() == 0


async def test_one_process_prunes(thirdeye: Database) -> None:
    async with thirdeye.advisory_lock("pruning"):
        # A task has a connection of its own.
        assert await asyncio.create_task(Pruning(thirdeye=thirdeye, clock=lambda: NOW, metrics=Metrics()).run()) is None
