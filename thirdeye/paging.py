"""Cursors and page sizes: opaque to the caller, checked on the way back in."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import orjson

from thirdeye.errors import BadInput
from thirdeye.outside_json import read_json
from thirdeye.time_text import moment_text

# Nothing is known of days before it, and days before those have no days before them.
EARLIEST_DAY: Final = date(2000, 1, 1)
_MAX_CURSOR_LENGTH: Final = 4096
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


def encode_cursor(*parts: str | int) -> str:
    """An opaque cursor that holds these values."""
    # Of each row of a list, so without the wrappers of `base64`.
    return binascii.b2a_base64(orjson.dumps(parts), newline=False).translate(_URL_SAFE).decode().rstrip("=")


def decode_cursor(cursor: str, shape: Sequence[type], argument: str = "after") -> list[Any]:
    """The values of a cursor, of just these types. Raises BadInput for anything that `encode_cursor` did not make."""
    problem = BadInput(f"{argument}: this is no cursor of this list; use a cursor that it gave", argument)
    if len(cursor) > _MAX_CURSOR_LENGTH:
        raise problem
    try:
        raw = cursor.encode("ascii")
        decoded = base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
        parts = read_json(decoded, max_bytes=_MAX_CURSOR_LENGTH, max_depth=1)
    except (ValueError, binascii.Error, UnicodeError):
        raise problem from None
    if not isinstance(parts, list) or [type(part) for part in parts] != list(shape):
        raise problem
    return parts


def cursor_time(moment: datetime) -> str:
    """A moment in UTC as cursors have it."""
    return moment_text(moment).removesuffix("+00:00")


def parse_cursor_time(text: str) -> datetime:
    """The moment that `cursor_time` wrote. Raises ValueError for text that it did not."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError(text)
    return moment.replace(tzinfo=UTC)


def page_size(first: int | None, default: int, maximum: int) -> int:
    """The number of items asked for. Raises BadInput outside 1 to `maximum`."""
    size = default if first is None else first
    if not 1 <= size <= maximum:
        raise BadInput(f"first: must be 1 to {maximum}", "first")
    return size


def connection(edges: list[dict[str, Any]], *, has_next: bool, has_previous: bool) -> dict[str, Any]:
    """A page's `edges` and `pageInfo`; each edge has its `cursor`."""
    cursors = [edge["cursor"] for edge in edges]
    return {"edges": edges, "pageInfo": page_info(cursors, has_next=has_next, has_previous=has_previous)}


def page_info(cursors: Sequence[str], *, has_next: bool, has_previous: bool) -> dict[str, Any]:
    """`pageInfo` of a page with these cursors, of which the first and the last are looked at."""
    return {
        "hasNextPage": has_next,
        "hasPreviousPage": has_previous,
        "startCursor": cursors[0] if cursors else None,
        "endCursor": cursors[-1] if cursors else None,
    }
