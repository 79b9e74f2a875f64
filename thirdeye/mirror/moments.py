"""Times as OpenMetadata's documents have them: milliseconds, and what custom connectors write instead. Pure."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple

_DAY_SECONDS: Final = 86_400
# Since 2000. The last day that a column can hold is in 2149.
_FIRST_SECOND: Final = 946_684_800
_LAST_SECOND: Final = 65_536 * _DAY_SECONDS - 1
# How many of each unit a second has. No number is a time in two of them: the ranges of years do not overlap.
_UNITS: Final = {"milliseconds": 10**3, "seconds": 1, "microseconds": 10**6, "nanoseconds": 10**9}
_MAX_TEXT: Final = 40


class Reading(StrEnum):
    """How a time was read."""

    ABSENT = "ABSENT"
    MILLISECONDS = "MILLISECONDS"
    OTHER_UNIT = "OTHER_UNIT"
    UNREADABLE = "UNREADABLE"


class Moment(NamedTuple):
    """The UTC day of a time, 0 for none, and how it was read. Days in the future are kept: which of them can be true
    depends on the day on which the rules run.
    """

    day: int
    reading: Reading


_NONE: Final = Moment(0, Reading.ABSENT)
_UNREADABLE: Final = Moment(0, Reading.UNREADABLE)


def read_moment(value: object) -> Moment:
    """Reads a time out of JSON: a number, or text with a number or an ISO date in it."""
    if value is None:
        return _NONE
    if isinstance(value, str):
        return _read_text(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _UNREADABLE
    return _read_number(value)


def _read_text(text: str) -> Moment:
    if len(text) > _MAX_TEXT:
        return _UNREADABLE
    try:
        return _read_number(float(text))
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _UNREADABLE
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        return _UNREADABLE
    return Moment(int(seconds // _DAY_SECONDS), Reading.OTHER_UNIT)


def _read_number(number: float) -> Moment:
    for unit, per_second in _UNITS.items():
        if _FIRST_SECOND * per_second <= number <= _LAST_SECOND * per_second:
            reading = Reading.MILLISECONDS if unit == "milliseconds" else Reading.OTHER_UNIT
            return Moment(int(number // (_DAY_SECONDS * per_second)), reading)
    return _UNREADABLE
