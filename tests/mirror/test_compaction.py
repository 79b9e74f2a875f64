"""Sets that no table has any more are left out; tables keep theirs."""

import random
from typing import Any

import pytest

from thirdeye.mirror import compaction
from thirdeye.mirror.compaction import compact_sets
from thirdeye.mirror.state import State


def sets_of(state: State) -> list[Any]:
    """What each table has, by what it has."""
    return [
        (
            state.owner_sets.items[owners], state.owner_sets.items[own], state.owner_sets.items[departed],
            state.tag_sets.items[tags], state.domain_sets.items[domains], state.domain_sets.items[own_domains],
            state.mark_sets.items[marks], state.product_sets.items[products], state.editors.items[editor],
        )
        for owners, own, departed, tags, domains, own_domains, marks, products, editor in zip(
            state.query["owners"], state.source["own_owners"], state.query["departed"], state.query["tags"],
            state.query["domains"], state.source["own_domains"], state.query["marks"], state.query["products"],
            state.query["editor"], strict=True,
        )
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_tables_keep_their_sets(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = random.Random(seed)
    monkeypatch.setattr(compaction, "SPARE", generator.choice([0, 3, 1_000]))
    state = State()
    state.grow(generator.randrange(0, 30))
    for number in range(40):
        state.owner_sets.number((("user", f"u{number}"),))
        state.tag_sets.number((f"T{number}",))
        state.mark_sets.number((("COLUMN", f"T{number}"),))
        state.product_sets.number((("dataProduct", f"p{number}"),))
        state.domain_sets.number((f"d{number}",))
        state.editors.number(f"e{number}")
    for columns, name in (
        (state.query, "owners"), (state.query, "departed"), (state.source, "own_owners"), (state.query, "tags"),
        (state.query, "domains"), (state.source, "own_domains"), (state.query, "marks"), (state.query, "products"),
        (state.query, "editor"),
    ):  # fmt: skip
        columns[name] = [generator.randrange(41) if generator.random() < 0.5 else 0 for _ in range(state.tables)]
    before, lists = sets_of(state), [state.owner_sets, state.tag_sets, state.domain_sets, state.editors]
    compact_sets(state)
    assert sets_of(state) == before
    assert (state.owner_sets.items[0], state.tag_sets.items[0], state.editors.items[0]) == ((), (), "")
    after = [state.owner_sets, state.tag_sets, state.domain_sets, state.editors]
    for was, now in zip(lists, after, strict=True):
        # What nobody has is at most as much as what somebody has, and the order stays.
        assert len(now.items) <= max(len(was.items), 1)
        assert [item for item in was.items if now.get(item) is not None] == now.items
        assert all(now.get(item) == place for place, item in enumerate(now.items))
    if compaction.SPARE == 0:
        used = len({*state.query["tags"].tolist(), 0})
        assert len(state.tag_sets.items) <= 2 * used
