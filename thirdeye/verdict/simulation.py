"""What another policy would do now, and how it would have fared in the past year. Pure, over the published columns."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from thirdeye.inventory.columns import (
    ABSENT,
    PRESENT,
    QUERY_FIELDS,
    WITHOUT_PLAN,
    WITHOUT_STORAGE,
    Columns,
    day_of,
)
from thirdeye.inventory.labels import Labels
from thirdeye.inventory.query import SAVING_COLUMNS, Catalogue, cost_of, risk_of
from thirdeye.inventory.rules import Activity, has_activity
from thirdeye.inventory.series import SeriesParts, parts_of
from thirdeye.inventory.verdicts import (
    APPROVED,
    BLOCKER_BIT,
    RISKS,
    STOP_REFRESH,
    VERDICT_CODE,
    VERDICTS,
    Blocker,
    Verdict,
    risk_numbers,
)
from thirdeye.verdict.approvals.rules import verdicts_with_approvals
from thirdeye.verdict.cells import PERIOD_DAYS, middles
from thirdeye.verdict.periods import FUTURE_PERIODS, PeriodCounts
from thirdeye.verdict.protection import Protection, cared_for, protection
from thirdeye.verdict.quality import regret_rate
from thirdeye.verdict.return_risk import Prior, RiskModel, with_season
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.series import UnusedSeries, share_blockers, share_verdict, unused_series
from thirdeye.verdict.writes import review_only_written

# The columns that a simulation reads.
SIMULATED: Final = (
    *SAVING_COLUMNS, "activity", "accessed", "series", "tags", "marks", "tier", "idle", "blockers", "risk",
    "use_kind",
)  # fmt: skip
# Those that the parts of a series share, and what tells whether they do.
_SHARED: Final = ("flags", "verdict", "blockers", "risk")
# The blockers that a policy decides about.
_PROTECTED, _CARED_FOR = BLOCKER_BIT[Blocker.PROTECTED_TAG], BLOCKER_BIT[Blocker.CARED_FOR]
_RETURN_RISK: Final = BLOCKER_BIT[Blocker.RETURN_RISK]
_OF_POLICY: Final = _PROTECTED | _CARED_FOR | _RETURN_RISK
# Under this many idle days a table is in use.
_IDLE_FROM: Final = 90


def simulate(
    catalogue: Catalogue,
    tag_sets: Sequence[Sequence[str]],
    labels: Labels,
    advice: Mapping[str, Any],
    policy: Policy,
    prior: Prior,
    series: SeriesParts | None = None,
) -> dict[str, object]:
    """Tables and USD a month by verdict, what following them would save, and the back-test.

    `series`: what `series_of` has of the catalogue, for whoever tries several policies.
    """
    protects = protection(tag_sets, labels, policy.protected_tags, len(catalogue.place_service))
    today = int(advice.get("today", 0))
    parts = series_of(catalogue) if series is None else series
    simulated = _simulated(catalogue, parts, protects, policy, today)
    tables, costs, changed, writes = np.zeros(len(VERDICTS), np.int64), np.zeros(len(VERDICTS)), 0, 0.0
    for number in range(catalogue.columns.chunks):
        chunk, codes = catalogue.columns.parts(number), simulated.parts(number)["verdict"]
        cost, present = cost_of(catalogue, chunk), (chunk["flags"] & PRESENT) != 0
        # What is absent keeps the verdict that it had.
        codes = np.where((chunk["flags"] & ABSENT) != 0, chunk["verdict"], codes)
        tables += np.bincount(codes[present], minlength=len(VERDICTS))
        known = present & ~np.isnan(cost)
        costs += np.bincount(codes[known], weights=cost[known], minlength=len(VERDICTS))
        writes += float(chunk["write_cost"][present & (codes == STOP_REFRESH)].sum(dtype=np.float64))
        changed += int(np.count_nonzero(present & (codes != chunk["verdict"])))
    delete, archive = VERDICT_CODE[Verdict.DELETE], VERDICT_CODE[Verdict.ARCHIVE]
    return {
        "verdicts": [
            {"recommendation": str(verdict.value), "tables": int(tables[code]), "monthlyCost": f"{costs[code]:.6f}"}
            for code, verdict in enumerate(VERDICTS)
        ],
        "tables": int(tables[delete] + tables[archive]),
        "saving": f"{costs[delete] + costs[archive] * policy.archive_saving + writes:.6f}",
        "changed": changed,
        "backTest": back_test(PeriodCounts.from_document(advice.get("counts", {})), today, policy, prior),
    }


def series_of(catalogue: Catalogue) -> SeriesParts:
    """The series of the estate; no policy changes which there are."""
    chunks = [catalogue.columns.parts(number)["series"] for number in range(catalogue.columns.chunks)]
    return parts_of(np.concatenate(chunks) if chunks else np.zeros(0, np.int32))


def _simulated(catalogue: Catalogue, parts: SeriesParts, protects: Protection, policy: Policy, today: int) -> Columns:
    """The verdicts of a policy, as a refresh gives them: the parts of a series that is not in use have one."""
    simulated = _shared_columns(catalogue, protects, policy)
    series = unused_series(parts, simulated)
    _judge_absent_with_series(series, simulated)
    for number in range(catalogue.columns.chunks):
        published = catalogue.columns.parts(number)
        chunk = {**published, **simulated.parts(number)}
        chunk["verdict"][:] = verdicts_with_approvals(
            activity=chunk["activity"],
            idle=chunk["idle"],
            accessed=chunk["accessed"],
            # No policy changes it; of the published columns it is known already.
            cost=cost_of(catalogue, published),
            without_storage=(chunk["flags"] & WITHOUT_STORAGE) != 0,
            without_plan=(chunk["flags"] & WITHOUT_PLAN) != 0,
            risk=risk_of(catalogue, chunk),
            bits=chunk["blockers"],
            policy=policy,
            today=today,
        )
        chunk["verdict"][:] = review_only_written(chunk["verdict"], chunk)
    share_verdict(series, simulated)
    return simulated


def _shared_columns(catalogue: Catalogue, protects: Protection, policy: Policy) -> Columns:
    """What the parts of a series share, with the blockers of the policy instead of those of the one in force."""
    shared = Columns({name: QUERY_FIELDS[name] for name in _SHARED}, catalogue.columns.length)
    for number in range(catalogue.columns.chunks):
        chunk = catalogue.columns.parts(number)
        for name, values in shared.parts(number).items():
            values[:] = chunk[name]
        bits = shared.parts(number)["blockers"]
        bits &= ~np.uint32(_OF_POLICY)
        bits |= np.where(protects.protected(chunk, chunk["place"]), _PROTECTED, 0).astype(np.uint32)
        is_idle = has_activity(chunk["activity"], Activity.STALE, Activity.DORMANT)
        returns = is_idle & ~(risk_of(catalogue, chunk) <= policy.archive_risk)
        # Of what is absent the risk is its last one; an approval lifts the blocker.
        returns &= ((chunk["flags"] & ABSENT) == 0) & ((bits & APPROVED) == 0)
        bits |= np.where(returns, _RETURN_RISK, 0).astype(np.uint32)
        bits |= np.where(cared_for(chunk["flags"]) & policy.review_cared_for, _CARED_FOR, 0).astype(np.uint32)
    return shared


def _judge_absent_with_series(series: UnusedSeries, shared: Columns) -> None:
    """Replaces the blockers and the risk of what is absent, which are its last ones, by those of its series now."""
    absent = shared.has(ABSENT)
    # A series is approved where all else of it is.
    shared["blockers"][absent] = (shared["blockers"][absent] & np.uint32(_OF_POLICY)) | np.uint32(APPROVED)
    shared["risk"][absent] = 0
    share_blockers(series, shared)
    # All others have the same one.
    series.share(shared["risk"], series.members.highest)


def back_test(counts: PeriodCounts, today: int, policy: Policy, prior: Prior) -> dict[str, object]:
    """Applies the policy to the tables idle a year and half a year ago, and gives the regrets of its verdicts.

    On each of the two days only what was over by then counts. The two futures, 180 watched days each, do not overlap.
    Tables of one cell are judged alike, by its middle.
    """
    totals: dict[str, list[int]] = {"delete": [0, 0], "archive": [0, 0]}
    ages = [age for age in (2 * FUTURE_PERIODS, FUTURE_PERIODS) if age in counts.ages and counts.ages[age].tables.any()]
    idle, pause, days_of_use = middles()
    for age in ages:
        risks = RiskModel.learnt(*counts.trials(age), prior).risks(idle, pause, days_of_use).upper
        is_short = (max(counts.ages) - age + 1) * PERIOD_DAYS < policy.observed_days
        numbers = risk_numbers(with_season(risks) if is_short else risks)
        long_enough = idle >= max(policy.minimum_idle_days, _IDLE_FROM)
        delete = long_enough & (RISKS[numbers] <= policy.delete_risk) & (not is_short)
        archive = long_enough & ~delete & (RISKS[numbers] <= policy.archive_risk)
        for name, chosen in (("delete", delete), ("archive", archive)):
            totals[name][0] += int(counts.ages[age].tables[chosen].sum())
            totals[name][1] += int(counts.ages[age].returned[chosen].sum())
    return {
        "days": [day_of(today - PERIOD_DAYS * age) for age in ages],
        "delete": regret_rate(*totals["delete"]),
        "archive": regret_rate(*totals["archive"]),
    }
