"""Prices of storage for tests."""

from datetime import date
from decimal import Decimal
from typing import Any

from thirdeye.inventory.storage_prices import StoragePrice, Tariffs

DAY = date(2026, 11, 20)


def price(usd: str, lower: str | None = None, days: int | None = None, **more: Any) -> StoragePrice:
    """A price of all services from 2026 on."""
    named = {"service_type": "*", "effective_from": date(2026, 1, 1), **more}
    rate = None if lower is None else Decimal(lower)
    return StoragePrice(
        usd_per_gb_month=Decimal(usd), long_term_usd_per_gb_month=rate, long_term_days=days, **named
    )  # fmt: skip


def tariffs_of(*usd: str) -> Tariffs:
    """Services that cost so much, without lower rates."""
    return Tariffs([price(each) for each in usd], DAY)
