"""GraphQL: the verdict on a table with its reasons."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, lru_cache, partial
from typing import Final

import numpy as np
from ariadne import ObjectType

from thirdeye.batch_resolvers import batch_resolver
from thirdeye.context import Info
from thirdeye.errors import BadInput
from thirdeye.estate.loaders import snapshot_of, view, with_snapshot
from thirdeye.estate.resolvers.lineage import (
    downstream_in_use,
    series_downstream_in_use,
    unknown_downstream,
)
from thirdeye.inventory import store as inventory
from thirdeye.inventory.columns import day_number
from thirdeye.inventory.fqn import digest
from thirdeye.inventory.reader import check_generation
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.verdicts import RISKS, SHOWN_FIELDS, Blocker, Verdict
from thirdeye.pacing import keep_pace
from thirdeye.paging import page_size
from thirdeye.verdict import explanations, rules
from thirdeye.verdict.approvals.decision import approval_sentence, decision, saving_as_decided
from thirdeye.verdict.cells import NO_CELL, cells_of
from thirdeye.verdict.decided_tables import policy_in_force
from thirdeye.verdict.dropped_tables import kept_after_drop
from thirdeye.verdict.evaluation import used_days
from thirdeye.verdict.explanations import ReturnRisk, TableAnswer
from thirdeye.verdict.label_sentences import signs_of_care
from thirdeye.verdict.loaders import Decided, decisions
from thirdeye.verdict.periods import tables_like
from thirdeye.verdict.removal import WAITING_DAYS, Stage, step_answer, trial_steps
from thirdeye.verdict.resolvers.assessment import ASSESSED, assessment
from thirdeye.verdict.unlock_groups import AlternativeKind
from thirdeye.verdict.unlock_sentences import alternative_sentence
from thirdeye.verdict.validation import MAX_FQN_LENGTH

table = ObjectType("Table")
blocker = ObjectType("TableBlocker")
# Many tables have the same, and arrays of one are slow.
_CELLS_KNOWN: Final = 4_096
_UNKNOWN_DOWNSTREAM: Final = Blocker.UNKNOWN_DOWNSTREAM.value
# Fields of a verdict that are told in sentences, which take longer than all others.
_IN_SENTENCES: Final = frozenset({"blockers", "signsOfCare", "reasons"})


async def require_table(info: Info, fqn: str, argument: str = "fqn") -> TableAnswer:
    """The answer about a table that exists, with its `owner_set`. Raises BadInput when the inventory has no such table."""
    problem = BadInput(f"{argument}: the inventory has no table {fqn[:200]}", argument)
    if not 1 <= len(fqn) <= MAX_FQN_LENGTH:
        raise problem

    async def find(snapshot: Snapshot) -> TableAnswer:
        row = await inventory.row_by_fqn(info.context.thirdeye, fqn, digest(fqn))
        if row is None or row["removed_at"] is not None:
            raise problem
        await snapshot.load(SHOWN_FIELDS)
        return {**view(info.context, snapshot, check_generation(snapshot, row)), "owner_set": row["owner_set"]}

    return await with_snapshot(info.context, find)


@table.field("verdict")
@batch_resolver
async def resolve_verdicts(
    tables: Sequence[TableAnswer], info: Info, fields: frozenset[str]
) -> list[dict[str, object]]:
    decided = decisions(info.context)
    snapshot, answers = await snapshot_of(info.context), list[dict[str, object]]()
    for each in tables:
        answers.append(_verdict(each, await decided.of(each["number"]), info, snapshot, fields))
        # Sentences about a hundred tables take longer than others should wait.
        await keep_pace()
    return answers


def _verdict(
    table: TableAnswer, decided: Decided, info: Info, snapshot: Snapshot, fields: frozenset[str]
) -> dict[str, object]:
    """The verdict of a table; what is said in sentences only if one of `fields` says it."""
    keep, given = decided
    today, policy = info.context.clock().date(), snapshot.advice.get("policy", {})
    # What people decide takes effect before the next refresh.
    verdict, codes, approval = decision(table, keep, given, policy_in_force(snapshot), snapshot.as_of)
    risk = return_risk(table, snapshot)
    answer: dict[str, object] = {
        "recommendation": verdict.value,
        "confidence": _confidence(verdict, risk),
        "purgeScore": _purge_score(table, snapshot),
        "returnRisk": risk,
        "keptAfterDrop": kept_after_drop(table["serviceType"], table["tableType"]),
        "saving": saving_as_decided(table, verdict, policy),
        "keep": keep and {"reason": keep.reason, "by": keep.kept_by, "at": keep.kept_at, "until": keep.kept_until},
        "approval": approval
        and {
            "reason": approval.reason,
            "by": approval.approved_by,
            "at": approval.approved_at,
            "until": approval.approved_until,
        },
        "trial": partial(_trial, table, today) if table["trial"] and verdict is Verdict.REVIEW else None,
    }
    if not fields.isdisjoint(ASSESSED):
        answer |= assessment(table, verdict, risk, snapshot)
    if not fields.isdisjoint(_IN_SENTENCES):
        background = explanations.Background(
            keep=keep,
            missing_days=max(int(policy.get("observed_days", 0)) - _observed_days(table, snapshot), 0),
            protected_tags=policy.get("protected_tags", ()),
            terms=snapshot.directory["labels"]["terms"],
            edit_days=info.context.settings.care_edit_days,
        )
        said = [] if approval is None else [approval_sentence(approval)]
        answer |= _in_sentences(table, info, _Decision(verdict, codes, risk, said), background)
    return answer


@dataclass(frozen=True)
class _Decision:
    """What is to be explained; `said`: sentences about it beside those of its blockers."""

    verdict: Verdict
    codes: Sequence[str]
    risk: ReturnRisk | None
    said: Sequence[str]


def _in_sentences(
    table: TableAnswer, info: Info, decision: _Decision, background: explanations.Background
) -> dict[str, object]:
    care = signs_of_care(table, background.edit_days)

    def reasons_with(sentences: Mapping[str, str]) -> list[str]:
        told = [*sentences.values(), *decision.said]
        return explanations.reasons(table, decision.verdict, told, decision.risk, care)

    details = {code: explanations.blocker_detail(Blocker(code), table, background) for code in decision.codes}
    unknown = _UnknownDownstream(table, info, details) if _UNKNOWN_DOWNSTREAM in details else None
    told: Mapping[str, object] = details if unknown is None else {**details, _UNKNOWN_DOWNSTREAM: unknown.detail}
    return {
        "blockers": [{"code": code, "detail": detail, "number": table["number"]} for code, detail in told.items()],
        "signsOfCare": care,
        "reasons": reasons_with(details) if unknown is None else partial(unknown.reasons, reasons_with),
    }


class _UnknownDownstream:
    """What depends on a table and of which nobody can tell whether it is in use: found once, for all who tell of it.

    Lineage is walked only for those who ask for what it tells, not for those who ask which blockers there are.
    `otherwise` are the details of the blockers without it.
    """

    def __init__(self, table: TableAnswer, info: Info, otherwise: dict[str, str]) -> None:
        self._table = table
        self._info = info
        self._otherwise = otherwise

    @cached_property
    def _details(self) -> asyncio.Future[dict[str, str]]:
        return asyncio.ensure_future(self._find())

    async def _find(self) -> dict[str, str]:
        found = await unknown_downstream(self._info, self._table["number"], explanations.MOST_NAMED + 1)
        assets = [explanations.UnknownAsset.of(view) for view in found]
        named = {_UNKNOWN_DOWNSTREAM: explanations.unknown_downstream(assets)} if assets else {}
        return self._otherwise | named

    async def detail(self, _info: Info) -> str:
        return (await self._details)[_UNKNOWN_DOWNSTREAM]

    async def reasons(self, reasons_with: Callable[[Mapping[str, str]], list[str]], _info: Info) -> list[str]:
        return reasons_with(await self._details)


def _trial(table: TableAnswer, day: date, _info: Info) -> dict[str, object]:
    steps = trial_steps(
        service_type=table["serviceType"],
        table_type=table["tableType"],
        database=table["database"],
        schema=table["schema"],
        name=table["name"],
        day=day,
    )
    return {
        "action": alternative_sentence(AlternativeKind.TRIAL, 1),
        "days": WAITING_DAYS[Stage.RESTRICTED],
        "steps": list(map(step_answer, steps)),
    }


def _confidence(verdict: Verdict, risk: ReturnRisk | None) -> float | None:
    if verdict not in {Verdict.DELETE, Verdict.ARCHIVE} or risk is None or risk["value"] is None:
        return None
    return 1 - risk["value"]


def _purge_score(table: TableAnswer, snapshot: Snapshot) -> dict[str, object] | None:
    if table["purgeScore"] is None:
        return None
    return {"value": table["purgeScore"], "parts": partial(_purge_parts, table, snapshot.as_of)}


def _purge_parts(table: TableAnswer, as_of: date, _info: Info) -> dict[str, float]:
    parts = rules.purge_parts(
        np.array([table["advised"]["idle"]]),
        np.array([-1 if table["sizeBytes"] is None else table["sizeBytes"]]),
        np.array([table["queries30d"]]),
        np.array([day_number(table["lastAccessed"])]),
        np.array([day_number(table["lastWritten"])]),
        day_number(as_of),
    )
    return {name: round(float(part[0]), 4) for name, part in parts.items()}


def return_risk(table: TableAnswer, snapshot: Snapshot) -> ReturnRisk | None:
    """The return risk of an idle table with what it rests on; None for a table that is in use or unknown."""
    advice, advised = snapshot.advice, table["advised"]
    if table["returnRisk"] is None or table["activity"] not in {"STALE", "DORMANT"}:
        return None
    cell = _cell_of(
        advised["idle"], table["longestPauseDays"], table["daysOfUse"], is_used=table["lastAccessed"] is not None
    )
    tables, returned = snapshot.once("tablesLike", lambda: cache(partial(tables_like, advice["counts"])))(cell)
    observed = _observed_days(table, snapshot)
    return {
        "value": table["returnRisk"],
        "expected": float(RISKS[advised["expected_risk"]]) if advised["expected_risk"] else None,
        "like": tables,
        "returned": returned,
        "ownShare": 0.0 if cell == NO_CELL else advice["own_shares"][cell],
        "seasonUnseen": observed < int(advice["policy"]["observed_days"]),
        "basedOnDays": observed,
        # Of a series that is not in use it is that of the part that is likeliest to come back.
        "fromDownstream": advised["risk"] > advised["own_risk"] and table["series"] is None,
    }


@lru_cache(_CELLS_KNOWN)
def _cell_of(idle: int, longest_pause: int, days_of_use: int, *, is_used: bool) -> int:
    days = used_days(np.array([days_of_use]), np.array([int(is_used)]))
    (cell,) = cells_of(np.array([idle]), np.array([longest_pause]), days).tolist()
    return int(cell)


def _observed_days(table: TableAnswer, snapshot: Snapshot) -> int:
    number = snapshot.service_numbers.get(table["service"])
    databases = () if number is None else snapshot.directory["services"][number]["databases"]
    return next((each["observed_days"] for each in databases if each["name"] == table["database"]), 0)


@blocker.field("assets")
async def resolve_assets(blocker: TableAnswer, info: Info, *, first: int | None = None) -> list[dict[str, object]]:
    limit = page_size(first, default=5, maximum=20)
    if blocker["code"] == Blocker.ACTIVE_DOWNSTREAM.value:
        own = await downstream_in_use(info, blocker["number"], limit)
        # The parts of a series that is not in use have the blockers of all.
        return own or await series_downstream_in_use(info, blocker["number"], limit)
    if blocker["code"] == Blocker.SERIES_IN_USE.value:
        return await series_downstream_in_use(info, blocker["number"], limit)
    if blocker["code"] == Blocker.UNKNOWN_DOWNSTREAM.value:
        return await unknown_downstream(info, blocker["number"], limit)
    return []
