"""What things are called in OpenMetadata, and which owners and domains it no longer has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from thirdeye.database import Row
from thirdeye.inventory.directory import Domain, PeopleLists, nobody
from thirdeye.inventory.evidence import Evidence
from thirdeye.inventory.fqn import join_fqn
from thirdeye.mirror.openmetadata.source_tables import DOMAINS, RELATIONS, SERVICES, TEAMS, USERS, SourceTable
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.state import Owner
from thirdeye.mirror.warnings import RefreshWarnings

_KINDS: Final[Mapping[str, SourceTable]] = {"user": USERS, "team": TEAMS}


@dataclass
class Names:
    """Names by id, and the members of teams: by a user's name, lower case, the id and those of the teams.

    `complete` are the kinds (user, team, domain) of which all were read: those that are not among them do not exist.
    """

    services: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    owners: Mapping[Owner, str | None] = field(default_factory=dict)
    domains: Mapping[str, Domain] = field(default_factory=dict)
    members: Mapping[str, tuple[str, list[str]]] = field(default_factory=dict)
    # By owner who is gone the ids of the teams that it was in.
    teams: Mapping[Owner, list[str]] = field(default_factory=dict)
    complete: frozenset[str] = frozenset()
    # Who left, as far as that is known without looking for it, and whether OpenMetadata still has a row of it.
    departed: Mapping[Owner, bool] = field(default_factory=dict)
    # Domains that did not exist when that could be told last.
    missing_domains: frozenset[str] = frozenset()
    people: PeopleLists = field(default_factory=nobody)

    def owns(self, owner: Owner) -> bool:
        """Whether an owner can own anything: a user or team that OpenMetadata has, or may have, and has not deleted."""
        return owner not in self.departed and not self.is_missing(owner)

    def is_missing(self, owner: Owner) -> bool:
        """Whether OpenMetadata has no such user or team."""
        return owner not in self.owners if owner[0] in self.complete else self.departed.get(owner) is False

    def has_domain(self, identifier: str) -> bool:
        """Whether there is such a domain, or may be."""
        return identifier in self.domains or not ("domain" in self.complete or identifier in self.missing_domains)

    def owner_name(self, owner: Owner) -> str:
        """An owner's name, or something that stands for it."""
        kind, identifier = owner
        return self.owners.get(owner) or f"{kind} {identifier[:8]}"

    def domain(self, identifier: str) -> Domain:
        """A domain, or something that stands for one of which nothing can be read."""
        name = f"domain {identifier[:8]}"
        return self.domains.get(identifier) or {"id": identifier, "name": name, "fqn": name}


async def read_names(reader: OpenMetadataReader, before: Mapping[str, Any], warnings: RefreshWarnings) -> Names:
    """Names of services, users, teams and domains, who belongs to which team, and who left.

    What cannot be read now is as the directory `before` had it.
    """
    services = await _services(reader, before)
    rows = {kind: await _names(reader, kind) for kind in _KINDS}
    domain_rows = None if reader.has_lost(DOMAINS, "json") else await reader.optional(DOMAINS, reader.om.domains, None)
    members = await reader.rows(RELATIONS, reader.om.members)
    # Every OpenMetadata has an administrator and a team: without any row nobody can tell. Some have no domain.
    complete = {kind for kind, found in rows.items() if found}
    if domain_rows is not None:
        complete.add("domain")
    owners = {(kind, _id(row)): row["name"] for kind, found in rows.items() for row in found}
    departed = {(kind, _id(row)): True for kind, found in rows.items() for row in found if row["deleted"]}
    _warn_of_nameless(rows, warnings)
    domains = _domains(domain_rows or (), warnings)
    _keep(before, complete, owners, departed, domains)
    for left in before.get("departed", ()):
        if left["deleted"] and reader.has_lost(_KINDS[left["type"]], "deleted"):
            departed[left["type"], left["id"]] = True
    living = {owner: name for owner, name in owners.items() if name and owner not in departed}
    return Names(
        services=services,
        owners=owners,
        domains=domains,
        members=teams_by_user([row for row in members if not row["deleted"]], living),
        teams=_teams(members, living),
        complete=frozenset(complete),
        departed=departed,
        missing_domains=frozenset(before.get("missing_domains", ())),
    )


async def _services(reader: OpenMetadataReader, before: Mapping[str, Any]) -> dict[str, tuple[str, str | None]]:
    """Names and types by the hash of the name.

    One that OpenMetadata no longer has keeps them, for its tables count until they are gone; so does one whose type can no
    longer be read.
    """
    known = {service["hash"]: (service["name"], service["type"]) for service in before.get("services", ())}
    rows = await reader.rows(SERVICES, reader.om.services)
    named = {row["name_hash"]: (row["name"], row["service_type"]) for row in rows if row["name_hash"]}
    for service_hash in (service_hash for service_hash, (name, _) in named.items() if not name):
        reader.odd_row(SERVICES.name, f"hash of the name {service_hash}", "it has no name")
    services = {service_hash: entry for service_hash, entry in named.items() if entry[0]}
    if Evidence.SERVICES in reader.missing_evidence:
        services = {each: (name, kind or known.get(each, (name, None))[1]) for each, (name, kind) in services.items()}
    return known | services


async def _names(reader: OpenMetadataReader, kind: str) -> list[Row]:
    table = _KINDS[kind]
    return await reader.rows(table, lambda: reader.om.names(table.name))


def _id(row: Row) -> str:
    return str(row["id"]).lower()


def _domains(rows: Iterable[Row], warnings: RefreshWarnings) -> dict[str, Domain]:
    """Domains by id. One without a readable FQN has its name; identity is by FQN, however ids and parents may be."""
    domains = dict[str, Domain]()
    for row in rows:
        if row["deleted"]:
            continue
        identifier, name = _id(row), row["name"] or None
        if not row["fqn"]:
            warnings.add("DOMAIN_WITHOUT_FQN", f"{name or identifier}: its name stands for its FQN")
        fqn = row["fqn"] or (join_fqn([name]) if name else f"domain {identifier[:8]}")
        domains[identifier] = {"id": identifier, "name": name or fqn, "fqn": fqn}
    return domains


def _warn_of_nameless(rows: Mapping[str, Iterable[Row]], warnings: RefreshWarnings) -> None:
    for kind, found in rows.items():
        for row in found:
            if not (row["name"] or "").strip():
                warnings.add("OWNER_WITHOUT_NAME", f"{kind} {row['id']}")


def _keep(
    before: Mapping[str, Any],
    complete: set[str],
    owners: dict[Owner, str | None],
    departed: dict[Owner, bool],
    domains: dict[str, Domain],
) -> None:
    """Adds what a generation knew of kinds that could not be read."""
    for identifier, kind, name in (owner for owner_set in before.get("owner_sets", ()) for owner in owner_set):
        if kind not in complete:
            owners[kind, identifier] = name
    for left in before.get("departed", ()):
        if left["type"] not in complete:
            departed[left["type"], left["id"]] = left["deleted"]
    if "domain" not in complete:
        domains.update({domain["id"]: domain for domain in before.get("domains", ()) if domain})


def teams_by_user(rows: Iterable[Row], living: Mapping[Owner, str]) -> dict[str, tuple[str, list[str]]]:
    """For each user's name, lower case: the id and those of the teams; `living` are the names of users and teams.

    Of users whose names differ in case alone the one with the lower-case name counts, else none: nobody can tell who calls.
    """
    teams: dict[str, list[str]] = {}
    for row in rows:
        if row["kind"] == "user":
            teams.setdefault(row["member"].lower(), []).append(row["team"].lower())
    namesakes: dict[str, list[tuple[str, str]]] = {}
    for (kind, identifier), name in living.items():
        if kind == "user":
            namesakes.setdefault(name.lower(), []).append((name, identifier))
    found = dict[str, tuple[str, list[str]]]()
    for folded, users in namesakes.items():
        exact = users if len(users) == 1 else [user for user in users if user[0] == folded]
        if len(exact) == 1:
            identifier = exact[0][1]
            found[folded] = identifier, sorted(set(teams.get(identifier, [])))
    return found


def _teams(rows: Iterable[Row], living: Mapping[Owner, str]) -> dict[Owner, list[str]]:
    """The living teams of those who are gone, marked relations included: OpenMetadata may have marked them with the owner."""
    teams: dict[Owner, set[str]] = {}
    for row in rows:
        team, member = row["team"].lower(), (row["kind"], row["member"].lower())
        if member not in living and ("team", team) in living:
            teams.setdefault(member, set()).add(team)
    return {owner: sorted(found) for owner, found in teams.items()}


def load_directory(raw: bytes | None) -> Mapping[str, Any]:
    """A directory from its blob; an empty one without any."""
    document: Mapping[str, Any] = orjson.loads(raw) if raw else {}
    return document
