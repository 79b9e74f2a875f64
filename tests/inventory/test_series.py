"""Which tables are parts of a series, and which of its parts are old."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from thirdeye.inventory.columns import DATED, NUMBERED, PARTITIONED
from thirdeye.inventory.series import PartFacts, SeriesMembers, SeriesNames, find_series, old_parts, parts_of
from thirdeye.inventory.table_names import SuffixKind, path_key, split_suffix

FORMS = {SuffixKind.NONE: 0, SuffixKind.DATE: DATED, SuffixKind.NUMBER: NUMBERED}
TODAY = 20_500
# A name, or `name*` for one that is Partitioned; `schema/name` where it matters.
DAYS = [f"events_202601{day:02}" for day in range(1, 10)]


def found(tables: list[str]) -> SeriesMembers:
    """The series among these tables, numbered in this order; `-` marks one that is gone."""
    places, keys = list[str](), dict[str, list[int]]()
    for table in tables:
        schema, name = table.strip("*-").split("/") if "/" in table else ("core", table.strip("*-"))
        if schema not in places:
            places.append(schema)
        suffix = split_suffix(name)
        stemmed = suffix.kind is not SuffixKind.NONE
        for column, value in (
            ("place", places.index(schema)),
            ("path_key", path_key("s", "d", schema, name)),
            ("stem_key", path_key("s", "d", schema, suffix.stem) if stemmed else 0),
            ("form", FORMS[suffix.kind] | (PARTITIONED if "*" in table else 0)),
        ):
            keys.setdefault(column, []).append(value)
    dtypes = {"place": "i4", "path_key": "u8", "stem_key": "u8", "form": "u1"}
    names = SeriesNames(**{column: np.array(keys.get(column, []), dtype) for column, dtype in dtypes.items()})
    return find_series(names, np.array(["-" not in table for table in tables], np.bool_))


def grouped(tables: list[str]) -> set[frozenset[str]]:
    """The series as sets of names."""
    members = found(tables)
    return {
        frozenset(tables[number] for number in members.numbers[members.series == series])
        for series in range(1, len(members) + 1)
    }


def one(*names: str) -> set[frozenset[str]]:
    return {frozenset(names)}


@pytest.mark.parametrize(
    ("tables", "series"),
    [
        ([], set()),
        (DAYS, one(*DAYS)),
        (DAYS[:2], set()),
        (["events", *DAYS], set()),
        (["EVENTS", *DAYS], set()),
        (["events-", *DAYS], one(*DAYS)),
        (["events*", *DAYS], one("events*", *DAYS)),
        (["other/events", *DAYS], one(*DAYS)),
        ([*DAYS[:2], "other/events_20260103"], set()),
        ([*DAYS[:2], "Core/events_20260103"], set()),
        (["x_2026", "x_202601", "x_2026w05", "x_2026q1"], one("x_2026", "x_202601", "x_2026w05", "x_2026q1")),
        (["events_20260101", "EVENTS_20260102", "Events_p20260103"],
         one("events_20260101", "EVENTS_20260102", "Events_p20260103")),
        # Numbers make parts of a whole, no series of their own.
        (["orders_1", "orders_2", "orders_3"], set()),
        (["orders*", "orders_1"], one("orders*", "orders_1")),
        (["orders*", "orders_p2026_01", "orders_7", "orders2"], one("orders*", "orders_p2026_01", "orders_7")),
        (["orders*"], set()),
        (["orders*", "orders_1-"], set()),
        (["orders*", "orders_old"], set()),
        # Partitions of partitions.
        (["orders*", "orders_2026*", "orders_2026_p1"], one("orders*", "orders_2026*", "orders_2026_p1")),
        (["events_2024*", "events_2024_p1", "events_2025", "events_2026"],
         one("events_2024*", "events_2024_p1", "events_2025", "events_2026")),
        (["events_2025*", "events_2025_p1", "events_2026"], one("events_2025*", "events_2025_p1")),
        # What is only a date, and dates that there are not.
        (["20260101", "20260102", "20260103"], set()),
        (["x_20269998", "x_20269999", "x_20260001"], set()),
    ],
)  # fmt: skip
def test_what_makes_a_series(tables: list[str], series: set[frozenset[str]]) -> None:
    assert grouped(tables) == series


def test_the_whole_stands_for_its_series_and_else_the_first_part() -> None:
    members = found(["orders_1", "events_20260103", "orders*", "events_20260102", "orders_2", "events_20260101"])
    assert members.representatives.tolist() == [1, 2]
    assert members.numbers.tolist() == [1, 3, 5, 0, 2, 4]
    assert members.series.tolist() == [1, 1, 1, 2, 2, 2]
    assert members.wholes.tolist() == [False, False, False, False, True, False]
    # A part of a part has a longer name than the series.
    assert found(["x_2024_p1", "x_2024*", "x_2025", "x_2026"]).representatives.tolist() == [1]


NAMES = some.lists(
    some.sampled_from(
        ["a", "a*", "a_1", "a_2026", "a_2026*", "a_2026_1", "a_2025*", "a_2025_p2", "a_202601", "A_20260102", "b/a", "b/a_2026",
         "b/a_2025", "b/a_2024", "a_20260103-", "2026", "a_b_2026", "a_b*", "a_b_7"]
    ),
    unique=True,
    max_size=12,
)  # fmt: skip


@given(NAMES.flatmap(lambda names: some.tuples(some.just(names), some.permutations(names))))
def test_the_order_of_rows_makes_no_difference(orders: tuple[list[str], list[str]]) -> None:
    assert grouped(orders[0]) == grouped(orders[1])


@given(NAMES)
def test_the_published_column_tells_which_parts_belong_together(names: list[str]) -> None:
    members, column = found(names), np.zeros(len(names), np.int32)
    column[members.numbers] = members.series
    for name, values in vars(parts_of(column)).items():
        assert values.tolist() == getattr(members, name).tolist(), name


def test_a_hub_of_ten_thousand_parts() -> None:
    members = found(["hub*", *(f"hub_{number}" for number in range(10_000))])
    assert (len(members), len(members.numbers), members.representatives.tolist()) == (1, 10_001, [0])


# ---- old parts


def old(tables: list[str], **facts: Any) -> list[str]:
    """The old ones; each fact by name, else the same for all."""
    members = found(tables)
    numbers = members.numbers.tolist()

    def column(fact: str, default: Any) -> Any:
        values = facts.get(fact, {})
        return np.array([values.get(tables[number], default) for number in numbers])

    suffixes = [split_suffix(tables[number].strip("*")) for number in numbers]
    parts = PartFacts(
        order=np.array([suffix.order for suffix in suffixes], np.uint64),
        dated=np.array([suffix.kind is SuffixKind.DATE for suffix in suffixes]),
        accessed=column("accessed", 0),
        known_since=column("known_since", 10_000),
        needed=column("needed", False),
        freeable=column("freeable", True),
    )
    return [tables[number] for number in np.array(numbers)[old_parts(members, parts, TODAY)].tolist()]


def test_parts_before_the_oldest_one_that_was_read_are_old() -> None:
    assert old(DAYS, accessed={DAYS[4]: TODAY, DAYS[7]: TODAY}) == DAYS[:4]
    assert old(DAYS, accessed={DAYS[4]: TODAY - 365}) == DAYS[:4]
    assert old(DAYS, accessed={DAYS[4]: TODAY - 366}) == []
    assert old(DAYS, accessed={DAYS[0]: TODAY}) == []
    assert old(DAYS) == []


def test_the_order_of_names_counts_not_that_of_numbers() -> None:
    assert old(DAYS[::-1], accessed={DAYS[2]: TODAY}) == [DAYS[1], DAYS[0]]


def test_what_is_needed_stays_with_all_that_is_younger() -> None:
    read = {DAYS[8]: TODAY}
    assert old(DAYS, accessed=read, needed={DAYS[3]: True}) == DAYS[:3]
    # Only what is needed says nothing of the others.
    assert old(DAYS, needed={DAYS[3]: True}) == []
    assert old(DAYS, accessed=read, freeable={DAYS[2]: False}) == [*DAYS[:2], *DAYS[3:8]]


def test_what_was_seen_for_less_than_a_year_and_not_from_its_time_on_may_have_been_read() -> None:
    days = int(datetime(2026, 1, 3, tzinfo=UTC).timestamp()) // 86_400
    read = {DAYS[8]: TODAY}
    assert days + 31 > TODAY - 365
    assert old(DAYS, accessed=read, known_since={DAYS[2]: days + 31}) == DAYS[:8]
    assert old(DAYS, accessed=read, known_since={DAYS[2]: days + 32}) == DAYS[:2]


def test_the_whole_and_numbered_parts_tell_no_age() -> None:
    tables = ["o*", "o_1", "o_2", "o_202601", "o_202602", "o_202603"]
    assert old(tables, accessed={"o*": TODAY}) == []
    assert old(tables, accessed={"o*": TODAY, "o_1": TODAY}) == []
    assert old(tables, accessed={"o_202603": TODAY}) == ["o_202601", "o_202602"]


def test_a_longer_part_may_reach_into_a_shorter_one() -> None:
    tables = ["x_2025", "x_202601", "x_20260105", "x_20260110"]
    assert old(tables, accessed={"x_20260110": TODAY}) == ["x_20260105"]
    assert old(tables, accessed={"x_202601": TODAY}) == []
    assert old(["x_20251230", *tables], accessed={"x_202601": TODAY}) == ["x_20251230"]


def test_without_an_order_nothing_is_old() -> None:
    tables = ["x_20260101", "x_20260102", "x_31012026"]
    assert old(tables, accessed={"x_20260102": TODAY}) == []
