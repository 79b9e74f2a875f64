"""Walking lineage at question time, breadth first over the packed neighbours of each chunk of nodes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from thirdeye.inventory.columns import CHUNK, NEAREST, NEAREST_FIELDS, Array, Mask, blob_name, unpacked

# Assets other than tables have numbers of their own, from here on.
FIRST_ASSET: Final = 2**31
NOBODY: Final = 0xFFFF_FFFF
MOST_COUNTED: Final = 10_000
_CHUNK_BITS: Final = CHUNK.bit_length() - 1
_FIRST_ASSET_CHUNK: Final = FIRST_ASSET // CHUNK
# Beyond so many nodes a step is left to a thread.
_MUCH: Final = 4_096
# What a step costs at least, in nodes.
_STEP: Final = 50
_NO_NODES: Final = np.zeros(0, np.uint32)
# Gives a blob by name, or None.
Load = Callable[[str], Awaitable[bytes | None]]
# Which of these nodes of one chunk, by their places in it, are meant.
Meant = Callable[[int, Array], Awaitable[Mask]]


@dataclass
class Budget:
    """How many nodes all walks of one request may go to, so that no question takes seconds."""

    left: int = 2_000_000

    def spend(self, nodes: int) -> bool:
        """Takes a step's nodes off; False when there is nothing left for it."""
        self.left -= max(nodes, _STEP)
        return self.left >= 0


@dataclass(frozen=True)
class Walk:
    """Nodes with their distances, nearest first and then by number; `capped`: there may be more."""

    nodes: list[tuple[int, int]]
    capped: bool


@dataclass
class _Seen:
    """The nodes that a walk was at, as one mask for each chunk that it came to."""

    chunks: dict[int, Mask] = field(default_factory=dict)

    def new(self, nodes: Array) -> Array:
        """Those of these rising nodes that are new; they no longer are."""
        fresh = [_NO_NODES]
        for chunk, places in by_chunk(nodes):
            seen = self.chunks.setdefault(chunk, np.zeros(CHUNK, np.bool_))
            new = places[~seen[places]]
            seen[new] = True
            fresh.append(new + np.uint32(chunk << _CHUNK_BITS))
        return np.concatenate(fresh)


def by_chunk(nodes: Array) -> Iterator[tuple[int, Array]]:
    """Rising nodes as the places in each chunk; those of other assets begin at 32,768."""
    if len(nodes):
        chunks = nodes >> np.uint32(_CHUNK_BITS)
        for part in np.split(nodes, np.flatnonzero(np.diff(chunks)) + 1):
            yield int(part[0]) >> _CHUNK_BITS, part & np.uint32(CHUNK - 1)


def chunk_name(chunk: int) -> str:
    """What the blobs of a chunk of nodes are called: 00003 of tables, a0003 of other assets."""
    return f"{chunk:05d}" if chunk < _FIRST_ASSET_CHUNK else f"a{chunk - _FIRST_ASSET_CHUNK:04d}"


class Steps:
    """The nodes one edge away (`up` or `down`), two edges away and so on, each once and without the first node.

    `capped` once the budget is spent; then there may be more.
    """

    def __init__(self, load: Load, direction: str, node: int, budget: Budget) -> None:
        self._load = load
        self._direction = direction
        self._budget = budget
        self._seen = _Seen()
        self._frontier = self._seen.new(np.array([node], np.uint32))
        self.capped = False

    async def next(self) -> Array:
        """The next nodes, rising; none at the end."""
        if not self._budget.spend(len(self._frontier)):
            self.capped = True
            return _NO_NODES
        loaded = [
            (data, places)
            for chunk, places in by_chunk(self._frontier)
            if (data := await self._load(f"{self._direction}/{chunk_name(chunk)}")) is not None
        ]
        if len(self._frontier) > _MUCH:
            self._frontier = await asyncio.to_thread(self._beyond, loaded)
        else:
            self._frontier = self._beyond(loaded)
            # Where all is in memory nothing else would give way.
            await asyncio.sleep(0)
        return self._frontier

    def _beyond(self, loaded: list[tuple[bytes, Array]]) -> Array:
        return self._seen.new(np.unique(np.concatenate([_NO_NODES, *(_targets(*each) for each in loaded)])))


def _targets(data: bytes, places: Array) -> Array:
    """The neighbours of the nodes at these places of a packed chunk."""
    values = np.frombuffer(data, np.uint32)
    count = int(values[0])
    offsets, targets = values[1 : count + 2], values[count + 2 :]
    places = places[places < count]
    starts = offsets[places].astype(np.int64)
    counts = offsets[places + np.uint32(1)] - starts
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    found: Array = targets[np.repeat(starts, counts) + within]
    return found


async def walk(load: Load, direction: str, node: int, depth: int, budget: Budget, most: int = MOST_COUNTED) -> Walk:
    """Every node within `depth` edges but the node itself; stops once there are more than `most`."""
    steps, result = Steps(load, direction, node, budget), list[tuple[int, int]]()
    for distance in range(1, depth + 1):
        nodes = await steps.next()
        if not len(nodes):
            break
        result += [(each, distance) for each in nodes[: most + 1 - len(result)].tolist()]
        if len(result) > most:
            return Walk(result[:most], True)
    return Walk(result, steps.capped)


async def count_downstream(
    load: Load, node: int, meant: Meant, budget: Budget, most: int = MOST_COUNTED
) -> tuple[int, bool]:
    """How many of the nodes downstream, at any depth, are meant, up to `most`; and whether there may be more."""
    steps, found = Steps(load, "down", node, budget), 0
    while len(nodes := await steps.next()):
        for chunk, places in by_chunk(nodes):
            found += int(np.count_nonzero(await meant(chunk, places)))
        if found > most:
            return most, True
    return found, steps.capped


async def nearest(load: Load, number: int) -> list[tuple[int, int]]:
    """The nearest assets in use downstream of a table, as the refresh found them: node and distance."""
    chunk, place = divmod(number, CHUNK)
    data = await load(blob_name("nearest", chunk))
    if data is None:
        return []
    parts = unpacked(NEAREST_FIELDS, data)
    if place >= len(parts["near0"]):
        return []
    found = [(int(parts[f"near{rank}"][place]), int(parts[f"far{rank}"][place])) for rank in range(NEAREST)]
    return [(node, distance) for node, distance in found if node != NOBODY and distance > 0]
