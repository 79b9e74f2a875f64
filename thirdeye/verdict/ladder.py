"""On which rung of evidence a table stands, and what the next one needs. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# Of a number, the shares of it that come from the estate's own history.
MOSTLY_OWN: Final = 0.5
OWN: Final = 0.9
# A number is given of what is idle, which nothing is before.
NEEDED_DAYS: Final = 91


class Rung(StrEnum):
    """From nothing to all that can be known."""

    NOBODY_LOOKS = "NOBODY_LOOKS"
    WATCHED = "WATCHED"
    ESTATES_AT_LARGE = "ESTATES_AT_LARGE"
    MOSTLY_OWN_HISTORY = "MOSTLY_OWN_HISTORY"
    OWN_HISTORY = "OWN_HISTORY"


@dataclass(frozen=True, kw_only=True)
class LadderFacts:
    """What a rung depends on: `watched_days` of the table's feed.

    `own_share`: 0 to 1, how much of the number comes from this estate; None without a number. `database`: its FQN.
    """

    watched_days: int
    own_share: float | None
    database: str


@dataclass(frozen=True)
class Ladder:
    """The rung; `missing_days` more have to be watched for a number, None where time alone gives none."""

    rung: Rung
    missing_days: int | None
    next: str


def ladder(table: LadderFacts) -> Ladder:
    """Where a table stands."""
    if table.watched_days == 0:
        action = (
            f"bring usage of {table.database} into OpenMetadata, or say with confirmFeed that what it has is complete"
        )
        return Ladder(Rung.NOBODY_LOOKS, None, f"Nobody looks: {action}.")
    if table.own_share is None:
        return _watched(table)
    percent = f"{100 * table.own_share:.0f} %"
    if table.own_share < MOSTLY_OWN:
        return Ladder(
            Rung.ESTATES_AT_LARGE,
            0,
            f"Its number rests on estates at large, and on this one to {percent}: each month that is watched adds to that.",
        )
    if table.own_share < OWN:
        return Ladder(
            Rung.MOSTLY_OWN_HISTORY,
            0,
            f"Its number rests on this estate's own history to {percent}: from {100 * OWN:.0f} % on it is its own.",
        )
    return Ladder(Rung.OWN_HISTORY, 0, "Its number is this estate's own history; nothing more is needed.")


def _watched(table: LadderFacts) -> Ladder:
    watched = f"Watched for {_days(table.watched_days)}"
    missing = max(NEEDED_DAYS - table.watched_days, 0)
    if missing:
        return Ladder(Rung.WATCHED, missing, f"{watched}; {_days(missing)} more until there can be a number.")
    return Ladder(Rung.WATCHED, None, f"{watched}: a number is given of what is idle, and this is not known to be.")


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"
