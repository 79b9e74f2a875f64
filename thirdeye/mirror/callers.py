"""Who may sign in through a company's provider, and what teams are called, as OpenMetadata has it."""

from collections.abc import Iterable, Mapping
from typing import Any

from thirdeye.database import Row
from thirdeye.inventory.directory import PeopleLists
from thirdeye.mirror.names import Names
from thirdeye.mirror.openmetadata.source_tables import TEAMS, USERS
from thirdeye.mirror.reader import OpenMetadataReader


async def read_people(reader: OpenMetadataReader, names: Names, before: Mapping[str, Any]) -> PeopleLists:
    """Users and teams; those of a table that can no longer be read as the directory `before` had them."""
    found = people_lists(await reader.rows(USERS, reader.om.people), names)
    known: PeopleLists | None = before.get("people")
    if known and ("user" not in names.complete or reader.is_lost(USERS)):
        found = {**known, "teams": found["teams"]}
    if known and ("team" not in names.complete or reader.is_lost(TEAMS)):
        found["teams"] = known["teams"]
    return found


def people_lists(users: Iterable[Row], names: Names) -> PeopleLists:
    """The lists out of rows of users who may sign in. Who has no name is nobody; an address of two is nobody's."""
    may_sign_in, by_email = set[str](), dict[str, set[str]]()
    for row in users:
        if row["name"]:
            name = row["name"].lower()
            may_sign_in.add(name)
            if row["email_digest"]:
                by_email.setdefault(row["email_digest"], set()).add(name)
    everybody = {name.lower() for (kind, _), name in names.owners.items() if kind == "user" and name}
    return {
        "names": sorted(may_sign_in),
        "emails": {digest: holders.pop() for digest, holders in sorted(by_email.items()) if len(holders) == 1},
        "reserved": sorted(everybody - may_sign_in),
        "teams": {
            owner[1]: name.lower()
            for owner, name in names.owners.items()
            if owner[0] == "team" and name and names.owns(owner)
        },
    }
