"""Why a table's activity is what it is, sentence by sentence."""

from datetime import date, timedelta
from typing import Any

import pytest

from thirdeye.estate.activity import activity_reason, observation
from thirdeye.inventory.directory import DatabaseFeed, PlaceFeed
from thirdeye.inventory.rules import UnknownReason

TODAY = date(2026, 12, 1)


def day(ago: int) -> date:
    return TODAY - timedelta(days=ago)


def row(**more: Any) -> dict[str, Any]:
    return {
        "service": "snow", "database_name": "shop", "schema_name": "core", "evidence": "QUERIES", "activity": "DORMANT",
        "unknown_reason": None, "last_accessed": None, "last_use": None, "known_since": day(900), "queries_30d": 0,
        "metadata_changed": None,
    } | more  # fmt: skip


def feed(*problems: str, watched: int = 120, observed: int = 799, newest: str | None = "2026-11-30") -> PlaceFeed:
    database: DatabaseFeed = {
        "name": "shop", "evidence": "QUERIES", "state": "LIVE", "first_watched": "2024-09-23", "newest_watched": newest,
        "coverage": 1.0, "observed_days": observed, "tables": 3, "problems": list(problems), "confirmed": False,
    }  # fmt: skip
    return PlaceFeed(service="snow", schema="core", database=database, watched_days=watched, observed_days=observed)


def read(ago: int, **more: Any) -> dict[str, Any]:
    """A table that was read so many days ago, as query logs tell."""
    return row(last_accessed=day(ago), last_use=day(ago), **more)


@pytest.mark.parametrize(
    ("table", "idle", "of", "reason"),
    [
        (
            read(2, activity="ACTIVE", queries_30d=1_200), 2, feed(),
            "Last read on 29 November 2026 (2 days ago), known from query logs. 1,200 queries in the last 30 days.",
        ),
        (
            row(activity="ACTIVE", last_accessed=day(1), last_use=day(300), evidence="METADATA"), 1, feed("STOPPED"),
            "Last read on 30 November 2026 (1 day ago), known from an access time or a query cost.",
        ),
        (
            row(activity="ACTIVE", last_accessed=day(1), evidence="LIFECYCLE"), 1, feed("NEVER_SEEN"),
            "Last read on 30 November 2026 (1 day ago), known from access times.",
        ),
        (
            row(activity="COOLING", last_accessed=day(60), evidence="METADATA"), 60, feed("NEVER_SEEN"),
            "Last read on 2 October 2026 (60 days ago), known from an access time or a query cost.",
        ),
        (
            read(60, activity="COOLING"), 1, feed(),
            "Not read in 1 watched day, known from query logs; last read on 2 October 2026. No queries in the last 30 days.",
        ),
        (
            read(400, activity="STALE"), 280, feed(),
            "Not read in 280 watched days, known from query logs; last read on 27 October 2025. "
            "No queries in the last 30 days.",
        ),
        (
            row(activity="STALE", last_accessed=day(300), evidence="LIFECYCLE"), 299, feed("NEVER_SEEN"),
            "Not read in 299 watched days, known from access times; last read on 4 February 2026.",
        ),
        (
            read(500, activity="DORMANT"), 480, feed("UNDATED"),
            "Not read in 480 watched days, known from rises of query counts; last read on 19 July 2025. "
            "No queries in the last 30 days.",
        ),
        (
            row(activity="DORMANT"), 799, feed(),
            "Never seen in use in 799 watched days, known from query logs. It has been known since 14 June 2024.",
        ),
        (
            row(activity="NEW", known_since=day(12)), 12, feed(),
            "New since 19 November 2026 (12 days ago) and not read yet, known from query logs.",
        ),
    ],
)  # fmt: skip
def test_what_is_known_names_its_source(table: dict[str, Any], idle: int, of: PlaceFeed, reason: str) -> None:
    assert activity_reason(table, idle, of, TODAY) == reason


@pytest.mark.parametrize(
    ("why", "table", "of", "reason"),
    [
        (
            UnknownReason.NO_FEED, row(), feed("NEVER_SEEN", newest=None),
            "Nobody can tell: OpenMetadata has never had usage of database snow.shop.",
        ),
        (
            UnknownReason.NO_FEED, row(metadata_changed=day(5)), feed(),
            "Nobody can tell: OpenMetadata has never had usage of schema snow.shop.core. "
            "Its metadata last changed on 26 November 2026.",
        ),
        (
            UnknownReason.NO_FEED, read(300), feed("STOPPED", newest="2026-03-12"),
            "Nobody can tell: no usage of snow.shop has arrived since 12 March 2026.",
        ),
        (
            UnknownReason.NO_FEED, row(database_name=None, schema_name=None), None,
            "Nobody can tell: OpenMetadata has never had usage of service snow.",
        ),
        (
            UnknownReason.NO_FEED, row(database_name="a.b"), feed("NEVER_SEEN"),
            'Nobody can tell: OpenMetadata has never had usage of database snow."a.b".',
        ),
        (
            UnknownReason.UNREADABLE, row(), feed(),
            "Nobody can tell: OpenMetadata has a time of access that cannot be read.",
        ),
        (
            UnknownReason.UNDATED, row(), feed("UNDATED"),
            "Nobody can tell: usage of snow.shop comes without dates, as counts of remembered queries; that of this table "
            "is still reported and has not risen.",
        ),
        (
            UnknownReason.UNDATED, read(100), feed("UNDATED"),
            "Nobody can tell: usage of snow.shop comes without dates, as counts of remembered queries; that of this table "
            "is still reported and has not risen since 23 August 2026.",
        ),
        (
            UnknownReason.FEW_DAYS, read(280), feed("PARTIAL", watched=41),
            "Nobody can tell: last read on 24 February 2026 (280 days ago), and on more than half of the days since nobody "
            "looked. Nobody looked on 79 of the last 120 days.",
        ),
        (
            UnknownReason.FEW_DAYS, read(280), feed(),
            "Nobody can tell: last read on 24 February 2026 (280 days ago), and on more than half of the days since nobody "
            "looked.",
        ),
        (
            UnknownReason.FEW_DAYS, row(), feed("YOUNG", observed=20),
            "Nobody can tell: never seen in use, but snow.shop.core has been observed for 20 watched days only.",
        ),
        (
            UnknownReason.AGE, row(known_since=day(12)), feed(),
            "Nobody can tell yet: never seen in use, but nothing shows that it existed before 19 November 2026 "
            "(12 days ago).",
        ),
    ],
)  # fmt: skip
def test_what_is_unknown_says_why(why: UnknownReason, table: dict[str, Any], of: PlaceFeed | None, reason: str) -> None:
    unknown = {**table, "activity": "UNKNOWN", "unknown_reason": why.value}
    assert activity_reason(unknown, None, of, TODAY) == reason


def test_every_reason_has_a_sentence_of_its_own() -> None:
    unknown = row(activity="UNKNOWN")
    sentences = {activity_reason({**unknown, "unknown_reason": why}, None, feed(), TODAY) for why in UnknownReason}
    assert len(sentences) == len(UnknownReason)
    assert activity_reason(unknown, None, feed(), TODAY) == "Nobody can tell whether it is used."


def test_an_observation_says_on_how_many_days_nobody_looked() -> None:
    note = "Nobody looked on 41 of the last 120 days."
    assert observation(feed(watched=79)) == {"days": 120, "watchedDays": 79, "note": note}
    assert observation(feed()) == {"days": 120, "watchedDays": 120, "note": None}
