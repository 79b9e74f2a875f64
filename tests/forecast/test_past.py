"""Days before the first refresh: what OpenMetadata remembers, by a second way."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from tests.support.clocks import NOON, TODAY
from tests.support.daily_estate import directory
from tests.support.mirror import mirror
from tests.support.prices import price
from thirdeye.forecast import store
from thirdeye.forecast.daily_facts import DailyFacts
from thirdeye.forecast.past import PastFacts, past_days
from thirdeye.forecast.places import EVERYTHING, Place
from thirdeye.inventory.columns import day_number
from thirdeye.inventory.reader import EstateReader
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.migrations import migrate
from thirdeye.mirror import past_sizes
from thirdeye.mirror.past_sizes import SizeChange
from thirdeye.settings import Settings

FIRST = date(2026, 11, 1)
GB = 10**9


def change(service: str, day: int, gigabytes: int, sized: int = 0) -> SizeChange:
    return SizeChange(
        service_hash=service, day=day_number(FIRST + timedelta(days=day)), change=gigabytes * GB, sized=sized
    )


def test_a_size_holds_until_the_next_and_costs_what_the_day_charged() -> None:
    services: Any = {"services": [{**service, "hash": service["name"]} for service in directory()["services"]]}
    rates = [price("0.02"), price("0.04", effective_from=FIRST + timedelta(days=3))]
    changes = [change("shop", 0, 100, 1), change("lake", 2, 50, 2), change("shop", 3, -60), change("gone", 1, 9, 1)]
    found = list(past_days(changes, services, rates, FIRST + timedelta(days=5)))
    total = [(day.sized, day.bytes // GB, day.storage_usd) for day in found if day.place == EVERYTHING]
    assert total == [
        # Of the two days before, one size of three is known: that says when profiling began.
        (3, 150, Decimal("3")), (3, 90, Decimal("3.6")), (3, 90, Decimal("3.6")),
    ]  # fmt: skip
    assert {day.day for day in found} == {FIRST + timedelta(days=day) for day in (2, 3, 4)}
    for day in {each.day for each in found}:
        parts = [each for each in found if each.day == day and each.place.service]
        (whole,) = (each for each in found if each.day == day and each.place == EVERYTHING)
        assert sum(each.storage_usd for each in parts) == whole.storage_usd
    assert list(past_days([], services, rates, FIRST)) == []


def second_sizes(server: MariaDB | MySQL, schema: str) -> dict[str, dict[int, int]]:
    """By hash of a service and day what its tables held, one profile at a time."""
    with server.connect(schema) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT entityFQNHash, timestamp, json FROM profiler_data_time_series WHERE extension = 'table.tableProfile'"
        )
        rows = cursor.fetchall()
    by_table = defaultdict[str, dict[int, tuple[int, int]]](dict)
    for key, milliseconds, text in rows:
        document = orjson.loads(text)
        document = {**document, **(document.get("profileData") or {})}
        size = document.get("sizeInByte")
        try:
            size = float(size)
        except (TypeError, ValueError):
            continue
        if not 0 <= size <= 10**18 or (size == 0 and float(document.get("rowCount") or 0) >= 1):
            continue
        moment = int(milliseconds)
        day = moment // 86_400_000
        if moment >= by_table[key].get(day, (0, 0))[0]:
            by_table[key][day] = (moment, int(size))
    found = defaultdict[str, dict[int, int]](lambda: defaultdict(int))
    first, last = day_number(TODAY - timedelta(days=400)), day_number(TODAY)
    for key, days in by_table.items():
        held = 0
        for day in range(first, last):
            held = days.get(day, (0, held))[1]
            found[key.split(".")[0]][day] += held
    return found


@pytest.mark.anyio
async def test_the_past_is_what_openmetadata_remembers(
    settings: Settings, sql_server: MariaDB | MySQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = second_sizes(sql_server, settings.om_mysql_db)
    async with mirror(settings, NOON) as estate:
        await migrate(settings, estate.thirdeye)
        await estate.refresh()
        reader = EstateReader(estate.thirdeye)
        past = PastFacts(om=estate.om, thirdeye=estate.thirdeye, estate=reader)
        assert not await past.is_due()
        await DailyFacts(settings=settings, thirdeye=estate.thirdeye, estate=reader).record()
        (measured,) = await store.daily(estate.thirdeye, EVERYTHING, TODAY - timedelta(days=999), TODAY)
        assert await past.is_due()
        with monkeypatch.context() as patch:
            # So many that OpenMetadata's server would work for minutes.
            patch.setattr(past_sizes, "MAX_PROFILES", 10)
            assert await past.reconstruct() == 0
        assert await past.reconstruct() > 100
        assert not await past.is_due()
        rows = await store.daily(estate.thirdeye, EVERYTHING, TODAY - timedelta(days=999), TODAY)
        known_since = day_number(rows[0]["day"])
        services = (await reader.snapshot()).directory["services"]
        for service in services:
            rows = await store.daily(
                estate.thirdeye, Place(service["name"]), TODAY - timedelta(days=999), TODAY - timedelta(days=1)
            )
            found = {day_number(row["day"]): row["bytes"] for row in rows}
            assert all(row["reconstructed"] for row in rows)
            days = expected.get(service["hash"], {})
            assert {day: size for day, size in found.items() if size} == {
                day: size for day, size in days.items() if size and day >= known_since
            }
        # The measured day stays, and again nothing changes.
        rows = await store.daily(estate.thirdeye, EVERYTHING, TODAY - timedelta(days=999), TODAY)
        assert rows[-1] == measured
        await past.reconstruct()
        assert await store.daily(estate.thirdeye, EVERYTHING, TODAY - timedelta(days=999), TODAY) == rows
        # No forecast rests on it.
        assert len(await store.measured(estate.thirdeye, EVERYTHING, TODAY - timedelta(days=999), TODAY)) == 1
