"""Tables as people's decisions have them now, before the next refresh follows these."""

from typing import Any

from thirdeye.inventory.snapshot import Snapshot
from thirdeye.verdict.approvals.decision import TableAnswer, decision, saving_as_decided
from thirdeye.verdict.loaders import Decided
from thirdeye.verdict.policy import policy_from
from thirdeye.verdict.rules import Policy


def policy_in_force(snapshot: Snapshot) -> Policy:
    """The policy that the verdicts of a snapshot follow."""
    policy: Policy = snapshot.once("policy", lambda: policy_from(snapshot.advice.get("policy", {})))
    return policy


def as_decided(table: TableAnswer, decided: Decided, snapshot: Snapshot) -> dict[str, Any]:
    """A table of the snapshot with the verdict, the blockers and the saving that it has by what was decided since."""
    verdict, codes, _ = decision(table, *decided, policy_in_force(snapshot), snapshot.as_of)
    saving = saving_as_decided(table, verdict, snapshot.advice.get("policy", {}))
    return {**table, "recommendation": verdict.value, "blockerCodes": codes, "saving": saving}
