"""Checks of the period that savings are summed over. Pure; raises BadInput that names the argument."""

from datetime import date, timedelta
from typing import Final

from thirdeye.errors import BadInput
from thirdeye.paging import EARLIEST_DAY

_LATEST_DAY: Final = date(9999, 12, 30)
_MAX_PERIOD: Final = timedelta(days=10 * 366)
_DEFAULT_PERIOD: Final = timedelta(days=365)


def validate_period(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """The first and the last day: by default the year before the last day, which is today."""
    last = last or today
    if not EARLIEST_DAY <= last <= _LATEST_DAY:
        raise BadInput(f"to: must be from {EARLIEST_DAY} to {_LATEST_DAY}", "to")
    first = first or last - _DEFAULT_PERIOD
    if first > last:
        raise BadInput("from: must not be after to", "from")
    if last - first > _MAX_PERIOD:
        raise BadInput("from: at most ten years before to", "from")
    return first, last
