"""GraphQL: the score and its history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ariadne import QueryType

from thirdeye.context import Info
from thirdeye.database import Row
from thirdeye.paging import connection, encode_cursor, page_size
from thirdeye.score import store
from thirdeye.score.answers import bands_of
from thirdeye.score.rules import Bands, band
from thirdeye.score.validation import EARLIEST, LATEST, parse_cursor, validate_range

query = QueryType()


@dataclass(frozen=True)
class _Interval:
    """Length of a bucket in seconds, and the shift that makes weeks start on Monday."""

    seconds: int
    shift: int = 0

    def start_of(self, bucket: int) -> datetime:
        return datetime.fromtimestamp(min(bucket * self.seconds - self.shift, LATEST.timestamp()), UTC)


_DAY: Final = 24 * 3600
_INTERVALS: Final = {"HOUR": _Interval(3600), "DAY": _Interval(_DAY), "WEEK": _Interval(7 * _DAY, 3 * _DAY)}


@query.field("ziScore")
async def resolve_zi_score(_: object, info: Info) -> Mapping[str, object]:
    return await info.context.score.current()


@query.field("healthScoreHistory")
async def resolve_history(
    _: object,
    info: Info,
    *,
    interval: str,
    first: int | None = None,
    after: str | None = None,
    **range_: datetime | None,
) -> dict[str, object]:
    size, buckets = page_size(first, default=100, maximum=1000), _INTERVALS[interval]
    start, end = validate_range(range_.get("from"), range_.get("to"), info.context.clock())
    if after is not None:
        start = max(start, EARLIEST, buckets.start_of(parse_cursor(after, interval) + 1))
    context, end = info.context, max(start, end)
    rows = await store.score_buckets(
        context.thirdeye, start=start, end=end, seconds=buckets.seconds, shift=buckets.shift, limit=size + 1
    )
    bands = bands_of(context.settings)
    edges = [
        {"cursor": encode_cursor(interval, row["bucket"]), "node": _node(row, buckets, bands)} for row in rows[:size]
    ]
    return connection(edges, has_next=len(rows) > size, has_previous=after is not None)


def _node(row: Row, buckets: _Interval, bands: Bands) -> dict[str, object]:
    return {
        "bucketStart": buckets.start_of(row["bucket"]),
        "score": row["score"],
        "minimum": row["lowest"],
        "maximum": row["highest"],
        "samples": row["samples"],
        "status": row["status"] or band(row["score"], bands),
        "capturedAt": row["captured_at"],
    }
