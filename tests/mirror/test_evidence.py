"""Who looked, and when: feeds by database in watched days."""

import pytest

from tests.support.asking import Asker
from tests.support.om_estate import PAST_DAYS, OMEstate, has_a_past
from tests.support.om_rows import OMRows

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
BUSY, TABLE = "shop.main.core.busy", "shop.main.core.asked"
# Once a week, of which the newest is today.
MONDAYS = range(0, 366, 7)


async def test_a_table_that_is_known_through_and_through_may_go(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.read(TABLE, [400])
    seen = (await estate.look())[TABLE]
    assert (seen.activity, seen.idle, seen.verdict, seen.blockers) == ("DORMANT", 399, "DELETE", set())


async def confirm_feed(estate: OMEstate, fqn: str) -> None:
    """As an administrator does on the page."""
    mirror = estate.mirror
    asked = 'mutation ($fqn: String!) { confirmFeed(fqn: $fqn, reason: "looked it up") { fqn } }'
    answer = await Asker(mirror.thirdeye, mirror.settings, lambda: mirror.now).ask(asked, fqn=fqn)
    assert answer == {"data": {"confirmFeed": {"fqn": fqn}}}


async def observed(estate: OMEstate, service: str = "shop") -> tuple[int, int]:
    """For how many watched days a service, and the best of its databases, are observed."""
    directory = (await estate.mirror.reader.snapshot()).directory
    (found,) = (each for each in directory["services"] if each["name"] == service)
    return found["observed_days"], max(each["observed_days"] for each in found["databases"])


async def test_three_rows_of_one_table_and_nothing_else_are_three_watched_days(om: OMRows, estate: OMEstate) -> None:
    om.read(BUSY, [190, 100, 2])
    om.table(TABLE)
    seen = await estate.look()
    assert await observed(estate) == (3, 3)
    assert (seen[BUSY].activity, seen[TABLE].judgement) == ("ACTIVE", ("UNKNOWN", "FEW_DAYS"))
    assert not {each.activity for each in seen.values()} & {"STALE", "DORMANT"}


async def test_who_was_read_on_the_first_of_three_watched_days_is_not_idle(om: OMRows, estate: OMEstate) -> None:
    om.read(BUSY, [190, 100, 2])
    om.read(TABLE, [190])
    assert (await estate.look())[TABLE].judgement == ("UNKNOWN", "FEW_DAYS")
    assert await observed(estate) == (3, 3)


async def test_nobody_looked_between_two_mondays(om: OMRows, estate: OMEstate) -> None:
    om.read(BUSY, MONDAYS)
    om.read(TABLE, [day for day in MONDAYS if day >= 280])
    om.lineage("shop.main.core.upstream", TABLE)
    om.table("shop.main.core.upstream")
    seen = await estate.look()
    assert (seen[BUSY].activity, seen[TABLE].judgement) == ("ACTIVE", ("UNKNOWN", "FEW_DAYS"))
    assert "EVIDENCE_PARTIAL" in seen[TABLE].blockers
    assert "ACTIVE_DOWNSTREAM" not in seen["shop.main.core.upstream"].blockers
    await confirm_feed(estate, "shop")
    seen = await estate.look()
    assert (seen[TABLE].activity, seen[TABLE].idle) == ("STALE", 280)
    assert "EVIDENCE_PARTIAL" not in seen[TABLE].blockers


async def test_days_on_which_the_feed_was_away_make_nothing_idle(om: OMRows, estate: OMEstate) -> None:
    om.read(BUSY, [*range(1, 50), *range(140, 600)])
    om.read(TABLE, [300])
    seen = (await estate.look())[TABLE]
    assert (seen.activity, seen.idle) == ("STALE", 49 + 160)


async def test_weekends_are_watched(om: OMRows, estate: OMEstate) -> None:
    om.read(BUSY, [day for day in range(1, 500) if om.day(day).weekday() < 5])
    om.read(TABLE, [300])
    seen = (await estate.look())[TABLE]
    newest = next(day for day in range(1, 4) if om.day(day).weekday() < 5)
    assert (seen.activity, seen.idle) == ("STALE", 300 - newest)
    assert "EVIDENCE_PARTIAL" not in seen.blockers


@pytest.mark.parametrize(("gap", "watched"), [(3, True), (4, False)])
async def test_a_gap_of_three_days_is_watched(om: OMRows, estate: OMEstate, gap: int, watched: bool) -> None:
    om.read(BUSY, [*range(1, 100), *range(100 + gap, 500)])
    om.read(TABLE, [300])
    assert (await estate.look())[TABLE].idle == 299 - (0 if watched else gap)


async def test_a_database_that_faded_out_is_doubtful_until_confirmed(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    table = "shop.old.core.asked"
    om.read(table, [400])
    om.read("shop.old.core.before", [460])
    # Today, too, somebody looked: each of the 400 days since then is watched.
    om.usage(BUSY, [0])
    seen = (await estate.look())[table]
    assert (seen.activity, seen.idle, seen.verdict) == ("DORMANT", 400, "ARCHIVE")
    assert seen.blockers == {"EVIDENCE_PARTIAL"}
    await confirm_feed(estate, "shop.old")
    seen = (await estate.look())[table]
    assert (seen.verdict, seen.blockers) == ("DELETE", set())


def stopped_on_one_day(om: OMRows, schema: str) -> None:
    """Ten tables that were read on ten days each, and never since."""
    for number in range(10):
        om.read(f"{schema}.habit_{number}", range(400, 500, 10))


@pytest.mark.parametrize("schema", ["shop.old.core", "shop.main.old"])
async def test_tables_that_all_stop_on_one_day_are_filtered_out(om: OMRows, estate: OMEstate, schema: str) -> None:
    has_a_past(om)
    stopped_on_one_day(om, schema)
    seen = (await estate.look())[f"{schema}.habit_3"]
    assert (seen.activity, seen.verdict, "FEED_SILENT" in seen.blockers) == ("DORMANT", "REVIEW", True)
    await confirm_feed(estate, schema)
    seen = (await estate.look())[f"{schema}.habit_3"]
    assert (seen.verdict, seen.blockers & {"FEED_SILENT", "EVIDENCE_PARTIAL"}) == ("DELETE", set())


async def test_a_few_that_stop_among_many_are_no_filter(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    for number in range(10):
        om.read(f"shop.old.core.habit_{number}", range(400 + 8 * number, 900, 10))
    seen = (await estate.look())["shop.old.core.habit_0"]
    assert seen.blockers & {"FEED_SILENT", "EVIDENCE_PARTIAL"} == {"EVIDENCE_PARTIAL"}


@pytest.mark.parametrize("schema", ["shop.dark.core", "shop.main.dark"])
async def test_what_never_had_a_row_was_never_looked_at(om: OMRows, estate: OMEstate, schema: str) -> None:
    has_a_past(om)
    beside = f"{schema}_too.asked"
    for fqn in (f"{schema}.asked", beside):
        om.table(fqn)
    seen = (await estate.look())[f"{schema}.asked"]
    assert (*seen.judgement, seen.evidence, seen.may_go) == ("UNKNOWN", "NO_FEED", "METADATA", False)
    await confirm_feed(estate, schema)
    found = await estate.look()
    # Nobody said anything of the schema beside it.
    assert found[beside].judgement == ("UNKNOWN", "NO_FEED")
    seen = found[f"{schema}.asked"]
    assert (seen.activity, seen.evidence, seen.idle) == ("DORMANT", "QUERIES", PAST_DAYS)


async def test_rows_of_the_database_cover_no_schema_but_rows_of_a_schema_do(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    for schema in ("shop.other.dark", "shop.other.seen"):
        om.table(f"{schema}.asked")
    om.usage("shop.other", range(1, 500), kind="database")
    om.usage("shop.other.seen", range(1, 400), kind="databaseSchema")
    seen = await estate.look()
    assert seen["shop.other.dark.asked"].judgement == ("UNKNOWN", "NO_FEED")
    assert (seen["shop.other.seen.asked"].activity, seen["shop.other.seen.asked"].idle) == ("DORMANT", 399)


async def test_rows_of_deleted_tables_tell_that_somebody_looked(om: OMRows, estate: OMEstate) -> None:
    om.table(BUSY, deleted=True)
    om.usage(BUSY, range(1, 500))
    om.table(TABLE)
    om.usage("shop.main.core.of_no_row", range(500, 600))
    seen = (await estate.look())[TABLE]
    assert (seen.activity, seen.idle) == ("DORMANT", 499)


@pytest.mark.parametrize(
    ("most", "usual", "ceiling"), [(1000, 1000, True), (1000, 960, True), (1000, 940, False), (400, 400, False)]
)
async def test_a_log_that_is_always_full_was_cut_off(
    om: OMRows, estate: OMEstate, most: int, usual: int, ceiling: bool
) -> None:
    om.read(BUSY, range(1, 500), count=most // 2)
    om.usage(BUSY, range(1, 26), count=usual)
    om.usage(BUSY, [1], count=most)
    om.read(TABLE, [400])
    assert ("EVIDENCE_PARTIAL" in (await estate.look())[TABLE].blockers) is ceiling
    await estate.confirm("shop")
    assert "EVIDENCE_PARTIAL" not in (await estate.look())[TABLE].blockers


async def test_a_machine_that_asks_as_often_each_day_is_no_ceiling(om: OMRows, estate: OMEstate) -> None:
    om.read(BUSY, range(1, 500), count=400)
    om.read(TABLE, [450])
    assert "EVIDENCE_PARTIAL" not in (await estate.look())[TABLE].blockers


async def test_a_feed_that_stopped_is_no_evidence_confirmed_or_not(om: OMRows, estate: OMEstate) -> None:
    om.read(BUSY, range(95, 500))
    om.read(TABLE, [300])
    for _ in range(2):
        seen = await estate.look()
        assert {each.judgement for each in seen.values()} == {("UNKNOWN", "NO_FEED")}
        assert not any(each.may_go for each in seen.values())
        (service,) = (await estate.mirror.reader.snapshot()).directory["services"]
        assert (service["state"], service["silent_since"]) == ("SILENT", om.day(95).isoformat())
        assert [each["state"] for each in service["databases"]] == ["SILENT"]
        await estate.confirm("shop")
    assert service["databases"][0]["confirmed"]


async def test_a_feed_that_was_often_away_lately_is_doubtful(om: OMRows, estate: OMEstate) -> None:
    om.read(BUSY, [*range(1, 50), *range(91, 560)])
    om.read(TABLE, [500])
    assert "EVIDENCE_PARTIAL" in (await estate.look())[TABLE].blockers


RUNS: tuple[tuple[str, object, object, bool], ...] = (
    ("usage", "success", 2, True), ("usage", "partialSuccess", 2, True), ("usage", "success", None, True),
    ("usage", "failed", 2, False), ("usage", "running", 2, False), ("usage", "success", 0, False),
    ("metadata", "success", 2, False), ("usage", ["success"], {"a": 1}, False), ("usage", None, "x", False),
)  # fmt: skip


async def test_a_run_that_read_the_log_is_somebody_who_looked(om: OMRows, estate: OMEstate) -> None:
    for number, (kind, state, records, _) in enumerate(RUNS):
        # Each of a service of its own.
        om.read(f"shop_{number}.main.core.busy", [*range(1, 100), *range(110, 350)])
        om.read(f"shop_{number}.main.core.asked", [300])
        om.pipeline(f"shop_{number}.agent", kind)
        om.runs(f"shop_{number}.agent", range(100, 110), state, records)
    seen = await estate.look()
    for number, (*run, counts) in enumerate(RUNS):
        assert seen[f"shop_{number}.main.core.asked"].idle == (299 if counts else 289), run


async def test_runs_without_any_row_in_two_weeks_prove_nothing(om: OMRows, estate: OMEstate) -> None:
    om.read(BUSY, [*range(1, 100), *range(200, 500)])
    om.read(TABLE, [300])
    om.pipeline("shop.agent")
    om.runs("shop.agent", range(100, 200))
    # The rows of the two hundredth day vouch for fourteen days; a run reads the day before it as well.
    assert (await estate.look())[TABLE].idle == 99 + 14 + 100


async def test_runs_hang_below_their_service(om: OMRows, estate: OMEstate) -> None:
    om.read(BUSY, [*range(1, 100), *range(110, 500)])
    om.read(TABLE, [300])
    for fqn in ("shop.main.agent", "other.agent"):
        om.pipeline(fqn)
        om.runs(fqn, range(100, 110))
    assert (await estate.look())[TABLE].idle == 289


async def test_life_cycles_are_watched_from_the_first_to_the_newest(om: OMRows, estate: OMEstate) -> None:
    om.table(BUSY, **om.life_cycle(accessed=5))
    om.table("shop.main.core.first", **om.life_cycle(accessed=500))
    om.table(TABLE)
    seen = await estate.look()
    assert (seen[TABLE].evidence, seen[TABLE].activity, seen[TABLE].idle) == ("LIFECYCLE", "DORMANT", 496)
    assert seen["shop.main.core.first"].idle == 495
    # The earliest access ever seen is kept when a newer one takes its place.
    om.table("shop.main.core.first", updated=0, **om.life_cycle(accessed=2))
    for kind in ("AUTO", "FULL"):
        seen = await estate.look(kind)
        assert (seen[TABLE].activity, seen[TABLE].idle) == ("DORMANT", 499)


async def test_a_creation_alone_is_no_feed(om: OMRows, estate: OMEstate) -> None:
    om.table(TABLE, **om.life_cycle(created=700))
    assert (await estate.look())[TABLE].judgement == ("UNKNOWN", "NO_FEED")


async def test_without_lineage_nothing_is_deleted_until_it_is_confirmed(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.run("DELETE FROM entity_relationship")
    om.read(TABLE, [400])
    seen = (await estate.look())[TABLE]
    assert (seen.verdict, seen.blockers) == ("ARCHIVE", {"NO_LINEAGE"})
    await estate.confirm("shop", "LINEAGE")
    assert (await estate.look())[TABLE].verdict == "DELETE"
