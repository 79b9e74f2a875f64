"""Verdicts in words: the one place where codes become sentences. Pure."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from thirdeye.estate.dates import format_day
from thirdeye.inventory.money import CENT
from thirdeye.inventory.verdicts import UNKNOWN_IDLE_DAYS, Blocker, Verdict

_ADVICE: Final[Mapping[Verdict, str]] = {
    Verdict.DELETE: "It can go.",
    Verdict.ARCHIVE: "It can be archived: keep a cheap copy for the case that it is wanted again.",
    Verdict.STOP_REFRESH: "It is still written but nobody reads it: stop what writes it first.",
    Verdict.REVIEW: "Somebody who knows it should look at it.",
    Verdict.KEEP: "It stays.",
}


def blocker_detail(
    blocker: Blocker,
    table: Mapping[str, Any],
    keep: Mapping[str, Any] | None,
    missing_days: int,
    policy: Mapping[str, Any],
) -> str:
    """What stands in the way, with its dates and numbers. `missing_days`: of observation, for SHORT_HISTORY."""
    if blocker is Blocker.KEPT_BY_OWNER:
        if keep is None:
            return "Somebody said that it must stay."
        return f"{keep['kept_by']} keeps it until {format_day(keep['kept_until'])}: {keep['reason']}"
    if blocker is Blocker.SHORT_HISTORY:
        return _short_history(missing_days)
    sentences = {
        Blocker.ACTIVE_DOWNSTREAM: "Something that is in use depends on it.",
        Blocker.UNKNOWN_DOWNSTREAM: "A table depends on it of whose use nothing is known.",
        Blocker.CRITICAL_TIER: f"Its tier is {table['tier']}.",
        Blocker.PROTECTED_TAG: f"It carries a protected tag ({', '.join(policy.get('protected_tags', ()))}).",
        Blocker.RECENTLY_WRITTEN: f"It was written on {format_day(table['lastWritten'])}.",
        Blocker.RECENTLY_CREATED: f"It was created on {format_day(table['created'])}.",
        Blocker.UNKNOWN_USAGE: "Nobody can tell whether it is used.",
        Blocker.EVIDENCE_INCOMPLETE: "Not all that verdicts rest on could be read from OpenMetadata.",
        Blocker.CALIBRATION_OFF: "Of tables like it more were wanted again than was promised.",
    }
    return sentences[blocker]


def _short_history(missing_days: int) -> str:
    if missing_days > 0:
        return f"Its service has been watched for too short a time to learn from: {missing_days} days are missing."
    return "There are too few tables like it, or like one that depends on it, to learn from."


def reasons(
    table: Mapping[str, Any], verdict: Verdict, blockers: list[str], risk: Mapping[str, Any] | None
) -> list[str]:
    """Why the verdict is what it is: use, experience, cost, dependents, what stands in the way, and what to do."""
    if table["removedAt"] is not None:
        return [f"It was removed on {format_day(table['removedAt'].date())}."]
    found = [_use(table)]
    if risk is not None and risk["like"]:
        found.append(_experience(risk))
    found.append(_cost(table["monthlyCost"]))
    if not table["inUseThroughLineage"]:
        found.append("Nothing in use depends on it.")
    return [*found, *blockers, _ADVICE[verdict]]


def _use(table: Mapping[str, Any]) -> str:
    idle, accessed = table["advised"]["idle"], table["lastAccessed"]
    if idle == UNKNOWN_IDLE_DAYS:
        reason: str = table["activityReason"]
        return reason
    if accessed is None:
        return f"Never seen in use in {idle:,} days."
    if table["activity"] not in {"STALE", "DORMANT"}:
        return f"Last read on {format_day(accessed)} ({_days(idle)} ago)."
    since = f"Not read since {format_day(accessed)} ({_days(idle)})"
    pause = table["longestPauseDays"]
    return f"{since}; its longest pause before was {_days(pause)}." if pause else f"{since}."


def _experience(risk: Mapping[str, Any]) -> str:
    like, returned = risk["like"], risk["returned"]
    again = "none was" if returned == 0 else "1 was" if returned == 1 else f"{returned:,} were"
    whose = "what depends on it" if risk["fromDownstream"] else "it"
    return f"Of {like:,} tables like {whose} in your estate {again} read again within 180 days."


def _cost(cost: Decimal | None) -> str:
    return "What it costs is not known." if cost is None else f"Costs {cost.quantize(CENT):,} USD a month."


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"


def is_kept(keep: Mapping[str, Any] | None, today: date) -> bool:
    """Whether somebody keeps a table on a day."""
    return keep is not None and keep["released_at"] is None and keep["kept_until"] >= today
