"""The numbers of assets other than tables: let go of and given again as those of tables are (`table_numbers.py`).

What refers to them is lineage alone: readers find names by the numbers in it.
"""

import numpy as np

from thirdeye.inventory.absence import MINUTES_PER_DAY
from thirdeye.inventory.columns import FIRST_ASSET, UNREADABLE_KIND, Array
from thirdeye.mirror.identity.table_numbers import FORGOTTEN_DAYS, WAITING_DAYS
from thirdeye.mirror.state import State


def free_assets(state: State, now: int) -> list[int]:
    """Places below the highest that no asset has; `now` in minutes since 1970."""
    if not state.remembers:
        return []
    waiting = WAITING_DAYS * MINUTES_PER_DAY
    state.freed_assets = {number: since for number, since in state.freed_assets.items() if now - since < waiting}
    registered = np.flatnonzero(state.asset["id"] != b"")
    free = np.setdiff1d(np.arange(int(np.max(registered, initial=-1))), [*registered, *state.freed_assets])
    return list(free.tolist())


def forget_assets(state: State, now: int) -> list[int]:
    """Forgets assets that no lineage names, and that OpenMetadata never had, or has not had for FORGOTTEN_DAYS.

    Gives their numbers. Of kinds that cannot be read now all are kept.
    """
    asset, since = state.asset, state.asset["absent_since"].astype(np.int64)
    over = (since > 0) & (now - since >= FORGOTTEN_DAYS * MINUTES_PER_DAY)
    over |= (since == 0) & (asset["name"] == 0)
    over &= (asset["id"] != b"") & (asset["alive"] == 0) & (asset["unknown"] != UNREADABLE_KIND)
    for ends in (state.upstream, state.downstream):
        over[_assets_among(ends)] = False
    forgotten = np.flatnonzero(over)
    asset.empty(forgotten)
    places: list[int] = forgotten.tolist()
    state.freed_assets |= dict.fromkeys(places, now)
    return [FIRST_ASSET + place for place in places]


def _assets_among(nodes: Array) -> Array:
    assets: Array = nodes[nodes >= FIRST_ASSET] - np.uint32(FIRST_ASSET)
    return assets
