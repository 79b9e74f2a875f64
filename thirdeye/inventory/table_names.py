"""Names of tables: the keys that find tables by name, and the suffixes of dates and numbers that parts of a whole have.

SQL ignores the case of most names, and so do keys: they are 64-bit hashes of names without case.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from enum import Enum, IntEnum
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

_WORD: Final = re.compile(r"\w+")
_HEAD: Final = re.compile(r"[^\W\d_]+")
_DIGITS: Final = "0123456789"
_SEPARATORS: Final = "_-.$:#~ "
# What may set off a suffix: `_`, `_p`, `$part_`, `_y`. A date may follow a letter at once where it has six digits.
_MARK: Final = r"[\W_]+(?:(?:partition|part|p|y)[\W_]*)?"
_DATE: Final = re.compile(
    rf"""(?:{_MARK}|(?<=[^\W\d_])(?=[0-9]{{6}}))
    (?P<year>(?:19|20)[0-9]{{2}})
    (?:[\W_]?(?:
        q(?P<quarter>[1-4])
      | w(?P<week>[0-9]{{2}})
      | m?(?P<month>[0-9]{{2}})
        (?:[\W_]?d?(?P<day>[0-9]{{2}})
        (?:[\W_]?[th]?(?P<hour>[0-9]{{2}})(?:[\W_]?(?P<minute>[0-9]{{2}})(?:[\W_]?(?P<second>[0-9]{{2}}))?)?)?)?
    ))?$""",
    re.IGNORECASE | re.VERBOSE,
)
_DAY_FIRST: Final = re.compile(
    rf"(?:{_MARK}|(?<=[^\W\d_]))(?P<day>[0-9]{{2}})[\W_]?(?P<month>[0-9]{{2}})[\W_]?(?P<year>(?:19|20)[0-9]{{2}})$",
    re.IGNORECASE,
)
_EPOCH: Final = re.compile(rf"{_MARK}(?P<seconds>1[0-9]{{9}})(?:[0-9]{{3}})?$", re.IGNORECASE)
_NUMBER: Final = re.compile(rf"{_MARK}(?P<number>[0-9]{{1,18}})$", re.IGNORECASE)
# Letters within a suffix, after a digit or a separator: 2026w05, 2026q1, y2026m01d31, 20260131T23.
_LETTERS: Final = frozenset("wqmdthpy")
# No suffix is longer.
_MAX_SUFFIX_LENGTH: Final = 48
_FIRST_YEAR, _LAST_YEAR = 1990, 2099
_DAY_SECONDS: Final = 86_400
_FIRST_DAY: Final = date(1970, 1, 1)


class SuffixKind(Enum):
    """What a name ends with."""

    NONE = "NONE"
    DATE = "DATE"
    NUMBER = "NUMBER"


class Grain(IntEnum):
    """How long a time a part stands for, the longest first; NO_TIME where its suffix does not tell."""

    YEAR = 0
    QUARTER = 1
    MONTH = 2
    WEEK = 3
    DAY = 4
    HOUR = 5
    SECOND = 6
    NO_TIME = 7


class Suffix(NamedTuple):
    """The end of a name that tells one part of a whole from the others.

    `order` sorts the parts, later ones are higher: eight times the second at which its time begins, or its number, plus
    its grain.
    """

    stem: str
    kind: SuffixKind
    order: int


def path_key(service: str, database: str | None, schema: str | None, name: str) -> int:
    """The key of a table by its whole path."""
    return _key("path", service, database or "", schema or "", name)


def word_key(service: str, name: str) -> int:
    """The key of a table of a service by its name as a word in a text: by the first word of one that is several."""
    word = _WORD.search(name)
    return _key("word", service, word[0] if word else name)


def head_key(service: str, name: str) -> int:
    """The key of the letters that a name begins with, by which those are found that a wildcard may mean; 0 without any."""
    head = _HEAD.match(name)
    return (_key("head", service, head[0]) & 0xFFFF_FFFF or 1) if head else 0


def schema_key(service: str, database: str | None, schema: str | None) -> int:
    """The key of a schema."""
    return _key("schema", service, database or "", schema or "")


def _key(*names: str) -> int:
    digest = blake2b("\0".join(names).casefold().encode(errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def split_suffix(name: str) -> Suffix:
    """A name as its stem and the suffix of a date or a number; `kind` is NONE, and the stem the name, without one.

    A stem is more than dates and numbers: a name that is only these has no suffix.
    """
    # Most names end here.
    if name[-1:] not in _DIGITS or not name:
        return Suffix(name, SuffixKind.NONE, 0)
    stem = _without_suffixes(name)
    tail = name[len(stem) :]
    # The letter before a digit tells whether a date may begin there.
    kind, length, order = _read_suffix((tail if tail[0] in _SEPARATORS else stem[-1:] + tail)[-_MAX_SUFFIX_LENGTH:])
    if not stem or kind is SuffixKind.NONE:
        return Suffix(name, SuffixKind.NONE, 0)
    return Suffix(name[:-length], kind, order)


def _without_suffixes(name: str) -> str:
    """A name without all at its end that may belong to a suffix."""
    stem = name.rstrip(_DIGITS + _SEPARATORS)
    while (shorter := _without_mark(stem)) != stem:
        stem = shorter.rstrip(_DIGITS + _SEPARATORS)
    return stem


def _without_mark(stem: str) -> str:
    for mark in ("partition", "part"):
        if stem[-len(mark) :].lower() == mark and stem[: -len(mark)][-1:] in _SEPARATORS:
            return stem[: -len(mark)]
    is_mark = stem[-1:].lower() in _LETTERS and stem[-2:-1] and stem[-2:-1] in _DIGITS + _SEPARATORS
    return stem[:-1] if is_mark else stem


@lru_cache(maxsize=8192)
def _read_suffix(tail: str) -> tuple[SuffixKind, int, int]:
    """The kind, the length and the order of the suffix in the end of a name. The same few dates come again and again."""
    for start, order in _dates(tail):
        return SuffixKind.DATE, len(tail) - start, order
    number = _NUMBER.search(tail)
    if number is None:
        return SuffixKind.NONE, 0, 0
    return SuffixKind.NUMBER, len(tail) - number.start(), int(number["number"]) << 3 | Grain.NO_TIME


def plausible_day(year: int, month: int = 1, day: int = 1) -> date | None:
    """A day that names may mean; None where there is no such day, or it is too far away to be meant."""
    with suppress(ValueError):
        return date(year, month, day) if _FIRST_YEAR <= year <= _LAST_YEAR else None
    return None


def _dates(tail: str) -> Iterator[tuple[int, int]]:
    """Where a suffix that is a date begins, and its order: the likeliest reading first."""
    start = 0
    while (match := _DATE.search(tail, start)) is not None:
        order = _order(match)
        if order is not None:
            yield match.start(), order
        # `x_2025_2026` is no month of 2025, but a year.
        start = match.start() + 1
    epoch = _EPOCH.search(tail)
    if epoch is not None:
        yield epoch.start(), int(epoch["seconds"]) << 3 | Grain.SECOND
    day_first = _DAY_FIRST.search(tail)
    if day_first is not None:
        day = plausible_day(int(day_first["year"]), int(day_first["month"]), int(day_first["day"]))
        if day is not None:
            # Others write the month first, so that nobody can tell which part is older.
            yield day_first.start(), _seconds(day) << 3 | Grain.NO_TIME


def _order(match: re.Match[str]) -> int | None:
    """The order of a date that begins with its year; None where there is no such date."""
    parts = {part: int(digits) for part, digits in match.groupdict().items() if digits is not None}
    year = parts["year"]
    if "week" in parts:
        with suppress(ValueError):
            week = date.fromisocalendar(year, parts["week"], 1)
            return _seconds(week) << 3 | Grain.WEEK if _FIRST_YEAR <= year <= _LAST_YEAR else None
        return None
    day = plausible_day(year, parts.get("month", 3 * parts.get("quarter", 1) - 2), parts.get("day", 1))
    hour, minute, second = parts.get("hour", 0), parts.get("minute", 0), parts.get("second", 0)
    if day is None or hour > 24 or minute > 59 or second > 59:
        return None
    return _seconds(day) + 3600 * hour + 60 * minute + second << 3 | _grain(parts)


def _grain(parts: dict[str, int]) -> Grain:
    for part, grain in (("minute", Grain.SECOND), ("hour", Grain.HOUR), ("day", Grain.DAY), ("month", Grain.MONTH)):
        if part in parts:
            return grain
    return Grain.QUARTER if "quarter" in parts else Grain.YEAR


def _seconds(day: date) -> int:
    return (day - _FIRST_DAY).days * _DAY_SECONDS
