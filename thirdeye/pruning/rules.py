"""How long things are kept. Pure."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

# All scores of the last days, then of each hour the first and the last, then of each day.
ALL_SCORES_DAYS: Final = 7
HOURLY_SCORES_DAYS: Final = 90
RUN_DAYS: Final = 400
# Findings that came and went without anybody: what they were is told by the savings.
FINDING_DAYS: Final = 400
# Twice what answers look back to.
VERDICT_DAYS: Final = 1_100
# Measurements of one table in one month become one.
SAVING_DAYS: Final = 400
DENIAL_DAYS: Final = 1
# Longer than forecasts and the page look back to.
DAILY_FACTS_DAYS: Final = 1_100


class ScoreLimits(NamedTuple):
    """Scores before `hourly` are thinned to hours, before `daily` to days: whole hours and days."""

    hourly: datetime
    daily: datetime


def score_limits(now: datetime) -> ScoreLimits:
    """Where whole buckets end that are old enough."""
    hourly = (now - timedelta(days=ALL_SCORES_DAYS)).replace(minute=0, second=0, microsecond=0)
    daily = (now - timedelta(days=HOURLY_SCORES_DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    return ScoreLimits(hourly, daily)


def month_limit(now: datetime, days: int = SAVING_DAYS) -> datetime:
    """The beginning of the month of so many days ago: those before it are old as a whole."""
    limit = now - timedelta(days=days)
    return limit.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
