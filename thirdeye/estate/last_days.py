"""The last days of a table, one by one: watched or not, used or not. Pure."""

from datetime import date, timedelta
from typing import TypedDict

from thirdeye.inventory.directory import CALENDAR_DAYS


class TableDay(TypedDict):
    """A day as the API's `TableDay`; `used` is None where nobody can tell."""

    day: date
    watched: bool
    used: bool | None


def last_days(used: int, watched: int, last: date, known_from: date | None = None) -> list[TableDay]:
    """The days up to `last`, oldest first. `used` and `watched` are bits: the lowest is `last`.

    `known_from`: of the days before it nobody can tell whether the table was not used.
    """
    days = list[TableDay]()
    for ago in reversed(range(CALENDAR_DAYS)):
        day = last - timedelta(days=ago)
        is_used, is_watched = bool(used >> ago & 1), bool(watched >> ago & 1)
        is_known = is_used or (is_watched and (known_from is None or day >= known_from))
        days.append({"day": day, "watched": is_watched, "used": is_used if is_known else None})
    return days
