"""Lineage and the score, a second time, over tables that are judged already."""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.support.second_rows import ASSET_TABLES, Reader

Row = dict[str, Any]


class LineageAndScore(Reader):
    """What is downstream of each table, and what the estate is worth."""

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
        downstream, self.linked = defaultdict(set), set[str]()
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
                self.linked |= {row["fromId"], row["toId"]}
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
        coverage = len(evidenced) / len(rows) if rows else 0
        counts = {"recentlyUsed": counts.pop("active"), **counts, "zombie": sum(table["zombie"] for table in rows)}
        return {
            "score": score, "breakdown": points, "total": len(rows), "active": used, "bytes": sizes, "counts": counts,
            "coverage": coverage,
        }  # fmt: skip
