"""What the known days of a simulated world say of each table, in full: more than a refresh keeps of them."""

from typing import Final

import numpy as np

from bench.verdicts.worlds import KNOWN, World
from thirdeye.inventory.columns import Array

_RECENT_DAYS: Final = (15, 30, 60, 120, 240)
_PAUSES: Final = 5
# The days of the year before that fall into the 180 days that are not known.
_SAME_SEASON: Final = (KNOWN - 365, KNOWN - 365 + 180)


def histories(world: World) -> Array:
    """A row a table: idle days, longest pause, days of use, birth, days of use before the last one, the newest pauses."""
    shown, tables = world.shown, len(world.shown)
    ever = shown.any(axis=1)
    first = np.where(ever, shown.argmax(axis=1), -1)
    last = np.where(ever, KNOWN - 1 - shown[:, ::-1].argmax(axis=1), -1)
    until = np.pad(np.cumsum(shown, axis=1, dtype=np.int32), ((0, 0), (1, 0)))
    rows = np.arange(tables)

    def uses(start: Array, end: Array) -> Array:
        return until[rows, np.clip(end, 0, KNOWN)] - until[rows, np.clip(start, 0, KNOWN)]

    newest, longest = np.full((tables, _PAUSES), -1), np.zeros(tables, np.int64)
    for table in np.flatnonzero(ever):
        pauses = np.diff(np.flatnonzero(shown[table]))[::-1]
        newest[table, : len(pauses)] = pauses[:_PAUSES]
        longest[table] = pauses.max(initial=0)
    idle = KNOWN - np.where(ever, last, np.maximum(world.created, world.first_day))
    season = uses(np.full(tables, _SAME_SEASON[0]), np.full(tables, _SAME_SEASON[1]))
    columns = [idle, longest, idle / np.maximum(longest, 1), until[:, -1], world.created, first, last - first, season]
    columns += [uses(last + 1 - days, last + 1) for days in _RECENT_DAYS]
    found: Array = np.concatenate([np.stack(columns, axis=1), newest], axis=1).astype(float)
    return found


def under_promise(risk: Array, limit: float, share: float) -> Array:
    """Which tables the best rule lets go that knows these risks: each at most the limit, all together at most a share."""
    order = np.argsort(risk, kind="stable")
    together = np.cumsum(risk[order]) / np.arange(1, len(risk) + 1)
    gone = np.zeros(len(risk), np.bool_)
    gone[order[(risk[order] <= limit) & (together <= share)]] = True
    return gone
