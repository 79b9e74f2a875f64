"""Moments as OM's data holds them, read a second time: by magnitude, or not at all."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

FIRST_DAY = date(2000, 1, 1)
# What a number counts, in units a second: only one of them gives a day that can be.
UNITS = (1, 10**3, 10**6, 10**9)
EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Moment:
    """A day, nothing at all, or something that cannot be read."""

    day: date | None = None
    unreadable: bool = False


def read_moment(value: Any, today: date) -> Moment:
    """A value of OM's json; None where the key is missing or null."""
    if value is None:
        return Moment()
    day = _day(value, today)
    return Moment(day, day is None)


def _day(value: Any, today: date) -> date | None:
    if isinstance(value, str):
        return _day_of_text(value.strip(), today)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value != value or value in (float("inf"), float("-inf")):
        return None
    for unit in UNITS:
        days = Fraction(value) / unit // 86_400
        if -EPOCH < days < 3_000_000 and (day := _possible(EPOCH + int(days), today)):
            return day
    return None


def _day_of_text(text: str, today: date) -> date | None:
    if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?", text):
        return _day(float(text) if "." in text else int(text), today)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _possible(aware.astimezone(UTC).toordinal(), today)


def _possible(ordinal: int, today: date) -> date | None:
    if not FIRST_DAY.toordinal() <= ordinal <= (today + timedelta(days=1)).toordinal():
        return None
    return min(date.fromordinal(ordinal), today)
