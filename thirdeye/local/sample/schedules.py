"""On which days OpenMetadata's usage workflow read the query log of a service."""

from functools import lru_cache

from thirdeye.local.sample.naming import dice
from thirdeye.local.sample.options import HISTORY_DAYS, EstateOptions
from thirdeye.local.sample.records import Feed, Reach, Schedule, ServiceRecord

ASPECT = 60
MONDAY, SUNDAY = 0, 6
BLOCK_DAYS = 30
SILENT_SINCE_DAYS = 75
STOPPED_SINCE_DAYS = 150


def was_read(service: ServiceRecord, days_ago: int, options: EstateOptions) -> bool:
    """Whether a run read the log of that day: the weekly one reads Sundays and Mondays."""
    if service.schedule is Schedule.WEEKLY:
        return weekday(days_ago, options) in {MONDAY, SUNDAY}
    return service.schedule is Schedule.DAILY or days_ago not in failed_days(options.seed, service.id)


def newest_day(feed: Feed, reach: Reach) -> int:
    """How many days ago usage was read for the last time, at least; what is stopped has not been read since."""
    since = SILENT_SINCE_DAYS if feed is Feed.SILENT else 0
    return max(since, STOPPED_SINCE_DAYS) if reach is Reach.STOPPED else since


@lru_cache(maxsize=64)
def failed_days(seed: int, service_id: str) -> frozenset[int]:
    """Days ago on which no run succeeded: a block in each thirty days, but for the first days and the last."""
    random, failed = dice(seed, ASPECT, int(service_id[:8], 16)), set[int]()
    for begin in range(0, HISTORY_DAYS - BLOCK_DAYS, BLOCK_DAYS):
        length = random.randint(6, 13)
        start = begin + random.randint(4, BLOCK_DAYS - length - 1)
        failed |= set(range(start, start + length))
    return frozenset(failed)


def weekday(days_ago: int, options: EstateOptions) -> int:
    """0 for Mondays."""
    return (options.today.weekday() - days_ago) % 7
