"""What a change does to an item: the next state out of the one before and what is asked. Pure; times are UTC.

States are rows: keys are columns of `action_items`.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from thirdeye.actions.enums import REMOVING, EventKind, Resolution
from thirdeye.errors import BadInput, Conflict
from thirdeye.verdict.removal import NEXT_STAGE, WAITING_DAYS, Stage

State = Mapping[str, Any]
# Bits of `decided`: what a person set, detection leaves alone.
DECIDED: Final[Mapping[str, int]] = {"title": 1, "priority": 2}
# What is kept of an item in its events.
SHOWN: Final = (
    "title", "status", "category", "priority", "estimated_savings_usd", "assignee", "due_date",
    "snoozed_until", "resolution", "resolution_reason", "stage", "stage_until", "alert",
)  # fmt: skip
_OPEN_AGAIN: Final[State] = {"resolution": None, "resolution_reason": None, "resolved_at": None}


def check_version(state: State, version: int | None, shown: Mapping[str, Any]) -> None:
    """Raises Conflict when somebody was quicker, with what is there now; BadInput for a version that is yet to come."""
    if version is None or version == state["version"]:
        return
    if not 1 <= version < state["version"]:
        raise BadInput(f"version: the item is at {state['version']}; {version} is yet to come", "version")
    message = f"version: somebody changed the item meanwhile; it is at {state['version']}, look at it and ask again"
    raise Conflict(message, argument="version", current=dict(shown))


def changed(state: State, asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The columns that a person's change gives other values. Raises BadInput for what cannot be."""
    wanted = {name: asked[name] for name in ("title", "priority", "assignee") if name in asked}
    wanted |= _dates(asked, now) | _ending(state, asked, now)
    closed = wanted.get("status", state["status"]) == "DONE"
    if closed and asked.get("snoozed_until") is not None:
        raise BadInput("snoozedUntil: the item is done; open it first", "snoozedUntil")
    if state["detected"]:
        bits = sum(bit for name, bit in DECIDED.items() if name in wanted and wanted[name] != state[name])
        wanted["decided"] = state["decided"] | bits
    return {name: value for name, value in wanted.items() if value != state[name]}


def _dates(asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    wanted = dict[str, Any]()
    if "due_date" in asked:
        due: date | None = asked["due_date"]
        if due is not None and not now.date() <= due <= now.date() + timedelta(days=3660):
            raise BadInput("dueDate: must be from today to ten years ahead", "dueDate")
        wanted["due_date"] = due
    if "snoozed_until" in asked:
        until: datetime | None = asked["snoozed_until"]
        if until is not None and not now < until <= now + timedelta(days=3660):
            raise BadInput("snoozedUntil: must be in the future, at most ten years ahead", "snoozedUntil")
        wanted["snoozed_until"] = None if until is None else until.replace(tzinfo=None, microsecond=0)
    return wanted


def _ending(state: State, asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    status, resolution, reason = asked.get("status"), asked.get("resolution"), asked.get("resolution_reason")
    if resolution == Resolution.OBSOLETE:
        raise BadInput("resolution: OBSOLETE is for ThirdEye to say; there are COMPLETED and DISMISSED", "resolution")
    if status in {"OPEN", "IN_PROGRESS"}:
        if resolution is not None or reason is not None:
            raise BadInput("resolution: goes with the status DONE", "resolution")
        return {"status": status, **(_OPEN_AGAIN if state["status"] == "DONE" else {})}
    if status is None and resolution is None:
        if reason is not None:
            raise BadInput("resolutionReason: goes with a resolution", "resolutionReason")
        return {}
    done = state["status"] == "DONE"
    resolution = resolution or (state["resolution"] if done else None) or Resolution.COMPLETED
    if reason is None and done and resolution == state["resolution"]:
        reason = state["resolution_reason"]
    if resolution == Resolution.DISMISSED and reason is None:
        raise BadInput("resolutionReason: say why it is dismissed", "resolutionReason")
    moment = state["resolved_at"] if done and resolution == state["resolution"] else _naive(now)
    return {
        "status": "DONE",
        "resolution": str(resolution),
        "resolution_reason": reason,
        "resolved_at": moment,
        "snoozed_until": None,
        "alert": None,
    }


def staged(state: State, stage: Stage | None, waiting_days: int | None, now: datetime) -> dict[str, Any]:
    """The columns that another stage of the table's end changes; None is the way back. Raises BadInput."""
    if state["table_number"] is None or state["category"] not in REMOVING:
        raise BadInput("id: only items that end a table have stages (PURGE, ARCHIVE, DEDUPLICATE)", "id")
    if state["status"] == "DONE":
        raise BadInput("id: the item is done; open it first", "id")
    if waiting_days is not None and not 0 <= waiting_days <= 365:
        raise BadInput("waitingDays: must be 0 to 365", "waitingDays")
    before = None if state["stage"] is None else Stage(state["stage"])
    if stage == before:
        return {}
    if stage is None:
        return {"stage": None, "stage_since": None, "stage_until": None}
    # What needs no copy is not unloaded.
    following = {NEXT_STAGE[before], Stage.DROPPED if before is Stage.RESTRICTED else NEXT_STAGE[before]}
    if stage not in following:
        names = " or ".join(sorted(each.value for each in following if each)) or "none"
        raise BadInput(f"stage: after {before and before.value} comes {names}; null takes it back", "stage")
    if state["stage_until"] is not None and now.date() < state["stage_until"]:
        raise BadInput(f"stage: the waiting time ends on {state['stage_until']}; null takes it back", "stage")
    days = WAITING_DAYS[stage] if waiting_days is None else waiting_days
    return {
        "status": "IN_PROGRESS",
        "stage": str(stage.value),
        "stage_since": _naive(now),
        "stage_until": now.date() + timedelta(days=days),
        "alert": None,
        "snoozed_until": None,
    }


def alerted(why: str) -> dict[str, Any]:
    """The columns that change when the end of a table is called off because of what it was found to be."""
    return {
        "status": "OPEN",
        "stage": None,
        "stage_since": None,
        "stage_until": None,
        "snoozed_until": None,
        "priority": "URGENT",
        "alert": why[:500],
    }


def kind_of(state: State, changes: Mapping[str, Any]) -> EventKind:
    """What a change of these columns is called."""
    if "status" in changes and "DONE" in {state["status"], changes["status"]}:
        return EventKind.RESOLVED if changes["status"] == "DONE" else EventKind.REOPENED
    if changes.get("alert"):
        return EventKind.ALERTED
    if "stage" in changes:
        return EventKind.STAGED
    return EventKind.UPDATED


def shown(state: State, names: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What an event keeps of a state: of `names` only those, else all that has a value."""
    if names is None:
        return {name: _plain(state[name]) for name in SHOWN if state.get(name) is not None}
    return {name: _plain(state.get(name)) for name in SHOWN if name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='seconds')}+00:00"
    return value if value is None or isinstance(value, int | str) else str(value)


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None, microsecond=moment.microsecond // 1000 * 1000)
