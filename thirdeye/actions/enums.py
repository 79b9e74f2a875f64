"""Categories, statuses and resolutions of action items, and the kinds of their events."""

from enum import StrEnum
from typing import Final


class Category(StrEnum):
    """What kind of work an item is."""

    PURGE = "PURGE"
    ARCHIVE = "ARCHIVE"
    STOP_REFRESH = "STOP_REFRESH"
    REVIEW_EXPENSIVE = "REVIEW_EXPENSIVE"
    ASSIGN_OWNER = "ASSIGN_OWNER"
    DEDUPLICATE = "DEDUPLICATE"
    SET_RETENTION = "SET_RETENTION"


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


STATUSES: Final = ("OPEN", "IN_PROGRESS", "DONE")
# The work after which a table is gone, or a cheaper one is left.
REMOVAL_CATEGORIES: Final = frozenset({Category.PURGE, Category.ARCHIVE, Category.DEDUPLICATE})
# The work that saves what the table's verdict promises.
SAVING_CATEGORIES: Final = frozenset({Category.PURGE, Category.ARCHIVE, Category.STOP_REFRESH})
# The name of detection in events.
DETECTION_ACTOR: Final = "thirdeye"
MAX_TITLE_LENGTH: Final = 255
