"""Days in sentences."""

from datetime import date

import pytest

from thirdeye.estate.dates import format_day


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 3, 12), "12 March 2026"),
        ("2026-03-01", "1 March 2026"),
        (None, "an unknown day"),
    ],
)
def test_days_are_written_out(day: date | str | None, text: str) -> None:
    assert format_day(day) == text
