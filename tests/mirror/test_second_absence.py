"""What the second implementation, with which refreshes are compared, says of absence and identity."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.om_rows import identifier_of
from tests.support.second_absence import Absence, Absences
from tests.support.second_inventory import Judged
from tests.support.story import BUSY, CORE, Story, a_past

pytestmark = pytest.mark.unmeasured
NOW = datetime(2026, 3, 1, 12)
HERE = ("shop", "main", "core")
ALL_PLACES = [
    ("shop", None, None), ("shop", "main", None), HERE, ("shop", "main", "mart"), ("shop", "other", None),
    ("shop", "other", "core"),
]  # fmt: skip


def absent(schema: str, count: int, hours: float = 0, *, gone: bool = False) -> list[Absence]:
    """So many absences, missed so many hours ago."""
    since = NOW - timedelta(hours=hours)
    return [
        Absence(f"shop.main.{schema}.{hours}_{each}", ("shop", "main", schema), since, gone) for each in range(count)
    ]


def elsewhere(count: int) -> list[Absence]:
    """So many in another database of the same service."""
    path = ("shop", "other", "core")
    return [replace(each, fqn=f"{each.fqn}'", path=path) for each in absent("core", count)]


@pytest.mark.parametrize(
    ("away", "core", "mart", "mass"),
    [
        # Of 20 tables of a schema 4, of 25 five, of 26 five, of a schema of four all, of one of five all but one.
        (absent("core", 4), 16, 100, False),
        (absent("core", 5), 20, 100, True),
        (absent("core", 5), 21, 100, False),
        (absent("core", 4), 0, 100, True),
        (absent("core", 4), 1, 100, False),
        # Of one database in two schemas.
        (absent("core", 3) + absent("mart", 3), 12, 12, True),
        (absent("core", 3) + absent("mart", 3), 13, 13, False),
        # 50 of a database at once, and of two.
        (absent("core", 25) + absent("mart", 25), 1000, 1000, True),
        (absent("core", 25) + absent("mart", 24), 1000, 1000, False),
        ([*absent("core", 25), *elsewhere(25)], 1000, 1000, False),
        # In hourly refreshes, over a weekend, and a little longer than that.
        (absent("core", 2) + absent("core", 2, 1) + absent("core", 2, 2), 20, 0, True),
        (absent("core", 3, 48) + absent("core", 3), 20, 0, True),
        (absent("core", 3, 48.5) + absent("core", 3), 20, 0, False),
        # Who is gone of the same days counts, who was gone before does not.
        (absent("core", 4, 40, gone=True) + absent("core", 1), 20, 0, True),
        (absent("core", 4, 900, gone=True) + absent("core", 1), 20, 0, False),
    ],
)
def test_a_mass_absence(away: list[Absence], core: int, mart: int, mass: bool) -> None:
    present = [HERE] * core + [("shop", "main", "mart")] * mart
    absences = Absences(away, [*present, *[("shop", "other", "core")] * 1000], ALL_PLACES)
    assert absences.is_mass(away[-1]) is mass


def test_what_was_to_be_removed_makes_no_mass_absence() -> None:
    away = absent("core", 30)
    staged = {each.fqn for each in away}
    assert not any(Absences(away, [HERE] * 70, ALL_PLACES, staged).is_mass(each) for each in away)
    assert Absences(away, [HERE] * 70, ALL_PLACES, sorted(staged)[:25]).is_mass(away[0]) is False
    assert Absences(away, [HERE] * 20, ALL_PLACES, sorted(staged)[:25]).is_mass(away[-1]) is True


@pytest.mark.parametrize("place", ALL_PLACES[:3])
def test_what_lost_its_place_is_a_mass_absence(place: Any) -> None:
    one = absent("core", 1)
    assert Absences(one, [HERE] * 99, [each for each in ALL_PLACES if each != place]).is_mass(one[0])


def test_a_single_table_is_gone_after_four_days_and_one_of_many_after_seven() -> None:
    story = Story(a_past())
    story.look()
    story.om.forget({identifier_of(f"{CORE}.dropped_a")}, set())
    for days, there in ((0, True), (3.9, True), (0.1, False)):
        judged, _ = story.look(days=days)
        assert (identifier_of(f"{CORE}.dropped_a") in judged.tables) is there
    many = {identifier_of(f"{CORE}.dropped_{letter}") for letter in "bcdef"}
    story.om.mark_deleted(many, set())
    for days, there in ((0, True), (6.9, True), (0.1, False)):
        judged, found = story.look(days=days)
        assert (many <= judged.tables.keys()) is there
        assert ("MASS_ABSENCE" in found[f"{CORE}.dropped_h"]["blockers"]) is there
        assert "MASS_ABSENCE" not in {
            blocker for each in many & judged.tables.keys() for blocker in found_of(judged, each)
        }


def found_of(judged: Judged, identifier: str) -> set[str]:
    blockers: set[str] = judged.tables[identifier]["judged"]["blockers"]
    return blockers


def test_a_mart_that_is_away_holds_its_sources() -> None:
    story = Story(a_past())
    raw, mart = f"{CORE}.dropped_a", "shop.main.mart.busy"
    story.om.edge(identifier_of(raw), identifier_of(mart))
    assert story.look()[1][raw]["verdict"] == "KEEP"
    story.om.forget({identifier_of(mart)}, set())
    for days in (1, 2, 2, 1):
        assert "ACTIVE_DOWNSTREAM" in story.look(days=days)[1][raw]["blockers"]
    # All of its schema: it was a mass absence.
    assert "ACTIVE_DOWNSTREAM" not in story.look(days=2)[1][raw]["blockers"]


def test_renamed_and_created_again_under_the_old_name() -> None:
    story = Story(a_past())
    old = identifier_of(f"{CORE}.dropped_a")
    before, _ = story.look()
    story.om.rename(old, "kept_apart")
    new = "11111111-1111-4111-8111-111111111111"
    story.om.table(f"{CORE}.dropped_a", id=new)
    story.om.usage[old], story.om.usage[new] = before.tables[old]["uses"].keys(), set()
    judged, found = story.look(days=1)
    assert judged.numbers.keys() >= {old} and new not in judged.numbers
    assert found[f"{CORE}.kept_apart"]["activity"] == "DORMANT"
    # Its metadata is as old as that of the others; nothing says that it is young.
    assert found[f"{CORE}.dropped_a"]["seen_later"]


def test_new_ids_change_nothing_and_names_that_are_swapped_are_renames() -> None:
    story = Story(a_past())
    story.look()
    numbers = {kept.fqn: kept.number for kept in story.known.kept.values()}
    judged, before = story.look()
    story.om.give_new_ids(set(judged.tables))
    judged, after = story.look()
    assert {judged.tables[each]["fqn"]: number for each, number in judged.numbers.items()} == numbers
    assert {fqn: row["verdict"] for fqn, row in before.items()} == {fqn: row["verdict"] for fqn, row in after.items()}
    one, other = (
        next(each for each, table in judged.tables.items() if table["fqn"] == fqn)
        for fqn in (BUSY, f"{CORE}.dropped_a")
    )
    story.om.swap(one, other)
    judged, after = story.look()
    assert judged.numbers[one] == numbers[BUSY]
    assert (after[BUSY]["activity"], after[f"{CORE}.dropped_a"]["activity"]) == ("DORMANT", "ACTIVE")
