"""GraphQL: verdicts, one module a topic."""

from typing import Final

from thirdeye.verdict.resolvers import approvals, keeps, lists, policy, quality, removal, unlocking, verdicts

BINDABLES: Final = (
    verdicts.table,
    verdicts.blocker,
    lists.query,
    lists.verdict_lists,
    lists.record,
    keeps.mutation,
    approvals.mutation,
    policy.query,
    policy.mutation,
    quality.query,
    removal.query,
    unlocking.query,
    unlocking.unlock_plan,
)
