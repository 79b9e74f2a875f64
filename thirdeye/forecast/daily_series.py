"""A place's daily facts as series, and the steps in them that the facts explain. Pure; USD a month, days by number."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np

from thirdeye.inventory.columns import Array, day_number

# What changes by less is no step that anybody would look for.
_LEAST_STEP: Final = 0.005


class ShiftKind(StrEnum):
    """Why a cost stepped from one day to the next."""

    SERVICE_ADDED = "SERVICE_ADDED"
    SERVICE_REMOVED = "SERVICE_REMOVED"
    PRICE_CHANGED = "PRICE_CHANGED"
    PURGE = "PURGE"
    RETURNED = "RETURNED"


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A step on a day that is known from the facts; `usd` a month, below 0 for less. `service`: whose, if of one."""

    day: int
    kind: ShiftKind
    usd: float
    service: str | None = None


@dataclass(frozen=True)
class DailySeries:
    """Facts by measured day, in the order of the days; NaN where a fact is unknown."""

    days: Array
    storage: Array
    query: Array
    bytes: Array
    tables: Array
    realized: Array

    @property
    def cost(self) -> Array:
        """What is known of the cost; a day without the storage that other days have is unknown."""
        storage_known, query_known = ~np.isnan(self.storage), ~np.isnan(self.query)
        cost: Array = np.nan_to_num(self.storage) + np.nan_to_num(self.query)
        cost[~storage_known & (storage_known.any() | ~query_known)] = np.nan
        return cost


_COLUMNS: Final = ("storage_usd", "query_usd", "bytes", "tables_count", "realized_usd")


def series_of(rows: Iterable[Mapping[str, Any]]) -> DailySeries:
    """From rows of `estate_daily`, one a day."""
    in_order = sorted(rows, key=lambda row: row["day"])
    columns = (
        np.array([np.nan if row[name] is None else float(row[name]) for row in in_order], np.float64)
        for name in _COLUMNS
    )
    return DailySeries(np.array([day_number(row["day"]) for row in in_order], np.int64), *columns)


def filled(days: Array, values: Array) -> tuple[int, Array]:
    """The first known day, and a value for each day from then on: that of the last known day before. Empty without any.

    Values that are no finite numbers are unknown.
    """
    known = np.isfinite(values)
    if not known.any():
        return 0, np.zeros(0)
    days, values = days[known], values[known]
    every = np.arange(days[0], days[-1] + 1)
    return int(days[0]), values[np.searchsorted(days, every, side="right") - 1]


def level_shifts(
    series: DailySeries, parts: Mapping[str, DailySeries], prices: Sequence[tuple[str, int]] = ()
) -> list[Shift]:
    """The steps of a place, oldest first: `parts` are its services by name, `prices` the services and days of new prices.

    A place that is one service has itself as its only part: its beginning is no step.
    """
    if not len(series.days):
        return []
    shifts = [shift for name, part in parts.items() for shift in _births_and_deaths(series, name, part)]
    shifts += [shift for name, day in prices if name in parts for shift in _price_step(parts[name], name, day)]
    shifts += _savings(series, {shift.day for shift in shifts if shift.kind is ShiftKind.SERVICE_REMOVED})
    least = _LEAST_STEP * float(np.nanmax(np.abs(series.cost), initial=0.0))
    kept = (shift for shift in shifts if abs(shift.usd) >= max(least, 0.01))
    return sorted(kept, key=lambda shift: (shift.day, shift.kind, shift.service or ""))


def _births_and_deaths(series: DailySeries, name: str, part: DailySeries) -> list[Shift]:
    cost, shifts = part.cost, list[Shift]()
    known = np.flatnonzero(np.isfinite(cost))
    if not len(known):
        return []
    first, last = known[0], known[-1]
    if part.days[first] > series.days[0]:
        day = int(part.days[first])
        shifts.append(Shift(day=day, kind=ShiftKind.SERVICE_ADDED, usd=float(cost[first]), service=name))
    after = series.days[series.days > part.days[last]]
    if len(after):
        usd = -float(cost[last])
        shifts.append(Shift(day=int(after[0]), kind=ShiftKind.SERVICE_REMOVED, usd=usd, service=name))
    return shifts


def _price_step(part: DailySeries, name: str, day: int) -> list[Shift]:
    """What a price that is new on a day changes: the bytes of the first day with it at the difference of the two."""
    with np.errstate(divide="ignore", invalid="ignore"):
        price = part.storage / part.bytes
    known = np.isfinite(price)
    before, since = np.flatnonzero(known & (part.days < day)), np.flatnonzero(known & (part.days >= day))
    if not len(before) or not len(since):
        return []
    old, new = before[-1], since[0]
    usd = float(part.bytes[new] * (price[new] - price[old]))
    return [Shift(day=int(part.days[new]), kind=ShiftKind.PRICE_CHANGED, usd=usd, service=name)]


def _savings(series: DailySeries, removals: set[int]) -> list[Shift]:
    """What was realized from one day to the next; where a service went it is part of that."""
    known = np.isfinite(series.realized)
    days, realized = series.days[known], series.realized[known]
    return [
        Shift(day=int(day), kind=ShiftKind.PURGE if step > 0 else ShiftKind.RETURNED, usd=-float(step))
        for day, step in zip(days[1:], np.diff(realized), strict=True)
        if step and int(day) not in removals
    ]


def without_shifts(first_day: int, values: Array, shifts: Iterable[Shift]) -> Array:
    """A filled series as if each step had been there from the start: what came before a step is moved by it."""
    moved = values.astype(np.float64)
    for shift in shifts:
        moved[: max(min(shift.day - first_day, len(moved)), 0)] += shift.usd
    return moved
