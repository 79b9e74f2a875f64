"""The custom scalars of the schema."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from ariadne import ScalarType

from thirdeye.errors import BadInput

date_time = ScalarType("DateTime")
decimal = ScalarType("Decimal")
bytes_ = ScalarType("Bytes")
day = ScalarType("Date")


@date_time.serializer
def serialize_date_time(value: datetime | str) -> str:
    """With its offset; text was made by this function before."""
    return value if isinstance(value, str) else value.isoformat()


@date_time.value_parser
def parse_date_time(value: object) -> datetime:
    """A moment with an offset, in UTC. Raises BadInput otherwise."""
    problem = BadInput("a DateTime must be RFC 3339 with an offset, such as 2026-01-31T12:00:00Z")
    if not isinstance(value, str) or len(value) > 64:
        raise problem
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise problem
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise problem from None


@decimal.serializer
def serialize_decimal(value: Decimal | str | int) -> str:
    """As plain digits, never with an exponent."""
    return f"{Decimal(value):f}"


@decimal.value_parser
def parse_decimal(value: object) -> Decimal:
    """An exact decimal out of a string or a whole number. Raises BadInput otherwise."""
    problem = BadInput('a Decimal must be a string of digits, such as "182.50"')
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > 64:
        raise problem
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise problem from None
    if not number.is_finite():
        raise problem
    return number


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
    try:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise BadInput("a Date must be a day such as 2026-01-31")


SCALARS = (date_time, decimal, bytes_, day)
