"""Checks of the arguments of action items, campaigns and rules. Pure; all raise BadInput that names the argument."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from thirdeye.actions.items import MAX_TITLE_LENGTH, STATUSES, Columns, ColumnValue
from thirdeye.errors import BadInput, NotFound
from thirdeye.text import clean_text

# An input object of the API, of the types that the schema gives its fields.
Input = Mapping[str, Any]
Value = TypeVar("Value")
_MAX_SEARCH_LENGTH: Final = 255
_MAX_NAME_LENGTH: Final = 256
_MAX_TEXT_LENGTH: Final = 1000
_MAX_USD: Final = Decimal("1e12")
_MAX_WAITING_DAYS: Final = 365
_TEN_YEARS: Final = timedelta(days=3660)
_MAX_POSITION: Final = 10_000
_MAX_ITEMS: Final = 100_000
# By column the field that a new rule needs.
_REQUIRED: Final = {"name": "name", "category": "category", "priority": "priority", "table_filter": "filter"}


def require(value: Value | None, noun: str, id_: int) -> Value:
    """What has this id. Raises NotFound when nothing has."""
    if value is None:
        raise NotFound(f"id: there is no {noun} {id_}", argument="id")
    return value


def validate_title(value: str, argument: str = "title") -> str:
    """The title, trimmed: 1 to 255 characters without control characters."""
    return clean_text(value, argument, longest=MAX_TITLE_LENGTH)


def validate_text(value: str, argument: str) -> str:
    """A text that a person wrote, trimmed: 1 to 1000 characters, maybe of several lines."""
    return clean_text(value, argument, longest=_MAX_TEXT_LENGTH, lines=True)


def validate_name(value: str, argument: str) -> str:
    """The name of a user or team, in lower case as tokens have it."""
    name = clean_text(value, argument, longest=_MAX_NAME_LENGTH).lower()
    if not name.isprintable() or len(name) > _MAX_NAME_LENGTH:
        raise BadInput(f"{argument}: must be a name of 1 to {_MAX_NAME_LENGTH} characters", argument)
    return name


def validate_amount(value: Decimal, argument: str) -> Decimal:
    """An amount of money with up to six decimals."""
    if not 0 <= value <= _MAX_USD or value != round(value, 6):
        raise BadInput(f"{argument}: must be 0 to 10^12 with up to six decimals", argument)
    return value


def validate_number(value: int, argument: str, lowest: int, highest: int) -> int:
    """A number within bounds, both included."""
    if not lowest <= value <= highest:
        raise BadInput(f"{argument}: must be {lowest} to {highest}", argument)
    return value


def validate_list(values: list[Value] | None, argument: str, limit: int, noun: str = "") -> list[Value]:
    """The values; none for null. Raises BadInput for more than `limit`."""
    if len(values or ()) > limit:
        raise BadInput(f"{argument}: at most {limit} {noun}".rstrip(), argument)
    return values or []


def validate_status(value: str) -> str:
    """A known status."""
    if value not in STATUSES:
        raise BadInput(f"status: must be one of {', '.join(STATUSES)}", "status")
    return value


def validate_search(value: str | None) -> str | None:
    """The text to search for, up to 255 characters; None when there is none."""
    return clean_text(value or "", "search", longest=_MAX_SEARCH_LENGTH, shortest=0) or None


def validate_due_date(due: date | None, today: date) -> date | None:
    """A day from today to ten years ahead, or none."""
    if due is not None and not today <= due <= today + _TEN_YEARS:
        raise BadInput("dueDate: must be from today to ten years ahead", "dueDate")
    return due


def validate_snooze(until: datetime | None, now: datetime) -> datetime | None:
    """A moment from now to ten years ahead, or none; as the database has it."""
    if until is not None and not now < until <= now + _TEN_YEARS:
        raise BadInput("snoozedUntil: must be in the future, at most ten years ahead", "snoozedUntil")
    return None if until is None else until.replace(microsecond=0)


def validate_waiting_days(days: int | None) -> int | None:
    """Days to wait in a stage, or none for its own."""
    return None if days is None else validate_number(days, "waitingDays", 0, _MAX_WAITING_DAYS)


def parse_changes(changes: Input) -> Columns:
    """The columns that a change of an item names; dates are left to `validate_dates`. Null empties what may be empty."""
    columns = dict[str, ColumnValue]()
    if changes.get("title") is not None:
        columns["title"] = validate_title(changes["title"])
    if changes.get("status") is not None:
        columns["status"] = validate_status(changes["status"])
    columns |= {name: changes[name] for name in ("priority", "resolution") if changes.get(name) is not None}
    if changes.get("resolutionReason") is not None:
        columns["resolution_reason"] = validate_text(changes["resolutionReason"], "resolutionReason")
    if "assignee" in changes:
        assignee = changes["assignee"]
        columns["assignee"] = None if assignee is None else validate_name(assignee, "assignee")
        columns["assignee_kind"] = None if assignee is None else changes.get("assigneeKind")
    if changes.get("assigneeKind") is not None and changes.get("assignee") is None:
        raise BadInput("assigneeKind: goes with an assignee", "assigneeKind")
    dates = {"dueDate": "due_date", "snoozedUntil": "snoozed_until"}
    return columns | {column: changes[name] for name, column in dates.items() if name in changes}


def parse_campaign(fields: Input, today: date) -> dict[str, object]:
    """The columns that an input of a campaign names, except its filter. Null empties what may be empty."""
    columns = dict[str, object]()
    if fields.get("name") is not None:
        columns["name"] = validate_title(fields["name"], "name")
    if fields.get("owner") is not None:
        columns |= {"owner": validate_name(fields["owner"], "owner"), "owner_kind": fields.get("ownerKind")}
    elif fields.get("ownerKind") is not None:
        raise BadInput("ownerKind: goes with an owner", "ownerKind")
    if "goalUsd" in fields:
        goal = fields["goalUsd"]
        columns["goal_usd"] = None if goal is None else validate_amount(goal, "goalUsd")
    if "dueDate" in fields:
        columns["due_date"] = validate_due_date(fields["dueDate"], today)
    return columns


def parse_rule(fields: Input) -> dict[str, Any]:
    """The columns that an input of a rule names, except its filter."""
    columns = {name: fields[name] for name in ("category", "priority") if fields.get(name) is not None}
    if fields.get("name") is not None:
        columns["name"] = validate_title(fields["name"], "name")
    if fields.get("position") is not None:
        columns["position"] = validate_number(fields["position"], "position", 0, _MAX_POSITION)
    if fields.get("maximumItems") is not None:
        columns["maximum_items"] = validate_number(fields["maximumItems"], "maximumItems", 1, _MAX_ITEMS)
    if fields.get("enabled") is not None:
        columns["enabled"] = int(fields["enabled"])
    return columns


def check_required(columns: Collection[str]) -> None:
    """Raises BadInput for a new rule that lacks a column."""
    for column, field in _REQUIRED.items():
        if column not in columns:
            raise BadInput(f"{field}: a new rule needs one", field)


def validate_dates(changes: Input, now: datetime) -> Columns:
    """The columns with dates of a change, checked against the time it is made."""
    dates = dict[str, ColumnValue]()
    if "due_date" in changes:
        dates["due_date"] = validate_due_date(changes["due_date"], now.date())
    if "snoozed_until" in changes:
        dates["snoozed_until"] = validate_snooze(changes["snoozed_until"], now)
    return dates
