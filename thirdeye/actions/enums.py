"""The words of action items: categories, priorities, how items end, what happens to them."""

from collections.abc import Mapping
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
PRIORITIES: Final = ("LOW", "MEDIUM", "HIGH", "URGENT")
CATEGORIES: Final = tuple(Category)
RESOLUTIONS: Final = tuple(Resolution)
# The work after which a table is gone, or a cheaper one is left.
REMOVING: Final = frozenset({Category.PURGE, Category.ARCHIVE, Category.DEDUPLICATE})
# The work whose saving is that of the table's verdict.
SAVING: Final = frozenset({Category.PURGE, Category.ARCHIVE, Category.STOP_REFRESH})
# What detection calls itself in events.
DETECTION: Final = "thirdeye"
# A title begins with these words, followed by the table's name.
DO: Final[Mapping[Category, str]] = {
    Category.PURGE: "Drop",
    Category.ARCHIVE: "Archive",
    Category.STOP_REFRESH: "Stop writing",
    Category.REVIEW_EXPENSIVE: "Look at the cost of",
    Category.ASSIGN_OWNER: "Find an owner for",
    Category.DEDUPLICATE: "Drop the copy",
    Category.SET_RETENTION: "Set a retention for",
}
TITLE_LENGTH: Final = 255


def title_of(category: Category, fqn: str) -> str:
    """What an item that was detected is called; of a long name the end."""
    begin = f"{DO[category]} "
    room = TITLE_LENGTH - len(begin)
    # Control characters are in no title.
    name = "".join(character if character.isprintable() else "?" for character in fqn)
    return begin + (name if len(name) <= room else f"…{name[1 - room :]}")
