"""Items as answers: keys are those of the API's `ActionItem`."""

from datetime import datetime
from typing import TypedDict

from thirdeye.actions.items import Item, StoredEvent
from thirdeye.actions.rules import shown


class ItemAnswer(TypedDict):
    """What the resolvers of its fields read of an item's answer."""

    id: int
    number: int | None
    status: str
    resolution: str | None
    assignee: str | None


def item_view(item: Item, now: datetime) -> dict[str, object]:
    """An item as of a moment."""
    return {
        "id": item.id,
        "title": item.title,
        "status": item.status,
        "category": item.category,
        "priority": item.priority,
        "estimatedSavingsUsd": item.estimated_savings_usd,
        "projectedSavingUsd": item.estimated_savings_usd,
        "createdAt": item.created_at,
        "updatedAt": item.updated_at,
        "version": item.version,
        "detected": bool(item.detected),
        "createdBy": item.created_by,
        "number": item.table_number,
        "resolution": item.resolution,
        "resolutionReason": item.resolution_reason,
        "resolvedAt": item.resolved_at,
        "assignee": item.assignee,
        "dueDate": item.due_date,
        "overdue": item.due_date is not None and item.due_date < now.date() and item.status != "DONE",
        "snoozedUntil": item.snoozed_until,
        "snoozed": item.snoozed_until is not None and item.snoozed_until > now,
        "stage": item.stage,
        "stageSince": item.stage_since,
        "stageUntil": item.stage_until,
        "alert": item.alert,
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
            {"field": _camel_case(name), "before": _text(before.get(name)), "after": _text(after.get(name))}
            for name in sorted({*before, *after})
            if before.get(name) != after.get(name)
        ],
    }


def comment_view(event: StoredEvent) -> dict[str, object]:
    """What a person wrote about an item."""
    return {"at": event.happened_at, "by": event.actor, "text": (event.state_after or {})["text"]}


def conflict_view(item: Item) -> dict[str, object]:
    """The current state, for a caller who changes an older one: the fields that have a value."""
    fields = {_camel_case(name): value for name, value in shown(item).items()}
    return {**fields, "id": item.id, "version": item.version}


def _camel_case(column: str) -> str:
    first, *rest = column.split("_")
    return first + "".join(map(str.capitalize, rest))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
