"""A published estate without OpenMetadata: tables as a test wants them, put where the worker publishes."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import orjson

from thirdeye.database import MySQL
from thirdeye.inventory.columns import ABSENT, CHUNK, PRESENT, QUERY_FIELDS, RETAINED, Columns, blob_name, day_number
from thirdeye.inventory.directory import DatabaseFeed, Service, nobody
from thirdeye.inventory.fqn import digest
from thirdeye.inventory.labels import no_labels
from thirdeye.inventory.verdicts import UNKNOWN_PURGE_SCORE, VERDICT_CODE, Verdict

USERS = {"ann": ["id-ann", ["id-finance"]], "bob": ["id-bob", []], "cyd": ["id-cyd", []]}
OWNER_SETS = [[], [["id-ann", "user", "ann"]], [["id-finance", "team", "finance"]], [["id-bob", "user", "bob"]]]
# By id, in lower case.
TEAMS = {"id-finance": "finance"}
PRICE = Decimal("0.023")
_ROW = """REPLACE INTO table_inventory (number, id, fqn, fqn_key, name, service, database_name, schema_name, table_type,
  last_accessed, last_written, size_bytes, query_cost_30d, owner_set, seen_at, absent_since, removed_at) VALUES """


@dataclass
class Table:
    """A table as it is now."""

    number: int
    name: str
    verdict: Verdict = Verdict.KEEP
    size: int | None = 10**12
    queries_usd: Decimal | None = None
    accessed: date | None = None
    written: date | None = None
    owners: int = 0
    # Part of the estate, and be it absent from OpenMetadata.
    present: bool = True
    absent: bool = False
    retained: bool = False
    blockers: int = 0
    # An index into `Synthetic.series` plus one.
    series: int = 0

    @property
    def fqn(self) -> str:
        return f"shop.main.core.{self.name}"

    @property
    def cost(self) -> Decimal | None:
        """USD a month."""
        if self.size is None and self.queries_usd is None:
            return None
        return self.storage + (self.queries_usd or Decimal(0))

    @property
    def storage(self) -> Decimal:
        return Decimal(self.size or 0) * PRICE / 10**9


@dataclass
class Synthetic:
    """Publishes generations of tables."""

    thirdeye: MySQL
    generation: int = 0
    duplicates: list[dict[str, Any]] = field(default_factory=list)
    series: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    async def publish(self, tables: Sequence[Table], now: datetime) -> None:
        """What a refresh at this moment leaves."""
        columns = Columns(QUERY_FIELDS, max((table.number for table in tables), default=-1) + 1)
        for table in tables:
            for name, value in _values(table).items():
                columns[name][table.number] = value
        rows = [_row(table, now) for table in tables]
        await self.publish_columns(columns, iter(rows), now)

    async def publish_columns(self, columns: Columns, rows: Iterator[tuple[Any, ...]], now: datetime) -> None:
        """The same, of columns and rows of the inventory."""
        self.generation += 1
        columns["name_rank"] = np.arange(columns.length)
        async with self.thirdeye.transaction() as session:
            await session.execute_rows(_ROW, rows)
            await session.execute("DELETE FROM estate_blob")
            for chunk in range(columns.chunks):
                await self._put(session, blob_name("query", chunk), columns.packed(chunk))
            await self._put(session, "directory", orjson.dumps({**_directory(), "missing_evidence": self.missing}))
            await self._put(session, "duplicates", orjson.dumps(self.duplicates))
            lines = b"".join(orjson.dumps(entry) + b"\n" for entry in self.series)
            await self._put(session, "series/00000", lines)
            advice = {"policy": {"archive_saving": 0.8}, "risks": [None], "warnings": []}
            await self._put(session, "advice", orjson.dumps(advice))
            values = {"generation": self.generation, "now": now, "day": now.date()}
            await session.execute(
                "REPLACE INTO estate_state (id, generation, refreshed_at, as_of) VALUES (1, %(generation)s, %(now)s, %(day)s)",
                values,
            )

    async def _put(self, session: Any, name: str, data: bytes) -> None:
        values = {"name": name, "generation": self.generation, "data": data}
        await session.execute(
            "INSERT INTO estate_blob (name, generation, data) VALUES (%(name)s, %(generation)s, %(data)s)",
            values,
        )


def _values(table: Table) -> Mapping[str, Any]:
    return {
        "flags": (PRESENT if table.present else 0)
        | (ABSENT if table.absent else 0)
        | (RETAINED if table.retained else 0),
        "size": -1 if table.size is None else table.size,
        "query_cost": np.nan if table.queries_usd is None else float(table.queries_usd),
        "accessed": day_number(table.accessed),
        "written": day_number(table.written),
        "owners": table.owners,
        "verdict": VERDICT_CODE[table.verdict],
        "purge": UNKNOWN_PURGE_SCORE,
        "blockers": table.blockers,
        "series": table.series,
    }


def _row(table: Table, now: datetime) -> tuple[Any, ...]:
    moment = now
    return (
        table.number,
        str(uuid.UUID(int=table.number + 1)),
        table.fqn,
        digest(table.fqn),
        table.name,
        "shop",
        "main",
        "core",
        "Regular",
        table.accessed and table.accessed.isoformat(),
        table.written and table.written.isoformat(),
        table.size,
        None if table.queries_usd is None else str(table.queries_usd),
        table.owners,
        moment,
        moment if table.absent else None,
        None if table.present else moment,
    )


def _directory() -> dict[str, Any]:
    database: DatabaseFeed = {
        "name": "main", "evidence": "QUERIES", "state": "LIVE", "first_watched": "2025-01-01",
        "newest_watched": "2026-03-01", "coverage": 1.0, "observed_days": 400, "tables": 1, "problems": [],
        "confirmed": False,
    }  # fmt: skip
    service: Service = {
        "hash": "h", "name": "shop", "type": None, "evidence": "QUERIES", "state": "LIVE", "silent_since": None,
        "observed_days": 400, "first_usage": None, "newest_usage": None, "first_lifecycle": None, "newest_lifecycle": None,
        "tables": 1, "lifecycle_tables": 0, "sized": 1, "owned": 0, "tiered": 0, "described": 0, "bytes": 0,
        "databases": [database],
    }  # fmt: skip
    return {
        "services": [service],
        "places": [(0, "main", "core")],
        "places_watched": [120],
        "places_days": [2**30 - 1],
        "places_observed": [400],
        "owner_sets": OWNER_SETS,
        "tag_sets": [[]],
        "labels": no_labels(),
        "departed": [],
        "domains": [],
        "domain_sets": [[]],
        "missing_domains": [],
        "users": USERS,
        "people": {**nobody(), "teams": TEAMS},
        "warnings": [],
    }


def many(count: int, found: int, now: datetime) -> tuple[Columns, Iterator[tuple[Any, ...]]]:
    """So many tables, of which the first `found` are to be deleted; and their rows."""
    columns = Columns(QUERY_FIELDS, count)
    numbers = np.arange(count)
    columns["flags"] = np.full(count, PRESENT)
    columns["size"] = numbers % 5000 * 10**8
    columns["query_cost"] = np.full(count, np.nan)
    columns["owners"] = numbers % len(OWNER_SETS)
    columns["purge"] = np.full(count, UNKNOWN_PURGE_SCORE)
    columns["verdict"] = np.where(numbers < found, VERDICT_CODE[Verdict.DELETE], VERDICT_CODE[Verdict.KEEP])
    rows = (
        _row(
            Table(number, f"t{number}", size=number % 5000 * 10**8, owners=number % len(OWNER_SETS)),
            now,
        )
        for number in range(count)
    )
    return columns, rows


__all__ = ["CHUNK", "PRICE", "Synthetic", "Table", "many"]
