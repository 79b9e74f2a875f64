"""What the second implementation, with which refreshes are compared, says of series."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from tests.support.clocks import TODAY
from tests.support.om_rows import identifier_of
from tests.support.random_om import RandomOM
from tests.support.second_inventory import Judged
from tests.support.second_series import Retention, dated_copies, retention_advice
from tests.support.story import BUSY, CORE, Row, Story, a_past

pytestmark = pytest.mark.unmeasured


def daily(om: RandomOM, count: int, read: int) -> list[str]:
    """Shards of the last days, of which so many are read."""
    fqns = [f"{CORE}.events_{om.day(ago):%Y%m%d}" for ago in range(count)]
    for ago, fqn in enumerate(fqns):
        om.sizes[om.table(fqn, [1] if ago < read else [])] = 10**12
    return fqns


def advised(judged: Judged, verdicts: dict[str, Row]) -> list[Retention]:
    """The retention advice of all series."""
    by_id = {row["id"]: row for row in verdicts.values()}
    found = [retention_advice(each, judged.tables, by_id, TODAY) for each in judged.series]
    return [each for each in found if each]


@pytest.mark.parametrize(("watched", "parts"), [(799, 389), (100, 0)])
def test_daily_shards_of_which_the_last_are_read(watched: int, parts: int) -> None:
    om = RandomOM(TODAY)
    om.table(BUSY, range(1, watched + 1))
    om.table(f"{CORE}.other", [50])
    om.edge(identifier_of(BUSY), identifier_of(f"{CORE}.other"))
    shards = daily(om, 419, 30)
    # Enough of lineage that nobody says there is none.
    for up, down in pairwise(shards[:31]):
        om.edge(identifier_of(up), identifier_of(down))
    judged, found = Story(om).look()
    assert [len(each.parts) for each in judged.series] == [419]
    assert all(found[fqn]["verdict"] == "KEEP" and "SERIES_IN_USE" in found[fqn]["blockers"] for fqn in shards)
    assert not any(found[fqn]["zombie"] for fqn in shards)
    assert dated_copies(judged.tables, TODAY) == set()
    advice = advised(judged, found)
    assert [len(each.parts) for each in advice] == [parts] * bool(parts)
    assert [each.cost for each in advice] == [pytest.approx(parts * 23.0)] * bool(parts)


def test_partitions_of_a_table_that_is_read_are_in_use_and_not_advised() -> None:
    om = a_past()
    om.table(f"{CORE}.orders", range(1, 800), tableType="Partitioned")
    children = [f"{CORE}.orders_{year}_{month:02}" for year in (2024, 2025) for month in range(1, 13)]
    for fqn in children:
        om.table(fqn)
    om.table(f"{CORE}.orders_seen", tableType="View")
    judged, found = Story(om).look()
    assert all(found[fqn]["through_series"] and found[fqn]["verdict"] == "KEEP" for fqn in children)
    assert [len(each.parts) for each in judged.series] == [25]
    assert (advised(judged, found), dated_copies(judged.tables, TODAY)) == ([], set())


@pytest.mark.parametrize("whole", ["Partitioned", "View", None])
def test_views_count_like_other_tables(whole: str | None) -> None:
    om = a_past()
    parts = {om.table(f"{CORE}.orders_p2025_0{month}", tableType="View") for month in (1, 2)}
    parts.add(om.table(f"{CORE}.orders_p2025_03"))
    above = whole and om.table(f"{CORE}.orders", tableType=whole)
    judged, _ = Story(om).look()
    series = {"Partitioned": [{*parts, above}], "View": [], None: [parts]}
    assert [each.parts for each in judged.series] == series[whole]
    assert dated_copies(judged.tables, TODAY) == (parts if whole == "View" else set())


def test_a_series_that_nobody_reads_is_idle_as_one() -> None:
    om = a_past()
    shards = [f"{CORE}.events_{om.day(ago):%Y%m%d}" for ago in (0, 1, 200, 400)]
    for fqn, ago in zip(shards, (0, 1, 200, 400), strict=True):
        day = om.day(ago)
        moment = int(datetime(day.year, day.month, day.day, 9, tzinfo=UTC).timestamp()) * 1000
        om.table(fqn, lifeCycle={"created": {"timestamp": moment}}, updatedAt=moment, version=0.1)
    _, found = Story(om).look()
    assert {(found[fqn]["activity"], found[fqn]["idle"], found[fqn]["verdict"]) for fqn in shards} == {
        ("DORMANT", 399, "STOP_REFRESH")
    }
    om.usage[identifier_of(shards[2])] = {om.day(5)}
    _, found = Story(om).look()
    assert [found[fqn]["activity"] for fqn in shards] == ["NEW", "NEW", "ACTIVE", "DORMANT"]
    assert all(found[fqn]["through_series"] for fqn in shards)


@pytest.mark.parametrize(("read", "copies"), [([], 3), ([91], 3), ([90], 0)])
def test_dated_names_beside_a_plain_one_are_copies_and_no_series(read: list[int], copies: int) -> None:
    om = a_past()
    om.table(f"{CORE}.orders", [1])
    for month in (1, 2, 3):
        om.table(f"{CORE}.orders_2026_0{month}", read if month == 1 else [])
    judged, _ = Story(om).look()
    assert (judged.series, len(dated_copies(judged.tables, TODAY))) == ([], copies)
