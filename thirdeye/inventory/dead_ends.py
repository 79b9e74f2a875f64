"""Dead ends: maximal sets of tables that nothing in use depends on, and the order in which to take each apart.

Pure, over integer arrays. Every step takes time linear in nodes and edges, or nearly: lineage may be one chain of a
million tables, or one circle of them.
"""

from array import array
from dataclasses import dataclass
from typing import Final, TypeAlias, TypedDict

import numpy as np

from thirdeye.inventory.columns import Array, Mask
from thirdeye.inventory.lineage import Adjacency, adjacency

# Fewer nodes than this are walked one by one: a step over arrays takes about as long for one as for hundreds.
_FEW: Final = 200
IntegerArray: TypeAlias = "array[int]"
# What a refresh stores: all sets in sum and the most expensive ones as JSON, and the tables of these in the order of their
# sets, steps and numbers; and by table its set, told by the lowest number in it (0: none, n + 1: that number), and step.
DOCUMENT: Final = "dead-ends"
ORDER_GROUP, TABLE_GROUP = "dead-order", "dead-table"
ORDER_FIELDS: Final = {"number": "u4", "step": "u4"}
TABLE_FIELDS: Final = {"set": "u4", "step": "u4"}


class DeadEndEntry(TypedDict):
    """A set as a refresh stores it. Costs are USD a month, as far as they are known.

    `number` is its lowest table; its `tables` begin at `start` of the order. `deleted` and `archived`: what the tables
    under these verdicts cost; `writes`: what the queries of the `written30` tables cost. `last`: the newest write, a day as
    in columns, 0 for none. `assets`: unused assets of other kinds. Services are indexes; `blockers` bits with counts.
    """

    number: int
    start: int
    tables: int
    unpriced: int
    steps: int
    assets: int
    bytes: int
    storage: str
    queries: str
    cost: str
    deleted: str
    archived: str
    written30: int
    written90: int
    writes: str
    last: int
    services: list[int]
    blockers: list[tuple[int, int]]


class DeadEndDocument(TypedDict):
    """All sets in sum, and the most expensive ones, those first."""

    sets: int
    tables: int
    unpriced: int
    cost: str
    entries: list[DeadEndEntry]


@dataclass(frozen=True)
class Lineage:
    """Edges between nodes: tables by number, then other assets.

    `series`: by table, 0 for none. The parts of one are one: what depends on one depends on all, and they go together.
    `present`: the nodes that exist. `needed`: those that are in use, or of which nobody can tell.
    """

    sources: Array
    targets: Array
    series: Array
    present: Mask
    needed: Mask


@dataclass(frozen=True)
class DeadEnds:
    """The tables of all sets, by set, then step, then number. Step 1 goes first; `sets` has the lowest number of each set.

    `assets` and `asset_sets`: other assets that exist, nobody uses, and are fed by these tables, or feed them.
    """

    numbers: Array
    sets: Array
    steps: Array
    assets: Array
    asset_sets: Array


def find_dead_ends(lineage: Lineage) -> DeadEnds:
    """The maximal sets of present tables from which nothing needed can be reached; joined by any path between them."""
    tables, nodes = len(lineage.series), len(lineage.present)
    unit = _units(lineage.series, nodes)
    sources, targets = unit[lineage.sources], unit[lineage.targets]
    between = sources != targets
    sources, targets = sources[between], targets[between]
    needed = np.zeros(nodes, np.bool_)
    needed[unit[lineage.needed]] = True
    dead = ~reaching(adjacency(targets, sources, nodes), needed)
    # What a dead unit leads to is dead as well.
    kept = dead[sources]
    sources, targets = sources[kept], targets[kept]
    numbers = np.flatnonzero(lineage.present[:tables] & dead[unit[:tables]])
    counted = np.zeros(nodes, np.bool_)
    counted[unit[numbers]] = True
    steps = _steps(sources, targets, counted)
    joined = connected(sources, targets, nodes)[unit]
    lowest = np.full(nodes, nodes, np.int64)
    np.minimum.at(lowest, joined[numbers], numbers)
    sets, step = lowest[joined[numbers]], steps[unit[numbers]]
    order = np.lexsort((numbers, step, sets))
    assets = np.flatnonzero(lineage.present & dead[unit])
    assets = assets[(assets >= tables) & (lowest[joined[assets]] < nodes)]
    return DeadEnds(numbers[order], sets[order], step[order], assets, lowest[joined[assets]])


def _units(series: Array, nodes: int) -> Array:
    """What each node is a part of: the first table of its series, or itself."""
    unit = np.arange(nodes, dtype=np.int32)
    parts = np.flatnonzero(series)
    _, first, inverse = np.unique(series[parts], return_index=True, return_inverse=True)
    unit[parts] = parts[first][inverse]
    return unit


def reaching(upstream: Adjacency, start: Mask) -> Mask:
    """These nodes and all upstream of them."""
    reached = start.copy()
    nodes: Array = np.flatnonzero(reached)
    while len(nodes):
        if len(nodes) < _FEW:
            nodes = _reach_singly(upstream, nodes.tolist(), reached)
        else:
            above, _ = upstream.of(nodes)
            nodes = np.unique(above[~reached[above]])
            reached[nodes] = True
    return reached


def _reach_singly(upstream: Adjacency, waiting: list[int], reached: Mask) -> Array:
    """Marks what is upstream of these in `reached`, until none or many are waiting for their own upstream."""
    offsets, above, seen = upstream.offsets.data, upstream.targets.data, reached.view(np.uint8).data
    while waiting and len(waiting) < _FEW:
        node = waiting.pop()
        for other in above[offsets[node] : offsets[node + 1]]:
            if not seen[other]:
                seen[other] = 1
                waiting.append(other)
    return np.array(waiting, np.int64)


def connected(sources: Array, targets: Array, nodes: int) -> Array:
    """For each node the lowest of those that edges join it to, whatever their direction, itself included."""
    label = np.arange(nodes, dtype=np.int64)
    while len(sources):
        ends = label[sources], label[targets]
        lower = np.minimum(*ends)
        for end in ends:
            np.minimum.at(label, end, lower)
        # Each label is a node, whose own label is lower or itself.
        while True:
            shorter = label[label]
            if np.array_equal(shorter, label):
                break
            label = shorter
        apart = label[sources] != label[targets]
        sources, targets = sources[apart], targets[apart]
    return label


def _steps(sources: Array, targets: Array, counted: Mask) -> Array:
    """When each node goes: after everything downstream of it. Nodes of a circle go together; only counted ones take a step."""
    steps = counted.astype(np.int32)
    nodes = np.unique(np.concatenate([sources, targets]))
    places = np.zeros(len(counted), np.int32)
    places[nodes] = np.arange(len(nodes), dtype=np.int32)
    steps[nodes] = steps_upstream(places[sources], places[targets], counted[nodes])
    return steps


def steps_upstream(sources: Array, targets: Array, counted: Mask) -> Array:
    """For each node the most counted circles, or nodes of none, on a path downstream from it, its own included."""
    count = len(counted)
    upstream, steps = adjacency(targets, sources, count), np.zeros(count, np.int32)
    # How many neighbours downstream have no step yet.
    waits_for = np.bincount(upstream.targets, minlength=count)
    nodes = np.flatnonzero(waits_for == 0)
    while len(nodes) >= _FEW:
        steps[nodes] += counted[nodes]
        waits_for[nodes] = -1
        above, places = upstream.of(nodes)
        np.maximum.at(steps, above, steps[nodes][places])
        np.subtract.at(waits_for, above, 1)
        nodes = np.unique(above[waits_for[above] == 0])
    return _steps_of_circles(adjacency(sources, targets, count), counted, steps, waits_for < 0)


def _steps_of_circles(downstream: Adjacency, counted: Mask, steps: Array, known: Mask) -> Array:
    """The same for what is in circles or upstream of some, one by one, once the steps of all others are known.

    After Tarjan, who finds circles with those downstream first. It keeps its path itself, for one may be a million long.
    """
    count = len(counted)
    offsets, below, step = _integers(downstream.offsets), _integers(downstream.targets), _integers(steps)
    following, order, low = offsets[:], _integers(known), _integers(np.zeros(count))
    # A circle is open until all that is downstream of it was seen.
    closed, opened, seen = bytearray(known.tobytes()), list[int](), 1
    takes_step = counted.tobytes()
    for root in range(count):
        if order[root]:
            continue
        path = [root]
        while path:
            node = path[-1]
            if not order[node]:
                seen += 1
                order[node] = low[node] = seen
                opened.append(node)
            lowest, highest, place, end = low[node], step[node], following[node], offsets[node + 1]
            while place < end and order[other := below[place]]:
                if not closed[other]:
                    lowest = min(lowest, low[other])
                elif step[other] > highest:
                    highest = step[other]
                place += 1
            low[node], step[node], following[node] = lowest, highest, place
            if place < end:
                path.append(other)
                continue
            path.pop()
            if lowest == order[node]:
                _close(node, opened, closed, takes_step, step)
    return np.array(step, np.int32)


def _integers(values: Array) -> IntegerArray:
    """The same to be read and written one by one, which arrays of numpy are slow at."""
    return array("i", values.astype(np.intc).tobytes())


def _close(first: int, opened: list[int], closed: bytearray, takes_step: bytes, step: IntegerArray) -> None:
    """Ends the circle that was opened with `first`: `step` is the highest of each node's downstream, and becomes its own."""
    circle = [opened.pop()]
    while circle[-1] != first:
        circle.append(opened.pop())
    if len(circle) == 1:
        closed[first], step[first] = 1, step[first] + takes_step[first]
        return
    common = max(step[node] for node in circle) + any(takes_step[node] for node in circle)
    for node in circle:
        closed[node], step[node] = 1, common
