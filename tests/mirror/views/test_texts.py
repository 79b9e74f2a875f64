"""What the texts of views say depends on what."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import pytest

from tests.mirror.test_lineage import CORE, flows, in_use_through_lineage, old_table, see
from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import hash_of
from thirdeye.mirror import state, store
from thirdeye.mirror.phases import views
from thirdeye.mirror.views import texts
from thirdeye.mirror.views.references import ViewTexts

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
UNKNOWN = {"UNKNOWN_DOWNSTREAM"}


def used_view(estate: OMEstate, name: str, text: Any, **more: Any) -> None:
    estate.om.view(CORE + name, text, **more)
    estate.om.usage(CORE + name, range(1, 30))


def unused_view(estate: OMEstate, name: str, text: Any, **more: Any) -> None:
    estate.om.view(CORE + name, text, **more)
    estate.om.usage(CORE + name, [400])


async def test_a_used_view_holds_its_bases_without_an_edge(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "one_part", "Two_Parts", "three_parts", "in_cte", "unnamed", "cte")
    estate.om.read("shop.main.elsewhere.there", [400])
    used_view(
        estate,
        "report",
        f"""CREATE OR REPLACE VIEW report AS
        WITH cte AS (SELECT * FROM in_cte)
        SELECT * FROM ONE_PART JOIN core.two_parts USING (id) JOIN {CORE.split(".", 1)[1]}three_parts USING (id)
        JOIN cte USING (id) JOIN elsewhere.unnamed ON 'unnamed' = cte.name""",
    )
    for kind in ("FULL", "AUTO", "FULL"):
        seen = await see(estate, kind)
        for name in ("one_part", "Two_Parts", "three_parts", "in_cte"):
            assert seen[CORE + name].blockers == {"ACTIVE_DOWNSTREAM"}, name
        for name in ("unnamed", "cte"):
            assert seen[CORE + name].verdict == "DELETE", name
        assert not {code for code in estate.warnings if code.startswith("VIEW")}


async def test_a_name_that_means_nothing_may_mean_any_table_called_so(estate: OMEstate) -> None:
    has_a_past(estate.om)
    lost = {"lost_a": "nowhere.lost_a", "lost_b": "nowhere.core.lost_b", "lost_c": "lost_c"}
    estate.om.read("shop.main.elsewhere.other", [400])
    for name, written in lost.items():
        estate.om.read(f"shop.main.elsewhere.{name}", [400])
        used_view(estate, f"report_{name}", f"SELECT * FROM {written}")
    for kind in ("FULL", "AUTO"):
        seen = await see(estate, kind)
        for name in lost:
            assert "UNKNOWN_DOWNSTREAM" in seen[f"shop.main.elsewhere.{name}"].blockers, name
        assert "UNKNOWN_DOWNSTREAM" not in seen["shop.main.elsewhere.other"].blockers
    # In a database that OM does not know the view's own is looked for.
    old_table(estate, *lost)
    seen = await see(estate)
    for name, written in lost.items():
        assert ("ACTIVE_DOWNSTREAM" in seen[CORE + name].blockers) == (written != "nowhere.lost_a"), written


async def test_texts_are_read_once(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "base")
    text = "SELECT * FROM base"
    used_view(estate, "report", text)
    used_view(estate, "copy", text)
    await see(estate)
    rows = await estate.mirror.thirdeye.fetch_all("SELECT hash, dialect, paths FROM view_text")
    assert [(row["dialect"], row["paths"]) for row in rows] == [("snowflake", '[["base"]]')]
    # With no time at all what is known is known.
    estate.mirror.settings = estate.mirror.settings.model_copy(update={"view_text_seconds": 0})
    seen = await see(estate, "FULL")
    assert seen[CORE + "base"].blockers == {"ACTIVE_DOWNSTREAM"}
    estate.om.view(CORE + "report", "SELECT * FROM busy", updated=0)
    estate.om.view(CORE + "copy", "SELECT * FROM busy", updated=0)
    estate.mirror.settings = estate.mirror.settings.model_copy(update={"view_text_seconds": 60})
    seen = await see(estate)
    assert seen[CORE + "base"].verdict == "DELETE"
    await see(estate, "FULL")
    rows = await estate.mirror.thirdeye.fetch_all("SELECT paths FROM view_text")
    assert [row["paths"] for row in rows] == ['[["busy"]]']


async def test_what_there_is_no_time_for_is_unknown_until_it_is_read(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "base", "mentioned", "above")
    flows(estate, "above", "base")
    used_view(estate, "report", "SELECT * FROM base WHERE name <> 'mentioned'")
    settings = estate.mirror.settings
    estate.mirror.settings = settings.model_copy(update={"view_text_seconds": 0})
    for kind in ("FULL", "AUTO", "FULL"):
        seen = await see(estate, kind)
        for name in ("base", "mentioned", "above"):
            assert (seen[CORE + name].verdict, seen[CORE + name].blockers) == ("REVIEW", UNKNOWN), name
        assert estate.warnings["VIEW_TEXT_PENDING"]["count"] == 1
    # A table that comes later may be what it names.
    old_table(estate, "name")
    assert (await see(estate))[CORE + "name"].blockers >= UNKNOWN
    estate.mirror.settings = settings
    seen = await see(estate)
    assert seen[CORE + "base"].blockers == {"ACTIVE_DOWNSTREAM"}
    assert seen[CORE + "mentioned"].verdict == "DELETE"
    assert "VIEW_TEXT_PENDING" not in estate.warnings


async def test_tables_named_by_a_text_that_cannot_be_read_are_unknown(estate: OMEstate) -> None:
    texts: dict[str, Any] = {
        "base_0": "base_0",
        "base_1": "{{ ref('base_1') }}",
        "base_2": "SELECT * FROM [core].[base_2]",
        "base_3": ["SELECT * FROM base_3"],
        "base_4": {"sql": "SELECT * FROM base_4"},
        "base_5": "CREATE SEMANTIC VIEW report TABLES (base_5)",
        "base_6": "SELECT " + "(" * 20_000 + " base_6",
    }
    has_a_past(estate.om)
    old_table(estate, *texts, *(f"{name}s" for name in texts))
    for name, text in texts.items():
        used_view(estate, f"of_{name}", text)
    for kind in ("FULL", "AUTO"):
        seen = await see(estate, kind)
        for name, text in texts.items():
            assert (seen[CORE + name].verdict, seen[CORE + name].blockers) == ("REVIEW", UNKNOWN), str(text)[:60]
            assert seen[f"{CORE}{name}s"].verdict == "DELETE", str(text)[:60]
        assert estate.warnings["VIEW_TEXT_UNREADABLE"]["count"] == len(texts)


async def test_a_view_without_a_text_says_nothing(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "base")
    for number, text in enumerate((None, "", 0)):
        used_view(estate, f"report_{number}", text)
    assert (await see(estate))[CORE + "base"].verdict == "DELETE"


async def test_a_text_of_five_megabytes_makes_its_database_unknown(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "base")
    estate.om.read("shop.other.core.far", [400])
    used_view(estate, "report", "SELECT * FROM base -- " + "x" * 5_000_000)
    for kind in ("FULL", "AUTO"):
        seen = await see(estate, kind)
        assert (seen[CORE + "base"].verdict, seen[CORE + "base"].blockers) == ("REVIEW", UNKNOWN)
        assert "UNKNOWN_DOWNSTREAM" not in seen["shop.other.core.far"].blockers
        assert estate.warnings["VIEW_TEXT_TOO_LARGE"]["count"] == 1


async def test_views_that_name_each_other_and_themselves(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "base")
    unused_view(estate, "left", f"SELECT * FROM {CORE.split('.', 1)[1]}right JOIN base")
    unused_view(estate, "right", "SELECT * FROM left JOIN right")
    unused_view(estate, "itself", "{{ itself }}")
    seen = await see(estate)
    assert not any(seen[CORE + name].blockers for name in ("base", "left", "right", "itself"))
    estate.om.usage(CORE + "left", [1])
    seen = await see(estate)
    assert await in_use_through_lineage(estate, "base")
    assert await in_use_through_lineage(estate, "right")


async def test_a_deleted_view_conducts_and_one_that_is_gone_does_not(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "base")
    unused_view(estate, "middle", "SELECT * FROM base", deleted=True)
    used_view(estate, "report", "SELECT * FROM middle")
    for kind in ("FULL", "AUTO", "FULL"):
        seen = await see(estate, kind)
        assert seen[CORE + "base"].blockers == {"ACTIVE_DOWNSTREAM"}
    estate.om.run("DELETE FROM table_entity WHERE fqnHash = %s", hash_of(CORE + "middle"))
    for kind in ("AUTO", "FULL"):
        seen = await see(estate, kind)
        assert seen[CORE + "base"].verdict == "DELETE"


async def test_a_table_that_comes_after_the_view_that_names_it(estate: OMEstate) -> None:
    has_a_past(estate.om)
    used_view(estate, "report", "SELECT * FROM later")
    await see(estate)
    old_table(estate, "later")
    await see(estate)
    assert await in_use_through_lineage(estate, "later")


async def test_dialects_follow_the_service(estate: OMEstate) -> None:
    has_a_past(estate.om)
    estate.om.service("mssql", "Mssql")
    for name, days in (("busy", range(1, 800)), ("base", [400])):
        estate.om.read(f"mssql.sales.dbo.{name}", days)
    estate.om.view(
        "mssql.sales.mart.report", "CREATE VIEW [mart].[report] AS SELECT * FROM [base] b JOIN sales..busy c"
    )
    estate.om.usage("mssql.sales.mart.report", [1])
    seen = await see(estate)
    assert "ACTIVE_DOWNSTREAM" in seen["mssql.sales.dbo.base"].blockers


async def test_bare_names_are_of_the_default_schema_or_of_the_view_s_own(estate: OMEstate) -> None:
    has_a_past(estate.om)
    estate.om.service("redshift", "Redshift")
    for name in ("public.orders", "public.both", "reports.both"):
        estate.om.read(f"redshift.main.{name}", [400])
    estate.om.view(
        "redshift.main.reports.orders", "create view reports.orders as SELECT id FROM orders JOIN both USING (id)"
    )
    estate.om.usage("redshift.main.reports.orders", range(1, 800))
    seen = await see(estate)
    for name in ("public.orders", "public.both", "reports.both"):
        assert "ACTIVE_DOWNSTREAM" in seen[f"redshift.main.{name}"].blockers, name


EVENTS = ("events_20260101", "events_20260102", "events_intraday_20260103", "events_us", "eventually", "others")


WILDCARDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "events_*": (EVENTS[:2], EVENTS[2:4]),
    "events_2026*": (EVENTS[:2], EVENTS[2:4]),
    "events_intraday_*": (EVENTS[2:3], (*EVENTS[:2], EVENTS[3])),
    "event*": ((), EVENTS),
    "*": ((), EVENTS),
}


async def test_wildcards(estate: OMEstate) -> None:
    # Each in a service of its own: once in a text that is read, and once in one that is not.
    cases = {f"bq{number}": case for number, case in enumerate(product(WILDCARDS, ("", " WHERE ((")))}
    for service, (wildcard, broken) in cases.items():
        estate.om.service(service, "BigQuery")
        for name in (*EVENTS, "busy"):
            estate.om.read(f"{service}.main.raw.{name}", [400] if name != "busy" else range(1, 800))
        estate.om.view(f"{service}.main.mart.report", f"SELECT * FROM `main.raw.{wildcard}`{broken}")
        estate.om.usage(f"{service}.main.mart.report", range(1, 30))
    for kind in ("FULL", "AUTO"):
        seen = await see(estate, kind)
        for (service, (wildcard, broken)), name in product(cases.items(), EVENTS):
            blockers, (read, unknown) = seen[f"{service}.main.raw.{name}"].blockers, WILDCARDS[wildcard]
            expected = (False, name in (*read, *unknown)) if broken else (name in read, name in unknown)
            found = "ACTIVE_DOWNSTREAM" in blockers, "UNKNOWN_DOWNSTREAM" in blockers
            assert found == expected, (wildcard, broken, name)


@pytest.mark.parametrize(
    "text", ["{{ base }}", "SELECT * FROM base -- " + "x" * 1_000_001], ids=["unreadable", "large"]
)
async def test_an_unread_text_of_a_deleted_view_matters_where_something_depends_on_it(
    estate: OMEstate, text: str
) -> None:
    has_a_past(estate.om)
    old_table(estate, "base")
    unused_view(estate, "middle", text, deleted=True)
    assert (await see(estate))[CORE + "base"].verdict == "DELETE"
    used_view(estate, "report", "SELECT * FROM middle")
    for kind in ("AUTO", "FULL"):
        assert "UNKNOWN_DOWNSTREAM" in (await see(estate, kind))[CORE + "base"].blockers


async def test_what_a_former_version_read_counts_until_there_is_time_to_read_it_again(estate: OMEstate) -> None:
    has_a_past(estate.om)
    old_table(estate, "base", "former")
    used_view(estate, "report", "SELECT * FROM base")
    await see(estate)
    await estate.mirror.thirdeye.execute("UPDATE view_text SET reader = 'sqlglot 1', paths = '[[\"former\"]]'")
    for seconds, name in ((0, "former"), (60, "base")):
        estate.mirror.settings = estate.mirror.settings.model_copy(update={"view_text_seconds": seconds})
        run = await estate.mirror.refresh("FULL")
        assert run["error"] is None
        assert await in_use_through_lineage(estate, name)


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
async def test_texts_that_a_former_version_read_are_read_again_by_any_refresh(estate: OMEstate, kind: Any) -> None:
    has_a_past(estate.om)
    old_table(estate, "base", "former")
    used_view(estate, "report", "SELECT * FROM base")
    with a_former_version():
        await see(estate)
        await estate.mirror.thirdeye.execute("UPDATE view_text SET reader = 'former', paths = '[[\"former\"]]'")
        await see(estate, "FULL")
    settings = estate.mirror.settings
    estate.mirror.settings = settings.model_copy(update={"view_text_seconds": 0})
    for each in (kind, "AUTO", "FULL", "AUTO"):
        seen = await see(estate, each)
        assert seen[CORE + "former"].blockers == {"ACTIVE_DOWNSTREAM"}
        assert seen[CORE + "base"].verdict == "DELETE"
        assert await counts(estate) == {"former": 1}
    estate.mirror.settings = settings
    for _ in range(2):
        seen = await see(estate)
        assert seen[CORE + "base"].blockers == {"ACTIVE_DOWNSTREAM"}
        assert seen[CORE + "former"].verdict == "DELETE"
        assert await counts(estate) == {"read": 1}


@pytest.mark.parametrize("kind", ["AUTO", "FULL"])
async def test_what_a_former_version_could_not_read_waits_for_this_one(estate: OMEstate, kind: Any) -> None:
    has_a_past(estate.om)
    old_table(estate, "base", "mentioned")
    used_view(estate, "report", "SELECT * FROM base WHERE name <> 'mentioned'")
    with a_former_version():
        await see(estate)
        await estate.mirror.thirdeye.execute("UPDATE view_text SET reader = 'former', paths = NULL")
        seen = await see(estate, "FULL")
        assert seen[CORE + "mentioned"].blockers == UNKNOWN
        assert await counts(estate) == {"unreadable": 1}
    settings = estate.mirror.settings
    estate.mirror.settings = settings.model_copy(update={"view_text_seconds": 0})
    assert (await see(estate, kind))[CORE + "mentioned"].blockers == UNKNOWN
    assert await counts(estate) == {"pending": 1}
    estate.mirror.settings = settings
    seen = await see(estate)
    assert (seen[CORE + "base"].blockers, seen[CORE + "mentioned"].verdict) == ({"ACTIVE_DOWNSTREAM"}, "DELETE")


@contextmanager
def a_former_version() -> Iterator[None]:
    """Refreshes under another reader's name."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (state, views, texts):
            patch.setattr(module, "READER", "former")
        yield


async def counts(estate: OMEstate) -> dict[str, int]:
    """What became of the texts that the last refresh knows of."""
    known = ViewTexts()
    published = await store.state(estate.mirror.thirdeye)
    assert published is not None
    async for name, data in store.blobs(estate.mirror.thirdeye, ["view-text/"], published["generation"]):
        known.texts.unpack(int(name.rsplit("/", 1)[1]), data)
    return {name: count for name, count in texts.counts_of(known).items() if count}


async def test_text_lineage_counts_as_lineage(estate: OMEstate) -> None:
    estate.om.read("bare.main.core.busy", range(1, 800))
    estate.om.read("bare.main.core.old", [400])
    estate.om.view("bare.main.core.report", "SELECT * FROM busy")
    seen = await see(estate)
    assert "NO_LINEAGE" not in seen["bare.main.core.old"].blockers
