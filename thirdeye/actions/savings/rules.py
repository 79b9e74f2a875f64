"""What was saved: what a table cost when an item first named it, against what it costs now. Pure; USD a month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from thirdeye.actions.enums import Resolution
from thirdeye.estate.dates import format_day
from thirdeye.inventory.money import BYTES_PER_GB, round_amount

# What a table must have shrunk by to count as smaller work, not as chance: this share of its cost, and a cent.
_SHRUNK_SHARE: Final = Decimal("0.10")
_LEAST: Final = Decimal("0.01")
# A table that nobody has written for so many days is no longer written.
_STOPPED_DAYS: Final = 30


class Found(StrEnum):
    """What became of a table."""

    REMOVED = "REMOVED"
    MOVED = "MOVED"
    SHRUNK = "SHRUNK"
    STOPPED = "STOPPED"
    RETURNED = "RETURNED"


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What a table was when an item first named it; None: unknown."""

    number: int
    size: int | None
    price: Decimal
    storage: Decimal | None
    queries: Decimal | None
    last_written: date | None
    taken: date

    @property
    def cost(self) -> Decimal:
        """What it cost, as far as known."""
        return (self.storage or Decimal(0)) + (self.queries or Decimal(0))


@dataclass(frozen=True, kw_only=True)
class Now:
    """What it is now. `twin_size`: of the renamed table that it lives on as, -1 for an unknown one; None without one."""

    present: bool
    size: int | None
    last_written: date | None
    twin_size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """By how much the realized saving of a table rose or fell, and what it costs now."""

    number: int
    found: Found
    cost: Decimal
    realized: Decimal


def measure(before: Baseline, now: Now, realized: Decimal, last: Found | None, today: date) -> Entry | None:
    """What is to be added to what was measured so far (`realized`, and what was found last); None for nothing.

    What is realized in all is between 0 and the baseline's cost, whatever comes and goes.
    """
    found, cost = _found(before, now, today)
    target = _target(before, found, cost)
    if found is None:
        if not realized:
            return None
        found = Found.RETURNED
    delta = target - realized
    if found == last and abs(delta) < max(_LEAST, _SHRUNK_SHARE * before.cost):
        return None
    return Entry(number=before.number, found=found, cost=cost, realized=delta)


def _found(before: Baseline, now: Now, today: date) -> tuple[Found | None, Decimal]:
    if not now.present:
        if now.twin_size is None:
            return Found.REMOVED, Decimal(0)
        return Found.MOVED, before.cost if now.twin_size < 0 else _storage(now.twin_size, before.price)
    if now.size is None or before.storage is None:
        return _stopped(before, now, today), before.cost
    storage = _storage(now.size, before.price)
    if before.storage - storage >= max(_LEAST, _SHRUNK_SHARE * before.storage):
        return Found.SHRUNK, storage + (before.queries or Decimal(0))
    return _stopped(before, now, today), before.cost


def _stopped(before: Baseline, now: Now, today: date) -> Found | None:
    """Whether a table that was written until lately no longer is."""
    if before.last_written is None or now.last_written is None:
        return None
    if (before.taken - before.last_written).days > _STOPPED_DAYS:
        return None
    return Found.STOPPED if (today - now.last_written).days > _STOPPED_DAYS else None


def _target(before: Baseline, found: Found | None, cost: Decimal) -> Decimal:
    # Of a table that lives on under another name nothing is saved yet but what it shrank by.
    if found in {None, Found.STOPPED}:
        return Decimal(0)
    return round_amount(min(max(before.cost - cost, Decimal(0)), before.cost))


def _storage(size: int, price: Decimal) -> Decimal:
    return round_amount(Decimal(size) * price / BYTES_PER_GB)


def baseline_of(table: Mapping[str, Any]) -> tuple[Any, ...]:
    """The row of a baseline, of a table as the API shows it: as `store.take_baselines` takes it."""
    owners = ", ".join(sorted(owner["name"] for owner in table["owners"]))
    return (
        table["number"],
        table["sizeBytes"],
        str(table["usdPerGbMonth"]),
        _text(table["storageCost"]),
        _text(table["queryCost"]),
        table["service"][:512],
        owners[:1024] or None,
        _text(table["lastWritten"]),
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def saving_note(item: Mapping[str, Any], measured: Mapping[str, Any] | None) -> str | None:
    """What an item's realized saving rests on, in words; None while it is open and nothing was found."""
    if item["number"] is None:
        return "It names no table, so nothing can be measured." if item["status"] == "DONE" else None
    kind = None if measured is None else measured["kind"]
    if kind is not None and measured is not None:
        since, cost = format_day(measured["found_at"].date()), f"{measured['baseline_usd']:.2f}"
        return {
            Found.REMOVED: f"Its table is gone since {since}; it cost {cost} USD a month.",
            Found.MOVED: f"Its table lives on under another name since {since}: that counts once it is dropped.",
            Found.SHRUNK: f"Its table has shrunk by {since}; it cost {cost} USD a month before.",
            Found.STOPPED: f"Its table is no longer written since {since}; what its writes cost is not known.",
            Found.RETURNED: f"Its table is back, or as large as before, since {since}.",
        }[Found(kind)]
    if item["status"] == "DONE" and item["resolution"] in {None, Resolution.COMPLETED}:
        return "It was called done, but its table is still there and costs what it did: nothing is saved so far."
    return None
