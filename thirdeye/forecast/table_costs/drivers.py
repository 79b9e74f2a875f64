"""The tables that make the slope, of each place, as the forecast says it; and keeping what the next ones are told by."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypedDict

import structlog

from thirdeye.database import MySQL
from thirdeye.forecast.places import Place
from thirdeye.forecast.table_costs import store
from thirdeye.forecast.table_costs.changes import ChangeKind, Changes, TableChange, changes_by_place
from thirdeye.forecast.table_costs.costs import COST_COLUMNS, TableCosts, costs_of, packed, unpacked
from thirdeye.inventory.snapshot import Snapshot

# So many days apart, and not longer: four days at most are kept.
_KEPT_EVERY, _KEPT_FOR = timedelta(days=30), timedelta(days=90)
# What changed within fewer days is no slope.
_LEAST: Final = timedelta(days=7)
_DECIMALS: Final = 6
log = structlog.get_logger(__name__)


class KindDocument(TypedDict):
    """The tables of a kind, and by how many USD a month all of them changed the cost."""

    tables: int
    usd: float


class TableDocument(TypedDict):
    """A table, and what it cost and costs; null on a day on which it was not there."""

    fqn: str
    kind: str
    beforeUsd: float | None
    nowUsd: float | None


class TableDriversDocument(TypedDict):
    """What became of the tables of a place since a day."""

    since: str
    days: int
    new: KindDocument
    growth: KindDocument
    gone: KindDocument
    unknownTables: int
    largest: list[TableDocument]


@dataclass(frozen=True)
class TableDrivers:
    """Those of all places; none before what tables cost is known of a week ago."""

    since: date
    until: date
    changes: Mapping[Place, Changes]
    fqns: Mapping[int, str]

    def of(self, place: Place) -> TableDriversDocument:
        """Those of one place."""
        found = self.changes.get(place) or Changes()
        by_kind = {kind: KindDocument(tables=each.tables, usd=_rounded(each.usd)) for kind, each in found.kinds.items()}
        return {
            "since": self.since.isoformat(),
            "days": (self.until - self.since).days,
            "new": by_kind[ChangeKind.NEW],
            "growth": by_kind[ChangeKind.GROWTH],
            "gone": by_kind[ChangeKind.GONE],
            "unknownTables": found.unknown,
            "largest": [self._table(each) for each in found.largest if each.number in self.fqns],
        }

    def _table(self, change: TableChange) -> TableDocument:
        return {
            "fqn": self.fqns[change.number],
            "kind": change.kind.value,
            "beforeUsd": None if change.kind is ChangeKind.NEW else _rounded(change.before),
            "nowUsd": None if change.kind is ChangeKind.GONE else _rounded(change.now),
        }


def _rounded(usd: float) -> float:
    return round(usd, _DECIMALS)


async def follow_tables(thirdeye: MySQL, snapshot: Snapshot) -> TableDrivers | None:
    """What changed since the oldest day that is kept, if that is a week ago; keeps this one if the last is a month ago.

    Days that lie ahead are of a clock that was wrong, and are forgotten. Raises Superseded, DatabaseUnavailable.
    """
    await snapshot.load(COST_COLUMNS)
    today, now = snapshot.as_of, await asyncio.to_thread(costs_of, snapshot)
    await store.delete_others(thirdeye, today - _KEPT_FOR, today)
    days = await store.days(thirdeye)
    drivers = await _since(thirdeye, days[0], now, today) if days and days[0] <= today - _LEAST else None
    if not days or days[-1] <= today - _KEPT_EVERY:
        parts = await asyncio.to_thread(lambda: list(packed(now)))
        await store.put_day(thirdeye, today, parts)
        log.info("table_costs_kept", day=today.isoformat(), bytes=sum(map(len, parts)))
    return drivers


async def _since(thirdeye: MySQL, day: date, now: TableCosts, today: date) -> TableDrivers:
    parts = await store.parts(thirdeye, day)
    changes = await asyncio.to_thread(lambda: changes_by_place(unpacked(parts), now))
    numbers = sorted({table.number for each in changes.values() for table in each.largest})
    return TableDrivers(day, today, changes, await store.fqns(thirdeye, numbers))
