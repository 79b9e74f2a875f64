"""What the second implementation, with which refreshes are compared, says of lineage."""

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.support.om_rows import identifier_of
from tests.support.random_om import ASSETS, RandomOM
from tests.support.second_lineage import DELETED, IDLE, UNKNOWN, USED, Graph
from tests.support.story import BUSY, CORE, Story, a_past

pytestmark = pytest.mark.unmeasured


def holds(om: RandomOM, table: str) -> tuple[bool, bool]:
    """Whether a table is in use through lineage, and whether something unknown is downstream of it."""
    _, found = Story(om).look()
    return found[table]["through_lineage"], "UNKNOWN_DOWNSTREAM" in found[table]["blockers"]


@pytest.mark.parametrize("marked", [0, 1])
def test_lineage_reaches_through_what_is_deleted(marked: int) -> None:
    om = a_past()
    raw, staging, mart = f"{CORE}.dropped_a", f"{CORE}.staging", "shop.main.mart.busy"
    om.table(staging, deleted=True)
    om.edge(identifier_of(raw), identifier_of(staging), deleted=marked)
    om.edge(identifier_of(staging), identifier_of(mart), deleted=marked)
    assert holds(om, raw) == (True, False)


def test_an_edge_marked_deleted_between_what_is_there_is_none() -> None:
    om = a_past()
    om.edge(identifier_of(f"{CORE}.dropped_a"), identifier_of(BUSY), deleted=1)
    assert holds(om, f"{CORE}.dropped_a") == (False, False)


@pytest.mark.parametrize(
    ("kind", "there", "expected"),
    [
        ("metric", "kept", (True, False)),
        ("metric", "deleted", (False, False)),
        ("metric", "missing", (False, True)),
        ("dashboard", "deleted", (False, False)),
        ("dashboard", "missing", (False, True)),
        ("hologram", "missing", (False, True)),
        ("table", "missing", (False, True)),
        ("databaseService", "missing", (False, False)),
    ],
)
def test_other_assets_downstream(kind: str, there: str, expected: tuple[bool, bool]) -> None:
    om = a_past()
    if there != "missing":
        om.add(ASSETS[kind], "looker.it", deleted=there == "deleted")
    om.edge(identifier_of(f"{CORE}.dropped_a"), identifier_of("looker.it"), ("table", kind))
    assert holds(om, f"{CORE}.dropped_a") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CREATE VIEW seen AS SELECT * FROM main.core.dropped_a", (True, False)),
        ('CREATE VIEW seen AS SELECT * FROM "CORE"."Dropped_A" AS x', (True, False)),
        # In the view's own schema there is none; the session may have looked in another.
        ("CREATE VIEW seen AS SELECT * FROM dropped_a", (False, True)),
        ("CREATE VIEW seen AS SELECT * FROM mart.dropped_a", (False, False)),
        ("CREATE VIEW seen AS SELECT (( FROM core.dropped_a", (False, True)),
        ("CREATE VIEW seen AS SELECT (( FROM core.dropped_aa", (False, False)),
        (f"CREATE VIEW seen AS SELECT * FROM other -- {'x' * 10**6}", (False, True)),
    ],
)
def test_the_text_of_a_view_that_is_read(text: str, expected: tuple[bool, bool]) -> None:
    om = a_past()
    om.table("shop.main.mart.seen", [1], tableType="View", schemaDefinition=text)
    assert holds(om, f"{CORE}.dropped_a") == expected


def test_one_edge_among_many_tables_is_no_lineage() -> None:
    om = a_past()
    for number in range(50):
        om.table(f"{CORE}.of_{number}_many")
    om.edge(identifier_of(BUSY), identifier_of(f"{CORE}.dropped_a"))
    _, found = Story(om).look()
    assert all("NO_LINEAGE" in row["blockers"] for row in found.values())


NODES = [f"n{number}" for number in range(9)]
node_states = some.lists(some.sampled_from([USED, IDLE, DELETED, UNKNOWN]), min_size=len(NODES), max_size=len(NODES))


@given(node_states, some.lists(some.tuples(some.sampled_from(NODES), some.sampled_from(NODES)), max_size=25))
def test_walks_agree_with_networkx(states: list[str], edges: list[tuple[str, str]]) -> None:
    graph, other = Graph(), networkx.DiGraph(edges)
    other.add_nodes_from(NODES)
    for node, state in zip(NODES, states, strict=True):
        graph.add(node, "table", state)
    for up, down in edges:
        graph.downstream[up].add(down)
    for node in NODES:
        lengths = networkx.single_source_shortest_path_length(other, node)
        assert graph.distances(node) == lengths
        used = {each for each in networkx.descendants(other, node) if graph.states[each] == USED}
        assert {each for _, _, each in graph.in_use_below(node)} == used - {node}
        in_circle = any(node in circle for circle in networkx.simple_cycles(other))
        assert graph.below(node) == networkx.descendants(other, node) - {node} | ({node} if in_circle else set())
