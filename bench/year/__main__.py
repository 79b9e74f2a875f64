"""`python -m bench.year [TABLES] [DAYS]`: how large ThirdEye's schema is after a year of an estate (100,000 and 365).

Loads a sample estate, and lives one day after another: 1 % of the tables go and as many come; those that go were
recommended (half, where so many are), or are mostly some weeks old; tables are used as a week before, a hundredth of that
ends each week; 2 % are profiled; dashboards come and go. Each day has one real refresh with detection, facts and pruning,
by a clock of its own. Of the other 23 refreshes of the day, which would find no change, only the rows that they leave are
written. Forecasts are made every 30 days: they replace each other. What people decide is left out.

Prints the megabytes and rows of each table of the schema every 30 days, and what docs/operations.md says of a year; ends
with 1 where that is more than a fifth away. A year of 100,000 tables takes some hours: what is ended goes on after the last
whole day when it is started again.
"""

import asyncio
import pickle
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

from bench.refresh.estates import HOME, Server, server
from bench.year.om_days import OpenMetadataDays
from bench.year.sizes import Size, departures, documented, measured, places_of, table_of
from thirdeye.local.sample import EstateOptions, Layout, generate, load
from thirdeye.local.servers import Redis
from thirdeye.migrations import migrate
from thirdeye.observability.logging import configure_logging
from thirdeye.services import Services, open_services

FIRST_DAY = date(2025, 1, 1)
USAGE_DAYS = 95
MEASURED_EVERY = 30
YEAR = 365
HOURS = 24
_RECOMMENDED = """
SELECT DISTINCT table_inventory.id AS id FROM action_items
JOIN table_inventory ON table_inventory.number = action_items.table_number
WHERE action_items.status = 'OPEN' ORDER BY 1 LIMIT 20000
"""
# The rows of the refreshes without changes: equal to those of the one before, but for the time.
_HOURS = " UNION ALL ".join(f"SELECT {hour} AS hours" for hour in range(1, HOURS))
_QUIET_RUN = f"""
INSERT INTO refresh_run (kind, phase, seen, changed, warnings, requested_by, started_at, finished_at, error)
SELECT 'INCREMENTAL', phase, 0, 0, warnings, requested_by, started_at + INTERVAL hours HOUR,
finished_at + INTERVAL hours HOUR, error FROM refresh_run JOIN ({_HOURS}) AS later WHERE id = %(run)s ORDER BY hours
"""
_QUIET_SCORE = f"""
INSERT INTO health_score_history (captured_at, score, status, slot, slot_minutes, meta)
SELECT captured_at + INTERVAL hours HOUR, score, status, slot + hours, slot_minutes, meta
FROM health_score_history JOIN ({_HOURS}) AS later WHERE id = %(score)s ORDER BY hours
"""


@dataclass(eq=False)
class Clock:
    """Shows the time of the simulation."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(eq=False)
class Year:
    """One simulation."""

    at: Server
    services: Services
    clock: Clock
    schema: str
    days: OpenMetadataDays
    tables: int
    # Where it is written down after each day how far this came; None for nowhere.
    progress: Path | None
    lived: int = -1
    history: dict[int, dict[str, Size]] = field(default_factory=dict)

    async def live(self, count: int) -> None:
        """Up to a day, from the first on that was not lived yet."""
        started = time.perf_counter()
        for day in range(self.lived + 1, count + 1):
            began = time.perf_counter()
            if day:
                self.days.next_day(await self._recommended())
            changed = time.perf_counter()
            self.clock.now = datetime.combine(FIRST_DAY + timedelta(days=day), clock_time(0, 10), UTC)
            await self._work(day)
            if day % MEASURED_EVERY == 0 or day in (YEAR, count):
                self._measure(day)
            self._write_down(day)
            now = time.perf_counter()
            print(f"day {day}: {changed - began:.1f} s in OpenMetadata, {now - changed:.1f} s of ThirdEye, "
                  f"{now - started:.0f} s so far", flush=True)  # fmt: skip

    def _write_down(self, day: int) -> None:
        if self.progress is not None:
            fresh = self.progress.with_suffix(".fresh")
            fresh.write_bytes(pickle.dumps((day, self.days.memory(), self.history)))
            fresh.replace(self.progress)

    def recall(self) -> bool:
        """Goes on where a simulation in these schemas was ended; whether there was one."""
        if self.progress is None or not self.progress.exists():
            return False
        self.lived, memory, self.history = pickle.loads(self.progress.read_bytes())
        self.days.restore(memory)
        return True

    async def _recommended(self) -> list[str]:
        return [str(row["id"]) for row in await self.services.thirdeye.fetch_all(_RECOMMENDED)]

    async def _work(self, day: int) -> None:
        """What a worker does in a day, by the same order."""
        services = self.services
        # Not when the day was ended after it, and is lived again.
        is_first = await services.score.compute()
        await services.detection.run()
        await services.daily_facts.record()
        if await services.past_facts.is_due():
            await services.past_facts.reconstruct()
        if is_first:
            await self._quiet_hours()
        if day % MEASURED_EVERY == 0:
            await services.forecaster.compute()
        self.clock.now += timedelta(hours=HOURS - 1)
        await services.pruning.run()

    async def _quiet_hours(self) -> None:
        thirdeye = self.services.thirdeye
        newest = await thirdeye.fetch_one(
            "SELECT (SELECT MAX(id) FROM refresh_run) AS run, (SELECT MAX(id) FROM health_score_history) AS score"
        )
        assert newest is not None
        await thirdeye.execute(_QUIET_RUN, newest)
        await thirdeye.execute(_QUIET_SCORE, newest)

    def _measure(self, day: int) -> None:
        with self.at.connect(self.schema) as connection:
            self.history[day] = measured(connection, self.schema)
        said = documented(self.tables, places_of(self.history[day]))
        print("\n".join(table_of({day: self.history[day]}, said)), flush=True)


@contextmanager
def redis() -> Iterator[Redis]:
    """A private one: the worker's locks and the cache."""
    private = Redis((HOME / "year-redis").absolute())
    private.start()
    try:
        yield private
    finally:
        private.stop()


async def simulate(
    at: Server, tables: int, days: int, redis_url: str, progress: Path | None = None
) -> dict[int, dict[str, Size]]:
    """By day, what the tables of the schema hold. `progress`: a file that is written after each day, and gone on from."""
    om, schema = f"year_om_{tables}", f"year_te_{tables}"
    if progress is None or not progress.exists():
        with at.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{schema}`")
            options = EstateOptions(today=FIRST_DAY, tables=tables, usage_days=USAGE_DAYS)
            load(generate(options), connection, schema=om, layout=Layout.OM_2_1)
        print("the estate is loaded", flush=True)
    clock = Clock(datetime.combine(FIRST_DAY, clock_time(), UTC))
    settings = at.settings(om, schema).model_copy(update={"redis_url": redis_url})
    with at.connect(om) as connection:
        async with open_services(settings, clock=clock, watches=False) as services:
            await migrate(settings, services.thirdeye)
            services.dependencies.migrated = True
            year = Year(at, services, clock, schema, OpenMetadataDays(connection, FIRST_DAY), tables, progress)
            if year.recall():
                print(f"goes on after day {year.lived}; without {progress} it begins anew", flush=True)
            await year.live(days)
    return year.history


def main() -> None:
    configure_logging("ERROR")
    tables = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 365
    with server() as at, redis() as cache:
        print(f"{days} days of {tables:,} tables on {at.version}", flush=True)
        history = asyncio.run(simulate(at, tables, days, cache.url, HOME / f"year-{tables}.progress"))
    said = documented(tables, places_of(history[days]))
    print("\n".join(table_of(history, said)))
    found = departures(history[min(days, YEAR)], said)
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
