"""Lists that only grow from refresh to refresh are cut: sets that tables no longer share. Pure, over the state."""

from typing import Final

import numpy as np

from thirdeye.mirror.state import Numbering, State

# By list of the state, the columns that are indexes into it. Whatever else has such indexes is made anew by each refresh.
_INDEXES: Final = {
    "owner_sets": (("query", "owners"), ("query", "departed"), ("source", "own_owners")),
    "tag_sets": (("query", "tags"),),
    "mark_sets": (("query", "marks"),),
    "product_sets": (("query", "products"),),
    "domain_sets": (("query", "domains"), ("source", "own_domains")),
    "editors": (("query", "editor"),),
}
# Fewer unused ones are not worth writing the columns again.
SPARE: Final = 1_000


def compact_sets(state: State) -> None:
    """Leaves out what no table has any more, once that is more than what tables have."""
    for name, columns in _INDEXES.items():
        items, groups = getattr(state, name).items, state.groups()
        # The first one stands for none.
        used = np.unique(np.concatenate([[0], *(groups[group][column] for group, column in columns)]))
        if len(items) - len(used) <= max(len(used), SPARE):
            continue
        numbers = np.zeros(len(items), np.int64)
        numbers[used] = np.arange(len(used))
        for group, column in columns:
            groups[group][column] = numbers[groups[group][column]]
        setattr(state, name, Numbering(items[number] for number in used.tolist()))
