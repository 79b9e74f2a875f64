"""Action items and their events as values: fields are columns of `action_items`. Money is USD a month, times are UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

ColumnValue = str | int | Decimal | date | datetime | None
# Columns that get new values.
Columns = Mapping[str, ColumnValue]
STATUSES: Final = ("OPEN", "IN_PROGRESS", "DONE")
# The name of detection in events.
DETECTION_ACTOR: Final = "thirdeye"
MAX_TITLE_LENGTH: Final = 255


class PrincipalKind(StrEnum):
    """Who a name means. A user and a team may have the same."""

    USER = "USER"
    TEAM = "TEAM"


class Category(StrEnum):
    """What kind of work an item is."""

    PURGE = "PURGE"
    ARCHIVE = "ARCHIVE"
    STOP_REFRESH = "STOP_REFRESH"
    REVIEW_EXPENSIVE = "REVIEW_EXPENSIVE"
    ASSIGN_OWNER = "ASSIGN_OWNER"
    DEDUPLICATE = "DEDUPLICATE"
    SET_RETENTION = "SET_RETENTION"


# The work after which a table is gone, or a cheaper one is left.
REMOVAL_CATEGORIES: Final = frozenset({Category.PURGE, Category.ARCHIVE, Category.DEDUPLICATE})
# The work that saves what the table's verdict promises.
SAVING_CATEGORIES: Final = frozenset({Category.PURGE, Category.ARCHIVE, Category.STOP_REFRESH})


class Resolution(StrEnum):
    """How an item ended."""

    COMPLETED = "COMPLETED"
    DISMISSED = "DISMISSED"
    OBSOLETE = "OBSOLETE"


class EventKind(StrEnum):
    """What happened to an item."""

    CREATED = "CREATED"
    DETECTED = "DETECTED"
    UPDATED = "UPDATED"
    RESOLVED = "RESOLVED"
    REOPENED = "REOPENED"
    STAGED = "STAGED"
    ALERTED = "ALERTED"
    COMMENTED = "COMMENTED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemState:
    """What the rules look at. Open items have no resolution."""

    id: int
    version: int
    title: str
    status: str
    category: str | None
    priority: str | None
    estimated_savings_usd: Decimal | None
    table_number: int | None
    detected: int
    decided: int
    snoozed_until: datetime | None
    stage: str | None
    stage_since: datetime | None
    stage_until: date | None
    alert: str | None
    resolution: str | None = None
    resolution_reason: str | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(ItemState):
    """An item with all its columns."""

    assignee: str | None
    # A value of PrincipalKind; None for an assignee of whom it is not known.
    assignee_kind: str | None
    due_date: date | None
    rule_id: int | None
    created_by: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who changes something."""

    name: str
    is_bot: bool = False


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened to an item, and who did it. States hold the columns that are shown, as JSON values."""

    item: int
    kind: EventKind
    actor: Actor
    before: Columns | None = None
    after: Columns | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as it was written."""

    id: int
    item: int
    happened_at: datetime
    actor: str
    by_bot: int
    kind: str
    state_before: Columns | None
    state_after: Columns | None
