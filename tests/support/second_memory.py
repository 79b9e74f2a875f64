"""What outlives a refresh: what ThirdEye saw before, and what administrators said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

PlaceName = tuple[str, str | None, str | None]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the inventory keeps of one table, also of one that is gone."""

    service: str
    first_seen: date | None = None
    seen_later: bool = False
    known_since: date | None = None
    kept_accessed: date | None = None


@dataclass(frozen=True, kw_only=True)
class Known:
    """All of it. Confirmed feeds name a service, a database or a schema; lineage is confirmed by service."""

    kept: Mapping[str, Kept] = field(default_factory=dict)
    first_lifecycle: Mapping[tuple[str, str | None], date] = field(default_factory=dict)
    confirmed_feeds: frozenset[PlaceName] = frozenset()
    confirmed_lineage: frozenset[str] = frozenset()
    undated_types: frozenset[str] = frozenset({"Postgres", "TimescaleDB"})

    def confirms(self, service: str, database: str | None, schema: str | None) -> bool:
        """Whether somebody said that what OM has of this place is complete."""
        wider = {(service, None, None), (service, database, None), (service, database, schema)}
        return bool(wider & self.confirmed_feeds)


async def known_to(estate: Any) -> Known:
    """What a mirror knows now: asked before a refresh, it is what that refresh starts from."""
    tables = await estate.thirdeye.fetch_all(
        "SELECT id, service, DATE(seen_at) AS first_seen, seen_later, known_since, last_accessed FROM table_inventory"
    )
    memory = await estate.thirdeye.fetch_all("SELECT service, database_name, first_access FROM feed_memory")
    said = await estate.thirdeye.fetch_all(
        "SELECT kind, service, database_name, schema_name FROM feed_confirmation WHERE withdrawn_at IS NULL"
    )
    return Known(
        kept={
            row["id"]: Kept(
                service=row["service"],
                first_seen=row["first_seen"],
                seen_later=bool(row["seen_later"]),
                known_since=row["known_since"],
                kept_accessed=row["last_accessed"],
            )
            for row in tables
        },
        first_lifecycle={(row["service"], row["database_name"]): row["first_access"] for row in memory},
        confirmed_feeds=frozenset(
            (row["service"], row["database_name"], row["schema_name"]) for row in said if row["kind"] == "FEED"
        ),
        confirmed_lineage=frozenset(row["service"] for row in said if row["kind"] == "LINEAGE"),
        undated_types=frozenset(estate.settings.undated_usage_services),
    )
