"""What storage costs: prices by service type and day, exact."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

# Gigabytes are decimal.
BYTES_PER_GB: Final = 10**9
ANY_TYPE: Final = "*"
FALLBACK: Final = Decimal("0.023")


def prices_by_service(
    services: Sequence[Mapping[str, Any]], prices: Iterable[Mapping[str, Any]], day: date
) -> list[Decimal]:
    """USD per GB and month of each service, as of a day: the newest price for its type, else for all without one."""
    newest: dict[str, tuple[date, Decimal]] = {}
    for price in prices:
        kind, since = price["service_type"].lower(), price["effective_from"]
        if since <= day and (kind not in newest or newest[kind][0] < since):
            newest[kind] = (since, Decimal(price["usd_per_gb_month"]))
    otherwise = newest.get(ANY_TYPE, (day, FALLBACK))[1]
    return [newest.get((service["type"] or ANY_TYPE).lower(), (day, otherwise))[1] for service in services]


def storage_cost(size: int | None, price: Decimal) -> Decimal | None:
    """USD a month for so many bytes; None for an unknown size."""
    return None if size is None else Decimal(size) * price / BYTES_PER_GB


def cost_text(value: Decimal | None) -> str | None:
    """With six decimals, as it goes over the wire."""
    return None if value is None else f"{value:.6f}"
