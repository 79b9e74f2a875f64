"""Pages that the database writes are those that would be made of its rows, whatever is in them."""

import json
import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.support.action_estate import Estate
from thirdeye.actions.listing import texts
from thirdeye.actions.listing.store import JSON_OF_FIELDS
from thirdeye.actions.ordering import SORT_COLUMNS
from thirdeye.actions.resolvers import items
from thirdeye.paging import decode_cursor

pytestmark = pytest.mark.anyio
_FIELDS: Final = " ".join(JSON_OF_FIELDS)
_PAGE: Final = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
# The same with a fragment: of that the database writes nothing.
_NOT_WRITTEN: Final = "... on ActionItem { id }"
# Whatever JSON, SQL, Base64 or the formatting of either might stumble over.
_ODD: Final = [
    "", " ", '"', "\\", "'", "%", "%%s %(cursor)s {0}", "\\n", "null", "]}", "\n\r\t\b\f", "é", "日本語", "😀", "\u2028", "\ufeff", "</script>", "~~~", "???",
    *map(chr, range(32)), *map(chr, range(127, 161)), "\ud7ff\ue000\ufffd\uffff",
]  # fmt: skip
_TEXTS: Final = ("title", "category", "priority", "resolution_reason", "assignee", "alert", "created_by")
_ROWS: Final = 150


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the database was asked to write."""
    asked = list[Any]()
    write = items.item_texts

    async def item_texts(*arguments: Any, **named: Any) -> Any:
        asked.append(named["fields"])
        return await write(*arguments, **named)

    monkeypatch.setattr(items, "item_texts", item_texts)
    return asked


def odd_row(chance: random.Random) -> dict[str, Any]:
    def text() -> str:
        return "".join(chance.choices(_ODD, k=chance.randint(0, 4)))[:60]

    def moment() -> str:
        moment = datetime(1971, 1, 1) + timedelta(
            milliseconds=chance.choice([0, 1, 999, 86_400_000]) * chance.randint(0, 20_000)
        )
        return moment.isoformat(sep=" ", timespec="milliseconds")

    def perhaps(make: Callable[[], Any]) -> Any:
        return make() if chance.random() < 0.8 else None

    return {
        **{name: perhaps(text) for name in _TEXTS},
        "title": text(),
        "status": chance.choice(["OPEN", "IN_PROGRESS", "DONE"]),
        "assignee_kind": chance.choice(["USER", "TEAM", None]),
        "detected": chance.randint(0, 1),
        "version": chance.randint(1, 2**31 - 1),
        "estimated_savings_usd": perhaps(lambda: Decimal(chance.choice(["0", "0.000001", "12.5", "99999999999999.999999"]))),
        **{name: moment()[:19] for name in ("created_at", "updated_at")},
        **{name: perhaps(moment) for name in ("resolved_at", "snoozed_until", "stage_since")},
        **{name: perhaps(lambda: moment()[:10]) for name in ("due_date", "stage_until")},
    }  # fmt: skip


async def fill(estate: Estate) -> None:
    chance = random.Random(20_261_129)
    for _ in range(_ROWS):
        row = odd_row(chance)
        values = ", ".join(f"%({name})s" for name in row)
        await estate.thirdeye.execute(f"INSERT INTO action_items ({', '.join(row)}) VALUES ({values})", row)


async def page(estate: Estate, arguments: str, selection: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await estate.api.data(f"{{ actionItems({arguments}) {{ {selection} }} }}"))["actionItems"]
    return answer


def comparable(answer: dict[str, Any]) -> str:
    """With its keys in order; cursors as what they hold, for servers write some control characters in other letters."""
    text = json.dumps(answer)
    assert not re.search(r'(?i)cursor": "[^"]*[+/=]', text)
    return re.sub(
        r'(?i)(cursor": ")([^"]+)', lambda found: found[1] + str(decode_cursor(found[2], [str, str, str, int])), text
    )


async def test_it_is_what_would_be_made_of_the_rows(estate: Estate, written: list[Any]) -> None:
    await fill(estate)
    seen = 0
    for key in SORT_COLUMNS:
        for direction in ("asc", "desc"):
            for size, place in (("first", "after"), ("last", "before")):
                cursor = None
                while True:
                    order = f'sortBy: "{key}", sortDir: "{direction}", {size}: 40'
                    arguments = order if cursor is None else f'{order}, {place}: "{cursor}"'
                    whole = await page(estate, arguments, f"edges {{ cursor node {{ {_FIELDS} }} }} {_PAGE} totalCount")
                    made = await page(
                        estate, arguments, f"edges {{ cursor node {{ {_FIELDS} {_NOT_WRITTEN} }} }} {_PAGE} totalCount"
                    )
                    assert comparable(whole) == comparable(made)
                    seen += len(whole["edges"])
                    information = whole["pageInfo"]
                    cursor = information["endCursor" if size == "first" else "startCursor"]
                    if not information["hasNextPage" if size == "first" else "hasPreviousPage"]:
                        break
    assert seen >= _ROWS * len(SORT_COLUMNS) * 4
    assert len(written) * 40 >= seen


async def test_keys_are_in_the_order_and_by_the_names_that_were_asked_for(estate: Estate, written: list[Any]) -> None:
    selection = "edges { of: __typename at: node { what: title __typename number: id title } where: cursor }"
    answer = await page(estate, "first: 1", selection)
    (edge,) = answer["edges"]
    assert list(edge) == ["of", "at", "where"]
    assert list(edge["at"]) == ["what", "__typename", "number", "title"]
    assert (edge["of"], edge["at"]["__typename"]) == ("ActionItemEdge", "ActionItem")
    assert edge["at"]["what"] == edge["at"]["title"]
    assert len(written) == 1
    assert await page(estate, "first: 1", selection.replace("title }", "title ... on ActionItem { title } }")) == answer
    assert len(written) == 1


@pytest.mark.parametrize(
    ("selection", "is_written"),
    [
        ("edges { node { id title } }", True),
        ("all: edges { node { id } cursor } totalCount", True),
        ("edges { node { id } node { title } }", False),
        ("edges { node { id } } more: edges { node { title } }", False),
        ("edges { cursor }", False),
        ("totalCount", False),
        ("edges { node { id id } }", False),
        ("edges { node { id stage } }", False),
        ("edges { node { id resolution } }", False),
        ("edges { node { id overdue } }", False),
        ("edges { node { id table { fqn } } }", False),
        ("edges { node { id @skip(if: false) } }", False),
        ("edges @include(if: true) { node { id } }", False),
        ("... { edges { node { id } } }", False),
        ("edges { ... { node { id } } }", False),
        ("edges { node { ...Number } }", False),
        ("edges { node { comments(first: 1) { text } } }", False),
    ],
)
async def test_the_database_writes_what_is_in_rows_alone(
    estate: Estate, written: list[Any], selection: str, is_written: bool
) -> None:
    fragment = " fragment Number on ActionItem { id }" if "Number" in selection else ""
    answer = await estate.api.data(f"{{ actionItems(first: 2) {{ {selection} }} }}{fragment}")
    assert bool(written) is is_written
    assert answer["actionItems"]


async def test_two_lists_in_one_question_are_two_pages(estate: Estate, written: list[Any]) -> None:
    answer = await estate.api.data(
        "{ a: actionItems(first: 1) { edges { node { id } } } b: actionItems(first: 2) { edges { node { id title } } }"
        " c: actionItems(first: 1) { edges { node { id } } } ... { c: actionItems(first: 1) { totalCount } } }"
    )
    assert [len(answer[name]["edges"]) for name in "abc"] == [1, 2, 1]
    assert [list(answer[name]["edges"][0]["node"]) for name in "abc"] == [["id"], ["id", "title"], ["id"]]
    assert answer["c"]["totalCount"] >= 4
    assert len(written) == 2


async def test_what_is_asked_is_worked_out_once_for_a_document(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[str]()
    plain_fields = texts.plain_fields
    monkeypatch.setattr(texts, "plain_fields", lambda node: seen.append(node.name.value) or plain_fields(node))
    # Documents are kept for as long as the process: this one was asked by nobody else.
    question = (
        f"query q{uuid4().hex}($first: Int) {{ actionItems(first: $first) {{ edges {{ node {{ id version }} }} }} }}"
    )
    answers = [await estate.api.data(question, first=first) for first in (1, 2, 1)]
    assert [len(answer["actionItems"]["edges"]) for answer in answers] == [1, 2, 1]
    assert seen == ["actionItems", "edges", "node"]
    await estate.api.data(question.replace("version", "title"), first=1)
    assert seen == ["actionItems", "edges", "node"] * 2
