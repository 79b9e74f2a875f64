"""The custom scalars of the schema."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from ariadne import ScalarType

from thirdeye.errors import BadInput
from thirdeye.time_text import moment_text

# Python reads more than these: weeks, digits of other scripts, underscores, infinity.
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(rf"{_DAY.pattern}[Tt ][0-9:.]+(?:[Zz]|[+-][0-9:.]+)")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[Ee][+-]?[0-9]{1,2})?")
date_time = ScalarType("DateTime")
decimal = ScalarType("Decimal")
bytes_ = ScalarType("Bytes")
day = ScalarType("Date")


@date_time.serializer
def serialize_date_time(value: datetime | str) -> str:
    """With its offset; text was made by this function before."""
    return value if isinstance(value, str) else moment_text(value)


@date_time.value_parser
def parse_date_time(value: object) -> datetime:
    """A moment with an offset, in UTC and whole milliseconds. Raises BadInput otherwise."""
    problem = BadInput("a DateTime must be RFC 3339 with an offset, such as 2026-01-31T12:00:00Z")
    if not isinstance(value, str) or len(value) > 64 or not _MOMENT.fullmatch(value):
        raise problem
    try:
        moment = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise problem from None
    # As columns hold them: MySQL would round up, and at the end of the year 9999 that is no date.
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@decimal.serializer
def serialize_decimal(value: Decimal | str | int) -> str:
    """As plain digits, never with an exponent."""
    return f"{Decimal(value):f}"


@decimal.value_parser
def parse_decimal(value: object) -> Decimal:
    """An exact decimal out of a string or a whole number. Raises BadInput otherwise."""
    problem = BadInput('a Decimal must be a string of digits, such as "182.50"')
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if len(text) > 64 or not _DECIMAL.fullmatch(text):
        raise problem
    return Decimal(text)


@bytes_.serializer
def serialize_bytes(value: Decimal | str | int) -> int:
    """A whole number."""
    return int(value)


@bytes_.value_parser
def parse_bytes(value: object) -> int:
    """A whole number, as one or as digits. Raises BadInput otherwise."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput("Bytes must be a whole number")
    return value


def parse_count(value: str) -> int:
    """A whole number of 0 to 2^31 - 1, written in digits. Raises BadInput otherwise."""
    number: int = parse_bytes(value)
    if number > 2**31 - 1:
        raise BadInput("must be 0 to 2147483647")
    return number


@day.serializer
def serialize_day(value: date | str) -> str:
    """As 2026-01-31."""
    return value if isinstance(value, str) else value.isoformat()


@day.value_parser
def parse_day(value: object) -> date:
    """A day. Raises BadInput otherwise."""
    problem = BadInput("a Date must be a day such as 2026-01-31")
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise problem
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise problem from None


SCALARS = (date_time, decimal, bytes_, day)
