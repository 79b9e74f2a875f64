"""Searching tables by words: each must begin a part of the name of the table, its schema, database or service.

The names of a chunk of tables are stored as one text: a line for each table with its normalised parts, a space before each
part. A process makes an index of their parts from it, with the first search.
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
# So many bytes of a part are kept for each that differs; a multiple of eight.
_KEY: Final = 24
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


class NameChunk:
    """Where each part of the names of a chunk stands, from the text that `pack_names` made.

    A word is looked up by halving, however many names have a part that begins with it. Takes half as many bytes as the
    text, for names share their parts.
    """

    def __init__(self, text: bytes) -> None:
        starts, ends, members, self.names = _split(text)
        keys = _keys(text, starts, ends)
        # As numbers they sort three times as fast.
        order = np.lexsort(keys.view(">u8").astype(np.uint64).reshape(-1, _KEY // 8).T[::-1])
        sorted_keys = keys[order]
        is_new = np.ones(len(keys), np.bool_)
        is_new[1:] = sorted_keys[1:] != sorted_keys[:-1]
        self._keys = sorted_keys[is_new]
        self._bounds = np.append(np.flatnonzero(is_new), len(keys)).astype(np.uint32)
        self._members = members[order]
        is_long = ends - starts >= _KEY
        parts = [text[start:end] for start, end in zip(starts[is_long].tolist(), ends[is_long].tolist(), strict=True)]
        self._long = b"".join(b" " + part for part in parts)
        self._long_starts = np.cumsum([1 + len(part) for part in parts], dtype=np.uint32)
        self._long_members = members[is_long]

    def find(self, word: bytes) -> Array:
        """The places of the names with a part that begins with this word, some of them several times."""
        if len(word) >= _KEY:
            return self._find_long(word)
        # No text in UTF-8 has the byte that fills the second one up.
        bounds = np.array([word, word.ljust(_KEY, b"\xff")], self._keys.dtype)
        first, last = self._bounds[np.searchsorted(self._keys, bounds)]
        found: Array = self._members[first:last]
        return found

    def _find_long(self, word: bytes) -> Array:
        needle, places = b" " + word, list[int]()
        place = self._long.find(needle)
        while place >= 0:
            places.append(place)
            place = self._long.find(needle, place + 1)
        found: Array = self._long_members[np.searchsorted(self._long_starts, places, side="right")]
        return found


def _split(text: bytes) -> tuple[Array, Array, Array, int]:
    """Where each part begins and ends, and the place of the name that it is of; and how many names there are."""
    characters = np.frombuffer(text, np.uint8)
    borders = np.flatnonzero((characters == ord(" ")) | (characters == ord("\n")))
    is_end = characters[borders] == ord("\n")
    names = int(np.count_nonzero(is_end))
    # A part follows each space, an empty name's as well, and ends with the next border.
    is_part = ~is_end
    ends = np.append(borders[1:], len(text))[is_part]
    return borders[is_part] + 1, ends, np.cumsum(is_end)[is_part].astype(np.min_scalar_type(names)), names


def _keys(text: bytes, starts: Array, ends: Array) -> Array:
    """The first bytes of each part."""
    characters = np.frombuffer(text + bytes(_KEY), np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(characters, _KEY)[starts]
    is_of_part = np.arange(_KEY) < (ends - starts)[:, np.newaxis]
    keys: Array = np.where(is_of_part, windows, np.uint8(0)).view(f"S{_KEY}").ravel()
    return keys


class NameIndex:
    """The names of all tables, over consecutive chunks of them."""

    def __init__(self, chunks: Sequence[NameChunk]) -> None:
        self._chunks = chunks

    def find(self, word: str) -> Mask:
        """Which names have a part that begins with this word."""
        mask, start, encoded = np.zeros(sum(chunk.names for chunk in self._chunks), np.bool_), 0, word.encode()
        for chunk in self._chunks:
            mask[start : start + chunk.names][chunk.find(encoded)] = True
            start += chunk.names
        return mask
