"""The words of texts that were not read, kept from refresh to refresh.

Chunks of tables, each an index from words to views: which of them are names of tables can be found at every refresh, whatever
tables are new, without fetching a text again, and with one chunk in memory.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Mask
from thirdeye.inventory.table_names import word_key
from thirdeye.mirror.blobs import BlobStage

# Views by number; a place within a chunk takes two bytes.
CHUNK: Final = 4_096
PREFIX: Final = "view-words/"
_WORD: Final = re.compile(r"\w+")
_MOST_CACHED_WORDS: Final = 100_000
# Of 12 bytes each.
_MOST_BUFFERED: Final = 500_000


class WordKeys:
    """The keys of words, as `table_names.word_key` gives them."""

    def __init__(self) -> None:
        # By service and word.
        self._cache: dict[str, dict[str, int]] = {}

    def of(self, text: str, service: str) -> Array:
        """The keys of the words of a text."""
        if sum(map(len, self._cache.values())) > _MOST_CACHED_WORDS:
            self._cache.clear()
        cache, words = self._cache.setdefault(service, {}), set(_WORD.findall(text))
        for word in words:
            if word not in cache:
                cache[word] = word_key(service, word)
        return np.fromiter(map(cache.__getitem__, words), np.uint64, len(words))


@dataclass(frozen=True)
class WordChunk:
    """Distinct keys of words in order, and for each as many views as `counts` says, in order."""

    keys: Array
    counts: Array
    views: Array

    @staticmethod
    def of(views: Array, keys: Array) -> "WordChunk":
        """From pairs of a view and a key, in any order."""
        order = np.lexsort((views, keys))
        views, keys = views[order], keys[order]
        is_new = np.ones(len(keys), np.bool_)
        is_new[1:] = (keys[1:] != keys[:-1]) | (views[1:] != views[:-1])
        views, keys = views[is_new], keys[is_new]
        first = np.flatnonzero(np.concatenate([np.ones(min(len(keys), 1), np.bool_), keys[1:] != keys[:-1]]))
        counts = np.diff(np.append(first, len(keys)))
        return WordChunk(keys[first], counts.astype(np.uint32), views.astype(np.uint32))

    @staticmethod
    def unpack(data: bytes, chunk: int) -> "WordChunk":
        """From a stored blob; an empty one holds nothing."""
        length = int.from_bytes(data[:8], "little")
        keys = np.frombuffer(data, np.uint64, length, 8) if data else np.zeros(0, np.uint64)
        counts = np.frombuffer(data, np.uint32, length, 8 + 8 * length) if data else np.zeros(0, np.uint32)
        places = np.frombuffer(data, np.uint16, offset=8 + 12 * length) if data else np.zeros(0, np.uint16)
        return WordChunk(keys, counts, places + np.uint32(chunk * CHUNK))

    def packed(self) -> bytes:
        """As a blob; empty if it holds nothing."""
        if not len(self.keys):
            return b""
        places = (self.views % CHUNK).astype(np.uint16)
        return b"".join(
            [len(self.keys).to_bytes(8, "little"), self.keys.tobytes(), self.counts.tobytes(), places.tobytes()]
        )

    def pairs(self) -> tuple[Array, Array]:
        """Views and keys, a pair for each view that has the word."""
        return self.views, np.repeat(self.keys, self.counts)

    def only(self, views: Mask) -> "WordChunk":
        """The same without the views that are not in the mask."""
        chosen = views[self.views]
        if chosen.all():
            return self
        # What is in order stays so.
        places = np.repeat(np.arange(len(self.keys)), self.counts)[chosen]
        counts = np.bincount(places, minlength=len(self.keys))
        kept = counts > 0
        return WordChunk(self.keys[kept], counts[kept].astype(np.uint32), self.views[chosen])


class UnreadWords:
    """The stored words, brought up to date; those of `outdated` views no longer count."""

    def __init__(self, blobs: BlobStage, outdated: Mask) -> None:
        self._blobs = blobs
        self._outdated = outdated
        self._merged = set[int]()
        self._buffer: list[tuple[Array, Array]] = []
        self._buffered = 0

    async def add(self, views: Array, keys: Array) -> None:
        """Adds pairs of a view and the key of a word."""
        self._buffer.append((views, keys))
        self._buffered += len(keys)
        if self._buffered > _MOST_BUFFERED:
            await self._merge_buffer()

    async def chunks(self, unread: Mask) -> AsyncIterator[WordChunk]:
        """The words of all views whose texts are unread, those of the lowest numbers first."""
        added = self._take_buffer()
        stored = {int(name.removeprefix(PREFIX)) for name in await self._blobs.names(PREFIX)}
        for chunk in sorted(stored | added.keys()):
            yield await self._merge(chunk, added.get(chunk), unread)

    async def _merge_buffer(self) -> None:
        for chunk, added in self._take_buffer().items():
            await self._merge(chunk, added)

    def _take_buffer(self) -> dict[int, tuple[Array, Array]]:
        """The views and keys that were added, by chunk."""
        if not self._buffer:
            return {}
        views, keys = (np.concatenate(parts) for parts in zip(*self._buffer, strict=True))
        self._buffer, self._buffered = [], 0
        chunks = views // CHUNK
        return {chunk: (views[chunks == chunk], keys[chunks == chunk]) for chunk in np.unique(chunks).tolist()}

    async def _merge(self, chunk: int, added: tuple[Array, Array] | None, unread: Mask | None = None) -> WordChunk:
        """A chunk with what is added, and of all views or the unread ones; stored unless that is what is."""
        name = f"{PREFIX}{chunk:05d}"
        stored = WordChunk.unpack(await self._blobs.current(name), chunk)
        words = stored if chunk in self._merged else stored.only(~self._outdated)
        self._merged.add(chunk)
        if added is not None:
            views, keys = words.pairs()
            words = WordChunk.of(np.concatenate([views, added[0]]), np.concatenate([keys, added[1]]))
        if unread is not None:
            words = words.only(unread)
        if words is not stored:
            await self._blobs.put(name, words.packed())
        return words
