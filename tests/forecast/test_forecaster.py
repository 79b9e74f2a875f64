"""Forecasts out of the schema into the schema, and what the API answers of them."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from tests.support.api import Api, prepare_accounts, running, settings_for
from tests.support.daily_estate import DailyEstate, random_columns
from tests.support.database import copy_migrated, empty_thirdeye
from tests.support.facts_of_days import put_days
from tests.support.mirror import nothing
from thirdeye.database import MySQL as Database
from thirdeye.database import thirdeye_database
from thirdeye.forecast import store
from thirdeye.forecast.fitting import Fitting, has_extra
from thirdeye.forecast.forecaster import Forecaster
from thirdeye.forecast.places import EVERYTHING, Place
from thirdeye.forecast.table_costs import store as table_costs
from thirdeye.inventory.columns import PRESENT, QUERY_FIELDS, Columns
from thirdeye.inventory.reader import EstateReader
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.migrations import migrate
from thirdeye.settings import Settings

pytestmark = pytest.mark.anyio
PREFIX = "/api/v1/thirdeye"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TODAY = NOW.date()
SHOP, LAKE, SALES = Place("shop"), Place("lake"), Place(None, "Sales")
FORECAST = """query ($service: String, $domain: String, $months: Int, $level: Int) {
  budgetForecast(service: $service, domain: $domain, months: $months, level: $level) {
    day computedAt stale method measuredDays warnings monthToDateUsd sameDaysLastMonthUsd
    history { month usd days reconstructed }
    scenarios { kind months { month usd low80 high80 low95 high95 } } levelShifts { day kind usd service }
    drivers { service usdPerMonth newTables }
    tableDrivers {
      since days changeUsd newUsd growthUsd goneUsd newTables changedTables goneTables unknownTables
      tables { fqn kind changeUsd beforeUsd nowUsd }
    }
    intervals { factor80 errors covered80 }
    budget { monthlyUsd status projectedUsd breaksOn breaksEarliest breaksLatest monthLimitUsd }
  }
}"""
SET = """mutation ($usd: Decimal, $from: Date, $service: String, $domain: String) {
  setBudget(monthlyUsd: $usd, from: $from, service: $service, domain: $domain) { monthlyUsd from setBy }
}"""


@dataclass
class Estate:
    settings: Settings
    thirdeye: Database
    forecaster: Forecaster
    signer: Signer
    now: datetime = NOW

    @asynccontextmanager
    async def api(self) -> AsyncIterator[Api]:
        async with running(self.settings, self.signer, clock=lambda: self.now) as api:
            yield api

    async def forecast(self, api: Api, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = (await api.data(FORECAST, **arguments))["budgetForecast"]
        return answer


@pytest.fixture
async def estate(sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer) -> AsyncIterator[Estate]:
    schema = "thirdeye_forecast"
    prepare_accounts(sql_server, "om_empty", schema)
    settings = settings_for(sql_server, redis_server, om_schema="om_empty", schema=schema, signer=signer)
    copy_migrated(sql_server, schema, settings)
    empty_thirdeye(sql_server, schema)
    thirdeye = thirdeye_database(settings, nothing)
    await thirdeye.start()
    try:
        await migrate(settings, thirdeye)
        await DailyEstate(thirdeye).publish_random(random_columns(random.Random(1)), NOW)
        yield Estate(settings, thirdeye, forecaster(thirdeye), signer)
    finally:
        await thirdeye.stop()


def forecaster(thirdeye: Database, now: datetime = NOW) -> Forecaster:
    return Forecaster(thirdeye=thirdeye, estate=EstateReader(thirdeye), clock=lambda: now, with_extra=False)


async def measured(estate: Estate, days: int, last: date = TODAY, **more: Any) -> None:
    """A service that costs 100, and from the last ten days on another of 50."""
    lake = [None] * (days - 10) + [50.0] * 10
    await put_days(
        estate.thirdeye,
        last,
        {
            EVERYTHING: [100.0 + (usd or 0) for usd in lake],
            SHOP: [100.0] * days,
            LAKE: lake,
            SALES: [None] * (days - 1) + [0.0],
        },
        potential_usd=30.0,
        realized_usd=0.0,
        **more,
    )


async def test_from_facts_to_the_answer(estate: Estate) -> None:
    await measured(estate, 60)
    assert await estate.forecaster.is_due()
    assert await estate.forecaster.compute() == 4
    assert not await estate.forecaster.is_due()
    async with estate.api() as api:
        answer = await estate.forecast(api, months=3)
        assert (answer["day"], answer["stale"], answer["method"]) == (str(TODAY), False, "SMOOTHING")
        assert any("thirdeye[forecast]" in warning for warning in answer["warnings"])
        # The service that came is a step, not a trend.
        assert answer["levelShifts"] == [
            {"day": "2026-11-11", "kind": "SERVICE_ADDED", "usd": "50.000000", "service": "lake"}
        ]
        scenarios = {each["kind"]: [float(month["usd"]) for month in each["months"]] for each in answer["scenarios"]}
        # 10 days at 100 and 20 at 150; then 30 less from the 21st on.
        assert scenarios["AS_IS"] == pytest.approx([400 / 3, 150, 150])
        assert scenarios["RECOMMENDED_DONE"] == pytest.approx([400 / 3 - 10, 120, 120])
        assert scenarios["OPEN_ITEMS_DONE"] == scenarios["AS_IS"]
        assert answer["history"][-1] == {
            "month": "2026-11-01", "usd": "125.000000", "days": 20, "reconstructed": False,
        }  # fmt: skip
        # 10 x 100 + 10 x 150 a thirtieth each; 20 x 100 a 31st each.
        assert float(answer["monthToDateUsd"]) == pytest.approx(2500 / 30)
        assert float(answer["sameDaysLastMonthUsd"]) == pytest.approx(2000 / 31)
        young = await estate.forecast(api, service="lake", months=1)
        assert (young["method"], young["measuredDays"]) == ("NAIVE", 10)
        assert "only 10 days of the 14" in young["warnings"][0]
        assert len((await estate.forecast(api, months=24))["scenarios"][0]["months"]) == 24
        rest = (await api.client.get(f"{PREFIX}/dashboard/budget-forecast?months=3&service=shop")).json()
        assert [month["usd"] for month in rest["scenarios"][0]["months"]] == ["100.000000"] * 3
        # Of zeros everything is 0; of a place of which nothing is known nothing is said.
        zeros = await estate.forecast(api, domain="Sales")
        assert {month["high95"] for month in zeros["scenarios"][0]["months"]} == {"0.000000"}


async def test_an_open_item_counts_where_its_table_lies(estate: Estate) -> None:
    await measured(estate, 60)
    table = {
        "number": 7, "id": "7", "fqn": "shop.main.core.t", "fqn_key": b"7" * 16, "name": "t", "service": "shop", "domain": 1,
        "seen_at": NOW,
    }  # fmt: skip
    entry = {
        "table_number": 7,
        "found_at": NOW,
        "kind": "SHRUNK",
        "baseline_usd": 60,
        "cost_usd": 50,
        "realized_usd": 10,
    }
    # Half of December: 60 were promised, 10 are saved already and in the past.
    item = {"title": "t", "table_number": 7, "due_date": date(2026, 12, 17), "estimated_savings_usd": 60}
    undated = {"title": "t", "table_number": 7, "due_date": None, "estimated_savings_usd": 900}
    for name, row in (
        ("table_inventory", table),
        ("saving_entry", entry),
        ("action_items", item),
        ("action_items", undated),
    ):
        columns = ", ".join(row)
        await estate.thirdeye.execute(
            f"INSERT INTO {name} ({columns}) VALUES ({', '.join(f'%({column})s' for column in row)})", row
        )
    assert await estate.forecaster.compute() == 4
    async with estate.api() as api:
        for place, before, after in (
            ({}, 150, 125.81),
            ({"service": "shop"}, 100, 75.81),
            ({"service": "lake"}, 50, 50),
        ):
            answer = await estate.forecast(api, months=3, **place)
            months = {each["kind"]: each["months"] for each in answer["scenarios"]}
            assert float(months["AS_IS"][1]["usd"]) == pytest.approx(before)
            # 15 of 31 days at 50 less.
            assert float(months["OPEN_ITEMS_DONE"][1]["usd"]) == pytest.approx(after, abs=0.005)
            assert any("due date" in warning for warning in answer["warnings"]) == (place != {"service": "lake"})
        # The domain Sales costs nothing, and nothing less than that.
        assert (await estate.forecast(api, domain="Sales"))["scenarios"][2]["months"][2]["usd"] == "0.000000"


GB = 10**9
ODD = "shop.main.core.<img src=x onerror=hacked()>"


async def published(estate: Estate, day: date, sizes: dict[int, int], domains: dict[int, int] | None = None) -> None:
    """An estate of this day: tables of the service shop by number and bytes, -1 of unknown size, and its facts."""
    columns = Columns(QUERY_FIELDS, max(sizes) + 1)
    for number, size in sizes.items():
        columns["flags"][number], columns["size"][number] = PRESENT, size
        columns["domains"][number] = (domains or {}).get(number, 0)
    columns["query_cost"] = np.full(columns.length, np.nan)
    at = datetime.combine(day, NOW.time(), UTC)
    made = DailyEstate(estate.thirdeye)
    made.generation = (day - date(2026, 1, 1)).days
    await made.publish_random(columns, at)
    await put_days(estate.thirdeye, day, {EVERYTHING: [1.0], SHOP: [1.0], SALES: [1.0]})
    assert await forecaster(estate.thirdeye, at).compute() == 3


async def test_the_tables_that_make_the_slope_are_told_apart(estate: Estate) -> None:
    for number, fqn in ((0, ODD), (1, "shop.main.core.gone"), (3, "shop.main.core.new"), (4, "shop.main.core.moved")):
        row = {"number": number, "id": str(number), "fqn": fqn, "fqn_key": bytes([number]) * 16, "now": NOW}
        await estate.thirdeye.execute(
            "INSERT INTO table_inventory (number, id, fqn, fqn_key, name, service, seen_at) "
            "VALUES (%(number)s, %(id)s, %(fqn)s, %(fqn_key)s, 't', 'shop', %(now)s)",
            row,
        )
    first = TODAY - timedelta(days=40)
    await published(estate, first, {0: 100 * GB, 1: 2000 * GB, 2: -1, 4: 1000 * GB}, {0: 1, 4: 1})
    async with estate.api() as api:
        # Nothing to compare with: neither on the first day, nor within a week of it.
        assert (await estate.forecast(api))["tableDrivers"] is None
        await published(estate, first + timedelta(days=6), {0: 100 * GB})
        assert (await estate.forecast(api))["tableDrivers"] is None
        assert await table_costs.days(estate.thirdeye) == [first]
    await published(estate, TODAY, {0: 1100 * GB, 2: 50 * GB, 3: 3000 * GB, 4: 1000 * GB}, {0: 1})
    assert await table_costs.days(estate.thirdeye) == [first, TODAY]
    async with estate.api() as api:
        # 0.023 USD a gigabyte; what it costs that is of unknown size at first is no change.
        whole = (await estate.forecast(api))["tableDrivers"]
        assert whole == {
            "since": str(first), "days": 40, "changeUsd": "46.000000", "newUsd": "69.000000", "growthUsd": "23.000000",
            "goneUsd": "-46.000000", "newTables": 1, "changedTables": 1, "goneTables": 1, "unknownTables": 1,
            "tables": [
                {"fqn": "shop.main.core.new", "kind": "NEW", "changeUsd": "69.000000", "beforeUsd": None,
                 "nowUsd": "69.000000"},
                {"fqn": "shop.main.core.gone", "kind": "GONE", "changeUsd": "-46.000000", "beforeUsd": "46.000000",
                 "nowUsd": None},
                {"fqn": ODD, "kind": "GROWTH", "changeUsd": "23.000000", "beforeUsd": "2.300000",
                 "nowUsd": "25.300000"},
            ],
        }  # fmt: skip
        assert (await estate.forecast(api, service="shop"))["tableDrivers"] == whole
        sales = (await estate.forecast(api, domain="Sales"))["tableDrivers"]
        assert [(each["fqn"], each["kind"]) for each in sales["tables"]] == [
            (ODD, "GROWTH"), ("shop.main.core.moved", "GONE"),
        ]  # fmt: skip
        rest = (await api.client.get(f"{PREFIX}/dashboard/budget-forecast")).json()
        assert rest["tableDrivers"] == whole


async def test_what_tables_cost_is_kept_once_a_month_and_for_three(estate: Estate) -> None:
    async def kept(*days_ago: int) -> list[int]:
        for each in days_ago:
            await published(estate, TODAY - timedelta(days=each), {0: GB})
        return [(TODAY - day).days for day in await table_costs.days(estate.thirdeye)]

    assert await kept(100, 99, 71, 70, 40, 11, 10) == [100, 70, 40, 10]
    assert await kept(9) == [70, 40, 10]
    # A day that a clock which was wrong went ahead to is forgotten with it.
    assert await kept(-400) == [-400]
    assert await kept(0) == [0]


async def test_a_forecast_of_an_older_version_is_answered(estate: Estate) -> None:
    await measured(estate, 20)
    await estate.forecaster.compute()
    await estate.thirdeye.execute("UPDATE budget_forecast SET document = JSON_REMOVE(document, '$.tableDrivers')")
    async with estate.api() as api:
        assert (await estate.forecast(api))["tableDrivers"] is None


async def test_of_unknown_cost_there_is_no_forecast(estate: Estate) -> None:
    await put_days(estate.thirdeye, TODAY, {EVERYTHING: [0.0], SHOP: [0.0]})
    await estate.thirdeye.execute("UPDATE estate_daily SET storage_usd = NULL, bytes = NULL")
    await estate.forecaster.compute()
    async with estate.api() as api:
        answer = await estate.forecast(api)
    assert (answer["scenarios"], answer["measuredDays"], answer["monthToDateUsd"]) == ([], 0, None)
    assert "nothing is known" in answer["warnings"][0]


@pytest.mark.parametrize("known", [[7.0], [None, 7.0, None, 7.0], [7.0] + [None] * 40 + [7.0] * 3])
async def test_of_few_values_there_is_an_answer(estate: Estate, known: list[float | None]) -> None:
    await put_days(estate.thirdeye, TODAY, {EVERYTHING: known, SHOP: known})
    await estate.forecaster.compute()
    async with estate.api() as api:
        answer = await estate.forecast(api, months=24)
    months = answer["scenarios"][0]["months"]
    assert [float(month["usd"]) for month in months] == pytest.approx([7.0] * 24)
    assert all(0 <= float(month["low95"]) <= 7 <= float(month["high95"]) for month in months)
    assert answer["warnings"]


async def test_while_it_computes_the_old_one_is_served(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    await measured(estate, 20, TODAY - timedelta(days=1))
    await estate.forecaster.compute()
    await measured(estate, 21)
    later = forecaster(estate.thirdeye, NOW + timedelta(days=1))
    real, batches = store.put_forecasts, 0

    async def killed(thirdeye: Database, rows: Any) -> None:
        nonlocal batches
        batches += 1
        await real(thirdeye, rows[: len(rows) // 2])
        raise RuntimeError("killed")

    monkeypatch.setattr(store, "put_forecasts", killed)
    with pytest.raises(RuntimeError):
        await later.compute()
    assert batches == 1
    async with estate.api() as api:
        answer = await estate.forecast(api)
        assert (answer["day"], answer["stale"]) == (str(TODAY - timedelta(days=1)), True)
        monkeypatch.undo()
        assert await later.is_due()
        async with estate.thirdeye.advisory_lock("forecast") as locked:
            assert locked
            # Another worker is at it: a task has a connection of its own.
            assert await asyncio.create_task(later.compute()) is None
        await later.compute()
        assert (await estate.forecast(api))["day"] == str(TODAY)
        assert (await estate.forecast(api))["stale"] is False


async def test_a_place_that_is_no_more_has_no_forecast(estate: Estate) -> None:
    await put_days(estate.thirdeye, TODAY - timedelta(days=1), {EVERYTHING: [150.0], SHOP: [100.0], LAKE: [50.0]})
    await estate.forecaster.compute()
    await put_days(estate.thirdeye, TODAY, {EVERYTHING: [100.0], SHOP: [100.0]})
    await forecaster(estate.thirdeye, NOW + timedelta(days=1)).compute()
    assert await store.forecast(estate.thirdeye, LAKE) is None
    shown = await store.forecast(estate.thirdeye, EVERYTHING)
    assert shown is not None
    assert "SERVICE_REMOVED" in shown["document"]


async def test_bad_input_is_named(estate: Estate) -> None:
    async with estate.api() as api:
        for arguments, argument in (
            ({"months": 0}, "months"), ({"months": 25}, "months"), ({"level": 90}, "level"), ({"service": "shp"}, "service"),
            ({"domain": "nothing"}, "domain"),
        ):  # fmt: skip
            error = (await api.ask(FORECAST, **arguments))["errors"][0]
            assert (error["extensions"]["code"], error["message"].split(":")[0]) == ("BAD_USER_INPUT", argument)
            answer = await api.client.get(f"{PREFIX}/dashboard/budget-forecast", params=arguments)
            assert (answer.status_code, answer.json()["message"].split(":")[0]) == (400, argument)
        error = (await api.ask(FORECAST))["errors"][0]
        assert error["extensions"]["code"] == "UNAVAILABLE"
        # Also of a place that is gone; none is nothing wrong.
        assert (await api.data('{ budgetHistory(service: "shp", domain: "nothing") { from } }'))["budgetHistory"] == []
        for usd, day, argument in (
            ("-1", None, "monthlyUsd"), ("1e30", None, "monthlyUsd"), ("0.0000001", None, "monthlyUsd"),
            ("1", "9999-12-31", "from"), ("1", "0001-01-01", "from"),
        ):  # fmt: skip
            error = (await api.ask(SET, usd=usd, **({} if day is None else {"from": day})))["errors"][0]
            assert (error["extensions"]["code"], error["message"].split(":")[0]) == ("BAD_USER_INPUT", argument)
        error = (await api.ask("mutation { setBudget { from } }"))["errors"][0]
        assert error["message"].startswith("monthlyUsd: give an amount")
    assert await estate.thirdeye.fetch_all("SELECT * FROM budget") == []


async def test_budgets_are_kept_and_held_against_the_forecast(estate: Estate) -> None:
    await measured(estate, 60)
    await estate.forecaster.compute()
    async with estate.api() as api:
        assert (await estate.forecast(api))["budget"] is None
        await api.data(SET, usd="200", **{"from": "2020-01-01"})
        await api.data(SET, usd="130")
        # What was set last for a day holds; both stay.
        kept = (await api.data(SET, usd="140"))["setBudget"]
        assert [entry["monthlyUsd"] for entry in kept] == ["140.000000", "130.000000", "200.000000"]
        assert {entry["setBy"] for entry in kept} == {"admin"}
        budget = (await estate.forecast(api))["budget"]
        # 19 days at 200 and 11 at 140.
        assert float(budget["monthLimitUsd"]) == pytest.approx(178)
        assert (budget["status"], budget["breaksOn"]) == ("ON_TRACK", "2026-11-21")
        await api.data(SET, usd="0", domain="Sales")
        await api.data(SET, usd="101", service="shop", **{"from": "2026-11-01"})
        answer = await api.data("{ budgets { service domain monthlyUsd status breaksOn forecastDay } }")
        assert [(each["service"], each["domain"], each["status"]) for each in answer["budgets"]] == [
            (None, None, "ON_TRACK"), ("shop", None, "AT_RISK"), (None, "Sales", "ON_TRACK"),
        ]  # fmt: skip
        await api.data(SET, usd=None, service="shop")
        history = (await api.data('{ budgetHistory(service: "shop") { monthlyUsd from } }'))["budgetHistory"]
        assert [each["monthlyUsd"] for each in history] == [None, "101.000000"]
        assert len((await api.data("{ budgets { from } }"))["budgets"]) == 2


@pytest.mark.skipif(not has_extra(), reason="the extra `forecast` is not installed")
async def test_models_are_fitted_in_a_process_of_their_own() -> None:
    generator = random.Random(5)
    rising = [1000 + 3 * day + generator.gauss(0, 5) for day in range(120)]
    async with Fitting() as fitting:
        (short, _), (long, path), (zeros, nothing_) = await fitting.forecast(
            [(np.array(rising[:10]), 30), (np.array(rising), 30), (np.zeros(50), 30)]
        )
        # A process that is stopped between two batches is started again.
        assert fitting.process.pid is not None
        os.kill(fitting.process.pid, signal.SIGKILL)
        ((again, _),) = await fitting.forecast([(np.array(rising), 30)])
    assert (short, long, zeros, again) == ("NAIVE", "ETS", "ETS", "ETS")
    assert path.mean[-1] > rising[-1]
    assert nothing_.half95.max() == 0
