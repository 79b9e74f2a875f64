"""The order of lists of items, and their cursors."""

from datetime import UTC, datetime

import pytest

from thirdeye.actions.items import Item
from thirdeye.actions.ordering import SORT_COLUMNS, ItemOrder, Position, cursor_of, parse_cursor, parse_order
from thirdeye.errors import BadInput
from thirdeye.paging import encode_cursor


def test_order_has_defaults_and_a_fixed_list_of_keys() -> None:
    assert parse_order(None, None) == ItemOrder(key="updatedAt", descending=True)
    assert parse_order("title", "ASC") == ItemOrder(key="title", descending=False)
    for arguments in (("title; drop", None), ("updated_at", None), (None, "up")):
        with pytest.raises(BadInput, match="sort"):
            parse_order(*arguments)


ITEM = Item(
    id=7, version=1, title="T", status="OPEN", category=None, priority=None, estimated_savings_usd=None, table_number=None,
    detected=0, decided=0, snoozed_until=None, stage=None, stage_since=None, stage_until=None, alert=None,
    assignee=None, assignee_kind=None,
    due_date=None, rule_id=None, created_by=None, created_at=datetime(2026, 1, 1, tzinfo=UTC), updated_at=datetime(2026, 1, 2, 3, tzinfo=UTC),
)  # fmt: skip


@pytest.mark.parametrize("key", SORT_COLUMNS)
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_a_cursor_leads_back_to_its_place(key: str, direction: str) -> None:
    order = parse_order(key, direction)
    position = parse_cursor(cursor_of(ITEM, order), order)
    assert position == Position(value=getattr(ITEM, SORT_COLUMNS[key]), id=7)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "====",
        "x" * 5000,
        encode_cursor("title", "desc", "T", 7),
        encode_cursor("updatedAt", "asc", "2026-01-01T00:00:00", 7),
        encode_cursor("updatedAt", "desc", "yesterday", 7),
        encode_cursor("updatedAt", "desc", "2026-01-01T00:00:00", -1),
        encode_cursor("updatedAt", "desc", "2026-01-01T00:00:00", 2**63),
        encode_cursor("updatedAt", "desc", 5, 7),
        encode_cursor("updatedAt", "desc"),
    ],
)
def test_foreign_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(BadInput, match="after"):
        parse_cursor(cursor, parse_order(None, None))
