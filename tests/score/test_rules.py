"""The score: hand-computed cases, and what must hold for every estate that can be made up."""

from datetime import date, timedelta
from fractions import Fraction
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.facts import Feed, TableFacts, days_between, tally_service
from thirdeye.inventory.evidence import missing_kinds
from thirdeye.inventory.rules import Activity, Evidence
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.score.answers import meta_of
from thirdeye.score.rules import (
    COMPONENTS,
    Bands,
    Status,
    Tally,
    Trend,
    band,
    inactive_percentage,
    largest_remainder,
    round_half_up,
    slot_of,
    trend,
    zi_score,
)
from thirdeye.settings import Settings

TODAY = date(2026, 11, 20)
WEIGHTS = {"storage": 35, "compute": 30, "query": 20, "others": 15}
LIVE = Feed(watched=days_between(TODAY - timedelta(days=700), TODAY))
NONE = Feed(evidence=Evidence.METADATA)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def score_of(services: dict[str, Tally], weights: dict[str, int] = WEIGHTS):  # type: ignore[no-untyped-def]
    return zi_score(services, weights, Bands())


def test_a_score_computed_by_hand() -> None:
    tables = [
        TableFacts(accessed=ago(1), size_bytes=600, last_written=ago(2), has_owner=True, queries_30d=5),
        TableFacts(accessed=ago(60), size_bytes=200, last_written=ago(400), has_description=True),
        TableFacts(accessed=ago(200), size_bytes=200, last_written=ago(30)),
        TableFacts(accessed=ago(500), size_bytes=None, has_tier=True),
    ]
    score = score_of({"s": tally_service(tables, LIVE, TODAY)})
    # storage 800/1000, compute 1/2, query 1/4, others 3/12: 28 + 15 + 5 + 3.75 = 51.75
    assert (score.score, score.status) == (52, Status.FAIR)
    assert {c.name: c.points for c in score.components} == {"storage": 28, "compute": 15, "query": 5, "others": 4}
    assert (score.total.zombies, score.total.zombie_bytes, score.total.active) == (2, 200, 2)
    assert score.coverage == 1
    assert [(d.component, d.points) for d in score.drivers] == [
        ("compute", 15),
        ("query", 15),
        ("others", Fraction(45, 4)),
        ("storage", 7),
    ]


def test_without_any_write_compute_is_the_share_of_tables_in_use() -> None:
    tables = [TableFacts(accessed=ago(1)), TableFacts(accessed=ago(500))]
    score = score_of({"s": tally_service(tables, LIVE, TODAY)})
    values = {c.name: c.value for c in score.components}
    assert values["compute"] == Fraction(1, 2)
    # No size is known anywhere: the other weights are scaled up to 100.
    assert values["storage"] is None
    assert sum(c.weight for c in score.components) == 1


def test_an_estate_without_tables_has_no_data() -> None:
    for services in ({}, {"s": Tally()}):
        score = score_of(services)
        assert (score.status, score.score, score.drivers) == (Status.NO_DATA, 0, ())


def test_no_weight_where_there_is_data_is_no_data() -> None:
    tally = tally_service([TableFacts()], NONE, TODAY)
    assert score_of({"s": tally}, {"storage": 1, "compute": 0, "query": 0, "others": 0}).status is Status.NO_DATA


def share_known(known: int, tables: int) -> dict[str, Tally]:
    """Services with so many tables whose use is known, and others that only metadata tells of; all in use."""
    of_feed = tally_service([TableFacts(accessed=ago(1))] * known, LIVE, TODAY)
    others = tally_service([TableFacts(accessed=ago(1), metadata_changed=ago(1))] * (tables - known), NONE, TODAY)
    return {"fed": of_feed, "dark": others}


@pytest.mark.parametrize(
    ("known", "tables", "expected"),
    [
        (0, 1, Status.NO_EVIDENCE),
        (0, 20, Status.NO_EVIDENCE),
        (1, 21, Status.NO_EVIDENCE),
        (1, 20, Status.GOOD),
        (5, 100, Status.GOOD),
        (4, 100, Status.NO_EVIDENCE),
        (49, 981, Status.NO_EVIDENCE),
        (49, 980, Status.GOOD),
        (50, 1000, Status.GOOD),
        (20, 20, Status.GOOD),
    ],
)
def test_a_score_of_hardly_any_known_use_has_no_band(known: int, tables: int, expected: Status) -> None:
    score = score_of(share_known(known, tables))
    assert (score.status, score.coverage) == (expected, Fraction(known, tables))
    # The number is that of the parts that there are: compute, others, and query where the use of any is known.
    assert score.score == (round_half_up(Fraction(50 * 100, 65)) if known else round_half_up(Fraction(30 * 100, 45)))
    assert sum(c.points for c in score.components) == score.score


@pytest.mark.parametrize(("known", "more"), [(4, 1), (5, 0), (0, 1), (100, 0)])
def test_history_says_that_a_score_rests_on_metadata_alone(known: int, more: int) -> None:
    estate = cast(
        Snapshot, SimpleNamespace(warnings=["a part could not be read"], generation=7, missing_evidence=frozenset())
    )
    score = score_of(share_known(known, 100))
    meta = meta_of(score, estate, Settings(_env_file=None, environment="development", jwt_enabled=False))
    said = ["the use of fewer than 5 % of the tables is known: this score rests on metadata alone"]
    assert meta["warnings"] == ["a part could not be read", *said[:more]]
    assert (score.status is Status.NO_EVIDENCE) is bool(more)
    assert (meta["coverage"], meta["generation"]) == (known / 100, 7)
    assert estate.warnings == ["a part could not be read"]


def test_unknown_tables_are_in_use_while_their_metadata_changes_and_zombies_never() -> None:
    tables = [TableFacts(metadata_changed=ago(90)), TableFacts(metadata_changed=ago(91)), TableFacts()]
    tally = tally_service(tables, NONE, TODAY)
    assert tally.count_by_activity[Activity.UNKNOWN] == tally.tables == 3
    assert (tally.active, tally.evidenced, tally.zombies) == (1, 0, 0)


tallies = st.builds(
    lambda tables, evidenced, accessed, written, written_active, active, marks, sizes: Tally(
        tables=tables,
        active=min(active, tables),
        evidenced=min(evidenced, tables),
        accessed=min(accessed, evidenced, tables),
        written=min(written, tables),
        written_active=min(written_active, written, tables),
        owned=min(marks[0], tables),
        described=min(marks[1], tables),
        tiered=min(marks[2], tables),
        bytes=max(sizes),
        active_bytes=min(sizes),
    ),
    *[st.integers(0, 50)] * 6,
    st.tuples(*[st.integers(0, 50)] * 3),
    st.tuples(*[st.integers(0, 10**15)] * 2),
)
estates = st.dictionaries(st.text(max_size=3), tallies, max_size=6)
weights = st.fixed_dictionaries({name: st.integers(0, 1000) for name in COMPONENTS})


@given(estates, weights)
def test_points_always_add_up_and_drivers_explain_what_is_missing(
    services: dict[str, Tally], of_components: dict[str, int]
) -> None:
    score = zi_score(services, of_components, Bands(), drivers=1000)
    assert 0 <= score.score <= 100
    assert sum(c.points for c in score.components) == score.score
    assert all(0 <= c.points <= round_half_up(100 * c.weight) + 1 for c in score.components)
    if score.status is not Status.NO_DATA:
        exact = sum((100 * c.weight * (c.value or 0) for c in score.components), Fraction(0))
        assert score.score == round_half_up(exact)
        assert sum((driver.points for driver in score.drivers), Fraction(0)) == 100 - exact


facts = st.builds(
    TableFacts,
    accessed=st.none() | st.integers(0, 1000).map(ago),
    known_since=st.none() | st.integers(0, 1000).map(ago),
    is_young=st.booleans(),
    is_unreadable=st.booleans(),
    last_written=st.none() | st.integers(0, 1000).map(ago),
    metadata_changed=st.none() | st.integers(0, 1000).map(ago),
    queries_30d=st.integers(0, 10),
    size_bytes=st.none() | st.integers(0, 10**14),
    has_owner=st.booleans(),
    has_description=st.booleans(),
    has_tier=st.booleans(),
)


@given(st.lists(facts, max_size=20), st.randoms())
def test_the_order_of_tables_does_not_matter(tables: list[TableFacts], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = tables.copy()
    random.shuffle(shuffled)
    first, second = (tally_service(each, LIVE, TODAY) for each in (tables, shuffled))
    assert first == second
    assert sum(first.count_by_activity.values()) == first.tables == len(tables)
    assert sum(first.bytes_by_activity.values()) == first.bytes
    halves = tally_service(tables[:7], LIVE, TODAY)
    halves.add(tally_service(tables[7:], LIVE, TODAY))
    assert halves == first


@given(st.dictionaries(st.sampled_from("abcd"), st.fractions(0, 40), min_size=1))
def test_largest_remainder_adds_up_and_moves_nothing_by_a_point(exact: dict[str, Fraction]) -> None:
    total = round_half_up(sum(exact.values(), Fraction(0)))
    points = largest_remainder(exact, total)
    assert sum(points.values()) == total
    assert all(abs(points[name] - exact[name]) < 1 for name in exact)


@pytest.mark.parametrize(("value", "rounded"), [("1/2", 1), ("49/100", 0), ("5/2", 3), ("0", 0), ("199/2", 100)])
def test_halves_are_rounded_up(value: str, rounded: int) -> None:
    assert round_half_up(Fraction(value)) == rounded


@pytest.mark.parametrize(
    ("score", "status"),
    [
        (100, "EXCELLENT"),
        (80, "EXCELLENT"),
        (79, "GOOD"),
        (60, "GOOD"),
        (59, "FAIR"),
        (40, "FAIR"),
        (39, "POOR"),
        (20, "POOR"),
    ]
    + [(19, "CRITICAL"), (0, "CRITICAL")],
)
def test_bands(score: int, status: str) -> None:
    assert band(score, Bands()) == status


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        (None, (Trend.STABLE, 0)),
        (49, (Trend.STABLE, 1)),
        (51, (Trend.STABLE, -1)),
        (48, (Trend.IMPROVING, 2)),
        (52, (Trend.DECLINING, -2)),
    ],
)
def test_trend(earlier: int | None, expected: tuple[Trend, int]) -> None:
    assert trend(50, earlier, 1) == expected


def test_inactive_percentage_has_one_decimal_rounded_half_up() -> None:
    assert [inactive_percentage(*case) for case in ((0, 0), (3, 1), (8, 7), (16, 15), (5, 5))] == [
        0.0,
        66.7,
        12.5,
        6.3,
        0.0,
    ]


def test_slots() -> None:
    assert [slot_of(minute, 60) for minute in (0, 59, 60)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("missing", "left", "score"),
    [
        # 28 + 15 + 5 + 3.75 of 100.
        ((), {"storage", "compute", "query", "others"}, 52),
        # Nobody knows how large anything is, nor what was written: 5 + 3.75 of 35.
        (("PROFILES",), {"query", "others"}, 25),
        # Of owners nothing is known, not that there are none: 28 + 15 + 5 + 15 x 2/8 of 100, then 15 x 1/4.
        (("OWNERS",), {"storage", "compute", "query", "others"}, 52),
        (("OWNERS", "TAGS"), {"storage", "compute", "query", "others"}, 52),
        # What is used through lineage is not known: 5 + 3.75 of 35.
        (("LINEAGE",), {"query", "others"}, 25),
        # Only stewardship is left: 3 of 12 marks.
        (("USAGE",), {"others"}, 25),
        (("USAGE", "OWNERS"), {"others"}, 25),
        (("QUERY_COSTS", "SERVICES", "DOMAINS", "RETENTION"), {"storage", "compute", "query", "others"}, 52),
    ],
)
def test_what_cannot_be_read_is_left_out(missing: tuple[str, ...], left: set[str], score: int) -> None:
    tables = [
        TableFacts(accessed=ago(1), size_bytes=600, last_written=ago(2), has_owner=True, queries_30d=5),
        TableFacts(accessed=ago(60), size_bytes=200, last_written=ago(400), has_description=True),
        TableFacts(accessed=ago(200), size_bytes=200, last_written=ago(30)),
        TableFacts(accessed=ago(500), size_bytes=None, has_tier=True),
    ]
    services = {"s": tally_service(tables, LIVE, TODAY)}
    found = zi_score(services, WEIGHTS, Bands(), missing=missing_kinds(missing))
    assert {component.name for component in found.components if component.value is not None} == left
    assert (found.score, sum(component.points for component in found.components)) == (score, score)
    assert {driver.component for driver in found.drivers} <= left


def test_without_owners_stewardship_is_the_mean_of_the_other_shares() -> None:
    tables = [TableFacts(has_description=True, has_tier=True), TableFacts(has_description=True, has_owner=True)]
    services = {"s": tally_service(tables, NONE, TODAY)}
    for missing, share in (((), Fraction(4, 6)), (("OWNERS",), Fraction(3, 4)), (("TAGS", "OWNERS"), Fraction(1))):
        found = zi_score(services, WEIGHTS, Bands(), missing=missing_kinds(missing))
        assert {each.name: each.value for each in found.components}["others"] == share
