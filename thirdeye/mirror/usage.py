"""Usage, a blob for each day: which tables were used, and for the recent days how often.

A million tables take 125 kB a day before compression. The numbers per table (days of use, longest gap, first and last
day) are computed from all days each time, oldest day first. Rows that name what is no known table (other assets,
tables deleted or not yet seen) are kept with their ids; so is what a day said of tables that are absent: OpenMetadata
deletes their usage with them, and until they count as gone they teach what they taught.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np

from thirdeye.database import MySQL, Row
from thirdeye.inventory.columns import SCANNED_DAYS, Array, Mask, day_number
from thirdeye.inventory.rules import clamp_day_number
from thirdeye.mirror import store
from thirdeye.mirror.advisor import Advisor, DaysSoFar, Population
from thirdeye.mirror.feeds import Watching
from thirdeye.mirror.keys import KEY, records_of
from thirdeye.mirror.openmetadata.source_tables import ASSETS
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.row_days import DayBits, Places, bits_of_days
from thirdeye.mirror.state import Index, State, UsageSums
from thirdeye.mirror.usage_day import OTHER, UNKNOWN_TABLE, Day, merged_counts
from thirdeye.mirror.warnings import RefreshWarnings

_RECORD: Final = np.dtype([("id", KEY), ("count", ">u4")])
# Days are read, written and added up so many rows at a time: few round trips for a small estate, no more memory for a
# large one, whose days stand alone.
BATCH_ROWS: Final = 5_000
# Of a day of which OpenMetadata has nothing any more.
NO_ROWS: Final = (0, 0)
# Assets other than tables count as used for so many days.
ASSET_DAYS: Final = 90
# Counts are kept for so many days: feeds that stopped 30 days ago are judged by the 30 days before.
COUNTED_DAYS: Final = 60
CEILING_DAYS: Final = 30
_RECORD_DIGITS: Final = 40
# Of what OM has usage, beside tables. By whatever other kind a row calls it: the id of a table is nobody else's.
_OTHER_KINDS: Final = frozenset({*ASSETS, "database", "databaseSchema"})


@dataclass
class UsageTotals:
    """What all days say. By table number: `queries` of the recent days. By service: `daily`, its totals of recent days.

    `assets_90` and `assets_recent` are ids of other assets used in the last 90 and the recent days.
    """

    queries: Array
    # The last days of use as bits, up to SCANNED_DAYS ago: the lowest is today.
    use_days: Array
    daily: dict[int, Array]
    assets_90: set[bytes] = field(default_factory=set)
    assets_recent: set[bytes] = field(default_factory=set)


def day_of_rows(rows: list[Row], index: Index) -> Day:
    """A day out of its rows of `usage_days`."""
    used, unused = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    counts, others = [np.zeros(0, np.uint32)], [np.zeros(0, OTHER)]
    for row in rows:
        records = records_of(row["packed"] or "", _RECORD)
        is_table = bytes(row["kind"] or b"").decode(errors="replace") not in _OTHER_KINDS
        numbers = index.numbers(records["id"]) if is_table else np.full(len(records), -1)
        is_used = (numbers >= 0) & (records["count"] > 0)
        used.append(numbers[is_used])
        counts.append(records["count"][is_used].astype(np.uint32))
        if is_used.all():
            continue
        numbers, records = numbers[~is_used], records[~is_used]
        # By id, for servers join rows in whatever order: equal days make equal blobs.
        order = np.argsort(records["id"])
        numbers, records = numbers[order], records[order]
        unused.append(numbers[numbers >= 0])
        unknown = records[numbers < 0]
        rest = np.zeros(len(unknown), OTHER)
        rest["id"], rest["count"], rest["table"] = unknown["id"], unknown["count"], UNKNOWN_TABLE * is_table
        others.append(rest)
    by_table = merged_counts(np.concatenate(used), np.concatenate(counts))
    return Day(by_table[0], np.concatenate(unused), by_table[1], np.concatenate(others))


def _odd_in(row: Row) -> int:
    """How many of the rows that are packed in this one have an id or a count that is none."""
    return int(row["number"]) - len(row["packed"] or "") // _RECORD_DIGITS + int(row["uncounted"] or 0)


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

    reader: OpenMetadataReader
    thirdeye: MySQL
    generation: int
    state: State
    places: Places
    # By table: usage without dates, whose counts are kept of all days; and which are absent.
    undated: Mask
    absent: Mask
    # As columns hold days.
    today: int
    recent_days: int

    async def read(self, sums: UsageSums, index: Index, warnings: RefreshWarnings) -> None:
        """Brings the blobs of the generation up to date with OM's days."""
        state, counted = self.state, set(self.state.counted_days)
        stored = {name.rsplit("/", 1)[1] for name in await store.blob_names(self.thirdeye, ["usage/"], self.generation)}
        sums = sums | dict.fromkeys(await self._leave_days(sorted(stored - sums.keys()), index), NO_ROWS)
        undated = np.unique(state.service_of_place()[state.query["place"][self.undated]]).tolist()
        before = state.usage_sums if undated == state.undated_services else UsageSums()
        changed = list[str]()
        for day, (rows, _) in sorted(sums.items()):
            number = day_number(date.fromisoformat(day))
            if number > self.today:
                warnings.add("USAGE_IN_THE_FUTURE", day, rows)
            recent = self._is_counted(number)
            if day not in stored or sums[day] != before.get(day) or (recent and day not in counted):
                changed.append(day)
            elif day in counted and not recent:
                await self._drop_counts(day)
        for days in _batches(changed, sums):
            await self._read_days(days, index, large=sums[days[0]][0] > BATCH_ROWS)
        state.usage_sums, state.undated_services = sums, undated
        state.row_places = {day: bits for day, bits in state.row_places.items() if day in sums}
        state.counted_days = [day for day in sorted(sums) if self._is_counted(day_number(date.fromisoformat(day)))]

    def leave_unread(self) -> None:
        """Knows no day for as long as usage cannot be read; what absent tables have in the blobs is there afterwards."""
        state = self.state
        state.usage_sums, state.row_places, state.counted_days = UsageSums(), {}, []

    async def _leave_days(self, days: list[str], index: Index) -> list[str]:
        """Lets go of days that OpenMetadata no longer has, but for those on which absent tables have rows; gives these."""
        kept = list[str]()
        for day in days if self.absent.any() else ():
            before = await self._stored_days([day], index)
            if any(self.absent[rows].any() for each in before.values() for rows in (each.used, each.unused)):
                kept.append(day)
        # An empty blob takes its predecessor away.
        left = {day_name(day): b"" for day in days if day not in kept}
        await store.put_blobs(self.thirdeye, self.generation, left)
        return kept

    async def _stored_days(self, days: list[str], index: Index) -> dict[str, Day]:
        """Days as they are stored, by name."""
        blobs = await store.blobs_named(self.thirdeye, [day_name(day) for day in days], self.generation)
        return {name.rsplit("/", 1)[1]: Day.unpack(data).resolved(index, self.absent) for name, data in blobs if data}

    def _is_counted(self, number: int) -> bool:
        return self.today - number <= COUNTED_DAYS

    async def _read_days(self, days: list[str], index: Index, *, large: bool) -> None:
        dates = [date.fromisoformat(day) for day in days]
        rows = sorted(await self.reader.om.usage_days(dates, large=large), key=itemgetter("day"))
        await self.reader.warn_of_odd_usage(dates, sum(map(_odd_in, rows)))
        rows_by_day = {day: list(rows_of_day) for day, rows_of_day in groupby(rows, itemgetter("day"))}
        del rows
        # Not kept any longer: the texts of a day of a million tables take 40 MB.
        read = [day_of_rows(rows_by_day.pop(moment, []), index) for moment in dates]
        if self.absent.any():
            before, ids = await self._stored_days(days, index), self.state.source["id"]
            read = [
                day.keeping(before[name], self.absent, ids) if name in before else day
                for name, day in zip(days, read, strict=True)
            ]
        bits = self._bits([day.resolved(index, self.absent) for day in read])
        self.state.row_places.update(zip(days, bits, strict=True))
        blobs = {}
        for name, moment, day in zip(days, dates, read, strict=True):
            blobs[day_name(name)] = day.packed(None if self._is_counted(day_number(moment)) else self.undated)
        await store.put_blobs(self.thirdeye, self.generation, blobs)

    async def _drop_counts(self, day: str) -> None:
        data = await store.blob(self.thirdeye, day_name(day), self.generation)
        if data:
            packed = Day.unpack(data).packed(self.undated)
            await store.put_blobs(self.thirdeye, self.generation, {day_name(day): packed})

    def _bits(self, days: list[Day]) -> list[DayBits]:
        rows = [np.concatenate([day.used, day.unused]) for day in days]
        return bits_of_days(self.places, rows, [day.others["id"][day.others["table"] == 0] for day in days])

    async def add_up(
        self, index: Index, advisor: Advisor, look: Callable[[], Watching]
    ) -> tuple[UsageTotals, Watching]:
        """Sets days of use, longest pause, first and last day of every table; gives what else the days say.

        Tells the advisor how things stood before each day. `look` says who watched what, by the days with rows that the
        state has.
        """
        source, lost = self.state.source, np.zeros(self.state.tables, np.bool_)
        while True:
            watching = look()
            sums, bits = await self._add_days(index, advisor, watching, lost)
            # Of some absent tables OM deleted the usage before it was kept: they look as if nobody had used them.
            lost_now = self.absent & (sums.days_of_use < source["days_of_use"])
            # Bits differ when ids of earlier days have become known, as tables or as places: once more, then.
            if bits == self.state.row_places and not (lost_now & ~lost).any():
                break
            self.state.row_places, lost = bits, lost | lost_now
        for field_name in ("first_use", "last_use", "days_of_use", "longest_gap", "first_row", "last_row"):
            source[field_name] = getattr(sums, field_name)
        return UsageTotals(
            sums.queries, sums.use_days, sums.daily_totals(), sums.assets_90, sums.assets_recent
        ), watching

    async def _add_days(
        self, index: Index, advisor: Advisor, watching: Watching, lost: Mask
    ) -> tuple["_Sums", dict[str, DayBits]]:
        state, bits = self.state, dict[str, DayBits]()
        sums = _Sums(state, watching, self.undated)
        advisor.begin(population_of(state, watching, lost), self.today)
        for names in _batches(sorted(state.usage_sums), state.usage_sums):
            bits |= await self._add_batch(names, index, advisor, watching, sums)
        advisor.before_day(population_newest(watching) + 1, sums.so_far())
        return sums, bits

    async def _add_batch(
        self, names: list[str], index: Index, advisor: Advisor, watching: Watching, sums: "_Sums"
    ) -> dict[str, DayBits]:
        stored = await store.blobs_named(self.thirdeye, [day_name(name) for name in names], self.generation)
        names = [name.rsplit("/", 1)[1] for name, _ in stored]
        days = [Day.unpack(data).resolved(index, self.absent) for _, data in stored]
        numbers = [clamp_day_number(day_number(date.fromisoformat(name)), self.today) for name in names]
        # By day and variant.
        times = watching.watched.up_to(np.arange(watching.calendar + 1), np.array(numbers, np.int64)[:, np.newaxis])
        times = times.astype(np.uint16)
        for day, number, times_of_day in zip(days, numbers, times, strict=True):
            if number == 0:
                continue  # Before all time.
            advisor.before_day(times_of_day, sums.so_far())
            sums.add(day, number, times_of_day, self.today - number, self.recent_days)
        return dict(zip(names, self._bits(days), strict=True))


def population_newest(watching: Watching) -> Array:
    """By variant, the watched time of the newest watched day."""
    variants = np.arange(watching.calendar + 1)
    return watching.watched.up_to(variants, watching.newest_watched)


def population_of(state: State, watching: Watching, lost: Mask) -> Population:
    """The tables whose past there is to learn from; not those whose usage is `lost`."""
    place = state.query["place"]
    variant = watching.variant[place]
    eligible = watching.is_covered() & ~watching.undated & ~watching.is_quiet()
    before = watching.since()[place] - 1
    # The day before it was covered, or the day on which it came.
    since = watching.watched.up_to(variant, np.maximum(before, state.source["known_since"])).astype(np.uint16)
    return Population(
        variant=variant,
        since=since,
        anchor=watching.watched.up_to(variant, before).astype(np.uint16),
        newest=population_newest(watching),
        eligible=state.present() & ~lost & eligible[place],
    )


class _Sums:
    """Adds days up, oldest first; several that count as today may follow each other."""

    def __init__(self, state: State, watching: Watching, undated: Mask) -> None:
        tables = state.tables
        self.queries, self.use_days = np.zeros(tables, np.int64), np.zeros(tables, np.uint32)
        self.first_use, self.last_use, self.days_of_use, self.longest_gap, self.first_row, self.last_row = (
            np.zeros(tables, np.uint16) for _ in range(6)
        )
        # In watched time.
        self._last_time, self._first_time = (np.zeros(tables, np.uint16) for _ in range(2))
        self.assets_90: set[bytes] = set()
        self.assets_recent: set[bytes] = set()
        self._place = state.query["place"]
        self._service, self._of_table = watching.places.service, watching.places.of_table
        # By service, without what was confirmed.
        self._newest = watching.newest_watched[: int(self._service.max()) + 1]
        self._variant = watching.variant
        self._undated = undated
        self._last_counts = np.zeros(tables if undated.any() else 0, np.uint32)
        # A feed's first counts may be of any time before.
        self._first_days = watching.database_days[0][watching.places.database]
        self._daily: dict[int, Array] = {}

    def so_far(self) -> DaysSoFar:
        """What the days that were added say."""
        return DaysSoFar(self._last_time, self.days_of_use, self.longest_gap, self._first_time)

    def add(self, day: Day, number: int, times: Array, ago: int, recent_days: int) -> None:
        """Adds one day; `times` by variant, its watched time."""
        counted = len(day.counts) == len(day.used)
        used = self._rises(day, number) if len(self._last_counts) else day.used
        self._add_rows(day, number, times)
        self._add_use(used, number, times)
        if ago <= recent_days and counted:
            np.add.at(self.queries, day.used, day.counts.astype(np.int64))
        if 0 <= ago <= SCANNED_DAYS:
            self.use_days[day.used] |= np.uint32(1 << ago)
        if ago <= COUNTED_DAYS and counted:
            place = self._of_table[day.used]
            services = self._service[place[place >= 0]]
            totals = np.bincount(services, weights=day.counts[place >= 0], minlength=len(self._newest))
            self._daily[number] = self._daily.get(number, 0) + totals
        if ago <= ASSET_DAYS and len(day.others):
            others = day.others[(day.others["table"] == 0) & (day.others["count"] > 0)]
            ids = {key.ljust(16, b"\0") for key in others["id"].tolist()}
            self.assets_90 |= ids
            if ago <= recent_days:
                self.assets_recent |= ids

    def daily_totals(self) -> dict[int, Array]:
        """By service its totals of the last days up to the newest that was watched."""
        totals = dict[int, Array]()
        for service, newest in enumerate(self._newest.tolist()):
            of_days = [total[service] for day, total in self._daily.items() if newest - CEILING_DAYS < day <= newest]
            totals[service] = np.array(of_days)
        return totals

    def _rises(self, day: Day, number: int) -> Array:
        """The tables that are used on this day, of undated ones those whose count rose over its last."""
        used, counts = day.used, day.counts if len(day.counts) == len(day.used) else np.zeros(len(day.used), np.uint32)
        undated = self._undated[used]
        rises = (counts > self._last_counts[used]) & (number > self._first_days[self._place[used]])
        # A row of nothing is a count, too: what comes after it rose.
        self._last_counts[day.unused[self._undated[day.unused]]] = 0
        self._last_counts[used[undated]] = counts[undated]
        result: Array = used[~undated | rises]
        return result

    def _add_rows(self, day: Day, number: int, times: Array) -> None:
        for rows in (day.used, day.unused):
            first = rows[self.first_row[rows] == 0]
            if len(first):
                self.first_row[first] = number
                self._first_time[first] = times[self._variant[self._place[first]]]
        if len(self._last_counts):
            rows = np.concatenate([day.used, day.unused])
            self.last_row[rows[self._undated[rows]]] = number

    def _add_use(self, used: Array, number: int, times: Array) -> None:
        used = used[self.last_use[used] != number]
        now, last = times[self._variant[self._place[used]]], self._last_time[used]
        seen = self.last_use[used] > 0
        again = used[seen]
        self.longest_gap[again] = np.maximum(self.longest_gap[again], (now - last)[seen])
        self.first_use[used[~seen]] = number
        self.last_use[used], self._last_time[used] = number, now
        self.days_of_use[used] += 1
