"""When absent tables count as gone; a second reading of the rule tries every window."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.inventory.absence import AbsenceLimits, Group, are_gone, mass_absences

LIMITS = AbsenceLimits()
HOUR, DAY = 60, 24 * 60


def mass(since: list[int], schema: list[int], sizes: list[int], expected: set[int] = frozenset()) -> list[bool]:  # type: ignore[assignment]
    """The absences of one database whose tables are those of all schemas."""
    groups = [
        Group(group=np.array(schema, np.int64), sizes=np.array(sizes)),
        Group(group=np.zeros(len(schema), np.int64), sizes=np.array([sum(sizes)])),
    ]
    removed = np.array([place in expected for place in range(len(since))], np.bool_)
    answer: list[bool] = mass_absences(np.array(since, np.uint32), removed, groups, LIMITS).tolist()
    return answer


@pytest.mark.parametrize(
    ("since", "schema", "sizes", "expected"),
    [
        pytest.param([0], [0], [10, 90], False, id="one"),
        pytest.param([0] * 4, [0] * 4, [10, 90], False, id="four of ten"),
        pytest.param([0] * 5, [0] * 5, [25, 90], True, id="a fifth, and five"),
        pytest.param([0] * 5, [0] * 5, [26, 90], False, id="five, and less than a fifth"),
        pytest.param([0] * 4, [0] * 4, [4, 90], True, id="all four of a schema"),
        pytest.param([0] * 49, [0] * 49, [1000, 0], False, id="49 at once"),
        pytest.param([0] * 50, [0] * 50, [1000, 0], True, id="50 at once"),
        pytest.param([number * 59 for number in range(50)], [0] * 50, [1000, 0], False, id="50 in 48.2 hours"),
        pytest.param([number * 57 for number in range(50)], [0] * 50, [1000, 0], True, id="50 in 46.6 hours"),
        pytest.param([0, 0, HOUR, HOUR, 2 * HOUR], [0] * 5, [20, 90], True, id="over three hours"),
        pytest.param([0, 0, 0, 0, 49 * HOUR], [0] * 5, [20, 90], False, id="the fifth too late"),
        pytest.param([0, 0, 0, 1, 1], [0, 0, 0, 1, 1], [15, 10], True, id="a fifth of the database"),
    ],
)
def test_many(since: list[int], schema: list[int], sizes: list[int], expected: bool) -> None:
    assert mass(since, schema, sizes) == [expected] * len(since)


def test_fifty_are_counted_in_each_database() -> None:
    database = np.repeat([0, 1], [50, 49])
    groups = [Group(group=database, sizes=np.array([1000, 1000]))]
    answer = mass_absences(np.zeros(99, np.uint32), np.zeros(99, np.bool_), groups, LIMITS)
    assert answer.tolist() == [True] * 50 + [False] * 49


def test_what_was_being_removed_does_not_count() -> None:
    assert mass([0] * 30, [0] * 30, [40], set(range(30))) == [False] * 30
    assert mass([0] * 9, [0] * 9, [20], set(range(5))) == [False] * 9
    assert mass([0] * 10, [0] * 10, [20], set(range(5))) == [False] * 5 + [True] * 5


def test_days() -> None:
    since = np.array([0, 0, 1], np.uint32)
    for minute, gone in ((4 * DAY - 1, [False, False, False]), (4 * DAY, [True, False, False]), (7 * DAY, [True] * 3)):
        assert are_gone(since, np.array([False, True, False]), minute, LIMITS).tolist() == gone


absences = st.lists(st.tuples(st.integers(0, 6 * DAY), st.integers(0, 2), st.booleans()), max_size=60)


@given(absences, st.tuples(*[st.integers(0, 40)] * 3))
def test_every_window(rows: list[tuple[int, int, bool]], more: tuple[int, int, int]) -> None:
    schema = [group for _, group, _ in rows]
    sizes = [more[group] + schema.count(group) for group in range(3)]
    answer = mass([since for since, _, _ in rows], schema, sizes, {n for n, row in enumerate(rows) if row[2]})
    for (since, group, expected), found in zip(rows, answer, strict=True):
        windows = [
            [row for row in rows if start <= row[0] <= start + 48 * HOUR and not row[2]]
            for start, _, removed in rows
            if not removed and start <= since <= start + 48 * HOUR
        ]
        assert found == (not expected and any(_is_mass(window, group, sizes) for window in windows))


def _is_mass(window: list[tuple[int, int, bool]], group: int, sizes: list[int]) -> bool:
    of_schema = sum(row[1] == group for row in window)
    return len(window) >= 50 or any(
        count == size or (count >= 5 and 5 * count >= size)
        for count, size in ((of_schema, sizes[group]), (len(window), sum(sizes)))
    )
