"""What to do about money that is not released, in a sentence, and who can do it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from thirdeye.estate.dates import format_day
from thirdeye.estate.feeds import feed_advice
from thirdeye.inventory.directory import DatabaseFeed, Owner, Service
from thirdeye.inventory.feeds import FeedProblem
from thirdeye.inventory.fqn import join_fqn
from thirdeye.verdict.removal import WAITING_DAYS, Stage
from thirdeye.verdict.unlock_groups import AlternativeKind
from thirdeye.verdict.unlocking import State, UnlockReason

# So many owners are named.
_MOST_NAMED: Final = 3


class Actor(StrEnum):
    """Who can do something about it."""

    OM_ADMINISTRATOR = "OM_ADMINISTRATOR"
    ADMINISTRATOR = "ADMINISTRATOR"
    OWNER = "OWNER"
    STEWARD = "STEWARD"
    TIME = "TIME"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The tables of a group: how many, whose, where, and the first day (ISO) on which time alone may help."""

    tables: int
    service: Service | None = None
    database: DatabaseFeed | None = None
    owners: Sequence[Owner] = ()
    first_day: str | None = None

    @property
    def place(self) -> str:
        """The database, or the service, by name."""
        if self.service is None:
            return "several databases"
        return join_fqn([self.service["name"], *filter(None, [self.database and self.database["name"]])])


def count_tables(count: int) -> str:
    """A number of tables in words."""
    return "1 table" if count == 1 else f"{count:,} tables"


def sentence(state: State, reason: UnlockReason, subject: Subject) -> tuple[str, Actor]:
    """What to do about a group, and who can."""
    if state is State.RELEASED:
        return f"{_RELEASING[reason]} {count_tables(subject.tables)}, as the verdict says.", Actor.OWNER
    if reason in _OF_FEED:
        return _mend_feed(reason, subject), _OF_FEED[reason]
    if reason in _OF_TIME:
        return _wait(reason, subject), Actor.TIME
    if reason in _OF_SERVICE:
        text, actor = _OF_SERVICE[reason]
        return text.format(place=subject.place, tables=count_tables(subject.tables)), actor
    return f"{_ask(subject)}: {_QUESTIONS[reason]}", Actor.OWNER if subject.owners else Actor.STEWARD


_RELEASING: Final[Mapping[UnlockReason, str]] = {
    UnlockReason.DELETE: "Drop",
    UnlockReason.ARCHIVE: "Archive",
    UnlockReason.STOP_REFRESH: "Stop writing",
}
_OF_FEED: Final[Mapping[UnlockReason, Actor]] = {
    UnlockReason.NO_FEED: Actor.OM_ADMINISTRATOR,
    UnlockReason.UNDATED: Actor.OM_ADMINISTRATOR,
    UnlockReason.FEW_DAYS: Actor.OM_ADMINISTRATOR,
    UnlockReason.FEED_SILENT: Actor.ADMINISTRATOR,
    UnlockReason.EVIDENCE_PARTIAL: Actor.ADMINISTRATOR,
}
# The problems of a feed that each reason comes from, in the order in which they are told.
_PROBLEMS: Final[Mapping[UnlockReason, tuple[FeedProblem, ...]]] = {
    UnlockReason.NO_FEED: (FeedProblem.NEVER_SEEN, FeedProblem.STOPPED),
    UnlockReason.UNDATED: (FeedProblem.UNDATED,),
    UnlockReason.FEW_DAYS: (FeedProblem.PARTIAL, FeedProblem.STOPPED, FeedProblem.YOUNG),
    UnlockReason.FEED_SILENT: (FeedProblem.SILENT,),
    UnlockReason.EVIDENCE_PARTIAL: (
        FeedProblem.PARTIAL, FeedProblem.CEILING, FeedProblem.FADED, FeedProblem.UNDATED,
    ),
}  # fmt: skip
_OTHERWISE: Final[Mapping[UnlockReason, str]] = {
    UnlockReason.NO_FEED: "Bring usage of {place} into OpenMetadata, or say with confirmFeed that nobody reads it.",
    UnlockReason.UNDATED: "Let the usage agent of {place} run daily, so that each rise of a count has its day.",
    UnlockReason.FEW_DAYS: (
        "Read more days of the query log of {place} a run (queryLogDuration of the usage agent), or say with confirmFeed "
        "that what OpenMetadata has is complete."
    ),
    UnlockReason.FEED_SILENT: "Say with confirmFeed that the usage of {place} is complete, or mend its filters.",
    UnlockReason.EVIDENCE_PARTIAL: "Say with confirmFeed that the usage of {place} is complete, or mend its agent.",
}


def _mend_feed(reason: UnlockReason, subject: Subject) -> str:
    feed, service = subject.database, subject.service
    if feed is not None and service is not None:
        by_problem = dict(zip(feed["problems"], feed_advice(feed, service), strict=True))
        for problem in _PROBLEMS[reason]:
            if problem.value in by_problem:
                return by_problem[problem.value]
    return _OTHERWISE[reason].format(place=subject.place)


_OF_TIME: Final[Mapping[UnlockReason, str]] = {
    UnlockReason.AGE: "Nothing: nothing shows that they have existed for 90 days",
    UnlockReason.MINIMUM_IDLE_DAYS: "Nothing: the policy waits until they are idle for longer",
    UnlockReason.SHORT_HISTORY: "Nothing: use has been watched for too short a time to learn from",
    UnlockReason.MASS_ABSENCE: "Nothing: many tables of the database vanished at once, which is settled within days",
    UnlockReason.CALIBRATION_OFF: "Nothing: of tables like these more were wanted again than was promised",
}


def _wait(reason: UnlockReason, subject: Subject) -> str:
    from_day = f"; {format_day(subject.first_day)} at the earliest" if subject.first_day else ""
    return f"{_OF_TIME[reason]}{from_day}."


_OF_SERVICE: Final[Mapping[UnlockReason, tuple[str, Actor]]] = {
    UnlockReason.UNREADABLE: (
        "Mend the times of access of {tables} of {place} in OpenMetadata: they cannot be read.",
        Actor.OM_ADMINISTRATOR,
    ),
    UnlockReason.UNKNOWN_DOWNSTREAM: (
        "Bring usage of what depends on {tables} of {place} into OpenMetadata, or give ThirdEye the right to read it: "
        "nobody can tell whether it is in use.",
        Actor.OM_ADMINISTRATOR,
    ),
    UnlockReason.NO_LINEAGE: (
        "Ingest lineage of {place}, or say with confirmLineage that what OpenMetadata has is complete.",
        Actor.OM_ADMINISTRATOR,
    ),
    UnlockReason.WITHOUT_STORAGE: (
        "Nothing to free: views and the like have no storage of their own ({tables} of {place}).",
        Actor.OWNER,
    ),
    UnlockReason.EVIDENCE_INCOMPLETE: (
        "Give ThirdEye's account the rights that `thirdeye grants` prints: not all that verdicts rest on could be read.",
        Actor.OM_ADMINISTRATOR,
    ),
}  # fmt: skip
_QUESTIONS: Final[Mapping[UnlockReason, str]] = {
    UnlockReason.KEPT_BY_OWNER: "somebody said that they must stay; may they go now (releaseTable)?",
    UnlockReason.ACTIVE_DOWNSTREAM: "something in use depends on another part of their series; could it read another table?",
    UnlockReason.CRITICAL_TIER: "is their tier, 1 or 2, still right?",
    UnlockReason.PROTECTED_TAG: "is the protected tag still right?",
    UnlockReason.IN_DATA_PRODUCT: "do they still belong to their data product or contract?",
    UnlockReason.STILL_WRITTEN: "what writes them can stop, as nobody reads them.",
    UnlockReason.WITHOUT_PLAN: "they are of a kind that only the tool that makes them can remove; remove them there.",
    UnlockReason.CARED_FOR: "they have tests or followers, or somebody edited them; are they still wanted?",
    UnlockReason.SERIES: "another part of their series stays; is it still wanted?",
    UnlockReason.RETURN_RISK: "too many tables like these were used again; are these still wanted?",
}


def _ask(subject: Subject) -> str:
    about = count_tables(subject.tables)
    if not subject.owners:
        return f"Find an owner for {about}"
    named = [f"team {name}" if kind == "team" else name for _, kind, name in subject.owners[:_MOST_NAMED]]
    more = len(subject.owners) - len(named)
    return f"Ask {', '.join(named)}{f' and {more} more' if more > 0 else ''} about {about}"


def alternative_sentence(kind: AlternativeKind, tables: int) -> str:
    """What else can be done about tables of a group."""
    if kind is AlternativeKind.APPROVE_REMOVAL:
        removals, them = ("1 removal", "it") if tables == 1 else (f"{tables:,} removals", "them")
        return f"Approve {removals} (approveRemoval), where whoever knows {them} says that nobody needs {them}."
    them = "it" if tables == 1 else "one"
    return (
        f"Announce and restrict {count_tables(tables)} for {WAITING_DAYS[Stage.RESTRICTED]} days: whoever misses {them} says "
        "so (tables filter: trial)."
    )


def size_sentence(service: str, tables: int) -> str:
    """What to do about tables of a service whose size, and so whose cost, nobody knows."""
    verb = "has a size" if tables == 1 else "have sizes"
    return f"Profile {count_tables(tables)} of {service}, so that {'it' if tables == 1 else 'they'} {verb} and a cost."
