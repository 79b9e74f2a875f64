"""Why a table's activity is what it is, and on how many days nobody looked, in sentences. Pure."""

from datetime import date
from typing import Final, TypedDict

from thirdeye.database import Row
from thirdeye.estate.dates import format_day
from thirdeye.inventory.directory import OBSERVATION_DAYS, PlaceFeed
from thirdeye.inventory.feeds import FeedProblem
from thirdeye.inventory.fqn import join_fqn
from thirdeye.inventory.rules import UnknownReason

_SOURCES: Final = {"QUERIES": "query logs", "LIFECYCLE": "access times"}
_UNDATED_SOURCE: Final = "rises of query counts"
_OTHER_SOURCE: Final = "an access time or a query cost"


class Observation(TypedDict):
    """For how many of the last days the feed of a table tells what was used, as the API shows it."""

    days: int
    watchedDays: int
    note: str | None


def observation(feed: PlaceFeed) -> Observation:
    """On how many of the last days somebody looked whether the tables of a schema were used."""
    missed = OBSERVATION_DAYS - feed.watched_days
    note = f"Nobody looked on {missed} of the last {OBSERVATION_DAYS} days." if missed > 0 else None
    return {"days": OBSERVATION_DAYS, "watchedDays": feed.watched_days, "note": note}


def activity_reason(row: Row, idle: int | None, feed: PlaceFeed | None, as_of: date) -> str:
    """Why a table's activity is what it is, and what that rests on.

    `row` is of the inventory, `idle` in watched days (None: unknown), `feed` that of its schema.
    """
    if row["activity"] == "UNKNOWN":
        return _unknown_reason(row, feed, as_of)
    source, accessed, known = _feed_source(row, feed), row["last_accessed"], row["known_since"]
    if accessed is None:
        if row["activity"] == "NEW":
            return f"New since {_day(known, as_of)} and not read yet, known from {source}."
        since = f" It has been known since {format_day(known)}." if known else ""
        return f"Never seen in use in {_watched_days(idle or 0)}, known from {source}.{since}"
    if row["activity"] == "ACTIVE" or idle is None or row["evidence"] not in _SOURCES:
        reason = f"Last read on {_day(accessed, as_of)}, known from {_access_source(row, source)}."
    else:
        reason = f"Not read in {_watched_days(idle)}, known from {source}; last read on {format_day(accessed)}."
    return f"{reason} {_queries(row)}".rstrip()


def _unknown_reason(row: Row, feed: PlaceFeed | None, as_of: date) -> str:
    accessed = row["last_accessed"]
    match row["unknown_reason"]:
        case UnknownReason.NO_FEED:
            changed = row["metadata_changed"]
            hint = f" Its metadata last changed on {format_day(changed)}." if changed else ""
            return f"Nobody can tell: {_missing_feed(row, feed)}.{hint}"
        case UnknownReason.UNREADABLE:
            return "Nobody can tell: OpenMetadata has a time of access that cannot be read."
        case UnknownReason.UNDATED:
            since = f" since {format_day(accessed)}" if accessed else ""
            return (
                f"Nobody can tell: usage of {_database(row)} comes without dates, as counts of remembered queries; "
                f"that of this table is still reported and has not risen{since}."
            )
        case UnknownReason.FEW_DAYS if accessed is not None:
            note = feed and observation(feed)["note"]
            reason = (
                f"Nobody can tell: last read on {_day(accessed, as_of)}, and on more than half of the days since "
                f"nobody looked."
            )
            return f"{reason} {note or ''}".rstrip()
        case UnknownReason.FEW_DAYS:
            watched = _watched_days(feed.observed_days if feed else 0)
            return f"Nobody can tell: never seen in use, but {_schema(row)} has been observed for {watched} only."
        case UnknownReason.AGE:
            known = _day(row["known_since"], as_of)
            return f"Nobody can tell yet: never seen in use, but nothing shows that it existed before {known}."
    return "Nobody can tell whether it is used."


def _missing_feed(row: Row, feed: PlaceFeed | None) -> str:
    """What usage OpenMetadata does not have: of the database, or of the schema alone."""
    problems = feed.database["problems"] if feed else [FeedProblem.NEVER_SEEN]
    if feed and FeedProblem.STOPPED in problems:
        return f"no usage of {_database(row)} has arrived since {format_day(feed.database['newest_watched'])}"
    kind, name = ("database", _database(row)) if FeedProblem.NEVER_SEEN in problems else ("schema", _schema(row))
    return f"OpenMetadata has never had usage of {kind if row['database_name'] else 'service'} {name}"


def _database(row: Row) -> str:
    return join_fqn(name for name in (row["service"], row["database_name"]) if name)


def _schema(row: Row) -> str:
    return join_fqn(name for name in (row["service"], row["database_name"], row["schema_name"]) if name)


def _feed_source(row: Row, feed: PlaceFeed | None) -> str:
    if feed and row["evidence"] == "QUERIES" and FeedProblem.UNDATED in feed.database["problems"]:
        return _UNDATED_SOURCE
    return _SOURCES.get(row["evidence"], _OTHER_SOURCE)


def _access_source(row: Row, feed_source: str) -> str:
    """What told of the last access: not always the feed."""
    if row["last_use"] == row["last_accessed"]:
        return _UNDATED_SOURCE if feed_source == _UNDATED_SOURCE else _SOURCES["QUERIES"]
    return _SOURCES["LIFECYCLE"] if row["evidence"] == "LIFECYCLE" else _OTHER_SOURCE


def _queries(row: Row) -> str:
    """How many queries there were, if that is known; a feed without queries says nothing of them."""
    count = row["queries_30d"]
    if count == 0:
        idle = row["evidence"] == "QUERIES" and row["activity"] != "ACTIVE"
        return "No queries in the last 30 days." if idle else ""
    return "1 query in the last 30 days." if count == 1 else f"{count:,} queries in the last 30 days."


def _day(day: date | None, as_of: date) -> str:
    return format_day(day) if day is None else f"{format_day(day)} ({_days(max((as_of - day).days, 0))} ago)"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"


def _watched_days(count: int) -> str:
    return "1 watched day" if count == 1 else f"{count:,} watched days"
