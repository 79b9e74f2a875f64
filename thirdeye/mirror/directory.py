"""The directory: what the numbers in the columns stand for, as a JSON document for whoever answers questions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from thirdeye.inventory.columns import DESCRIBED, Array, exact_sums
from thirdeye.mirror.evaluation import ServiceFeeds
from thirdeye.mirror.state import State


@dataclass
class Names:
    """Names by id, and the members of teams: by a user's name, lower case, the id and those of the teams."""

    services: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, tuple[str, list[str]]] = field(default_factory=dict)


def directory_of(state: State, names: Names, feeds: ServiceFeeds, warnings: list[str]) -> dict[str, Any]:
    """The directory of a state."""
    return {
        "services": _services(state, names, feeds),
        "places": state.places.items,
        "owner_sets": [
            [_owner(names, kind, identifier) for kind, identifier in owners] for owners in state.owner_sets.items
        ],
        "tag_sets": state.tag_sets.items,
        "domains": [None if identifier is None else _domain(names, identifier) for identifier in state.domains.items],
        "users": {name: [identifier, teams] for name, (identifier, teams) in names.members.items()},
        "warnings": warnings,
    }


def service_name(names: Names, service_hash: str) -> tuple[str, str | None]:
    """A service's name and type; where OM does not tell its name, something that stands for it."""
    known = names.services.get(service_hash)
    if known is not None:
        return known
    if service_hash.startswith("name:"):
        return service_hash.removeprefix("name:"), None
    return f"service {service_hash[:8]}", None


def _owner(names: Names, kind: str, identifier: str) -> tuple[str, str, str]:
    known = (names.users if kind == "user" else names.teams).get(identifier)
    return identifier, kind, known or f"{kind} {identifier[:8]}"


def _domain(names: Names, identifier: str) -> dict[str, str]:
    name = names.domains.get(identifier, f"domain {identifier[:8]}")
    return {"id": identifier, "name": name, "fqn": name}


def _services(state: State, names: Names, feeds: ServiceFeeds) -> list[dict[str, Any]]:
    count = len(state.services.items)
    present = state.present()
    service = state.service_of_place()[state.query["place"]][present]
    query = state.query

    def share(mask: Array) -> list[int]:
        counts: list[int] = np.bincount(service[mask[present]], minlength=count).tolist()
        return counts

    sized, owned = share(query["size"] >= 0), share(query["owners"] > 0)
    tiered, described = share(query["tier"] > 0), share(query.has(DESCRIBED))
    sizes = exact_sums(service, np.maximum(query["size"][present], 0), count)
    entries = []
    for number, service_hash in enumerate(state.services.items):
        name, kind = service_name(names, service_hash)
        feed, verdict = feeds.feeds[number], feeds.verdicts[number]
        entries.append(
            {
                "hash": service_hash,
                "name": name,
                "type": kind,
                "evidence": verdict.evidence,
                "state": verdict.state,
                "silent_since": _text(verdict.silent_since),
                "observed_days": verdict.observed_days,
                "first_usage": _text(feed.first_usage),
                "newest_usage": _text(feed.newest_usage),
                "first_lifecycle": _text(feed.first_lifecycle),
                "newest_lifecycle": _text(feed.newest_lifecycle),
                "tables": feed.tables,
                "lifecycle_tables": feed.lifecycle_tables,
                "sized": sized[number],
                "owned": owned[number],
                "tiered": tiered[number],
                "described": described[number],
                "bytes": sizes[number],
            }
        )
    return entries


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
