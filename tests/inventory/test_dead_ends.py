"""Dead ends against a plain second implementation, and at sizes where nothing may be slow or recursive."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.second_dead_ends import second_dead_ends
from thirdeye.inventory import dead_ends
from thirdeye.inventory.columns import Array
from thirdeye.inventory.dead_ends import DeadEnds, Lineage, connected, find_dead_ends, reaching
from thirdeye.inventory.lineage import adjacency

TABLES, NODES = 9, 13
NODE = st.integers(0, NODES - 1)
Pairs = list[tuple[int, int]]


def found_in(
    pairs: Pairs,
    *,
    tables: int = TABLES,
    nodes: int = NODES,
    deleted: set[int] = frozenset(),  # type: ignore[assignment]
    needed: set[int] = frozenset(),  # type: ignore[assignment]
    series: Array | None = None,
) -> DeadEnds:
    sources, targets = np.array(pairs, np.int32).reshape(-1, 2).T
    return find_dead_ends(
        Lineage(
            sources,
            targets,
            np.zeros(tables, np.int32) if series is None else series,
            ~np.isin(np.arange(nodes), list(deleted)),
            np.isin(np.arange(nodes), list(needed)),
        )
    )


def told(found: DeadEnds) -> list[tuple[dict[int, int], int]]:
    """Each set with the steps of its tables, and the number of its other assets."""
    sets = dict[int, dict[int, int]]()
    for number, lowest, step in zip(found.numbers.tolist(), found.sets.tolist(), found.steps.tolist(), strict=True):
        sets.setdefault(lowest, {})[number] = step
    assets = found.asset_sets.tolist()
    return [(steps, assets.count(lowest)) for lowest, steps in sorted(sets.items())]


@pytest.mark.parametrize("few", [0, 200])
@given(
    pairs=st.lists(st.tuples(NODE, NODE), max_size=25),
    deleted=st.sets(NODE),
    needed=st.sets(NODE, max_size=4),
    series=st.lists(st.integers(0, 2), min_size=TABLES, max_size=TABLES),
)
@example(pairs=[(0, 1), (1, 2), (2, 0)], deleted=set(), needed=set(), series=[0] * TABLES)
@example(pairs=[(0, 1), (1, 2), (2, 3)], deleted={1}, needed={3}, series=[0] * TABLES)
@example(pairs=[(0, 10), (1, 10)], deleted={10}, needed=set(), series=[0] * TABLES)
def test_sets_and_steps_equal_the_second_ones(
    few: int, pairs: Pairs, deleted: set[int], needed: set[int], series: list[int]
) -> None:
    numbers = [0 if number in deleted else each for number, each in enumerate(series)]
    with pytest.MonkeyPatch.context() as patch:
        # From how many on nodes are walked together.
        patch.setattr(dead_ends, "_FEW", max(few, 1))
        found = found_in(pairs, deleted=deleted, needed=needed, series=np.array(numbers, np.int32))
    downstream = {node: {down for up, down in pairs if up == node} for node in range(NODES)}
    expected = second_dead_ends(
        downstream,
        set(range(TABLES)) - deleted,
        set(range(TABLES, NODES)) - deleted,
        needed,
        [[number for number in range(TABLES) if numbers[number] == each] for each in (1, 2) if each in numbers],
    )
    assert told(found) == sorted(((each.steps, each.assets) for each in expected), key=lambda each: min(each[0]))


def test_large_random_lineage_equals_the_second_one() -> None:
    random, count = np.random.default_rng(7), 1_200
    pairs = [(int(up), int(down)) for up, down in random.integers(0, count, (1_500, 2))]
    needed = set(random.choice(count, 60, replace=False).tolist())
    found = found_in(pairs, tables=count, nodes=count, needed=needed)
    downstream = {node: {down for up, down in pairs if up == node} for node in range(count)}
    expected = second_dead_ends(downstream, set(range(count)), set(), needed, [])
    assert told(found) == sorted(((each.steps, 0) for each in expected), key=lambda each: min(each[0]))
    assert max(found.steps) > 3


def test_an_empty_estate_has_none_and_one_table_is_one() -> None:
    assert told(found_in([], tables=0, nodes=0)) == []
    assert told(found_in([], tables=1, nodes=1)) == [({0: 1}, 0)]
    assert told(found_in([], tables=1, nodes=1, needed={0})) == []
    assert told(found_in([(0, 0)], tables=1, nodes=1)) == [({0: 1}, 0)]


def test_what_is_downstream_goes_first_and_a_circle_at_once() -> None:
    found = found_in([(0, 1), (1, 2), (2, 1), (2, 3)], tables=4, nodes=4)
    assert told(found) == [({0: 3, 1: 2, 2: 2, 3: 1}, 0)]


def test_unused_dashboards_are_counted_and_take_no_step() -> None:
    assert told(found_in([(0, 2), (1, 0)], tables=2, nodes=3)) == [({0: 1, 1: 2}, 1)]


def test_assets_without_dead_tables_are_no_set() -> None:
    assert told(found_in([(1, 2)], tables=1, nodes=3, needed={0})) == []


MILLION = 1_000_000
# What takes a million steps takes three times as long under coverage.
LENGTHS = pytest.mark.parametrize("length", [2_000, pytest.param(MILLION, marks=pytest.mark.unmeasured)])


def chain(order: Array, length: int) -> DeadEnds:
    nothing = np.zeros(length, np.bool_)
    return find_dead_ends(Lineage(order[:-1], order[1:], np.zeros(length, np.int32), ~nothing, nothing))


@LENGTHS
def test_a_chain_is_one_set_of_as_many_steps(length: int) -> None:
    order = np.random.default_rng(3).permutation(length).astype(np.int32)
    found = chain(order, length)
    assert not found.sets.any()
    assert np.array_equal(found.numbers, order[::-1])
    assert np.array_equal(found.steps, np.arange(1, length + 1))


@LENGTHS
def test_a_circle_goes_in_one_step(length: int) -> None:
    order = np.arange(length, dtype=np.int32)
    found = chain(np.append(order, order[:1]), length)
    assert (len(found.numbers), found.sets.max(), found.steps.max()) == (length, 0, 1)


@LENGTHS
def test_use_at_the_end_of_a_chain_reaches_its_beginning(length: int) -> None:
    order, in_use = np.arange(length, dtype=np.int32), np.zeros(length, np.bool_)
    in_use[-1] = True
    assert reaching(adjacency(order[1:], order[:-1], length), in_use).all()
    lineage = Lineage(order[:-1], order[1:], np.zeros(length, np.int32), np.ones(length, np.bool_), in_use)
    assert len(find_dead_ends(lineage).numbers) == 0


def test_joined_nodes_have_one_label_whatever_the_order_of_edges() -> None:
    pairs = np.random.default_rng(5).permutation(
        np.array([[each, each + 1] for each in range(998) if each % 100 != 99])
    )
    labels = connected(pairs[:, 0], pairs[:, 1], 1_000)
    assert np.array_equal(labels[:998], np.arange(998) // 100 * 100)
