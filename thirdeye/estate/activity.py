"""For how long a table has been idle, and why its activity is what it is, in a sentence. Pure."""

from datetime import date
from typing import Final

from thirdeye.database import Row
from thirdeye.estate.dates import format_day
from thirdeye.inventory.directory import Service

_SOURCES: Final = {"QUERIES": "query logs", "LIFECYCLE": "access times"}


def idle_days(row: Row, observed_days: int, as_of: date) -> int | None:
    """Days since the last use. If there was none, days since creation, but at most those observed; None if unknown."""
    if row["activity"] == "UNKNOWN":
        return None
    if row["last_accessed"] is not None:
        return max(int((as_of - row["last_accessed"]).days), 0)
    return observed_days if row["created"] is None else min(int((as_of - row["created"]).days), observed_days)


def activity_reason(row: Row, service: Service | None, as_of: date) -> str:
    """Why a table's activity is what it is. `row` is of the inventory, `service` the directory's entry."""
    name, accessed, created = row["service"], row["last_accessed"], row["created"]
    if row["evidence"] not in _SOURCES:
        if service is not None and service["state"] == "SILENT":
            since = format_day(service["silent_since"])
            return f"Nobody can tell: the usage feed of {name} has been silent since {since}."
        changed = row["metadata_changed"]
        hint = f" Its metadata last changed on {format_day(changed)}." if changed else ""
        return f"Nobody can tell: OpenMetadata has no usage of {name}.{hint}"
    source = f"known from {_SOURCES[row['evidence']]}"
    if accessed is not None:
        days = max((as_of - accessed).days, 0)
        return f"Last read on {format_day(accessed)} ({_days(days)} ago), {source}. {_queries(row['queries_30d'])}"
    if row["activity"] == "NEW":
        return f"Created on {format_day(created)} ({_days((as_of - created).days)} ago) and not read yet, {source}."
    watched = f"{_days(service['observed_days'] if service else 0)} that {name} has been watched"
    if row["activity"] == "UNKNOWN":
        return f"Never seen in use, but the {watched} are too few to tell."
    creation = f" It was created on {format_day(created)}." if created else ""
    return f"Never seen in use in the {watched}, {source}.{creation}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _queries(count: int) -> str:
    if count == 0:
        return "No queries in the last 30 days."
    return "1 query in the last 30 days." if count == 1 else f"{count:,} queries in the last 30 days."
