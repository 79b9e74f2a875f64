"""The raw rows of OM's database, read a second time: every one of them, and nothing is remembered."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from operator import itemgetter
from typing import Any

from tests.support.second_feeds import UsageRow
from tests.support.second_memory import Known
from tests.support.second_ownership import Ownership, says_something
from tests.support.second_statements import counts, only_writes
from tests.support.second_time import Moment, read_moment

WRITING = {"INSERT", "UPDATE", "DELETE", "MERGE", "WRITE"}
ASSET_TABLES = {
    "dashboard": "dashboard_entity", "chart": "chart_entity", "dashboardDataModel": "dashboard_data_model_entity",
    "pipeline": "pipeline_entity", "mlmodel": "ml_model_entity", "topic": "topic_entity",
    "container": "storage_container_entity", "searchIndex": "search_index_entity",
    "apiEndpoint": "api_endpoint_entity", "storedProcedure": "stored_procedure_entity",
}  # fmt: skip
# Of newer versions of OM, or read only since it matters.
MORE_ASSET_TABLES = {
    "metric": "metric_entity", "directory": "directory_entity", "file": "file_entity",
    "spreadsheet": "spreadsheet_entity", "worksheet": "worksheet_entity",
}  # fmt: skip
Row = dict[str, Any]


def rows_of(connection: Any, schema: str, table: str, columns: str) -> list[Row]:
    """All rows of a table of OM's."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM `{schema}`.`{table}`")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def an_object(value: Any) -> Row:
    """A json object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def decoded(text: Any) -> Row:
    """The object in a row's json; what is broken is an empty one."""
    try:
        return an_object(json.loads(text))
    except (TypeError, ValueError):
        return {}


def longest_pause(days: list[date]) -> int:
    """Calendar days of the longest pause between two days."""
    return max(((later - earlier).days for earlier, later in pairwise(days)), default=0)


class Reader:
    """Turns rows into facts by table id."""

    def __init__(self, connection: Any, schema: str, today: date, known: Known, now: datetime | None = None) -> None:
        self.connection, self.schema, self.today, self.known = connection, schema, today, known
        # To the minute, as absences are kept, and naive, as the database gives it.
        noon = datetime(today.year, today.month, today.day, 12)
        self.now = (now.astimezone(UTC).replace(tzinfo=None) if now else noon).replace(second=0, microsecond=0)
        self.everything: dict[str, Row] = {}
        self.om_ids = set[str]()
        # By id of a table the id that it was known by; of deleted ones only where that is another one.
        self.followed: dict[str, str] = {}
        self.relations_deleted = list[Row]()

    def rows(self, table: str, columns: str) -> list[Row]:
        return rows_of(self.connection, self.schema, table, columns)

    def moment(self, value: Any) -> Moment:
        return read_moment(value, self.today)

    def columns_of(self, table: str) -> set[str]:
        """The columns of a table of OM's; none where it has no such table."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
                (self.schema, table),
            )
            return {row[0] for row in cursor.fetchall()}

    def kinds(self) -> dict[str, str]:
        """The kinds of other assets that can be read, and their tables."""
        return ASSET_TABLES | {kind: table for kind, table in MORE_ASSET_TABLES.items() if self.columns_of(table)}

    def assets_of(self, kind: str) -> list[Row]:
        """All assets of a kind."""
        if kind in ASSET_TABLES:
            return self.rows(ASSET_TABLES[kind], "id, fqnHash, deleted")
        table = MORE_ASSET_TABLES[kind]
        columns = self.columns_of(table)
        deleted = "deleted" if "deleted" in columns else "0 AS deleted"
        hashed = "fqnHash" if "fqnHash" in columns else "nameHash AS fqnHash"
        return self.rows(table, f"id, {hashed}, {deleted}")

    def day(self, value: Any) -> date | None:
        return self.moment(value).day

    def ago(self, value: date) -> int:
        return (self.today - value).days

    def read_tables(self) -> dict[str, Row]:
        """All tables that are not deleted; `everything` holds the deleted ones, too."""
        for row in self.rows("table_entity", "id, fqnHash, json"):
            self.om_ids.add(row["id"])
            document = decoded(row["json"])
            if document:
                self.everything[row["id"]] = self.facts(row, document)
        return {identifier: table for identifier, table in self.everything.items() if not table["deleted"]}

    def facts(self, row: Row, document: Row) -> Row:
        moments = self.life_cycle(document.get("lifeCycle"))
        names = split_fqn(document.get("fullyQualifiedName") or row["id"])
        database, schema = place_of(names)
        description, created = document.get("description"), document.get("createdAt")
        text, columns = document.get("schemaDefinition"), document.get("columns")
        return {
            "id": row["id"], "fqn": document.get("fullyQualifiedName") or row["id"], "fqn_hash": row["fqnHash"] or "",
            "name": names[-1],
            "service_hash": (row["fqnHash"] or "")[:32], "database": database, "schema": schema,
            "deleted": document.get("deleted") is True, "table_type": document.get("tableType"),
            "created": moments["created"].day, "life_accessed": moments["accessed"].day,
            "unreadable_access": moments["accessed"].unreadable, "unreadable_use": False,
            "unreadable_write": moments["updated"].unreadable,
            "writes": [moments["updated"].day, moments["created"].day],
            "metadata_changed": self.day(document.get("updatedAt")), "entity_created": self.day(created),
            "first_version": is_first_version(document.get("version")), "profiles": [], "cost_use": None,
            "cost_written": None, "statements": [], "profile_days": [],
            "described": says_something(description), "tier": None,
            "tags": set(), "editor": document.get("updatedBy"),
            "sizes": [], "uses": {}, "usage_days": set(), "counts": {}, "query_cost": None,
            "write_cost": 0.0,
            "text": text if isinstance(text, str) else None,
            "fingerprint": tuple(an_object(each).get("name") for each in columns) if isinstance(columns, list) else (),
        }  # fmt: skip

    def life_cycle(self, found: Any) -> dict[str, Moment]:
        """The three moments. What is there and is no object can be read of none of them."""
        names = ("created", "updated", "accessed")
        if found is not None and not isinstance(found, dict):
            return dict.fromkeys(names, Moment(unreadable=True))
        moments = dict[str, Moment]()
        for name in names:
            part = (found or {}).get(name)
            broken = part is not None and not isinstance(part, dict)
            moments[name] = Moment(unreadable=True) if broken else self.moment((part or {}).get("timestamp"))
        return moments

    def add_relations(self, tables: dict[str, Row]) -> None:
        rows = self.rows("entity_relationship", "fromId, toId, fromEntity, toEntity, relation, deleted")
        self.relations = [row for row in rows if not row["deleted"]]
        self.relations_deleted = [row for row in rows if row["deleted"]]
        self.ownership = Ownership.read(self.rows, self.relations)
        for table in tables.values():
            self.ownership.settle(table)

    def add_profiles(self, tables: dict[str, Row]) -> None:
        by_hash = {table["fqn_hash"]: table for table in tables.values()}
        for row in self.rows("profiler_data_time_series", "entityFQNHash, extension, timestamp, json"):
            table = by_hash.get(row["entityFQNHash"])
            if table is None:
                continue
            document = decoded(row["json"])
            document = {**document, **an_object(document.get("profileData"))}
            table["profiles"].append(self.day(row["timestamp"]))
            if row["extension"] == "table.tableProfile":
                table["profile_days"].append(self.day(row["timestamp"]))
            if row["extension"] == "table.tableProfile" and document.get("sizeInByte") is not None:
                rows = document.get("rowCount")
                # Nothing holds no rows: whoever wrote that does not know the size.
                impossible = document["sizeInByte"] == 0 and isinstance(rows, int | float) and rows >= 1
                table["sizes"].append((row["timestamp"], None if impossible else document["sizeInByte"]))
            if row["extension"] == "table.systemProfile" and str(document.get("operation", "")).upper() in WRITING:
                table["writes"].append(self.day(row["timestamp"]))
                # A write of nobody knows when may be one of yesterday.
                table["unreadable_write"] |= self.day(row["timestamp"]) is None
        for table in tables.values():
            size = max(table["sizes"], key=itemgetter(0))[1] if table["sizes"] else None
            sound = isinstance(size, int | float) and not isinstance(size, bool) and 0 <= size <= 10**18
            table["size"] = int(size) if sound else None
            table["written"] = max((each for each in table["writes"] if each), default=None)

    def add_usage(self, tables: dict[str, Row]) -> list[UsageRow]:
        """Counts by table and day; the rows that tell of a service, a database or a schema."""
        self.usage = self.rows("entity_usage", "id, entityType, usageDate, count1")
        places = dict(self.places_of_entities())
        found = list[UsageRow]()
        for row in self.usage:
            day = row["usageDate"]
            # A day of zeros comes as text.
            row["day"] = min(day, self.today) if isinstance(day, date) and day.year >= 2000 else None
            # There is no row of a day without use: a count that cannot be read is of one.
            count = 1 if row["count1"] is None or row["count1"] < 0 else row["count1"]
            table = self.everything.get(row["id"]) if row["entityType"] == "table" else None
            if row["day"] is None:
                if table is not None and count:
                    table["unreadable_use"] = True
                continue
            if table is not None:
                place = (table["service_hash"], table["database"], table["schema"])
                found.append(UsageRow("table", *place, row["day"], count))
                table["usage_days"].add(row["day"])
                table["counts"][row["day"]] = table["counts"].get(row["day"], 0) + count
            elif (row["entityType"], row["id"]) in places:
                found.append(UsageRow(row["entityType"], *places[row["entityType"], row["id"]], row["day"], count))
        for table in tables.values():
            counts = table["counts"].items()
            table["queries"] = sum(count for day, count in counts if self.ago(day) <= 30)
            table["uses"] = {day: count for day, count in counts if count > 0}
        return found

    def places_of_entities(self) -> Iterator[tuple[tuple[str, str], tuple[str, str | None, str | None]]]:
        """(entity type, id) -> service, database and schema, for the usage that OM counts by these."""
        for kind, table in (("database", "database_entity"), ("databaseSchema", "database_schema_entity")):
            for row in self.rows(table, "id, fqnHash, json"):
                names = split_fqn(decoded(row["json"]).get("fullyQualifiedName") or "")
                # Without a hash nobody can tell what it is a row of.
                if row["fqnHash"] and len(names) == 2 + (kind == "databaseSchema"):
                    yield (kind, row["id"]), (row["fqnHash"][:32], names[1], names[2] if len(names) > 2 else None)

    def usage_runs(self) -> dict[str, set[date]]:
        """The days of successful usage runs by service hash, where OM's records of runs can tell."""
        columns = self.columns_of("ingestion_pipeline_entity")
        if not {"fqnHash", "pipelineType"} <= columns:
            return {}
        pipelines = self.rows("ingestion_pipeline_entity", "fqnHash, pipelineType")
        hashes = {row["fqnHash"] for row in pipelines if row["pipelineType"] == "usage"}
        runs: dict[str, set[date]] = defaultdict(set)
        for row in self.rows("entity_extension_time_series", "entityFQNHash, extension, timestamp, json"):
            if row["entityFQNHash"] not in hashes or row["extension"] != "ingestionPipeline.pipelineStatus":
                continue
            segments, day = row["entityFQNHash"].split("."), self.day(row["timestamp"])
            if len(segments) == 2 and day is not None and read_something(decoded(row["json"])):
                runs[segments[0]].add(day)
        return runs

    def add_costs(self, tables: dict[str, Row]) -> None:
        queries = self.rows("query_entity", "id, fqnHash, json")
        ids = {row["fqnHash"]: row["id"] for row in queries}
        documents = {row["id"]: decoded(row["json"]) for row in queries}
        users = {row["id"]: row["name"] for row in self.rows("user_entity", "id, name")}
        related: dict[str, set[str | None]] = defaultdict(set)
        for row in self.relations:
            if (row["relation"], row["fromEntity"], row["toEntity"]) == (7, "user", "query"):
                related[row["toId"]].add(users.get(row["fromId"]))
        costs: dict[str, float] = defaultdict(float)
        days: dict[str, date] = {}
        undated = set[str]()
        for row in self.rows("query_cost_time_series", "entityFQNHash, timestamp, json"):
            query, document, day = ids.get(row["entityFQNHash"]), decoded(row["json"]), self.day(row["timestamp"])
            if query is None:
                continue
            if day is None:
                undated.add(query)
            else:
                days[query] = max(day, days.get(query, day))
            cost = document.get("cost")
            if day is not None and self.ago(day) <= 30 and is_amount(cost):
                costs[query] += cost
        named = defaultdict(set)
        for row in self.relations:
            if row["relation"] == 5 and row["fromEntity"] == "table" and row["toEntity"] == "query":
                named[row["toId"]].add(row["fromId"])
        for query, identifiers in named.items():
            for table in (tables[each] for each in identifiers if each in tables):
                if query in costs:
                    table["query_cost"] = (table["query_cost"] or 0) + costs[query] / len(identifiers)
                if query in undated:
                    table["unreadable_use"] = True
                # Without the statements themselves, all of them are use.
                document = documents.get(query, {})
                writes = only_writes(document.get("query"), split_fqn(table["fqn"]))
                if query in costs and writes:
                    table["write_cost"] += costs[query] / len(identifiers)
                uses = not writes and counts(document, related[query], self.known.uncounted)
                table["statements"].append(not uses)
                for kind in [*(["cost_written"] if writes else []), *(["cost_use"] if uses else [])]:
                    if query in days:
                        table[kind] = max(days[query], table[kind] or days[query])
        for table in tables.values():
            days_written = (table["written"], table["cost_written"] and min(table["cost_written"], self.today))
            table["written"] = max((each for each in days_written if each), default=None)


def is_amount(cost: Any) -> bool:
    """Whether a query can cost so many USD on a day."""
    return isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost <= 10**9


def read_something(status: Row) -> bool:
    """Whether a run ended well and, where that is stored, read any of its log."""
    steps = status.get("status")
    first = an_object(steps[0]) if isinstance(steps, list) and steps else {}
    records = first.get("records")
    read = not isinstance(records, int | float) or records > 0
    return status.get("pipelineState") in ("success", "partialSuccess") and read


def is_first_version(version: Any) -> bool:
    """OM's first version of a row is 0.1."""
    return isinstance(version, int | float) and not isinstance(version, bool) and abs(version - 0.1) < 0.01


def place_of(names: list[str]) -> tuple[str | None, str | None]:
    """The database and the schema in an FQN of a table, of whatever length."""
    database = names[1] if len(names) > 2 else None
    return database, ".".join(names[2:-1]) if len(names) > 3 else None


def split_fqn(fqn: str) -> list[str]:
    """The names in an FQN: a dot inside double quotes does not separate, a doubled quote is one."""
    names, quoted, place = [""], False, 0
    while place < len(fqn):
        character = fqn[place]
        if character == '"' and quoted and fqn[place + 1 : place + 2] == '"':
            names[-1] += '"'
            place += 1
        elif character == '"':
            quoted = not quoted
        elif character == "." and not quoted:
            names.append("")
        else:
            names[-1] += character
        place += 1
    return names
