"""Another policy over columns made by hand, and its back-test with what was known by then."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from tests.support.prices import tariffs_of
from tests.support.second_risk import number_of
from thirdeye.inventory.columns import (
    ABSENT,
    CARED_FOR,
    IN_USE_THROUGH_SERIES,
    PRESENT,
    QUERY_FIELDS,
    WITHOUT_STORAGE,
    Columns,
    day_of,
)
from thirdeye.inventory.labels import no_labels
from thirdeye.inventory.query import Catalogue
from thirdeye.inventory.rules import ACTIVITY_CODE, Activity
from thirdeye.inventory.verdicts import BLOCKER_BIT, NEEDED, VERDICT_CODE, Blocker, Verdict
from thirdeye.verdict.periods import PeriodCounts
from thirdeye.verdict.prior import packaged_prior
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.simulation import back_test, simulate

TODAY = 20_000
# A part of a series, judged ARCHIVE by a policy before, and what differs in others.
PART = {
    "flags": PRESENT, "activity": ACTIVITY_CODE[Activity.DORMANT], "idle": 500, "risk": 11, "size": 10**12, "series": 1,
    "tags": 0, "blockers": BLOCKER_BIT[Blocker.PROTECTED_TAG], "verdict": VERDICT_CODE[Verdict.ARCHIVE],
}  # fmt: skip
TAGGED, VIEW, ABSENT_PART = {"tags": 1}, {"flags": PRESENT | WITHOUT_STORAGE}, {"flags": PRESENT | ABSENT}
USED = {"flags": PRESENT | IN_USE_THROUGH_SERIES, "blockers": BLOCKER_BIT[Blocker.SERIES_IN_USE]}


# Idle for 450 days or more, without a pause before, never used.
CELL = number_of((9, 0, 0))


def counts(**of: tuple[int, int]) -> PeriodCounts:
    """Tables and those that returned, in one cell, by age."""
    found = PeriodCounts()
    for name, (tables, returned) in of.items():
        age = int(name[1:])
        found.of(age).tables[CELL], found.of(age).returned[CELL] = tables, returned
    return found


def quiet(past: PeriodCounts, age: int, trials: int, used: int = 0) -> None:
    """Trials in the cell and those that it leads to."""
    for idle in (9, 10, 11):
        cell = number_of((idle, 0, 0))
        past.of(age).trials[cell], past.of(age).used[cell] = trials, used


def test_a_back_test_knows_only_what_was_known_by_then() -> None:
    # A year ago none had ever come back; by half a year ago half did in each period.
    past = counts(a12=(500, 50), a6=(700, 70))
    quiet(past, 30, 10_000)
    quiet(past, 8, 20_000, 15_000)
    found: Any = back_test(past, TODAY, Policy(delete_risk=0.15, archive_risk=0.3), packaged_prior())
    assert found["days"] == [day_of(TODAY - 360), day_of(TODAY - 180)]
    assert (found["delete"]["verdicts"], found["delete"]["regrets"]) == (500, 50)
    assert found["archive"]["verdicts"] == 0


def test_a_back_test_over_less_than_a_year_archives_at_most() -> None:
    past = counts(a6=(700, 7))
    quiet(past, 9, 100_000)
    found: Any = back_test(past, TODAY, Policy(), packaged_prior())
    assert (found["delete"]["verdicts"], found["archive"]["verdicts"], found["archive"]["regrets"]) == (0, 700, 7)
    # The season that was not seen.
    strict: Any = back_test(past, TODAY, Policy(archive_risk=0.149, delete_risk=0), packaged_prior())
    assert strict["archive"]["verdicts"] == 0


def test_a_back_test_without_a_past_says_nothing() -> None:
    found: Any = back_test(counts(), TODAY, Policy(), packaged_prior())
    assert (found["days"], found["delete"]["verdicts"], found["delete"]["rate"]) == ([], 0, None)


def test_a_back_test_minds_how_long_tables_were_idle() -> None:
    past = counts(a6=(500, 0))
    quiet(past, 20, 100_000)
    for least, verdicts in ((495, 500), (496, 0)):
        found: Any = back_test(past, TODAY, Policy(minimum_idle_days=least), packaged_prior())
        assert found["delete"]["verdicts"] == verdicts


def test_a_policy_is_applied_with_its_own_tags() -> None:
    columns = Columns(QUERY_FIELDS, 3)
    columns["flags"] = np.array([PRESENT, PRESENT, 0])
    columns["activity"] = np.full(3, ACTIVITY_CODE[Activity.DORMANT])
    columns["idle"], columns["risk"] = np.full(3, 500), np.full(3, 11)
    columns["size"], columns["query_cost"] = np.full(3, 10**12), np.full(3, np.nan)
    columns["tags"] = np.array([1, 0, 0])
    columns["blockers"] = np.array([BLOCKER_BIT[Blocker.PROTECTED_TAG], 0, 0])
    columns["verdict"] = np.array([VERDICT_CODE[Verdict.REVIEW], VERDICT_CODE[Verdict.DELETE], 0])
    catalogue = Catalogue(columns=columns, place_service=np.array([0]), tariffs=tariffs_of("0.02"))
    tags = [(), ("PII.Sensitive",)]
    as_now = simulate(catalogue, tags, no_labels(), {}, Policy(protected_tags=("PII",)), packaged_prior())
    assert (as_now["tables"], as_now["changed"], as_now["saving"]) == (1, 0, "20.000000")
    without = simulate(catalogue, tags, no_labels(), {}, Policy(), packaged_prior())
    assert (without["tables"], without["changed"], without["saving"]) == (2, 1, "40.000000")
    archived = simulate(
        catalogue, tags, no_labels(), {}, Policy(delete_risk=0.001, protected_tags=("PII",)), packaged_prior()
    )
    assert (archived["tables"], archived["changed"], archived["saving"]) == (1, 1, "16.000000")


@pytest.mark.parametrize("in_force", [0, BLOCKER_BIT[Blocker.CARED_FOR]])
def test_signs_of_care_count_where_the_policy_says_so(in_force: int) -> None:
    columns = Columns(QUERY_FIELDS, 2)
    columns["flags"] = np.array([PRESENT | CARED_FOR, PRESENT])
    columns["activity"], columns["risk"] = np.full(2, ACTIVITY_CODE[Activity.DORMANT]), np.full(2, 11)
    columns["idle"], columns["blockers"] = np.full(2, 500), np.array([in_force, 0])
    catalogue = Catalogue(columns=columns, place_service=np.array([0]), tariffs=tariffs_of("0.02"))
    for reviewed, tables in ((True, 1), (False, 2)):
        found = simulate(catalogue, [()], no_labels(), {}, Policy(review_cared_for=reviewed), packaged_prior())
        assert found["tables"] == tables


@pytest.mark.parametrize(
    ("parts", "protected", "expected"),
    [
        ([{}, {}], (), [Verdict.DELETE, Verdict.DELETE]),
        # The others have the blocker from the refresh, though not the tag.
        ([TAGGED, {}], ("PII",), [Verdict.REVIEW, Verdict.REVIEW]),
        ([TAGGED, {}], (), [Verdict.DELETE, Verdict.DELETE]),
        ([VIEW, {}], (), [Verdict.DELETE, Verdict.DELETE]),
        ([VIEW | {"blockers": NEEDED}, {}], (), [Verdict.REVIEW, Verdict.REVIEW]),
        ([VIEW | {"blockers": NEEDED}, {}, {"series": 2}], (), [Verdict.REVIEW, Verdict.REVIEW, Verdict.DELETE]),
        # While a series is in use, each part has what is its own.
        ([TAGGED | USED, USED], ("PII",), [Verdict.KEEP, Verdict.KEEP]),
        # What is absent has the verdict that it had; its tag counts for all, its last blockers for none.
        ([TAGGED | ABSENT_PART, {}], ("PII",), [Verdict.ARCHIVE, Verdict.REVIEW]),
        (
            [{**ABSENT_PART, "blockers": BLOCKER_BIT[Blocker.CRITICAL_TIER], "risk": 901}, {}],
            (),
            [Verdict.ARCHIVE, Verdict.DELETE],
        ),
    ],
)
def test_the_parts_of_a_series_have_one_verdict(
    parts: list[dict[str, int]], protected: tuple[str, ...], expected: list[Verdict]
) -> None:
    columns = Columns(QUERY_FIELDS, len(parts))
    for name in ("flags", "activity", "idle", "risk", "size", "series", "tags", "blockers", "verdict"):
        columns[name] = np.array([(PART | part)[name] for part in parts])
    columns["query_cost"] = np.full(len(parts), np.nan)
    catalogue = Catalogue(columns=columns, place_service=np.array([0]), tariffs=tariffs_of("0.02"))
    found = simulate(catalogue, [(), ("PII",)], no_labels(), {}, Policy(protected_tags=protected), packaged_prior())
    entries: Any = found["verdicts"]
    counts = {entry["recommendation"]: entry["tables"] for entry in entries if entry["tables"]}
    assert counts == Counter(verdict.value for verdict in expected)
    before = VERDICT_CODE[Verdict.ARCHIVE]
    assert found["changed"] == sum(VERDICT_CODE[verdict] != before for verdict in expected)
