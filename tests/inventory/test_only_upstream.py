"""What exists only for one node, against sets from which is taken what leads elsewhere."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.inventory.test_graph_walk import NODES, Edges, distances, graphs, loading, packed
from thirdeye.inventory.columns import CHUNK, Array, Mask
from thirdeye.inventory.graph_walk import Budget, NodePredicate
from thirdeye.inventory.only_upstream import only_upstream

pytestmark = pytest.mark.anyio


def needing(needed: set[int]) -> NodePredicate:
    async def is_needed(chunk: int, places: Array) -> Mask:
        return np.array([place + chunk * CHUNK in needed for place in places.tolist()], np.bool_)

    return is_needed


def second(edges: Edges, node: int, needed: set[int]) -> dict[int, int]:
    upstream = distances([(down, up) for up, down in edges], node, len(NODES) + 1)
    kept = upstream.keys() - needed
    while leading_away := {up for up, down in edges if up in kept and down not in kept | {node}}:
        kept -= leading_away
    return {each: upstream[each] for each in kept}


@given(graphs, st.sampled_from(NODES), st.sets(st.sampled_from(NODES), max_size=4))
@example([(1, 0), (0, 1), (2, 1), (2, 70_000)], 0, set())
@example([(1, 0), (2, 1), (1, 2), (2, 2)], 0, set())
async def test_it_equals_what_is_left_of_all_upstream(edges: Edges, node: int, needed: set[int]) -> None:
    found = await only_upstream(loading(packed(edges)), node, needing(needed), Budget())
    assert not found.capped
    assert found.nodes == sorted(second(edges, node, needed).items(), key=lambda each: (each[1], each[0]))


async def test_of_too_much_what_was_found_is_right() -> None:
    chain = [(number + 1, number) for number in range(50)]
    found = await only_upstream(loading(packed([*chain, (5, 60)])), 0, needing(set()), Budget(), limit=20)
    assert found.capped
    assert found.nodes == [(number, number) for number in range(1, 5)]
