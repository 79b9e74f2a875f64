"""Searching tables by words: each must begin a part of the name of the table, its schema, database or service.

The names of a chunk of tables are kept as one text, a line of normalised parts for each table, every part after a
blank. A search is then a look for " word" in that text, at the speed of memory.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from thirdeye.errors import BadInput
from thirdeye.inventory.columns import Array, Mask

SEARCH_LENGTH: Final = 255
MOST_WORDS: Final = 10
_RUN: Final = re.compile(r"[^\W_]+")
# Borders within a run of letters and digits: fooBar, HTTPServer, orders2024.
_BORDER: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


def normalised(text: str) -> str:
    """Without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def name_parts(name: str) -> list[str]:
    """The normalised parts of a name, and each whole run of letters and digits that has several."""
    found = list[str]()
    for run in _RUN.findall(name):
        pieces = _BORDER.split(run)
        found += [run] if len(pieces) == 1 else [run, *pieces]
    # What has no letter or digit (an emoji) is found as it is.
    return [normalised(part) for part in found] or [re.sub(r"\s+", "", normalised(name))]


def search_words(search: str | None) -> list[str]:
    """The words to look for; none for an empty search. Raises BadInput when it is too long."""
    text = (search or "").strip()
    if len(text) > SEARCH_LENGTH:
        raise BadInput(f"search: must have at most {SEARCH_LENGTH} characters", "search")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise BadInput("search: must not hold control characters", "search")
    words = list(dict.fromkeys(word for part in text.split() for word in _words_of(part)))
    if len(words) > MOST_WORDS:
        raise BadInput(f"search: must have at most {MOST_WORDS} words", "search")
    return words


def _words_of(part: str) -> list[str]:
    runs = [normalised(run) for run in _RUN.findall(part)]
    return runs or [normalised(part)]


def pack_names(names: Iterable[str]) -> bytes:
    """The text of a chunk of names."""
    return pack_paths((name,) for name in names)


def pack_paths(paths: Iterable[Iterable[str | None]]) -> bytes:
    """The text of a chunk of paths: the names on each stand in one line."""
    parts = dict[str, str]()

    def line(path: Iterable[str | None]) -> Iterator[str]:
        for name in path:
            if name is not None:
                if name not in parts:
                    parts[name] = " ".join(name_parts(name))
                yield parts[name]

    return "".join(f" {' '.join(line(path))}\n" for path in paths).encode()


class NameIndex:
    """The names of all tables, in the chunks that `pack_names` made."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = [(chunk, _line_ends(chunk)) for chunk in chunks]

    def find(self, word: str) -> Mask:
        """Which tables' names have a part that begins with this word."""
        needle = b" " + word.encode()
        return np.concatenate([np.zeros(0, np.bool_), *(_find(text, ends, needle) for text, ends in self._chunks)])


def _line_ends(text: bytes) -> Array:
    return np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))


def _find(text: bytes, ends: Array, needle: bytes) -> Mask:
    mask = np.zeros(len(ends), np.bool_)
    places, place = list[int](), text.find(needle)
    while place >= 0:
        places.append(place)
        place = text.find(needle, place + 1)
    mask[np.searchsorted(ends, places)] = True
    return mask
