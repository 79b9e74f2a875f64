"""The rules of daily facts: how amounts of which some are unknown add up. Pure."""

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


# What is added up of tables, and what follows from that of few tables that are alike, so that sums of it agree.
SUMMED_KINDS: Final = (
    "storage", "query", "in_use", "idle", "keep", "review", "stop_refresh", "archive", "delete", "blocked", "stop_writes",
)  # fmt: skip
KINDS: Final = (*SUMMED_KINDS, "archive_saved")
_SAVED: Final = ("delete", "archive_saved", "stop_writes")


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

    @property
    def potential(self) -> Decimal | None:
        """What following every verdict saves a month: all of DELETE, a share of ARCHIVE, the writes of STOP_REFRESH.

        None where there is something to save and of none of it the cost is known.
        """
        saved = Amount()
        for kind in _SAVED:
            saved.add(self.amounts[kind])
        return saved.value


def archive_saved(archive: Amount, share: Decimal) -> Amount:
    """What archiving saves of an amount, rounded: of the parts of a whole, before they are added up."""
    return Amount(archive.tables, archive.known, round_daily(share * archive.usd))
