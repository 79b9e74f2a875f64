"""Walking lineage for a request: breadth first over the neighbours of each chunk of nodes, as a refresh packed them."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thirdeye.inventory.columns import (
    CHUNK,
    FIRST_ASSET,
    NEAREST,
    NEAREST_FIELDS,
    NO_NODE,
    Array,
    Mask,
    blob_name,
    unpack_fields,
)
from thirdeye.pacing import in_thread, keep_pace

# Walks and counts stop at so many nodes.
NODE_LIMIT: Final = 10_000
_CHUNK_BITS: Final = CHUNK.bit_length() - 1
_FIRST_ASSET_CHUNK: Final = FIRST_ASSET // CHUNK
# A step from more nodes than this runs in a thread.
_THREAD_THRESHOLD: Final = 4_096
# So many nodes are matched at once, for each time takes about as long as a step.
_MATCHED_AT_ONCE: Final = 2_000
# The least that a step takes off the budget, in nodes: even one from a single node takes half a millisecond.
_MIN_STEP_COST: Final = 3_000
_NO_NODES: Final = np.zeros(0, np.uint32)
# Reads a blob by name; None if there is no such blob.
Load = Callable[[str], Awaitable[bytes | None]]
# Given a chunk and places in it, tells which of these nodes match.
NodePredicate = Callable[[int, Array], Awaitable[Mask]]


@dataclass
class Budget:
    """How many nodes all walks of one request may still visit, so that no request takes seconds."""

    remaining: int = 2_000_000

    def spend(self, nodes: int) -> bool:
        """Pays for a step from so many nodes. False if the budget does not cover it."""
        self.remaining -= max(nodes, _MIN_STEP_COST)
        return self.remaining >= 0


@dataclass(frozen=True)
class Walk:
    """Nodes with their distances, nearest first, then by number. `capped`: there may be more."""

    nodes: list[tuple[int, int]]
    capped: bool


def by_chunk(nodes: Array) -> Iterator[tuple[int, Array]]:
    """Ascending nodes as places in their chunks. Chunks of assets other than tables begin at 32,768."""
    if len(nodes):
        chunks = nodes >> np.uint32(_CHUNK_BITS)
        for part in np.split(nodes, np.flatnonzero(np.diff(chunks)) + 1):
            yield int(part[0]) >> _CHUNK_BITS, part & np.uint32(CHUNK - 1)


def chunk_name(chunk: int) -> str:
    """The name of a chunk of nodes in its blobs: 00003 for tables, a0003 for other assets."""
    return f"{chunk:05d}" if chunk < _FIRST_ASSET_CHUNK else f"a{chunk - _FIRST_ASSET_CHUNK:04d}"


class Steps:
    """The nodes one edge away (`up` or `down`), then two edges away and so on. Each appears once, the start never.

    `capped` is set when the budget is spent; then there may be more.
    """

    def __init__(self, load: Load, direction: str, node: int, budget: Budget) -> None:
        self._load = load
        self._direction = direction
        self._budget = budget
        # The nodes that were visited, as a mask for each chunk.
        self._visited: dict[int, Mask] = {}
        self._frontier = self._visit(np.array([node], np.uint32))
        self.capped = False

    async def next(self) -> Array:
        """The next nodes, ascending; none at the end."""
        if not self._budget.spend(len(self._frontier)):
            self.capped = True
            return _NO_NODES
        loaded = [
            (data, places)
            for chunk, places in by_chunk(self._frontier)
            if (data := await self._load(f"{self._direction}/{chunk_name(chunk)}")) is not None
        ]
        if len(self._frontier) > _THREAD_THRESHOLD:
            self._frontier = await in_thread(self._advance, loaded)
        else:
            # With all chunks in memory, nothing else would yield to other requests.
            await keep_pace()
            self._frontier = self._advance(loaded)
        return self._frontier

    def _advance(self, loaded: list[tuple[bytes, Array]]) -> Array:
        neighbours = [_neighbours(data, places) for data, places in loaded]
        return self._visit(np.unique(np.concatenate([_NO_NODES, *neighbours])))

    def _visit(self, nodes: Array) -> Array:
        """Marks these ascending nodes as visited and returns those that were not yet."""
        new = [_NO_NODES]
        for chunk, places in by_chunk(nodes):
            visited = self._visited.setdefault(chunk, np.zeros(CHUNK, np.bool_))
            unvisited = places[~visited[places]]
            visited[unvisited] = True
            new.append(unvisited + np.uint32(chunk << _CHUNK_BITS))
        return np.concatenate(new)


def _neighbours(data: bytes, places: Array) -> Array:
    """The neighbours of the nodes at these places of a packed chunk."""
    return neighbours_with_places(data, places)[0]


def neighbours_with_places(data: bytes, places: Array) -> tuple[Array, Array]:
    """The same, and for each the position of its node in `places`, which ascend."""
    values = np.frombuffer(data, np.uint32)
    count = int(values[0])
    offsets, targets = values[1 : count + 2], values[count + 2 :]
    places = places[places < count]
    starts = offsets[places].astype(np.int64)
    counts = offsets[places + np.uint32(1)] - starts
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    neighbours: Array = targets[np.repeat(starts, counts) + within]
    return neighbours, np.repeat(np.arange(len(places)), counts)


async def neighbours_of(load: Load, direction: str, nodes: Sequence[int]) -> dict[int, int]:
    """The neighbours of these nodes, each with the first of the nodes that it is next to."""
    places_in = dict[int, list[int]]()
    for node in nodes:
        places_in.setdefault(node >> _CHUNK_BITS, []).append(node & (CHUNK - 1))
    near = dict[int, list[int]]()
    for chunk, places in places_in.items():
        data = await load(f"{direction}/{chunk_name(chunk)}")
        if data is not None:
            near |= {(chunk << _CHUNK_BITS) + place: _near(data, place) for place in _with_neighbours(data, places)}
    neighbours = dict[int, int]()
    for node in nodes:
        for neighbour in near.get(node, ()):
            neighbours.setdefault(neighbour, node)
    return neighbours


def _with_neighbours(data: bytes, places: Sequence[int]) -> list[int]:
    """Those of these places of a packed chunk that have neighbours."""
    values, chosen = np.frombuffer(data, np.uint32), np.array(places, np.int64)
    chosen = chosen[chosen < int(values[0])]
    found: list[int] = chosen[values[chosen + 1] < values[chosen + 2]].tolist()
    return found


def _near(data: bytes, place: int) -> list[int]:
    found: list[int] = _neighbours(data, np.array([place], np.uint32)).tolist()
    return found


async def walk(load: Load, direction: str, node: int, depth: int, budget: Budget, limit: int = NODE_LIMIT) -> Walk:
    """The nodes within `depth` edges of a node, without the node itself, up to `limit`."""
    steps, nodes = Steps(load, direction, node, budget), list[tuple[int, int]]()
    for distance in range(1, depth + 1):
        reached = await steps.next()
        if not len(reached):
            break
        nodes += [(reached_node, distance) for reached_node in reached[: limit + 1 - len(nodes)].tolist()]
        if len(nodes) > limit:
            return Walk(nodes[:limit], True)
    return Walk(nodes, steps.capped)


async def edges_outward(
    load: Load, direction: str, nodes: Sequence[tuple[int, int]], limit: int
) -> list[tuple[int, int]]:
    """The edges from each of these nodes to those of them that are one edge farther, from the nearest on, up to `limit`.

    `nodes` come with their distances, as a walk has them.
    """
    at = {
        distance: np.array(sorted(n for n, d in nodes if d == distance), np.uint32)
        for distance in {d for _, d in nodes}
    }
    edges = list[tuple[int, int]]()
    for distance in sorted(at):
        farther = at.get(distance + 1, _NO_NODES)
        for chunk, places in by_chunk(at[distance]):
            data = await load(f"{direction}/{chunk_name(chunk)}")
            if data is None or len(edges) >= limit:
                continue
            await keep_pace()
            neighbours, positions = neighbours_with_places(data, places)
            chosen = np.isin(neighbours, farther)
            starts = places[positions[chosen]].astype(np.int64) + (chunk << _CHUNK_BITS)
            edges += zip(starts.tolist(), neighbours[chosen].tolist(), strict=True)
    return edges[:limit]


async def count_downstream(
    load: Load, node: int, matches: NodePredicate, budget: Budget, limit: int = NODE_LIMIT
) -> tuple[int, bool]:
    """How many nodes downstream match, at any depth and up to `limit`; and whether there may be more."""
    steps, count, pending = Steps(load, "down", node, budget), 0, [_NO_NODES]
    while True:
        nodes = await steps.next()
        pending.append(nodes)
        if len(nodes) and sum(map(len, pending)) < _MATCHED_AT_ONCE:
            continue
        for chunk, places in by_chunk(np.sort(np.concatenate(pending))):
            await keep_pace()
            count += int(np.count_nonzero(await matches(chunk, places)))
        pending = [_NO_NODES]
        if count > limit:
            return limit, True
        if not len(nodes):
            return count, steps.capped


async def nearest(load: Load, number: int) -> list[tuple[int, int]]:
    """The nearest assets in use downstream of a table, as the refresh found them: node and distance."""
    chunk, place = divmod(number, CHUNK)
    data = await load(blob_name("nearest", chunk))
    if data is None:
        return []
    fields = unpack_fields(NEAREST_FIELDS, data)
    if place >= len(fields["node0"]):
        return []
    assets = [(int(fields[f"node{rank}"][place]), int(fields[f"distance{rank}"][place])) for rank in range(NEAREST)]
    return [(node, distance) for node, distance in assets if node != NO_NODE and distance > 0]
