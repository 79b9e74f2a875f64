"""Items as answers: keys are those of the API's `ActionItem`."""

from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, TypedDict

from graphql.pyutils import snake_to_camel

from thirdeye.actions.items import Item, StoredEvent
from thirdeye.actions.rules import shown


class ItemAnswer(TypedDict):
    """What the resolvers of its fields read of an item's answer."""

    id: int
    number: int | None
    status: str
    category: str | None
    resolution: str | None
    assignee: str | None
    assigneeKind: str | None


@cache
def _answer_keys(kind: type[object]) -> dict[str, str]:
    return {snake_to_camel(field.name, upper=False): field.name for field in fields(kind)}  # type: ignore[arg-type]


def answer_fields(value: object) -> dict[str, Any]:
    """The fields of a dataclass by the names that the API has for them."""
    return {key: getattr(value, name) for key, name in _answer_keys(type(value)).items()}  # type: ignore[arg-type]


def item_view(item: Item, now: datetime) -> dict[str, object]:
    """An item as of a moment."""
    return {
        **answer_fields(item),
        "projectedSavingUsd": item.estimated_savings_usd,
        "detected": bool(item.detected),
        "number": item.table_number,
        "overdue": item.due_date is not None and item.due_date < now.date() and item.status != "DONE",
        "snoozed": item.snoozed_until is not None and item.snoozed_until > now,
    }


def event_view(event: StoredEvent) -> dict[str, object]:
    """An event, with what it changed field by field."""
    before, after = event.state_before or {}, event.state_after or {}
    return {
        "id": event.id,
        "at": event.happened_at,
        "by": event.actor,
        "byBot": bool(event.by_bot),
        "kind": event.kind,
        "changes": [
            {
                "field": snake_to_camel(name, upper=False),
                "before": _text(before.get(name)),
                "after": _text(after.get(name)),
            }
            for name in sorted({*before, *after})
            if before.get(name) != after.get(name)
        ],
    }


def comment_view(event: StoredEvent) -> dict[str, object]:
    """What a person wrote about an item."""
    return {"at": event.happened_at, "by": event.actor, "text": (event.state_after or {})["text"]}


def conflict_view(item: Item) -> dict[str, object]:
    """The current state, for a caller who changes an older one: the fields that have a value."""
    columns = {snake_to_camel(name, upper=False): value for name, value in shown(item).items()}
    return {**columns, "id": item.id, "version": item.version}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
