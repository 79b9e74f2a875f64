"""Arguments of the score's history. Each function raises BadInput naming the argument."""

from datetime import UTC, datetime, timedelta

from thirdeye.errors import BadInput
from thirdeye.paging import decode_cursor

EARLIEST, LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)
_DEFAULT_RANGE = timedelta(days=30)


def validate_range(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """From `start` up to, not including, `end`; by default the last 30 days."""
    # Stored moments are whole seconds, so the default range must end after the present one.
    end = min(end or now + timedelta(seconds=1), LATEST)
    start = max(start or max(min(end, now), EARLIEST + _DEFAULT_RANGE) - _DEFAULT_RANGE, EARLIEST)
    if start >= end:
        raise BadInput("from: must be before to", "from")
    return start, end


def parse_cursor(after: str, interval: str) -> int:
    """The number of the bucket that the page before ended with."""
    cursor_interval, bucket = decode_cursor(after, (str, int))
    if cursor_interval != interval or not 0 <= bucket < 10**9:
        raise BadInput("after: this cursor belongs to a list with another interval", "after")
    return int(bucket)
