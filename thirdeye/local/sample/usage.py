"""Usage rows, as OpenMetadata's usage workflow writes them: one row for a day on which something was used."""

from collections.abc import Iterator
from itertools import accumulate

from thirdeye.local.sample.naming import dice, identifier
from thirdeye.local.sample.options import HISTORY_DAYS, EstateOptions
from thirdeye.local.sample.plan import Place
from thirdeye.local.sample.records import AssetRecord, Feed, Rhythm, TableRecord, UsageRow
from thirdeye.local.sample.rhythms import days_of_use

TABLE_ASPECT, ASSET_ASPECT, UNKNOWN_ASPECT = 2, 3, 4
SILENT_SINCE_DAYS = 75
DELETED_SINCE_DAYS = 20


def usage_of_table(table: TableRecord, place: Place, options: EstateOptions) -> list[UsageRow]:
    """All usage rows of a table, oldest first.

    The first table of a service carries its feed: it has a row on the first and the last day of the feed, so
    that what deleted tables left behind never decides how long, or whether, a service is observed.
    """
    if place.service.feed is Feed.ABSENT:
        return []
    random = dice(options.seed, TABLE_ASPECT, table.index)
    newest = SILENT_SINCE_DAYS if place.service.feed is Feed.SILENT else table.index % 2
    reach = min(options.usage_days, place.service.observed_days or HISTORY_DAYS)
    if table.deleted:
        newest, reach = max(newest, DELETED_SINCE_DAYS), reach - 5
    days = days_of_use(table.rhythm, random, oldest=table.age_days, newest=newest, today=options.today)
    kept = {day for day in days if day <= reach}
    if place.local_index == 0 and newest <= reach:
        kept |= {newest, reach}
    busy = 10 ** random.uniform(0, 2.7)
    counts = {day: max(1, round(busy * random.uniform(0.5, 1.5))) for day in sorted(kept, reverse=True)}
    zero_day = table.index % 5 + 1
    may_have_zero = table.index % 17 == 3 and place.service.feed is Feed.LIVE and not table.deleted
    if may_have_zero and newest <= zero_day <= reach:
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


def _rows(entity_id: str, entity_type: str, counts: dict[int, int], options: EstateOptions) -> list[UsageRow]:
    """`counts` by days ago; `count7` and `count30` look back from each row's own day, as OM's do."""
    if not counts:
        return []
    until = [0, *accumulate(counts.get(day, 0) for day in range(max(counts) + 31))]

    def row(day: int) -> UsageRow:
        within_7, within_30 = until[day + 7] - until[day], until[day + 30] - until[day]
        return UsageRow(entity_id, entity_type, options.day(day), counts[day], within_7, within_30)

    return [row(day) for day in sorted(counts, reverse=True)]
