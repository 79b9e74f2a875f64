"""What outlives a refresh: what ThirdEye saw before, and what administrators said."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

PlaceName = tuple[str, str | None, str | None]
Edge = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the inventory keeps of one table, also of one that is gone."""

    service: str
    database: str | None = None
    schema: str | None = None
    fqn: str = ""
    number: int | None = None
    first_seen: date | None = None
    seen_later: bool = False
    known_since: date | None = None
    kept_accessed: date | None = None
    absent_since: datetime | None = None
    gone: bool = False

    @property
    def path(self) -> PlaceName:
        """The schema that it is in."""
        return self.service, self.database, self.schema


@dataclass(frozen=True, kw_only=True)
class KeptAsset:
    """What is kept of another asset that lineage once named: whether it was in use and counted as existing then."""

    kind: str
    service: str = ""
    used: bool = False
    alive: bool = False
    absent_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Known:
    """All of it, tables by the ids that they had last.

    Confirmed feeds name a service, a database or a schema; lineage is confirmed by service. `last` has the second
    inventory's last rows, `edges` and `assets` its last lineage: what is absent keeps them. `under_removal` are FQNs.
    """

    kept: Mapping[str, Kept] = field(default_factory=dict)
    last: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    edges: frozenset[Edge] = frozenset()
    assets: Mapping[str, KeptAsset] = field(default_factory=dict)
    under_removal: frozenset[str] = frozenset()
    first_lifecycle: Mapping[tuple[str, str | None], date] = field(default_factory=dict)
    confirmed_feeds: frozenset[PlaceName] = frozenset()
    confirmed_lineage: frozenset[str] = frozenset()
    undated_types: frozenset[str] = frozenset({"Postgres", "TimescaleDB"})
    # What administrators say of use that does not count.
    uncounted: dict[str, list[str]] = field(default_factory=dict)

    def confirms(self, service: str, database: str | None, schema: str | None) -> bool:
        """Whether somebody said that what OM has of this place is complete."""
        wider = {(service, None, None), (service, database, None), (service, database, schema)}
        return bool(wider & self.confirmed_feeds)


async def known_to(estate: Any) -> Known:
    """What a mirror knows now: asked before a refresh, it is what that refresh starts from.

    The rows and the lineage that absent tables keep are those of the second inventory that its last refresh was
    compared with (`Mirror.judged`).
    """
    tables = await estate.thirdeye.fetch_all(
        "SELECT number, id, fqn, service, database_name, schema_name, DATE(seen_at) AS first_seen, seen_later, "
        "known_since, last_accessed, absent_since, removed_at FROM table_inventory"
    )
    memory = await estate.thirdeye.fetch_all("SELECT service, database_name, first_access FROM feed_memory")
    said = await estate.thirdeye.fetch_all(
        "SELECT kind, service, database_name, schema_name FROM feed_confirmation WHERE withdrawn_at IS NULL"
    )
    uncounted = await estate.thirdeye.fetch_all("SELECT document FROM uncounted_use ORDER BY id DESC LIMIT 1")
    before = estate.judged.known if estate.judged else Known()
    return replace(
        before,
        kept={row["id"]: _kept(row) for row in tables},
        first_lifecycle={(row["service"], row["database_name"]): row["first_access"] for row in memory},
        confirmed_feeds=frozenset(
            (row["service"], row["database_name"], row["schema_name"]) for row in said if row["kind"] == "FEED"
        ),
        confirmed_lineage=frozenset(row["service"] for row in said if row["kind"] == "LINEAGE"),
        undated_types=frozenset(estate.settings.undated_usage_services),
        uncounted=json.loads(uncounted[0]["document"]) if uncounted else {},
    )


def _kept(row: Mapping[str, Any]) -> Kept:
    return Kept(
        service=row["service"],
        database=row["database_name"],
        schema=row["schema_name"],
        fqn=row["fqn"],
        number=row["number"],
        first_seen=row["first_seen"],
        seen_later=bool(row["seen_later"]),
        known_since=row["known_since"],
        kept_accessed=row["last_accessed"],
        absent_since=row["absent_since"] and row["absent_since"].replace(tzinfo=None),
        gone=row["removed_at"] is not None,
    )
