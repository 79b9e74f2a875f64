"""Tables that look like copies of another table.

Two tables of a service are copies when their names agree without marks of backups, dates and versions, and when they
have nearly the same column names. Only a table that nobody uses is called a copy; a part of a series is none.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, TypedDict

import numpy as np

from thirdeye.inventory.columns import Array, Mask
from thirdeye.inventory.table_names import plausible_day

# Copies share at least this part of their column names.
MIN_AGREEMENT: Final = 0.95
# Of a name with more sets of columns that do not agree, further ones are compared with so many alone.
MAX_COMPARED: Final = 500
_MARKS: Final = (
    "backup|backups|bkup|bkp|bak|copy|copies|old|orig|original|tmp|temp|archive|archived|save|saved|snapshot|new|final|"
    "restore|restored|deprecated|delete|deleted|unused"
)
_SUFFIX: Final = re.compile(rf"(?:[\W_]+|(?<=\w)(?=\d))(?:(?:{_MARKS})\d*|v\d+|ver\d+|version[\W_]*\d+)$")
_PREFIX: Final = re.compile(r"^(?:backup|bkp|bak|copy[\W_]*of|old|tmp|temp)[\W_]+")
_DATES: Final = tuple(
    re.compile(rf"[\W_]*{parts}$")
    for parts in (
        r"(?P<year>\d{4})[\W_]?(?P<month>\d{2})[\W_]?(?P<day>\d{2})",
        r"(?P<day>\d{2})[\W_]?(?P<month>\d{2})[\W_]?(?P<year>\d{4})",
        r"(?P<year>\d{4})[\W_]?(?P<month>\d{2})",
    )
)
_EPOCH: Final = re.compile(r"[\W_]+1\d{9}(?:\d{3})?$")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, kw_only=True)
class Member:
    """A table that may be a copy, or the original of one. Days are numbers as in `columns.py`; columns are casefolded.

    `marked`: its name has marks of a copy. `idle`: nobody uses it, so that it may be called a copy.
    """

    number: int
    marked: bool
    columns: frozenset[str]
    created: int
    accessed: int
    queries: int
    idle: bool = True


@dataclass(frozen=True, kw_only=True)
class Group:
    """Copies of each other: the likely original, all members with it, and their least agreement with it, 0 to 1."""

    original: int
    members: list[int]
    agreement: float


class DuplicateGroup(TypedDict):
    """A group as a refresh stores it: an index into the services, its normalised name, and a `Group` of table numbers."""

    service: int
    name: str
    original: int
    members: list[int]
    agreement: float


def normalised_name(name: str) -> str:
    """The name that a table shares with its backups, copies, and dated or versioned variants."""
    rest = _CAMEL.sub("_", name).casefold()
    whole = rest
    while True:
        shorter = _PREFIX.sub("", _without_date(_EPOCH.sub("", _SUFFIX.sub("", rest))))
        if shorter == rest or not re.search(r"\w", shorter):
            break
        rest = shorter
    return rest.strip(" _-.") or whole


def _without_date(name: str) -> str:
    for pattern in _DATES:
        match = pattern.search(name)
        # After another digit it is part of a longer number, not a date.
        if match is None or name[: match.start()][-1:].isdigit():
            continue
        parts = {part: int(digits) for part, digits in match.groupdict().items()}
        if plausible_day(parts["year"], parts["month"], parts.get("day", 1)) is not None:
            return name[: match.start()]
    return name


def name_key(service: str, normalised: str) -> int:
    """A 64-bit hash of a normalised name within a service."""
    return int.from_bytes(blake2b(f"{service}\0{normalised}".encode(), digest_size=8).digest(), "big")


def is_marked(name: str, normalised: str) -> bool:
    """Whether a name says more than its normalised one, such as that it is a backup."""
    return _CAMEL.sub("_", name).casefold() != normalised


def candidates(name_keys: Array, present: Mask) -> Array:
    """The numbers of tables that share their name key with another table, grouped by key, ascending in a group."""
    numbers = np.flatnonzero(present)
    order = numbers[np.argsort(name_keys[numbers], kind="stable")]
    keys = name_keys[order]
    same = keys[1:] == keys[:-1]
    shared = np.append(same, False) | np.insert(same, 0, False) if len(keys) else np.zeros(0, np.bool_)
    sharing: Array = order[shared]
    return sharing


def duplicate_groups(members: Iterable[Member]) -> Iterator[Group]:
    """The groups of copies among tables with one normalised name, whatever the order of the members.

    What is in use is no copy, whatever it looks like.
    """
    leaders = list[tuple[Member, list[tuple[Member, float]]]]()
    by_columns = dict[frozenset[str], tuple[list[tuple[Member, float]], float]]()
    for member in sorted(members, key=_originality):
        if not member.columns:
            continue
        if member.columns not in by_columns:
            by_columns[member.columns] = _place_of(member, leaders)
        followers, agreement = by_columns[member.columns]
        if leaders[-1][0] is not member:
            followers.append((member, agreement))
    for leader, followers in leaders:
        copies = [(member, agreement) for member, agreement in followers if member.idle]
        if copies:
            yield Group(
                original=leader.number,
                members=[leader.number, *(member.number for member, _ in copies)],
                agreement=round(min(agreement for _, agreement in copies), 4),
            )


def _place_of(
    member: Member, leaders: list[tuple[Member, list[tuple[Member, float]]]]
) -> tuple[list[tuple[Member, float]], float]:
    """The followers of the first leader whose columns a member has, and how far they agree; a new leader if there is none."""
    for leader, followers in leaders[:MAX_COMPARED]:
        if not _can_agree(len(leader.columns), len(member.columns)):
            continue
        agreement = agreement_of(leader.columns, member.columns)
        if agreement >= MIN_AGREEMENT:
            return followers, agreement
    leaders.append((member, []))
    return leaders[-1][1], 1.0


def _can_agree(columns: int, others: int) -> bool:
    """Whether so many columns and so many others agree, if all that can be are the same."""
    return min(columns, others) / max(columns, others) >= MIN_AGREEMENT


def agreement_of(some: frozenset[str], others: frozenset[str]) -> float:
    """The share of the column names of two tables that both have."""
    common = len(some & others)
    return common / (len(some) + len(others) - common)


def _originality(member: Member) -> tuple[bool, int, int, int, int]:
    """Sorts the likeliest original first: a plain name, then most queries, latest access, oldest, lowest number."""
    return member.marked, -member.queries, -member.accessed, member.created or 65_535, member.number
