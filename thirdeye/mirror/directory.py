"""The directory: what the numbers in the columns stand for, as a JSON document for the reader of the inventory."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from thirdeye.inventory.columns import DESCRIBED, exact_sums
from thirdeye.inventory.directory import OBSERVATION_DAYS, Directory, Domain, Service
from thirdeye.mirror.feed_summaries import EstateFeeds
from thirdeye.mirror.openmetadata.source_tables import DOMAINS, RELATIONS, SERVICES, TEAMS, USERS
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.relations import teams_by_user
from thirdeye.mirror.state import State


@dataclass
class Names:
    """Names by id, and the members of teams: by a user's name, lower case, the id and those of the teams."""

    services: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, tuple[str, list[str]]] = field(default_factory=dict)


async def read_names(reader: OpenMetadataReader) -> Names:
    """Names of services, users, teams and domains, and who belongs to which team."""
    services = await reader.rows(SERVICES, reader.om.services)
    users = await reader.names(USERS)
    members = await reader.rows(RELATIONS, reader.om.members)
    return Names(
        services={row["name_hash"]: (row["name"], row["service_type"]) for row in services if row["name_hash"]},
        users=users,
        teams=await reader.names(TEAMS),
        domains=await reader.names(DOMAINS),
        members=teams_by_user(members, users),
    )


def directory_of(state: State, names: Names, feeds: EstateFeeds | None, warnings: list[str]) -> Directory:
    """The directory of a state; without feeds, of one without tables."""
    return {
        "services": [] if feeds is None else _services(state, names, feeds),
        "places": state.places.items,
        "places_watched": [] if feeds is None else feeds.watched_days(OBSERVATION_DAYS).tolist(),
        "places_observed": [] if feeds is None else feeds.columns.observed.tolist(),
        "owner_sets": [[_owner(names, *owner) for owner in owners] for owners in state.owner_sets.items],
        "tag_sets": [list(tags) for tags in state.tag_sets.items],
        "domains": [None if identifier is None else _domain(names, identifier) for identifier in state.domains.items],
        "users": dict(names.members),
        "warnings": warnings,
    }


def service_name(names: Names, service_hash: str) -> tuple[str, str | None]:
    """A service's name and type; where OM does not tell its name, something that stands for it."""
    if service_hash in names.services:
        return names.services[service_hash]
    if service_hash.startswith("name:"):
        return service_hash.removeprefix("name:"), None
    return f"service {service_hash[:8]}", None


def service_names(state: State, names: Names) -> list[str]:
    """By service number its name."""
    return [service_name(names, service_hash)[0] for service_hash in state.services.items]


def _owner(names: Names, kind: str, identifier: str) -> tuple[str, str, str]:
    name = (names.users if kind == "user" else names.teams).get(identifier)
    return identifier, kind, name or f"{kind} {identifier[:8]}"


def _domain(names: Names, identifier: str) -> Domain:
    name = names.domains.get(identifier, f"domain {identifier[:8]}")
    return {"id": identifier, "name": name, "fqn": name}


def _services(state: State, names: Names, feeds: EstateFeeds) -> list[Service]:
    query, count, present = state.query, len(state.services.items), state.present()
    service = state.service_of_place()[query["place"]][present]
    # By service number: tables with a size, an owner, a tier and a description, and bytes.
    sized, owned, tiered, described = (
        np.bincount(service[mask[present]], minlength=count).tolist()
        for mask in (query["size"] >= 0, query["owners"] > 0, query["tier"] > 0, query.has(DESCRIBED))
    )
    sizes = exact_sums(service, np.maximum(query["size"][present], 0), count)
    databases = feeds.by_service()
    entries = list[Service]()
    for number, service_hash in enumerate(state.services.items):
        name, kind = service_name(names, service_hash)
        entries.append(
            {
                "hash": service_hash,
                "name": name,
                "type": kind,
                **feeds.of_service(number, databases[number]),
                "sized": sized[number],
                "owned": owned[number],
                "tiered": tiered[number],
                "described": described[number],
                "bytes": sizes[number],
                "databases": databases[number],
            }
        )
    return entries
