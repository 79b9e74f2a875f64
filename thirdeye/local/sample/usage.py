"""Usage rows, as OpenMetadata's usage workflow writes them: one row for a day on which something was used."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from thirdeye.local.sample.naming import dice, identifier
from thirdeye.local.sample.options import HISTORY_DAYS, EstateOptions
from thirdeye.local.sample.plan import Place
from thirdeye.local.sample.records import (
    AssetRecord,
    Counting,
    Feed,
    Reach,
    Rhythm,
    Schedule,
    TableRecord,
    UsageRow,
)
from thirdeye.local.sample.rhythms import days_of_use
from thirdeye.local.sample.schedules import newest_day, was_read

TABLE_ASPECT, ASSET_ASPECT, UNKNOWN_ASPECT, COUNT_ASPECT = 2, 3, 4, 9
DELETED_SINCE_DAYS = 20
QUERY_LIMIT = 1_000
HABITS = frozenset({Rhythm.DAILY, Rhythm.WEEKLY})
Counts = dict[int, int]  # by days ago


def usage_of_table(
    table: TableRecord, place: Place, options: EstateOptions, queries_of_others: Callable[[], Counts]
) -> list[UsageRow]:
    """All usage rows of a table, oldest first. `queries_of_others` of its service, where the log is cut off.

    The first table of a service carries its feed: it has a row on the first and the last day of the feed, so
    that what deleted tables left behind never decides how long, or whether, a service is observed.
    """
    if place.service.feed is Feed.ABSENT or place.schema.reach is Reach.NEVER:
        return []
    random = dice(options.seed, TABLE_ASPECT, table.index)
    newest = newest_day(place.service.feed, place.schema.reach) or table.index % 2
    newest = max(newest, table.last_use_days or 0)
    reach = min(options.usage_days, place.service.observed_days or HISTORY_DAYS)
    if table.deleted:
        newest, reach = max(newest, DELETED_SINCE_DAYS), reach - 10
    if table.part is None:
        days = {*days_of_use(table.rhythm, random, oldest=table.age_days, newest=newest, today=options.today)}
    else:
        days = {day for day in table.part.read_days if newest <= day <= HISTORY_DAYS}
    if place.schema.reach is Reach.STOPPED and table.rhythm in HABITS:
        days.add(newest)
    counts = _counts(table, place, days, newest, reach, options)
    if place.local_index == 0 and newest <= reach:
        for day in _days_of_carrier(place, newest, reach):
            counts.setdefault(day, max(counts.values(), default=1))
    if place.service.schedule is not Schedule.DAILY:
        counts = {day: count for day, count in counts.items() if was_read(place.service, day, options)}
    if place.service.counting is Counting.CUT_OFF and place.local_index == 0:
        others = queries_of_others()
        counts = {day: max(1, QUERY_LIMIT - others.get(day, 0)) for day in counts}
    zero_day = table.index % 5 + 1
    if _may_have_zero(table, place) and newest <= zero_day <= reach:
        counts.setdefault(zero_day, 0)
    return _rows(table.id, "table", counts, options)


def usage_of_asset(asset: AssetRecord, number: int, options: EstateOptions) -> list[UsageRow]:
    """Usage rows of a dashboard; a third of them has not been used for 120 days or more."""
    random = dice(options.seed, ASSET_ASPECT, number)
    rhythm = (Rhythm.DAILY, Rhythm.WEEKLY, Rhythm.DEAD)[number % 3]
    newest = 120 if rhythm is Rhythm.DEAD else 1
    days = [*days_of_use(rhythm, random, newest=newest, today=options.today)]
    counts = {day: random.randint(1, 40) for day in days if day <= options.usage_days}
    return _rows(asset.id, asset.entity_type, counts, options)


def usage_of_unknown(options: EstateOptions) -> Iterator[UsageRow]:
    """Rows whose id names nothing at all any more: entities that were deleted for good."""
    for number in range(3 + options.tables // 200):
        random = dice(options.seed, UNKNOWN_ASPECT, number)
        days = sorted(random.sample(range(HISTORY_DAYS), 12), reverse=True)
        counts = {day: random.randint(1, 90) for day in days if day <= options.usage_days}
        yield from _rows(identifier(options.seed, "unknown", number), "table", counts, options)


class UsageOfPlaces:
    """Counts the usage of tables for their schema and database, as OM does, while the tables come one by one.

    OM replaces a table's count when a day is read again, by the run of the next day, and adds it here once more.
    """

    def __init__(self, options: EstateOptions) -> None:
        self._options = options
        self._schema = self._database = ""
        self._of_schema, self._of_database = Counter[int](), Counter[int]()

    def add(self, table: TableRecord, rows: Iterable[UsageRow]) -> Iterator[UsageRow]:
        """Counts the rows of a table; gives those of the schema and database that it is the first not to stand in."""
        if table.schema_id != self._schema:
            yield from self._end_schema()
        if table.database_id != self._database:
            yield from self._end_database()
        self._schema, self._database = table.schema_id, table.database_id
        today = self._options.today.toordinal()
        for row in rows:
            day = today - row.usage_date.toordinal()
            self._of_schema[day] += row.count1 * (2 if day else 1)

    def end(self) -> Iterator[UsageRow]:
        """The rows of the last schema and database."""
        yield from self._end_schema()
        yield from self._end_database()

    def _end_schema(self) -> Iterator[UsageRow]:
        yield from _rows(self._schema, "databaseSchema", self._of_schema, self._options)
        self._of_database.update(self._of_schema)
        self._of_schema = Counter()

    def _end_database(self) -> Iterator[UsageRow]:
        yield from _rows(self._database, "database", self._of_database, self._options)
        self._of_database = Counter()


def _counts(
    table: TableRecord, place: Place, days: set[int], newest: int, reach: int, options: EstateOptions
) -> Counts:
    random = dice(options.seed, COUNT_ASPECT, table.index)
    if place.service.counting is Counting.REMEMBERED:
        remembered = _remembered(table, sorted(days, reverse=True), random.randint(1, 6), newest)
        return {day: count for day, count in remembered.items() if day <= reach}
    busy, most = 10 ** random.uniform(0, 2.7), 1_000
    if place.service.counting is Counting.CUT_OFF:
        most = max(1, QUERY_LIMIT // (4 * place.tables_of_service))
    # The newest first, so that a bound does not change them.
    kept = sorted(day for day in days if day <= reach)
    return {day: min(most, max(1, round(busy * random.uniform(0.5, 1.5)))) for day in kept}


def _remembered(table: TableRecord, days: list[int], statements: int, newest: int) -> Counts:
    """Every statement again on each day since it was first seen; a rise on the few days that brought a new one.

    The statements of dead tables were thrown out when they were old; of some tables none was ever kept.
    """
    if not days or table.index % 5 == 4:
        return {}
    rises = (days[:1], [*days[:: len(days) // 3 + 1], days[-1]], days[: len(days) // 2 + 1 : 40])[table.index % 3]
    last = days[-1] if table.rhythm is Rhythm.DEAD else newest
    return {day: statements + sum(rise >= day for rise in rises) for day in range(days[0], last - 1, -1)}


def _days_of_carrier(place: Place, newest: int, reach: int) -> Iterable[int]:
    """Where not every day is read, or counts must add up, it is used on each."""
    service = place.service
    if service.schedule is Schedule.DAILY and service.counting is Counting.QUERIES:
        return (newest, reach)
    return range(newest, reach + 1)


def _may_have_zero(table: TableRecord, place: Place) -> bool:
    service = place.service
    usual = service.schedule is Schedule.DAILY and service.counting is Counting.QUERIES
    live = usual and service.feed is Feed.LIVE and place.schema.reach is Reach.WATCHED and place.series is None
    return live and table.index % 17 == 3 and not table.deleted and table.fate is None


def _rows(entity_id: str, entity_type: str, counts: Counts, options: EstateOptions) -> list[UsageRow]:
    """`counts` by days ago; `count7` and `count30` look back from each row's own day, as OM's do."""
    if not counts:
        return []
    until = [0, *accumulate(counts.get(day, 0) for day in range(max(counts) + 31))]

    def row(day: int) -> UsageRow:
        within_7, within_30 = until[day + 7] - until[day], until[day + 30] - until[day]
        return UsageRow(entity_id, entity_type, options.day(day), counts[day], within_7, within_30)

    return [row(day) for day in sorted(counts, reverse=True)]
