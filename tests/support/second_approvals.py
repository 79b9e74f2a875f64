"""Approved removals a second time: what a person knew of a table then, and whether that is still all there is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.support.second_lineage import UNREAD

Row = dict[str, Any]


@dataclass(frozen=True)
class Knew:
    """What was known of a table when its removal was approved."""

    day: date
    id: str
    accessed: date | None
    written: date | None
    below: frozenset[str]


def knew(table: Row, tables: Mapping[str, Row], day: date) -> Knew:
    """Of a table of the second inventory; what depends on it by name, and other assets by id."""
    below = (each for each in table["below"] if each != table["id"] and not each.startswith(UNREAD))
    names = frozenset(tables[each]["fqn"] if each in tables else each for each in below)
    return Knew(day, table["id"], table["accessed"], table["written"], names)


def still_holds(then: Knew, now: Knew) -> bool:
    """Whether nothing came since, and not too much time has passed."""
    return (
        now.day <= then.day + timedelta(days=90)
        and now.id == then.id
        and (now.accessed or date.min) <= (then.accessed or date.min)
        and (now.written or date.min) <= (then.written or date.min)
        and now.below <= then.below
    )
