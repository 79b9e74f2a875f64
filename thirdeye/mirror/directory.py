"""The directory: what the numbers in the columns stand for, as a JSON document for the reader of the inventory."""

from collections.abc import Iterable
from operator import itemgetter

import numpy as np

from thirdeye.inventory.columns import DESCRIBED, exact_sums
from thirdeye.inventory.directory import (
    CALENDAR_DAYS,
    OBSERVATION_DAYS,
    DepartedOwner,
    Directory,
    DomainLists,
    Owner,
    Service,
)
from thirdeye.inventory.evidence import Evidence
from thirdeye.inventory.labels import Labels
from thirdeye.mirror.feed_summaries import EstateFeeds
from thirdeye.mirror.names import Names
from thirdeye.mirror.state import State


def directory_of(
    state: State,
    names: Names,
    labels: Labels,
    feeds: EstateFeeds | None,
    warnings: list[str],
    missing: Iterable[Evidence] = (),
) -> Directory:
    """The directory of a state; without feeds, of one without tables. `missing` evidence cannot be read."""
    return {
        "services": [] if feeds is None else _services(state, names, feeds),
        "places": state.places.items,
        "places_watched": [] if feeds is None else feeds.watched_days(OBSERVATION_DAYS).tolist(),
        "places_days": [] if feeds is None else feeds.last_days(CALENDAR_DAYS).tolist(),
        "places_observed": [] if feeds is None else feeds.columns.observed.tolist(),
        "owner_sets": [[_owner(names, owner) for owner in owners] for owners in state.owner_sets.items],
        "departed": _departed(state, names),
        "tag_sets": [list(tags) for tags in state.tag_sets.items],
        "labels": labels,
        **_domains(state, names),
        "users": dict(names.members),
        "people": names.people,
        "warnings": warnings,
        "missing_evidence": sorted(kind.value for kind in missing),
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


def _owner(names: Names, owner: tuple[str, str]) -> Owner:
    kind, identifier = owner
    return identifier, kind, names.owner_name(owner)


def _departed(state: State, names: Names) -> list[DepartedOwner]:
    """Everybody who is named as an owner and owns nothing, in the order of kinds and ids."""
    owners = sorted({owner for owners in state.owner_sets.items for owner in owners if not names.owns(owner)})
    return [
        {
            "id": identifier,
            "type": kind,
            "name": names.owner_name((kind, identifier)),
            "deleted": not names.is_missing((kind, identifier)),
            "teams": [_owner(names, ("team", team)) for team in names.teams.get((kind, identifier), ())],
        }
        for kind, identifier in owners
    ]


def _domains(state: State, names: Names) -> DomainLists:
    """All domains, in the order of FQNs, and the sets of them."""
    related = {identifier for identifiers in state.domain_sets.items for identifier in identifiers}
    existing = filter(names.has_domain, related | names.domains.keys())
    domains = sorted(map(names.domain, existing), key=itemgetter("fqn", "id"))
    missing = sorted(identifier for identifier in related if not names.has_domain(identifier))
    place = {domain["id"]: number for number, domain in enumerate(domains)}
    sets = [sorted(place[each] for each in identifiers if each in place) for identifiers in state.domain_sets.items]
    return {"domains": domains, "domain_sets": sets, "missing_domains": missing}


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
