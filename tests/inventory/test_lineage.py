"""The nearest assets in use, against a breadth-first search from every node by itself."""

from collections import defaultdict

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from thirdeye.inventory.columns import NEAREST
from thirdeye.inventory.lineage import adjacency, nearest_in_use

NODES = 12
edges = st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)), max_size=40)
orders = st.permutations(range(NODES))


def by_hand(pairs: list[tuple[int, int]], in_use: set[int], order: list[int], node: int) -> list[tuple[int, int]]:
    downstream = defaultdict(set)
    for source, target in pairs:
        downstream[source].add(target)
    distance, frontier = {node: 0}, [node]
    while frontier:
        following = {target for source in frontier for target in downstream[source]} - distance.keys()
        distance |= dict.fromkeys(following, distance[frontier[0]] + 1)
        frontier = list(following)
    used = sorted(
        (edges, order[other], other) for other, edges in distance.items() if other in in_use and other != node
    )
    return [(other, edges) for edges, _, other in used[:NEAREST]]


@given(edges, st.sets(st.integers(0, NODES - 1)), orders)
@example([(0, 1), (1, 2), (2, 0)], {1}, list(range(NODES)))
@example(
    [(0, each) for each in range(1, 12)] + [(each, 0) for each in range(1, 12)], set(range(12)), list(range(NODES))
)
def test_it_equals_a_search_from_every_node(pairs: list[tuple[int, int]], in_use: set[int], order: list[int]) -> None:
    sources, targets = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    mask = np.isin(np.arange(NODES), list(in_use))
    nearest = nearest_in_use(adjacency(targets, sources, NODES), mask, np.array(order))
    for node in range(NODES):
        nodes = [
            (int(other), int(distance))
            for other, distance in zip(nearest.nodes[node], nearest.distances[node], strict=True)
            if other >= 0
        ]
        assert nodes == by_hand(pairs, in_use, order, node)
        assert bool(nearest.any[node]) is bool(nodes)


def test_a_chain_of_ten_thousand_is_no_limit() -> None:
    length = 10_000
    sources, targets = np.arange(length - 1), np.arange(1, length)
    mask = np.zeros(length, np.bool_)
    mask[-1] = True
    nearest = nearest_in_use(adjacency(targets, sources, length), mask, np.arange(length))
    assert nearest.any[:-1].all()
    assert not nearest.any[-1]
    assert nearest.distances[0, 0] == length - 1


def test_an_empty_graph_has_nothing_in_use() -> None:
    nothing = np.zeros(0, np.int64)
    assert len(nearest_in_use(adjacency(nothing, nothing, 0), np.zeros(0, np.bool_), nothing).any) == 0
