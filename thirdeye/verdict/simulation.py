"""What another policy would do now, and how it would have fared over the past year. Pure, over the published columns."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from thirdeye.inventory.columns import PRESENT, WITHOUT_STORAGE, Array, day_of
from thirdeye.inventory.query import Catalogue, cost_of, risk_of
from thirdeye.inventory.verdicts import BLOCKER_BIT, VERDICT_CODE, VERDICTS, Blocker, Verdict
from thirdeye.verdict.evaluation import protected_sets
from thirdeye.verdict.quality import rated
from thirdeye.verdict.return_risk import (
    CLASSES,
    FUTURE_DAYS,
    IDLE_LIMITS,
    RATIO_CLASSES,
    USE_CLASSES,
    RiskTable,
    StateCounts,
)
from thirdeye.verdict.rules import Policy, verdicts

# The columns that it looks at.
SIMULATED: Final = (
    "flags", "activity", "place", "size", "query_cost", "tags", "idle", "verdict", "blockers", "risk",
)  # fmt: skip
# Under this many idle days a table is in use.
_IDLE_FROM: Final = 90


def simulate(
    catalogue: Catalogue, tag_sets: Sequence[Sequence[str]], advice: Mapping[str, Any], policy: Policy
) -> dict[str, Any]:
    """By verdict tables and USD a month; what DELETE and ARCHIVE would free; and the back-test. Changes nothing."""
    protected = protected_sets(tag_sets, policy.protected_tags)
    bit = BLOCKER_BIT[Blocker.PROTECTED_TAG]
    tables, costs = np.zeros(len(VERDICTS), np.int64), np.zeros(len(VERDICTS))
    changed = 0
    columns = catalogue.columns
    for number in range(columns.chunks):
        chunk = columns.parts(number)
        cost, risk = cost_of(catalogue, chunk), risk_of(catalogue, chunk)
        # Tags that the policy in force protects come from the settings or from it; this one has a list of its own.
        bits = np.where(protected[chunk["tags"]], chunk["blockers"] | bit, chunk["blockers"] & ~np.uint16(bit))
        codes = verdicts(
            activity=chunk["activity"],
            idle=chunk["idle"],
            cost=cost,
            without_storage=(chunk["flags"] & WITHOUT_STORAGE) != 0,
            risk=risk,
            bits=bits,
            policy=policy,
        )
        there = (chunk["flags"] & PRESENT) != 0
        tables += np.bincount(codes[there], minlength=len(VERDICTS))
        costs += np.bincount(codes[there], weights=np.nan_to_num(cost[there]), minlength=len(VERDICTS))
        changed += int(np.count_nonzero(there & (codes != chunk["verdict"])))
    delete, archive = VERDICT_CODE[Verdict.DELETE], VERDICT_CODE[Verdict.ARCHIVE]
    return {
        "verdicts": [
            {"recommendation": str(verdict.value), "tables": int(tables[code]), "monthlyCost": f"{costs[code]:.6f}"}
            for code, verdict in enumerate(VERDICTS)
        ],
        "tables": int(tables[delete] + tables[archive]),
        "saving": f"{costs[delete] + costs[archive] * policy.archive_saving:.6f}",
        "changed": changed,
        "backTest": back_test(StateCounts.of(advice.get("counts", {})), int(advice.get("today", 0)), policy),
    }


def back_test(counts: StateCounts, today: int, policy: Policy) -> dict[str, Any]:
    """What the policy would have said of the tables idle a year and half a year ago, and which of them came back.

    On each of the two days only what was known by then counts. The two futures, 180 days each, do not overlap.
    """
    found: dict[str, list[int]] = {"delete": [0, 0], "archive": [0, 0]}
    days = [day for day in (today - 2 * FUTURE_DAYS, today - FUTURE_DAYS) if day in counts.states]
    for day in days:
        table = RiskTable.of(*counts.until(day))
        numbers = table.number_of
        risks = np.where(numbers > 0, table.risks[numbers], np.nan)
        long_enough = _lowest_idle() >= max(policy.minimum_idle_days, _IDLE_FROM)
        delete = long_enough & (risks <= policy.delete_risk)
        archive = long_enough & ~delete & (risks <= policy.archive_risk)
        for name, chosen in (("delete", delete), ("archive", archive)):
            found[name][0] += int(counts.states[day][chosen].sum())
            found[name][1] += int(counts.returned[day][chosen].sum())
    return {"days": [day_of(day) for day in days], **{name: rated(*sums) for name, sums in found.items()}}


def _lowest_idle() -> Array:
    """The least number of idle days of each class."""
    return np.repeat(np.array(IDLE_LIMITS), RATIO_CLASSES * USE_CLASSES)[:CLASSES]
