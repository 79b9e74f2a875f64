"""The cursors of lists: made for each item, and parsed when they come back. All parsing raises BadInput."""

import math
from datetime import datetime
from typing import Final

from thirdeye.errors import BadInput
from thirdeye.inventory.query import Position, Sort
from thirdeye.paging import cursor_time, decode_cursor, encode_cursor, parse_cursor_time

_MAX_ID: Final = 2**63 - 1


def table_cursor(sort: Sort, value: float | None, number: int) -> str:
    """The cursor of a table with this sort value (None: unknown) and number."""
    return encode_cursor(sort.key, sort.direction, "" if value is None else repr(value), number)


def parse_table_cursor(cursor: str | None, sort: Sort, argument: str) -> Position | None:
    """The position of a cursor in a list with this sort; `argument` is the name that errors give."""
    if cursor is None:
        return None
    key, direction, text, number = decode_cursor(cursor, (str, str, str, int), argument)
    if (key, direction) != (sort.key, sort.direction):
        raise BadInput(f"{argument}: this cursor belongs to a list with another sortBy or sortDir", argument)
    try:
        value = float(text) if text else None
    except ValueError:
        value = math.nan
    if not 0 <= number < 2**31 or (value is not None and not math.isfinite(value)):
        raise _unknown_cursor(argument)
    return Position(value=value, number=number)


def run_cursor(run: int) -> str:
    """The cursor of a refresh."""
    return encode_cursor(run)


def parse_run_cursor(cursor: str | None) -> int:
    """The id of the refresh that a page comes after; without a cursor, one above all ids."""
    if cursor is None:
        return _MAX_ID
    run: int = decode_cursor(cursor, (int,))[0]
    if not 0 < run <= _MAX_ID:
        raise _unknown_cursor("after")
    return run


def change_cursor(changed_at: datetime, change: int) -> str:
    """The cursor of a change."""
    return encode_cursor(cursor_time(changed_at), change)


def parse_change_cursor(cursor: str | None) -> tuple[datetime, int] | None:
    """When the change of a cursor was found, and its id."""
    if cursor is None:
        return None
    text, change = decode_cursor(cursor, (str, int))
    try:
        moment = parse_cursor_time(text)
    except ValueError:
        raise _unknown_cursor("after") from None
    if moment.year < 1970 or not 0 < change <= _MAX_ID:
        raise _unknown_cursor("after")
    return moment, change


def _unknown_cursor(argument: str) -> BadInput:
    return BadInput(f"{argument}: this is no cursor of this list", argument)
