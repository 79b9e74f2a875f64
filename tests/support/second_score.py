"""The ZI score a second time: plain Python over the generator's own records, written from the rules and not the code."""

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from thirdeye.local.sample import Estate

WRITING = {"INSERT", "UPDATE", "DELETE", "MERGE", "WRITE"}


def second_score(estate: Estate, today: date) -> dict[str, Any]:
    """Score, points by component and counts of an estate, by the default settings."""

    def day(milliseconds: float | None) -> date | None:
        if milliseconds is None:
            return None
        found = datetime.fromtimestamp(milliseconds / 1000, UTC).date()
        return None if found.year < 2000 else min(found, today)

    def ago(value: date) -> int:
        return (today - value).days

    usage: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for row in estate.usage():
        if row.entity_type == "table" and row.usage_date.year >= 2000:
            usage[row.entity_id].append((min(row.usage_date, today), row.count1))
    owned = {
        relation.to_id
        for relation in estate.relations()
        if relation.relation == 8 and relation.from_entity in ("user", "team") and not relation.deleted
    }
    tiered = {tag.target_fqn_hash for tag in estate.tags() if tag.source == 0 and tag.tag_fqn.startswith("Tier.")}
    tables = [table for table in estate.tables() if not table.deleted]
    by_service = defaultdict(list)
    for table in tables:
        by_service[table.service_id].append(table)

    counts: dict[str, int] = defaultdict(int)
    storage, storage_used = 0, 0
    written, written_used, evidenced, accessed_lately, used, marks = 0, 0, 0, 0, 0, 0
    for members in by_service.values():
        rows = [entry for table in members for entry in usage[table.id]]
        cycles = [moment for table in members if (moment := day(table.accessed_ms))]
        if any(ago(when) <= 30 for when, _ in rows):
            evidence = "QUERIES"
        elif cycles and len(cycles) * 10 >= len(members) and ago(max(cycles)) <= 30:
            evidence = "LIFECYCLE"
        else:
            evidence = "METADATA"
        signs = [when for when, _ in rows] + cycles
        observed = ago(min(signs)) if signs else 0
        for table in members:
            sign = [when for when, count in usage[table.id] if count > 0]
            if moment := day(table.accessed_ms):
                sign.append(moment)
            accessed, created = max(sign, default=None), day(table.created_ms)
            if evidence == "METADATA":
                kind = "unknown"
            elif accessed is None and created is not None and ago(created) < 30:
                kind = "new"
            elif accessed is None and observed < 90:
                kind = "unknown"
            else:
                if accessed is not None:
                    idle = ago(accessed)
                else:
                    idle = observed if created is None else min(ago(created), observed)
                kind = (
                    "recentlyUsed" if idle <= 30 else "cooling" if idle <= 90 else "stale" if idle <= 365 else "dormant"
                )
            counts[kind] += 1
            changed = day(table.updated_at_ms)
            in_use = kind in ("new", "recentlyUsed", "cooling") or (
                kind == "unknown" and changed is not None and ago(changed) <= 90
            )
            used += in_use
            recent = sum(count for when, count in usage[table.id] if ago(when) <= 30)
            counts["zombie"] += kind in ("stale", "dormant") and recent == 0
            if evidence != "METADATA":
                evidenced += 1
                accessed_lately += accessed is not None and ago(accessed) <= 30
            writes = [moment for moment in (day(table.updated_ms), created) if moment]
            for operation in estate.system_profiles_of(table):
                if operation.operation.upper() in WRITING and (moment := day(operation.timestamp_ms)):
                    writes.append(moment)
            if writes and ago(max(writes)) <= 30:
                written += 1
                written_used += in_use
            sizes = [
                (profile.timestamp_ms, profile.size_in_byte)
                for profile in estate.profiles_of(table)
                if profile.size_in_byte is not None
            ]
            if sizes:
                size = int(max(sizes)[1])
                storage += size
                storage_used += size if in_use else 0
            marks += bool({table.id, table.schema_id, table.database_id} & owned)
            marks += bool(table.description and table.description.strip())
            marks += table.fqn_hash in tiered

    share = {
        "storage": (storage_used, storage, 35),
        "compute": (written_used, written, 30) if written else (used, len(tables), 30),
        "query": (accessed_lately, evidenced, 20),
        "others": (marks, 3 * len(tables), 15),
    }
    known = {name: part for name, part in share.items() if part[1]}
    weight = sum(part[2] for part in known.values())
    exact = {name: Decimal(100 * part[2] * part[0]) / Decimal(weight * part[1]) for name, part in known.items()}
    score = int(sum(exact.values(), Decimal(0)).quantize(Decimal(1), ROUND_HALF_UP)) if known else 0
    points = {name: int(exact.get(name, 0)) for name in share}
    for name in sorted(exact, key=lambda each: exact[each] - int(exact[each]), reverse=True)[
        : score - sum(points.values())
    ]:
        points[name] += 1
    return {
        "score": score,
        "breakdown": points,
        "total": len(tables),
        "active": used,
        "counts": dict(counts),
        "bytes": storage,
    }
