"""Checks of the period that savings are summed over. Pure; raises BadInput that names the argument."""

from datetime import date, timedelta
from typing import Final

from thirdeye.errors import BadInput
from thirdeye.paging import EARLIEST_DAY
from thirdeye.verdict import validation

_LATEST_DAY: Final = date(9999, 12, 30)


def validate_period(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """The first and the last day: by default the year before the last day, which is today."""
    last = last or today
    if not EARLIEST_DAY <= last <= _LATEST_DAY:
        raise BadInput(f"to: must be from {EARLIEST_DAY} to {_LATEST_DAY}", "to")
    return validation.validate_period(first, last, today, timedelta(days=365))
