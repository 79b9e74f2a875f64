"""Tables that look like copies of another table.

Two tables of a service are copies when their names agree without marks of backups, dates and versions, and when they
have nearly the same column names.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Final, TypedDict

import numpy as np

from thirdeye.inventory.columns import Array, Mask

# Copies share at least this part of their column names.
MIN_AGREEMENT: Final = 0.95
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
    """A table that may be a copy. Days are numbers as in `columns.py`; size is -1 if unknown; columns are casefolded."""

    number: int
    name: str
    columns: frozenset[str]
    created: int
    accessed: int
    size: int
    queries: int


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
        with suppress(ValueError):
            if 1990 <= date(parts["year"], parts["month"], parts.get("day", 1)).year <= 2099:
                return name[: match.start()]
    return name


def name_key(service: str, normalised: str) -> int:
    """A 64-bit hash of a normalised name within a service."""
    return int.from_bytes(blake2b(f"{service}\0{normalised}".encode(), digest_size=8).digest(), "big")


def candidates(name_keys: Array, present: Mask) -> Array:
    """The numbers of tables that share their name key with another table, grouped by key."""
    numbers = np.flatnonzero(present)
    order = numbers[np.argsort(name_keys[numbers], kind="stable")]
    keys = name_keys[order]
    same = keys[1:] == keys[:-1]
    shared = np.append(same, False) | np.insert(same, 0, False) if len(keys) else np.zeros(0, np.bool_)
    sharing: Array = order[shared]
    return sharing


def duplicate_groups(members: Iterable[Member]) -> Iterator[Group]:
    """The groups of copies among tables with one normalised name, whatever the order of the members."""
    leaders = list[tuple[Member, list[tuple[Member, float]]]]()
    for member in sorted(members, key=_originality):
        if not member.columns:
            continue
        for leader, followers in leaders:
            agreement = agreement_of(leader.columns, member.columns)
            if agreement >= MIN_AGREEMENT:
                followers.append((member, agreement))
                break
        else:
            leaders.append((member, []))
    for leader, followers in leaders:
        if followers:
            yield Group(
                original=leader.number,
                members=[leader.number, *(member.number for member, _ in followers)],
                agreement=round(min(agreement for _, agreement in followers), 4),
            )


def agreement_of(some: frozenset[str], others: frozenset[str]) -> float:
    """The share of the column names of two tables that both have."""
    common = len(some & others)
    return common / (len(some) + len(others) - common)


def _originality(member: Member) -> tuple[bool, int, int, int, int]:
    """Sorts the likeliest original first: a plain name, then most queries, latest access, oldest, lowest number."""
    is_marked = _CAMEL.sub("_", member.name).casefold() != normalised_name(member.name)
    return is_marked, -member.queries, -member.accessed, member.created or 65_535, member.number
