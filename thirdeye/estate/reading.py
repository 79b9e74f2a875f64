"""One reading of the estate out of OM's database, tolerant of whatever a version or a grant leaves out.

Cost: five statements, one per month of usage history, and five per 1,000 tables.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pymysql
import structlog

from thirdeye.database import NOT_READABLE, MySQL, Row
from thirdeye.errors import SchemaMissing
from thirdeye.estate import store
from thirdeye.estate.rules import (
    Feed,
    TableFacts,
    Thresholds,
    date_of_milliseconds,
    newest,
    oldest,
    sound_date,
)

PAGE_SIZE = 1000
_WINDOW_DAYS = 31
_FIRST_DAY = date(2000, 1, 1)
log = structlog.get_logger(__name__)


@dataclass(kw_only=True)
class EstateReading:
    """What OM held: facts and feed of each service by the hash of its name, names by hash, and what was not readable."""

    tables: dict[str, list[TableFacts]] = field(default_factory=dict)
    feeds: dict[str, Feed] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def service_name(self, service: str) -> str:
        """The service's name; where OM does not tell it, something that stands for it."""
        return self.names.get(service) or (f"service {service[:8]}" if service else "unknown service")


@dataclass(slots=True)
class _Usage:
    first: date | None
    newest: date | None
    last_used: date | None
    recent_queries: int


class _Reader:
    """Reads part by part; a part that is missing or forbidden yields nothing and a warning."""

    def __init__(self, om: MySQL, today: date, thresholds: Thresholds, readable: store.Readable) -> None:
        self._om = om
        self._today = today
        self._thresholds = thresholds
        self._readable = readable
        self._usage: dict[str, _Usage] = {}
        self._owned_containers: set[str] = set()
        self._missing: set[str] = set()
        self.reading = EstateReading()

    def _columns(self, table: str) -> set[str]:
        return self._readable.get(table, set())

    async def _optional(
        self, table: str, needs: Iterable[str], means: str, read: Callable[[], Awaitable[list[Row]]]
    ) -> list[Row]:
        """The rows of an optional part, or none with one warning that says what it `means`."""
        if table in self._missing:
            return []
        lacking = sorted(set(needs) - self._columns(table))
        if not lacking:
            try:
                return await read()
            except pymysql.err.MySQLError as error:
                if error.args[0] not in NOT_READABLE:
                    raise
        self._missing.add(table)
        what = f"{table}({', '.join(lacking)})" if self._columns(table) and lacking else table
        self.reading.warnings.append(f"{what} cannot be read: {means}")
        return []

    async def read(self) -> EstateReading:
        """Reads all of it."""
        await self._read_services()
        await self._read_usage()
        await self._read_owned_containers()
        after = ""
        while page := await store.table_page(self._om, self._columns("table_entity"), after, PAGE_SIZE):
            after = page[-1]["id"]
            await self._read_page(page)
            if len(page) < PAGE_SIZE:
                break
        return self.reading

    async def _read_services(self) -> None:
        columns = self._columns("dbservice_entity")
        rows = await self._optional(
            "dbservice_entity",
            ("nameHash", "name"),
            "services have no names",
            lambda: store.services(self._om, columns),
        )
        self.reading.names = {row["name_hash"]: row["name"] for row in rows if row["name_hash"]}

    async def _read_usage(self) -> None:
        needs, means = ("id", "entityType", "usageDate", "count1"), "no usage is known"

        async def bounds() -> list[Row]:
            row = await store.usage_bounds(self._om)
            return [row] if row and row["newest"] else []

        rows = await self._optional("entity_usage", needs, means, bounds)
        if not rows:
            return
        recent = self._today - timedelta(days=self._thresholds.recent_days)
        start = max(rows[0]["oldest"], _FIRST_DAY)
        while start <= self._today:
            before = start + timedelta(days=_WINDOW_DAYS)
            # Dates in the future count as today, so the last window has no end.
            before = before if before <= self._today else date.max
            self._merge_usage(await store.usage_window(self._om, start, before, recent))
            if before == date.max:
                break
            start = before
        if rows[0]["oldest"] > self._today:
            self._merge_usage(await store.usage_window(self._om, self._today, date.max, recent))

    def _merge_usage(self, rows: list[Row]) -> None:
        for row in rows:
            first, latest = sound_date(row["first_day"], self._today), sound_date(row["newest_day"], self._today)
            used, recent = self._day(row["last_used_day"]), int(row["recent_queries"] or 0)
            known = self._usage.get(row["id"])
            if known is None:
                self._usage[row["id"]] = _Usage(first, latest, used, recent)
                continue
            known.first = oldest(known.first, first)
            known.newest = newest(known.newest, latest)
            known.last_used = newest(known.last_used, used)
            known.recent_queries += recent

    async def _read_owned_containers(self) -> None:
        columns = self._columns("entity_relationship")
        for container in ("database_schema_entity", "database_entity"):
            if not {"toId", "relation", "fromEntity", "toEntity"} <= columns:
                return

            async def read(container: str = container) -> list[Row]:
                return await store.owned_containers(self._om, columns, container)

            rows = await self._optional(container, ("id", "fqnHash"), "owners inherited from it are not known", read)
            self._owned_containers.update(row["fqn_hash"] for row in rows if row["fqn_hash"])

    async def _read_page(self, page: list[Row]) -> None:
        ids = [row["id"] for row in page]
        hashes = [row["fqn_hash"] for row in page if row["fqn_hash"]] or [""]
        relations = self._columns("entity_relationship")
        owned = await self._optional(
            "entity_relationship",
            ("toId", "relation", "fromEntity", "toEntity"),
            "owners are not known",
            lambda: store.owned_tables(self._om, relations, ids),
        )
        tiered = await self._optional(
            "tag_usage",
            ("source", "tagFQN", "targetFQNHash"),
            "tiers are not known",
            lambda: store.tiered_tables(self._om, hashes),
        )
        profile, means = ("entityFQNHash", "extension", "timestamp", "json"), "sizes and writes are not known"
        sizes = await self._optional(
            "profiler_data_time_series", profile, means, lambda: store.table_sizes(self._om, hashes)
        )
        writes = await self._optional(
            "profiler_data_time_series", profile, means, lambda: store.table_writes(self._om, hashes)
        )
        extras = _PageExtras(
            owned={row["id"] for row in owned},
            tiered={row["fqn_hash"] for row in tiered},
            sizes={row["fqn_hash"]: row["size"] for row in sizes},
            writes={row["fqn_hash"]: row["written"] for row in writes},
        )
        for row in page:
            self._take(row, extras)
        # A page is a few milliseconds of work: let requests in between.
        await asyncio.sleep(0)

    def _take(self, row: Row, extras: "_PageExtras") -> None:
        fqn_hash = row["fqn_hash"] or ""
        service = fqn_hash.split(".", 1)[0]
        usage = self._usage.pop(row["id"], None)
        created = self._date(row["created"])
        facts = TableFacts(
            service=service,
            last_usage=usage.last_used if usage else None,
            lifecycle_accessed=self._date(row["accessed"]),
            last_written=newest(self._date(row["updated"]), self._date(extras.writes.get(fqn_hash)), created),
            created=created,
            metadata_changed=self._date(row["updated_at"]),
            queries_30d=usage.recent_queries if usage else 0,
            size_bytes=_bytes(extras.sizes.get(fqn_hash)),
            has_owner=row["id"] in extras.owned or self._inherits_owner(fqn_hash),
            has_description=bool(row["described"]),
            has_tier=fqn_hash in extras.tiered,
        )
        self.reading.tables.setdefault(service, []).append(facts)
        _extend_feed(self.reading.feeds.setdefault(service, Feed()), facts, usage)

    def _inherits_owner(self, fqn_hash: str) -> bool:
        segments = fqn_hash.split(".")
        return any(".".join(segments[:length]) in self._owned_containers for length in (3, 2))

    def _day(self, number: int | None) -> date | None:
        # TO_DAYS counts a year 0 of 365 days that Python's ordinals lack.
        return None if number is None else sound_date(date.fromordinal(number - 365), self._today)

    def _date(self, milliseconds: Any) -> date | None:
        return date_of_milliseconds(_number(milliseconds), self._today)


@dataclass(frozen=True)
class _PageExtras:
    owned: set[str]
    tiered: set[str]
    sizes: dict[str, Any]
    writes: dict[str, Any]


def _extend_feed(feed: Feed, facts: TableFacts, usage: _Usage | None) -> None:
    feed.tables += 1
    if usage is not None:
        feed.first_usage = oldest(feed.first_usage, usage.first)
        feed.newest_usage = newest(feed.newest_usage, usage.newest)
    if facts.lifecycle_accessed is not None:
        feed.lifecycle_tables += 1
        feed.first_lifecycle = oldest(feed.first_lifecycle, facts.lifecycle_accessed)
        feed.newest_lifecycle = newest(feed.newest_lifecycle, facts.lifecycle_accessed)


def _number(value: Any) -> float | None:
    """A finite number out of whatever JSON held, else None."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) != float("inf") and number == number else None


def _bytes(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number >= 0 else None


async def read_estate(om: MySQL, today: date, thresholds: Thresholds) -> EstateReading:
    """Reads the estate as OM holds it now. A missing schema or table_entity is an empty estate with a warning.

    Raises DatabaseAway when OM's database cannot be reached.
    """
    try:
        readable = await store.readable_columns(om)
    except SchemaMissing as error:
        log.warning("om_schema_missing", detail=error.detail)
        return EstateReading(warnings=[f"schema {om.schema} does not exist, or the account sees nothing of it"])
    if not {"id", "json"} <= readable.get("table_entity", set()):
        return EstateReading(warnings=["table_entity cannot be read: no table is known"])
    return await _Reader(om, today, thresholds, readable).read()
