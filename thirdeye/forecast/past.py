"""Days before the first refresh, out of what OpenMetadata remembers: marked `reconstructed`, and never forecast from.

It knows survivors only: what was dropped before is missing, so that the past looks cheaper than it was.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import structlog

from thirdeye.database import MySQL
from thirdeye.forecast import store
from thirdeye.forecast.daily_facts import column_value
from thirdeye.forecast.places import EVERYTHING, Place
from thirdeye.forecast.rules import round_daily
from thirdeye.inventory.columns import day_number, day_of
from thirdeye.inventory.directory import Directory
from thirdeye.inventory.money import BYTES_PER_GB
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.storage_prices import StoragePrice, prices_by_service
from thirdeye.inventory.store import prices
from thirdeye.mirror.past_sizes import SizeChange, past_size_changes

_DAYS: Final = 400
# A day of which fewer of the tables' sizes are known says when profiling began, not what there was.
_LEAST_KNOWN: Final = Decimal("0.8")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PastDay:
    """What a place held on a day: tables of known size, their bytes and cost."""

    day: date
    place: Place
    sized: int
    bytes: int
    storage_usd: Decimal


@dataclass(frozen=True, kw_only=True, eq=False)
class PastFacts:
    """Fills the days before the first refresh, once."""

    om: MySQL
    thirdeye: MySQL
    estate: EstateReader

    async def is_due(self) -> bool:
        """Whether the first refresh was today's and nothing before it is there."""
        measured, reconstructed = await store.oldest(self.thirdeye)
        return measured is not None and not reconstructed and measured == await store.newest_day(self.thirdeye)

    async def reconstruct(self) -> int:
        """How many rows it wrote. In one transaction: killed half way, nothing is there and it is due again."""
        measured, _ = await store.oldest(self.thirdeye)
        if measured is None:
            return 0
        since = measured - timedelta(days=_DAYS)
        changes = await past_size_changes(self.om, self.thirdeye, since, measured)
        directory = (await self.estate.snapshot()).directory
        rates = [StoragePrice.of(row) for row in await prices(self.thirdeye)]
        days = list(past_days(changes, directory, rates, measured))
        async with self.thirdeye.transaction() as session:
            await store.put_past(session, map(_row, days))
        log.info("past_reconstructed", rows=len(days), until=measured.isoformat())
        return len(days)


def past_days(
    changes: Sequence[SizeChange], directory: Directory, rates: Sequence[StoragePrice], until: date
) -> Iterator[PastDay]:
    """Each day of which enough is known, up to but not including the last: of each service, and of all.

    Enough are four fifths of the tables whose sizes are known in the end. A size holds until the next profile; it costs
    what its service's full rate was on the day. Services that are gone are left out.
    """
    numbers = {service["hash"]: number for number, service in enumerate(directory["services"])}
    by_day = dict[int, list[SizeChange]]()
    for change in changes:
        if change.service_hash in numbers:
            by_day.setdefault(change.day, []).append(change)
    held, sized = dict[int, int](), Counter[int]()
    enough = _LEAST_KNOWN * sum(change.sized for day_changes in by_day.values() for change in day_changes)
    for number in range(min(by_day, default=day_number(until)), day_number(until)):
        for change in by_day.get(number, ()):
            service = numbers[change.service_hash]
            held[service] = held.get(service, 0) + change.change
            sized[service] += change.sized
        day = day_of(number)
        if day is None or sized.total() < enough:
            continue
        tariffs = prices_by_service(directory["services"], rates, day)
        costs = {
            service: round_daily(Decimal(size) * tariffs[service].usd_per_gb_month / BYTES_PER_GB)
            for service, size in held.items()
        }
        for service, size in sorted(held.items()):
            name = directory["services"][service]["name"]
            yield PastDay(day, Place(name), sized[service], size, costs[service])
        yield PastDay(day, EVERYTHING, sized.total(), sum(held.values()), sum(costs.values(), Decimal(0)))


def _row(past: PastDay) -> tuple[Any, ...]:
    values: dict[str, Any] = {
        "day": past.day.isoformat(),
        "place": past.place.key,
        "service": past.place.service,
        "domain": None,
        "reconstructed": 1,
        "generation": 0,
        "refreshed_at": datetime(past.day.year, past.day.month, past.day.day, tzinfo=UTC),
        "sized_tables": past.sized,
        "bytes": str(past.bytes),
        "storage_usd": past.storage_usd,
    }
    return tuple(column_value(values.get(name)) for name in store.DAILY_COLUMNS)
