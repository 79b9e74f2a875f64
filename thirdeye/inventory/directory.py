"""The directory: what the indexes in the columns stand for, as a refresh publishes it in JSON."""

from typing import TypedDict

# JSON has only lists: compare these by their items, not as tuples.
# Index into the services, then the names of database and schema.
Place = tuple[int, str | None, str | None]
# Id, "user" or "team", and name.
Owner = tuple[str, str, str]


class Service(TypedDict):
    """A database service with the state of its usage feed. Days are ISO dates; counts are of its tables."""

    hash: str
    name: str
    type: str | None
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
    sized: int
    owned: int
    tiered: int
    described: int
    bytes: int


class Domain(TypedDict):
    """A domain in OpenMetadata."""

    id: str
    name: str
    fqn: str


class Directory(TypedDict):
    """Lists that columns index into, and `users`: by lower-case name, a user's id and the ids of its teams."""

    services: list[Service]
    places: list[Place]
    owner_sets: list[list[Owner]]
    tag_sets: list[list[str]]
    domains: list[Domain | None]
    users: dict[str, tuple[str, list[str]]]
    warnings: list[str]
