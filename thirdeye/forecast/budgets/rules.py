"""The rules of budgets: which one holds, whether it will do, and when it breaks. Pure; USD a month."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

import numpy as np

# Within so much of the limit, on either side, it is at risk.
TOLERANCE: Final = 0.05


class BudgetStatus(StrEnum):
    """Whether what is projected fits."""

    ON_TRACK = "ON_TRACK"
    AT_RISK = "AT_RISK"
    OVER = "OVER"


@dataclass(frozen=True, kw_only=True)
class BudgetEntry:
    """A budget from a day on; None ends the one before. Of one day the one with the highest id counts."""

    id: int
    effective_from: date
    monthly_usd: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Break:
    """The day on which the cost first exceeds the limit, and the range of that day; None: not as far as is forecast."""

    day: date | None
    earliest: date | None
    latest: date | None


def budget_on(entries: Sequence[BudgetEntry], day: date) -> BudgetEntry | None:
    """What was set for a day, and be it that there is none; None where nothing was set."""
    holding = (entry for entry in entries if entry.effective_from <= day)
    return max(holding, key=lambda entry: (entry.effective_from, entry.id), default=None)


def limit_on(entries: Sequence[BudgetEntry], day: date) -> float | None:
    """The limit on a day."""
    entry = budget_on(entries, day)
    return None if entry is None or entry.monthly_usd is None else float(entry.monthly_usd)


def limit_of_month(entries: Sequence[BudgetEntry], month: date) -> float | None:
    """The mean limit of the days of a month that have one: changed in the middle, each half counts by its days."""
    days = (month.replace(day=number) for number in range(1, monthrange(month.year, month.month)[1] + 1))
    limits = [limit for day in days if (limit := limit_on(entries, day)) is not None]
    return sum(limits) / len(limits) if limits else None


def status_of(projected: float, limit: float) -> BudgetStatus:
    """AT_RISK within 5 % of the limit, OVER from 5 % above. Of nothing any cost is OVER."""
    if limit == 0:
        return BudgetStatus.OVER if projected > 0 else BudgetStatus.ON_TRACK
    if projected >= limit * (1 + TOLERANCE):
        return BudgetStatus.OVER
    return BudgetStatus.AT_RISK if projected >= limit * (1 - TOLERANCE) else BudgetStatus.ON_TRACK


def break_of(entries: Sequence[BudgetEntry], today: date, points: Sequence[Sequence[float]], level: int) -> Break:
    """When the forecast breaks the limit that holds then.

    `points` are days after `today` with the mean, and the limits of the 80 % and of the 95 % interval; between them the way
    is straight. The earliest day is that on which the upper limit of the interval does so, the latest that of the lower.
    """
    if not points:
        return Break(day=None, earliest=None, latest=None)
    columns = np.array(points, np.float64).T
    ahead = np.arange(int(columns[0][0]), int(columns[0][-1]) + 1)
    changes = sorted({entry.effective_from for entry in entries})
    limits = np.full(len(ahead), np.nan)
    for start in (today, *changes):
        limit = limit_on(entries, max(start, today))
        limits[ahead >= (max(start, today) - today).days] = np.nan if limit is None else limit

    def first_above(column: int) -> date | None:
        above = np.flatnonzero(np.interp(ahead, columns[0], columns[column]) > limits)
        return today + timedelta(days=int(ahead[above[0]])) if len(above) else None

    low, high = (2, 3) if level == 80 else (4, 5)
    return Break(day=first_above(1), earliest=first_above(high), latest=first_above(low))
