"""A list reads the columns that its question needs, and tells of each field what one item by itself tells."""

from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type

from tests.support.action_estate import Estate
from thirdeye.actions import asked_columns
from thirdeye.actions.asked_columns import columns_for
from thirdeye.actions.resolvers import items
from thirdeye.estate import loaders
from thirdeye.graphql.schema import build_schema

pytestmark = pytest.mark.anyio
# A field of each type that has some.
_OF_TYPES = {"Table": "{ fqn }", "ActionComment": "{ text }", "ActionEvent": "{ kind }", "Campaign": "{ name }"}


def selections() -> dict[str, str]:
    """Each field of an item, as it is selected."""
    item = build_schema().get_type("ActionItem")
    assert isinstance(item, GraphQLObjectType)
    found = {
        name: f"{name} {_OF_TYPES.get(get_named_type(field.type).name, '')}" for name, field in item.fields.items()
    }
    return {"__typename": "__typename", **found}


def test_every_plain_field_has_its_columns() -> None:
    assert columns_for(["title", "id"]) == ("id", "title")
    assert columns_for(["overdue"]) == ("status", "due_date")
    assert columns_for(["__typename"]) == ()
    assert columns_for(["title", "history"]) == asked_columns._ALL
    # These alone may need anything.
    assert {name for name in selections() if columns_for([name]) == asked_columns._ALL} == {"comments", "history"}


async def test_each_field_is_the_same_alone(estate: Estate) -> None:
    everything = {
        "priority": "HIGH", "assignee": "nobody", "assignee_kind": "USER", "due_date": "2026-02-01",
        "snoozed_until": "2026-04-01 00:00:00", "stage": "ANNOUNCED", "stage_since": "2026-02-27 00:00:00",
        "stage_until": "2026-03-20", "alert": "it was used", "resolution_reason": "because", "created_by": "ann",
    }  # fmt: skip
    changes = ", ".join(f"{name} = %({name})s" for name in everything)
    await estate.thirdeye.execute(f"UPDATE action_items SET {changes} WHERE category = 'PURGE'", everything)
    await estate.thirdeye.execute(
        "UPDATE action_items SET status = 'DONE', resolution = 'DISMISSED', resolved_at = '2026-02-28 00:00:00'"
        " WHERE category = 'ARCHIVE'"
    )
    asked = selections()
    ids = [item["id"] for item in await estate.items("id")]
    alone = {name: await estate.items(selection) for name, selection in asked.items()}
    for place, id_ in enumerate(ids):
        one = (await estate.api.data(f"{{ actionItem(id: {id_}) {{ {' '.join(asked.values())} }} }}"))["actionItem"]
        assert {name: items[place][name] for name, items in alone.items()} == one
    assert len(ids) >= 4


@pytest.mark.parametrize(
    ("fields", "columns"),
    [
        ("edges { cursor }", ()),
        ("totalCount", ()),
        ("edges { node { title } } edges { node { ... on ActionItem { ...More } } }", ("id", "title", "snoozed_until")),
        ("edges { node { title @skip(if: true) __typename } }", ()),
        ("edges { node { title @skip(if: false) ... @include(if: false) { id } } }", ("title",)),
    ],
)
async def test_what_fragments_ask_for_is_read(
    estate: Estate, monkeypatch: pytest.MonkeyPatch, fields: str, columns: tuple[str, ...]
) -> None:
    read = items.item_page
    asked = []

    async def item_page(*arguments: Any, **named: Any) -> Any:
        asked.append(named["columns"])
        return await read(*arguments, **named)

    monkeypatch.setattr(items, "item_page", item_page)
    more = " fragment More on ActionItem { ...Most } fragment Most on ActionItem { id snoozed }"
    await estate.api.data(f"{{ actionItems(first: 2) {{ {fields} }} }}{more if 'More' in fields else ''}")
    assert asked == [columns]


async def test_a_table_that_is_only_named_is_not_worked_out(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [item["table"] for item in await estate.items("table { __typename id name fqn zombie }")]
    worked_out = list[str]()
    read = loaders.view

    def view(*arguments: Any) -> Any:
        worked_out.append("a table")
        return read(*arguments)

    monkeypatch.setattr(loaders, "view", view)
    named = [item["table"] for item in await estate.items("table { __typename id ... on Table { name fqn } }")]
    assert worked_out == []
    assert named == [table and {key: value for key, value in table.items() if key != "zombie"} for table in whole]
    assert any(table is not None for table in named)
    await estate.items("table { fqn zombie }")
    assert worked_out
