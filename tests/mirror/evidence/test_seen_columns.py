"""Changes are told of what was there before something could not be read, once that can be read again."""

from typing import Any, cast

import numpy as np
import pytest

from thirdeye.inventory.columns import PRESENT, Array
from thirdeye.inventory.rules import ACTIVITIES, Activity
from thirdeye.mirror.blobs import BlobStage
from thirdeye.mirror.changes import ChangeKind, changes
from thirdeye.mirror.evidence.seen_columns import SeenColumns

pytestmark = pytest.mark.anyio
DORMANT, ACTIVE, UNKNOWN = (ACTIVITIES.index(each) for each in (Activity.DORMANT, Activity.ACTIVE, Activity.UNKNOWN))
LARGE = 10**12


class Blobs(dict[str, bytes]):
    """As those of a refresh."""

    async def previous(self, name: str) -> bytes | None:
        return self.get(name)

    async def stage(self, name: str, data: bytes) -> None:
        self[name] = data

    async def drop(self, *_prefixes: str, kept: set[str]) -> None:
        self.clear()


def chunk(*tables: tuple[int, int] | None) -> dict[str, Array]:
    """The columns of tables by size and activity; None for room that nobody has taken, or for what is gone."""
    return {
        "id": np.array([b"x" if table else b"" for table in tables], "S16"),
        "flags": np.array([PRESENT if table else 0 for table in tables], np.uint16),
        "size": np.array([table[0] if table else 0 for table in tables], np.int64),
        "activity": np.array([table[1] if table else 0 for table in tables], np.uint8),
    }


async def told(blobs: Blobs, old: dict[str, Array], new: dict[str, Array], *, unseen: bool) -> list[Any]:
    seen = SeenColumns(cast("BlobStage", blobs), unseen)
    found = [each[:2] for each in changes(await seen.before(0, old, new), new, 0)]
    await seen.end()
    return found


async def test_what_changed_meanwhile_is_told_afterwards_and_what_came_is_only_new() -> None:
    blobs = Blobs()
    before = chunk((LARGE, DORMANT), (LARGE, DORMANT), (LARGE, ACTIVE), None, None)
    unknown = chunk((-1, UNKNOWN), (-1, UNKNOWN), (-1, UNKNOWN), None, None)
    came = chunk((-1, UNKNOWN), (-1, UNKNOWN), (-1, UNKNOWN), (-1, UNKNOWN), (LARGE, ACTIVE))
    after = chunk((3 * LARGE, DORMANT), (LARGE, ACTIVE), (LARGE, ACTIVE), (LARGE, DORMANT), (LARGE, ACTIVE))
    assert await told(blobs, before, unknown, unseen=True) == []
    assert await told(blobs, unknown, came, unseen=True) == [(ChangeKind.NEW, 3), (ChangeKind.NEW, 4)]
    assert await told(blobs, came, after, unseen=False) == [(ChangeKind.GROWN, 0), (ChangeKind.WOKEN_UP, 1)]
    assert not blobs
