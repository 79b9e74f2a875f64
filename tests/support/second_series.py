"""Tables that are parts of one whole, a second time: which belong together, what they share, which of them may go."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

Row = dict[str, Any]
# By what is between the parts of a date; years from 1970 to 2099.
_DATES = re.compile(
    r"(?P<stem>.*\w)[_\-.$]p?"
    r"(?P<date>(?P<year>19[7-9]\d|20\d\d)(?:[_-]?(?:w(?P<week>\d\d)|(?P<month>\d\d)(?:[_-]?(?P<day>\d\d))?)))",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(?P<stem>.*\w)[_\-.$]p?(?P<number>\d+)", re.IGNORECASE)
# From the most cautious one on.
CAUTION = ("KEEP", "REVIEW", "STOP_REFRESH", "ARCHIVE", "DELETE")
# Blockers of verdict rules 1 (but SERIES_IN_USE) and 3, and two more: with one of these the old parts are not advised.
HELD = {
    "ACTIVE_DOWNSTREAM", "KEPT_BY_OWNER", "CRITICAL_TIER", "PROTECTED_TAG", "IN_DATA_PRODUCT", "UNKNOWN_DOWNSTREAM",
    "EVIDENCE_INCOMPLETE", "FEED_SILENT", "CALIBRATION_OFF", "MASS_ABSENCE", "NO_LINEAGE", "EVIDENCE_PARTIAL",
}  # fmt: skip


def dated(name: str) -> tuple[str, date] | None:
    """The stem and the date of a name that ends with one.

    >>> [dated(name) for name in ("events_20260131", "log_2026_01_31", "x_2026w05")]
    [('events', datetime.date(2026, 1, 31)), ('log', datetime.date(2026, 1, 31)), ('x', datetime.date(2026, 1, 26))]
    >>> dated("Orders_p2026_01")
    ('orders', datetime.date(2026, 1, 1))
    >>> [dated(name) for name in ("events", "events_20261331", "events_20260230", "events_12", "_20260131")]
    [None, None, None, None, None]
    """
    found = _DATES.fullmatch(name)
    if found is None:
        return None
    year, month, day, week = (found[part] and int(found[part]) for part in ("year", "month", "day", "week"))
    try:
        first = date.fromisocalendar(year, week, 1) if week is not None else date(year, month, day or 1)
    except ValueError:
        return None
    return found["stem"].casefold(), first


def stems(name: str) -> set[str]:
    """What the name of a table could be a part of: itself without a separator and a date or a number."""
    found, by_date = _NUMBERS.fullmatch(name), dated(name)
    return {stem for stem in (found and found["stem"].casefold(), by_date and by_date[0]) if stem}


@dataclass(frozen=True)
class Series:
    """The ids of the parts, in no order, and of the parent, which is one of them, if there is one."""

    parts: frozenset[str]
    parent: str | None = None


def series_of(tables: Mapping[str, Row]) -> list[Series]:
    """The series of an estate: of each table the place, `name` and `table_type` are looked at."""
    schemas = defaultdict[tuple[str, str | None, str | None], dict[str, Row]](dict)
    for identifier, table in tables.items():
        schemas[table["service_hash"], table["database"], table["schema"]][identifier] = table
    return [each for members in schemas.values() for each in _in_schema(members)]


def _in_schema(tables: Mapping[str, Row]) -> list[Series]:
    names = {identifier: table["name"].casefold() for identifier, table in tables.items()}
    parents = {names[each]: each for each, table in tables.items() if table["table_type"] == "Partitioned"}
    whole, shards = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for identifier, table in tables.items():
        stem, own = dated(table["name"]), stems(table["name"]) & parents.keys()
        if own:
            whole[parents[max(own, key=len)]].add(identifier)
        elif stem is not None:
            shards[stem[0]].add(identifier)
    found = [Series(frozenset({parent, *parts}), parent) for parent, parts in whole.items()]
    plain = set(names.values())
    return found + [Series(frozenset(parts)) for stem, parts in shards.items() if len(parts) >= 3 and stem not in plain]


def dated_copies(tables: Mapping[str, Row], today: date) -> set[str]:
    """Dated names beside an undated one of the same stem and columns, while none of them was read in 90 days."""
    groups = defaultdict[Any, list[Row]](list)
    undated = dict[Any, Row]()
    for table in tables.values():
        place = (table["service_hash"], table["database"], table["schema"])
        stem = dated(table["name"])
        if stem is not None:
            groups[*place, stem[0]].append(table)
        undated[*place, table["name"].casefold()] = table
    found = set[str]()
    for key, copies in groups.items():
        original = undated.get(key)
        if original is None or original["table_type"] == "Partitioned":
            continue
        same = [each for each in copies if each["fingerprint"] and each["fingerprint"] == original["fingerprint"]]
        if not any(each["accessed"] and (today - each["accessed"]).days <= 90 for each in same):
            found |= {each["id"] for each in same}
    return found


def is_in_use(series: Series, tables: Mapping[str, Row]) -> bool:
    """Whether the parent, or a part that is not NEW or UNKNOWN, is in use by itself or through lineage."""
    return any(
        (identifier == series.parent or tables[identifier]["activity"] not in ("NEW", "UNKNOWN"))
        and (tables[identifier]["directly"] or tables[identifier].get("through_lineage", False))
        for identifier in series.parts
    )


def shared_signs(parts: Iterable[Row]) -> Row:
    """What the parts of a series that is not in use are judged by: newest access, earliest age, whatever is doubtful."""
    rows = list(parts)
    return {
        "accessed": max((row["accessed"] for row in rows if row["accessed"]), default=None),
        "known_since": min(row["known_since"] for row in rows),
        "last_row": max((row["last_row"] for row in rows if row["last_row"]), default=None),
        "unreadable_access": any(row["unreadable_access"] for row in rows),
        "unreadable_use": any(row["unreadable_use"] for row in rows),
        "young": any(row["young"] for row in rows),
    }


@dataclass(frozen=True)
class Retention:
    """The parts of a series that its retention would end, and what they cost; None where nobody knows."""

    parts: frozenset[str]
    cost: float | None


def retention_advice(
    series: Series, tables: Mapping[str, Row], verdicts: Mapping[str, Row], today: date
) -> Retention | None:
    """The dated parts older than the oldest one that was read by its own name within a year.

    A table that OM does not have now is no part of it, and neither is a number: a higher one need not be a later one.
    """
    dates = {
        each: found[1] for each in series.parts if (found := dated(tables[each]["name"])) and each != series.parent
    }
    read = [dates[each] for each in dates if (used := tables[each]["accessed"]) and (today - used).days <= 365]
    old = {each for each in dates if read and dates[each] < min(read) and not tables[each].get("absent_since")}
    if not old or any(tables[each]["observed"] < 400 or verdicts[each]["blockers"] & HELD for each in old):
        return None
    costs = [cost for each in old if (cost := verdicts[each]["cost"]) is not None]
    return Retention(frozenset(old), sum(costs) if costs else None)


def one_verdict(parts: Iterable[Row]) -> tuple[str, set[str]]:
    """The most cautious verdict of some, and all of their blockers."""
    rows = list(parts)
    return min((row["verdict"] for row in rows), key=CAUTION.index), set().union(*(row["blockers"] for row in rows))
