"""Tables that look like copies of another: names that agree once backups, dates and versions are taken off, and columns.

Copies are looked for within a service, among tables whose normalised names agree, by the names of their columns.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Mask

# Of all column names of two tables, this share must be in both.
AGREEMENT: Final = 0.95
_WORDS: Final = (
    "backup|backups|bkup|bkp|bak|copy|copies|old|orig|original|tmp|temp|archive|archived|save|saved|snapshot|new|final|"
    "restore|restored|deprecated|delete|deleted|unused"
)
_SUFFIX: Final = re.compile(rf"(?:[\W_]+|(?<=\w)(?=\d))(?:(?:{_WORDS})\d*|v\d+|ver\d+|version[\W_]*\d+)$")
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
    """A table that may be a copy. Days as `columns.py` has them, size -1 when unknown, column names casefolded."""

    number: int
    name: str
    columns: frozenset[str]
    created: int
    accessed: int
    size: int
    queries: int


@dataclass(frozen=True, kw_only=True)
class Group:
    """Tables that are copies of each other: the likely original, all of them, and the least agreement with it, 0 to 1."""

    original: int
    members: list[int]
    agreement: float


def normalised_name(name: str) -> str:
    """The name that a table's backups, copies, dated and versioned ones share with it."""
    rest = _CAMEL.sub("_", name).casefold()
    whole = rest
    while True:
        shorter = _PREFIX.sub("", _without_date(_EPOCH.sub("", _SUFFIX.sub("", rest))))
        if not re.search(r"\w", shorter):
            break
        if shorter == rest:
            break
        rest = shorter
    return rest.strip(" _-.") or whole


def _without_date(name: str) -> str:
    for form in _DATES:
        found = form.search(name)
        # Digits right before are part of a longer number, and no date.
        if found is None or name[: found.start()][-1:].isdigit():
            continue
        parts = {part: int(digits) for part, digits in found.groupdict().items()}
        if 1990 <= parts["year"] <= 2099 and _is_date(parts["year"], parts["month"], parts.get("day", 1)):
            return name[: found.start()]
    return name


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def name_key(service: str, normalised: str) -> int:
    """64 bits that stand for a normalised name within a service."""
    return int.from_bytes(blake2b(f"{service}\0{normalised}".encode(), digest_size=8).digest(), "big")


def candidates(name_keys: Array, present: Mask) -> Array:
    """The numbers of tables that share their key with another one, those of one key together."""
    numbers = np.flatnonzero(present)
    order = numbers[np.argsort(name_keys[numbers], kind="stable")]
    keys = name_keys[order]
    same = keys[1:] == keys[:-1]
    chosen = np.append(same, False) | np.insert(same, 0, False) if len(keys) else np.zeros(0, np.bool_)
    found: Array = order[chosen]
    return found


def duplicate_groups(members: Iterable[Member]) -> Iterator[Group]:
    """The groups among tables whose normalised names agree; the order they come in makes no difference."""
    leaders = list[tuple[Member, list[tuple[Member, float]]]]()
    for member in sorted(members, key=_originality):
        if not member.columns:
            continue
        for leader, followers in leaders:
            agreement = agreement_of(leader.columns, member.columns)
            if agreement >= AGREEMENT:
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
    """The share of all their columns that two tables have in common."""
    common = len(some & others)
    return common / (len(some) + len(others) - common)


def _originality(member: Member) -> tuple[bool, int, int, int, int]:
    """The likeliest original first: a plain name, then most queries, latest access, oldest, lowest number."""
    marked = _CAMEL.sub("_", member.name).casefold() != normalised_name(member.name)
    return marked, -member.queries, -member.accessed, member.created or 65_535, member.number
