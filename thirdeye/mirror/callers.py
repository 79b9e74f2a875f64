"""Who may sign in through a company's provider, and what teams are called, as OpenMetadata has it."""

from collections.abc import Iterable

from thirdeye.database import Row
from thirdeye.inventory.directory import PeopleLists
from thirdeye.mirror.openmetadata.source_tables import TEAMS, USERS
from thirdeye.mirror.reader import OpenMetadataReader


async def read_people(reader: OpenMetadataReader) -> PeopleLists:
    """Users and teams. Nobody of a table that cannot be read."""
    users = await reader.rows(USERS, reader.om.people)
    teams = await reader.rows(TEAMS, lambda: reader.om.names(TEAMS.name))
    return people_lists(users, teams)


def people_lists(users: Iterable[Row], teams: Iterable[Row]) -> PeopleLists:
    """The lists out of rows of users and teams. Who has no name is nobody; an address of two is nobody's."""
    names, by_email = set[str](), dict[str, set[str]]()
    for row in users:
        if row["name"]:
            name = row["name"].lower()
            names.add(name)
            if row["email_digest"]:
                by_email.setdefault(row["email_digest"], set()).add(name)
    by_id = {row["id"]: row["name"].lower() for row in teams if row["name"]}
    emails = {digest: holders.pop() for digest, holders in sorted(by_email.items()) if len(holders) == 1}
    return {"names": sorted(names), "emails": emails, "teams": by_id}
