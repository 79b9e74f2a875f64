"""What several fields of a request need is read and made once, however many ask for it."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from tests.support.api import Api
from thirdeye.actions.detection import store as detection
from thirdeye.database import MySQL
from thirdeye.estate import loaders
from thirdeye.inventory import store as inventory

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]
PREVIEW = (
    'previewActionRule(input: {name: "x", category: %s, priority: LOW, filter: {zombie: %s}}) { opens tables { fqn } }'
)


async def test_a_table_in_many_lists_is_read_and_made_once(scored_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    read, made = Counter[int](), Counter[int]()
    rows_by_number, view = inventory.rows_by_number, loaders.view

    async def rows(thirdeye: MySQL, numbers: Sequence[int]) -> Any:
        read.update(numbers)
        return await rows_by_number(thirdeye, numbers)

    def noted(context: Any, snapshot: Any, row: Any, shown: Any) -> Any:
        made[row["number"]] += 1
        return view(context, snapshot, row, shown)

    monkeypatch.setattr(inventory, "rows_by_number", rows)
    monkeypatch.setattr(loaders, "view", noted)
    lists = " ".join(f"a{n}: tables(first: {n + 8}) {{ edges {{ node {{ fqn }} }} }}" for n in range(4))
    answer = await scored_api.data(
        f"{{ {lists} verdicts {{ biggestBlocked {{ fqn }} recentlyChanged {{ table {{ fqn }} }} }}"
        f" estate {{ mostExpensiveTables {{ fqn }} }} {PREVIEW % ('PURGE', 'true')} }}"
    )
    names = [[edge["node"]["fqn"] for edge in answer[f"a{n}"]["edges"]] for n in range(4)]
    assert [len(each) for each in names] == [8, 9, 10, 11]
    assert all(longer[: len(shorter)] == shorter for shorter, longer in pairwise(names))
    assert [table["fqn"] for table in answer["estate"]["mostExpensiveTables"]] == names[3][:10]
    assert set(read.values()) == set(made.values()) == {1}
    # And the next request reads anew.
    await scored_api.data("{ tables(first: 1) { edges { node { fqn } } } }")
    assert max(read.values()) == 2


async def test_previews_of_a_request_look_at_the_same(scored_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [PREVIEW % each for each in (("PURGE", "true"), ("REVIEW_EXPENSIVE", "false"))]
    alone = [(await scored_api.data(f"{{ a: {each} }}"))["a"] for each in asked]
    read = Counter[str]()

    def counting(name: str) -> None:
        original = getattr(detection, name)

        async def counted(thirdeye: MySQL) -> Any:
            read[name] += 1
            return await original(thirdeye)

        monkeypatch.setattr(detection, name, counted)

    counting("open_items")
    counting("decisions")
    aliases = " ".join(f"a{n}: {each}" for n, each in enumerate(asked * 3))
    answer = await scored_api.data(f"{{ {aliases} }}")
    assert [answer[f"a{n}"] for n in range(6)] == alone * 3
    assert read == {"open_items": 1, "decisions": 1}
