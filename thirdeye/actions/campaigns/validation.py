"""Checks of the arguments of campaigns. Pure; raises BadInput that names the argument."""

from datetime import date

from thirdeye.actions.validation import Input, validate_amount, validate_due_date, validate_name, validate_title


def parse_campaign(fields: Input, today: date) -> dict[str, object]:
    """The columns that an input names, except its filter. Null empties what may be empty."""
    columns = dict[str, object]()
    if fields.get("name") is not None:
        columns["name"] = validate_title(fields["name"], "name")
    if fields.get("owner") is not None:
        columns["owner"] = validate_name(fields["owner"], "owner")
    if "goalUsd" in fields:
        goal = fields["goalUsd"]
        columns["goal_usd"] = None if goal is None else validate_amount(goal, "goalUsd")
    if "dueDate" in fields:
        columns["due_date"] = validate_due_date(fields["dueDate"], today)
    return columns
