"""What the second implementation, with which refreshes are compared, says of random estates."""

import doctest
from collections import Counter
from datetime import timedelta
from random import Random
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.support import second_absence, second_series, second_texts
from tests.support.clocks import TODAY
from tests.support.random_om import disturb, judge_in_memory, random_om
from tests.support.second_memory import Known
from tests.support.second_verdicts import Rules, second_verdicts
from tests.support.story import Row, Story

pytestmark = pytest.mark.unmeasured


SAME_AFTERWARDS = (
    "activity", "idle", "verdict", "blockers", "accessed", "known_since", "first_seen", "seen_later", "zombie", "in_use",
    "dependents", "cost", "risk",
)  # fmt: skip


def compared(found: dict[str, Row]) -> dict[str, Row]:
    return {fqn: {name: row[name] for name in SAME_AFTERWARDS} for fqn, row in found.items()}


@settings(max_examples=4, deadline=None)
@given(some.integers(0, 10**6))
def test_what_comes_back_in_time_was_never_away(seed: int) -> None:
    random = Random(seed)
    story, quiet = Story(random_om(Random(seed), TODAY)), Story(random_om(Random(seed), TODAY))
    quiet.look()
    numbers = dict[str, int | None]()
    for _ in range(3):
        story.look()
        numbers = numbers or {kept.fqn: kept.number for kept in story.known.kept.values()}
        undo = disturb(story.om, random)
        for _ in range(random.randint(1, 3)):
            judged, found = story.look(days=random.choice([1 / 24, 0.5, 1]))
            assert len(judged.tables) == len(found) == len(numbers)
        undo()
        judged, found = story.look(days=0.25)
        quiet.look(days=(story.now - quiet.now) / timedelta(days=1))
        assert {judged.tables[each]["fqn"]: number for each, number in judged.numbers.items()} == numbers
        assert compared(found) == compared(quiet.look()[1])


@settings(max_examples=8, deadline=None)
@given(some.integers(0, 10**6))
def test_the_order_of_rows_is_nothing(seed: int) -> None:
    om, known = random_om(Random(seed), TODAY), Known()
    plain, shuffled = (judge_in_memory(om, known, Story(om).now, order) for order in (None, Random(seed)))
    assert Counter(each.parts for each in plain.series) == Counter(each.parts for each in shuffled.series)
    verdicts = [second_verdicts(judged, TODAY, Rules()) for judged in (plain, shuffled)]
    assert verdicts[0] == verdicts[1]


@settings(max_examples=20, deadline=None)
@given(some.integers(0, 10**6))
def test_nothing_goes_that_is_used_or_that_nobody_looked_at(seed: int) -> None:
    _, found = Story(random_om(Random(seed), TODAY)).look()
    for fqn, row in found.items():
        if row["accessed"] and (TODAY - row["accessed"]).days <= 90:
            assert row["activity"] in ("ACTIVE", "COOLING"), fqn
            assert row["verdict"] == "KEEP" or (row["verdict"] == "REVIEW" and row["only_written"]), fqn
        if fqn.startswith("lake."):
            assert row["verdict"] not in ("DELETE", "ARCHIVE"), fqn
        if row.get("through_series") or row["through_lineage"]:
            assert row["verdict"] == "KEEP" and not row["zombie"], fqn


@settings(max_examples=4, deadline=None)
@given(some.integers(0, 10**6))
def test_whatever_happens_tables_keep_their_numbers_and_what_is_known_of_them(seed: int) -> None:
    random, story = Random(seed), Story(random_om(Random(seed), TODAY))
    story.look()
    first = {kept.number: (kept.first_seen, kept.known_since) for kept in story.known.kept.values()}
    for _ in range(4):
        undo = disturb(story.om, random)
        story.look()
        story.look(days=random.choice([0.5, 3, 5, 8]))
        if random.random() < 0.7:
            undo()
            story.look()
    assert {kept.number: (kept.first_seen, kept.known_since) for kept in story.known.kept.values()} == first


@pytest.mark.parametrize("module", [second_absence, second_series, second_texts])
def test_examples(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0
