"""GraphQL: the verdict on a table with its reasons, and lists of verdicts."""

from typing import Any, Final

import numpy as np
from ariadne import ObjectType, QueryType

from thirdeye.context import Info
from thirdeye.database import Row
from thirdeye.errors import BadInput
from thirdeye.estate.listing import PageRequest, find_page
from thirdeye.estate.loaders import as_of, snapshot_of, table_loader, view, views, with_snapshot
from thirdeye.estate.resolvers.lineage import downstream_assets
from thirdeye.estate.views import AsOf, TableAnswer
from thirdeye.inventory import store as inventory
from thirdeye.inventory.columns import day_number
from thirdeye.inventory.fqn import digest
from thirdeye.inventory.query import Sort, TableFilter
from thirdeye.inventory.reader import Snapshot, check_generation
from thirdeye.inventory.rules import Activity
from thirdeye.inventory.verdicts import ADVICE_FIELDS, BLOCKER_BIT, UNKNOWN_IDLE_DAYS, VERDICT_CODE, Blocker, Verdict
from thirdeye.paging import page_size
from thirdeye.verdict import explanations, rules, store
from thirdeye.verdict.evaluation import own_classes
from thirdeye.verdict.loaders import keep_loader
from thirdeye.verdict.removal import removal_plan
from thirdeye.verdict.return_risk import NO_CLASS

query = QueryType()
table = ObjectType("Table")
blocker = ObjectType("TableBlocker")
lists = ObjectType("VerdictLists")
record = ObjectType("VerdictRecord")
_LONGEST_FQN: Final = 3072
_BLOCKED: Final = sum(BLOCKER_BIT.values())


async def known_table(info: Info, fqn: str, argument: str = "fqn") -> dict[str, Any]:
    """A table that is there, as an answer. Raises BadInput when the inventory has none of this name."""
    problem = BadInput(f"{argument}: the inventory has no table {fqn[:200]}", argument)
    if not 1 <= len(fqn) <= _LONGEST_FQN:
        raise problem

    async def find(snapshot: Snapshot) -> dict[str, Any]:
        row = await inventory.row_by_fqn(info.context.thirdeye, fqn, digest(fqn))
        if row is None or row["removed_at"] is not None:
            raise problem
        await snapshot.load(ADVICE_FIELDS)
        return {**view(info.context, snapshot, check_generation(snapshot, row)), "owner_set": row["owner_set"]}

    return await with_snapshot(info.context, find)


@table.field("verdict")
async def resolve_verdict(of: dict[str, Any], info: Info) -> dict[str, Any]:
    keeps, snapshot = await keep_loader(info.context).load(of["number"]), await snapshot_of(info.context)
    today = info.context.clock().date()
    keep = next((row for row in keeps if explanations.is_kept(row, today)), None)
    verdict, codes = Verdict(of["recommendation"]), list(of["blockerCodes"])
    if keep is not None and Blocker.KEPT_BY_OWNER.value not in codes:
        # What somebody said since the last refresh holds at once.
        verdict, codes = Verdict.KEEP, [*codes, Blocker.KEPT_BY_OWNER.value]
    risk = return_risk(of, snapshot)
    policy = snapshot.advice.get("policy", {})
    missing = _missing_days(of, snapshot)
    blockers = [
        {
            "code": code,
            "detail": explanations.blocker_detail(Blocker(code), of, keep, missing, policy),
            "number": of["number"],
        }
        for code in codes
    ]
    certain = verdict in {Verdict.DELETE, Verdict.ARCHIVE} and risk is not None and risk["value"] is not None
    return {
        "recommendation": str(verdict.value),
        "confidence": 1 - risk["value"] if certain and risk is not None else None,
        "purgeScore": _purge_score(of, snapshot),
        "returnRisk": risk,
        "blockers": blockers,
        "saving": of["saving"] if verdict.value == of["recommendation"] else 0,
        "keep": keep and _keep(keep),
        "reasons": explanations.reasons(of, verdict, [each["detail"] for each in blockers], risk),
    }


def _keep(row: Row) -> dict[str, Any]:
    return {"reason": row["reason"], "by": row["kept_by"], "at": row["kept_at"], "until": row["kept_until"]}


def _purge_score(of: dict[str, Any], snapshot: Snapshot) -> dict[str, Any] | None:
    if of["purgeScore"] is None:
        return None
    parts = rules.purge_parts(
        np.array([of["advised"]["idle"]]),
        np.array([-1 if of["sizeBytes"] is None else of["sizeBytes"]]),
        np.array([of["queries30d"]]),
        np.array([day_number(of["lastAccessed"])]),
        np.array([day_number(of["lastWritten"])]),
        day_number(snapshot.as_of),
    )
    return {"value": of["purgeScore"], "parts": {name: round(float(values[0]), 4) for name, values in parts.items()}}


def return_risk(of: dict[str, Any], snapshot: Snapshot) -> dict[str, Any] | None:
    """The risk of a table that is idle, with the counts behind it; None for one that is in use or unknown."""
    advice, idle = snapshot.advice, of["advised"]["idle"]
    if idle == UNKNOWN_IDLE_DAYS or of["activity"] not in {"STALE", "DORMANT"} or not advice:
        return None
    number = of["advised"]["risk"]
    (own_class,) = own_classes(
        np.array([idle]),
        np.array([of["longestPauseDays"]]),
        np.array([of["daysOfUse"]]),
        np.array([day_number(of["lastAccessed"])]),
    )
    own = 0 if own_class == NO_CLASS else advice["number_of"][own_class]
    shown = number or own
    return {
        "value": of["returnRisk"],
        "like": advice["states"][shown],
        "returned": advice["returned"][shown],
        "basedOnDays": _observed(of, snapshot),
        "fromDownstream": number not in {0, own},
    }


def _observed(of: dict[str, Any], snapshot: Snapshot) -> int:
    number = snapshot.service_numbers.get(of["service"])
    return 0 if number is None else int(snapshot.directory["services"][number]["observed_days"])


def _missing_days(of: dict[str, Any], snapshot: Snapshot) -> int:
    wanted = int(snapshot.advice.get("policy", {}).get("observed_days", 0))
    return max(wanted - _observed(of, snapshot), 0)


@blocker.field("assets")
async def resolve_assets(of: dict[str, Any], info: Info, *, first: int | None = None) -> list[dict[str, Any]]:
    limit = page_size(first, default=5, maximum=20)
    if of["code"] == Blocker.ACTIVE_DOWNSTREAM.value:
        return await downstream_assets(info, of["number"], limit)
    if of["code"] == Blocker.UNKNOWN_DOWNSTREAM.value:
        return await downstream_assets(info, of["number"], limit, activity=Activity.UNKNOWN)
    return []


# ---- lists


@query.field("verdicts")
async def resolve_lists(_: Any, info: Info) -> AsOf:
    snapshot = await snapshot_of(info.context)
    return as_of(info.context, snapshot)


async def _listed(info: Info, wanted: TableFilter, sort: Sort, first: int | None) -> list[TableAnswer]:
    size = page_size(first, default=10, maximum=100)

    async def find(snapshot: Snapshot) -> list[TableAnswer]:
        found = await find_page(snapshot, wanted, sort, PageRequest(size=size, backwards=False), None)
        return await views(info.context, snapshot, found.numbers)

    return await with_snapshot(info.context, find)


_GOING: Final = frozenset({VERDICT_CODE[Verdict.DELETE], VERDICT_CODE[Verdict.ARCHIVE]})


@lists.field("bestSavings")
async def resolve_best_savings(_: Any, info: Info, *, first: int | None = None) -> list[TableAnswer]:
    return await _listed(info, TableFilter(verdicts=_GOING), Sort(key="saving"), first)


@lists.field("safestDeletions")
async def resolve_safest(_: Any, info: Info, *, first: int | None = None) -> list[TableAnswer]:
    wanted = TableFilter(verdicts=frozenset({VERDICT_CODE[Verdict.DELETE]}))
    return await _listed(info, wanted, Sort(key="returnRisk", descending=False), first)


@lists.field("biggestBlocked")
async def resolve_blocked(_: Any, info: Info, *, first: int | None = None) -> list[TableAnswer]:
    return await _listed(info, TableFilter(zombie=True, blockers=_BLOCKED), Sort(key="cost"), first)


@lists.field("recentlyChanged")
async def resolve_changed(_: Any, info: Info, *, first: int | None = None) -> list[dict[str, Any]]:
    rows = await store.latest_records(info.context.thirdeye, page_size(first, default=10, maximum=100))
    return [
        {
            "number": row["number"],
            "recommendation": row["verdict"],
            "promisedRisk": row["promised"],
            "givenOn": row["given_on"],
            "endedOn": row["ended_on"],
            "ending": row["ending"],
            "usedOn": row["regretted_on"],
        }
        for row in rows
    ]


@record.field("table")
async def resolve_record_table(of: dict[str, Any], info: Info) -> Any:
    return await table_loader(info.context).load(of["number"])


# ---- the end of a table


@query.field("removalPlan")
async def resolve_removal_plan(
    _: Any, info: Info, *, fqn: str, archiveLocation: str | None = None, readers: list[str] | None = None
) -> dict[str, Any]:
    found = await known_table(info, fqn)
    snapshot = await snapshot_of(info.context)
    if _is_virtual(found):
        raise BadInput(f"fqn: no statements are written for a {found['tableType']}", "fqn")
    steps = removal_plan(
        service_type=found["serviceType"],
        database=found["database"],
        schema=found["schema"],
        name=found["name"],
        day=info.context.clock().date(),
        location=archiveLocation,
        readers=readers or (),
    )
    return {
        "table": found,
        "steps": [
            {
                "stage": str(step.stage.value),
                "what": step.what,
                "wayBack": step.way_back,
                "waitingDays": step.waiting_days,
                "statements": step.statements,
                "undo": step.undo,
            }
            for step in steps
        ],
        **as_of(info.context, snapshot),
    }


def _is_virtual(found: dict[str, Any]) -> bool:
    return (found["tableType"] or "") in VIRTUAL_TYPES


# What is no table to the warehouse, so that statements about tables do not fit.
VIRTUAL_TYPES: Final = frozenset({
    "View", "SecureView", "SemanticView", "MaterializedView", "External", "Foreign", "Stage", "Stream",
})  # fmt: skip
