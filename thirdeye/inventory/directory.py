"""The directory: what the indexes in the columns stand for, as a refresh publishes it in JSON."""

from dataclasses import dataclass
from typing import Final, NotRequired, TypedDict

import numpy as np

from thirdeye.inventory.columns import Array
from thirdeye.inventory.labels import Labels

# How far back an answer about a table says on how many days nobody looked.
OBSERVATION_DAYS: Final = 120
# Of how many days it says of each whether the table was used.
CALENDAR_DAYS: Final = 30
# JSON has only lists: compare these by their items, not as tuples.
# Index into the services, then the names of database and schema.
Place = tuple[int, str | None, str | None]
# Id, "user" or "team", and name.
Owner = tuple[str, str, str]


class DatabaseFeed(TypedDict):
    """A database with the state of its usage feed. Days are ISO dates; counts are of its tables.

    `first_watched` and `newest_watched` are null if it was never covered. `coverage`: the share of the last 90 days that
    was watched. `problems` are values of `feeds.FeedProblem`; NEVER_SEEN and STOPPED are about the whole database.
    """

    name: str | None
    evidence: str
    state: str
    first_watched: str | None
    newest_watched: str | None
    coverage: float
    observed_days: int
    tables: int
    problems: list[str]
    # Whether a confirmation of the database or its service counted when this was published.
    confirmed: bool


@dataclass(frozen=True, kw_only=True)
class PlaceFeed:
    """What is known of the feed of a schema: that of its database, how many of the last OBSERVATION_DAYS days were watched,
    and for how many watched days it is observed.
    """

    service: str
    schema: str | None
    database: DatabaseFeed
    watched_days: int
    observed_days: int


class ServiceFeed(TypedDict):
    """The state of a service's usage feeds: what the best of its databases have. Days are ISO dates."""

    evidence: str
    state: str
    silent_since: str | None
    observed_days: int
    first_usage: str | None
    newest_usage: str | None
    first_lifecycle: str | None
    newest_lifecycle: str | None
    tables: int
    lifecycle_tables: int


class Service(ServiceFeed):
    """A database service; counts are of its tables."""

    hash: str
    name: str
    type: str | None
    sized: int
    owned: int
    tiered: int
    described: int
    bytes: int
    databases: list[DatabaseFeed]


class Domain(TypedDict):
    """A domain in OpenMetadata. What tells it from others is its FQN."""

    id: str
    name: str
    fqn: str


class PeopleLists(TypedDict):
    """Who may sign in: users of OpenMetadata that are neither deleted nor bots. All names are in lower case.

    `emails`: the name by the digest of the address; addresses of several are left out. `reserved`: the names of the other
    users. `teams`: all teams that there are, by id.
    """

    names: list[str]
    emails: dict[str, str]
    reserved: list[str]
    teams: dict[str, str]


def nobody() -> PeopleLists:
    """Of an OpenMetadata of which nobody is known."""
    return {"names": [], "emails": {}, "reserved": [], "teams": {}}


class DepartedOwner(TypedDict):
    """A user or team that OpenMetadata names as an owner and has deleted; if not `deleted`, it has no such one any more.

    `teams` are those that it was in, and that there still are.
    """

    id: str
    type: str
    name: str
    deleted: bool
    teams: list[Owner]


class DomainLists(TypedDict):
    """All domains, in the order of their FQNs, and sets of them, as indexes. A table belongs to all of its set.

    `missing_domains` are the ids of those that OpenMetadata relates and does not have.
    """

    domains: list[Domain]
    domain_sets: list[list[int]]
    missing_domains: list[str]


class Directory(DomainLists):
    """Lists that columns index into, and `users`: by lower-case name, a user's id and the ids of its teams."""

    services: list[Service]
    places: list[Place]
    # By place: how many of the last OBSERVATION_DAYS days were watched, and for how many watched days its feed is observed.
    places_watched: list[int]
    # By place: which of the last CALENDAR_DAYS days tell whether its tables were used, as bits: the lowest is the last day.
    places_days: list[int]
    places_observed: list[int]
    owner_sets: list[list[Owner]]
    departed: list[DepartedOwner]
    tag_sets: list[list[str]]
    labels: Labels
    users: dict[str, tuple[str, list[str]]]
    people: PeopleLists
    warnings: list[str]
    # Kinds of evidence (`evidence.py`) of which a part cannot be read now.
    missing_evidence: NotRequired[list[str]]


def place_services(directory: Directory) -> Array:
    """The number of the service of each place; of none there is one, for arrays that are never empty."""
    return np.array([place[0] for place in directory["places"]] or [0], np.int32)
