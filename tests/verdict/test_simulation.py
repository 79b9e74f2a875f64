"""Another policy over columns made by hand, and its back-test with what was known by then."""

import numpy as np

from thirdeye.inventory.columns import PRESENT, QUERY_FIELDS, Columns, day_of
from thirdeye.inventory.query import Catalogue
from thirdeye.inventory.rules import ACTIVITY_CODE, Activity
from thirdeye.inventory.verdicts import BLOCKER_BIT, VERDICT_CODE, Blocker, Verdict
from thirdeye.verdict.return_risk import CLASSES, FUTURE_DAYS, MIN_STATES, StateCounts, upper_bound
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.simulation import back_test, simulate

TODAY = 20_000
# Idle for 90 to 119 days, without a pause before, never used.
CLASS = 30


def counts(**of: tuple[int, int]) -> StateCounts:
    """States and returns in one class, by days ago."""
    found = StateCounts()
    for name, (states, returned) in of.items():
        day = TODAY - int(name[1:])
        found.states[day], found.returned[day] = np.zeros(CLASSES, np.int64), np.zeros(CLASSES, np.int64)
        found.states[day][CLASS], found.returned[day][CLASS] = states, returned
    return found


def test_a_back_test_knows_only_what_was_known_by_then() -> None:
    quiet_then = counts(d540=(1000, 0), d360=(500, 50), d180=(700, 70))
    found = back_test(quiet_then, TODAY, Policy(delete_risk=0.05, archive_risk=0.3))
    assert found["days"] == [day_of(TODAY - 360), day_of(TODAY - 180)]
    # On the first day nothing had ever come back; by the second, 50 of 1,500 had.
    assert upper_bound(50, 1500) < 0.05
    assert (found["delete"]["verdicts"], found["delete"]["regrets"]) == (1200, 120)
    strict = back_test(quiet_then, TODAY, Policy(delete_risk=0.02, archive_risk=0.3))
    assert (strict["delete"]["verdicts"], strict["delete"]["regrets"]) == (500, 50)
    assert (strict["archive"]["verdicts"], strict["archive"]["regrets"]) == (700, 70)


def test_a_back_test_without_a_past_says_nothing() -> None:
    for of in ({}, {"d360": (MIN_STATES - 1, 0), "d180": (10, 0)}):
        found = back_test(counts(**of), TODAY, Policy())
        assert (found["delete"]["verdicts"], found["delete"]["rate"]) == (0, None)
    assert FUTURE_DAYS == 180


def test_a_back_test_minds_how_long_tables_were_idle() -> None:
    found = back_test(counts(d540=(1000, 0), d360=(500, 0)), TODAY, Policy(minimum_idle_days=91))
    assert found["delete"]["verdicts"] == 0
    found = back_test(counts(d540=(1000, 0), d360=(500, 0)), TODAY, Policy(minimum_idle_days=90))
    assert found["delete"]["verdicts"] == 500


def test_a_policy_is_applied_with_its_own_tags() -> None:
    columns = Columns(QUERY_FIELDS, 3)
    columns["flags"] = np.array([PRESENT, PRESENT, 0])
    columns["activity"] = np.full(3, ACTIVITY_CODE[Activity.DORMANT])
    columns["idle"], columns["risk"] = np.full(3, 500), np.full(3, 1)
    columns["size"], columns["query_cost"] = np.full(3, 10**12), np.full(3, np.nan)
    columns["tags"] = np.array([1, 0, 0])
    columns["blockers"] = np.array([BLOCKER_BIT[Blocker.PROTECTED_TAG], 0, 0])
    columns["verdict"] = np.array([VERDICT_CODE[Verdict.REVIEW], VERDICT_CODE[Verdict.DELETE], 0])
    catalogue = Catalogue(
        columns=columns, place_service=np.array([0]), prices=np.array([0.02]), risks=np.array([np.nan, 0.01])
    )
    tags = [(), ("PII.Sensitive",)]
    as_now = simulate(catalogue, tags, {}, Policy(protected_tags=("PII",)))
    assert (as_now["tables"], as_now["changed"], as_now["saving"]) == (1, 0, "20.000000")
    without = simulate(catalogue, tags, {}, Policy())
    assert (without["tables"], without["changed"], without["saving"]) == (2, 1, "40.000000")
    archived = simulate(catalogue, tags, {}, Policy(delete_risk=0.001, protected_tags=("PII",)))
    assert (archived["tables"], archived["changed"], archived["saving"]) == (1, 1, "16.000000")
