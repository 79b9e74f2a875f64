"""What a feed is worth: each limit at its edge, and what a confirmation lifts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.facts import PlaceFacts, assess
from thirdeye.inventory.feeds import FeedProblem, is_at_ceiling, stopped_together
from thirdeye.inventory.rules import Evidence, Thresholds

TODAY = date(2026, 11, 20)
P = FeedProblem


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def days(*spans: range) -> list[date]:
    return [ago(day) for span in spans for day in span]


# Rows on each of so many days, the last of them today.
GOOD = PlaceFacts(rows=days(range(400)))
# Its service, and not it, has rows on each day.
ELSEWHERE = PlaceFacts(rows_of_service=days(range(400)))


def test_a_feed_with_rows_on_every_day_is_without_fault() -> None:
    found = assess(GOOD, TODAY)
    assert (found.evidence, found.since, found.newest, found.observed) == (Evidence.QUERIES, ago(399), ago(0), 400)
    assert (found.coverage, found.partial, found.silent, found.problems) == (1.0, False, False, set())


# Covered.


@pytest.mark.parametrize(
    ("place", "since"),
    [
        # Of the schema and of its database.
        (GOOD, 399),
        (replace(ELSEWHERE, rows=days(range(100))), 99),
        (replace(ELSEWHERE, rows=days(range(20, 100)), rows_of_database=days(range(300))), 99),
        # Never a row of the schema, of the database, of the service.
        (ELSEWHERE, None),
        (replace(ELSEWHERE, rows_of_database=days(range(300))), None),
        (PlaceFacts(), None),
        # Confirmed, there are none to be had: from the first watched day of the service on.
        (replace(GOOD, is_confirmed=True), 399),
        (replace(ELSEWHERE, rows=days(range(100)), is_confirmed=True), 399),
        (replace(ELSEWHERE, is_confirmed=True), 399),
        # That of a service that was never watched tells nothing.
        (PlaceFacts(is_confirmed=True), None),
        (PlaceFacts(is_confirmed=True, runs=days(range(400))), None),
    ],
)
def test_a_place_is_covered_from_its_first_row_on_or_confirmed(place: PlaceFacts, since: int | None) -> None:
    found = assess(place, TODAY)
    is_covered = since is not None
    assert found.since == (ago(since) if since is not None else None)
    assert (found.evidence is Evidence.QUERIES, P.NEVER_SEEN in found.problems) == (is_covered, not is_covered)
    assert found.observed == (0 if since is None else since + 1)
    # What is not covered has no fault but that.
    assert is_covered or (found.problems, found.partial, found.silent) == ({P.NEVER_SEEN}, False, False)


def test_days_of_which_nobody_looked_are_not_observed() -> None:
    away = PlaceFacts(rows=days(range(100), range(104, 200)))
    assert assess(away, TODAY).observed == 196
    assert assess(replace(away, is_confirmed=True), TODAY).observed == 200
    # Three are a gap.
    assert assess(PlaceFacts(rows=days(range(100), range(103, 200))), TODAY).observed == 200
    assert assess(replace(away, runs=days(range(100, 104))), TODAY).observed == 200


# Stopped.


@pytest.mark.parametrize("is_confirmed", [False, True])
@pytest.mark.parametrize(("newest", "stopped"), [(0, False), (30, False), (31, True), (300, True)])
def test_a_feed_that_stopped_is_no_evidence_whoever_confirmed_it(
    newest: int, stopped: bool, is_confirmed: bool
) -> None:
    found = assess(PlaceFacts(rows=days(range(newest, 400)), is_confirmed=is_confirmed), TODAY)
    assert (found.evidence is Evidence.METADATA) is stopped
    assert (P.STOPPED in found.problems) is stopped
    assert found.observed == (0 if stopped else 400 - newest)
    assert (found.partial and stopped, found.silent) == (False, False)


def test_what_was_never_seen_did_not_stop() -> None:
    assert assess(PlaceFacts(rows_of_service=days(range(31, 400))), TODAY).problems == {P.NEVER_SEEN}


def test_a_run_without_a_row_keeps_a_feed_going() -> None:
    place = PlaceFacts(rows=days(range(35, 400)), runs=days(range(25, 35)))
    assert assess(place, TODAY).evidence is Evidence.QUERIES
    assert assess(place, TODAY).newest == ago(25)
    assert assess(replace(place, runs=()), TODAY).evidence is Evidence.METADATA


# Silent, or faded.


@pytest.mark.parametrize("quiet", ["schema", "database"])
@pytest.mark.parametrize("stopped_at_once", [False, True])
@pytest.mark.parametrize(("newest", "is_quiet"), [(30, False), (31, True)])
def test_more_than_30_watched_days_without_a_row(
    quiet: str, stopped_at_once: bool, newest: int, is_quiet: bool
) -> None:
    rows, others = days(range(newest, 400)), days(range(400))
    stopped: dict[str, Any] = {f"{quiet}_stopped": stopped_at_once}
    place = PlaceFacts(rows=rows, **{"rows_of_database" if quiet == "schema" else "rows_of_service": others}, **stopped)
    found = assess(place, TODAY)
    assert found.evidence is Evidence.QUERIES
    assert found.silent is (is_quiet and stopped_at_once)
    assert found.partial is (is_quiet and not stopped_at_once)
    assert found.problems == ({P.SILENT if stopped_at_once else P.FADED} if is_quiet else set())
    confirmed = assess(replace(place, is_confirmed=True), TODAY)
    assert (confirmed.silent, confirmed.partial, confirmed.problems) == (False, False, set())


def test_the_worse_of_schema_and_database_counts() -> None:
    quiet = PlaceFacts(rows=days(range(50, 400)), rows_of_service=days(range(400)), database_stopped=True)
    assert assess(quiet, TODAY).silent
    # The schema stopped as by a filter, its database has had no row for longer than it may.
    assert assess(replace(quiet, database_stopped=False, schema_stopped=True), TODAY).silent
    # One that stopped, and goes on, has not.
    busy = replace(quiet, rows=days(range(400)), schema_stopped=True)
    assert assess(busy, TODAY).problems == set()


def test_silence_is_counted_in_watched_days() -> None:
    """For 60 days only every sixth day was looked at."""
    seldom = days(range(0, 60, 6), range(60, 400))
    place = PlaceFacts(rows=days(range(60, 400)), rows_of_service=seldom)
    assert assess(place, TODAY).problems == {P.PARTIAL}
    # Confirmed ones fill the gaps, but a confirmation says that silence is none.
    assert assess(replace(place, is_confirmed=True), TODAY).problems == set()


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        # Tables as (days of use, days between the last use and the newest row).
        ([(10, 0)] * 3, True),
        ([(10, 0)] * 2, False),
        ([(10, 3)] * 3, True),
        ([(10, 0), (10, 0), (10, 4)], False),
        ([(10, 0), (10, 0), (9, 0)], False),
        ([(10, 0)] * 3 + [(10, 4)] * 3, True),
        ([(10, 0)] * 3 + [(10, 4)] * 4, False),
        # Those without a habit do not count, whenever they stopped.
        ([(10, 0)] * 3 + [(9, 4)] * 50, True),
        ([(9, 0)] * 50, False),
        ([], False),
    ],
)
def test_a_filter_stops_tables_together(tables: Sequence[tuple[int, int]], expected: bool) -> None:
    newest = 20_000
    # A group beside it that is another.
    both = [*tables, *[(10, 0)] * 3, (400, 300)]
    group = np.array([1] * len(tables) + [0] * 4)
    of_use, since = np.array(both).T
    last = (newest - since).astype(np.uint16)
    found = stopped_together(group, 2, of_use, last, np.array([newest, newest]))
    assert found.tolist() == [True, expected]


# Partial.


@pytest.mark.parametrize(
    ("span", "watched", "partial"),
    [
        # Days since the first watched one, and how many of them are: 60 %, and a day less.
        (50, 30, False),
        (50, 29, True),
        (90, 54, False),
        (90, 53, True),
        (91, 55, False),
        (91, 54, True),
        # Only the last 90 days and today count.
        (400, 55, False),
        (400, 54, True),
    ],
)
def test_less_than_60_percent_of_the_days_watched_is_partial(span: int, watched: int, partial: bool) -> None:
    recent = min(span, 91)
    older = range(91, span) if span > 91 else range(span - 1, span)
    # The newest ones, and the first of all; between them nobody looked.
    newest = watched if span > 91 else watched - 1
    place = PlaceFacts(rows=days(range(newest), older))
    found = assess(place, TODAY)
    assert found.coverage == pytest.approx(watched / recent)
    assert (found.partial, P.PARTIAL in found.problems) == (partial, partial)
    confirmed = assess(replace(place, is_confirmed=True), TODAY)
    assert (confirmed.partial, P.PARTIAL in confirmed.problems) == (False, False)


def test_a_service_that_was_never_watched_has_no_coverage() -> None:
    assert assess(PlaceFacts(), TODAY).coverage == 0
    # A feed of yesterday has half of its days.
    assert assess(PlaceFacts(rows=[ago(1)]), TODAY).coverage == 0.5


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        ([1000] * 20, True),
        ([1000] * 19, False),
        ([1000] * 19 + [950], True),
        ([1000] * 19 + [949] * 11, False),
        ([1000] + [950] * 19 + [1] * 10, True),
        ([1000] + [949] * 29, False),
        ([500] * 20, True),
        ([499] * 30, False),
        ([500] + [475] * 19, True),
        ([500] + [474] * 19, False),
        ([], False),
    ],
)
def test_totals_near_the_highest_look_cut_off(totals: list[int], expected: bool) -> None:
    assert is_at_ceiling(np.array(totals)) is expected
    assert is_at_ceiling(np.array(totals[::-1])) is expected


def test_a_feed_at_a_ceiling_is_partial_until_confirmed() -> None:
    place = replace(GOOD, is_at_ceiling=True)
    found = assess(place, TODAY)
    assert (found.partial, found.silent, found.problems) == (True, False, {P.CEILING})
    confirmed = assess(replace(place, is_confirmed=True), TODAY)
    assert (confirmed.partial, confirmed.problems) == (False, set())


def test_an_undated_feed_is_partial_whoever_confirmed_it() -> None:
    for is_confirmed in (False, True):
        found = assess(replace(GOOD, is_undated=True, is_confirmed=is_confirmed), TODAY)
        assert (found.evidence, found.partial, found.problems) == (Evidence.QUERIES, True, {P.UNDATED})
    stopped = assess(PlaceFacts(rows=days(range(31, 400)), is_undated=True), TODAY)
    assert (stopped.evidence, stopped.partial, stopped.problems) == (Evidence.METADATA, False, {P.UNDATED, P.STOPPED})
    assert assess(replace(ELSEWHERE, is_undated=True), TODAY).problems == {P.NEVER_SEEN}


@pytest.mark.parametrize(("observed", "is_young"), [(89, True), (90, False)])
def test_a_feed_of_less_than_90_watched_days_is_young(observed: int, is_young: bool) -> None:
    for place in (
        PlaceFacts(rows=days(range(observed))),
        PlaceFacts(lifecycles=(ago(observed - 1), ago(0)), rows_of_service=days(range(400))),
    ):
        assert (P.YOUNG in assess(place, TODAY).problems) is is_young
    assert P.YOUNG not in assess(ELSEWHERE, TODAY).problems


# Life cycles.


@pytest.mark.parametrize(
    ("newest", "evidence"), [(0, Evidence.LIFECYCLE), (30, Evidence.LIFECYCLE), (31, Evidence.METADATA)]
)
def test_access_times_are_a_feed_while_they_come(newest: int, evidence: Evidence) -> None:
    found = assess(PlaceFacts(lifecycles=(ago(500), ago(newest))), TODAY)
    assert found.evidence is evidence
    if evidence is Evidence.LIFECYCLE:
        # Days of the calendar, from the earliest ever seen to the newest.
        assert (found.since, found.newest, found.observed) == (ago(500), ago(newest), 501 - newest)
        assert (found.partial, found.silent, found.problems) == (False, False, {P.NEVER_SEEN})
    else:
        assert found.observed == 0


def test_queries_go_before_access_times_while_they_come() -> None:
    lifecycles = (ago(600), ago(1))
    assert assess(replace(GOOD, lifecycles=lifecycles), TODAY)[:4] == (Evidence.QUERIES, ago(399), ago(0), 400)
    for place in (PlaceFacts(rows=days(range(31, 400))), ELSEWHERE):
        found = assess(replace(place, lifecycles=lifecycles), TODAY)
        assert found[:4] == (Evidence.LIFECYCLE, ago(600), ago(1), 600)
        # What is wrong with its rows is no fault of the access times.
        assert (found.partial, found.silent) == (False, False)


def test_access_times_of_an_undated_service_are_ignored() -> None:
    place = replace(ELSEWHERE, lifecycles=(ago(600), ago(1)), is_undated=True)
    assert assess(place, TODAY).evidence is Evidence.METADATA


def test_the_limits_are_settings() -> None:
    limits = Thresholds(recent_days=5, observed_min_days=10)
    assert assess(PlaceFacts(rows=days(range(5, 20))), TODAY, limits).evidence is Evidence.QUERIES
    assert assess(PlaceFacts(rows=days(range(6, 20))), TODAY, limits).problems == {P.STOPPED}
    assert P.YOUNG not in assess(PlaceFacts(rows=days(range(10))), TODAY, limits).problems
    assert P.YOUNG in assess(PlaceFacts(rows=days(range(9))), TODAY, limits).problems


# Whatever there is of a place.

some_days = st.sets(st.integers(0, 120).map(ago), max_size=60)
places = st.builds(
    PlaceFacts,
    rows=some_days,
    rows_of_database=some_days,
    rows_of_service=some_days,
    runs=some_days,
    lifecycles=st.none()
    | st.tuples(st.integers(0, 120), st.integers(0, 120)).map(lambda ends: (ago(max(ends)), ago(min(ends)))),
    is_undated=st.booleans(),
    is_at_ceiling=st.booleans(),
    schema_stopped=st.booleans(),
    database_stopped=st.booleans(),
)


@given(places)
def test_a_confirmation_makes_no_feed_worse(place: PlaceFacts) -> None:
    found, confirmed = assess(place, TODAY), assess(replace(place, is_confirmed=True), TODAY)
    assert not confirmed.silent
    assert confirmed.partial is (place.is_undated and confirmed.evidence is Evidence.QUERIES)
    assert found.evidence is not Evidence.QUERIES or confirmed.evidence is Evidence.QUERIES
    assert not confirmed.problems & {P.SILENT, P.FADED, P.PARTIAL, P.CEILING}
    assert found.coverage <= confirmed.coverage
    if found.evidence is confirmed.evidence:
        assert found.observed <= confirmed.observed


@given(places, st.booleans())
def test_only_a_feed_is_observed_and_only_one_of_queries_doubted(place: PlaceFacts, is_confirmed: bool) -> None:
    found = assess(replace(place, is_confirmed=is_confirmed), TODAY)
    assert 0 <= found.coverage <= 1
    if found.evidence is Evidence.METADATA:
        assert (found.observed, found.since) == (0, None)
    else:
        assert found.since is not None and found.newest is not None
        assert 0 < found.observed <= (found.newest - found.since).days + 1
    if found.evidence is not Evidence.QUERIES:
        assert not (found.partial or found.silent)
    # All that makes a feed partial has a name, and both doubts are not said of the same silence.
    causes = found.problems & {P.FADED, P.PARTIAL, P.CEILING, P.UNDATED}
    assert not found.partial or causes
    assert not {P.SILENT, P.FADED} <= found.problems
    assert found.silent is (P.SILENT in found.problems)
