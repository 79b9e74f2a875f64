"""The inventory and the score a second time: plain slow Python over the raw rows of OM's database.

Written from what the product promises, not from the code: every row is read, everything is recomputed.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

WRITING = {"INSERT", "UPDATE", "DELETE", "MERGE", "WRITE"}
ASSET_TABLES = {
    "dashboard": "dashboard_entity", "chart": "chart_entity", "dashboardDataModel": "dashboard_data_model_entity",
    "pipeline": "pipeline_entity", "mlmodel": "ml_model_entity", "topic": "topic_entity",
    "container": "storage_container_entity", "searchIndex": "search_index_entity",
    "apiEndpoint": "api_endpoint_entity", "storedProcedure": "stored_procedure_entity",
}  # fmt: skip
Row = dict[str, Any]


@dataclass
class Judged:
    """What the inventory ought to hold: tables by id, services by name, the score."""

    tables: dict[str, Row] = field(default_factory=dict)
    services: dict[str, Row] = field(default_factory=dict)
    score: Row = field(default_factory=dict)


def rows_of(connection: Any, schema: str, table: str, columns: str) -> list[Row]:
    """All rows of a table of OM's."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM `{schema}`.`{table}`")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def second_inventory(connection: Any, schema: str, today: date) -> Judged:
    """Reads and recomputes everything."""
    judge = _Judge(connection, schema, today)
    return judge.judge()


class _Judge:
    def __init__(self, connection: Any, schema: str, today: date) -> None:
        self.connection, self.schema, self.today = connection, schema, today

    def rows(self, table: str, columns: str) -> list[Row]:
        return rows_of(self.connection, self.schema, table, columns)

    def day(self, milliseconds: Any) -> date | None:
        try:
            value = float(milliseconds)
        except (TypeError, ValueError):
            return None
        if value < 946_684_800_000:
            return None
        limit = datetime(self.today.year + 1, 12, 31, tzinfo=UTC).timestamp() * 1000
        return min(datetime.fromtimestamp(min(value, limit) / 1000, UTC).date(), self.today)

    def ago(self, value: date) -> int:
        return (self.today - value).days

    def judge(self) -> Judged:
        tables: dict[str, Row] = {}
        for row in self.rows("table_entity", "id, fqnHash, json"):
            document = json.loads(row["json"])
            if not document.get("deleted"):
                tables[row["id"]] = self.facts(row, document)
        self.add_relations(tables)
        self.add_tags(tables)
        self.add_profiles(tables)
        usage = self.add_usage(tables)
        services = self.judge_services(tables, usage)
        self.judge_activity(tables, services)
        self.add_lineage(tables)
        self.add_costs(tables)
        return Judged(tables, services, self.score(tables))

    def facts(self, row: Row, document: Row) -> Row:
        life = document.get("lifeCycle") or {}
        moments = {
            name: self.day((life.get(name) or {}).get("timestamp")) for name in ("created", "updated", "accessed")
        }
        names = split_fqn(document["fullyQualifiedName"])
        description = document.get("description")
        return {
            "fqn": document["fullyQualifiedName"], "fqn_hash": row["fqnHash"], "name": names[-1],
            "service_hash": row["fqnHash"][:32],
            "table_type": document.get("tableType"), "created": moments["created"], "life_accessed": moments["accessed"],
            "writes": [moments["updated"], moments["created"]], "metadata_changed": self.day(document.get("updatedAt")),
            "described": bool(description and description.strip()), "own_owners": set(), "own_domain": set(), "tier": None,
            "tags": set(), "sizes": [], "uses": {}, "usage_days": set(), "query_cost": None,
        }  # fmt: skip

    def add_relations(self, tables: dict[str, Row]) -> None:
        self.relations = [
            row
            for row in self.rows("entity_relationship", "fromId, toId, fromEntity, toEntity, relation, deleted")
            if not row["deleted"]
        ]
        hashes: dict[str, str] = {}
        for table in ("database_schema_entity", "database_entity"):
            hashes |= {row["id"]: row["fqnHash"] for row in self.rows(table, "id, fqnHash")}
        owners, domains = defaultdict(set), defaultdict(set)
        for row in self.relations:
            if row["relation"] == 8 and row["fromEntity"] in ("user", "team"):
                owners[row["toId"]].add((row["fromEntity"], row["fromId"]))
            if row["relation"] == 10 and row["fromEntity"] == "domain":
                domains[row["toId"]].add(row["fromId"])
        place_owners = {hashes[each]: found for each, found in owners.items() if each in hashes}
        place_domains = {hashes[each]: found for each, found in domains.items() if each in hashes}
        for identifier, table in tables.items():
            parents = [".".join(table["fqn_hash"].split(".")[:length]) for length in (3, 2)]
            found = [owners.get(identifier), *(place_owners.get(parent) for parent in parents)]
            table["owners"] = next((each for each in found if each), set())
            inherited = [domains.get(identifier), *(place_domains.get(parent) for parent in parents)]
            table["domain"] = min(next((each for each in inherited if each), {""}))

    def add_tags(self, tables: dict[str, Row]) -> None:
        by_hash = {table["fqn_hash"]: table for table in tables.values()}
        for row in self.rows("tag_usage", "source, tagFQN, targetFQNHash"):
            table = by_hash.get(row["targetFQNHash"])
            if table is None:
                continue
            if row["source"] == 0 and row["tagFQN"].startswith("Tier."):
                number = int(row["tagFQN"][-1])
                table["tier"] = min(number, table["tier"] or number)
            else:
                table["tags"].add(row["tagFQN"])

    def add_profiles(self, tables: dict[str, Row]) -> None:
        by_hash = {table["fqn_hash"]: table for table in tables.values()}
        for row in self.rows("profiler_data_time_series", "entityFQNHash, extension, timestamp, json"):
            table = by_hash.get(row["entityFQNHash"])
            if table is None:
                continue
            document = json.loads(row["json"])
            document = {**document, **(document.get("profileData") or {})}
            if row["extension"] == "table.tableProfile" and document.get("sizeInByte") is not None:
                table["sizes"].append((row["timestamp"], document["sizeInByte"]))
            if row["extension"] == "table.systemProfile" and str(document.get("operation", "")).upper() in WRITING:
                table["writes"].append(self.day(row["timestamp"]))
        for table in tables.values():
            size = max(table["sizes"])[1] if table["sizes"] else None
            sound = isinstance(size, int | float) and not isinstance(size, bool) and 0 <= size <= 10**18
            table["size"] = int(size) if sound else None
            table["written"] = max((each for each in table["writes"] if each), default=None)

    def add_usage(self, tables: dict[str, Row]) -> list[Row]:
        usage = self.rows("entity_usage", "id, entityType, usageDate, count1")
        for row in usage:
            row["day"] = min(row["usageDate"], self.today) if row["usageDate"].year >= 2000 else None
            table = tables.get(row["id"])
            if table is None or row["entityType"] != "table" or row["day"] is None:
                continue
            table["usage_days"].add(row["day"])
            if (row["count1"] or 0) > 0:
                table["uses"][row["day"]] = table["uses"].get(row["day"], 0) + row["count1"]
        for table in tables.values():
            days = sorted(table["uses"])
            table["first_use"], table["last_use"] = (days[0], days[-1]) if days else (None, None)
            table["days_of_use"] = len(days)
            table["longest_gap"] = max(((later - earlier).days for earlier, later in pairwise(days)), default=0)
            table["queries"] = sum(count for day, count in table["uses"].items() if self.ago(day) <= 30)
            table["accessed"] = max(
                (each for each in (table["last_use"], table["life_accessed"]) if each), default=None
            )
        return usage

    def judge_services(self, tables: dict[str, Row], usage: list[Row]) -> dict[str, Row]:
        self.usage = usage
        services: dict[str, Row] = {}
        for row in self.rows("dbservice_entity", "nameHash, name, serviceType"):
            members = [table for table in tables.values() if table["service_hash"] == row["nameHash"]]
            rows = {day for table in members for day in table["usage_days"]}
            cycles = [table["life_accessed"] for table in members if table["life_accessed"]]
            enough = cycles and len(cycles) * 10 >= len(members)
            if rows and self.ago(max(rows)) <= 30:
                evidence = "QUERIES"
            elif enough and self.ago(max(cycles)) <= 30:
                evidence = "LIFECYCLE"
            else:
                evidence = "METADATA"
            signs = [*rows, *cycles]
            state = "LIVE" if evidence != "METADATA" else "SILENT" if rows or enough else "ABSENT"
            for table in members:
                table["service"], table["service_name"] = row["nameHash"], row["name"]
            services[row["name"]] = {
                "evidence": evidence, "state": state, "observed": self.ago(min(signs)) if signs else 0, "tables": len(members),
                "hash": row["nameHash"],
                "silent_since": max([*rows, *(cycles if enough else [])]) if state == "SILENT" else None,
            }  # fmt: skip
        return services

    def judge_activity(self, tables: dict[str, Row], services: dict[str, Row]) -> None:
        by_hash = {service["hash"]: service for service in services.values()}
        for table in tables.values():
            service = by_hash[table["service_hash"]]
            accessed, created = table["accessed"], table["created"]
            evidence = service["evidence"]
            if evidence == "METADATA" and table["metadata_changed"] is None:
                evidence = "NONE"
            table["evidence"] = evidence
            if evidence in ("METADATA", "NONE"):
                activity = "UNKNOWN"
            elif accessed is None and created is not None and self.ago(created) < 30:
                activity = "NEW"
            elif accessed is None and service["observed"] < 90:
                activity = "UNKNOWN"
            else:
                idle = self.ago(accessed) if accessed else service["observed"]
                if accessed is None and created is not None:
                    idle = min(self.ago(created), idle)
                limits = ((30, "ACTIVE"), (90, "COOLING"), (365, "STALE"))
                activity = next((name for limit, name in limits if idle <= limit), "DORMANT")
            table["activity"] = activity
            table["directly"] = activity in ("NEW", "ACTIVE", "COOLING")

    def add_lineage(self, tables: dict[str, Row]) -> None:
        alive = {identifier: ("table", table["directly"]) for identifier, table in tables.items()}
        used = defaultdict(set)
        for row in self.usage:
            if row["entityType"] != "table" and row["day"] and (row["count1"] or 0) > 0:
                used[row["id"]].add(row["day"])
        entries = {kind: self.rows(name, "id, fqnHash, deleted") for kind, name in ASSET_TABLES.items()}
        readable = entries.keys()
        watched = {
            row["fqnHash"][:32]
            for rows in entries.values()
            for row in rows
            if any(self.ago(day) <= 30 for day in used.get(row["id"], ()))
        }
        for kind, rows in entries.items():
            for row in rows:
                if not row["deleted"]:
                    lately = any(self.ago(day) <= 90 for day in used.get(row["id"], ()))
                    alive[row["id"]] = (kind, lately or row["fqnHash"][:32] not in watched)
        downstream = defaultdict(set)
        for row in self.relations:
            kinds = {row["fromEntity"], row["toEntity"]}
            if row["relation"] != 13 or any(
                kind.endswith("Service") or kind in ("domain", "dataProduct") for kind in kinds
            ):
                continue
            for end in ("from", "to"):
                kind = row[f"{end}Entity"]
                if kind != "table" and kind not in readable:
                    alive.setdefault(row[f"{end}Id"], (kind, True))
            if row["fromId"] in alive and row["toId"] in alive:
                downstream[row["fromId"]].add(row["toId"])
        for identifier, table in tables.items():
            distance, frontier, found = {identifier: 0}, [identifier], list[tuple[int, bool, str]]()
            while frontier:
                following = {each for node in frontier for each in downstream[node]} - distance.keys()
                for each in following:
                    distance[each] = distance[frontier[0]] + 1
                    if alive[each][1]:
                        found.append((distance[each], alive[each][0] != "table", each))
                frontier = list(following)
            back = {identifier} if any(identifier in downstream[node] for node in distance) else set()
            table["below"] = (set(distance) - {identifier}) | back
            found.sort()
            table["nearest"] = [(each[2], each[0]) for each in found[:5]]
            table["dependents"] = len(found)
            table["through_lineage"] = bool(found)
            changed = table["metadata_changed"]
            lately = table["activity"] == "UNKNOWN" and changed is not None and self.ago(changed) <= 90
            table["in_use"] = table["directly"] or table["through_lineage"] or lately
            idle = table["activity"] in ("STALE", "DORMANT")
            table["zombie"] = idle and not table["through_lineage"] and table["queries"] == 0

    def add_costs(self, tables: dict[str, Row]) -> None:
        midnight = datetime(self.today.year, self.today.month, self.today.day, tzinfo=UTC)
        since = (midnight - timedelta(days=30)).timestamp() * 1000
        ids = {row["fqnHash"]: row["id"] for row in self.rows("query_entity", "id, fqnHash")}
        costs: dict[str, float] = defaultdict(float)
        for row in self.rows("query_cost_time_series", "entityFQNHash, timestamp, json"):
            document = json.loads(row["json"])
            if row["timestamp"] >= since and row["entityFQNHash"] in ids:
                costs[ids[row["entityFQNHash"]]] += document["cost"] * document.get("count", 1)
        named = defaultdict(set)
        for row in self.relations:
            if row["relation"] == 5 and row["fromEntity"] == "table" and row["toEntity"] == "query":
                named[row["toId"]].add(row["fromId"])
        for query, cost in costs.items():
            for identifier in named[query]:
                if identifier in tables:
                    tables[identifier]["query_cost"] = (tables[identifier]["query_cost"] or 0) + cost / len(
                        named[query]
                    )

    def score(self, tables: dict[str, Row]) -> Row:
        rows = list(tables.values())
        written = [table for table in rows if table["written"] and self.ago(table["written"]) <= 30]
        evidenced = [table for table in rows if table["evidence"] in ("QUERIES", "LIFECYCLE")]
        lately = sum(table["accessed"] is not None and self.ago(table["accessed"]) <= 30 for table in evidenced)
        marks = sum(bool(table["owners"]) + table["described"] + (table["tier"] is not None) for table in rows)
        used = sum(table["in_use"] for table in rows)
        sizes = sum(table["size"] or 0 for table in rows)
        share = {
            "storage": (sum(table["size"] or 0 for table in rows if table["in_use"]), sizes, 35),
            "compute": (sum(table["in_use"] for table in written), len(written), 30)
            if written
            else (used, len(rows), 30),
            "query": (lately, len(evidenced), 20),
            "others": (marks, 3 * len(rows), 15),
        }
        known = {name: part for name, part in share.items() if part[1]}
        weight = sum(part[2] for part in known.values())
        exact = {name: Decimal(100 * part[2] * part[0]) / Decimal(weight * part[1]) for name, part in known.items()}
        score = int(sum(exact.values(), Decimal(0)).quantize(Decimal(1), ROUND_HALF_UP)) if known else 0
        points = {name: int(exact.get(name, 0)) for name in share}
        by_rest = sorted(exact, key=lambda each: exact[each] - int(exact[each]), reverse=True)
        for name in by_rest[: score - sum(points.values())]:
            points[name] += 1
        kinds = ("new", "active", "cooling", "stale", "dormant", "unknown")
        counts = {kind: sum(table["activity"] == kind.upper() for table in rows) for kind in kinds}
        counts = {"recentlyUsed": counts.pop("active"), **counts, "zombie": sum(table["zombie"] for table in rows)}
        return {
            "score": score, "breakdown": points, "total": len(rows), "active": used, "bytes": sizes, "counts": counts,
        }  # fmt: skip


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
