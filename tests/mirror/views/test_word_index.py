"""The words of texts, beside a plain set of pairs of a view and a word."""

from random import Random
from typing import cast

import numpy as np
import pytest

from thirdeye.inventory.columns import select
from thirdeye.inventory.table_names import word_key
from thirdeye.mirror.blobs import BlobStage
from thirdeye.mirror.views import word_index
from thirdeye.mirror.views.word_index import UnreadWords, WordChunk, WordKeys

pytestmark = pytest.mark.anyio
VIEWS = 40
Pair = tuple[int, int]


class Blobs:
    """Blobs in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    async def current(self, name: str) -> bytes:
        return self.stored.get(name, b"")

    async def names(self, prefix: str) -> list[str]:
        return [name for name in self.stored if name.startswith(prefix)]

    async def put(self, name: str, data: bytes) -> None:
        self.stored[name] = data


def pairs_of(chunk: WordChunk) -> list[Pair]:
    views, keys = chunk.pairs()
    return list(zip(views.tolist(), keys.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(20))
async def test_the_words_of_refreshes(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(word_index, "CHUNK", 7)
    monkeypatch.setattr(word_index, "_MOST_BUFFERED", 5)
    random, blobs, expected = Random(seed), Blobs(), set[Pair]()
    for _ in range(4):
        outdated = set(random.sample(range(VIEWS), random.randrange(VIEWS)))
        reader = UnreadWords(cast(BlobStage, blobs), select(outdated, VIEWS))
        expected = {pair for pair in expected if pair[0] not in outdated}
        for view in random.sample(sorted(outdated), len(outdated) // 2):
            found = [(view, random.randrange(2**64)) for _ in range(random.randrange(6))] * random.randint(1, 2)
            views, keys = np.array([view] * len(found), np.uint32), np.array([key for _, key in found], np.uint64)
            await reader.add(views, keys)
            expected |= set(found)
        read_now = set(random.sample(range(VIEWS), 5))
        expected = {pair for pair in expected if pair[0] not in read_now}
        unread = select({view for view, _ in expected}, VIEWS)
        chunks = [pairs_of(chunk) async for chunk in reader.chunks(unread)]
        assert [pair for chunk in chunks for pair in chunk if pair not in expected] == []
        assert sorted(pair for chunk in chunks for pair in chunk) == sorted(expected)
        # The lowest numbers first, and within a chunk each word with its views in order.
        for chunk in chunks:
            assert chunk == sorted(chunk, key=lambda pair: (pair[1], pair[0]))
        assert [pair[0] // 7 for chunk in chunks for pair in chunk[:1]] == sorted({view // 7 for view, _ in expected})


def test_the_keys_of_words_are_those_of_names(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = WordKeys()
    expected = sorted({word_key("snow", name) for name in ("select", "orders", "größe", "x_1")})
    for limit in (100, 0):
        monkeypatch.setattr(word_index, "_MOST_CACHED_WORDS", limit)
        for text in ("SELECT größe, ORDERS.x_1", "select x_1 größe Orders"):
            assert sorted(set(keys.of(text, "snow").tolist())) == expected
            assert not set(keys.of(text, "other").tolist()) & set(expected)


def test_no_words_make_an_empty_blob() -> None:
    nothing = WordChunk.of(np.zeros(0, np.uint32), np.zeros(0, np.uint64))
    assert nothing.packed() == b""
    assert pairs_of(WordChunk.unpack(b"", 3)) == []
