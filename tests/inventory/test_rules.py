"""Evidence, activity and use: each limit at its edge, and what must hold for any table."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.facts import (
    TableFacts,
    activity,
    date_of_milliseconds,
    feed_evidence,
    idle_days,
    in_use_for_score,
    is_zombie,
    observed_days,
    sound_date,
    table_evidence,
)
from thirdeye.inventory.rules import Activity, Evidence, Feed, FeedState, Thresholds, assess_feed

TODAY = date(2026, 11, 20)
LIMITS = Thresholds()


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("day", "clamped"),
    [
        (None, None),
        (date(1999, 12, 31), None),
        (date(2000, 1, 1), date(2000, 1, 1)),
        (TODAY, TODAY),
        (TODAY + timedelta(days=1), TODAY),
        (date(9999, 1, 1), TODAY),
    ],
)
def test_days_are_clamped(day: date | None, clamped: date | None) -> None:
    assert sound_date(day, TODAY) == clamped


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (None, None),
        (0, None),
        (-1e20, None),
        (1e20, TODAY),
        (datetime(2026, 3, 12, 23, 59, 59, tzinfo=UTC).timestamp() * 1000, date(2026, 3, 12)),
        (datetime(2026, 3, 13, tzinfo=UTC).timestamp() * 1000, date(2026, 3, 13)),
    ],
)
def test_milliseconds_become_utc_dates(milliseconds: float | None, expected: date | None) -> None:
    assert date_of_milliseconds(milliseconds, TODAY) == expected


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        (Feed(tables=10, newest_usage=ago(30)), Evidence.QUERIES),
        (Feed(tables=10, newest_usage=ago(31)), Evidence.METADATA),
        (Feed(tables=10, lifecycle_tables=1, newest_lifecycle=ago(30)), Evidence.LIFECYCLE),
        (Feed(tables=11, lifecycle_tables=1, newest_lifecycle=ago(0)), Evidence.METADATA),
        (Feed(tables=10, lifecycle_tables=10, newest_lifecycle=ago(31)), Evidence.METADATA),
        (Feed(tables=10, newest_usage=ago(31), lifecycle_tables=1, newest_lifecycle=ago(1)), Evidence.LIFECYCLE),
        (Feed(tables=10), Evidence.METADATA),
    ],
)
def test_a_feed_that_stopped_is_no_evidence(feed: Feed, expected: Evidence) -> None:
    assert feed_evidence(feed, TODAY, LIMITS) is expected


def test_without_any_date_there_is_no_evidence() -> None:
    assert table_evidence(Evidence.METADATA, None) is Evidence.NONE
    assert table_evidence(Evidence.METADATA, TODAY) is Evidence.METADATA
    assert table_evidence(Evidence.QUERIES, None) is Evidence.QUERIES


def test_a_service_is_observed_since_its_earliest_sign_of_use() -> None:
    assert observed_days(Feed(first_usage=ago(100), first_lifecycle=ago(200)), TODAY) == 200
    assert observed_days(Feed(), TODAY) == 0


@pytest.mark.parametrize(
    ("idle", "expected"),
    [
        (0, Activity.ACTIVE),
        (30, Activity.ACTIVE),
        (31, Activity.COOLING),
        (90, Activity.COOLING),
        (91, Activity.STALE),
        (365, Activity.STALE),
        (366, Activity.DORMANT),
    ],
)
def test_activity_of_an_accessed_table_follows_its_idle_days(idle: int, expected: Activity) -> None:
    facts = TableFacts(service="s", last_usage=ago(idle))
    assert activity(facts, Evidence.QUERIES, 400, TODAY, LIMITS) is expected
    assert activity(facts, Evidence.METADATA, 400, TODAY, LIMITS) is Activity.UNKNOWN
    assert activity(facts, Evidence.NONE, 400, TODAY, LIMITS) is Activity.UNKNOWN


@pytest.mark.parametrize(
    ("created", "observed", "expected"),
    [
        (29, 0, Activity.NEW),
        (29, 400, Activity.NEW),
        (30, 89, Activity.UNKNOWN),
        (30, 90, Activity.ACTIVE),
        (31, 90, Activity.COOLING),
        (500, 90, Activity.COOLING),
        (500, 91, Activity.STALE),
        (500, 366, Activity.DORMANT),
        (None, 89, Activity.UNKNOWN),
        (None, 366, Activity.DORMANT),
    ],
)
def test_activity_of_a_table_never_accessed(created: int | None, observed: int, expected: Activity) -> None:
    facts = TableFacts(service="s", created=None if created is None else ago(created))
    assert activity(facts, Evidence.LIFECYCLE, observed, TODAY, LIMITS) is expected


def test_the_newest_of_both_signs_counts() -> None:
    facts = TableFacts(service="s", last_usage=ago(100), lifecycle_accessed=ago(10))
    assert idle_days(facts, 400, TODAY) == 10


@pytest.mark.parametrize(("changed", "used"), [(90, True), (91, False), (None, False)])
def test_an_unknown_table_counts_as_used_while_its_metadata_changes(changed: int | None, used: bool) -> None:
    day = None if changed is None else ago(changed)
    assert in_use_for_score(Activity.UNKNOWN, day, TODAY, LIMITS) is used
    assert in_use_for_score(Activity.STALE, TODAY, TODAY, LIMITS) is False


@pytest.mark.parametrize("kind", list(Activity))
def test_only_idle_tables_without_queries_are_zombies(kind: Activity) -> None:
    assert is_zombie(kind, 0) is (kind in {Activity.STALE, Activity.DORMANT})
    assert is_zombie(kind, 1) is False
    assert is_zombie(kind, 0, lineage=True) is False


def test_use_spreads_through_lineage() -> None:
    assert in_use_for_score(Activity.DORMANT, None, TODAY, LIMITS, lineage=True)


@pytest.mark.parametrize(
    ("feed", "state", "since"),
    [
        (Feed(tables=10, newest_usage=ago(1)), FeedState.LIVE, None),
        (Feed(tables=10, newest_usage=ago(75)), FeedState.SILENT, ago(75)),
        (
            Feed(tables=10, newest_usage=ago(75), lifecycle_tables=5, newest_lifecycle=ago(60)),
            FeedState.SILENT,
            ago(60),
        ),
        (Feed(tables=100, lifecycle_tables=5, newest_lifecycle=ago(1)), FeedState.ABSENT, None),
        (Feed(tables=10), FeedState.ABSENT, None),
    ],
)
def test_a_feed_is_live_silent_or_absent(feed: Feed, state: FeedState, since: date | None) -> None:
    verdict = assess_feed(feed, TODAY, LIMITS)
    assert (verdict.state, verdict.silent_since) == (state, since)


ORDER = [Activity.ACTIVE, Activity.COOLING, Activity.STALE, Activity.DORMANT]


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_more_recent_use_never_looks_more_idle(first: int, second: int) -> None:
    fresh, old = sorted((first, second))
    of_fresh, of_old = (
        activity(TableFacts(service="s", last_usage=ago(days)), Evidence.QUERIES, 5000, TODAY, LIMITS)
        for days in (fresh, old)
    )
    assert ORDER.index(of_fresh) <= ORDER.index(of_old)
