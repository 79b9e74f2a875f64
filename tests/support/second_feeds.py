"""Who looked, and when, a second time: watched days, and what the feed of each place proves."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

from tests.support.second_memory import Known

Row = dict[str, Any]
BEST = ("QUERIES", "LIFECYCLE", "METADATA")


@dataclass(frozen=True)
class UsageRow:
    """A row of `entity_usage` of a table, a schema or a database that OM has, or has soft-deleted."""

    kind: str
    service: str
    database: str | None
    schema: str | None
    day: date
    count: int


@dataclass
class Place:
    """What is known of the use of the tables in one schema."""

    confirmed: bool
    undated: bool
    covered_since: date | None = None
    newest_row: date | None = None
    # The days on which somebody looked, in order; of a LIFECYCLE feed all days.
    queries_watched: list[date] = field(default_factory=list)
    watched: list[date] = field(default_factory=list)
    evidence: str = "METADATA"
    silence: str | None = None
    feed_silent: bool = False
    partial: bool = False
    ceiling: bool = False

    @property
    def observed(self) -> int:
        """Watched days since the place is covered, both ends included."""
        if self.evidence == "METADATA":
            return 0
        since = self.covered_since if self.evidence == "QUERIES" else None
        return len(self.watched) - (0 if since is None else bisect_left(self.watched, since))

    def watched_after(self, day: date) -> int:
        """Watched days after a day."""
        return len(self.watched) - position(self.watched, day)


def position(watched: list[date], day: date) -> int:
    """How many watched days there were up to a day."""
    return bisect_right(watched, day)


def filled(days: Iterable[date], most: int) -> set[date]:
    """These days and the gaps of at most so many between them."""
    found = set(days)
    for earlier, later in pairwise(sorted(found)):
        if (later - earlier).days - 1 <= most:
            found |= {earlier + timedelta(days=each) for each in range(1, (later - earlier).days)}
    return found


def watched_days(rows: set[date], runs: set[date], *, confirmed: bool) -> list[date]:
    """The watched days of a service with rows on these days, and successful usage runs on those."""
    days = set(rows)
    for run in runs:
        for day in (run, run - timedelta(days=1)):
            if any(day - timedelta(days=back) in rows for back in range(15)):
                days.add(day)
    days = filled(days, 3)
    return sorted(days | filled(rows, 14) if confirmed else days)


def rises(counts: Mapping[date, int], first_day: date | None) -> dict[date, int]:
    """The days on which an undated count rose over the last one, and by how much."""
    found, last = dict[date, int](), 0
    for day in sorted(counts):
        if counts[day] > last and day != first_day:
            found[day] = counts[day] - last
        last = counts[day]
    return found


class Feeds:
    """The feeds of an estate: `tables` are those present, with service_hash, database, schema, uses and accesses."""

    def __init__(
        self,
        today: date,
        known: Known,
        tables: Iterable[Row],
        rows: list[UsageRow],
        runs: Mapping[str, set[date]],
        services: Mapping[str, Row],
    ) -> None:
        self.today, self.known, self.services, self.runs = today, known, services, runs
        self.tables = list(tables)
        self.rows: dict[str, list[UsageRow]] = defaultdict(list)
        for row in rows:
            self.rows[row.service].append(row)
        self.place = cache(self._place)
        self.days = cache(self._days)
        self.at_ceiling = cache(self._at_ceiling)

    def undated(self, service: str) -> bool:
        return self.services[service]["type"] in self.known.undated_types

    def first_day(self, service: str) -> date | None:
        """The first day with a row."""
        return min((row.day for row in self.rows[service]), default=None)

    def _days(self, service: str, confirmed: bool) -> list[date]:
        rows = {row.day for row in self.rows[service]}
        return watched_days(rows, self.runs.get(service, set()), confirmed=confirmed)

    def ago(self, day: date) -> int:
        return (self.today - day).days

    def _place(self, service: str, database: str | None, schema: str | None) -> Place:
        place = Place(self.known.confirms(self.services[service]["name"], database, schema), self.undated(service))
        of_database = [row for row in self.rows[service] if row.database == database]
        of_schema = [row for row in of_database if row.kind != "database" and row.schema == schema]
        place.queries_watched = self.days(service, place.confirmed)
        place.covered_since = min((row.day for row in of_schema), default=None)
        if place.confirmed:
            place.covered_since = place.queries_watched[0] if place.queries_watched else None
        place.newest_row = max((row.day for row in of_schema), default=None)
        self._evidence(place, service, database)
        if not place.confirmed:
            self._doubts(place, service, database, schema, (of_database, of_schema))
        if place.evidence == "QUERIES":
            place.partial = place.partial or place.undated
        return place

    def _evidence(self, place: Place, service: str, database: str | None) -> None:
        watched = place.queries_watched
        if place.covered_since is not None and self.ago(watched[-1]) <= 30:
            place.evidence, place.watched = "QUERIES", watched
            return
        newest = self.lifecycle(service, database)
        if newest is not None and not place.undated and self.ago(newest) <= 30:
            place.evidence = "LIFECYCLE"
            first = self.first_lifecycle(service, database)
            place.watched = [first + timedelta(days=each) for each in range((newest - first).days + 1)]

    def in_database(self, service: str, database: str | None) -> list[Row]:
        return [table for table in self.tables if (table["service_hash"], table["database"]) == (service, database)]

    def lifecycle(self, service: str, database: str | None) -> date | None:
        """The newest `lifeCycle.accessed`, if enough tables have one."""
        members = self.in_database(service, database)
        days = [table["life_accessed"] for table in members if table["life_accessed"]]
        return max(days) if days and 10 * len(days) >= len(members) else None

    def first_lifecycle(self, service: str, database: str | None) -> date | None:
        """The earliest ever seen."""
        days = [table["life_accessed"] for table in self.in_database(service, database) if table["life_accessed"]]
        kept = self.known.first_lifecycle.get((self.services[service]["name"], database))
        return min([*days, *([kept] if kept else [])], default=None)

    def _doubts(
        self,
        place: Place,
        service: str,
        database: str | None,
        schema: str | None,
        rows: tuple[list[UsageRow], list[UsageRow]],
    ) -> None:
        members = self.in_database(service, database)
        found = {
            self._silence(place.queries_watched, rows[0], members),
            self._silence(place.queries_watched, rows[1], [each for each in members if each["schema"] == schema]),
        }
        place.silence = "SILENT" if "SILENT" in found else "PARTIAL" if "PARTIAL" in found else None
        if place.evidence != "QUERIES":
            return
        place.feed_silent = place.silence == "SILENT"
        place.ceiling = self.at_ceiling(service)
        place.partial = place.silence == "PARTIAL" or place.ceiling or self.share(place.queries_watched) < 0.6

    @staticmethod
    def _silence(watched: list[date], rows: list[UsageRow], members: list[Row]) -> str | None:
        if not rows:
            return None
        newest = max(row.day for row in rows)
        if sum(day > newest for day in watched) <= 30:
            return None
        habitual = [table for table in members if len(table["uses"]) >= 10]
        stopped = [table for table in habitual if (newest - max(table["uses"])).days <= 3]
        return "SILENT" if len(stopped) >= 3 and 2 * len(stopped) >= len(habitual) else "PARTIAL"

    def share(self, watched: list[date]) -> float:
        """Of the last 90 days, or of those since the first watched one, the share that was watched."""
        since = max(watched[0], self.today - timedelta(days=90))
        return sum(day >= since for day in watched) / (self.ago(since) + 1)

    def _at_ceiling(self, service: str) -> bool:
        newest = self.days(service, False)[-1]
        totals: dict[date, int] = defaultdict(int)
        for row in self.rows[service]:
            if row.kind == "table" and 0 <= (newest - row.day).days < 30:
                totals[row.day] += row.count
        highest = max(totals.values(), default=0)
        return highest >= 500 and sum(total >= 0.95 * highest for total in totals.values()) >= 20

    def of_database(self, service: str, database: str | None) -> Row:
        """What is said of the feed of a database."""
        members = self.in_database(service, database)
        places = [self.place(service, database, schema) for schema in {table["schema"] for table in members}]
        best = min(places, key=lambda place: BEST.index(place.evidence))
        rows = [row for row in self.rows[service] if row.database == database]
        confirmed = self.known.confirms(self.services[service]["name"], database, None)
        watched = self.days(service, confirmed) if rows or confirmed else []
        recent = sum(self.ago(day) < 90 for day in watched)
        once = bool(rows) or self.lifecycle(service, database) is not None
        return {
            "name": database, "evidence": best.evidence, "tables": len(members), "confirmed": confirmed,
            "state": "LIVE" if best.evidence != "METADATA" else "SILENT" if once else "ABSENT",
            "first_watched": watched[0] if watched else None, "newest_watched": watched[-1] if watched else None,
            "coverage": recent / 90, "observed": max(place.observed for place in places),
        }  # fmt: skip
