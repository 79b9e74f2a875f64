"""Whether the worker lives, refreshes in time, and finds what verdicts need. Pure."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from math import ceil
from typing import Final

from thirdeye.commands.doctor.facts import FeedFacts, WorkerFacts, WorkFacts
from thirdeye.commands.doctor.findings import Finding, finding

_WAITING: Final = timedelta(minutes=10)
_INTERVALS: Final = 2
# A young feed needs time and nothing else; nothing mends an undated one.
_NOTHING_TO_DO: Final = frozenset({"YOUNG", "UNDATED"})


def judge_worker(facts: WorkerFacts) -> Iterator[Finding]:
    """A worker reports every ten seconds, and its report lasts little longer."""
    if facts.report is None:
        yield finding("WORKER_NOT_SEEN", "no report in Redis")
    elif facts.oldest_job is not None and facts.now - facts.oldest_job > _WAITING:
        minutes = (facts.now - facts.oldest_job).total_seconds() / 60
        yield finding("JOBS_WAIT", f"the oldest for {minutes:,.0f} minutes")


def judge_refreshes(facts: WorkFacts) -> Iterator[Finding]:
    """Whether the estate is read, in time, to the end, and all of it."""
    if facts.last_phase == "FAILED":
        yield finding("REFRESH_FAILED", facts.last_error or "its run says no reason")
    if facts.left:
        yield finding("REFRESH_LEFT", "its run is open, and nobody holds its lock")
    if facts.refreshed_at is None:
        if facts.last_phase != "FAILED":
            yield finding("NEVER_REFRESHED", "no refresh was published")
        return
    age = facts.now - facts.refreshed_at
    if facts.last_phase != "FAILED" and age > timedelta(minutes=_INTERVALS * facts.interval_minutes):
        yield finding(
            "REFRESH_LATE",
            f"last {age.total_seconds() / 60:,.0f} minutes ago; REFRESH_MINUTES={facts.interval_minutes}",
        )
    if facts.last_minutes is not None and facts.last_minutes > facts.interval_minutes:
        seen = f"{facts.last_minutes:,.0f} minutes; REFRESH_MINUTES={facts.interval_minutes}"
        yield finding("REFRESH_SLOW", seen, minutes=ceil(1.5 * facts.last_minutes))
    if "EVIDENCE_INCOMPLETE" in facts.warnings:
        yield finding("EVIDENCE_INCOMPLETE", "the last refresh warns of it")


def judge_feeds(feeds: Sequence[FeedFacts]) -> Iterator[Finding]:
    """What is wrong with the usage of each database."""
    for feed in feeds:
        for problem, advice in feed.advice.items():
            if problem not in _NOTHING_TO_DO:
                # The advice begins with what is wrong, and ends with what mends it.
                seen, _, what_to_do = advice.partition(": ")
                yield finding(f"FEED_{problem}", seen, advice=what_to_do[:1].upper() + what_to_do[1:])
