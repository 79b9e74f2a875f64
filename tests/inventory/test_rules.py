"""Evidence, activity and use: each limit at its edge, and what must hold for any table."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.facts import (
    Feed,
    TableFacts,
    activity,
    clamped,
    days_between,
    idle_days,
    in_use_for_score,
    is_zombie,
    table_evidence,
)
from thirdeye.inventory.rules import STRONG_EVIDENCE, Activity, Evidence, Thresholds, UnknownReason
from thirdeye.inventory.watched_days import watched_days

TODAY = date(2026, 11, 20)
WEAK_EVIDENCE = [kind for kind in Evidence if kind not in STRONG_EVIDENCE]
Judgement = tuple[Activity, UnknownReason | None]
UNREADABLE, UNDATED, FEW_DAYS, AGE = (
    (Activity.UNKNOWN, reason)
    for reason in (UnknownReason.UNREADABLE, UnknownReason.UNDATED, UnknownReason.FEW_DAYS, UnknownReason.AGE)
)
NO_FEED: Judgement = (Activity.UNKNOWN, UnknownReason.NO_FEED)
NEW, ACTIVE, COOLING, STALE, DORMANT = (
    (kind, None) for kind in (Activity.NEW, Activity.ACTIVE, Activity.COOLING, Activity.STALE, Activity.DORMANT)
)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def known(days: int | None, **more: Any) -> TableFacts:
    """A table that was never accessed, and known for so many days."""
    return TableFacts(known_since=None if days is None else ago(days), metadata_changed=TODAY, **more)


def read(days: int, **more: Any) -> TableFacts:
    """A table that was last accessed so many days ago."""
    return replace(known(900), accessed=ago(days), **more)


def watching(*days: range, **more: Any) -> Feed:
    """A feed whose watched days are so many days ago."""
    return Feed(watched=[ago(day) for each in days for day in each], **more)


# All days watched, long enough for anything.
ALWAYS = watching(range(800))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (None, None),
        (date(1999, 12, 31), None),
        (date(2000, 1, 1), date(2000, 1, 1)),
        (TODAY, TODAY),
        (TODAY + timedelta(days=1), TODAY),
        (date(9999, 1, 1), TODAY),
    ],
)
def test_days_are_clamped(day: date | None, expected: date | None) -> None:
    assert clamped(day, TODAY) == expected


def test_without_any_date_there_is_no_evidence() -> None:
    assert table_evidence(Evidence.METADATA, None) is Evidence.NONE
    assert table_evidence(Evidence.METADATA, TODAY) is Evidence.METADATA
    assert table_evidence(Evidence.QUERIES, None) is Evidence.QUERIES
    assert table_evidence(Evidence.LIFECYCLE, None) is Evidence.LIFECYCLE


# Rule 1: what was used lately is in use, whoever looked.


@pytest.mark.parametrize(("days", "expected"), [(0, ACTIVE), (30, ACTIVE), (31, COOLING), (90, COOLING)])
@pytest.mark.parametrize("evidence", list(Evidence))
def test_recent_use_counts_whatever_the_evidence(days: int, expected: Judgement, evidence: Evidence) -> None:
    changed = None if evidence is Evidence.NONE else TODAY
    table = read(days, metadata_changed=changed, is_unreadable=True, is_young=True, last_row=TODAY)
    assert activity(table, replace(ALWAYS, evidence=evidence, is_undated=True), TODAY) == expected
    assert activity(table, Feed(evidence=evidence), TODAY) == expected


# Rule 2: UNKNOWN.


@pytest.mark.parametrize("evidence", list(Evidence))
def test_nobody_knows_what_no_feed_tells(evidence: Evidence) -> None:
    feed = replace(ALWAYS, evidence=evidence)
    for table, expected in ((read(91), STALE), (known(500), DORMANT), (known(5, is_young=True), NEW)):
        assert activity(table, feed, TODAY) == (NO_FEED if evidence in WEAK_EVIDENCE else expected)


def test_an_access_that_cannot_be_read_is_unknown() -> None:
    assert activity(read(91, is_unreadable=True), ALWAYS, TODAY) == UNREADABLE
    assert activity(known(500, is_unreadable=True), ALWAYS, TODAY) == UNREADABLE
    assert activity(known(5, is_young=True, is_unreadable=True), ALWAYS, TODAY) == UNREADABLE


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        # Rows may be use for as long as they come, and for 30 watched days after.
        (known(500, last_row=ago(0)), UNDATED),
        (known(500, last_row=ago(29)), UNDATED),
        (known(500, last_row=ago(30)), COOLING),
        (known(500, last_row=ago(91)), STALE),
        (known(700, last_row=ago(366)), DORMANT),
        (read(300, last_row=ago(29)), UNDATED),
        (read(300, last_row=ago(30)), COOLING),
        (read(300, last_row=ago(90)), COOLING),
        (read(300, last_row=ago(91)), STALE),
        # The last row was a rise, or is older than another sign of use.
        (read(300, last_row=ago(300)), STALE),
        (read(300, last_row=ago(400)), STALE),
        # Never a row.
        (known(500), DORMANT),
    ],
)
def test_undated_rows_say_nothing_while_they_come(table: TableFacts, expected: Judgement) -> None:
    assert activity(table, replace(ALWAYS, is_undated=True), TODAY) == expected


def test_undated_rows_have_stopped_only_when_somebody_looked() -> None:
    # The newest 20 days, the 80 before not, and all before.
    seldom = watching(range(20), range(100, 800), is_undated=True)
    table = known(500, last_row=ago(105))
    assert activity(table, seldom, TODAY) == UNDATED
    assert activity(replace(table, last_row=ago(110)), seldom, TODAY) == COOLING
    assert idle_days(replace(table, last_row=ago(110)), seldom, TODAY) == 30


def test_a_last_row_that_was_a_rise_is_no_doubt() -> None:
    seldom = watching(range(20), range(100, 800), is_undated=True)
    assert activity(read(100, last_row=ago(100)), seldom, TODAY) == FEW_DAYS
    assert activity(read(101, last_row=ago(100)), seldom, TODAY) == UNDATED


def test_rows_of_a_dated_feed_say_when_they_were_used() -> None:
    assert activity(read(300, last_row=ago(1)), ALWAYS, TODAY) == STALE
    assert activity(known(500, last_row=ago(1)), ALWAYS, TODAY) == DORMANT


@pytest.mark.parametrize(
    ("last", "watched", "expected"),
    [
        # Half of the days since then: the newest so many.
        (91, 45, FEW_DAYS),
        (91, 46, COOLING),
        (400, 199, FEW_DAYS),
        (400, 200, STALE),
        (401, 200, FEW_DAYS),
        (401, 201, STALE),
        (800, 399, FEW_DAYS),
        (800, 400, DORMANT),
    ],
)
def test_half_of_the_days_since_the_last_access_must_be_watched(last: int, watched: int, expected: Judgement) -> None:
    assert activity(read(last), watching(range(watched)), TODAY) == expected
    # Those before the access do not help.
    assert activity(read(last), watching(range(watched), range(last, last + 300)), TODAY) == expected
    # Nor do those before the first access time of a feed of life cycles.
    lifecycles = replace(ALWAYS, evidence=Evidence.LIFECYCLE, since=ago(watched - 1))
    assert activity(read(last), lifecycles, TODAY) == expected


@pytest.mark.parametrize(("observed", "expected"), [(0, FEW_DAYS), (89, FEW_DAYS), (90, COOLING)])
def test_what_was_never_accessed_is_observed_for_90_days_first(observed: int, expected: Judgement) -> None:
    for days in (None, 90, 500):
        assert activity(known(days), watching(range(observed)), TODAY) == expected
    assert activity(known(5, is_young=True), replace(ALWAYS, observed=89), TODAY) == FEW_DAYS
    # Of an accessed one the days since then count, however briefly its feed is observed.
    assert activity(read(91), replace(ALWAYS, observed=observed), TODAY) == STALE


# Rule 3: never accessed, and young.


@pytest.mark.parametrize(
    ("days", "is_young", "expected"),
    [
        (0, True, NEW),
        (29, True, NEW),
        (30, True, AGE),
        (89, True, AGE),
        (90, True, COOLING),
        (0, False, AGE),
        (29, False, AGE),
        (89, False, AGE),
        (90, False, COOLING),
        (91, False, STALE),
        (None, False, DORMANT),
    ],
)
def test_a_table_is_new_only_if_a_sign_says_so(days: int | None, is_young: bool, expected: Judgement) -> None:
    assert activity(known(days, is_young=is_young), ALWAYS, TODAY) == expected


def test_an_accessed_table_is_not_new_and_its_age_does_not_matter() -> None:
    for is_young in (False, True):
        assert activity(replace(known(5, is_young=is_young), accessed=ago(3)), ALWAYS, TODAY) == ACTIVE
        # Restored with the times that it had elsewhere.
        assert activity(replace(known(5, is_young=is_young), accessed=ago(100)), ALWAYS, TODAY) == STALE


# Rule 4: by idle days.


@pytest.mark.parametrize(("days", "expected"), [(91, STALE), (365, STALE), (366, DORMANT), (799, DORMANT)])
def test_an_accessed_table_by_its_idle_days(days: int, expected: Judgement) -> None:
    assert activity(read(days), ALWAYS, TODAY) == expected
    assert activity(read(days), replace(ALWAYS, evidence=Evidence.LIFECYCLE, since=ago(799)), TODAY) == expected


@pytest.mark.parametrize(
    ("days", "observed", "expected"),
    [
        (500, 90, COOLING),
        (500, 91, STALE),
        (500, 365, STALE),
        (500, 366, DORMANT),
        (365, 400, STALE),
        (366, 400, DORMANT),
        (None, 366, DORMANT),
    ],
)
def test_a_table_never_accessed_is_idle_no_longer_than_observed(
    days: int | None, observed: int, expected: Judgement
) -> None:
    assert activity(known(days), replace(ALWAYS, observed=observed), TODAY) == expected


def test_days_on_which_nobody_looked_make_nothing_idle() -> None:
    weekdays = watching(*(range(start, start + 5) for start in range(0, 800, 7)))
    assert idle_days(read(140), weekdays, TODAY) == 100
    assert activity(read(126), weekdays, TODAY) == COOLING
    assert activity(read(127), weekdays, TODAY) == STALE


def test_a_feed_that_ends_makes_nothing_idle_after_its_newest_day() -> None:
    until_a_week_ago = watching(range(7, 800))
    assert idle_days(read(100), until_a_week_ago, TODAY) == 93
    assert idle_days(read(3), until_a_week_ago, TODAY) == 0
    assert idle_days(known(3), until_a_week_ago, TODAY) == 0


def test_days_before_the_first_access_time_are_not_watched() -> None:
    feed = replace(ALWAYS, evidence=Evidence.LIFECYCLE, since=ago(200))
    assert idle_days(known(500), feed, TODAY) == 201
    assert idle_days(read(500), feed, TODAY) == 201
    assert idle_days(read(200), feed, TODAY) == 200


@pytest.mark.parametrize("evidence", WEAK_EVIDENCE)
def test_an_access_without_a_feed_is_so_many_days_ago(evidence: Evidence) -> None:
    changed = None if evidence is Evidence.NONE else TODAY
    for feed in (Feed(evidence=evidence), replace(ALWAYS, evidence=evidence)):
        assert idle_days(read(45, metadata_changed=changed), feed, TODAY) == 45
        assert idle_days(read(0, metadata_changed=changed), feed, TODAY) == 0


def test_the_first_reason_that_applies_counts() -> None:
    """A table with every reason at once, of which one after the other is taken away."""
    feed = watching(range(800), evidence=Evidence.METADATA, is_undated=True, observed=89)
    table = known(29, is_unreadable=True, is_young=True, last_row=ago(29))
    steps: list[tuple[dict[str, Any], dict[str, Any], Judgement]] = [
        ({}, {}, NO_FEED),
        ({}, {"evidence": Evidence.QUERIES}, UNREADABLE),
        ({"is_unreadable": False}, {}, UNDATED),
        ({"last_row": None}, {}, FEW_DAYS),
        ({}, {"observed": 90}, NEW),
        ({"is_young": False}, {}, AGE),
        ({"known_since": ago(90)}, {}, COOLING),
        ({"known_since": ago(91)}, {"observed": 91}, STALE),
        ({"known_since": ago(366)}, {"observed": 366}, DORMANT),
    ]
    for of_table, of_feed, expected in steps:
        table, feed = replace(table, **of_table), replace(feed, **of_feed)
        assert activity(table, feed, TODAY) == expected


def test_the_first_reason_counts_for_an_accessed_table_too() -> None:
    feed = watching(range(45), evidence=Evidence.METADATA, is_undated=True)
    table = read(90, is_unreadable=True, is_young=True, last_row=ago(0))
    steps: list[tuple[dict[str, Any], dict[str, Any], Judgement]] = [
        ({}, {}, COOLING),
        ({"accessed": ago(91)}, {}, NO_FEED),
        ({}, {"evidence": Evidence.LIFECYCLE}, UNREADABLE),
        ({"is_unreadable": False}, {}, UNDATED),
        ({}, {"is_undated": False}, FEW_DAYS),
        ({}, {"watched": [ago(day) for day in range(91)]}, STALE),
    ]
    for of_table, of_feed, expected in steps:
        table, feed = replace(table, **of_table), replace(feed, **of_feed)
        assert activity(table, feed, TODAY) == expected


def test_the_limits_are_settings() -> None:
    limits = Thresholds(
        recent_days=5, new_days=3, active_days=10, cooling_days=20, stale_days=40, observed_min_days=15, known_min_days=12
    )  # fmt: skip
    cases: list[tuple[TableFacts, int, Judgement]] = [
        (read(10), 800, ACTIVE),
        (read(11), 800, COOLING),
        (read(21), 800, STALE),
        (read(41), 800, DORMANT),
        (known(2, is_young=True), 800, NEW),
        (known(3, is_young=True), 800, AGE),
        (known(11), 800, AGE),
        (known(12), 800, COOLING),
        (known(100), 14, FEW_DAYS),
        (known(100), 15, COOLING),
    ]
    for table, observed, expected in cases:
        assert activity(table, replace(ALWAYS, observed=observed), TODAY, limits) == expected
    undated = replace(ALWAYS, is_undated=True)
    assert activity(read(41, last_row=ago(4)), undated, TODAY, limits) == UNDATED
    assert activity(read(41, last_row=ago(5)), undated, TODAY, limits) == COOLING


# Use.


@pytest.mark.parametrize(("changed", "used"), [(90, True), (91, False), (None, False)])
def test_an_unknown_table_counts_as_used_while_its_metadata_changes(changed: int | None, used: bool) -> None:
    day = None if changed is None else ago(changed)
    assert in_use_for_score(Activity.UNKNOWN, day, TODAY) is used
    assert in_use_for_score(Activity.STALE, TODAY, TODAY) is False


@pytest.mark.parametrize("kind", list(Activity))
def test_only_idle_tables_without_queries_are_zombies(kind: Activity) -> None:
    assert is_zombie(kind, 0) is (kind in {Activity.STALE, Activity.DORMANT})
    assert is_zombie(kind, 1) is False
    assert is_zombie(kind, 0, lineage=True) is False


def test_use_spreads_through_lineage() -> None:
    assert in_use_for_score(Activity.DORMANT, None, TODAY, lineage=True)


# Whatever a table and its feed are.

some_day = st.none() | st.integers(0, 700).map(ago)
tables = st.builds(
    TableFacts,
    accessed=some_day,
    last_row=some_day,
    known_since=some_day,
    is_young=st.booleans(),
    is_unreadable=st.booleans(),
    metadata_changed=some_day,
)


def rhythm(first: int, newest: int, step: int) -> list[date]:
    return days_between(ago(newest + first), ago(newest), step)


watched_dates = st.builds(rhythm, st.integers(0, 600), st.integers(0, 40), st.integers(1, 3))
any_feed = st.builds(
    Feed,
    evidence=st.sampled_from(Evidence),
    watched=st.just([]) | watched_dates,
    since=some_day,
    is_undated=st.booleans(),
)
ORDER = [Activity.NEW, Activity.ACTIVE, Activity.COOLING, Activity.STALE, Activity.DORMANT]


@given(tables, any_feed, st.integers(0, 90))
def test_nothing_used_within_90_days_is_unknown_or_idle(table: TableFacts, feed: Feed, days: int) -> None:
    kind, reason = activity(replace(table, accessed=ago(days)), feed, TODAY)
    assert kind is (Activity.ACTIVE if days <= 30 else Activity.COOLING)
    assert reason is None


@given(tables, any_feed)
def test_exactly_the_unknown_have_a_reason(table: TableFacts, feed: Feed) -> None:
    kind, reason = activity(table, feed, TODAY)
    assert (kind is Activity.UNKNOWN) is (reason is not None)
    assert idle_days(table, feed, TODAY) >= 0


@given(tables, any_feed, st.integers(0, 700), st.integers(0, 700))
def test_a_newer_use_never_makes_a_table_more_idle(table: TableFacts, feed: Feed, first: int, second: int) -> None:
    newer, older = (replace(table, accessed=ago(days)) for days in sorted((first, second)))
    assert idle_days(newer, feed, TODAY) <= idle_days(older, feed, TODAY)
    of_newer, of_older = (activity(each, feed, TODAY)[0] for each in (newer, older))
    if Activity.UNKNOWN not in {of_newer, of_older}:
        assert ORDER.index(of_newer) <= ORDER.index(of_older)


@given(tables, any_feed)
def test_a_table_never_used_is_idle_no_longer_than_observed(table: TableFacts, feed: Feed) -> None:
    never = replace(table, accessed=None, last_row=None)
    assert idle_days(never, feed, TODAY) <= feed.observed_days


def feed_of(rows: Sequence[bool]) -> Feed:
    """One with rows on these days, of which the last is today."""
    days = np.flatnonzero(watched_days(np.array(rows, np.bool_), np.zeros(len(rows), np.bool_)))
    return Feed(watched=[ago(len(rows) - 1 - int(day)) for day in days])


@given(st.data())
def test_a_run_of_more_than_three_unwatched_days_changes_no_idle_days(data: st.DataObject) -> None:
    gaps = data.draw(st.lists(st.sampled_from([1, 1, 1, 2, 3, 4, 5, 9]), min_size=100, max_size=150))
    rows = [True, *(last for gap in gaps for last in [*[False] * (gap - 1), True])]
    # Before a day with a row the day after another, or in a gap that was not watched anyway.
    starts = np.cumsum([1, *gaps])
    places = [int(start) for start, gap in zip(starts, gaps, strict=False) if gap == 1 or gap > 4]
    place = data.draw(st.sampled_from(places))
    away = data.draw(st.integers(4, 200))
    later = [*rows[:place], *[False] * away, *rows[place:]]

    def table(length: int, day: int | None, since: int) -> TableFacts:
        """Of days that are places in `rows`."""
        moved = length - len(rows)
        days = [
            None if each is None else ago(length - 1 - each - (moved if each >= place else 0)) for each in (day, since)
        ]
        return TableFacts(accessed=days[0], known_since=days[1])

    used = data.draw(st.none() | st.sampled_from(np.flatnonzero(rows).tolist()))
    since = data.draw(st.integers(0, len(rows) - 1))
    before = idle_days(table(len(rows), used, since), feed_of(rows), TODAY)
    assert idle_days(table(len(later), used, since), feed_of(later), TODAY) == before
    assert feed_of(later).observed_days == feed_of(rows).observed_days
