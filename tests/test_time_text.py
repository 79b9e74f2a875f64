"""The text of a moment is the one that Python has for it."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from thirdeye.time_text import moment_text

ZONES = st.just(UTC) | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=ZONES | st.none()))
def test_it_is_that_of_isoformat(moment: datetime) -> None:
    assert moment_text(moment) == moment.isoformat()
