"""Items as answers: keys are those of the API's `ActionItem`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

# By column the name in the API, of what events and conflicts show.
FIELD_NAMES: Final[Mapping[str, str]] = {
    "title": "title",
    "status": "status",
    "category": "category",
    "priority": "priority",
    "estimated_savings_usd": "estimatedSavingsUsd",
    "assignee": "assignee",
    "due_date": "dueDate",
    "snoozed_until": "snoozedUntil",
    "resolution": "resolution",
    "resolution_reason": "resolutionReason",
    "stage": "stage",
    "stage_until": "stageUntil",
    "alert": "alert",
    "text": "text",
}


def item_view(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """An item as of a moment."""
    moment = now.replace(tzinfo=None)
    return {
        "id": row["id"],
        "title": row["title"],
        "status": row["status"],
        "category": row["category"],
        "priority": row["priority"],
        "estimatedSavingsUsd": row["estimated_savings_usd"],
        "projectedSavingUsd": row["estimated_savings_usd"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "version": row["version"],
        "detected": bool(row["detected"]),
        "createdBy": row["created_by"],
        "number": row["table_number"],
        "resolution": row["resolution"],
        "resolutionReason": row["resolution_reason"],
        "resolvedAt": row["resolved_at"],
        "assignee": row["assignee"],
        "dueDate": row["due_date"],
        "overdue": row["due_date"] is not None and row["due_date"] < now.date() and row["status"] != "DONE",
        "snoozedUntil": row["snoozed_until"],
        "snoozed": row["snoozed_until"] is not None and row["snoozed_until"] > moment,
        "stage": row["stage"],
        "stageSince": row["stage_since"],
        "stageUntil": row["stage_until"],
        "alert": row["alert"],
    }


def event_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """An event, with what it changed field by field."""
    before, after = row["state_before"] or {}, row["state_after"] or {}
    return {
        "id": row["id"],
        "at": row["happened_at"],
        "by": row["actor"],
        "byBot": bool(row["by_bot"]),
        "kind": row["kind"],
        "changes": [
            {"field": FIELD_NAMES.get(name, name), "before": _text(before.get(name)), "after": _text(after.get(name))}
            for name in sorted({*before, *after})
            if before.get(name) != after.get(name)
        ],
    }


def conflict_view(state: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody who was too late is shown: the fields that have a value, by their names in the API."""
    return {FIELD_NAMES[name]: value for name, value in state.items() if name in FIELD_NAMES and value is not None}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
