"""Verdicts on whole estates: blockers by place and by table, and what newer use and unwatched days may change."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from tests.support.prices import tariffs_of
from thirdeye.inventory.columns import ABSENT, PRESENT, QUERY_FIELDS, SOURCE_FIELDS, UNREADABLE_WRITE, Columns
from thirdeye.inventory.rules import ACTIVITY_CODE, Activity, TableColumns, idle_days
from thirdeye.inventory.verdicts import RISKS, UNKNOWN_IDLE_DAYS, VERDICTS, Blocker, Verdict, blockers_of
from thirdeye.inventory.watched_days import WatchedDays, watched_days
from thirdeye.mirror.advisor import DaysSoFar, Estate, Population
from thirdeye.verdict.cells import CELLS
from thirdeye.verdict.evaluation import VerdictInputs, judge
from thirdeye.verdict.periods import PastPeriods, PeriodCounts
from thirdeye.verdict.prior import packaged_prior
from thirdeye.verdict.return_risk import RiskModel
from thirdeye.verdict.rules import Policy

TODAY = 20_000
B = Blocker
# What following a verdict takes away from a table.
HARSHNESS = {Verdict.KEEP: 0, Verdict.REVIEW: 1, Verdict.STOP_REFRESH: 1, Verdict.ARCHIVE: 2, Verdict.DELETE: 3}
# Place 0 is without fault, 1 fell silent, 2 is partial, 3 was observed too briefly.
OBSERVED, SILENT, PARTIAL = (700, 700, 700, 399), (False, True, False, False), (False, False, True, False)
TABLE: dict[str, Any] = {
    "place": 0, "idle": 400, "gap": 20, "days": 40, "no_lineage": False, "signs": 0, "known_since": 10_000, "flags": PRESENT,
    "own_risk": 0,
}  # fmt: skip
SAFE = RiskModel.learnt(np.full(CELLS, 10_000), np.zeros(CELLS, np.int64), packaged_prior())


def judged(tables: list[dict[str, Any]], model: RiskModel = SAFE) -> list[tuple[Verdict, set[Blocker], float]]:
    """Verdict, blockers and risk of tables that differ from TABLE."""
    cases, count = [TABLE | each for each in tables], len(tables)
    query, source = Columns(QUERY_FIELDS, count), Columns(SOURCE_FIELDS, count)

    def column(name: str) -> Any:
        return np.array([case[name] for case in cases])

    idle = query["idle"] = column("idle")
    bounds = [
        (idle == UNKNOWN_IDLE_DAYS, Activity.UNKNOWN),
        (idle <= 90, Activity.COOLING),
        (idle <= 365, Activity.STALE),
    ]
    query["activity"] = np.select(
        [mask for mask, _ in bounds], [ACTIVITY_CODE[kind] for _, kind in bounds], ACTIVITY_CODE[Activity.DORMANT]
    )
    query["accessed"], query["flags"] = np.maximum(TODAY - idle, 0), column("flags")
    query["own_risk"] = column("own_risk")
    query["size"], query["query_cost"] = np.full(count, 10**12), np.full(count, np.nan)
    source["longest_gap"], source["days_of_use"] = column("gap"), column("days")
    source["signs"], source["known_since"] = column("signs"), column("known_since")
    nothing = np.zeros(0, np.int32)
    estate = Estate(
        query=query, source=source, present=np.ones(count, np.bool_), service=np.zeros(count, np.int32),
        place=column("place"), no_lineage=column("no_lineage"), observed=np.array(OBSERVED), partial=np.array(PARTIAL),
        silent=np.array(SILENT), mass_absence=np.zeros(len(SILENT), np.bool_),
        tariffs=tariffs_of("0.023"), nodes=count, sources=nothing, targets=nothing, tag_sets=[()],
        alive=np.ones(count, np.bool_), unknown_nodes=np.zeros(count, np.bool_), unread=np.zeros(count, np.bool_),
        incomplete=False, since=np.ones(len(SILENT), np.int64), young=np.zeros(count, np.bool_),
    )  # fmt: skip
    inputs = VerdictInputs(kept=frozenset(), calibration_off=frozenset())
    judge(estate, model, inputs, Policy(), TODAY)
    assert query["idle"].tolist() == idle.tolist()
    return [
        (VERDICTS[verdict], set(blockers_of(int(bits))), float(RISKS[risk]))
        for verdict, bits, risk in zip(query["verdict"], query["blockers"], query["risk"], strict=True)
    ]


@pytest.mark.parametrize(
    ("changed", "verdict", "blockers"),
    [
        ({}, Verdict.DELETE, set()),
        ({"place": 1}, Verdict.REVIEW, {B.FEED_SILENT}),
        ({"place": 2}, Verdict.ARCHIVE, {B.EVIDENCE_PARTIAL}),
        ({"place": 3}, Verdict.ARCHIVE, {B.SHORT_HISTORY}),
        ({"place": 3, "idle": 91}, Verdict.ARCHIVE, {B.SHORT_HISTORY}),
        ({"place": 1, "idle": 10}, Verdict.KEEP, {B.FEED_SILENT}),
        ({"place": 2, "idle": UNKNOWN_IDLE_DAYS}, Verdict.REVIEW, {B.EVIDENCE_PARTIAL, B.UNKNOWN_USAGE}),
        ({"no_lineage": True}, Verdict.ARCHIVE, {B.NO_LINEAGE}),
        ({"signs": UNREADABLE_WRITE}, Verdict.STOP_REFRESH, {B.RECENTLY_WRITTEN}),
        ({"known_since": TODAY - 30}, Verdict.DELETE, {B.RECENTLY_CREATED}),
        ({"known_since": TODAY - 31}, Verdict.DELETE, set()),
    ],
)
def test_what_is_known_of_a_place_and_of_a_table(
    changed: dict[str, Any], verdict: Verdict, blockers: set[Blocker]
) -> None:
    # A table beside it is judged by its own facts.
    (found, others), other = judged([changed, {}])[0][:2], judged([changed, {}])[1]
    assert (found, others) == (verdict, blockers)
    assert other[:2] == (Verdict.DELETE, set())


def test_what_is_absent_has_the_risk_that_it_had() -> None:
    # Its place is observed too briefly now, which says nothing of then.
    (_, _, there), (_, _, absent) = judged([{"place": 3}, {"place": 3, "flags": PRESENT | ABSENT, "own_risk": 124}])
    assert there > 0.15
    assert absent == 0.123


counts_by_cell = some.lists(some.sampled_from([0, 50, 250, 1_000]), min_size=20, max_size=20)


@given(
    ages=some.tuples(some.integers(91, 900), some.integers(91, 900)),
    trials=counts_by_cell,
    share=some.sampled_from([0.0, 0.02, 0.2]),
    changed=some.fixed_dictionaries(
        {
            "place": some.integers(0, 3),
            "gap": some.integers(0, 300),
            "days": some.integers(1, 60),
            "no_lineage": some.booleans(),
        }
    ),
)
def test_a_newer_use_never_makes_the_verdict_harsher_at_equal_risk(
    ages: tuple[int, int], trials: list[int], share: float, changed: dict[str, Any]
) -> None:
    counts = np.resize(np.array(trials), CELLS)
    model = RiskModel.learnt(counts, (counts * share).astype(np.int64), packaged_prior())
    newer, older = (judged([{**changed, "idle": idle}], model)[0] for idle in sorted(ages))
    # At most as likely to return as the older one.
    assume(newer[2] >= older[2])
    assert HARSHNESS[newer[0]] <= HARSHNESS[older[0]]


def past_of(rows: list[bool], uses: list[set[int]], known: list[int]) -> tuple[list[int], PeriodCounts]:
    """Idle days and periods of tables of a service with rows on some of its days; `uses` are places of days with rows."""
    days, count = np.array(rows), len(uses)
    positions = np.flatnonzero(days)
    watched = WatchedDays(TODAY - len(rows) + 1, [watched_days(days, np.zeros(len(rows), np.bool_))])
    first = TODAY - len(rows) + 1
    used = [sorted(first + int(positions[place]) for place in each) for each in uses]
    known_since = np.array([first + int(positions[place]) for place in known])
    zeros, newest = np.zeros(count, np.int64), np.full(count, first + int(positions[-1]))
    observed = watched.between(zeros, np.full(count, first + int(positions[0]) - 1), newest)
    tables = TableColumns(
        evidence=zeros, variant=zeros, since=zeros, newest=newest, observed=observed, undated=zeros > 0,
        accessed=np.array([max(each, default=0) for each in used]), last_row=zeros, known_since=known_since,
        young=zeros > 0, unreadable=zeros > 0,
    )  # fmt: skip
    newest_time = watched.up_to(np.zeros(1, np.int64), newest[:1])
    since = watched.up_to(zeros, known_since)
    past = PastPeriods(Population(variant=zeros, since=since, anchor=zeros, newest=newest_time, eligible=zeros == 0))
    last, number, gap = (np.zeros(count, np.int64) for _ in range(3))
    for place in positions.tolist():
        time = watched.up_to(np.zeros(1, np.int64), np.full(1, first + place))
        past.before_day(time, DaysSoFar(last, number, gap, zeros))
        for table in (table for table in range(count) if first + place in used[table]):
            gap[table] = max(gap[table], int(time[0]) - last[table]) if last[table] else 0
            last[table], number[table] = int(time[0]), number[table] + 1
    past.before_day(newest_time + 1, DaysSoFar(last, number, gap, zeros))
    return idle_days(tables, watched, TODAY).tolist(), past.counts


@settings(max_examples=50)
@given(data=some.data())
def test_days_on_which_nobody_looked_change_no_idle_day_and_no_risk(data: some.DataObject) -> None:
    steps = data.draw(some.lists(some.sampled_from([1, 1, 1, 2, 3, 4, 8]), min_size=150, max_size=200))
    place = some.integers(0, len(steps))
    uses = data.draw(some.lists(some.sets(place, max_size=6), min_size=1, max_size=4))
    known = [min([*each, data.draw(place)]) for each in uses]
    # Between two days with rows that follow each other: a longer gap would be one that counted as watched.
    where = data.draw(some.sampled_from([each for each, step in enumerate(steps) if step == 1] or [0]))
    assume(steps[where] == 1)
    longer = [*steps[:where], 1 + data.draw(some.integers(4, 200)), *steps[where + 1 :]]

    def rows(gaps: list[int]) -> list[bool]:
        return [True, *(last for gap in gaps for last in [*[False] * (gap - 1), True])]

    before, after = past_of(rows(steps), uses, known), past_of(rows(longer), uses, known)
    assert before[0] == after[0]
    assert before[1].document() == after[1].document()
