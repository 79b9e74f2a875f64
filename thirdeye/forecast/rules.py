"""The rules of daily facts: how amounts of which some are unknown add up. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

# With these no sum of rounded parts differs from the rounded whole: a size times a price has fifteen decimals at most, and
# what one table costs is known to a millionth.
DAILY_USD: Final = Decimal("0.000000000001")


@dataclass(slots=True)
class Amount:
    """USD a month of some tables: how many they are, of how many it is known, and what these cost."""

    tables: int = 0
    known: int = 0
    usd: Decimal = Decimal(0)

    def add(self, other: "Amount") -> None:
        """Adds the amount of other tables."""
        self.tables += other.tables
        self.known += other.known
        self.usd += other.usd

    @property
    def value(self) -> Decimal | None:
        """What is known; None where there are tables and of none it is known. No table costs nothing."""
        return None if self.tables and not self.known else self.usd


def round_daily(amount: Decimal) -> Decimal:
    """As daily facts are stored."""
    return amount.quantize(DAILY_USD, ROUND_HALF_UP)


KINDS: Final = (
    "storage", "query", "in_use", "idle", "keep", "review", "stop_refresh", "archive", "delete", "blocked", "stop_writes",
)  # fmt: skip


@dataclass(slots=True)
class Facts:
    """What a place holds on a day; `amounts` by kind."""

    tables: int = 0
    sized: int = 0
    bytes: int = 0
    amounts: dict[str, Amount] = field(default_factory=lambda: {kind: Amount() for kind in KINDS})

    def add(self, other: "Facts") -> None:
        """Adds the facts of other tables."""
        self.tables += other.tables
        self.sized += other.sized
        self.bytes += other.bytes
        for kind, amount in other.amounts.items():
            self.amounts[kind].add(amount)

    def potential(self, archive_saving: Decimal) -> Decimal | None:
        """What following every verdict saves a month: all of DELETE, a share of ARCHIVE, the writes of STOP_REFRESH.

        None where there is something to save and of none of it the cost is known.
        """
        parts = ((self.amounts[kind], share) for kind, share in _saved(archive_saving))
        return _sum_known((amount.tables, amount.value, share) for amount, share in parts)


def _saved(archive_saving: Decimal) -> tuple[tuple[str, Decimal], ...]:
    return ("delete", Decimal(1)), ("archive", archive_saving), ("stop_writes", Decimal(1))


def _sum_known(parts: Iterable[tuple[int, Decimal | None, Decimal]]) -> Decimal | None:
    total, tables, known = Decimal(0), 0, False
    for count, value, share in parts:
        tables += count
        if count and value is not None:
            known = True
            total += round_daily(share * value)
    return None if tables and not known else total
