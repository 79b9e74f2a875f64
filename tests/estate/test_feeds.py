"""What mends a feed: a sentence for each problem."""

from typing import cast

import pytest

from thirdeye.estate.feeds import feed_advice
from thirdeye.inventory.directory import DatabaseFeed, Service
from thirdeye.inventory.feeds import FeedProblem

SERVICE = cast(Service, {"name": "snow", "type": "Snowflake"})


def feed(*problems: FeedProblem, name: str | None = "shop") -> DatabaseFeed:
    return {
        "name": name, "evidence": "QUERIES", "state": "LIVE", "first_watched": "2026-11-01", "newest_watched": "2026-11-20",
        "coverage": 0.1444, "observed_days": 20, "tables": 3, "problems": [str(each.value) for each in problems],
        "confirmed": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (
            FeedProblem.NEVER_SEEN,
            "OpenMetadata has never had usage of snow.shop: add a usage agent to snow if it has none, and check that the "
            "agent's filterCondition, or the databaseFilterPattern and schemaFilterPattern of the metadata agent, do not "
            "leave it out; if nobody reads it, say so with confirmFeed.",
        ),
        (
            FeedProblem.STOPPED,
            "No usage of snow.shop has arrived since 20 November 2026: check that the usage agent of snow still has a "
            "schedule, and why its last runs failed or found nothing.",
        ),
        (
            FeedProblem.SILENT,
            "All tables of snow.shop that were in use stopped within days of each other, as when a filter leaves them out: "
            "check the filterCondition of the usage agent of snow, and the databaseFilterPattern and schemaFilterPattern of "
            "the metadata agent; if they are not used any more, say so with confirmFeed.",
        ),
        (
            FeedProblem.FADED,
            "snow.shop has had no usage for more than 30 watched days: check that the filterCondition of the usage agent of "
            "snow does not leave it out; if it is not used any more, say so with confirmFeed.",
        ),
        (
            FeedProblem.PARTIAL,
            "Only 14% of the last 90 days of snow.shop were watched: set the schedule of the usage agent of snow to daily, "
            "or its queryLogDuration (one day by default) to the days between two runs; if nothing is missing, say so with "
            "confirmFeed.",
        ),
        (
            FeedProblem.CEILING,
            "On most days the usage of snow ends at almost the same number, as when there is more than is read: raise the "
            "resultLimit (1,000 queries a day by default) of the usage agent of snow; if nothing is missing, say so with "
            "confirmFeed.",
        ),
        (
            FeedProblem.UNDATED,
            "OpenMetadata's usage of Snowflake has no dates, and only a rise of a count shows use: set the schedule of the "
            "usage agent of snow to daily, so that each rise has its day; nothing else mends this.",
        ),
        (
            FeedProblem.YOUNG,
            "snow.shop has been observed for 20 watched days only: wait, or let the usage agent of snow run once with a "
            "higher queryLogDuration, which reads older days of the query log.",
        ),
    ],
)
def test_each_problem_has_a_sentence(problem: FeedProblem, sentence: str) -> None:
    assert feed_advice(feed(problem), SERVICE) == [sentence]


def test_advice_follows_the_order_of_the_problems() -> None:
    problems = [FeedProblem.YOUNG, FeedProblem.CEILING, FeedProblem.PARTIAL]
    assert feed_advice(feed(*problems), SERVICE) == [feed_advice(feed(each), SERVICE)[0] for each in problems]
    assert feed_advice(feed(), SERVICE) == []


def test_tables_without_a_database_are_named_by_their_service() -> None:
    (sentence,) = feed_advice(feed(FeedProblem.FADED, name=None), SERVICE)
    assert sentence.startswith("snow has had no usage")
