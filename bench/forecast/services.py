"""`python -m bench.forecast.services [SERVICES] [DAYS]`: forecasting a thousand services, and answering from what is stored.

Writes DAYS of facts of as many services (1,000 and 400 unless said otherwise), forecasts them as the worker does, and then
asks the real ASGI app in turns for `budgetForecast` (of services without and with a budget), for a question of one statement
(`refreshRuns`) and for one of none (`ziScore`): what these take tells how busy the machine is. Prints processor time by
process, and of each question the median and the 95th percentile of milliseconds on the clock, and the median of milliseconds
of this process' processor, client and application together. With the extra `forecast`, if installed.
"""

import asyncio
import random
import resource
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import numpy as np
import orjson

from bench.queries.__main__ import Asker, _at
from bench.refresh.estates import Server, server
from tests.support.daily_estate import DailyEstate, directory, random_columns
from tests.support.facts_of_days import put_days
from thirdeye.app import create_app
from thirdeye.clock import utc_now
from thirdeye.commands.runner import no_observer
from thirdeye.database import MySQL, thirdeye_database
from thirdeye.forecast.fitting import has_extra
from thirdeye.forecast.forecaster import Forecaster
from thirdeye.forecast.places import EVERYTHING, Place
from thirdeye.inventory.reader import EstateReader
from thirdeye.migrations import migrate
from thirdeye.observability.logging import configure_logging
from thirdeye.settings import Settings

SCHEMA = "thirdeye_forecast_bench"
QUESTIONS = 300
_FORECAST = """query ($service: String) { budgetForecast(service: $service) {
  day method measuredDays warnings monthToDateUsd history { month usd } levelShifts { day kind usd }
  scenarios { kind months { month usd low80 high80 low95 high95 } } drivers { service usdPerMonth }
  budget { status breaksOn }
} }"""
_SIMPLE = "{ refreshRuns(first: 1) { edges { node { id phase } } } }"
_SCORE = "{ ziScore { score } }"
# Every second service has one.
_PUT_BUDGETS = """
INSERT INTO budget (place, service, effective_from, monthly_usd, set_by, set_at)
SELECT place, service, '2025-01-01', 100, 'bench', '2025-01-01' FROM budget_forecast
WHERE service IS NOT NULL AND MOD(CAST(RIGHT(service, 4) AS UNSIGNED), 2) = 1
"""
_PUT_SCORE = "INSERT INTO health_score_history (captured_at, score, status) VALUES (%(now)s, 50, 'OK')"


@dataclass(frozen=True)
class Estate:
    """So many services, measured on so many days."""

    services: int
    days: int

    @property
    def names(self) -> list[str]:
        return [f"service_{number:04d}" for number in range(self.services)]

    async def publish(self, thirdeye: MySQL, now: datetime) -> None:
        """Their directory, and facts of trends, weeks and jumps."""
        await DailyEstate(thirdeye).publish_random(random_columns(random.Random(1)), now)
        service = directory()["services"][0]
        document = directory() | {"services": [{**service, "name": name} for name in self.names]}
        await thirdeye.execute(
            "UPDATE estate_blob SET data = %(data)s WHERE name = 'directory'", {"data": orjson.dumps(document)}
        )
        generator, days = np.random.default_rng(1), np.arange(self.days)
        costs = {}
        for name in self.names:
            level, slope, week, jump = generator.uniform((50, -0.05, 0, -30), (500, 0.3, 20, 60))
            jumps = jump * (days > generator.integers(self.days))
            noise = generator.normal(0, 3, self.days).cumsum() * 0.2
            costs[Place(name)] = (
                np.maximum(level + slope * days + week * (days % 7 > 4) + jumps + noise, 0).round(2).tolist()
            )
        costs[EVERYTHING] = [float(sum(of_day)) for of_day in zip(*costs.values(), strict=True)]
        await put_days(thirdeye, now.date(), costs, realized_usd=0.0, potential_usd=5.0)


def processor(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


async def forecast(thirdeye: MySQL) -> None:
    """Forecasts all, and says what that took."""
    forecaster = Forecaster(thirdeye=thirdeye, estate=EstateReader(thirdeye), clock=utc_now)
    own, children, started = processor(resource.RUSAGE_SELF), processor(resource.RUSAGE_CHILDREN), time.perf_counter()
    places = await forecaster.compute()
    elapsed = time.perf_counter() - started
    own = processor(resource.RUSAGE_SELF) - own
    children = processor(resource.RUSAGE_CHILDREN) - children
    method = "statsforecast" if has_extra() else "simple smoothing (the extra `forecast` is not installed)"
    print(
        f"{places:,} places by {method}: {own + children:.1f} s of one core ({own:.1f} s in the worker), {elapsed:.1f} s"
    )


async def ask(at: Server, estate: Estate) -> None:
    """Asks in turns, and says how long answers took."""
    app, generator = create_app(_settings(at)), random.Random(1)
    times, used = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bench", timeout=60) as client,
    ):
        asker = Asker(client)
        for turn in range(QUESTIONS + 1):
            number = generator.randrange(0, estate.services, 2)
            for name, query, variables in (
                ("budgetForecast", _FORECAST, {"service": estate.names[number]}),
                ("with a budget", _FORECAST, {"service": estate.names[min(number + 1, estate.services - 1)]}),
                ("refreshRuns", _SIMPLE, {}),
                ("ziScore", _SCORE, {}),
            ):
                started = time.process_time()
                elapsed, _ = await asker.ask(query, **variables)
                # The first of each parses the question and makes connections.
                if turn:
                    times[name].append(elapsed)
                    used[name].append((time.process_time() - started) * 1000)
    for name, values in times.items():
        print(f"{name:<15} median {_at(values, 0.5):5.1f} ms   p95 {_at(values, 0.95):5.1f} ms   "
              f"processor {_at(used[name], 0.5):4.1f} ms   n={len(values)}")  # fmt: skip
    print(f"ratio of the medians {_at(times['budgetForecast'], 0.5) / _at(times['refreshRuns'], 0.5):.2f}")


def _settings(at: Server) -> Settings:
    # OpenMetadata's database is not asked for anything.
    return at.settings("no_openmetadata", SCHEMA)


async def measure(at: Server, estate: Estate) -> None:
    with at.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {SCHEMA}")
    settings = _settings(at)
    thirdeye = thirdeye_database(settings, no_observer)
    await thirdeye.start()
    try:
        await migrate(settings, thirdeye)
        await estate.publish(thirdeye, datetime.now(UTC))
        await forecast(thirdeye)
        await thirdeye.execute(_PUT_BUDGETS)
        await thirdeye.execute(_PUT_SCORE, {"now": utc_now()})
        await ask(at, estate)
    finally:
        await thirdeye.stop()


def main() -> None:
    configure_logging("CRITICAL")
    services = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 400
    with server() as at:
        asyncio.run(measure(at, Estate(services, days)))


if __name__ == "__main__":
    main()
