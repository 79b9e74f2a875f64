"""What tables cost after real refreshes: `look()` compares each cost, and the sum of all, with the second implementation."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows
from thirdeye.actions.savings.store import baselines, put_baselines
from thirdeye.estate.loaders import table_of
from thirdeye.estate.store import put_price
from thirdeye.inventory.storage_prices import StoragePrice
from thirdeye.inventory.verdicts import SHOWN_FIELDS

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
GB, TB = 10**9, 10**12


async def told(estate: OMEstate) -> dict[str, dict[str, Any]]:
    """What the API says of each table."""
    over = estate.mirror

    class Context:
        thirdeye, estate, settings, loaders = over.thirdeye, over.reader, over.settings, {}

        @staticmethod
        def clock() -> Any:
            return over.now

    context: Any = Context
    snapshot = await context.estate.snapshot()
    await snapshot.load(SHOWN_FIELDS)
    numbers = [row["number"] for row in await over.thirdeye.fetch_all("SELECT number FROM table_inventory")]
    rows = await context.estate.rows(snapshot, numbers)
    return {row["fqn"]: dict(table_of(context, snapshot, row)) for row in rows.values()}


async def own(estate: OMEstate, usd: str, lower: str | None = None, days: int | None = None, **more: Any) -> None:
    """An administrator's price."""
    named = {"service_type": "BigQuery", "effective_from": date(2026, 1, 1), "set_by": "ann", **more}
    rate = None if lower is None else Decimal(lower)
    await put_price(
        estate.mirror.thirdeye,
        StoragePrice(
            usd_per_gb_month=Decimal(usd), long_term_usd_per_gb_month=rate, long_term_days=days, **named
        ),
    )  # fmt: skip


def costs(answers: dict[str, dict[str, Any]], column: str = "monthlyCost") -> dict[str, str | None]:
    """By the last name; only of tables with a cost or a size."""
    return {
        fqn.rsplit(".", 1)[1]: None if each[column] is None else str(each[column])
        for fqn, each in answers.items()
        if fqn.startswith(("bq.", "snow."))
    }


async def test_queries_cost_the_sum_of_their_days(om: OMRows, estate: OMEstate) -> None:
    table, other = "snow.main.core.asked", "snow.main.core.asked_too"
    for fqn in (table, other, "snow.main.core.absurd"):
        om.table(fqn)
    # 4 runs of a query on a day: `cost` is what they cost together.
    om.query_cost("a_query", [table, other], 1, 3.0, count=4)
    om.query_cost("a_query", [table, other], 2, 1, count=0)
    om.query_cost("a_query", [table, other], 3, 0.5, count=7)
    om.query_cost("a_query", [table, other], 30, 0.25)
    om.query_cost("a_query", [table, other], 31, 1000)
    om.query_cost("a_query", [table, other], -400, 1000)
    # MySQL takes no others into OM's generated columns.
    absurd: list[Any] = [-1, 10**9 + 1, *([] if om.is_mysql() else [1e300, "12", True, [1], {"a": 1}])]
    for ago, cost in enumerate(absurd, 4):
        om.query_cost("absurd_query", ["snow.main.core.absurd"], ago, cost)
    om.query_cost("absurd_query", ["snow.main.core.absurd"], 11, 10**9)
    for kind in ("AUTO", "FULL", "AUTO"):
        seen = await estate.look(kind)
        warning = estate.warnings["QUERY_COST_IS_NONSENSE"]
        assert warning["count"] == len(absurd)
        assert "USD, query " in warning["example"]
        found = costs(await told(estate), "queryCost")
        assert found == {"asked": "2.375000", "asked_too": "2.375000", "absurd": "1000000000.000000"}
        # Absurd or not, somebody asked: that is use.
        assert seen["snow.main.core.absurd"].last_accessed == om.day(4)


async def test_sizes_types_and_rates(om: OMRows, estate: OMEstate) -> None:
    om.service("bq", "BigQuery")
    om.service("snow", "Snowflake")
    written = {"fresh": 1, "day_89": 89, "day_90": 90, "old": 700}
    for name, ago in written.items():
        om.table(f"bq.main.core.{name}", **om.life_cycle(updated=ago, created=750))
        om.profile(f"bq.main.core.{name}", 1, TB, rows=10)
    om.table("bq.main.core.unknown_write")
    om.table(
        "bq.main.core.unreadable_write",
        lifeCycle={"updated": {"timestamp": "?"}, "created": {"timestamp": om.milliseconds(700)}},
    )
    om.table("bq.main.core.late_write", **om.life_cycle(updated=-40, created=700))
    for name in ("unknown_write", "unreadable_write", "late_write"):
        om.profile(f"bq.main.core.{name}", 1, TB)
    for kind in ("View", "SecureView", "SemanticView", "External", "Foreign", "Stage", "Stream"):
        om.table(f"snow.main.core.{kind.lower()}", tableType=kind)
        om.profile(f"snow.main.core.{kind.lower()}", 1, TB, rows=10)
    om.table("snow.main.core.unsized_view", tableType="View")
    for kind in ("MaterializedView", "Dynamic", "Transient", "Iceberg"):
        om.table(f"snow.main.core.{kind.lower()}", tableType=kind)
        om.profile(f"snow.main.core.{kind.lower()}", 1, 100 * GB)
    rows: dict[str, tuple[Any, Any]] = {
        "empty": (0, 0), "no_rows_told": (0, None), "zero_with_rows": (0, 7), "zero_with_rows_told_oddly": (0.0, 12.0),
        "rows_are_nonsense": (0, "n/a"), "no_size": (None, 10**6), "broken": ("1\n2", 5),
    }  # fmt: skip
    for name, (size, count) in rows.items():
        om.table(f"snow.main.core.{name}")
        om.profile(f"snow.main.core.{name}", 1, size, rows=count)
    listed = {
        "fresh": "18.626000", "day_89": "18.626000", "day_90": "9.313000", "old": "9.313000", "unknown_write": "18.626000",
        "unreadable_write": "18.626000", "late_write": "18.626000", "view": "0.000000", "secureview": "0.000000",
        "semanticview": "0.000000", "external": "0.000000", "foreign": "0.000000", "stage": "0.000000",
        "stream": "0.000000", "unsized_view": "0.000000", "materializedview": "2.300000", "dynamic": "2.300000",
        "transient": "2.300000", "iceberg": "2.300000", "empty": "0.000000", "no_rows_told": "0.000000",
        "zero_with_rows": None, "zero_with_rows_told_oddly": None, "rows_are_nonsense": "0.000000", "no_size": None,
        "broken": None,
    }  # fmt: skip
    for kind in ("AUTO", "AUTO", "FULL"):
        await estate.look(kind)
        answers = await told(estate)
        assert costs(answers) == listed, kind
    assert estate.warnings["SIZE_OF_ROWS_IS_ZERO"]["count"] == 2
    assert estate.warnings["SIZE_IS_NONSENSE"]["count"] == 1
    assert {each["priceBasis"] for each in answers.values()} == {"LIST"}
    old = answers["bq.main.core.old"]
    assert (old["longTermRate"], str(old["usdPerGbMonth"])) == (True, "0.009313")
    assert old["storagePrice"]["source"] == "https://cloud.google.com/bigquery/pricing"
    # What is unwritten grows old without any change of its row, and is rewritten.
    estate.pass_days(1)
    om.table("bq.main.core.old", **om.life_cycle(updated=0, created=751))
    await estate.look()
    assert costs(await told(estate)) == listed | {"day_89": "9.313000", "old": "18.626000"}


async def test_new_prices_reach_an_incremental_refresh(om: OMRows, estate: OMEstate) -> None:
    for service, name in (("bq", "BigQuery"), ("snow", "BigQuery")):
        om.service(service, name)
        om.table(f"{service}.main.core.old_{service}", **om.life_cycle(updated=500, created=700))
        om.profile(f"{service}.main.core.old_{service}", 1, TB)
    await estate.look()
    baseline = (await told(estate))["bq.main.core.old_bq"]
    async with estate.mirror.thirdeye.transaction() as session:
        await put_baselines(session, [baseline], estate.mirror.now)
    await own(estate, "0.5", "0.25", 400)
    await own(estate, "0.3", service="snow")
    await own(estate, "9", effective_from=estate.mirror.now.date() + timedelta(days=2))
    await estate.look()
    answers = await told(estate)
    assert costs(answers) == {"old_bq": "250.000000", "old_snow": "300.000000"}
    assert {each["priceBasis"] for each in answers.values()} == {"OWN"}
    assert answers["snow.main.core.old_snow"]["storagePrice"]["service"] == "snow"
    reader = estate.mirror.reader
    summary = await reader.document(await reader.snapshot(), "summary")
    assert {entry["service"]: entry["monthlyCost"] for entry in summary["byService"]} == {
        "bq": "250.000000", "snow": "300.000000",
    }  # fmt: skip
    assert (summary["total"]["priceBasis"], summary["total"]["storageCost"]) == ("OWN", "550.000000")
    # What was saved is measured with the price of then.
    (kept,) = [each async for each in baselines(estate.mirror.thirdeye)]
    assert (str(kept.usd_per_gb_month), str(kept.storage_usd)) == ("0.009313", "9.313000")
    estate.pass_days(2)
    assert costs(await told(estate)) == {"old_bq": "250.000000", "old_snow": "300.000000"}
    await estate.look()
    assert costs(await told(estate)) == {"old_bq": "9000.000000", "old_snow": "300.000000"}


async def test_stored_prices_that_contradict_each_other_are_warned_of(om: OMRows, estate: OMEstate) -> None:
    for service, name in (("bq", "BigQuery"), ("snow", "Snowflake")):
        om.service(service, name)
        om.table(f"{service}.main.core.{service}_table", **om.life_cycle(updated=500, created=700))
        om.profile(f"{service}.main.core.{service}_table", 1, TB)
    await own(estate, "0.4", "0.5", 90)
    await own(estate, "0.2", service_type="SNOWFLAKE")
    await own(estate, "0.1", service_type="snowflake")
    await own(estate, "-3", service="snow", service_type="Snowflake")
    await own(estate, "1", service="nobody", service_type="Snowflake")
    await estate.look()
    warning = estate.warnings["PRICE_CONTRADICTS"]
    assert (warning["count"], warning["example"]) == (3, "snow from 2026-01-01: a price below nothing")
    assert estate.warnings["PRICE_OF_NO_SERVICE"]["example"] == "nobody from 2026-01-01"
    assert costs(await told(estate)) == {"bq_table": "400.000000", "snow_table": "100.000000"}


async def test_views_that_nothing_depends_on_are_cleaned_up(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    core = "shop.main.core"
    names = ("alone", "above", "below", "above_deleted", "conducting", "own", "written")
    for name in (*names, "deleted", "last"):
        om.read(f"{core}.{name}", [450])
        om.table(f"{core}.{name}", tableType="View")
    om.read(f"{core}.external", [450])
    om.table(f"{core}.external", tableType="External")
    om.table(f"{core}.deleted", tableType="View", deleted=True)
    om.table(f"{core}.written", tableType="View", **om.life_cycle(updated=2, created=700))
    for source, target in (
        ("above", "below"), ("above_deleted", "deleted"), ("conducting", "between"), ("between", "last"), ("own", "own"),
    ):  # fmt: skip
        om.lineage(f"{core}.{source}", f"{core}.{target}")
    om.table(f"{core}.between", tableType="View", deleted=True)
    for kind in ("AUTO", "FULL"):
        seen = {fqn.removeprefix(f"{core}."): each for fqn, each in (await estate.look(kind)).items()}
        verdicts = {name: seen[name].verdict for name in (*names, "external", "last")}
        assert verdicts == {
            "alone": "DELETE", "above": "REVIEW", "below": "DELETE", "above_deleted": "DELETE", "conducting": "REVIEW",
            "own": "DELETE", "written": "REVIEW", "external": "DELETE", "last": "DELETE",
        }, kind  # fmt: skip


async def test_what_cannot_be_removed_step_by_step_is_reviewed(om: OMRows, estate: OMEstate) -> None:
    om.service("shop_2", "BigQuery")
    has_a_past(om)
    schemas = ("shop.main.core", "shop_2.main.core")
    om.read("shop_2.main.core.busy", range(1, 600))
    for number in range(20):
        om.read(f"shop_2.main.core.gone_{'abcdefghijklmnopqrst'[number]}", [500 + number])
    om.lineage("shop_2.main.core.gone_a", "shop_2.main.core.gone_b")
    for schema in schemas:
        for kind in ("MaterializedView", "Dynamic", "Regular"):
            om.read(f"{schema}.old_{kind}", [450])
            om.table(f"{schema}.old_{kind}", tableType=kind)
            om.read(f"{schema}.still_{kind}", [450])
            om.table(f"{schema}.still_{kind}", tableType=kind, **om.life_cycle(updated=2, created=700))
    for kind in ("AUTO", "FULL"):
        seen = {fqn: each.verdict for fqn, each in (await estate.look(kind)).items()}
        assert [seen[f"shop.main.core.old_{each}"] for each in ("MaterializedView", "Dynamic", "Regular")] == [
            "DELETE"
        ] * 3
        other = [seen[f"shop_2.main.core.old_{each}"] for each in ("MaterializedView", "Dynamic", "Regular")]
        assert other[:2] == ["REVIEW", "REVIEW"]
        assert other[2] in ("DELETE", "ARCHIVE")
        assert {seen[f"{schema}.still_MaterializedView"] for schema in schemas} == {"STOP_REFRESH"}
