"""GraphQL: what people say of tables, what the organisation risks, and whether verdicts hold."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from ariadne import MutationType, QueryType

from thirdeye.auth.permission import administrator, caller, may_administer, my_teams
from thirdeye.context import Info
from thirdeye.errors import BadInput, Forbidden, Unavailable
from thirdeye.estate.loaders import as_of, snapshot_of, with_snapshot
from thirdeye.estate.resolvers.refreshes import request_refresh
from thirdeye.inventory.reader import Snapshot
from thirdeye.paging import EARLIEST_DAY, page_size
from thirdeye.verdict import store
from thirdeye.verdict.advisor import CHECKED_DAYS
from thirdeye.verdict.loaders import keep_loader
from thirdeye.verdict.policy import current_policy, policy_document, policy_of, policy_with
from thirdeye.verdict.quality import classes_off, rated
from thirdeye.verdict.resolvers.verdicts import known_table
from thirdeye.verdict.return_risk import class_words
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.simulation import SIMULATED, simulate

query = QueryType()
mutation = MutationType()
_LONGEST_REASON: Final = 1000
_LONGEST_KEEP: Final = timedelta(days=3 * 366)
_MOST_TAGS: Final = 100
_LONGEST_TAG: Final = 256
_MOST_IDLE: Final = 3650
_LONGEST_PERIOD: Final = timedelta(days=10 * 366)


# ---- people


@mutation.field("keepTable")
async def resolve_keep(_: Any, info: Info, *, fqn: str, reason: str, until: date) -> dict[str, Any]:
    today, text = info.context.clock().date(), reason.strip()
    if not 1 <= len(text) <= _LONGEST_REASON:
        raise BadInput(f"reason: must have 1 to {_LONGEST_REASON} characters after trimming", "reason")
    if not today <= until <= today + _LONGEST_KEEP:
        raise BadInput("until: must be from today to three years ahead", "until")
    found = await known_table(info, fqn)
    by = await _owner(info, found)
    now = info.context.clock()
    await store.keep(info.context.thirdeye, number=found["number"], reason=text, by=by, now=now, until=until)
    await _take_effect(info, by)
    keep_loader(info.context).clear(found["number"])
    return found


@mutation.field("releaseTable")
async def resolve_release(_: Any, info: Info, *, fqn: str) -> dict[str, Any]:
    found = await known_table(info, fqn)
    by = await _owner(info, found)
    if not await store.release(info.context.thirdeye, number=found["number"], by=by, now=info.context.clock()):
        raise BadInput("fqn: nobody keeps this table", "fqn")
    await _take_effect(info, by)
    keep_loader(info.context).clear(found["number"])
    return found


async def _owner(info: Info, table: dict[str, Any]) -> str:
    """The name of whoever asks. Raises Forbidden unless it is an owner, by itself or in a team, or an administrator."""
    context = info.context
    if not may_administer(context):
        identifier, teams = my_teams(context, (await snapshot_of(context)).directory["users"])
        if not {owner["id"] for owner in table["owners"]} & ({identifier, *teams} - {""}):
            roles = ", ".join(context.settings.admin_roles)
            raise Forbidden(f"only owners of the table and administrators ({roles}) may do this")
    return caller(context)


async def _take_effect(info: Info, by: str) -> None:
    # Lists and totals follow with a refresh; without Redis the next one on time will do.
    with suppress(Unavailable):
        await request_refresh(info, kind="AUTO", by=by, now=info.context.clock(), since=None)


# ---- policies


def _policy(policy: Policy, by: str | None, at: Any) -> dict[str, Any]:
    return {
        "deleteRisk": policy.delete_risk,
        "archiveRisk": policy.archive_risk,
        "minimumIdleDays": policy.minimum_idle_days,
        "protectedTags": list(policy.protected_tags),
        "setBy": by,
        "setAt": at,
    }


@query.field("policy")
async def resolve_policy(_: Any, info: Info) -> dict[str, Any]:
    return (await _history(info, 1))[0]


@query.field("policyHistory")
async def resolve_policy_history(_: Any, info: Info, *, first: int | None = None) -> list[dict[str, Any]]:
    return await _history(info, page_size(first, default=20, maximum=100))


async def _history(info: Info, limit: int) -> list[dict[str, Any]]:
    base = policy_of(info.context.settings)
    rows = await store.policies(info.context.thirdeye, limit)
    found = [_policy(policy_with(base, row["policy"]), row["set_by"], row["set_at"]) for row in rows]
    return found if len(found) == limit else [*found, _policy(base, None, None)]


async def _asked(info: Info, given: dict[str, Any]) -> Policy:
    """The policy in force with what is given; tags that the settings protect stay protected. Raises BadInput."""
    context = info.context
    asked = _validate_policy(await current_policy(context.settings, context.thirdeye), given)
    return policy_with(policy_of(context.settings), policy_document(asked))


def _validate_policy(base: Policy, given: dict[str, Any]) -> Policy:
    """A policy with what is given. Raises BadInput naming the field."""
    for name in ("deleteRisk", "archiveRisk"):
        if given.get(name) is not None and not 0 <= given[name] <= 1:
            raise BadInput(f"{name}: must be 0 to 1", name)
    idle, tags = given.get("minimumIdleDays"), given.get("protectedTags")
    if idle is not None and not 0 <= idle <= _MOST_IDLE:
        raise BadInput(f"minimumIdleDays: must be 0 to {_MOST_IDLE}", "minimumIdleDays")
    if tags is not None and (len(tags) > _MOST_TAGS or any(not 1 <= len(tag.strip()) <= _LONGEST_TAG for tag in tags)):
        raise BadInput(f"protectedTags: at most {_MOST_TAGS} tags of 1 to {_LONGEST_TAG} characters", "protectedTags")
    policy = replace(
        base,
        delete_risk=base.delete_risk if given.get("deleteRisk") is None else given["deleteRisk"],
        archive_risk=base.archive_risk if given.get("archiveRisk") is None else given["archiveRisk"],
        minimum_idle_days=base.minimum_idle_days if idle is None else idle,
        protected_tags=base.protected_tags if tags is None else tuple(dict.fromkeys(tag.strip() for tag in tags)),
    )
    if policy.delete_risk > policy.archive_risk:
        raise BadInput("deleteRisk: must not be above archiveRisk", "deleteRisk")
    return policy


@mutation.field("setPolicy")
async def resolve_set_policy(_: Any, info: Info, *, input: dict[str, Any]) -> dict[str, Any]:
    by, context = administrator(info.context), info.context
    policy = await _asked(info, input)
    await store.set_policy(context.thirdeye, policy_document(policy), by, context.clock())
    await _take_effect(info, by)
    return (await _history(info, 1))[0]


@query.field("simulatePolicy")
async def resolve_simulate(_: Any, info: Info, *, input: dict[str, Any]) -> dict[str, Any]:
    context = info.context
    policy = await _asked(info, input)

    async def find(snapshot: Snapshot) -> dict[str, Any]:
        tag_sets, advice = snapshot.directory["tag_sets"], snapshot.advice
        await snapshot.load(SIMULATED)
        found = await asyncio.to_thread(simulate, snapshot.catalogue, tag_sets, advice, policy)
        return {**found, **as_of(context, snapshot)}

    found = await with_snapshot(context, find)
    return {**found, "policy": _policy(policy, None, None)}


# ---- quality


@query.field("verdictQuality")
async def resolve_quality(_: Any, info: Info, **between: date | None) -> dict[str, Any]:
    # `from` is no name that Python has for an argument.
    today = info.context.clock().date()
    until = between.get("to") or today
    if until < EARLIEST_DAY:
        raise BadInput(f"to: must be {EARLIEST_DAY} or later", "to")
    since = between.get("from") or until - timedelta(days=CHECKED_DAYS)
    if since > until:
        raise BadInput("from: must not be after to", "from")
    if until - since > _LONGEST_PERIOD:
        raise BadInput("from: at most ten years before to", "from")
    rows = await store.quality(info.context.thirdeye, since, until)
    checked = await store.quality(info.context.thirdeye, today - timedelta(days=CHECKED_DAYS), today)
    off = classes_off(checked)
    return {
        "from": since,
        "to": until,
        **_rated(rows),
        "byVerdict": [
            {"recommendation": name, **_rated([row for row in rows if row["verdict"] == name])}
            for name in ("DELETE", "ARCHIVE")
        ],
        "byClass": [
            {
                "recommendation": row["verdict"],
                "like": class_words(row["risk"]),
                "promisedRisk": row["promised"],
                "calibrationOff": row["risk"] in off,
                **_rated([row]),
            }
            for row in sorted(rows, key=lambda row: (-row["verdicts"], row["verdict"], row["risk"]))
        ],
    }


def _rated(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        **rated(sum(row["verdicts"] for row in rows), sum(row["regrets"] for row in rows)),
        "standing": sum(row["standing"] for row in rows),
    }
