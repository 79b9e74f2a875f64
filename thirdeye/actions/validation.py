"""What an action item may hold, and how lists of them are ordered: checks of arguments as pure functions."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from thirdeye.actions.enums import STATUSES, TITLE_LENGTH
from thirdeye.errors import BadInput
from thirdeye.paging import decode_cursor, encode_cursor

SORT_KEYS: Final = ("updatedAt", "createdAt", "title", "status", "id")
SEARCH_LENGTH: Final = 255
_COLUMN: Final = {"updatedAt": "updated_at", "createdAt": "created_at"}
_LONGEST_NAME: Final = 256
_LONGEST_TEXT: Final = 1000
_MOST_USD: Final = Decimal("1e12")


@dataclass(frozen=True, kw_only=True)
class ItemOrder:
    """The order of a list: a key of SORT_KEYS, its direction, ids breaking ties the same way."""

    key: str
    descending: bool

    @property
    def direction(self) -> str:
        return "desc" if self.descending else "asc"


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a page begins: after this value of the sort key and this id."""

    value: Any
    id: int


def _validate_text(value: str, argument: str, *, lines: bool = False) -> str:
    # Composed, so that a search ignores accents however they were typed.
    text = unicodedata.normalize("NFC", value).strip()
    allowed = {"\n", "\t"} if lines else set()
    if any(unicodedata.category(character) in {"Cc", "Cs"} and character not in allowed for character in text):
        raise BadInput(f"{argument}: must not hold control characters", argument)
    return text


def validate_title(value: str, argument: str = "title") -> str:
    """The title, trimmed. Raises BadInput unless it has 1 to 255 characters and no control character."""
    title = _validate_text(value, argument)
    if not 1 <= len(title) <= TITLE_LENGTH:
        raise BadInput(f"{argument}: must have 1 to {TITLE_LENGTH} characters", argument)
    return title


def validate_text(value: str, argument: str) -> str:
    """A text that a person wrote, trimmed, maybe of several lines. Raises BadInput unless it has 1 to 1000 characters."""
    text = _validate_text(value.replace("\r\n", "\n"), argument, lines=True)
    if not 1 <= len(text) <= _LONGEST_TEXT:
        raise BadInput(f"{argument}: must have 1 to {_LONGEST_TEXT} characters", argument)
    return text


def validate_name(value: str, argument: str) -> str:
    """The name of a user or team, as tokens have it: lower case. Raises BadInput for what cannot be one."""
    name = _validate_text(value, argument).lower()
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise BadInput(f"{argument}: must be a name of 1 to {_LONGEST_NAME} characters", argument)
    return name


def validate_amount(value: Decimal, argument: str) -> Decimal:
    """An amount of money with up to six decimals. Raises BadInput for any other."""
    if not 0 <= value <= _MOST_USD or value != round(value, 6):
        raise BadInput(f"{argument}: must be 0 to 10^12 with up to six decimals", argument)
    return value


def validate_status(value: str) -> str:
    """A known status. Raises BadInput for any other."""
    if value not in STATUSES:
        raise BadInput(f"status: must be one of {', '.join(STATUSES)}", "status")
    return value


def validate_search(value: str | None) -> str | None:
    """The words to look for; None when there are none. Raises BadInput over 255 characters."""
    text = _validate_text(value or "", "search")
    if len(text) > SEARCH_LENGTH:
        raise BadInput(f"search: must have at most {SEARCH_LENGTH} characters", "search")
    return text or None


def validate_order(sort_by: str | None, sort_dir: str | None) -> ItemOrder:
    """The order asked for. Raises BadInput for an unknown key or direction."""
    key, direction = sort_by or "updatedAt", sort_dir or "desc"
    if key not in SORT_KEYS:
        raise BadInput(f"sortBy: must be one of {', '.join(SORT_KEYS)}", "sortBy")
    if direction.lower() not in {"asc", "desc"}:
        raise BadInput("sortDir: must be asc or desc", "sortDir")
    return ItemOrder(key=key, descending=direction.lower() == "desc")


def cursor_of(item: dict[str, Any], order: ItemOrder) -> str:
    """The cursor of an item within a list of this order."""
    value = item[_COLUMN.get(order.key, order.key)]
    if isinstance(value, datetime):
        value = value.isoformat()
    return encode_cursor(order.key, order.direction, str(value), item["id"])


def position_of(cursor: str | None, order: ItemOrder) -> Position | None:
    """Where a cursor points. Raises BadInput for one that was not made by a list of this order."""
    if cursor is None:
        return None
    key, direction, value, id_ = decode_cursor(cursor, (str, str, str, int))
    if (key, direction) != (order.key, order.direction):
        raise BadInput("after: this cursor belongs to a list with another sortBy or sortDir", "after")
    return Position(value=_sort_value(key, value), id=_known_id(id_))


def _sort_value(key: str, value: str) -> Any:
    try:
        if key in {"updatedAt", "createdAt"}:
            return datetime.fromisoformat(value).replace(tzinfo=None)
        if key == "id":
            return _known_id(int(value))
        return validate_status(value) if key == "status" else validate_title(value)
    except (ValueError, BadInput):
        raise BadInput("after: this is no cursor of this list", "after") from None


def _known_id(value: int) -> int:
    if not 0 <= value < 2**63:
        raise BadInput("after: this is no cursor of this list", "after")
    return value
