"""What the directory says of feeds: by database, and by service what the best of its databases have."""

from dataclasses import dataclass

import numpy as np

from thirdeye.inventory.columns import Array, Mask, day_of
from thirdeye.inventory.directory import DatabaseFeed, ServiceFeed
from thirdeye.inventory.feeds import FeedColumns, FeedProblem
from thirdeye.inventory.rules import EVIDENCE_CODE, EVIDENCES, STRONG_EVIDENCE, Evidence, FeedState
from thirdeye.mirror.feeds import Lifecycles, Watching

# True of a database only if it is true of all its schemas.
_OF_ALL = frozenset({FeedProblem.NEVER_SEEN, FeedProblem.STOPPED})
_STRONG_CODES = [EVIDENCE_CODE[kind] for kind in STRONG_EVIDENCE]


@dataclass(frozen=True, kw_only=True)
class EstateFeeds:
    """The feeds of an estate: what is worth what by place, and what that rests on. `names`: of databases, by number."""

    columns: FeedColumns
    watching: Watching
    accesses: Lifecycles
    names: list[str | None]
    today: int

    def watched_days(self, days: int) -> Array:
        """By place, how many of the last so many days were watched."""
        variant = self.columns.variant
        now = np.full(len(variant), self.today)
        return self.watching.watched.between(variant, now - days, now)

    def last_days(self, days: int) -> Array:
        """By place, which of the last so many days tell whether its tables were used, as bits: the lowest is today."""
        columns, bits = self.columns, np.zeros(len(self.columns.variant), np.int64)
        # A day of the service is none of a database that its rows do not reach.
        counts = (~columns.problems[FeedProblem.NEVER_SEEN] | (columns.since > 0)) & ~columns.undated
        for ago in range(days):
            day = np.full(len(bits), self.today - ago)
            watched = self.watching.watched.between(columns.variant, day - 1, day) > 0
            bits |= (watched & counts & (day >= columns.since) & (day <= columns.newest)).astype(np.int64) << ago
        return bits

    def by_service(self) -> list[list[DatabaseFeed]]:
        """By service number its databases."""
        places = self.watching.places
        groups = [list[DatabaseFeed]() for _ in range(int(places.service.max()) + 1)]
        for database, service in enumerate(places.service_of_database.tolist()):
            groups[service].append(self._database(database, places.database == database))
        return groups

    def of_service(self, service: int, databases: list[DatabaseFeed]) -> ServiceFeed:
        """What the best of a service's databases have."""
        of_service = self.watching.places.service_of_database == service
        rows, accesses = self.watching.database_days, self.accesses
        first_rows, newest_rows = rows[0][of_service], rows[1][of_service]
        codes = [EVIDENCE_CODE[Evidence(feed["evidence"])] for feed in databases]
        evidence = EVIDENCES[min(codes, default=EVIDENCE_CODE[Evidence.METADATA])]
        state = _state(evidence, had_any=bool(newest_rows.any() or accesses.newest[of_service].any()))
        newest = max([*newest_rows.tolist(), *accesses.newest[of_service].tolist()], default=0)
        return {
            "evidence": evidence,
            "state": state,
            "silent_since": _iso(newest) if state is FeedState.SILENT else None,
            "observed_days": max((feed["observed_days"] for feed in databases), default=0),
            "first_usage": _iso(int(first_rows[first_rows > 0].min(initial=0))) if first_rows.any() else None,
            "newest_usage": _iso(int(newest_rows.max(initial=0))),
            "first_lifecycle": _first(accesses.first[of_service]),
            "newest_lifecycle": _iso(int(accesses.newest[of_service].max(initial=0))),
            "tables": int(accesses.tables[of_service].sum()),
            "lifecycle_tables": int(accesses.with_access[of_service].sum()),
        }

    def _database(self, database: int, of_database: Mask) -> DatabaseFeed:
        columns, watching = self.columns, self.watching
        evidence = EVIDENCES[int(columns.evidence[of_database].min())]
        variant = watching.variant[of_database]
        covered = bool(watching.is_covered()[of_database].any())
        problems = [
            str(problem)
            for problem, mask in columns.problems.items()
            if (mask[of_database].all() if problem in _OF_ALL else mask[of_database].any())
        ]
        had_any = bool(watching.database_days[1][database]) or bool(self.accesses.newest[database])
        return {
            "name": self.names[database],
            "evidence": evidence,
            "state": _state(evidence, had_any=had_any),
            "first_watched": _iso(int(watching.first_watched[variant].min())) if covered else None,
            "newest_watched": _iso(int(watching.newest_watched[variant].max())) if covered else None,
            "coverage": round(float(columns.coverage[of_database].max()), 4),
            "observed_days": int(columns.observed[of_database].max()),
            "tables": int(self.accesses.tables[database]),
            "problems": problems,
            "confirmed": bool(watching.confirmed[of_database].all()),
        }


def _state(evidence: Evidence, *, had_any: bool) -> FeedState:
    if EVIDENCE_CODE[evidence] in _STRONG_CODES:
        return FeedState.LIVE
    return FeedState.SILENT if had_any else FeedState.ABSENT


def _first(days: Array) -> str | None:
    known = days[days > 0]
    return _iso(int(known.min())) if len(known) else None


def _iso(day: int) -> str | None:
    date = day_of(day)
    return None if date is None else date.isoformat()
