"""Purge score, blockers and the order of the decision list, case by case and by properties."""

from collections.abc import Iterable
from dataclasses import fields
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from thirdeye.inventory.columns import Array
from thirdeye.inventory.rules import ACTIVITY_CODE, Activity
from thirdeye.inventory.verdicts import (
    BLOCKER_BIT,
    NEEDED,
    UNKNOWN_IDLE_DAYS,
    UNKNOWN_PURGE_SCORE,
    VERDICTS,
    Blocker,
    Verdict,
)
from thirdeye.verdict.rules import BlockerFacts, Policy, blockers, purge_parts, purge_score, verdicts

TODAY = 20_000
# What following a verdict takes away from a table.
HARSHNESS = {Verdict.KEEP: 0, Verdict.REVIEW: 1, Verdict.STOP_REFRESH: 1, Verdict.ARCHIVE: 2, Verdict.DELETE: 3}


def parts_of(
    idle: int = 0, size: int = -1, queries: int = 0, accessed: int = TODAY, written: int = 0
) -> dict[str, float]:
    found = purge_parts(*(np.array([value]) for value in (idle, size, queries, accessed, written)), TODAY)
    return {name: float(values[0]) for name, values in found.items()}


@pytest.mark.parametrize(
    ("part", "values", "points"),
    [
        ("idle", {"idle": 0}, 0), ("idle", {"idle": 30}, 2), ("idle", {"idle": 60}, 4), ("idle", {"idle": 90}, 6),
        ("idle", {"idle": 135}, 7.25), ("idle", {"idle": 180}, 8.5), ("idle", {"idle": 365}, 10), ("idle", {"idle": 9999}, 10),
        ("size", {"size": -1}, 0), ("size", {"size": 0}, 0), ("size", {"size": 10**7}, 0), ("size", {"size": 10**5}, 0),
        ("size", {"size": 10**10}, 5), ("size", {"size": 10**13}, 10), ("size", {"size": 10**17}, 10),
        ("disuse", {"queries": 0}, 10), ("disuse", {"queries": 500}, 0), ("disuse", {"queries": 10**9}, 0),
        ("disuse", {"queries": 10}, 6.1428), ("refresh", {"written": 0}, 0),
        ("refresh", {"accessed": TODAY - 60, "written": TODAY - 45}, 5),
        ("refresh", {"accessed": TODAY - 60, "written": TODAY - 1}, 10),
        ("refresh", {"accessed": TODAY - 60, "written": TODAY - 60}, 0),
        ("refresh", {"accessed": TODAY - 60, "written": TODAY - 90}, 0),
        ("refresh", {"accessed": 0, "written": TODAY - 90}, 10), ("refresh", {"accessed": 0, "written": TODAY - 91}, 0),
        ("refresh", {"accessed": 0, "written": 0}, 0),
    ],
)  # fmt: skip
def test_parts_of_the_purge_score(part: str, values: dict[str, int], points: float) -> None:
    assert parts_of(**values)[part] == pytest.approx(points, abs=1e-4)


def test_the_score_is_weighted_rounded_half_up_and_null_for_unknown_use() -> None:
    def score(days: int, **points: float) -> int:
        parts = {name: np.array([points.get(name, 0.0)]) for name in ("idle", "size", "disuse", "refresh")}
        return int(purge_score(parts, np.array([days]))[0])

    assert score(5, idle=10, size=10, disuse=10, refresh=10) == 100
    assert score(5) == 0
    assert (score(5, idle=5), score(5, size=5), score(5, disuse=5), score(5, refresh=5)) == (30, 8, 8, 5)
    # 0.15 x 3 = 0.45, a half in tenths.
    assert score(5, size=3) == 5
    assert score(UNKNOWN_IDLE_DAYS, idle=10) == UNKNOWN_PURGE_SCORE


some_days = some.integers(1, 800)


@given(
    used=some_days,
    earlier=some_days,
    written=some.integers(0, 800),
    size=some.integers(-1, 10**15),
    queries=some.integers(0, 999),
)
def test_more_recent_use_never_raises_the_purge_score(
    used: int, earlier: int, written: int, size: int, queries: int
) -> None:
    later_ago, earlier_ago = sorted((used, earlier))

    def score(ago: int) -> int:
        values = (ago, size, queries, TODAY - ago, TODAY - written)
        parts = purge_parts(*(np.array([value]) for value in values), TODAY)
        return int(purge_score(parts, np.array([ago]))[0])

    assert score(later_ago) <= score(earlier_ago)


CASE: dict[str, Any] = {
    "activity": Activity.DORMANT, "idle": 400, "cost": 50.0, "without_storage": False, "without_plan": False,
    "risk": 0.01, "needed": False,
}  # fmt: skip


def verdicts_of(bits: Iterable[Iterable[Blocker]], policy: Policy | None = None, **changed: Any) -> list[Verdict]:
    """Of tables that differ in their blockers alone."""
    packed = np.array([sum(BLOCKER_BIT[blocker] for blocker in each) for each in bits], np.uint32)
    return verdicts_of_packed(packed, policy, **changed)


def verdicts_of_packed(packed: Array, policy: Policy | None = None, **changed: Any) -> list[Verdict]:
    """The same of blockers as columns hold them."""
    case = CASE | changed
    found = verdicts(
        activity=np.full(len(packed), ACTIVITY_CODE[case["activity"]], np.uint8),
        idle=np.full(len(packed), case["idle"]),
        cost=np.full(len(packed), case["cost"]),
        without_storage=np.full(len(packed), case["without_storage"]),
        without_plan=np.full(len(packed), case["without_plan"]),
        risk=np.full(len(packed), np.nan if case["risk"] is None else case["risk"]),
        bits=packed | NEEDED * np.uint32(case["needed"]),
        policy=policy or Policy(),
    )
    return [VERDICTS[code] for code in found.tolist()]


def verdict(policy: Policy | None = None, bits: Iterable[Blocker] = (), **changed: Any) -> Verdict:
    return verdicts_of([bits], policy, **changed)[0]


B = Blocker
VIEW = {"without_storage": True}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Verdict.DELETE), ({"activity": Activity.STALE, "idle": 91}, Verdict.DELETE),
        ({"risk": 0.05}, Verdict.DELETE), ({"risk": 0.0501}, Verdict.ARCHIVE), ({"risk": 0.30}, Verdict.ARCHIVE),
        ({"risk": 0.3001}, Verdict.REVIEW), ({"risk": None}, Verdict.REVIEW),
        ({"risk": 0.01, "bits": [B.SHORT_HISTORY]}, Verdict.ARCHIVE),
        ({"risk": 0.3, "bits": [B.SHORT_HISTORY]}, Verdict.ARCHIVE),
        ({"risk": 0.301, "bits": [B.SHORT_HISTORY, B.RETURN_RISK]}, Verdict.REVIEW),
        ({"bits": [B.RECENTLY_WRITTEN]}, Verdict.STOP_REFRESH),
        ({"bits": [B.CRITICAL_TIER]}, Verdict.REVIEW), ({"bits": [B.PROTECTED_TAG]}, Verdict.REVIEW),
        ({"bits": [B.IN_DATA_PRODUCT]}, Verdict.REVIEW), ({"bits": [B.CARED_FOR]}, Verdict.REVIEW),
        ({"bits": [B.CARED_FOR], "risk": 0.0501}, Verdict.REVIEW),
        ({"bits": [B.CARED_FOR, B.RECENTLY_WRITTEN]}, Verdict.STOP_REFRESH),
        ({"activity": Activity.UNKNOWN, "cost": 1.0, "bits": [B.IN_DATA_PRODUCT]}, Verdict.KEEP),
        ({"bits": [B.UNKNOWN_DOWNSTREAM]}, Verdict.REVIEW), ({"bits": [B.EVIDENCE_INCOMPLETE]}, Verdict.REVIEW),
        ({"bits": [B.CALIBRATION_OFF]}, Verdict.REVIEW), ({"bits": [B.RECENTLY_CREATED]}, Verdict.DELETE),
        ({"bits": [B.FEED_SILENT]}, Verdict.REVIEW), ({"bits": [B.FEED_SILENT, B.SHORT_HISTORY]}, Verdict.REVIEW),
        ({"bits": [B.EVIDENCE_PARTIAL]}, Verdict.ARCHIVE), ({"bits": [B.NO_LINEAGE]}, Verdict.ARCHIVE),
        ({"bits": [B.EVIDENCE_PARTIAL, B.NO_LINEAGE], "risk": 0.3}, Verdict.ARCHIVE),
        ({"bits": [B.EVIDENCE_PARTIAL], "risk": 0.3001}, Verdict.REVIEW),
        ({"bits": [B.EVIDENCE_PARTIAL, B.SHORT_HISTORY], "risk": 0.16}, Verdict.ARCHIVE),
        ({"bits": [B.EVIDENCE_PARTIAL, B.SHORT_HISTORY], "risk": 0.31}, Verdict.REVIEW),
        ({"bits": [B.EVIDENCE_PARTIAL, B.RECENTLY_WRITTEN]}, Verdict.STOP_REFRESH),
        ({"bits": [B.MASS_ABSENCE]}, Verdict.REVIEW), ({"bits": [B.MASS_ABSENCE, B.RECENTLY_WRITTEN]}, Verdict.REVIEW),
        ({"bits": [B.SERIES_IN_USE]}, Verdict.KEEP), ({"bits": [B.SERIES_IN_USE, B.MASS_ABSENCE]}, Verdict.KEEP),
        ({"activity": Activity.UNKNOWN, "bits": [B.SERIES_IN_USE]}, Verdict.KEEP),
        ({"bits": [B.ACTIVE_DOWNSTREAM]}, Verdict.KEEP), ({"bits": [B.KEPT_BY_OWNER]}, Verdict.KEEP),
        ({"activity": Activity.NEW}, Verdict.KEEP), ({"activity": Activity.ACTIVE}, Verdict.KEEP),
        ({"activity": Activity.COOLING}, Verdict.KEEP),
        ({"activity": Activity.UNKNOWN, "idle": UNKNOWN_IDLE_DAYS, "cost": 10.0}, Verdict.REVIEW),
        ({"activity": Activity.UNKNOWN, "idle": UNKNOWN_IDLE_DAYS, "cost": 9.99}, Verdict.KEEP),
        ({"activity": Activity.UNKNOWN, "idle": UNKNOWN_IDLE_DAYS, "cost": float("nan")}, Verdict.KEEP),
        # What comes first in the list wins.
        ({"activity": Activity.UNKNOWN, "bits": [B.KEPT_BY_OWNER]}, Verdict.KEEP),
        ({"activity": Activity.UNKNOWN, "bits": [B.ACTIVE_DOWNSTREAM]}, Verdict.KEEP),
        ({"activity": Activity.UNKNOWN, "cost": 1.0, "bits": [B.CRITICAL_TIER]}, Verdict.KEEP),
        ({"bits": [B.ACTIVE_DOWNSTREAM, B.CRITICAL_TIER]}, Verdict.KEEP),
        ({"bits": [B.ACTIVE_DOWNSTREAM, B.FEED_SILENT]}, Verdict.KEEP),
        ({"activity": Activity.UNKNOWN, "cost": 1.0, "bits": [B.FEED_SILENT]}, Verdict.KEEP),
        ({"bits": [B.FEED_SILENT, B.RECENTLY_WRITTEN]}, Verdict.REVIEW),
        ({"bits": [B.CRITICAL_TIER, B.RECENTLY_WRITTEN]}, Verdict.REVIEW),
        ({"without_storage": True, "bits": [B.RECENTLY_WRITTEN]}, Verdict.REVIEW),
        ({"risk": 0.9, "bits": [B.RECENTLY_WRITTEN]}, Verdict.STOP_REFRESH),
        # Clean-up of what has no storage, where rule 6 holds and nothing depends on it.
        (VIEW, Verdict.DELETE), (VIEW | {"needed": True}, Verdict.REVIEW), (VIEW | {"risk": 0.0501}, Verdict.REVIEW),
        (VIEW | {"risk": None}, Verdict.REVIEW), (VIEW | {"activity": Activity.COOLING}, Verdict.KEEP),
        (VIEW | {"activity": Activity.UNKNOWN}, Verdict.REVIEW),
        *(
            (VIEW | {"bits": [each]}, Verdict.REVIEW)
            for each in (
                B.SHORT_HISTORY, B.NO_LINEAGE, B.EVIDENCE_PARTIAL, B.CRITICAL_TIER, B.UNKNOWN_DOWNSTREAM, B.CARED_FOR,
                B.RECENTLY_WRITTEN,
            )
        ),
        (VIEW | {"bits": [B.KEPT_BY_OWNER]}, Verdict.KEEP),
        ({"without_plan": True}, Verdict.REVIEW),
        ({"without_plan": True, "bits": [B.ACTIVE_DOWNSTREAM]}, Verdict.KEEP),
        ({"activity": Activity.NEW, "bits": [B.CRITICAL_TIER]}, Verdict.KEEP),
    ],
)  # fmt: skip
def test_the_decision_list(changed: dict[str, Any], expected: Verdict) -> None:
    assert verdict(**changed) == expected


def test_a_policy_moves_the_limits() -> None:
    assert verdict(Policy(delete_risk=0.001)) == Verdict.ARCHIVE
    assert verdict(Policy(delete_risk=0.001, archive_risk=0.005)) == Verdict.REVIEW
    assert verdict(Policy(minimum_idle_days=400)) == Verdict.DELETE
    # At a limit of 0 nothing goes, as no risk is 0; at 1 everything may.
    assert verdict(Policy(delete_risk=0, archive_risk=0), risk=0.001) == Verdict.REVIEW
    assert verdict(Policy(delete_risk=1, archive_risk=1), risk=1.0) == Verdict.DELETE
    assert verdict(Policy(minimum_idle_days=401)) == Verdict.REVIEW


@pytest.mark.parametrize("activity", list(Activity))
@pytest.mark.parametrize("risk", [None, 0.01, 0.2, 0.9])
def test_a_new_blocker_never_makes_a_verdict_harsher(activity: Activity, risk: float | None) -> None:
    sets = np.array([sum(bits) for count in range(3) for bits in combinations(BLOCKER_BIT.values(), count)], np.uint32)
    # Each distinct set is judged once.
    judged, places = np.unique(
        sets[:, np.newaxis] | np.array([0, *BLOCKER_BIT.values()], np.uint32), return_inverse=True
    )
    found = verdicts_of_packed(judged, activity=activity, risk=risk)
    harshness = np.array([HARSHNESS[each] for each in found])[places].reshape(len(sets), -1)
    before, after = harshness[:, :1], harshness[:, 1:]
    harsher = [(f"{sets[row]:b}", list(BLOCKER_BIT)[added]) for row, added in np.argwhere(after > before).tolist()]
    assert harsher == []


def test_each_blocker_comes_from_its_own_fact() -> None:
    quiet: dict[str, Any] = {
        "activity": Activity.DORMANT, "written": TODAY - 31, "unreadable_write": False, "known_since": TODAY - 31,
        "critical_tier": False, "protected": False, "in_data_product": False, "cared_for": False,
        "kept": False, "in_use_downstream": False, "unknown_downstream": False, "no_lineage": False,
        "feed_silent": False, "evidence_partial": False, "short_history": False, "calibration_off": False,
        "series_in_use": False, "mass_absence": False, "return_risk": False,
    }  # fmt: skip

    def found(incomplete: bool = False, review_cared_for: bool = True, **changed: Any) -> set[Blocker]:
        case = quiet | changed
        case["activity"] = ACTIVITY_CODE[case["activity"]]
        columns = {name: np.array([value]) for name, value in case.items()}
        policy = Policy(review_cared_for=review_cared_for)
        bits = int(blockers(BlockerFacts(**columns, incomplete=incomplete), TODAY, policy)[0])
        return {blocker for blocker in Blocker if bits & BLOCKER_BIT[blocker]}

    assert {each.name for each in fields(BlockerFacts)} == {*quiet, "incomplete"}
    assert found() == set()
    cases: list[tuple[dict[str, Any], Blocker]] = [
        ({"in_use_downstream": True}, B.ACTIVE_DOWNSTREAM), ({"unknown_downstream": True}, B.UNKNOWN_DOWNSTREAM),
        ({"critical_tier": True}, B.CRITICAL_TIER), ({"protected": True}, B.PROTECTED_TAG),
        ({"in_data_product": True}, B.IN_DATA_PRODUCT), ({"cared_for": True}, B.CARED_FOR),
        ({"written": TODAY - 30}, B.RECENTLY_WRITTEN), ({"unreadable_write": True}, B.RECENTLY_WRITTEN),
        ({"written": 0, "unreadable_write": True}, B.RECENTLY_WRITTEN),
        ({"known_since": TODAY - 30}, B.RECENTLY_CREATED), ({"no_lineage": True}, B.NO_LINEAGE),
        ({"feed_silent": True}, B.FEED_SILENT), ({"evidence_partial": True}, B.EVIDENCE_PARTIAL),
        ({"activity": Activity.UNKNOWN}, B.UNKNOWN_USAGE), ({"short_history": True}, B.SHORT_HISTORY),
        ({"incomplete": True}, B.EVIDENCE_INCOMPLETE), ({"kept": True}, B.KEPT_BY_OWNER),
        ({"calibration_off": True}, B.CALIBRATION_OFF), ({"series_in_use": True}, B.SERIES_IN_USE),
        ({"mass_absence": True}, B.MASS_ABSENCE), ({"return_risk": True}, B.RETURN_RISK),
    ]  # fmt: skip
    assert {blocker for _, blocker in cases} == set(Blocker)
    for changed, blocker in cases:
        assert found(**changed) == {blocker}
    # An unknown day is not lately.
    assert found(written=0, known_since=0) == set()
    # Who looks after a table is no blocker, unless the policy says so.
    assert found(review_cared_for=False, cared_for=True) == set()
