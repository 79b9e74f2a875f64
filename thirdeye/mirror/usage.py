"""Usage, a blob for each day: which tables were used, and for the recent days how often.

A million tables take 125 kB a day before compression. The numbers per table (days of use, longest gap, first and last
day) are computed from all days each time, oldest day first. Rows that name what is no known table (other assets,
tables deleted or not yet seen) are kept with their ids.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np

from thirdeye.database import MySQL, Row
from thirdeye.inventory.columns import Array, Mask, day_number
from thirdeye.inventory.rules import clamp_day_number
from thirdeye.mirror import store
from thirdeye.mirror.advisor import Advisor, DaysSoFar
from thirdeye.mirror.keys import KEY, records_of
from thirdeye.mirror.openmetadata.store import OpenMetadata
from thirdeye.mirror.state import Index, State, UsageSums
from thirdeye.mirror.warnings import RefreshWarnings

_RECORD: Final = np.dtype([("id", KEY), ("count", ">u4")])
_OTHER: Final = np.dtype([("id", KEY), ("count", "<u4"), ("table", "u1")])
_HEADER: Final = np.dtype("<u4")
# Days are read, written and added up so many rows at a time: few round trips for a small estate, no more memory for a
# large one, whose days stand alone.
BATCH_ROWS: Final = 5_000
# Assets other than tables count as used for so many days.
ASSET_DAYS: Final = 90


@dataclass
class Day:
    """One day: numbers of tables used, those with a row that counts nothing, counts of the used, other ids."""

    used: Array
    unused: Array
    counts: Array
    others: Array

    def packed(self, *, recent: bool) -> bytes:
        """As stored; the counts of days that are no longer recent are not."""
        mask = np.zeros(int(self.used.max()) + 1 if len(self.used) else 0, dtype=np.bool_)
        mask[self.used] = True
        order = np.argsort(self.used)
        counts = self.counts[order] if recent else self.counts[:0]
        sizes = np.array([len(mask), len(self.unused), len(counts)], dtype=_HEADER)
        parts = (sizes, np.packbits(mask), self.unused.astype("<u4"), counts.astype("<u4"), self.others)
        return zlib.compress(b"".join(part.tobytes() for part in parts), 1)

    @staticmethod
    def unpack(packed: bytes) -> "Day":
        """Of a stored one; `counts` is empty where they were not kept."""
        data = zlib.decompress(packed)
        length, unused, counts = (int(value) for value in np.frombuffer(data, _HEADER, 3))
        offset = 3 * _HEADER.itemsize
        width = -(-length // 8)
        mask = np.unpackbits(np.frombuffer(data, np.uint8, width, offset), count=length)
        offset += width
        zeros = np.frombuffer(data, "<u4", unused, offset).astype(np.int64)
        offset += 4 * unused
        kept_counts = np.frombuffer(data, "<u4", counts, offset)
        offset += 4 * counts
        return Day(np.flatnonzero(mask), zeros, kept_counts, np.frombuffer(data[offset:], _OTHER))


@dataclass
class UsageTotals:
    """What all days say. By table number: `queries` of the recent days. By service: first and newest day of any row.

    `assets_90` and `assets_recent` are ids of other assets used in the last 90 and the recent days.
    """

    queries: Array
    first_row: Array
    newest_row: Array
    assets_90: set[bytes] = field(default_factory=set)
    assets_recent: set[bytes] = field(default_factory=set)


def day_of_rows(rows: list[Row], index: Index) -> Day:
    """A day out of its rows of `usage_days`."""
    used, unused = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    counts, others = [np.zeros(0, np.uint32)], [np.zeros(0, _OTHER)]
    for row in rows:
        records = records_of(row["packed"], _RECORD)
        is_table = row["kind"] == "table"
        numbers = index.numbers(records["id"]) if is_table else np.full(len(records), -1)
        is_used = (numbers >= 0) & (records["count"] > 0)
        used.append(numbers[is_used])
        counts.append(records["count"][is_used].astype(np.uint32))
        numbers, records = numbers[~is_used], records[~is_used]
        # By id, for servers join rows in whatever order: equal days make equal blobs.
        order = np.argsort(records["id"])
        numbers, records = numbers[order], records[order]
        unused.append(numbers[numbers >= 0])
        unknown = records[numbers < 0]
        rest = np.zeros(len(unknown), _OTHER)
        rest["id"], rest["count"], rest["table"] = unknown["id"], unknown["count"], is_table
        others.append(rest)
    return Day(np.concatenate(used), np.concatenate(unused), np.concatenate(counts), np.concatenate(others))


def day_name(day: str) -> str:
    """The blob of a day."""
    return f"usage/{day}"


def _batches(days: list[str], sums: UsageSums) -> Iterator[list[str]]:
    """Consecutive days of at most BATCH_ROWS rows together; a day of more stands alone."""
    batch, rows = list[str](), 0
    for day in days:
        if batch and rows + sums[day][0] > BATCH_ROWS:
            yield batch
            batch, rows = [], 0
        batch.append(day)
        rows += sums[day][0]
    if batch:
        yield batch


@dataclass(frozen=True)
class UsageReader:
    """Reads the days that differ and adds all of them up."""

    om: OpenMetadata
    thirdeye: MySQL
    generation: int
    state: State
    # As columns hold days.
    today: int
    recent_days: int

    async def read(self, sums: UsageSums, index: Index, warnings: RefreshWarnings) -> None:
        """Brings the blobs of the generation up to date with OM's days."""
        before, counted = self.state.usage_sums, set(self.state.counted_days)
        stored = {name.rsplit("/", 1)[1] for name in await store.blob_names(self.thirdeye, "usage/", self.generation)}
        # An empty blob takes its predecessor away.
        gone = {day_name(day): b"" for day in sorted(stored - sums.keys())}
        await store.put_blobs(self.thirdeye, self.generation, gone)
        changed = list[str]()
        for day in sorted(sums):
            number = day_number(date.fromisoformat(day))
            if number > self.today:
                warnings.add("USAGE_IN_THE_FUTURE", day, sums[day][0])
            recent = self._is_recent(number)
            if day not in stored or sums[day] != before.get(day) or (recent and day not in counted):
                changed.append(day)
            elif day in counted and not recent:
                await self._drop_counts(day)
        for days in _batches(changed, sums):
            await self._read_days(days, index, large=sums[days[0]][0] > BATCH_ROWS)
        self.state.usage_sums = sums
        self.state.counted_days = [day for day in sorted(sums) if self._is_recent(day_number(date.fromisoformat(day)))]

    def _is_recent(self, number: int) -> bool:
        return self.today - number <= self.recent_days

    async def _read_days(self, days: list[str], index: Index, *, large: bool) -> None:
        dates = [date.fromisoformat(day) for day in days]
        rows = sorted(await self.om.usage_days(dates, large=large), key=itemgetter("day"))
        rows_by_day = {day: list(rows_of_day) for day, rows_of_day in groupby(rows, itemgetter("day"))}
        del rows
        blobs = {}
        for name, moment in zip(days, dates, strict=True):
            # Not kept any longer: the texts of a day of a million tables take 40 MB.
            day = day_of_rows(rows_by_day.pop(moment, []), index)
            blobs[day_name(name)] = day.packed(recent=self._is_recent(day_number(moment)))
        await store.put_blobs(self.thirdeye, self.generation, blobs)

    async def _drop_counts(self, day: str) -> None:
        data = await store.blob(self.thirdeye, day_name(day), self.generation)
        if data:
            packed = Day.unpack(data).packed(recent=False)
            await store.put_blobs(self.thirdeye, self.generation, {day_name(day): packed})

    async def add_up(self, index: Index, advisor: Advisor) -> UsageTotals:
        """Sets days of use, longest gap, first and last day of every table; gives what else the days say.

        Tells the advisor how things stood before each day.
        """
        state = self.state
        present, service = state.present(), state.service_of_place()[state.query["place"]]
        sums = _Sums(state.tables, len(state.services.items) or 1)
        advisor.begin(np.minimum(state.source["created_at"], np.uint16(self.today)), present, service, self.today)
        for days in _batches(sorted(state.usage_sums), state.usage_sums):
            names = [day_name(day) for day in days]
            for name, data in await store.blobs_named(self.thirdeye, names, self.generation):
                number = clamp_day_number(day_number(date.fromisoformat(name.rsplit("/", 1)[1])), self.today)
                advisor.before_day(number, sums.so_far())
                sums.add(_resolved(Day.unpack(data), index), number, self.today, self.recent_days)
                sums.add_services(present, service)
        advisor.before_day(self.today + 1, sums.so_far())
        for field_name in ("first_use", "last_use", "days_of_use", "longest_gap"):
            state.source[field_name] = getattr(sums, field_name)
        return UsageTotals(sums.queries, sums.first_row, sums.newest_row, sums.assets_90, sums.assets_recent)


def _resolved(day: Day, index: Index) -> Day:
    """The day with those of its other ids that are tables by now among the tables."""
    tables = day.others[day.others["table"] == 1]
    if len(tables) == 0:
        return day
    numbers = index.numbers(tables["id"])
    resolved, is_used = numbers >= 0, tables["count"] > 0
    counts = day.counts if len(day.counts) == len(day.used) else np.zeros(len(day.used), np.uint32)
    return Day(
        np.concatenate([day.used, numbers[resolved & is_used]]),
        np.concatenate([day.unused, numbers[resolved & ~is_used]]),
        np.concatenate([counts, tables["count"][resolved & is_used]]),
        day.others,
    )


class _Sums:
    """Adds days up, oldest first; several that count as today may follow each other."""

    def __init__(self, tables: int, services: int) -> None:
        self.queries = np.zeros(tables, np.int64)
        self.first_use, self.last_use, self.days_of_use, self.longest_gap = (
            np.zeros(tables, np.uint16) for _ in range(4)
        )
        self.first_row, self.newest_row = np.zeros(services, np.int64), np.zeros(services, np.int64)
        self.assets_90: set[bytes] = set()
        self.assets_recent: set[bytes] = set()
        self._day: Day | None = None
        self._number = 0

    def so_far(self) -> DaysSoFar:
        """What the days that were added say."""
        return DaysSoFar(self.last_use, self.days_of_use, self.longest_gap, self.first_row)

    def add(self, day: Day, number: int, today: int, recent_days: int) -> None:
        """Adds one day; `number` 0 is before all time and ignored."""
        self._day, self._number = day, number
        if number == 0:
            return
        ago = today - number
        self._add_days(day.used, number)
        if ago <= recent_days and len(day.counts) == len(day.used):
            np.add.at(self.queries, day.used, day.counts.astype(np.int64))
        others = day.others[(day.others["table"] == 0) & (day.others["count"] > 0)]
        if ago <= ASSET_DAYS and len(others):
            ids = {key.ljust(16, b"\0") for key in others["id"].tolist()}
            self.assets_90 |= ids
            if ago <= recent_days:
                self.assets_recent |= ids

    def _add_days(self, used: Array, number: int) -> None:
        used = used[self.last_use[used] != number]
        last = self.last_use[used]
        seen = last > 0
        again = used[seen]
        self.longest_gap[again] = np.maximum(self.longest_gap[again], number - last[seen])
        self.first_use[used[~seen]] = number
        self.last_use[used] = number
        self.days_of_use[used] += 1

    def add_services(self, present: Mask, service: Array) -> None:
        """Marks the services whose tables have a row on the day added last."""
        if self._day is None or self._number == 0:
            return
        rows = np.concatenate([self._day.used, self._day.unused])
        seen = np.unique(service[rows[present[rows]]])
        self.newest_row[seen] = self._number
        self.first_row[seen[self.first_row[seen] == 0]] = self._number
