"""Dates as sentences have them."""

from datetime import date
from functools import lru_cache


@lru_cache(maxsize=4096)
def format_day(day: date | str | None) -> str:
    """A day such as 12 March 2026, from a date or an ISO date."""
    value = date.fromisoformat(day) if isinstance(day, str) else day
    return "an unknown day" if value is None else f"{value.day} {value:%B} {value.year}"
