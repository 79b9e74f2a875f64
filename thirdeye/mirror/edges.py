"""Edges of lineage, as OM's relations give them and as refreshes keep them while an end is absent."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import ABSENT, FIRST_ASSET, Array, Mask
from thirdeye.mirror.buckets import id_buckets
from thirdeye.mirror.keys import KEY, are_odd, records_of
from thirdeye.mirror.state import Index, State

# What `edge_state` says of an edge: OM has its row, the row is marked deleted, or there is none any more and the edge is
# kept while an end of it is absent.
IN_OM, MARKED_DELETED, KEPT = 0, 1, 2
# Tables that no refresh has seen are assets of this kind until one does.
UNSEEN_TABLE: Final = "table"
_PAIR: Final = np.dtype([("upstream", KEY), ("downstream", KEY)])
_NO_ASSETS: Final = frozenset({"domain", "dataProduct"})
_MOST_KINDS: Final = 255


def is_asset(kind: str) -> bool:
    """Whether lineage of this kind of entity is of data: not of services, domains and data products."""
    return kind not in _NO_ASSETS and not kind.endswith("Service")


@dataclass(frozen=True)
class Edges:
    """Edges by the numbers of their ends, as a state holds them."""

    upstream: Array
    downstream: Array
    state: Array

    def where(self, chosen: Mask) -> "Edges":
        return Edges(self.upstream[chosen], self.downstream[chosen], self.state[chosen])

    @property
    def keys(self) -> Array:
        """One number for both ends."""
        keys: Array = (self.upstream.astype(np.uint64) << np.uint64(32)) | self.downstream.astype(np.uint64)
        return keys


class EdgeReader:
    """Brings the edges of a state up to date."""

    def __init__(self, state: State, index: Index, now: int, free: Sequence[int] = ()) -> None:
        self._state = state
        self._index = index
        # In minutes, as columns hold moments.
        self._now = now
        self._assets = Index(state.asset["id"])
        self._new: dict[bytes, int] = {}
        registered = np.flatnonzero(state.asset["id"] != b"")
        # Those that were let go of lately are not given either.
        self._next = max(int(np.max(registered, initial=-1)), *state.freed_assets, -1) + 1
        # Numbers that are given before new ones, the last one first.
        self._free = sorted(free, reverse=True)
        # How many of the rows that were read have an end whose id is none.
        self.odd = 0

    async def read(self, buckets: Mask | None, rows: AsyncIterator[Row], absent_assets: Mask) -> None:
        """Rows of `lineage` replace the edges whose downstream end lies in these buckets, all of them for None.

        An edge whose row is gone stays for as long as a table or an asset at an end of it is absent. One that was marked as
        deleted did not count before, unless an end of it was deleted, absent or not known by then.
        """
        state = self._state
        upstream, downstream = self._with_seen_tables(state.upstream), self._with_seen_tables(state.downstream)
        before = Edges(upstream, downstream, state.edge_state)
        reread = np.ones(len(before.state), np.bool_) if buckets is None else buckets[self._buckets(before.downstream)]
        absent = self._is_absent(before.upstream, absent_assets) | self._is_absent(before.downstream, absent_assets)
        untouched = before.where(~reread & (absent | (before.state != KEPT)))
        added = [edges async for edges in self._added(rows)]
        read = _joined([untouched, *added])
        settled = self._were_settled(before.upstream) & self._were_settled(before.downstream)
        counted = (before.state != MARKED_DELETED) | ~settled
        kept = before.where(reread & absent & counted)
        if len(kept.state):
            # `isin` sorts all keys, even to find none.
            kept = kept.where(~np.isin(kept.keys, read.keys))
        edges = _joined([read, Edges(kept.upstream, kept.downstream, np.full(len(kept.state), KEPT, np.uint8))])
        state.upstream, state.downstream, state.edge_state = edges.upstream, edges.downstream, edges.state

    async def _added(self, rows: AsyncIterator[Row]) -> AsyncIterator[Edges]:
        async for row in rows:
            from_kind, to_kind = (bytes(row[name]).decode(errors="replace") for name in ("from_kind", "to_kind"))
            if is_asset(from_kind) and is_asset(to_kind):
                pairs = records_of(row["packed"], _PAIR)
                self.odd += int((are_odd(pairs["upstream"]) | are_odd(pairs["downstream"])).sum())
                upstream = self._nodes(from_kind, pairs["upstream"])
                downstream = self._nodes(to_kind, pairs["downstream"])
                state = np.full(len(pairs), MARKED_DELETED if row["deleted"] else IN_OM, np.uint8)
                yield Edges(upstream, downstream, state)

    def _with_seen_tables(self, nodes: Array) -> Array:
        """The nodes, with a table's number in place of the asset that stood for it before it was seen."""
        asset, code = self._state.asset, self._state.asset_kinds.get(UNSEEN_TABLE)
        places = np.flatnonzero(nodes >= FIRST_ASSET) if code is not None else np.zeros(0, np.int64)
        places = places[asset["kind"][nodes[places] - np.uint32(FIRST_ASSET)] == code]
        numbers = self._index.numbers(asset["id"][nodes[places] - np.uint32(FIRST_ASSET)])
        resolved = nodes.copy() if (numbers >= 0).any() else nodes
        resolved[places[numbers >= 0]] = numbers[numbers >= 0]
        return resolved

    def _buckets(self, nodes: Array) -> Array:
        ids = np.empty(len(nodes), dtype=KEY)
        assets = nodes >= FIRST_ASSET
        ids[~assets] = self._state.source["id"][nodes[~assets]]
        ids[assets] = self._state.asset["id"][nodes[assets] - np.uint32(FIRST_ASSET)]
        return id_buckets(ids)

    def _is_absent(self, nodes: Array, absent_assets: Mask) -> Mask:
        absent, assets = np.zeros(len(nodes), np.bool_), nodes >= FIRST_ASSET
        absent[~assets] = self._state.query.has(ABSENT)[nodes[~assets]]
        absent[assets] = absent_assets[nodes[assets] - np.uint32(FIRST_ASSET)]
        return absent

    def _were_settled(self, nodes: Array) -> Mask:
        """Which nodes were there at the refresh before: not deleted, absent or unknown."""
        state, asset = self._state, self._state.asset
        settled, assets = np.zeros(len(nodes), np.bool_), nodes >= FIRST_ASSET
        tables = state.present() & ~self._were_absent(state.source["absent_since"])
        others = (asset["alive"] == 1) & (asset["unknown"] == 0) & ~self._were_absent(asset["absent_since"])
        settled[~assets] = tables[nodes[~assets]]
        settled[assets] = others[nodes[assets] - np.uint32(FIRST_ASSET)]
        return settled

    def _were_absent(self, since: Array) -> Mask:
        were: Mask = (since > 0) & (since < self._now)
        return were

    def _nodes(self, kind: str, keys: Array) -> Array:
        # By whatever kind a row calls it: the id of a table is nobody else's.
        numbers = self._index.numbers(keys)
        unseen = numbers < 0
        numbers[unseen] = self._asset_numbers(kind, keys[unseen]) + FIRST_ASSET
        return numbers.astype(np.uint32)

    def _asset_numbers(self, kind: str, keys: Array) -> Array:
        numbers = self._assets.numbers(keys)
        for place in np.flatnonzero(numbers < 0).tolist():
            key = bytes(keys[place])
            numbers[place] = self._new[key] if key in self._new else self._register(kind, key)
        return numbers

    def _register(self, kind: str, key: bytes) -> int:
        asset = self._state.asset
        if self._free:
            number = self._free.pop()
        else:
            number, self._next = self._next, self._next + 1
        if number >= asset.length:
            asset.grow(number + number // 8 + 256)
        asset["id"][number] = key
        asset["kind"][number] = min(self._state.asset_kinds.number(kind), _MOST_KINDS)
        self._new[key] = number
        return number


def _joined(parts: list[Edges]) -> Edges:
    return Edges(
        np.concatenate([part.upstream for part in parts]).astype(np.uint32),
        np.concatenate([part.downstream for part in parts]).astype(np.uint32),
        np.concatenate([part.state for part in parts]).astype(np.uint8),
    )
