"""What NetworkPolicies mean, by the rules of networking.k8s.io/v1: a judge of who may open a connection to a pod.

Policies add up: a pod that none selects takes everything; one that some select takes what one of these allows.
"""

from dataclasses import dataclass
from typing import Any

Labels = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod with its labels, its namespace, and by name the ports that its containers have."""

    labels: Labels
    namespace: str = "openmetadata"
    ports: tuple[tuple[str, int], ...] = ()


def may_connect(policies: list[dict[str, Any]], source: Pod, target: Pod, port: int) -> bool:
    """Whether `source` may open a TCP connection to this port of `target`; all policies are of `openmetadata`."""
    selecting = [
        policy["spec"]
        for policy in policies
        if target.namespace == "openmetadata"
        and "Ingress" in policy["spec"].get("policyTypes", ["Ingress"])
        and matches(policy["spec"]["podSelector"], target.labels)
    ]
    if not selecting:
        return True
    rules = [rule for spec in selecting for rule in spec.get("ingress") or ()]
    return any(_is_from(rule, source) and _has_port(rule, target, port) for rule in rules)


def matches(selector: dict[str, Any], labels: Labels) -> bool:
    """Whether a label selector takes these; an empty one takes all."""
    unknown = set(selector) - {"matchLabels"}
    assert not unknown, f"the judge does not know {unknown}"
    return all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())


def _is_from(rule: dict[str, Any], source: Pod) -> bool:
    # Neither: everybody.
    return not rule.get("from") or any(_is_peer(peer, source) for peer in rule["from"])


def _is_peer(peer: dict[str, Any], source: Pod) -> bool:
    unknown = set(peer) - {"podSelector", "namespaceSelector"}
    assert peer and not unknown, f"the judge does not know {peer}"
    if "namespaceSelector" in peer:
        namespace = {"kubernetes.io/metadata.name": source.namespace}
        if not matches(peer["namespaceSelector"], namespace):
            return False
    elif source.namespace != "openmetadata":
        # Without a selector of namespaces: the policy's own.
        return False
    return matches(peer.get("podSelector", {}), source.labels)


def _has_port(rule: dict[str, Any], target: Pod, port: int) -> bool:
    named = dict(target.ports)
    return not rule.get("ports") or any(
        entry.get("protocol", "TCP") == "TCP" and named.get(entry["port"], entry["port"]) == port
        for entry in rule["ports"]
    )
