"""Savings as answers: keys are those of the API's `Savings`."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from thirdeye.actions.items import Resolution
from thirdeye.actions.savings.rules import Outcome
from thirdeye.actions.savings.store import MeasuredParts, MeasuredSaving
from thirdeye.actions.views import ItemAnswer
from thirdeye.database import Row
from thirdeye.estate.dates import format_day
from thirdeye.inventory.storage_prices import PriceBasis, joint_basis

_PARTS_STILL_THERE: Final = "old parts are still there and cost what they did"


def saving_groups(group_by: str, realized: Mapping[str, Row], projected: Mapping[str, Row]) -> list[dict[str, object]]:
    """The groups: months in order, others by what was realized, the most first."""

    def realized_usd(key: str) -> Decimal:
        return realized[key]["realized_usd"] if key in realized else Decimal(0)

    keys = sorted(realized.keys() | projected.keys())
    if group_by != "MONTH":
        keys.sort(key=realized_usd, reverse=True)
    return [
        {
            "key": key,
            "projectedUsd": projected[key]["projected_usd"] if key in projected else Decimal(0),
            "realizedUsd": realized_usd(key),
            "priceBasis": basis_of(row["bases"] for rows in (realized, projected) if (row := rows.get(key))),
            "tables": realized[key]["tables"] if key in realized else 0,
        }
        for key in keys
    ]


def basis_of(texts: Iterable[str | None]) -> PriceBasis | None:
    """Whose prices an amount rests on; each text names some, separated by commas."""
    return joint_basis(basis for text in texts if text for basis in text.split(","))


def saving_note(item: ItemAnswer, measured: MeasuredSaving | None, parts: MeasuredParts | None) -> str | None:
    """What an item's realized saving rests on; None while the item is open and nothing was measured."""
    if item["number"] is None:
        return "It names no table, so nothing can be measured." if item["status"] == "DONE" else None
    if parts is not None and parts.found_at is not None:
        return _parts_note(parts, parts.found_at)
    if measured is not None:
        since, cost = format_day(measured.found_at.date()), f"{measured.baseline_usd:.2f}"
        return {
            Outcome.REMOVED: f"Its table is gone since {since}; it cost {cost} USD a month.",
            Outcome.MOVED: f"Its table lives on under another name since {since}: that counts once it is dropped.",
            Outcome.SHRUNK: f"Its table has shrunk by {since}; it cost {cost} USD a month before.",
            Outcome.STOPPED: f"Its table is no longer written since {since}; what its writes cost is not known.",
            Outcome.RETURNED: f"Its table is back, or as large as before, since {since}.",
        }[measured.kind]
    if item["status"] == "DONE" and item["resolution"] in {None, Resolution.COMPLETED}:
        still = "table is still there and costs what it did" if parts is None else _PARTS_STILL_THERE
        return f"It was called done, but its {still}: nothing is saved so far."
    return None


def _parts_note(parts: MeasuredParts, found_at: datetime) -> str:
    """What became of the old parts that an item names, of which something is known."""
    outcomes = {"gone": parts.gone, "smaller": parts.smaller, "under another name": parts.moved}
    told = " and ".join(
        f"{count:,} {'is' if count == 1 else 'are'} {outcome}" for outcome, count in outcomes.items() if count
    )
    unknown = "; what that saves is not known" if parts.gone + parts.smaller and not parts.realized_usd else ""
    return f"Of its {parts.parts:,} old parts {told}, the last since {format_day(found_at.date())}{unknown}."
