"""What storage costs a second time: plain Python over the rows of prices, from what the product promises."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

Row = dict[str, Any]
# No storage of their own, whatever size a profile gives.
VIRTUAL = {"View", "SecureView", "SemanticView", "External", "Foreign", "Stage", "Stream"}
# Where a table that the warehouse makes of others can be renamed, so that its removal can be tried first.
RENAMED = {("MaterializedView", "snowflake"), ("MaterializedView", "postgres"), ("Dynamic", "snowflake")}
DERIVED = {"MaterializedView", "Dynamic"}


class Price(NamedTuple):
    """USD per GB and month; the lower rate after so many days without a write."""

    full: Decimal = Decimal("0.023")
    lower: Decimal | None = None
    days: int | None = None


def price_of(rows: Iterable[Row], service: str, kind: str | None, today: date) -> Price:
    """Of a service on a day."""
    held = [row for row in rows if row["effective_from"] <= today and row["usd_per_gb_month"] >= 0]
    own = [row for row in held if row["service"] == service]
    of_type = [row for row in held if not row["service"] and kind and row["service_type"].lower() == kind.lower()]
    others = [row for row in held if not row["service"] and row["service_type"] == "*"]
    for found in (own, of_type, others):
        if found:
            newest = max(row["effective_from"] for row in found)
            # Who says two things on one day is believed the cheaper one, which promises less.
            return min((_price(row) for row in found if row["effective_from"] == newest), key=_cheapest)
    return Price()


def _price(row: Row) -> Price:
    full, lower, days = row["usd_per_gb_month"], row["long_term_usd_per_gb_month"], row["long_term_days"]
    sound = lower is not None and days is not None and 0 <= lower <= full and days >= 1
    return Price(full, lower, days) if sound else Price(full)


def _cheapest(price: Price) -> tuple[Decimal, Decimal]:
    return price.full, price.full if price.lower is None else price.lower


def storage_of(table: Row, price: Price, today: date) -> Decimal | None:
    """What the storage of a table costs a month; None where nobody knows."""
    if table["table_type"] in VIRTUAL:
        return Decimal(0)
    if table["size"] is None:
        return None
    rate, written = price.full, table["written"]
    if price.lower is not None and price.days is not None and written and not table["unreadable_write"]:
        rate = price.lower if (today - written).days >= price.days else price.full
    return table["size"] * rate / 10**9


def cost_of(table: Row, price: Price, today: date) -> float | None:
    """What a table costs a month, as far as known."""
    storage = storage_of(table, price, today)
    known = [float(cost) for cost in (storage, table["query_cost"]) if cost is not None]
    return sum(known) if known else None


def has_plan(table: Row) -> bool:
    """Whether its removal can be tried first."""
    kind = (table["service_type"] or "").lower()
    return table["table_type"] not in DERIVED or (table["table_type"], kind) in RENAMED
