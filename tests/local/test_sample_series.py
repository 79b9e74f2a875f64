"""Series and dated copies of the sample: names, ages and what is read of them."""

import re
from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest

from thirdeye.local.sample import Estate, EstateOptions, generate
from thirdeye.local.sample.records import MENTIONED_IN, UPSTREAM, Counting, Feed, SeriesKind, SeriesPart, TableRecord

pytestmark = pytest.mark.unmeasured

TODAY = date(2026, 11, 20)
NAMES = {
    SeriesKind.DAILY: r"events(_\w+)?_20\d{6}",
    SeriesKind.MONTHLY: r"orders(_\w+)?_p20\d\d_[01]\d",
    SeriesKind.UNREAD: r"clicks(_\w+)?_20\d\d_[01]\d_[0-3]\d",
    SeriesKind.COPIES: r"invoices(_\w+)?_20\d{6}",
    SeriesKind.WEEKLY: r"log(_\w+)?_20\d\dw[0-5]\d",
    SeriesKind.NUMBERED: r"sessions(_\w+)?_\d+",
}


@pytest.fixture(scope="module")
def small() -> Estate:
    return generate(EstateOptions(today=TODAY, series_share=0.15))


@pytest.fixture(scope="module")
def large() -> Estate:
    return generate(EstateOptions(today=TODAY, tables=20_000, series_share=0.3))


Series = dict[tuple[str, str], list[tuple[TableRecord, SeriesPart]]]


def series_of(estate: Estate) -> Series:
    """The tables of each series or group of copies, by schema and stem."""
    found: Series = defaultdict(list)
    for table in estate.tables():
        if table.part is not None:
            found[table.schema_id, table.part.stem].append((table, table.part))
    return found


def days_read(estate: Estate, table: TableRecord) -> set[int]:
    return {(TODAY - row.usage_date).days for row in estate.usage_of(table)}


def test_names_end_with_the_day_month_week_or_number_of_the_part(small: Estate) -> None:
    kinds = Counter[SeriesKind]()
    for (_, stem), parts in series_of(small).items():
        for table, part in parts:
            kinds[part.kind] += 1
            assert table.name == stem if part.is_whole else re.fullmatch(NAMES[part.kind], table.name), table.name
    assert set(kinds) == set(SeriesKind) and min(kinds.values()) >= 4


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (SeriesKind.DAILY, "_%Y%m%d"),
        (SeriesKind.UNREAD, "_%Y_%m_%d"),
        (SeriesKind.WEEKLY, "_%Gw%V"),
        (SeriesKind.MONTHLY, "_p%Y_%m"),
    ],
    ids=str,
)
def test_a_part_is_as_old_as_its_name_says(small: Estate, kind: SeriesKind, written: str) -> None:
    ages = []
    for (_, stem), parts in series_of(small).items():
        for table, part in parts:
            if part.kind is kind and not part.is_whole:
                ages.append(part.age_days)
                assert table.name == stem + (TODAY - timedelta(days=part.age_days)).strftime(written)
                assert table.age_days == part.age_days >= part.written_days
    # The newest is of this day, week or month.
    assert 0 <= min(ages) <= TODAY.day and max(ages) > 30


def test_only_the_newest_daily_parts_are_read_by_their_name(large: Estate) -> None:
    """Of some series only for sixty days, so that no year of older ones was ever read by its name."""
    live = {
        service.id for service in large.services if service.feed is Feed.LIVE and service.counting is Counting.QUERIES
    }
    lengths, unread, read_once = [], 0, 0
    for parts in series_of(large).values():
        if parts[0][1].kind is not SeriesKind.DAILY or parts[0][0].service_id not in live:
            continue
        lengths.append(len(parts))
        for table, part in parts:
            days = days_read(large, table)
            assert all(max(0, part.age_days - 29) <= day <= part.age_days for day in days)
            unread += not days and part.age_days > 30
            read_once += bool(days) and part.age_days > 200
    assert len(lengths) > 3 and max(lengths) > 250 and unread > 200 and read_once > 40


def test_partitions_have_no_usage_while_their_parent_is_read_daily(small: Estate) -> None:
    checked = 0
    for parts in series_of(small).values():
        whole, part = parts[0]
        if part.kind is SeriesKind.MONTHLY:
            assert whole.table_type == "Partitioned" and whole.bytes_now is None and not whole.deleted
            assert len(days_read(small, whole) & set(range(30))) > 25
            assert not any(days_read(small, table) for table, _ in parts[1:]) and len(parts) > 3
            checked += 1
    assert checked


def test_a_series_that_nobody_reads_is_written_to_this_day(small: Estate) -> None:
    (parts,) = (parts for parts in series_of(small).values() if parts[0][1].kind is SeriesKind.UNREAD)
    assert not any(days_read(small, table) or table.accessed_ms for table, _ in parts)
    assert min(part.written_days for _, part in parts) == 0


def test_dated_copies_stand_beside_a_plain_table_that_is_read(small: Estate) -> None:
    (parts,) = (parts for parts in series_of(small).values() if parts[0][1].kind is SeriesKind.COPIES)
    (whole, _), *copies = parts
    assert whole.table_type == "Regular" and 0 in days_read(small, whole) | {min(days_read(small, whole)) - 1}
    for table, part in copies:
        assert table.columns == whole.columns and not days_read(small, table) and part.age_days > 90


def test_parts_are_alike_and_carry_nothing_of_their_own(small: Estate) -> None:
    tagged = {tag.target_fqn_hash for tag in small.tags()}
    named = {edge.from_id for edge in small.relations() if edge.relation in {UPSTREAM, MENTIONED_IN}}
    for parts in series_of(small).values():
        assert len({(table.columns, table.owners) for table, _ in parts}) == 1
        for table, part in parts:
            assert table.tier is None and table.fate is None and table.fqn_hash not in tagged
            assert part.is_whole or table.id not in named


@pytest.mark.parametrize("share", [0.0, 0.1, 0.15, 0.3])
def test_as_many_tables_as_asked_for_stand_among_series(share: float) -> None:
    estate = generate(EstateOptions(today=TODAY, tables=5_000, usage_days=0, series_share=share))
    parts = sum(table.part is not None for table in estate.tables())
    assert parts / 5_000 == pytest.approx(share, abs=0.03)


def test_the_day_moves_the_names_and_nothing_else_of_a_series(small: Estate) -> None:
    later = generate(EstateOptions(today=TODAY + timedelta(days=1), series_share=0.15))
    before, after = series_of(small), series_of(later)
    assert before.keys() == after.keys()
    for key, parts in before.items():
        assert [part.kind for _, part in parts] == [part.kind for _, part in after[key]]
        if parts[0][1].kind is SeriesKind.DAILY:
            assert not {table.name for table, _ in parts} & {table.name for table, _ in after[key]} or len(parts) > 60
