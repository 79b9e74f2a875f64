"""The verdict on one table as people's decisions have it now, before the next refresh follows them. Pure."""

import math
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from thirdeye.estate.dates import format_day
from thirdeye.estate.views import saving_of
from thirdeye.inventory.columns import day_number
from thirdeye.inventory.rules import ACTIVITY_CODE, TYPES_WITHOUT_STORAGE, Activity
from thirdeye.inventory.verdicts import APPROVED, VERDICTS, Blocker, Verdict, blockers_of
from thirdeye.inventory.warehouses import has_plan
from thirdeye.verdict.approvals.rules import lift, may_approve, verdicts_with_approvals
from thirdeye.verdict.approvals.store import Approval
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.store import Keep

# The answer about a table, keys as in the API, made by `estate.views`.
TableAnswer = Mapping[str, Any]


class Decision(NamedTuple):
    """The verdict and the codes of its blockers; `approval` is the one that holds."""

    verdict: Verdict
    codes: list[str]
    approval: Approval | None


def decision(table: TableAnswer, keep: Keep | None, approval: Approval | None, policy: Policy, as_of: date) -> Decision:
    """The verdict with a keep and an approval in force; the table is as published, as of a day."""
    verdict, codes = Verdict(table["recommendation"]), list(table["blockerCodes"])
    if table["removedAt"] is not None:
        return Decision(verdict, codes, None)
    if approval is not None and approval.table_id != table["id"]:
        approval = None
    was_approved = bool(table["advised"]["blockers"] & APPROVED)
    if approval is not None and not was_approved and _is_alone(table):
        verdict, codes = _approved(table, policy, as_of)
    if approval is None and was_approved and verdict in {Verdict.DELETE, Verdict.ARCHIVE}:
        # What it is without one, the next refresh finds out.
        verdict = Verdict.REVIEW
    if keep is not None and Blocker.KEPT_BY_OWNER.value not in codes:
        verdict, codes = Verdict.KEEP, [*codes, Blocker.KEPT_BY_OWNER.value]
    return Decision(verdict, codes, approval)


def saving_as_decided(table: TableAnswer, verdict: Verdict, policy: Mapping[str, Any]) -> Decimal | None:
    """USD a month that following this verdict saves; `policy` is the published one. None if an unknown cost would count."""
    if verdict.value == table["recommendation"]:
        saving: Decimal | None = table["saving"]
        return saving
    return saving_of(verdict, table["monthlyCost"], Decimal(repr(policy.get("archive_saving", 0.0))))


def _is_alone(table: TableAnswer) -> bool:
    """Whether a table is judged by itself: what is absent keeps its verdict, a series that nobody uses has one."""
    return table["absentSince"] is None and (table["series"] is None or table["series"]["inUse"])


def _approved(table: TableAnswer, policy: Policy, as_of: date) -> tuple[Verdict, list[str]]:
    today, advised = day_number(as_of), table["advised"]
    activity = np.array([ACTIVITY_CODE[Activity(table["activity"])]])
    accessed, known_since = (np.array([day_number(table[name])]) for name in ("lastAccessed", "knownSince"))
    bits = np.array([advised["blockers"]], np.uint32)
    bits = lift(bits, may_approve(activity, accessed, known_since, bits, today))
    if not int(bits[0]) & APPROVED:
        return Verdict(table["recommendation"]), list(table["blockerCodes"])
    cost, risk = (math.nan if table[name] is None else float(table[name]) for name in ("monthlyCost", "returnRisk"))
    codes = verdicts_with_approvals(
        activity=activity,
        idle=np.array([advised["idle"]]),
        accessed=accessed,
        cost=np.array([cost]),
        without_storage=np.array([table["tableType"] in TYPES_WITHOUT_STORAGE]),
        without_plan=np.array([not has_plan(table["serviceType"], table["tableType"])]),
        risk=np.array([risk]),
        bits=bits,
        policy=policy,
        today=today,
    )
    return VERDICTS[int(codes[0])], [str(blocker.value) for blocker in blockers_of(int(bits[0]))]


def approval_sentence(approval: Approval) -> str:
    """Who approved the removal, why and until when."""
    given, until = format_day(approval.approved_at.date()), format_day(approval.approved_until)
    return f"{approval.approved_by} approved its removal on {given}, until {until}: {approval.reason}"
