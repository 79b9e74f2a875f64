"""Searching tables by words: each must begin a part of the name of the table, its schema, database or service.

The names of a chunk of tables form one text: a line for each table with its normalised parts, a space before each part.
A search then looks for " word" in that text, at the speed of memory.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from thirdeye.errors import BadInput
from thirdeye.inventory.columns import Array, Mask

MAX_SEARCH_LENGTH: Final = 255
MAX_SEARCH_WORDS: Final = 10
_RUN: Final = re.compile(r"[^\W_]+")
# Where a run of letters and digits splits into parts: fooBar, HTTPServer, orders2024.
_BORDER: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


def normalised(text: str) -> str:
    """A text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def name_parts(name: str) -> list[str]:
    """The normalised parts of a name; a run of letters and digits that splits comes whole, then in parts."""
    parts = list[str]()
    for run in _RUN.findall(name):
        pieces = _BORDER.split(run)
        parts += [run] if len(pieces) == 1 else [run, *pieces]
    # A name without letters and digits, such as an emoji, is one part.
    return [normalised(part) for part in parts] or [re.sub(r"\s+", "", normalised(name))]


def parse_search(search: str | None) -> list[str]:
    """The normalised words of a search. Raises BadInput for a search that is too long or holds control characters."""
    text = (search or "").strip()
    if len(text) > MAX_SEARCH_LENGTH:
        raise BadInput(f"search: must have at most {MAX_SEARCH_LENGTH} characters", "search")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise BadInput("search: must not hold control characters", "search")
    words = list(dict.fromkeys(normalised(word) for part in text.split() for word in _RUN.findall(part) or [part]))
    if len(words) > MAX_SEARCH_WORDS:
        raise BadInput(f"search: must have at most {MAX_SEARCH_WORDS} words", "search")
    return words


def pack_names(names: Iterable[str]) -> bytes:
    """The searchable text of a chunk of names."""
    return pack_paths((name,) for name in names)


def pack_paths(paths: Iterable[Iterable[str | None]]) -> bytes:
    """The searchable text of a chunk of paths; the names on a path share a line."""
    parts = dict[str, str]()

    def line(path: Iterable[str | None]) -> Iterator[str]:
        for name in path:
            if name is not None:
                if name not in parts:
                    parts[name] = " ".join(name_parts(name))
                yield parts[name]

    return "".join(f" {' '.join(line(path))}\n" for path in paths).encode()


class NameIndex:
    """The names of all tables, over the chunks that `pack_names` made."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        # Each with the places of its line ends.
        self._chunks = [(chunk, np.flatnonzero(np.frombuffer(chunk, np.uint8) == ord("\n"))) for chunk in chunks]

    def find(self, word: str) -> Mask:
        """Which names have a part that begins with this word."""
        needle = b" " + word.encode()
        return np.concatenate([np.zeros(0, np.bool_), *(_find(text, ends, needle) for text, ends in self._chunks)])


def _find(text: bytes, ends: Array, needle: bytes) -> Mask:
    mask = np.zeros(len(ends), np.bool_)
    places, place = list[int](), text.find(needle)
    while place >= 0:
        places.append(place)
        place = text.find(needle, place + 1)
    mask[np.searchsorted(ends, places)] = True
    return mask
