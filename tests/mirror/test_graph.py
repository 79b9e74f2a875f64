"""Graphs with deleted, absent and unknown nodes, against networkx; and what counts as a mass absence."""

import networkx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.inventory.columns import FIRST_ASSET, MISSING, PRESENT
from thirdeye.inventory.lineage import adjacency
from thirdeye.mirror.edges import IN_OM, KEPT, MARKED_DELETED
from thirdeye.mirror.lineage import find_nearest, graph_of
from thirdeye.mirror.state import State
from thirdeye.mirror.views.lineage import TextLineage
from thirdeye.mirror.warnings import RefreshWarnings
from thirdeye.verdict.propagation import have_downstream

HOUR, DAY = 60, 24 * 60
TABLES = 6
NODES = TABLES + 4
NODE = st.integers(0, NODES - 1)
TABLE = st.integers(0, TABLES - 1)


def state_of(deleted: set[int], unknown: set[int], edges: list[tuple[int, int, int]]) -> State:
    state = State()
    state.grow(TABLES)
    state.asset.grow(NODES - TABLES)
    state.source["id"] = np.array([bytes([65, number + 1]) for number in range(TABLES)], "S16")
    state.asset["id"] = np.array([bytes([66, number + 1]) for number in range(NODES - TABLES)], "S16")
    state.asset_kinds.number("dashboard")
    state.query["flags"] = np.array([0 if number in deleted else PRESENT for number in range(TABLES)])
    assets = range(TABLES, NODES)
    state.asset["unknown"] = np.array([MISSING * (number in unknown) for number in assets])
    state.asset["alive"] = np.array([number not in deleted | unknown for number in assets])
    numbers = [number if number < TABLES else number - TABLES + FIRST_ASSET for number in range(NODES)]
    state.upstream = np.array([numbers[up] for up, _, _ in edges], np.uint32)
    state.downstream = np.array([numbers[down] for _, down, _ in edges], np.uint32)
    state.edge_state = np.array([kind for _, _, kind in edges], np.uint8)
    return state


@given(
    st.sets(NODE),
    st.sets(st.integers(TABLES, NODES - 1)),
    st.lists(st.tuples(NODE, NODE, st.sampled_from((IN_OM, MARKED_DELETED, KEPT))), max_size=20),
    st.lists(st.tuples(TABLE, TABLE), max_size=5),
    st.sets(NODE),
)
def test_graphs_with_deleted_nodes(
    deleted: set[int],
    unknown: set[int],
    edges: list[tuple[int, int, int]],
    text: list[tuple[int, int]],
    used: set[int],
) -> None:
    state = state_of(deleted, unknown, edges)
    in_use = np.array([number in used for number in range(NODES)])
    state.asset["in_use"] = in_use[TABLES:]
    up, down = np.array(text, np.uint32).reshape(-1, 2).T
    graph = graph_of(state, TextLineage(up, down), RefreshWarnings())
    nearest = find_nearest(state, graph, in_use[:TABLES])
    unsettled = deleted | unknown
    expected = networkx.DiGraph(text)
    expected.add_nodes_from(range(NODES))
    expected.add_edges_from((a, b) for a, b, kind in edges if kind != MARKED_DELETED or {a, b} & unsettled)
    below = {node: networkx.descendants(expected, node) for node in expected}
    assert nearest.any.tolist() == [bool(below[node] & used - unsettled) for node in range(NODES)]
    seen = have_downstream(adjacency(graph.targets, graph.sources, graph.nodes), graph.unknown)
    loops = {node for node in expected if any(node in below[each] | {each} for each in expected.successors(node))}
    assert seen.tolist() == [bool((below[node] | ({node} & loops)) & unknown) for node in range(NODES)]
