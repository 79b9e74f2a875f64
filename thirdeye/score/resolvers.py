"""GraphQL: the score and its history."""

from datetime import UTC, datetime, timedelta
from typing import Any

from ariadne import QueryType

from thirdeye.context import Info
from thirdeye.errors import BadInput
from thirdeye.paging import decode_cursor, encode_cursor, page_size
from thirdeye.score import store
from thirdeye.score.rules import band
from thirdeye.score.service import bands_of

query = QueryType()

_DAY = 24 * 3600
# Seconds of a bucket, and the shift that makes a week begin on Monday.
_INTERVALS = {"HOUR": (3600, 0), "DAY": (_DAY, 0), "WEEK": (7 * _DAY, 3 * _DAY)}
_EARLIEST, _LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)
_DEFAULT_RANGE = timedelta(days=30)


@query.field("ziScore")
async def resolve_zi_score(_: Any, info: Info) -> dict[str, Any]:
    return await info.context.score.current()


@query.field("healthScoreHistory")
async def resolve_history(
    _: Any,
    info: Info,
    *,
    interval: str,
    first: int | None = None,
    after: str | None = None,
    **range_: Any,
) -> dict[str, Any]:
    size = page_size(first, default=100, maximum=1000)
    seconds, shift = _INTERVALS[interval]
    start, end = _range(range_.get("from"), range_.get("to"), info.context.clock())
    if after is not None:
        kind, bucket = decode_cursor(after, (str, int))
        if kind != interval or not 0 <= bucket < 10**9:
            raise BadInput("after: this cursor belongs to a list with another interval", "after")
        start = max(start, _EARLIEST, _moment((bucket + 1) * seconds - shift))
    rows = await store.score_buckets(
        info.context.thirdeye, start=start, end=max(start, end), seconds=seconds, shift=shift, limit=size + 1
    )
    bands = bands_of(info.context.settings)
    edges = [_edge(row, interval, seconds, shift, bands) for row in rows[:size]]
    return {
        "edges": edges,
        "pageInfo": {
            "hasNextPage": len(rows) > size,
            "hasPreviousPage": after is not None,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
    }


def _range(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    # The stored seconds are whole, so the default range must end after the present one.
    end = min(end or now + timedelta(seconds=1), _LATEST)
    start = max(start or min(end, now) - _DEFAULT_RANGE, _EARLIEST)
    if start >= end:
        raise BadInput("from: must be before to", "from")
    return start, end


def _moment(seconds: int) -> datetime:
    return min(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds), _LATEST)


def _edge(row: dict[str, Any], interval: str, seconds: int, shift: int, bands: Any) -> dict[str, Any]:
    bucket = int(row["bucket"])
    return {
        "cursor": encode_cursor(interval, bucket),
        "node": {
            "bucketStart": _moment(bucket * seconds - shift),
            "score": row["score"],
            "minimum": row["lowest"],
            "maximum": row["highest"],
            "samples": row["samples"],
            "status": row["status"] or band(row["score"], bands),
            "capturedAt": row["captured_at"],
        },
    }
