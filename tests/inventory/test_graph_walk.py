"""Walks over packed neighbours against walks over sets, on random graphs over several chunks of tables and assets."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.inventory.columns import CHUNK, FIRST_ASSET, Array, Mask
from thirdeye.inventory.graph_walk import Budget, Load, chunk_name, count_downstream, edges_outward, walk

pytestmark = pytest.mark.anyio
# Two chunks of tables, two of other assets, their first and last places among them.
NODES = [
    *(0, 1, 2, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 70),
    *(FIRST_ASSET, FIRST_ASSET + 1, FIRST_ASSET + CHUNK - 1, FIRST_ASSET + CHUNK, FIRST_ASSET + CHUNK + 5),
]
Edges = list[tuple[int, int]]
graphs = st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), max_size=40)


def packed(edges: Edges) -> dict[str, bytes]:
    """The blobs of both directions, as a refresh packs them."""
    blobs = {}
    for direction, pairs in (("down", edges), ("up", [(down, up) for up, down in edges])):
        by_chunk: dict[int, dict[int, list[int]]] = {}
        for source, target in sorted(set(pairs)):
            by_chunk.setdefault(source // CHUNK, {}).setdefault(source % CHUNK, []).append(target)
        for chunk, places in by_chunk.items():
            count = max(places) + 1
            offsets = np.cumsum([0, *(len(places.get(place, ())) for place in range(count))])
            targets = [target for place in sorted(places) for target in places[place]]
            blobs[f"{direction}/{chunk_name(chunk)}"] = np.array([count, *offsets, *targets], np.uint32).tobytes()
    return blobs


def loading(blobs: Mapping[str, bytes]) -> Load:
    async def load(name: str) -> bytes | None:
        return blobs.get(name)

    return load


def distances(edges: Edges, start: int, depth: int) -> dict[int, int]:
    """With sets: every node within reach and its distance."""
    reached, frontier = {start: 0}, {start}
    for distance in range(1, depth + 1):
        frontier = {down for up, down in edges if up in frontier} - set(reached)
        reached |= dict.fromkeys(frontier, distance)
    del reached[start]
    return reached


@given(graphs, st.sampled_from(NODES), st.integers(1, 6))
async def test_a_walk_agrees_with_one_over_sets(edges: Edges, start: int, depth: int) -> None:
    load = loading(packed(edges))
    for direction, pairs in (("down", edges), ("up", [(down, up) for up, down in edges])):
        expected = distances(pairs, start, depth)
        result = await walk(load, direction, start, depth, Budget())
        assert result.nodes == sorted(expected.items(), key=lambda node: (node[1], node[0]))
        assert not result.capped


@given(graphs, st.sampled_from(NODES), st.integers(1, 4), st.integers(0, 12))
async def test_edges_lead_from_each_shown_node_to_those_one_farther(
    edges: Edges, start: int, depth: int, shown: int
) -> None:
    load = loading(packed(edges))
    walked = (await walk(load, "down", start, depth, Budget())).nodes[:shown]
    at = {start: 0, **dict(walked)}
    expected = {(up, down) for up, down in edges if up in at and at.get(down) == at[up] + 1}
    found = await edges_outward(load, "down", [(start, 0), *walked], 1_000)
    assert (set(found), len(found)) == (expected, len(expected))
    # A node that is shown hangs on at least one edge; of too many edges the nearest remain.
    assert {down for _, down in found} == set(at) - {start}
    few = await edges_outward(load, "down", [(start, 0), *walked], 2)
    assert few == found[:2]


@given(graphs, st.sampled_from(NODES), st.sets(st.sampled_from(NODES)), st.integers(0, 12))
async def test_a_count_is_exact_up_to_the_limit(edges: Edges, start: int, used: set[int], limit: int) -> None:
    async def in_use(chunk: int, places: Array) -> Mask:
        return np.array([place + chunk * CHUNK in used for place in places.tolist()], np.bool_)

    exact = len(used & set(distances(edges, start, len(NODES) + 1)))
    count = await count_downstream(loading(packed(edges)), start, in_use, Budget(), limit)
    assert count == (min(exact, limit), exact > limit)


async def test_a_long_chain_is_walked_to_its_end_and_a_hub_in_one_step() -> None:
    async def everything(_: int, places: Array) -> Mask:
        return np.ones(len(places), np.bool_)

    chain = [(number, number + 1) for number in range(5_000)]
    assert await count_downstream(loading(packed(chain)), 0, everything, Budget(remaining=20_000_000)) == (5_000, False)
    hub = [(0, number) for number in range(1, 20_001)]
    load = loading(packed(hub))
    assert await count_downstream(load, 0, everything, Budget()) == (10_000, True)
    assert await count_downstream(load, 0, everything, Budget(), 20_000) == (20_000, False)
    result = await walk(load, "down", 0, 1, Budget())
    assert (result.nodes[0], len(result.nodes), result.capped) == ((1, 1), 10_000, True)


async def test_a_spent_budget_caps_this_walk_and_all_later_ones() -> None:
    chain = [(number, number + 1) for number in range(100)]
    load, budget = loading(packed(chain)), Budget(remaining=30_000)

    async def everything(_: int, places: Array) -> Mask:
        return np.ones(len(places), np.bool_)

    # Each step costs at least 3,000 nodes.
    assert await count_downstream(load, 0, everything, budget) == (10, True)
    assert await walk(load, "down", 0, 5, budget) == await walk(load, "up", 9, 5, budget)
    assert (await walk(load, "down", 0, 5, budget)).capped
