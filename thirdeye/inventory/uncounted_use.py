"""Use that does not count: by whom, or by which statements, as administrators and the settings say. Pure.

A pattern holds stars, each for any characters, and else letters as they are, whatever their case. It is searched part by
part, which takes no longer than the text is long.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

import orjson

MAX_PATTERNS: Final = 50
MAX_PATTERN_LENGTH: Final = 200
# Less would mean nearly everybody.
_LITERAL: Final = re.compile(r"[^*\s]{3}")
_SPACE: Final = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True)
class UncountedUse:
    """Whose statements do not count as use, but for those of `except_users`; and which do not, whoever runs them."""

    users: tuple[str, ...] = ()
    except_users: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()

    @staticmethod
    def of(document: Mapping[str, Sequence[str]]) -> "UncountedUse":
        """As stored."""
        return UncountedUse(**{name: tuple(document.get(name, ())) for name in UncountedUse.__dataclass_fields__})

    def document(self) -> dict[str, list[str]]:
        """To be stored."""
        return {name: list(getattr(self, name)) for name in UncountedUse.__dataclass_fields__}

    def with_also(self, users: Iterable[str], statements: Iterable[str]) -> "UncountedUse":
        """The same with what the settings say."""
        return UncountedUse(
            users=tuple(dict.fromkeys([*users, *self.users])),
            except_users=self.except_users,
            statements=tuple(dict.fromkeys([*statements, *self.statements])),
        )

    @property
    def checksum(self) -> int:
        """Of what it says; 0 if it says nothing."""
        return (crc32(orjson.dumps(self.document())) or 1) if self.users or self.statements else 0

    def names_user(self, name: str) -> bool:
        """Whether what a user runs does not count."""
        return _matches_any(self.users, name) and not _matches_any(self.except_users, name)

    def names_statement(self, text: str) -> bool:
        """Whether a statement does not count, whoever runs it."""
        folded = _SPACE.sub(" ", text).casefold()
        return any(_is_found(_parts(pattern), folded) for pattern in self.statements)


def is_clear(pattern: str) -> bool:
    """Whether a pattern has three letters in a row that are no stars."""
    return _LITERAL.search(pattern) is not None


def contradictions(use: UncountedUse) -> Iterator[str]:
    """The patterns of users that those of exceptions take back altogether."""
    for pattern in use.users:
        # A star stands for itself here: what takes back `backup_*` takes back all that it names.
        if _matches_any(use.except_users, pattern):
            yield pattern


def _matches_any(patterns: Iterable[str], name: str) -> bool:
    folded = name.casefold()
    return any(_matches(_parts(pattern), folded) for pattern in patterns)


def _parts(pattern: str) -> list[str]:
    return _SPACE.sub(" ", pattern).casefold().split("*")


def _matches(parts: Sequence[str], text: str) -> bool:
    """Whether the whole of a text is so."""
    if len(parts) == 1:
        return text == parts[0]
    first, *middle, last = parts
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    return _is_found(middle, text[len(first) : len(text) - len(last)])


def _is_found(parts: Sequence[str], text: str) -> bool:
    """Whether the parts occur in a text one after the other."""
    place = 0
    for part in parts:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return True
