"""What an approval makes of a verdict, case by case and by properties; and when one ends."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from thirdeye.inventory.columns import QUERY_FIELDS, Columns
from thirdeye.inventory.rules import ACTIVITY_CODE, Activity
from thirdeye.inventory.series import parts_of
from thirdeye.inventory.verdicts import (
    ALL_BLOCKERS,
    APPROVED,
    BLOCKER_BIT,
    UNKNOWN_IDLE_DAYS,
    VERDICTS,
    Blocker,
    Verdict,
)
from thirdeye.verdict.approvals.rules import (
    LIFTED,
    Ending,
    Standing,
    ending,
    lift,
    may_approve,
    verdicts_with_approvals,
)
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.series import share_blockers, unused_series

TODAY = 20_000
B = Blocker
RULE_1 = {B.ACTIVE_DOWNSTREAM, B.SERIES_IN_USE, B.KEPT_BY_OWNER}
RULE_3 = {
    B.CRITICAL_TIER, B.PROTECTED_TAG, B.IN_DATA_PRODUCT, B.UNKNOWN_DOWNSTREAM, B.EVIDENCE_INCOMPLETE, B.FEED_SILENT,
    B.CALIBRATION_OFF, B.MASS_ABSENCE,
}  # fmt: skip
HARSHNESS = {Verdict.KEEP: 0, Verdict.REVIEW: 1, Verdict.STOP_REFRESH: 1, Verdict.ARCHIVE: 2, Verdict.DELETE: 3}
CASE: dict[str, Any] = {
    "activity": Activity.DORMANT, "idle": 400, "accessed": TODAY - 400, "known_since": TODAY - 500, "cost": 50.0,
    "without_storage": False, "without_plan": False, "risk": 0.9, "bits": (),
}  # fmt: skip
UNKNOWN = {"activity": Activity.UNKNOWN, "idle": UNKNOWN_IDLE_DAYS}


def verdict(policy: Policy | None = None, *, approved: bool = True, **changed: Any) -> Verdict:
    case = CASE | changed
    activity = np.array([ACTIVITY_CODE[case["activity"]]], np.uint8)
    accessed, known_since = np.array([case["accessed"]]), np.array([case["known_since"]])
    bits = np.array([sum(BLOCKER_BIT[blocker] for blocker in case["bits"])], np.uint32)
    bits = lift(bits, may_approve(activity, accessed, known_since, bits, TODAY) & approved)
    found = verdicts_with_approvals(
        activity=activity,
        idle=np.array([case["idle"]]),
        accessed=accessed,
        cost=np.array([case["cost"]]),
        without_storage=np.array([case["without_storage"]]),
        without_plan=np.array([case["without_plan"]]),
        risk=np.array([np.nan if case["risk"] is None else case["risk"]]),
        bits=bits,
        policy=policy or Policy(),
        today=TODAY,
    )
    return VERDICTS[int(found[0])]


@pytest.mark.parametrize(
    ("changed", "without", "approved"),
    [
        ({}, Verdict.REVIEW, Verdict.DELETE), ({"risk": 0.2}, Verdict.ARCHIVE, Verdict.DELETE),
        ({"risk": None, "bits": [B.SHORT_HISTORY], "idle": 95}, Verdict.REVIEW, Verdict.DELETE),
        ({"risk": 0.01, "bits": [B.NO_LINEAGE]}, Verdict.ARCHIVE, Verdict.DELETE),
        ({"risk": 0.01, "bits": [B.EVIDENCE_PARTIAL]}, Verdict.ARCHIVE, Verdict.DELETE),
        ({"risk": None, "bits": [*LIFTED]}, Verdict.REVIEW, Verdict.DELETE),
        ({"bits": [B.RECENTLY_WRITTEN]}, Verdict.STOP_REFRESH, Verdict.STOP_REFRESH),
        ({"bits": [B.CARED_FOR]}, Verdict.REVIEW, Verdict.REVIEW), ({"without_plan": True}, Verdict.REVIEW, Verdict.REVIEW),
        ({"activity": Activity.ACTIVE, "accessed": TODAY - 1}, Verdict.KEEP, Verdict.KEEP),
        ({"activity": Activity.NEW}, Verdict.KEEP, Verdict.KEEP), ({"activity": Activity.COOLING}, Verdict.KEEP, Verdict.KEEP),
        (UNKNOWN, Verdict.REVIEW, Verdict.ARCHIVE), (UNKNOWN | {"cost": 1.0}, Verdict.KEEP, Verdict.ARCHIVE),
        (UNKNOWN | {"accessed": 0}, Verdict.REVIEW, Verdict.ARCHIVE),
        # Ninety days without known use, and not a day less; of what was never used, since it is known.
        (UNKNOWN | {"accessed": TODAY - 91}, Verdict.REVIEW, Verdict.ARCHIVE),
        (UNKNOWN | {"accessed": TODAY - 90}, Verdict.REVIEW, Verdict.REVIEW),
        (UNKNOWN | {"accessed": 0, "known_since": TODAY - 91}, Verdict.REVIEW, Verdict.ARCHIVE),
        (UNKNOWN | {"accessed": 0, "known_since": TODAY - 90}, Verdict.REVIEW, Verdict.REVIEW),
        (UNKNOWN | {"accessed": 0, "known_since": 0}, Verdict.REVIEW, Verdict.REVIEW),
        (UNKNOWN | {"bits": [B.UNKNOWN_USAGE, *LIFTED]}, Verdict.REVIEW, Verdict.ARCHIVE),
        (UNKNOWN | {"bits": [B.RECENTLY_WRITTEN]}, Verdict.REVIEW, Verdict.REVIEW),
        (UNKNOWN | {"bits": [B.RECENTLY_WRITTEN], "cost": 1.0}, Verdict.KEEP, Verdict.KEEP),
        (UNKNOWN | {"bits": [B.CARED_FOR]}, Verdict.REVIEW, Verdict.REVIEW),
        (UNKNOWN | {"without_plan": True}, Verdict.REVIEW, Verdict.REVIEW),
        (UNKNOWN | {"without_storage": True}, Verdict.REVIEW, Verdict.REVIEW),
        (UNKNOWN | {"bits": [B.PROTECTED_TAG], "cost": 1.0}, Verdict.KEEP, Verdict.KEEP),
        (UNKNOWN | {"bits": [B.KEPT_BY_OWNER]}, Verdict.KEEP, Verdict.KEEP),
        *(({"bits": [each]}, Verdict.KEEP, Verdict.KEEP) for each in RULE_1),
        *(({"bits": [each]}, Verdict.REVIEW, Verdict.REVIEW) for each in RULE_3),
        *((UNKNOWN | {"bits": [each]}, Verdict.REVIEW, Verdict.REVIEW) for each in RULE_3),
    ],
)  # fmt: skip
def test_what_an_approval_makes_of_a_verdict(changed: dict[str, Any], without: Verdict, approved: Verdict) -> None:
    assert verdict(approved=False, **changed) == without
    assert verdict(**changed) == approved


def test_the_policy_decides_how_long_a_table_is_idle() -> None:
    assert verdict(Policy(minimum_idle_days=400)) == Verdict.DELETE
    assert verdict(Policy(minimum_idle_days=401)) == Verdict.REVIEW
    assert verdict(Policy(delete_risk=0, archive_risk=0)) == Verdict.DELETE
    unknown = UNKNOWN | {"accessed": TODAY - 200}
    assert verdict(Policy(minimum_idle_days=200), **unknown) == Verdict.ARCHIVE
    assert verdict(Policy(minimum_idle_days=201), **unknown) == Verdict.REVIEW


cases = some.fixed_dictionaries({
    "activity": some.sampled_from(Activity), "idle": some.sampled_from([0, 91, 179, 180, 400, UNKNOWN_IDLE_DAYS]),
    "accessed": some.sampled_from([0, TODAY, TODAY - 90, TODAY - 91, TODAY - 500]),
    "known_since": some.sampled_from([0, TODAY - 10, TODAY - 900]), "cost": some.sampled_from([0.0, 50.0, float("nan")]),
    "without_storage": some.booleans(), "without_plan": some.booleans(),
    "risk": some.sampled_from([None, 0.0, 0.2, 0.9]), "bits": some.sets(some.sampled_from(Blocker), max_size=4),
})  # fmt: skip
policies = some.builds(
    Policy, minimum_idle_days=some.sampled_from([0, 120]), delete_risk=some.sampled_from([0.0, 0.05])
)


@given(cases, policies)
def test_an_approval_changes_only_what_it_may(case: dict[str, Any], policy: Policy) -> None:
    before, after = verdict(policy, approved=False, **case), verdict(policy, **case)
    assert HARSHNESS[after] >= HARSHNESS[before]
    if after == before:
        return
    assert after in {Verdict.DELETE, Verdict.ARCHIVE}
    assert not case["bits"] & (RULE_1 | RULE_3)
    assert case["activity"] in {Activity.STALE, Activity.DORMANT, Activity.UNKNOWN}
    if case["activity"] is Activity.UNKNOWN:
        assert after == Verdict.ARCHIVE
        assert (case["accessed"] or case["known_since"]) < TODAY - 90


@given(some.integers(0, ALL_BLOCKERS), some.booleans())
def test_nothing_but_what_it_says_is_lifted(bits: int, approved: bool) -> None:
    lifted = sum(BLOCKER_BIT[blocker] for blocker in LIFTED)
    after = int(lift(np.array([bits], np.uint32), np.array([approved]))[0])
    assert after == ((bits & ~lifted) | APPROVED if approved else bits)
    assert not APPROVED & ALL_BLOCKERS


@pytest.mark.parametrize("approved", [0, 1, 2, 3])
def test_a_series_is_approved_where_all_of_it_is(approved: int) -> None:
    columns = Columns({name: QUERY_FIELDS[name] for name in ("flags", "series", "blockers", "verdict")}, 4)
    columns["series"] = np.array([1, 1, 1, 0])
    columns["blockers"] = np.array([APPROVED] * approved + [BLOCKER_BIT[B.NO_LINEAGE]] * (4 - approved))
    share_blockers(unused_series(parts_of(columns["series"]), columns), columns)
    assert set(columns["blockers"][:3].tolist()) == {APPROVED if approved == 3 else BLOCKER_BIT[B.NO_LINEAGE]}
    assert columns["blockers"][3] == BLOCKER_BIT[B.NO_LINEAGE]


BASIS = Standing(table_id="a", accessed=100, written=200, downstream=["table 1", "ff"])


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ({}, None), ({"accessed": 99, "written": 0, "downstream": []}, None), ({"accessed": 101}, Ending.USED),
        ({"written": 201}, Ending.WRITTEN), ({"downstream": ["ff", "table 1", "table 2"]}, Ending.DOWNSTREAM),
        # As many as before, but another one.
        ({"downstream": ["table 1", "ee"]}, Ending.DOWNSTREAM), ({"table_id": "b"}, Ending.NEW_ID),
        ({"table_id": "b", "accessed": 101}, Ending.NEW_ID),
    ],
)  # fmt: skip
def test_what_was_not_known_ends_an_approval(now: dict[str, Any], why: Ending | None) -> None:
    standing = {"table_id": "a", "accessed": 100, "written": 200, "downstream": ["table 1", "ff"]}
    assert ending(BASIS, Standing(**{**standing, **now})) is why
