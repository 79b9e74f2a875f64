"""Tables that came back under new ids, as after a service was deleted in OpenMetadata and ingested anew.

Whether an id is gone shows only when all rows are read, so such a table gets a number of its own first, and then gives
what was read of it to the number of the table that it is. One that is marked deleted by then has not come back: an absent
table goes on being absent, under the new id.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from thirdeye.database import MySQL
from thirdeye.inventory.columns import PRESENT, SEEN_LATER, Array
from thirdeye.mirror.identity import store
from thirdeye.mirror.keys import KEY, id_text, records_of
from thirdeye.mirror.state import Index, State
from thirdeye.mirror.tables import TableReader

_FORMER: Final = np.dtype([("id", KEY), ("number", ">u4")])
_PAIR: Final = np.dtype([("old", ">u4"), ("new", ">u4")])
_PAGE: Final = 2_000
# What a table keeps under a new id; `known_since` and `accessed` are merged.
_KEPT: Final = frozenset({"known_since", "accessed", "signs", "advised", "advised_on"})
# What an absent table gets under a new id.
_KEYS: Final = ("id", "key", "tail", "stamp", "name_stamp")


class FormerIndex(Index):
    """Finds tables by id, and by the ids that they had before: for usage, which is of the past."""

    def __init__(self, current: Index, former: Array) -> None:
        super().__init__(former["id"])
        self._current, self._former_numbers = current, former["number"].astype(np.int64)

    def numbers(self, keys: Array) -> Array:
        numbers = self._current.numbers(keys)
        unknown = np.flatnonzero(numbers < 0)
        if len(self._former_numbers) and len(unknown):
            places = super().numbers(keys[unknown])
            numbers[unknown] = np.where(places >= 0, self._former_numbers[places], -1)
        return numbers


@dataclass(frozen=True)
class RenewedTables:
    """The tables of a refresh that came under new ids: their numbers, and the ids that they had before."""

    numbers: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    former_ids: Array = field(default_factory=lambda: np.zeros(0, KEY))

    def former_rows(self) -> list[tuple[str, int]]:
        """The former ids as text, each with the number of its table."""
        return [(id_text(key), number) for key, number in zip(self.former_ids, self.numbers.tolist(), strict=True)]

    async def index(self, thirdeye: MySQL, current: Index) -> FormerIndex:
        """Tables by their ids and all former ones; `current` finds them by the first."""
        former = np.zeros(len(self.numbers), _FORMER)
        former["id"], former["number"] = self.former_ids, self.numbers
        stored = records_of(await store.former_ids(thirdeye), _FORMER)
        return FormerIndex(current, np.concatenate([former, stored]))


async def merge_renewed_tables(thirdeye: MySQL, state: State, reader: TableReader) -> RenewedTables:
    """Gives tables that came under new ids, while the ids of their names are gone, the numbers that they had."""
    if not reader.had_tables or not reader.given:
        return RenewedTables()
    old, new = _matched(state, records_of(await store.same_names(thirdeye), _PAIR))
    former_ids = state.source["id"][old].copy()
    flags = state.query["flags"]
    absent = ((flags[old] & PRESENT) != 0) & ((flags[new] & PRESENT) == 0)
    _move(state, old[~absent], new[~absent])
    _move_keys(state, old[absent], new[absent])
    for seen in (reader.read, reader.renamed, reader.rekeyed):
        moved = seen.mask(state.tables)[new]
        seen.discard(new)
        seen.add_all(old[moved])
    for start in range(0, len(old), _PAGE):
        part = slice(start, start + _PAGE)
        await store.renumber_staged(thirdeye, dict(zip(new[part].tolist(), old[part].tolist(), strict=True)))
        await store.keep_texts(thirdeye, old[part][absent[part]].tolist())
    return RenewedTables(old, former_ids)


def _matched(state: State, pairs: Array) -> tuple[Array, Array]:
    """Of pairs with one name those that are one table: each old number once, with the new one it goes on as."""
    old, new = pairs["old"].astype(np.int64), pairs["new"].astype(np.int64)
    flags, source = state.query["flags"], state.source
    is_gone, is_there = source["stamp"][old] == 0, source["stamp"][new] != 0
    old, new = old[is_gone & is_there], new[is_gone & is_there]
    # Of several that had the name the one that had it last, with one that is not marked deleted.
    old_is_gone, new_is_deleted = (flags[old] & PRESENT) == 0, (flags[new] & PRESENT) == 0
    order = np.lexsort((new, new_is_deleted, -old, -source["absent_since"][old].astype(np.int64), old_is_gone))
    taken = set[int]()
    chosen = list[int]()
    for place in order.tolist():
        if int(old[place]) not in taken and int(new[place]) not in taken:
            taken |= {int(old[place]), int(new[place])}
            chosen.append(place)
    return old[chosen], new[chosen]


def _move(state: State, old: Array, new: Array) -> None:
    """Moves columns from new numbers to old ones, which keep what is remembered of them."""
    query, source = state.query, state.source
    # What is marked deleted is still gone.
    is_deleted = (query["flags"][new] & PRESENT) == 0
    source["absent_since"][new] = np.where(is_deleted, source["absent_since"][old], 0)
    known, accessed = source["known_since"][old], query["accessed"][old]
    source["known_since"][old] = np.where(known > 0, known, source["known_since"][new])
    query["accessed"][old] = np.maximum(accessed, query["accessed"][new])
    source["signs"][old] = (source["signs"][old] & SEEN_LATER) | (source["signs"][new] & ~np.uint8(SEEN_LATER))
    for columns in (query, source, state.name):
        for name in columns.fields:
            if name not in _KEPT:
                columns[name][old] = columns[name][new]
    _empty(state, new)


def _move_keys(state: State, old: Array, new: Array) -> None:
    """Gives absent tables new ids; the rest stays as it was last seen."""
    for name in _KEYS:
        state.source[name][old] = state.source[name][new]
    _empty(state, new)


def _empty(state: State, numbers: Array) -> None:
    for columns in (state.query, state.source, state.name):
        columns.empty(numbers)
