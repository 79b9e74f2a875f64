"""What was saved: what a table cost when an item first named it, against what it costs now. Pure; USD a month."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from thirdeye.inventory.money import BYTES_PER_GB, round_amount

# An amount differs from another by at least this share of it, and a cent.
_MIN_CHANGE_SHARE: Final = Decimal("0.10")
_MIN_CHANGE_USD: Final = Decimal("0.01")
# A table without a write for more days than these is no longer written.
STOPPED_DAYS: Final = 30


class Outcome(StrEnum):
    """What became of a table."""

    REMOVED = "REMOVED"
    MOVED = "MOVED"
    SHRUNK = "SHRUNK"
    STOPPED = "STOPPED"
    RETURNED = "RETURNED"


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A table as it was when an item first named it, by the columns of `saving_baseline`; None: unknown."""

    table_number: int
    size_bytes: int | None
    usd_per_gb_month: Decimal
    storage_usd: Decimal | None
    query_usd: Decimal | None
    last_written: date | None
    taken_at: datetime

    @property
    def cost(self) -> Decimal:
        """What it cost, as far as known."""
        return (self.storage_usd or Decimal(0)) + (self.query_usd or Decimal(0))


@dataclass(frozen=True, kw_only=True)
class TableState:
    """A table as it is now. One that is not present may be `renamed`: live on under another name, with this size."""

    present: bool
    renamed: bool = False
    size: int | None = None
    last_written: date | None = None


@dataclass(frozen=True)
class SavingEntry:
    """By how much the realized saving of a table rose or fell, and what the table costs now."""

    baseline: Baseline
    outcome: Outcome
    cost: Decimal
    realized: Decimal


def measure(
    baseline: Baseline, state: TableState, realized: Decimal, last: Outcome | None, today: date
) -> SavingEntry | None:
    """The entry to add to those before, which sum up to `realized`, the last one with outcome `last`; None for nothing.

    The sum stays between 0 and the baseline's cost, whatever comes and goes.
    """
    outcome, cost = _outcome(baseline, state, today)
    change = _saving(baseline, outcome, cost) - realized
    if outcome is None:
        if not realized:
            return None
        outcome = Outcome.RETURNED
    if outcome == last and abs(change) < minimum_change(baseline.cost):
        return None
    return SavingEntry(baseline, outcome, cost, change)


def _outcome(baseline: Baseline, state: TableState, today: date) -> tuple[Outcome | None, Decimal]:
    """What became of a table, and what it costs now."""
    if not state.present and not state.renamed:
        return Outcome.REMOVED, Decimal(0)
    before, storage = baseline.storage_usd, _storage(state.size, baseline.usd_per_gb_month)
    if state.renamed:
        return Outcome.MOVED, baseline.cost if storage is None else storage
    if storage is not None and before is not None and before - storage >= minimum_change(before):
        return Outcome.SHRUNK, storage + (baseline.query_usd or Decimal(0))
    return Outcome.STOPPED if _has_stopped(baseline, state, today) else None, baseline.cost


def minimum_change(cost: Decimal) -> Decimal:
    """From which difference on an amount counts as another one, not as chance."""
    return max(_MIN_CHANGE_USD, _MIN_CHANGE_SHARE * cost)


def _has_stopped(baseline: Baseline, state: TableState, today: date) -> bool:
    """Whether a table that was written until lately no longer is."""
    if baseline.last_written is None or state.last_written is None:
        return False
    was_written = (baseline.taken_at.date() - baseline.last_written).days <= STOPPED_DAYS
    return was_written and (today - state.last_written).days > STOPPED_DAYS


def _saving(baseline: Baseline, outcome: Outcome | None, cost: Decimal) -> Decimal:
    # What a table's writes cost is unknown, so that stopping them saves nothing that could be proven.
    if outcome in {None, Outcome.STOPPED}:
        return Decimal(0)
    return round_amount(max(baseline.cost - cost, Decimal(0)))


def _storage(size: int | None, price: Decimal) -> Decimal | None:
    return None if size is None else round_amount(Decimal(size) * price / BYTES_PER_GB)
