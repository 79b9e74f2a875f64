"""Spreading up the lineage, against a walk from every node by itself."""

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as some

from thirdeye.inventory.lineage import adjacency
from thirdeye.verdict.propagation import depended_on, have_downstream, highest_downstream

NODES = 9
edges = some.lists(some.tuples(some.integers(0, NODES - 1), some.integers(0, NODES - 1)), max_size=25)
values = some.lists(some.sampled_from([0, 0, 1, 20, 20, 1_001]), min_size=NODES, max_size=NODES)


def below(pairs: list[tuple[int, int]], node: int) -> set[int]:
    """What can be reached from a node by at least one edge."""
    downstream = defaultdict(set)
    for source, target in pairs:
        downstream[source].add(target)
    found, frontier = set[int](), {node}
    while frontier := {each for known in frontier for each in downstream[known]} - found:
        found |= frontier
    return found


@given(edges, some.sets(some.integers(0, NODES - 1)), values)
def test_it_equals_a_walk_from_every_node(
    pairs: list[tuple[int, int]], marked: set[int], given_values: list[int]
) -> None:
    sources, targets = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    upstream = adjacency(targets, sources, NODES)
    have = have_downstream(upstream, np.isin(np.arange(NODES), list(marked)))
    highest = highest_downstream(upstream, np.array(given_values, np.uint16))
    for node in range(NODES):
        reached = below(pairs, node)
        assert have[node] == bool(reached & marked)
        assert highest[node] == max((given_values[each] for each in reached), default=0)


@given(edges, some.sets(some.integers(0, NODES - 1)))
def test_what_does_not_exist_depends_on_nothing_but_conducts(pairs: list[tuple[int, int]], existing: set[int]) -> None:
    sources, targets = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    upstream = adjacency(targets, sources, NODES)
    found = depended_on(upstream, sources, targets, np.isin(np.arange(NODES), list(existing)))
    for node in range(NODES):
        others = {target for source, target in pairs if source == node} - {node}
        reached = others.union(*(below(pairs, other) for other in others))
        assert found[node] == bool(reached & existing)
