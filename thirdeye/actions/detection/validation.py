"""Checks of the arguments of rules. Pure; raises BadInput that names the argument."""

from collections.abc import Collection
from typing import Any, Final

from thirdeye.actions.validation import Input, validate_number, validate_title
from thirdeye.errors import BadInput

_REQUIRED: Final = {"name": "name", "category": "category", "priority": "priority", "table_filter": "filter"}
_MAX_POSITION: Final = 10_000
_MAX_ITEMS: Final = 100_000


def parse_rule(fields: Input) -> dict[str, Any]:
    """The columns that an input names, except its filter."""
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
