"""GraphQL: the policy in force, its history, and what another one would do."""

from datetime import datetime
from functools import partial

from ariadne import MutationType, QueryType

from thirdeye.auth.permission import administrator
from thirdeye.context import Info
from thirdeye.estate.loaders import as_of, with_snapshot
from thirdeye.estate.resolvers.refreshes import refresh_soon
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.pacing import in_thread
from thirdeye.paging import page_size
from thirdeye.verdict import store
from thirdeye.verdict.policy import current_policy, policy_document, policy_of, policy_with
from thirdeye.verdict.prior import prior_of
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.simulation import SIMULATED, series_of, simulate
from thirdeye.verdict.validation import PolicyInput, validate_policy

query = QueryType()
mutation = MutationType()


def _policy_answer(policy: Policy, by: str | None = None, at: datetime | None = None) -> dict[str, object]:
    return {
        "deleteRisk": policy.delete_risk,
        "archiveRisk": policy.archive_risk,
        "minimumIdleDays": policy.minimum_idle_days,
        "protectedTags": list(policy.protected_tags),
        "reviewCaredFor": policy.review_cared_for,
        "setBy": by,
        "setAt": at,
    }


@query.field("policy")
async def resolve_policy(_: object, info: Info) -> dict[str, object]:
    return (await _history(info, 1))[0]


@query.field("policyHistory")
async def resolve_policy_history(_: object, info: Info, *, first: int | None = None) -> list[dict[str, object]]:
    return await _history(info, page_size(first, default=20, maximum=100))


async def _history(info: Info, limit: int) -> list[dict[str, object]]:
    base = policy_of(info.context.settings)
    rows = await store.policies(info.context.thirdeye, limit)
    answers = [_policy_answer(policy_with(base, row["policy"]), row["set_by"], row["set_at"]) for row in rows]
    return answers if len(answers) == limit else [*answers, _policy_answer(base)]


async def _changed_policy(info: Info, changes: PolicyInput) -> Policy:
    """The policy in force with changes; tags that the settings protect stay protected. Raises BadInput."""
    context = info.context
    policy = validate_policy(await current_policy(context.settings, context.thirdeye), changes)
    return policy_with(policy_of(context.settings), policy_document(policy))


@mutation.field("setPolicy")
async def resolve_set_policy(_: object, info: Info, *, input: PolicyInput) -> dict[str, object]:
    by, context = administrator(info.context), info.context
    policy = await _changed_policy(info, input)
    await store.set_policy(context.thirdeye, policy_document(policy), by, context.clock())
    await refresh_soon(info, by)
    return (await _history(info, 1))[0]


@query.field("simulatePolicy")
async def resolve_simulate(_: object, info: Info, *, input: PolicyInput) -> dict[str, object]:
    context = info.context
    policy = await _changed_policy(info, input)
    is_in_force = policy == await _changed_policy(info, {})

    async def run(snapshot: Snapshot) -> dict[str, object]:
        directory = snapshot.directory
        await snapshot.load(SIMULATED)
        prior, _ = prior_of(context.settings.return_risk_prior)
        catalogue, labels = snapshot.catalogue, directory["labels"]

        def work() -> dict[str, object]:
            series = snapshot.once("series", partial(series_of, catalogue))
            return simulate(catalogue, directory["tag_sets"], labels, snapshot.advice, policy, prior, series)

        # Whoever begins to try others asks for the one in force first.
        result = await (in_thread(snapshot.once, f"simulated {policy}", work) if is_in_force else in_thread(work))
        services = [number for number, each in enumerate(directory["services"]) if each["tables"]]
        basis = catalogue.tariffs.basis_of(services)
        return {**result, **as_of(context, snapshot), "policy": _policy_answer(policy), "priceBasis": basis}

    return await with_snapshot(context, run)
