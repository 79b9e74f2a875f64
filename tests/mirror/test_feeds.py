"""The access times of a database: when they are a feed, and since when."""

import numpy as np
import pytest

from thirdeye.inventory.columns import PRESENT
from thirdeye.inventory.rules import EVIDENCES, Evidence, Thresholds
from thirdeye.mirror.feeds import assess, lifecycles, watch
from thirdeye.mirror.row_days import places_of, row_matrix
from thirdeye.mirror.state import State

TODAY = 20_000
# Of two databases of one service; the other one has an access time of its own.
PLACES = [(0, "main", "core"), (0, "other", "core")]


def evidence_of(accesses: list[int | None], kept: int = 0) -> tuple[Evidence, int]:
    """The evidence of tables with these access times, in days ago, and since when it is watched, in days ago."""
    state = State()
    state.grow(len(accesses) + 1)
    for place in PLACES:
        state.places.number(place)
    state.place_hashes = ["s.main.core", "s.other.core"]
    state.query["flags"][:] = PRESENT
    state.query["place"][-1] = 1
    days = [0 if ago is None else TODAY - ago for ago in accesses]
    state.source["lifecycle_accessed"][:] = [*days, TODAY - 5]
    places, nobody = places_of(state, {}), np.zeros(2, np.bool_)
    watching = watch(places, row_matrix({}, places, TODAY), {}, nobody, nobody, TODAY - 1000, TODAY)
    found = lifecycles(state, places, np.array([kept, 0]), TODAY)
    feeds = assess(state, watching, found, {}, TODAY, Thresholds())
    assert EVIDENCES[feeds.evidence[1]] is Evidence.LIFECYCLE
    return EVIDENCES[feeds.evidence[0]], TODAY - int(feeds.since[0])


@pytest.mark.parametrize(
    ("with_access", "tables", "evidence"),
    [
        (0, 1, Evidence.METADATA),
        (1, 1, Evidence.LIFECYCLE),
        (1, 10, Evidence.LIFECYCLE),
        (1, 11, Evidence.METADATA),
        (9, 100, Evidence.METADATA),
        (10, 100, Evidence.LIFECYCLE),
        (10, 101, Evidence.METADATA),
        (30, 300, Evidence.LIFECYCLE),
    ],
)
def test_a_tenth_of_the_tables_of_a_database_makes_a_feed(with_access: int, tables: int, evidence: Evidence) -> None:
    assert evidence_of([1] * with_access + [None] * (tables - with_access))[0] is evidence


@pytest.mark.parametrize(
    ("accesses", "expected"),
    [
        ([30, 500], (Evidence.LIFECYCLE, 500)),
        ([31, 500], (Evidence.METADATA, TODAY)),
        # Tomorrow is today; what is further ahead cannot be read.
        ([-1], (Evidence.LIFECYCLE, 0)),
        ([-2], (Evidence.METADATA, TODAY)),
        ([-2, 3], (Evidence.LIFECYCLE, 3)),
    ],
)
def test_access_times_count_from_the_earliest_while_they_come(
    accesses: list[int | None], expected: tuple[Evidence, int]
) -> None:
    assert evidence_of(accesses) == expected


def test_the_earliest_access_ever_seen_is_kept() -> None:
    assert evidence_of([3], kept=TODAY - 700) == (Evidence.LIFECYCLE, 700)
    assert evidence_of([800], kept=TODAY - 700) == (Evidence.METADATA, TODAY)
    assert evidence_of([3, 800], kept=TODAY - 700) == (Evidence.LIFECYCLE, 800)
