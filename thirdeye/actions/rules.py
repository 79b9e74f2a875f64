"""What a change does to an item: the columns that get new values. Pure; times are UTC."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from thirdeye.actions.items import REMOVAL_CATEGORIES, Columns, ColumnValue, EventKind, Item, ItemState, Resolution
from thirdeye.actions.validation import validate_dates, validate_waiting_days
from thirdeye.errors import BadInput, Conflict
from thirdeye.verdict.removal import NEXT_STAGE, WAITING_DAYS, Stage

# Bits of `decided`: what a person set, detection leaves alone.
DECIDED: Final[Mapping[str, int]] = {"title": 1, "priority": 2}
# What an event keeps of an item.
_SHOWN: Final = (
    "title", "status", "category", "priority", "estimated_savings_usd", "assignee", "assignee_kind", "due_date",
    "snoozed_until", "resolution", "resolution_reason", "stage", "stage_until", "alert",
)  # fmt: skip
_UNRESOLVED: Final[Columns] = {"resolution": None, "resolution_reason": None, "resolved_at": None}
_UNSTAGED: Final[Columns] = {"stage": None, "stage_since": None, "stage_until": None}
_MAX_ALERT_LENGTH: Final = 500


def check_version(current: int, version: int | None, shown: Mapping[str, object]) -> None:
    """Raises Conflict with the state shown when somebody else changed it first; BadInput for a version not yet reached."""
    if version is None or version == current:
        return
    if not 1 <= version < current:
        raise BadInput(f"version: the item is at {current}; {version} is yet to come", "version")
    message = f"version: somebody changed the item meanwhile; it is at {current}, look at it and ask again"
    raise Conflict(message, argument="version", current=dict(shown))


def changed(item: Item, changes: Columns, now: datetime) -> Columns:
    """The columns that a person's change gives new values. Raises BadInput for one that the item does not allow."""
    columns = {name: changes[name] for name in ("title", "priority", "assignee", "assignee_kind") if name in changes}
    columns |= {**validate_dates(changes, now), **_resolved(item, changes, now)}
    if columns.get("status", item.status) == "DONE" and changes.get("snoozed_until") is not None:
        raise BadInput("snoozedUntil: the item is done; open it first", "snoozedUntil")
    columns = {name: value for name, value in columns.items() if value != getattr(item, name)}
    decided = item.decided | sum(bit for name, bit in DECIDED.items() if name in columns)
    return {**columns, "decided": decided} if item.detected and decided != item.decided else columns


def _resolved(item: Item, changes: Columns, now: datetime) -> Columns:
    status, resolution, reason = (changes.get(name) for name in ("status", "resolution", "resolution_reason"))
    done = item.status == "DONE"
    if resolution == Resolution.OBSOLETE:
        raise BadInput("resolution: OBSOLETE is for ThirdEye to say; there are COMPLETED and DISMISSED", "resolution")
    if status in {"OPEN", "IN_PROGRESS"}:
        if resolution is not None or reason is not None:
            raise BadInput("resolution: goes with the status DONE", "resolution")
        return {"status": status, **(_UNRESOLVED if done else {})}
    if status is None and resolution is None:
        if reason is not None:
            raise BadInput("resolutionReason: goes with a resolution", "resolutionReason")
        return {}
    resolution = resolution or (item.resolution if done else None) or Resolution.COMPLETED
    same = done and resolution == item.resolution
    if reason is None and same:
        reason = item.resolution_reason
    if resolution == Resolution.DISMISSED and reason is None:
        raise BadInput("resolutionReason: say why it is dismissed", "resolutionReason")
    return resolved(str(resolution), reason, item.resolved_at if same else _milliseconds(now))


def resolved(resolution: str, reason: ColumnValue, moment: datetime | None) -> Columns:
    """The columns of an item that ends."""
    return {
        "status": "DONE",
        "resolution": resolution,
        "resolution_reason": reason,
        "resolved_at": moment,
        "snoozed_until": None,
        "alert": None,
    }


def staged(item: ItemState, stage: Stage | None, waiting_days: int | None, now: datetime) -> Columns:
    """The columns that another stage of the table's removal changes; None takes the removal back. Raises BadInput."""
    if item.table_number is None or item.category not in REMOVAL_CATEGORIES:
        raise BadInput("id: only items that end a table have stages (PURGE, ARCHIVE, DEDUPLICATE)", "id")
    if item.status == "DONE":
        raise BadInput("id: the item is done; open it first", "id")
    validate_waiting_days(waiting_days)
    before = None if item.stage is None else Stage(item.stage)
    if stage == before:
        return {}
    if stage is None:
        return _UNSTAGED
    _check_next_stage(before, stage)
    if item.stage_until is not None and now.date() < item.stage_until:
        raise BadInput(f"stage: the waiting time ends on {item.stage_until}; null takes it back", "stage")
    days = WAITING_DAYS[stage] if waiting_days is None else waiting_days
    return {
        "status": "IN_PROGRESS",
        "stage": str(stage.value),
        "stage_since": _milliseconds(now),
        "stage_until": now.date() + timedelta(days=days),
        "alert": None,
        "snoozed_until": None,
    }


def _check_next_stage(before: Stage | None, stage: Stage) -> None:
    # A table that needs no copy is dropped without being unloaded.
    following = {NEXT_STAGE[before], Stage.DROPPED if before is Stage.RESTRICTED else NEXT_STAGE[before]}
    if stage not in following:
        names = " or ".join(sorted(each.value for each in following if each)) or "none"
        raise BadInput(f"stage: after {before and before.value} comes {names}; null takes it back", "stage")


def removal_cancelled(reason: str) -> Columns:
    """The columns that change when the removal of a table is cancelled because of what was found."""
    return {
        **_UNSTAGED,
        "status": "OPEN",
        "snoozed_until": None,
        "priority": "URGENT",
        "alert": reason[:_MAX_ALERT_LENGTH],
    }


def event_kind(item: ItemState, columns: Columns) -> EventKind:
    """What a change of these columns is called."""
    if "status" in columns and "DONE" in {item.status, columns["status"]}:
        return EventKind.RESOLVED if columns["status"] == "DONE" else EventKind.REOPENED
    if columns.get("alert"):
        return EventKind.ALERTED
    if "stage" in columns:
        return EventKind.STAGED
    return EventKind.UPDATED


def shown(item: Item) -> Columns:
    """What an event or a conflict shows of an item: all that has a value."""
    return shown_columns({name: value for name in _SHOWN if (value := getattr(item, name)) is not None})


def shown_columns(columns: Columns) -> Columns:
    """What an event shows of these columns, as JSON values."""
    return {name: _plain(columns[name]) for name in (*_SHOWN, "table_number") if name in columns}


def _plain(value: ColumnValue) -> str | int | None:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value if value is None or isinstance(value, int | str) else str(value)


def _milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
