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
        following = {each for known in frontier for each in downstream[known]} - distance.keys()
        distance |= dict.fromkeys(following, distance[frontier[0]] + 1)
        frontier = list(following)
    found = sorted((away, order[each], each) for each, away in distance.items() if each in in_use and each != node)
    return [(each, away) for away, _, each in found[:NEAREST]]


@given(edges, st.sets(st.integers(0, NODES - 1)), orders)
@example([(0, 1), (1, 2), (2, 0)], {1}, list(range(NODES)))
@example(
    [(0, each) for each in range(1, 12)] + [(each, 0) for each in range(1, 12)], set(range(12)), list(range(NODES))
)
def test_it_equals_a_search_from_every_node(pairs: list[tuple[int, int]], in_use: set[int], order: list[int]) -> None:
    sources, targets = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    mask = np.isin(np.arange(NODES), list(in_use))
    found = nearest_in_use(adjacency(targets, sources, NODES), mask, np.array(order))
    for node in range(NODES):
        nodes = [
            (int(each), int(away))
            for each, away in zip(found.nodes[node], found.distances[node], strict=True)
            if each >= 0
        ]
        assert nodes == by_hand(pairs, in_use, order, node)
        assert bool(found.any[node]) is bool(nodes)


def test_a_chain_of_ten_thousand_is_no_limit() -> None:
    length = 10_000
    sources, targets = np.arange(length - 1), np.arange(1, length)
    mask = np.zeros(length, np.bool_)
    mask[-1] = True
    found = nearest_in_use(adjacency(targets, sources, length), mask, np.arange(length))
    assert found.any[:-1].all()
    assert not found.any[-1]
    assert found.distances[0, 0] == length - 1


def test_an_empty_graph_has_nothing_in_use() -> None:
    nothing = np.zeros(0, np.int64)
    assert len(nearest_in_use(adjacency(nothing, nothing, 0), np.zeros(0, np.bool_), nothing).any) == 0
