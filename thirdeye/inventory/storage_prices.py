"""What storage costs by service and day, and which of its rates a table pays.

A price may have a lower rate, of data that was not written for a number of days. It is a table's only where its last write
is known to be so long ago: what nobody can tell is charged in full.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

import numpy as np

from thirdeye.inventory.columns import UNREADABLE_WRITTEN, WITHOUT_STORAGE, Array, day_number
from thirdeye.inventory.money import BYTES_PER_GB

ANY_SERVICE_TYPE: Final = "*"
_FIRST_DAY: Final = date(2000, 1, 1)


class PriceBasis(StrEnum):
    """Whose prices an amount rests on: the vendor's list, those that administrators set, or both."""

    LIST = "LIST"
    OWN = "OWN"
    MIXED = "MIXED"


def joint_basis(bases: Iterable[str]) -> PriceBasis | None:
    """Whose prices a sum rests on whose parts rest on these; None for none."""
    found = set(map(PriceBasis, bases))
    return PriceBasis.MIXED if len(found) > 1 else next(iter(found), None)


@dataclass(frozen=True, kw_only=True)
class StoragePrice:
    """A row of `storage_price`: USD per GB and month, for a type of services or for one `service`, from a day on.

    `source` is the address of the vendor's list with the day it was as this says; both are None for own prices.
    """

    service_type: str
    service: str = ""
    effective_from: date
    usd_per_gb_month: Decimal
    long_term_usd_per_gb_month: Decimal | None = None
    long_term_days: int | None = None
    source: str | None = None
    source_date: date | None = None
    set_by: str = "thirdeye"
    set_at: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    @staticmethod
    def of(row: Mapping[str, Any]) -> "StoragePrice":
        """From a row of the table, whatever columns it has beside these."""
        return StoragePrice(**{name: row[name] for name in StoragePrice.__dataclass_fields__ if name in row})

    @property
    def basis(self) -> PriceBasis:
        return PriceBasis.OWN if self.source is None else PriceBasis.LIST

    @property
    def key(self) -> tuple[str, str]:
        """What the price is for: types match regardless of case, services do not."""
        return ("", self.service) if self.service else (self.service_type.lower(), "")

    @property
    def identity(self) -> tuple[str, str, date]:
        """What the table tells it by."""
        return self.service_type, self.service, self.effective_from

    @property
    def lower_rate(self) -> tuple[Decimal, int] | None:
        """The lower rate and after how many days without a write it holds; None where there is none, or no sound one."""
        if self.contradiction is not None or self.long_term_usd_per_gb_month is None or self.long_term_days is None:
            return None
        return self.long_term_usd_per_gb_month, self.long_term_days

    @property
    def contradiction(self) -> str | None:
        """What cannot be meant, as far as one price can tell."""
        lower, days = self.long_term_usd_per_gb_month, self.long_term_days
        if self.usd_per_gb_month < 0 or (lower is not None and lower < 0):
            return "a price below nothing"
        if (lower is None) != (days is None):
            return "a lower rate needs the days after which it holds, and these need a rate"
        if lower is not None and lower > self.usd_per_gb_month:
            return "the lower rate is above the full one"
        if days is not None and days < 1:
            return "a lower rate after no day without a write"
        return None

    def __str__(self) -> str:
        return f"{self.service or self.service_type} from {self.effective_from.isoformat()}"


# Where no price is set.
DEFAULT_PRICE: Final = StoragePrice(
    service_type=ANY_SERVICE_TYPE,
    effective_from=_FIRST_DAY,
    usd_per_gb_month=Decimal("0.023"),
    source="https://aws.amazon.com/s3/pricing/",
    source_date=date(2026, 11, 27),
)


def prices_by_service(
    services: Sequence[Mapping[str, Any]], prices: Iterable[StoragePrice], day: date
) -> list[StoragePrice]:
    """The price of each service on a day: the newest of its own, else of its type, else for all types.

    Prices below nothing count as absent; of two for the same from the same day the lower one holds.
    """
    newest = dict[tuple[str, str], StoragePrice]()
    for price in prices:
        known = newest.get(price.key)
        if price.effective_from <= day and price.usd_per_gb_month >= 0 and (known is None or _follows(price, known)):
            newest[price.key] = price
    default = newest.get((ANY_SERVICE_TYPE, ""), DEFAULT_PRICE)
    return [
        newest.get(("", service["name"])) or newest.get(((service["type"] or ANY_SERVICE_TYPE).lower(), "")) or default
        for service in services
    ]


def _follows(price: StoragePrice, known: StoragePrice) -> bool:
    if price.effective_from != known.effective_from:
        return price.effective_from > known.effective_from
    return _rates(price) < _rates(known)


def _rates(price: StoragePrice) -> tuple[Decimal, Decimal, int]:
    lower, days = price.lower_rate or (price.usd_per_gb_month, 0)
    return price.usd_per_gb_month, lower, days


def contradictions(prices: Iterable[StoragePrice]) -> Iterator[str]:
    """What cannot be meant by prices, one line for each."""
    seen = dict[tuple[tuple[str, str], date], StoragePrice]()
    for price in sorted(prices, key=lambda price: (price.key, price.effective_from, price.service_type)):
        if price.contradiction is not None:
            yield f"{price}: {price.contradiction}"
        other = seen.setdefault((price.key, price.effective_from), price)
        if other is not price:
            yield f"{price} and {other}: two prices for the same from the same day"


# The tariffs of a service: the full rate, the lower one, and nothing for what has no storage of its own.
_FULL, _LOWER, _NOTHING, TARIFFS = 0, 1, 2, 3


class Tariffs:
    """The tariffs of all services as of a day: tariff `TARIFFS * service + n` costs `exact[...]` USD per GB and month."""

    def __init__(self, prices: Sequence[StoragePrice], day: date) -> None:
        self.prices = list(prices)
        self._written_until = np.array([_written_until(price, day) for price in prices] or [0], np.int64)
        self.exact = [rate for price in prices or [DEFAULT_PRICE] for rate in _exact_rates(price)]
        self._usd = np.array([float(rate) for rate in self.exact])

    def of(self, service: Array, written: Array, flags: Array) -> Array:
        """The tariff of each table of these columns; `service` is a number."""
        tariff = np.where((written > 0) & (written <= self._written_until[service]), _LOWER, _FULL)
        tariff[(flags & UNREADABLE_WRITTEN) != 0] = _FULL
        tariff[(flags & WITHOUT_STORAGE) != 0] = _NOTHING
        tariffs: Array = TARIFFS * service.astype(np.int64) + tariff
        return tariffs

    @cached_property
    def written_until(self) -> list[int]:
        """By service, the day up to which a last write makes the lower rate hold; 0 where there is none."""
        days: list[int] = self._written_until.tolist()
        return days

    def usd(self, tariffs: Array) -> Array:
        """USD per GB and month of these tariffs."""
        rates: Array = self._usd[tariffs]
        return rates

    def of_table(self, service: int, written: date | None, flags: int) -> int:
        """The tariff of one table, as `of` has it: arrays of one are slow."""
        tariff = _LOWER if 0 < day_number(written) <= self.written_until[service] else _FULL
        if flags & UNREADABLE_WRITTEN:
            tariff = _FULL
        if flags & WITHOUT_STORAGE:
            tariff = _NOTHING
        return TARIFFS * service + tariff

    def storage(self, tariff: int, size: int | None) -> Decimal | None:
        """USD a month for a size in bytes at a tariff; None for an unknown size of what has storage."""
        if tariff % TARIFFS == _NOTHING:
            return Decimal(0)
        return None if size is None else size * self.exact[tariff] / BYTES_PER_GB

    def basis_of(self, services: Iterable[int]) -> PriceBasis | None:
        """Whose prices these services have; None for no service."""
        return joint_basis({self.prices[service].basis for service in services})


def is_lower(tariff: int) -> bool:
    """Whether a tariff is the lower rate of its service."""
    return tariff % TARIFFS == _LOWER


def storage_costs(size: Array, usd: Array, flags: Array) -> Array:
    """USD a month for bytes (-1: unknown) at prices per GB and month; NaN where it is unknown."""
    cost: Array = np.where(size < 0, np.nan, size * usd / BYTES_PER_GB)
    cost[(flags & WITHOUT_STORAGE) != 0] = 0.0
    return cost


def costs(tariffs: Tariffs, service: Array, chunk: Mapping[str, Array]) -> Array:
    """USD a month for storage and queries of each table of these columns, as far as known; NaN where neither is.

    `service` has the numbers of their services.
    """
    usd = tariffs.usd(tariffs.of(service, chunk["written"], chunk["flags"]))
    storage, queries = storage_costs(chunk["size"], usd, chunk["flags"]), chunk["query_cost"]
    cost: Array = np.nan_to_num(storage) + np.nan_to_num(queries)
    cost[np.isnan(storage) & np.isnan(queries)] = np.nan
    return cost


def _written_until(price: StoragePrice, day: date) -> int:
    """The last day of a write after which the lower rate holds; 0 where there is none."""
    return 0 if price.lower_rate is None else max(day_number(day) - price.lower_rate[1], 0)


def _exact_rates(price: StoragePrice) -> tuple[Decimal, Decimal, Decimal]:
    lower = price.usd_per_gb_month if price.lower_rate is None else price.lower_rate[0]
    return price.usd_per_gb_month, lower, Decimal(0)
