"""What the API says of the series that a table is part of. Pure."""

from datetime import date
from decimal import Decimal
from typing import TypedDict

from thirdeye.estate.dates import format_day
from thirdeye.inventory.columns import day_of
from thirdeye.inventory.series import SeriesEntry
from thirdeye.inventory.storage_prices import PriceBasis


class SeriesView(TypedDict):
    """The keys of the API's `TableSeries`; `number` is that of the table that stands for it.

    `throughLineage`: it is in use, and none of its tables is by itself.
    """

    name: str
    fqn: str
    number: int
    tables: int
    inUse: bool
    throughLineage: bool
    lastAccessed: date | None
    knownSince: date | None
    sizeBytes: int
    monthlyCost: Decimal
    oldParts: int
    oldPartsMonthlyCost: Decimal | None
    priceBasis: str
    reason: str


def series_view(entry: SeriesEntry, fqn: str, as_of: date, basis: PriceBasis) -> SeriesView:
    """The answer about a series; `basis` tells whose prices its service has."""
    return {
        "name": entry["name"],
        "fqn": fqn,
        "number": entry["table"],
        "tables": entry["tables"],
        "inUse": entry["inUse"],
        "throughLineage": entry["throughLineage"],
        "lastAccessed": day_of(entry["accessed"]),
        "knownSince": day_of(entry["known"]),
        "sizeBytes": entry["bytes"],
        "monthlyCost": Decimal(entry["cost"]),
        "oldParts": len(entry["old"]),
        "oldPartsMonthlyCost": Decimal(entry["oldCost"]) if entry["old"] else None,
        "priceBasis": basis.value,
        "reason": series_reason(entry, as_of),
    }


def series_reason(entry: SeriesEntry, as_of: date) -> str:
    """A sentence on what a table is part of, when that was last read, and whether something else holds it."""
    through_lineage = "in use through lineage, " if entry["throughLineage"] else ""
    accessed = day_of(entry["accessed"])
    if accessed is not None:
        use = f"{through_lineage}last read on {format_day(accessed)} ({_days_ago((as_of - accessed).days)})"
    elif entry["inUse"]:
        use = f"{through_lineage or 'it is in use, '}though no table of it was read"
    else:
        use = "no table of it was ever seen in use"
    return f"Part of the series {entry['name']}_* ({entry['tables']:,} tables): {use}."


def _days_ago(days: int) -> str:
    return "today" if days <= 0 else "1 day ago" if days == 1 else f"{days:,} days ago"
