"""Verdicts as sentences for people. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypedDict

from thirdeye.estate.dates import format_day
from thirdeye.estate.series import SeriesView
from thirdeye.inventory.money import CENT
from thirdeye.inventory.rules import TYPES_WITHOUT_STORAGE
from thirdeye.inventory.verdicts import UNKNOWN_IDLE_DAYS, Blocker, Verdict
from thirdeye.inventory.warehouses import has_plan
from thirdeye.verdict import label_sentences, use_kinds
from thirdeye.verdict.dropped_tables import kept_after_drop
from thirdeye.verdict.removal import refusal
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.store import Keep

# The answer about a table, keys as in the API, made by `estate.views`.
TableAnswer = Mapping[str, Any]

_CAPITAL: Final = re.compile("[A-Z]")
_ADVICE: Final[Mapping[Verdict, str]] = {
    Verdict.DELETE: "It can go.",
    Verdict.ARCHIVE: "It can be archived: keep a cheap copy for the case that it is wanted again.",
    Verdict.STOP_REFRESH: "It is still written but nobody reads it: stop what writes it first.",
    Verdict.REVIEW: "Somebody who knows it should look at it.",
    Verdict.KEEP: "It stays.",
}


# Blockers that say that something in use depends on it, or that something may.
_DEPENDED_ON: Final = frozenset({
    Blocker.ACTIVE_DOWNSTREAM.value, Blocker.UNKNOWN_DOWNSTREAM.value, Blocker.NO_LINEAGE.value,
})  # fmt: skip
# So many of the assets behind a blocker are named.
MOST_NAMED: Final = 3


class UnknownAsset(NamedTuple):
    """Something downstream of which nobody can tell whether it is in use, and why; `name` is an FQN for tables."""

    kind: str
    name: str
    why: str

    @staticmethod
    def of(node: Mapping[str, Any]) -> "UnknownAsset":
        """From a node of the lineage as the API has it."""
        asset = node["asset"]
        return UnknownAsset(asset["kind"], asset["fqn"] or asset["name"] or asset["id"], node["unknown"])

    def __str__(self) -> str:
        kind = _CAPITAL.sub(lambda match: f" {match[0].lower()}", self.kind)
        a_kind = f"an {kind}" if kind[:1] in "aeiou" else f"a {kind}"
        return {
            "USAGE": f"the table {self.name}, of whose use nothing is known",
            "TEXT": f"the view {self.name}, whose text may name it",
            "UNREADABLE_KIND": f"{a_kind} that ThirdEye cannot read ({self.name})",
            "MISSING": f"{a_kind} that OpenMetadata does not have ({self.name})",
        }[self.why]


def unknown_downstream(assets: Sequence[UnknownAsset]) -> str:
    """UNKNOWN_DOWNSTREAM with the nearest of the assets behind it."""
    more = "" if len(assets) <= MOST_NAMED else "; and more"
    named = "; ".join(map(str, assets[:MOST_NAMED]))
    return f"Nobody can tell whether what depends on it is in use: {named}{more}."


class ReturnRisk(TypedDict):
    """The return risk in the shape of the GraphQL type: `returned` of the `like` tables were used again."""

    value: float
    expected: float | None
    like: int
    returned: int
    ownShare: float
    seasonUnseen: bool
    basedOnDays: int
    fromDownstream: bool


@dataclass(frozen=True, kw_only=True)
class Background:
    """What sentences need beside the table: its `keep`, `missing_days` of observation for SHORT_HISTORY, the tags that the
    policy protects, the tags that glossary terms carry, and for how many days an edit is a sign of care.
    """

    keep: Keep | None = None
    missing_days: int = 0
    protected_tags: Sequence[str] = ()
    terms: Mapping[str, Sequence[str]] = field(default_factory=dict)
    edit_days: int = 90


def blocker_detail(blocker: Blocker, table: TableAnswer, background: Background) -> str:
    """A blocker with its dates and numbers."""
    keep, missing_days = background.keep, background.missing_days
    if blocker is Blocker.KEPT_BY_OWNER:
        if keep is None:
            return f"Somebody said that {_who(table, 'it')} must stay."
        return f"{keep.kept_by} keeps it until {format_day(keep.kept_until)}: {keep.reason}"
    short_history = (
        f"Its database has been watched for less than a year and a bit: {missing_days} days are missing."
        if missing_days > 0
        else "Another part of its series has been watched for less than a year and a bit."
    )
    sentences = {
        Blocker.ACTIVE_DOWNSTREAM: _active_downstream(table),
        Blocker.UNKNOWN_DOWNSTREAM: f"Something depends on {_whom(table)} of whose use nothing is known.",
        Blocker.CRITICAL_TIER: label_sentences.critical_tier(table, background.terms)
        or "The tier of another part of its series is critical.",
        Blocker.PROTECTED_TAG: label_sentences.protected_tags(table, background.terms, background.protected_tags)
        or f"{_who(table)} carries a protected tag ({', '.join(background.protected_tags)}).",
        Blocker.IN_DATA_PRODUCT: label_sentences.data_products(table)
        or f"{_who(table)} is in a data product or has a data contract.",
        Blocker.CARED_FOR: _cared_for(table, background.edit_days),
        Blocker.RECENTLY_WRITTEN: _recently_written(table),
        Blocker.RECENTLY_CREATED: f"Nothing tells of it before {format_day(table['knownSince'])}.",
        Blocker.SHORT_HISTORY: short_history,
        Blocker.RETURN_RISK: _too_likely(table),
        Blocker.UNKNOWN_USAGE: "Nobody can tell whether it is used.",
        Blocker.EVIDENCE_INCOMPLETE: "Not all that verdicts rest on could be read from OpenMetadata.",
        Blocker.CALIBRATION_OFF: "Of tables like it more were wanted again than was promised.",
        Blocker.FEED_SILENT: "The usage of its database stopped on one day, as if it had been filtered away.",
        Blocker.EVIDENCE_PARTIAL: "Some of its use may be missing from what OpenMetadata has.",
        Blocker.NO_LINEAGE: "OpenMetadata has next to no lineage of its service: something may depend on it.",
        Blocker.SERIES_IN_USE: _series_in_use(table),
        Blocker.MASS_ABSENCE: "Many tables of its database vanished from OpenMetadata at once; nothing is concluded yet.",
    }
    return sentences[blocker]


def _too_likely(table: TableAnswer) -> str:
    risk = table["returnRisk"]
    if risk is None:
        return "Nobody can tell how likely it is to be wanted again."
    return f"It is too likely to be wanted again within half a year: up to {100 * risk:.1f} %."


def _series_in_use(table: TableAnswer) -> str:
    series = table["series"]
    return "It is part of a series that is in use." if series is None else str(series["reason"])


def _whom(table: TableAnswer) -> str:
    """Whom a blocker is about: the parts of a series that is not in use share all of theirs."""
    return "it" if _unused_series(table) is None else "it, or on another part of its series,"


def _who(table: TableAnswer, it: str = "It") -> str:
    return it if _unused_series(table) is None else f"{it}, or another part of its series,"


def _active_downstream(table: TableAnswer) -> str:
    if table["inUseThroughLineage"] or _unused_series(table) is None:
        return "Something that is in use depends on it."
    return "Something that is in use depends on another part of its series."


def _cared_for(table: TableAnswer, edit_days: int) -> str:
    signs = label_sentences.signs_of_care(table, edit_days)
    return " ".join(signs) or f"Somebody looks after {_who(table, 'it').removesuffix(',')}."


def _recently_written(table: TableAnswer) -> str:
    written = table["lastWritten"]
    if written is not None and (table["refreshedAt"].date() - written).days <= Policy.recently_written_days:
        return f"It was written on {format_day(written)}."
    if _unused_series(table) is not None:
        return "Another part of its series was written lately, or nobody can read when."
    return "Nobody can read when it was last written."


def reasons(
    table: TableAnswer,
    verdict: Verdict,
    blockers: Sequence[str],
    risk: ReturnRisk | None,
    care: Sequence[str] = (),
) -> list[str]:
    """The reasons for a verdict: use, return risk, cost, dependents, signs of care, blockers, and what to do."""
    if table["removedAt"] is not None:
        return [f"It was removed on {format_day(table['removedAt'].date())}."]
    sentences = [_use(table)] if table["absentSince"] is None else [_absence(table["absentSince"]), _use(table)]
    if (series := _unused_series(table)) is not None:
        sentences.append(series["reason"])
    sentences += use_kinds.sentences(table)
    if risk is not None:
        sentences += _return_risk(risk)
    sentences.append(_cost(table))
    if _nothing_depends_on(table):
        sentences.append("Nothing in use depends on it.")
    # As a blocker they are said already.
    sentences += care if Blocker.CARED_FOR.value not in table["blockerCodes"] else ()
    return [*sentences, *blockers, *_removal(table, verdict), _ADVICE[verdict]]


def _cost(table: TableAnswer) -> str:
    cost: Decimal | None = table["monthlyCost"]
    if cost is None:
        return "What it costs is not known."
    days = table["storagePrice"]["longTermDays"]
    rate = f", at the lower rate for what is not written for {_days(days)}" if table["longTermRate"] else ""
    return f"Costs {cost.quantize(CENT):,} USD a month{rate}."


def _removal(table: TableAnswer, verdict: Verdict) -> list[str]:
    """What following the verdict leaves to be paid, or stops, or why it cannot be done step by step."""
    service_type, table_type = table["serviceType"], table["tableType"]
    if verdict in {Verdict.DELETE, Verdict.ARCHIVE}:
        if table_type in TYPES_WITHOUT_STORAGE:
            return ["It has no storage of its own to free: keep its definition, from which it can be created anew."]
        kept = kept_after_drop(service_type, table_type)
        return [] if kept is None else [f"After it is dropped: {kept}"]
    if verdict is Verdict.STOP_REFRESH:
        saved: Decimal | None = table["saving"]
        return [f"What writes it cost {saved.quantize(CENT):,} USD in the last 30 days."] if saved else []
    problem = None if has_plan(service_type, table_type) else refusal(service_type, table_type)
    return [f"{problem[:1].upper()}{problem[1:]}."] if problem and verdict is Verdict.REVIEW else []


def _nothing_depends_on(table: TableAnswer) -> bool:
    """Whether nothing in use depends on a table, nor on its series, as far as anybody can tell."""
    series: SeriesView | None = table["series"]
    held = table["inUseThroughLineage"] or (series is not None and series["throughLineage"])
    return not held and _DEPENDED_ON.isdisjoint(table["blockerCodes"])


def _absence(since: datetime) -> str:
    return (
        f"OpenMetadata has not had it since {format_day(since.date())}: what is known of it is as it was then, and it "
        f"counts as gone only if it does not come back within days."
    )


def _use(table: TableAnswer) -> str:
    idle, series = table["advised"]["idle"], _unused_series(table)
    accessed = table["lastAccessed"] if series is None else series["lastAccessed"]
    if idle == UNKNOWN_IDLE_DAYS:
        reason: str = table["activityReason"]
        return reason
    if accessed is None:
        return f"Never seen in use in {idle:,} days that were watched."
    days = (table["refreshedAt"].date() - accessed).days
    if table["activity"] not in {"STALE", "DORMANT"}:
        used = "counted as used" if use_kinds.is_only_written(table) else "read"
        return f"Last {used} on {format_day(accessed)} ({_days(days)} ago)."
    watched = "" if idle == days else f", {idle:,} of them watched"
    since = f"Not read since {format_day(accessed)} ({_days(days)}{watched})"
    pause = table["longestPauseDays"]
    return f"{since}; its longest pause before was {_days(pause)}." if pause else f"{since}."


def _unused_series(table: TableAnswer) -> SeriesView | None:
    """The series that a table is judged with: all of it, as none of it is in use."""
    series: SeriesView | None = table["series"]
    return None if series is None or series["inUse"] else series


def _return_risk(risk: ReturnRisk) -> list[str]:
    tables, returned = risk["like"], risk["returned"]
    again = "none was" if returned == 0 else "1 was" if returned == 1 else f"{returned:,} were"
    many = "1 table that was" if tables == 1 else f"{tables:,} tables that were"
    known = (
        f"Of {many} once idle like this, {again} used again within half a year."
        if tables
        else "No table here was once idle like this for long enough to tell: its return risk is that of estates at large."
    )
    season = ["A year has not been watched yet, so that a season may be missing."] if risk["seasonUnseen"] else []
    downstream = ["An idle table that depends on it is likelier to be used again."] if risk["fromDownstream"] else []
    return [known, *season, *downstream]


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"
