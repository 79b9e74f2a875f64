"""The inventory and the score a second time: plain slow Python over the raw rows of OM's database.

Written from what the product promises, not from the code: every row is read, everything is recomputed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from tests.support.second_absence import Absences, away, identities
from tests.support.second_feeds import BEST, Feeds, Place, UsageRow, position, rises
from tests.support.second_lineage import Graph, LineageAndScore
from tests.support.second_memory import Kept, Known, PlaceName
from tests.support.second_ownership import Ownership
from tests.support.second_rows import decoded, longest_pause, place_of, split_fqn
from tests.support.second_series import Series, is_in_use, series_of, shared_signs

Row = dict[str, Any]
LIMITS = ((90, "COOLING"), (365, "STALE"))


@dataclass
class Judged:
    """What the inventory ought to hold: tables by id, services by name, the score; and what outlives this refresh.

    `numbers` are those of tables that were known before, by id; others have none of `numbers_before`.
    """

    tables: dict[str, Row] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    numbers_before: set[int] = field(default_factory=set)
    series: list[Series] = field(default_factory=list)
    graph: Graph = field(default_factory=Graph)
    services: dict[str, Row] = field(default_factory=dict)
    score: Row = field(default_factory=dict)
    ownership: Ownership = field(default_factory=Ownership)
    known: Known = field(default_factory=Known)


def second_inventory(
    connection: Any, schema: str, today: date, known: Known | None = None, now: datetime | None = None
) -> Judged:
    """Reads and recomputes everything; `known` is what was known before the refresh that it is compared with."""
    return _Judge(connection, schema, today, known or Known(), now).judge()


def service_of(table: Row) -> Row:
    """The service of a table as it was when that was last seen."""
    return {"name": table["service_name"], "type": table["service_type"]}


class _Judge(LineageAndScore):
    """One computation."""

    def judge(self) -> Judged:
        tables = self.read_tables()
        self.add_relations(tables)
        self.add_tags(tables)
        self.add_attention(tables)
        self.add_profiles(tables)
        self.add_services(tables)
        usage = self.add_usage(tables)
        self.add_costs(tables)
        return self.evaluate(tables, usage)

    def evaluate(self, live: dict[str, Row], usage: list[UsageRow]) -> Judged:
        """What follows from the facts of the tables and the rows of usage."""
        # A table under a new id may be marked deleted by the time it is seen.
        fqns = {identifier: table["fqn"] for identifier, table in [*live.items(), *self.everything.items()]}
        found = identities(self.known, self.om_ids, fqns)
        self.followed = {new: old for new, old in found.items() if new in live or new != old}
        tables = {**live, **self.absent_tables(live)}
        for table in tables.values():
            self.services.setdefault(table["service_hash"], service_of(table))
        usage = [*usage, *self.usage_of_absent(tables)]
        self.feeds = Feeds(self.today, self.known, tables.values(), usage, self.usage_runs(), self.services)
        for table in live.values():
            self.add_uses(table)
            self.add_age(table)
        for table in live.values():
            place = self.feeds.place(table["service_hash"], table["database"], table["schema"])
            self.add_evidence(table, place)
            self.judge_activity(table, place)
        for table in tables.values():
            self.add_past(table)
        series = series_of(tables)
        for each in series:
            self.share_signs(each, tables)
        self.add_lineage(tables)
        for each in series:
            self.share_use(each, tables)
        for table in tables.values():
            self.conclude(table)
            table["cared_for"] = self.is_cared_for(table)
            table["domains_now"] = table["domains"] & self.ownership.fqns.keys()
        services = self.judge_services(tables)
        numbers = {new: kept.number for new in tables if (kept := self.kept(new)) and kept.number is not None}
        return Judged(
            tables=tables,
            numbers=numbers,
            numbers_before={kept.number for kept in self.known.kept.values() if kept.number is not None},
            series=series,
            graph=self.graph,
            services=services,
            score=self.score(tables),
            ownership=self.ownership,
            known=self.outlives(tables),
        )

    def kept(self, identifier: str) -> Kept | None:
        """What is known of a table from before, under whatever id."""
        return self.known.kept.get(self.followed.get(identifier, identifier))

    def absent_tables(self, live: dict[str, Row]) -> dict[str, Row]:
        """Tables that are away and not gone yet, as they were last; in `self.away` also those that are gone."""
        for table in live.values():
            table["absent_since"], table["mass_absence"], table["in_om"] = None, False, True
        there = [before for identifier, before in self.followed.items() if identifier in live]
        missed = away(self.known, there, self.now)
        now = {before: identifier for identifier, before in self.followed.items()}
        self.away = {now.get(identifier, identifier): absence for identifier, absence in missed.items()}
        absences = Absences(
            list(self.away.values()),
            [(self.services[each["service_hash"]]["name"], each["database"], each["schema"]) for each in live.values()],
            set(self.places_of_om()),
            self.known.under_removal,
        )
        found, hit = dict[str, Row](), set[tuple[str, str | None]]()
        for identifier, absence in self.away.items():
            if absences.is_gone(absence, self.now):
                self.away[identifier] = replace(absence, gone=True)
                continue
            before = self.followed.get(identifier, identifier)
            assert before in self.known.last, "look at a table before it vanishes: it stays what it was"
            in_om = identifier in self.om_ids
            last = self.known.last[before]
            found[identifier] = {
                **last,
                "id": identifier,
                "absent_since": absence.since,
                "in_om": in_om,
                # Of a place that is still there they are those that it has now.
                "place_tags": self.place_tags(last["fqn_hash"]),
            }
            if absences.is_mass(absence):
                hit.add(absence.path[:2])
        for table in live.values():
            table["mass_absence"] = (table["service_name"], table["database"]) in hit
        return found

    def places_of_om(self) -> Iterator[PlaceName]:
        """The services, databases and schemas that OM has, and has not deleted."""
        for table in ("dbservice_entity", "database_entity", "database_schema_entity"):
            deleted = "deleted" if "deleted" in self.columns_of(table) else "0 AS deleted"
            # The json of a service holds secrets.
            name = "name" if table == "dbservice_entity" else "json"
            for row in self.rows(table, f"{name}, {deleted}"):
                if row.get("deleted"):
                    continue
                if name == "name":
                    yield row["name"], None, None
                else:
                    names = split_fqn(decoded(row["json"]).get("fullyQualifiedName") or "")
                    yield (names[0], *place_of([*names, ""]))

    def share_signs(self, series: Series, tables: dict[str, Row]) -> None:
        """Judges the parts of a series by what is known of all of them, unless one that tells is in use by itself."""
        if is_in_use(series, tables):
            return
        signs = shared_signs(tables[each] for each in series.parts)
        for table in (tables[each] for each in series.parts):
            if not table["absent_since"]:
                as_one = {**table, **signs}
                self.judge_activity(as_one, table["place"])
                names = ("activity", "unknown_reason", "idle_days", "directly")
                table |= {name: as_one[name] for name in names}

    @staticmethod
    def share_use(series: Series, tables: dict[str, Row]) -> None:
        """Parts of a whole that is in use are."""
        in_use = is_in_use(series, tables)
        for table in (tables[each] for each in series.parts):
            table["through_series"] = in_use

    def add_services(self, tables: dict[str, Row]) -> None:
        """Services by hash; one that OM no longer has is what it was, else has the name in its tables' FQNs."""
        self.services = {
            table["service_hash"]: {"name": split_fqn(table["fqn"])[0], "type": None} for table in tables.values()
        }
        self.services |= {table["service_hash"]: service_of(table) for table in self.known.last.values()}
        self.services |= {
            row["nameHash"]: {"name": row["name"], "type": row["serviceType"]}
            for row in self.rows("dbservice_entity", "nameHash, name, serviceType")
        }
        for table in tables.values():
            table["service"] = table["service_hash"]
            service = self.services[table["service_hash"]]
            table["service_name"], table["service_type"] = service["name"], service["type"]

    def add_uses(self, table: Row) -> None:
        """When it was used, by whatever sign."""
        service, kept = table["service_hash"], self.kept(table["id"])
        undated = self.feeds.undated(service)
        if undated:
            table["uses"] = rises(table["counts"], self.feeds.first_day(service))
            table["life_accessed"], table["unreadable_access"] = None, False
        days = sorted(table["uses"])
        table["first_use"], table["last_use"] = (days[0], days[-1]) if days else (None, None)
        table["days_of_use"], table["calendar_gap"] = len(days), longest_pause(days)
        table["last_row"] = max(table["usage_days"], default=None) if undated else None
        signs = (table["last_use"], table["life_accessed"], table["cost_use"], kept and kept.kept_accessed)
        table["accessed"] = max((min(each, self.today) for each in signs if each), default=None)

    def add_age(self, table: Row) -> None:
        """Since when it is known, and whether a sign says that it is young."""
        kept = self.kept(table["id"])
        services_seen = {each.service for each in self.known.kept.values()}
        table["first_seen"] = kept.first_seen if kept and kept.first_seen else self.today
        table["seen_later"] = kept.seen_later if kept else table["service_name"] in services_seen
        signs = [
            table["created"], table["entity_created"], table["metadata_changed"], table["first_seen"],
            kept and kept.known_since, *table["profiles"], *table["usage_days"],
        ]  # fmt: skip
        table["known_since"] = min(each for each in signs if each)
        came = [table["entity_created"], table["metadata_changed"] if table["first_version"] else None]
        start = self.start_of_database(table)
        later = any(each and (each - start).days > 3 for each in came if start)
        table["young"] = table["created"] is not None or later or table["seen_later"]

    def start_of_database(self, table: Row) -> date | None:
        """The earliest moment that OM has of any table of the same database."""
        key = (table["service_hash"], table["database"])
        if not hasattr(self, "starts"):
            self.starts: dict[tuple[str, str | None], date] = {}
            for each in self.everything.values():
                for day in (each["entity_created"], each["metadata_changed"]):
                    place = (each["service_hash"], each["database"])
                    if day:
                        self.starts[place] = min(day, self.starts.get(place, day))
        return self.starts.get(key)

    def add_evidence(self, table: Row, place: Place) -> None:
        table["place"] = place
        table["evidence"] = place.evidence
        if place.evidence == "METADATA" and table["metadata_changed"] is None:
            table["evidence"] = "NONE"
        table["observed"] = place.observed
        # In watched days, as idle days are, or the two could not be compared.
        positions = [position(place.queries_watched, day) for day in sorted(table["uses"])]
        table["longest_gap"] = max((later - earlier for earlier, later in pairwise(positions)), default=0)

    def usage_of_absent(self, tables: dict[str, Row]) -> list[UsageRow]:
        """What OM deleted with what is absent: that is known still. Of all tables, sets what is known of their use."""
        deleted = list[UsageRow]()
        for identifier, table in tables.items():
            current = self.everything[identifier]["counts"] if table["in_om"] else {}
            before = table["past_counts"] if table["absent_since"] else {}
            table["past_counts"] = {**before, **current}
            place = (table["service_hash"], table["database"], table["schema"])
            deleted += [UsageRow("table", *place, day, before[day]) for day in before.keys() - current.keys()]
        return deleted

    def add_past(self, table: Row) -> None:
        """Its use, and its feed as that is now."""
        table["past_uses"] = sorted(day for day, count in table["past_counts"].items() if count > 0)
        table["past_place"] = self.feeds.place(table["service_hash"], table["database"], table["schema"])

    def judge_activity(self, table: Row, place: Place) -> None:
        idle = self.idle(table, place)
        activity, reason = self.activity(table, place, idle)
        table["activity"], table["unknown_reason"] = activity, reason
        table["idle_days"] = None if activity == "UNKNOWN" else idle
        table["directly"] = activity in ("NEW", "ACTIVE", "COOLING")

    def idle(self, table: Row, place: Place) -> int:
        accessed = table["accessed"]
        if table["evidence"] in ("METADATA", "NONE"):
            return self.ago(accessed) if accessed else 0
        if place.undated and table["last_row"] and (accessed is None or table["last_row"] > accessed):
            return place.watched_after(table["last_row"])
        if accessed is not None:
            return place.watched_after(accessed)
        return min(place.watched_after(table["known_since"]), place.observed)

    def activity(self, table: Row, place: Place, idle: int) -> tuple[str, str | None]:
        accessed = table["accessed"]
        if accessed is not None and self.ago(accessed) <= 90:
            return ("ACTIVE" if self.ago(accessed) <= 30 else "COOLING"), None
        reason = self.unknown_reason(table, place)
        if reason is not None:
            return "UNKNOWN", reason
        if accessed is None and self.ago(table["known_since"]) < 90:
            if self.ago(table["known_since"]) < 30 and table["young"]:
                return "NEW", None
            return "UNKNOWN", "AGE"
        return next((name for limit, name in LIMITS if idle <= limit), "DORMANT"), None

    def unknown_reason(self, table: Row, place: Place) -> str | None:
        accessed = table["accessed"]
        if table["evidence"] in ("METADATA", "NONE"):
            return "NO_FEED"
        if table["unreadable_access"] or table["unreadable_use"]:
            return "UNREADABLE"
        last_row = table["last_row"]
        repeated = place.undated and last_row and (accessed is None or last_row > accessed)
        if repeated and place.watched_after(last_row) < 30:
            return "UNDATED"
        if accessed is None:
            return "FEW_DAYS" if place.observed < 90 else None
        return "FEW_DAYS" if 2 * place.watched_after(accessed) < self.ago(accessed) else None

    def judge_services(self, tables: dict[str, Row]) -> dict[str, Row]:
        """By name: the best of what is known of its databases."""
        services: dict[str, Row] = {}
        for service_hash, service in self.services.items():
            members = [table for table in tables.values() if table["service_hash"] == service_hash]
            names = {table["database"] for table in members}
            databases = {name: self.feeds.of_database(service_hash, name) for name in names}
            linked = sum(table["id"] in self.linked for table in members)
            complete = service["name"] in self.known.confirmed_lineage
            for table in members:
                table["no_lineage"] = not complete and 20 * linked < len(members)
            feeds = databases.values()
            states = {feed["state"] for feed in feeds}
            state = next((state for state in ("LIVE", "SILENT") if state in states), "ABSENT")
            signs = [table["life_accessed"] for table in members if table["life_accessed"]]
            signs += [row.day for row in self.feeds.rows[service_hash]]
            services[service["name"]] = {
                "hash": service_hash, "type": service["type"], "tables": len(members), "databases": databases,
                "evidence": min((feed["evidence"] for feed in feeds), key=BEST.index, default="METADATA"),
                "state": state, "silent_since": max(signs, default=None) if state == "SILENT" else None,
                "observed": max((feed["observed"] for feed in feeds), default=0),
            }  # fmt: skip
        return services

    def outlives(self, tables: dict[str, Row]) -> Known:
        """What the next refresh starts from."""
        kept = {
            identifier: each for identifier, each in self.known.kept.items() if identifier not in self.followed.values()
        }
        for identifier, absence in self.away.items():
            before = self.kept(identifier)
            assert before is not None
            kept[identifier] = replace(before, absent_since=absence.since, gone=absence.gone)
        for identifier, table in tables.items():
            if not table["absent_since"]:
                kept[identifier] = self.remembered(identifier, table)
        first = dict(self.known.first_lifecycle)
        for place in {(table["service_hash"], table["database"]) for table in tables.values()}:
            day = self.feeds.first_lifecycle(*place)
            if day is not None:
                first[self.services[place[0]]["name"], place[1]] = day
        return replace(self.known, kept=kept, last=tables, edges=self.edges, assets=self.assets, first_lifecycle=first)

    def remembered(self, identifier: str, table: Row) -> Kept:
        before = self.kept(identifier)
        return Kept(
            service=table["service_name"],
            database=table["database"],
            schema=table["schema"],
            fqn=table["fqn"],
            number=before.number if before else None,
            first_seen=table["first_seen"],
            seen_later=table["seen_later"],
            known_since=table["known_since"],
            kept_accessed=table["accessed"],
        )
