"""A row of the inventory as an answer about a table, with its reasons in words. Pure."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from thirdeye.inventory.filters import TIERS
from thirdeye.inventory.money import storage_cost
from thirdeye.inventory.verdicts import NO_SCORE, VERDICTS, Verdict, blockers_of

_CENT: Final = Decimal("0.000001")
_SOURCES: Final = {"QUERIES": "query logs", "LIFECYCLE": "access times"}
_NO_SERVICE: Final = {"state": "ABSENT", "silent_since": None, "observed_days": 0, "tables": 0, "type": None}


def table_view(
    row: Mapping[str, Any],
    *,
    service: Mapping[str, Any] | None,
    price: Decimal,
    directory: Mapping[str, Any],
    as_of: date,
    base_url: str | None,
) -> dict[str, Any]:
    """The answer, keys as in the API's `Table`; `service` is the directory's entry of its service."""
    service = service or _NO_SERVICE
    storage, queries = storage_cost(row["size_bytes"], price), row["query_cost_30d"]
    known = [cost for cost in (storage, queries) if cost is not None]
    domain = _at(directory["domains"], row["domain"])
    return {
        "number": row["number"],
        "id": row["id"],
        "fqn": row["fqn"],
        "name": row["name"],
        "displayName": row["display_name"],
        "service": row["service"],
        "serviceType": service["type"],
        "database": row["database_name"],
        "schema": row["schema_name"],
        "tableType": row["table_type"],
        "described": bool(row["described"]),
        "owners": [
            {"id": identifier, "type": kind, "name": name}
            for identifier, kind, name in _at(directory["owner_sets"], row["owner_set"]) or ()
        ],
        "tier": TIERS[min(row["tier"], len(TIERS) - 1)],
        "tags": _at(directory["tag_sets"], row["tag_set"]) or [],
        "domain": domain and domain["name"],
        "sizeBytes": row["size_bytes"],
        "storageCost": _money(storage),
        "queryCost": _money(queries),
        "monthlyCost": _money(sum(known, Decimal(0)) if known else None),
        "usdPerGbMonth": price,
        "created": row["created"],
        "lastAccessed": row["last_accessed"],
        "lastWritten": row["last_written"],
        "queries30d": min(row["queries_30d"], 2**31 - 1),
        "firstUse": row["first_use"],
        "lastUse": row["last_use"],
        "daysOfUse": row["days_of_use"],
        "longestPauseDays": row["longest_gap"],
        "idleDays": idle_days(row, service, as_of),
        "evidence": row["evidence"],
        "activity": row["activity"],
        "activityReason": activity_reason(row, service, as_of),
        "inUse": bool(row["in_use"]),
        "inUseThroughLineage": bool(row["in_use_through_lineage"]),
        "zombie": bool(row["zombie"]),
        "removedAt": row["removed_at"],
        "url": f"{base_url}/table/{quote(row['fqn'], safe='')}" if base_url else None,
    }


def advice_view(advised: Mapping[str, int], advice: Mapping[str, Any], cost: Decimal | None) -> dict[str, Any]:
    """What is advised about a table, keys as in the API; `advised` is of the columns, `advice` what it rests on."""
    verdict = VERDICTS[advised["verdict"]]
    risks = advice.get("risks", [None])
    return {
        "recommendation": str(verdict.value),
        "purgeScore": None if advised["purge"] == NO_SCORE else advised["purge"] / 10,
        "returnRisk": risks[advised["risk"]] if advised["risk"] < len(risks) else None,
        "blockerCodes": [str(blocker.value) for blocker in blockers_of(advised["blockers"])],
        "saving": saving(verdict, cost, Decimal(repr(advice["policy"]["archive_saving"])) if advice else Decimal(0)),
        "advised": advised,
    }


def saving(verdict: Verdict, cost: Decimal | None, archive_share: Decimal) -> Decimal | None:
    """USD a month that following a verdict saves of a table's cost; None where that is unknown and would count."""
    share = {Verdict.DELETE: Decimal(1), Verdict.ARCHIVE: archive_share}.get(verdict, Decimal(0))
    return Decimal(0) if share == 0 else _money(None if cost is None else cost * share)


def _at(items: Any, number: int) -> Any:
    return items[number] if number < len(items) else None


def _money(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(_CENT, ROUND_HALF_UP)


def idle_days(row: Mapping[str, Any], service: Mapping[str, Any], as_of: date) -> int | None:
    """Days since the last use, never used: since creation, but never more than were observed; None if nobody can tell."""
    if row["activity"] == "UNKNOWN":
        return None
    if row["last_accessed"] is not None:
        return max(int((as_of - row["last_accessed"]).days), 0)
    observed = int(service["observed_days"])
    return observed if row["created"] is None else min(int((as_of - row["created"]).days), observed)


def activity_reason(row: Mapping[str, Any], service: Mapping[str, Any], as_of: date) -> str:
    """Why a table's activity is what it is."""
    name, accessed, created = row["service"], row["last_accessed"], row["created"]
    if row["evidence"] not in _SOURCES:
        if service["state"] == "SILENT":
            return f"Nobody can tell: the usage feed of {name} has been silent since {words(service['silent_since'])}."
        changed = row["metadata_changed"]
        hint = f" Its metadata last changed on {words(changed)}." if changed else ""
        return f"Nobody can tell: OpenMetadata has no usage of {name}.{hint}"
    source = f"known from {_SOURCES[row['evidence']]}"
    if accessed is not None:
        days = max((as_of - accessed).days, 0)
        return f"Last read on {words(accessed)} ({_days(days)} ago), {source}. {_queries(row['queries_30d'])}"
    if row["activity"] == "NEW":
        return f"Created on {words(created)} ({_days((as_of - created).days)} ago) and not read yet, {source}."
    watched = f"{_days(int(service['observed_days']))} that {name} has been watched"
    if row["activity"] == "UNKNOWN":
        return f"Never seen in use, but the {watched} are too few to tell."
    since = f" It was created on {words(created)}." if created else ""
    return f"Never seen in use in the {watched}, {source}.{since}"


@lru_cache(maxsize=4096)
def words(day: date | str | None) -> str:
    """12 March 2026."""
    found = date.fromisoformat(day) if isinstance(day, str) else day
    return "an unknown day" if found is None else f"{found.day} {found:%B} {found.year}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _queries(count: int) -> str:
    if count == 0:
        return "No queries in the last 30 days."
    return "1 query in the last 30 days." if count == 1 else f"{count:,} queries in the last 30 days."
