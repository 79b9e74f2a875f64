"""Which columns of an item the fields of its answer are made of: a list reads no others."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Final

from graphql.pyutils import snake_to_camel

from thirdeye.actions.items import Item

_ALL: Final = tuple(field.name for field in fields(Item))
# By field of the API. What else there is may need anything.
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "__typename": (),
    **{snake_to_camel(name, upper=False): (name,) for name in _ALL},
    "projectedSavingUsd": ("estimated_savings_usd",),
    "overdue": ("due_date", "status"),
    "snoozed": ("snoozed_until",),
    "table": ("table_number",),
    "priceBasis": ("table_number",),
    "assigneeWarning": ("assignee", "assignee_kind"),
    "mayChange": ("table_number", "assignee", "assignee_kind"),
    "realizedSavingUsd": ("id", "table_number", "category"),
    "savingNote": ("id", "table_number", "category", "status", "resolution"),
    "campaigns": ("id",),
}


def columns_for(asked: Iterable[str]) -> tuple[str, ...]:
    """The columns that these fields of `ActionItem` are made of, in the order of `Item`."""
    needed = set[str]()
    for name in asked:
        if name not in _COLUMNS:
            return _ALL
        needed.update(_COLUMNS[name])
    return tuple(name for name in _ALL if name in needed)
