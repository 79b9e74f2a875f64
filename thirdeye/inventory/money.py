"""Money, exact: amounts, and what storage costs by service type and day."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

# Amounts are stored and answered to a millionth of a dollar; sentences give them to the cent.
MICRO_USD: Final = Decimal("0.000001")
CENT: Final = Decimal("0.01")
# Gigabytes are decimal.
BYTES_PER_GB: Final = 10**9
ANY_SERVICE_TYPE: Final = "*"
# USD per GB and month where no price is set.
DEFAULT_PRICE: Final = Decimal("0.023")


def round_amount(amount: Decimal) -> Decimal:
    """An amount as it is stored and answered, to a millionth of a dollar."""
    return amount.quantize(MICRO_USD, ROUND_HALF_UP)


def prices_by_service(
    services: Sequence[Mapping[str, Any]], prices: Iterable[Mapping[str, Any]], day: date
) -> list[Decimal]:
    """The storage price of each service on a day, USD per GB and month: the newest for its type, or else for all types.

    `prices` are rows of `storage_price`.
    """
    newest: dict[str, tuple[date, Decimal]] = {}
    for price in prices:
        service_type, effective_from = price["service_type"].lower(), price["effective_from"]
        if effective_from <= day and (service_type not in newest or newest[service_type][0] < effective_from):
            newest[service_type] = (effective_from, Decimal(price["usd_per_gb_month"]))
    default = newest.get(ANY_SERVICE_TYPE, (day, DEFAULT_PRICE))
    return [newest.get((service["type"] or ANY_SERVICE_TYPE).lower(), default)[1] for service in services]


def storage_cost(size: int | None, price: Decimal) -> Decimal | None:
    """USD a month for a size in bytes; None for an unknown size."""
    return None if size is None else Decimal(size) * price / BYTES_PER_GB


def format_cost(amount: Decimal) -> str:
    """An amount with six decimals, as JSON holds it."""
    return f"{amount:.6f}"
