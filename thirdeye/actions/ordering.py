"""The order of a list of items, and its cursors."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from thirdeye.actions.items import MAX_TITLE_LENGTH, Item
from thirdeye.actions.validation import validate_status
from thirdeye.errors import BadInput
from thirdeye.paging import cursor_time, decode_cursor, encode_cursor, parse_cursor_time

# By sort key the column.
SORT_COLUMNS: Final = {
    "updatedAt": "updated_at",
    "createdAt": "created_at",
    "title": "title",
    "status": "status",
    "id": "id",
}


@dataclass(frozen=True, kw_only=True)
class ItemOrder:
    """A key of SORT_COLUMNS and a direction; ids break ties in the same direction."""

    key: str
    descending: bool

    @property
    def direction(self) -> str:
        return "desc" if self.descending else "asc"

    @property
    def reverse(self) -> "ItemOrder":
        """The same list from its end."""
        return ItemOrder(key=self.key, descending=not self.descending)

    @property
    def column(self) -> str:
        return SORT_COLUMNS[self.key]


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a page begins, or ends: beyond this value of the sort key and this id."""

    value: str | int | datetime
    id: int


def parse_order(sort_by: str | None, sort_dir: str | None) -> ItemOrder:
    """The order that the arguments name; the newest changes first without any. Raises BadInput."""
    key, direction = sort_by or "updatedAt", (sort_dir or "desc").lower()
    if key not in SORT_COLUMNS:
        raise BadInput(f"sortBy: must be one of {', '.join(SORT_COLUMNS)}", "sortBy")
    if direction not in {"asc", "desc"}:
        raise BadInput("sortDir: must be asc or desc", "sortDir")
    return ItemOrder(key=key, descending=direction == "desc")


def cursor_of(item: Item, order: ItemOrder) -> str:
    """The cursor of an item within a list of this order."""
    value: str | int | datetime = getattr(item, order.column)
    text = cursor_time(value) if isinstance(value, datetime) else str(value)
    return encode_cursor(order.key, order.direction, text, item.id)


def parse_cursor(cursor: str | None, order: ItemOrder, argument: str = "after") -> Position | None:
    """Where a cursor points. Raises BadInput for a cursor that no list of this order gave."""
    if cursor is None:
        return None
    key, direction, value, id_ = decode_cursor(cursor, (str, str, str, int), argument)
    if (key, direction) != (order.key, order.direction):
        raise BadInput(f"{argument}: this cursor belongs to a list with another sortBy or sortDir", argument)
    try:
        return Position(value=_parse_value(key, value), id=_validate_id(id_))
    except (ValueError, BadInput):
        raise BadInput(f"{argument}: this is no cursor of this list", argument) from None


def _parse_value(key: str, value: str) -> str | int | datetime:
    if key in {"updatedAt", "createdAt"}:
        return parse_cursor_time(value)
    if key == "id":
        return _validate_id(int(value))
    if key == "status":
        return validate_status(value)
    # Titles that are there may be such as nobody could write now.
    if len(value) > MAX_TITLE_LENGTH:
        raise ValueError
    return value


def _validate_id(value: int) -> int:
    if not 0 <= value < 2**63:
        raise ValueError
    return value
