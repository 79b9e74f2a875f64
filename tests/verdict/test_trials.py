"""What is worth a trial, case by case and by properties."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.support.api import Api
from thirdeye.inventory.columns import ABSENT, PRESENT, QUERY_FIELDS, SOURCE_FIELDS, TRIAL, WITHOUT_PLAN, Columns
from thirdeye.inventory.rules import ACTIVITY_CODE, UNKNOWN_CODE, Activity, UnknownReason
from thirdeye.inventory.series import parts_of
from thirdeye.inventory.storage_prices import DEFAULT_PRICE, Tariffs
from thirdeye.inventory.verdicts import BLOCKER_BIT, VERDICT_CODE, Blocker, Verdict
from thirdeye.mirror.advisor import Estate
from thirdeye.verdict.removal import Stage, trial_steps
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.series import unused_series
from thirdeye.verdict.trials import TrialFacts, mark_trials, may_be_tried

TODAY = 20_000
B = Blocker
# Watched for two weeks, never read.
CASE: dict[str, Any] = {
    "activity": Activity.UNKNOWN, "unknown": UnknownReason.FEW_DAYS, "accessed": 0, "since": TODAY - 14, "observed": 14,
    "young": False, "flags": PRESENT, "bits": (B.UNKNOWN_USAGE,),
}  # fmt: skip
IDLE = {"activity": Activity.DORMANT, "unknown": None}
AGAINST = {
    B.ACTIVE_DOWNSTREAM, B.SERIES_IN_USE, B.KEPT_BY_OWNER, B.CRITICAL_TIER, B.PROTECTED_TAG, B.IN_DATA_PRODUCT,
    B.UNKNOWN_DOWNSTREAM, B.EVIDENCE_INCOMPLETE, B.FEED_SILENT, B.CALIBRATION_OFF, B.MASS_ABSENCE, B.EVIDENCE_PARTIAL,
}  # fmt: skip


def may(**changed: Any) -> bool:
    case = CASE | changed
    case["activity"] = ACTIVITY_CODE[case["activity"]]
    case["unknown"] = 0 if case["unknown"] is None else UNKNOWN_CODE[case["unknown"]]
    case["bits"] = sum(BLOCKER_BIT[each] for each in case["bits"])
    return bool(may_be_tried(TrialFacts(**{name: np.array([value]) for name, value in case.items()}))[0])


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True), ({"observed": 13}, False), ({"unknown": UnknownReason.AGE}, True),
        ({"unknown": UnknownReason.NO_FEED}, False), ({"unknown": UnknownReason.UNREADABLE}, False),
        ({"unknown": UnknownReason.UNDATED}, False), ({"young": True}, False),
        # Read before anybody looked, and since.
        ({"accessed": TODAY - 15}, True), ({"accessed": TODAY - 14}, False), ({"accessed": TODAY - 1}, False),
        # All days count of access times, however early they are.
        ({"since": 0, "observed": 400}, True), ({"since": 0, "observed": 400, "accessed": 1}, False),
        ({**IDLE, "observed": 400, "since": TODAY - 500}, True), ({**IDLE, "activity": Activity.STALE}, True),
        *(({"activity": each, "unknown": None}, False) for each in (Activity.NEW, Activity.ACTIVE, Activity.COOLING)),
        *(({"bits": [each]}, each not in AGAINST) for each in Blocker),
        ({"flags": PRESENT | ABSENT}, False), ({"flags": PRESENT | WITHOUT_PLAN}, False),
    ],
)  # fmt: skip
def test_what_may_be_tried(changed: dict[str, Any], expected: bool) -> None:
    assert may(**changed) == expected


facts = some.fixed_dictionaries({
    "activity": some.sampled_from(Activity), "unknown": some.none() | some.sampled_from(UnknownReason),
    "accessed": some.sampled_from([0, TODAY - 500, TODAY - 10]), "since": some.sampled_from([0, TODAY - 14, TODAY - 100]),
    "observed": some.integers(0, 40), "young": some.booleans(), "bits": some.sets(some.sampled_from(Blocker), max_size=2),
})  # fmt: skip


@given(facts, some.sampled_from(sorted(AGAINST)), some.integers(0, 100))
def test_what_is_against_a_trial_never_makes_one(case: dict[str, Any], blocker: Blocker, more: int) -> None:
    assert not may(**{**case, "bits": {*case["bits"], blocker}})
    assert not may(**{**case, "young": True})
    # More days without a use make none the less worth it.
    assert may(**{**case, "observed": case["observed"] + more}) >= may(**case)


@pytest.mark.parametrize(
    ("used", "tried"),
    [([0, 0, 0, 0], {0, 1, 2, 3}), ([0, TODAY - 3, 0, 0], {3}), ([0, 0, 0, TODAY], {0, 1, 2})],
)
def test_of_a_series_that_nobody_uses_all_may_be_tried_or_none(used: list[int], tried: set[int]) -> None:
    """Three parts of a series and a table beside it, each of 23 USD a month; the last time all of them were marked."""
    query, source = Columns(QUERY_FIELDS, 4), Columns(SOURCE_FIELDS, 4)
    query["flags"], query["series"] = np.full(4, PRESENT | TRIAL), np.array([1, 1, 1, 0])
    query["activity"] = np.full(4, ACTIVITY_CODE[Activity.UNKNOWN])
    query["unknown"] = np.full(4, UNKNOWN_CODE[UnknownReason.FEW_DAYS])
    query["verdict"] = np.full(4, VERDICT_CODE[Verdict.REVIEW])
    query["size"], query["query_cost"], query["accessed"] = np.full(4, 10**12), np.full(4, np.nan), np.array(used)
    never, nobody = np.zeros(4, np.bool_), np.zeros(1, np.bool_)
    estate = Estate(
        query=query, source=source, present=~never, service=query["place"], place=query["place"], no_lineage=never,
        observed=np.array([20]), partial=nobody, silent=nobody, mass_absence=nobody,
        tariffs=Tariffs([DEFAULT_PRICE], date(2026, 11, 1)), nodes=4, sources=np.zeros(0, np.int32),
        targets=np.zeros(0, np.int32), alive=~never, unknown_nodes=never, unread=never, tag_sets=[()], incomplete=False,
        series=parts_of(query["series"]), since=np.array([TODAY - 20]), young=never,
    )  # fmt: skip
    series = unused_series(estate.series, query)
    mark_trials(estate, series, Policy())
    assert set(np.flatnonzero(query.has(TRIAL)).tolist()) == tried
    # What costs less than the policy has reviewed is worth none.
    mark_trials(estate, series, Policy(review_cost=24))
    assert not query.has(TRIAL).any()


def test_the_stages_of_a_trial_can_be_undone() -> None:
    table = {"database": "db", "schema": "s", "name": "t", "day": date(2026, 1, 1)}
    for service, kind, statements in (("Snowflake", "Regular", 1), ("Trino", "Regular", 0), ("Snowflake", "View", 0)):
        steps = trial_steps(service_type=service, table_type=kind, **table)
        assert [(step.stage, step.waiting_days) for step in steps] == [(Stage.ANNOUNCED, 14), (Stage.RESTRICTED, 30)]
        assert len(steps[1].statements) == len(steps[1].undo) == statements
        assert all(step.what and step.way_back for step in steps)


@pytest.mark.anyio
async def test_trials_are_listed_filtered_and_explained(scored_api: Api) -> None:
    entry = """fqn monthlyCost activity verdict { recommendation saving trial { action days steps {
      stage what wayBack waitingDays statements undo } } }"""
    listed = (await scored_api.data(f"{{ verdicts {{ trials(first: 20) {{ {entry} }} }} }}"))["verdicts"]["trials"]
    page = f"totalCount edges {{ node {{ {entry} }} }}"
    asked = f"query ($trial: Boolean) {{ tables(filter: {{trial: $trial}}, first: 20) {{ {page} }} }}"
    found = (await scored_api.data(asked, trial=True))["tables"]
    assert {each["fqn"] for each in listed} == {edge["node"]["fqn"] for edge in found["edges"]}
    for table in listed:
        trial = table["verdict"]["trial"]
        assert (table["verdict"]["recommendation"], trial["days"]) == ("REVIEW", 30)
        assert [step["stage"] for step in trial["steps"]] == ["ANNOUNCED", "RESTRICTED"]
        assert float(table["verdict"]["saving"]) == 0
        assert float(table["monthlyCost"]) >= 10
    others = (await scored_api.data(asked, trial=False))["tables"]
    assert others["totalCount"] > 0
    assert all(edge["node"]["verdict"]["trial"] is None for edge in others["edges"])
    asked = "{ unlockPlan { groups(first: 1000) { alternatives { kind tables } } } }"
    plan = (await scored_api.data(asked))["unlockPlan"]
    ways = [way for group in plan["groups"] for way in group["alternatives"]]
    assert sum(way["tables"] for way in ways if way["kind"] == "TRIAL") == found["totalCount"]
    assert any(way["kind"] == "APPROVE_REMOVAL" for way in ways)
