"""What an approved removal makes of the verdict on a table, over columns, and when it ends. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Mask
from thirdeye.inventory.rules import ACTIVITY_CODE, Activity, has_activity
from thirdeye.inventory.verdicts import APPROVED, BLOCKER_BIT, VERDICT_CODE, Blocker, Verdict
from thirdeye.verdict.rules import Policy, verdicts

# The last day on which an approval holds is so many days after the one on which it was given.
APPROVAL_DAYS: Final = 90
# A table of unknown use may not have been seen in use for longer than this.
UNSEEN_DAYS: Final = 90
# By name: what is not among the blockers lifts nothing.
LIFTED: Final = tuple(
    blocker for blocker in Blocker if blocker.name in {"SHORT_HISTORY", "NO_LINEAGE", "EVIDENCE_PARTIAL", "RETURN_RISK"}
)
_LIFTED_BITS: Final = sum(BLOCKER_BIT[blocker] for blocker in LIFTED)
# What keeps a table whatever anybody approved.
_HOLDING_BITS: Final = sum(
    BLOCKER_BIT[blocker] for blocker in (Blocker.ACTIVE_DOWNSTREAM, Blocker.SERIES_IN_USE, Blocker.KEPT_BY_OWNER)
)


class Ending(StrEnum):
    """Why an approval ended before its last day."""

    NEW_ID = "NEW_ID"
    USED = "USED"
    WRITTEN = "WRITTEN"
    DOWNSTREAM = "DOWNSTREAM"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What an approval rests on, or how the table stands now. Days are numbers as in `columns.py`.

    `downstream`: keys of all assets downstream, as `approvals/downstream.py` makes them.
    """

    table_id: str
    accessed: int
    written: int
    downstream: Collection[str]


def ending(basis: Standing, now: Standing) -> Ending | None:
    """Why an approval no longer holds: the first thing about the table that was not known when it was given."""
    if now.table_id != basis.table_id:
        return Ending.NEW_ID
    if now.accessed > basis.accessed:
        return Ending.USED
    if now.written > basis.written:
        return Ending.WRITTEN
    return Ending.DOWNSTREAM if set(now.downstream) - set(basis.downstream) else None


def may_approve(activity: Array, accessed: Array, known_since: Array, bits: Array, today: int) -> Mask:
    """Of which tables an approval changes anything: idle ones, and unknown ones without known use for long enough."""
    last = np.where(accessed > 0, accessed, known_since).astype(np.int64)
    unseen = (last > 0) & (today - last > UNSEEN_DAYS)
    idle = has_activity(activity, Activity.STALE, Activity.DORMANT)
    may: Mask = (idle | (has_activity(activity, Activity.UNKNOWN) & unseen)) & ((bits & _HOLDING_BITS) == 0)
    return may


def lift(bits: Array, approved: Mask) -> Array:
    """The blockers of approved tables without those that an approval lifts, and marked as APPROVED."""
    lifted: Array = np.where(approved, (bits & ~np.uint32(_LIFTED_BITS)) | np.uint32(APPROVED), bits).astype(np.uint32)
    return lifted


def verdicts_with_approvals(
    *,
    activity: Array,
    idle: Array,
    accessed: Array,
    cost: Array,
    without_storage: Mask,
    without_plan: Mask,
    risk: Array,
    bits: Array,
    policy: Policy,
    today: int,
) -> Array:
    """The verdict on each table, as `rules.verdicts` gives it, where those that are APPROVED have no risk.

    An approved table of unknown use is judged as idle since its last known use, and archived or as without an approval.
    """
    approved = (bits & APPROVED) != 0
    unknown = approved & has_activity(activity, Activity.UNKNOWN)
    since = np.where(accessed > 0, today - accessed.astype(np.int64), idle)
    given = verdicts(
        activity=np.where(unknown, ACTIVITY_CODE[Activity.DORMANT], activity),
        idle=np.where(unknown, since, idle),
        cost=cost,
        without_storage=without_storage,
        without_plan=without_plan,
        risk=np.where(approved, 0.0, risk),
        bits=bits,
        policy=policy,
    )
    if not unknown.any():
        return given
    removed = np.isin(given, (VERDICT_CODE[Verdict.DELETE], VERDICT_CODE[Verdict.ARCHIVE])) & ~without_storage
    otherwise = np.where(cost >= policy.review_cost, VERDICT_CODE[Verdict.REVIEW], VERDICT_CODE[Verdict.KEEP])
    at_most = np.where(removed, VERDICT_CODE[Verdict.ARCHIVE], otherwise)
    held = (bits & _HOLDING_BITS) != 0
    final: Array = np.where(unknown & ~held, at_most, given).astype(np.uint8)
    return final
