"""The policy in force: the settings, and what administrators have set since."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from thirdeye.database import MySQL
from thirdeye.settings import Settings
from thirdeye.verdict import store
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.store import PolicyDocument


def policy_of(settings: Settings) -> Policy:
    """The policy that the settings name."""
    return Policy(
        delete_risk=settings.delete_risk,
        archive_risk=settings.archive_risk,
        minimum_idle_days=settings.minimum_idle_days,
        protected_tags=tuple(settings.protected_tags),
        archive_saving=settings.archive_saving,
        review_cost=settings.review_cost_usd,
        review_cared_for=settings.review_cared_for,
    )


def policy_with(base: Policy, document: PolicyDocument) -> Policy:
    """The settings' policy with what was set; tags that the settings protect stay protected."""
    tags = dict.fromkeys((*base.protected_tags, *document.get("protected_tags", ())))
    settings: dict[str, Any] = {**document, "protected_tags": tuple(tags)}
    return replace(base, **settings)


def policy_from(document: Mapping[str, Any]) -> Policy:
    """The policy that a refresh, maybe of another version, published with its advice; defaults for what that lacks."""
    known = {name: value for name, value in document.items() if name in Policy.__dataclass_fields__}
    return Policy(**{**known, "protected_tags": tuple(document.get("protected_tags", ()))})


def policy_document(policy: Policy) -> PolicyDocument:
    """The part of a policy that administrators can set, as it is stored."""
    return {
        "delete_risk": policy.delete_risk,
        "archive_risk": policy.archive_risk,
        "minimum_idle_days": policy.minimum_idle_days,
        "protected_tags": list(policy.protected_tags),
        "review_cared_for": policy.review_cared_for,
    }


async def current_policy(settings: Settings, thirdeye: MySQL) -> Policy:
    """The policy in force."""
    rows = await store.policies(thirdeye, 1)
    base = policy_of(settings)
    return policy_with(base, rows[0]["policy"]) if rows else base
