"""Verdicts after a real refresh equal a second computation, in full and from changes."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.support import second_prices
from tests.support.api import copy_sample, prepare_accounts, settings_for
from tests.support.clocks import NOON, TODAY
from tests.support.database import copy_migrated
from tests.support.dead_ends import dead_ends_published
from tests.support.mirror import Mirror, mirror
from tests.support.om_changes import OpenMetadataChanges
from tests.support.second_dead_ends import dead_ends_told
from tests.support.second_inventory import Judged, second_inventory
from tests.support.second_memory import Known, known_to
from tests.support.second_prices import Price, price_of
from tests.support.second_verdicts import Rules, second_verdicts
from thirdeye.estate.loaders import advised_columns
from thirdeye.inventory.columns import (
    CHUNK,
    IN_USE_THROUGH_LINEAGE,
    IN_USE_THROUGH_SERIES,
    ONLY_SCANNED,
    ONLY_WRITTEN,
    PRESENT,
    TRIAL,
)
from thirdeye.inventory.query import SAVING_COLUMNS, cost_of, saving_of
from thirdeye.inventory.rules import Activity, has_activity
from thirdeye.inventory.verdicts import (
    ADVICE_FIELDS,
    RISKS,
    UNKNOWN_IDLE_DAYS,
    UNKNOWN_PURGE_SCORE,
    VERDICTS,
    blockers_of,
)
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings
from thirdeye.verdict import store
from thirdeye.verdict.prior import packaged_prior
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.simulation import SIMULATED, simulate
from thirdeye.verdict.unlock_groups import UnlockDocument

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.starts_first, pytest.mark.one_server]


def a_past(
    server: MariaDB | MySQL,
    redis: Redis,
    signer: Signer,
    schema_name: Callable[[str], str],
    *,
    seed: int,
    tables: int = 200,
    days: int = 700,
    **more: Any,
) -> Settings:
    """An estate with a past long enough to learn from, and settings for it."""
    om, schema = schema_name("om"), schema_name("te")
    copy_sample(server, om, tables=tables, usage_days=days, seed=seed)
    prepare_accounts(server, om, schema)
    settings = settings_for(server, redis, om_schema=om, schema=schema, signer=signer, **more)
    copy_migrated(server, schema, settings)
    return settings


async def verdicts_of(estate: Mirror) -> dict[str, dict[str, Any]]:
    """What the inventory says, by table id, in the words of the second computation."""
    snapshot = await estate.reader.snapshot()
    await snapshot.load((*ADVICE_FIELDS, "flags", "use_kind"))
    found = {}
    for row in await estate.thirdeye.fetch_all("SELECT number, id FROM table_inventory WHERE removed_at IS NULL"):
        columns = advised_columns(snapshot, row["number"])
        chunk, place = divmod(row["number"], CHUNK)
        kind = int(snapshot.catalogue.columns.parts(chunk)["use_kind"][place])
        found[row["id"]] = {
            "idle": None if columns["idle"] == UNKNOWN_IDLE_DAYS else columns["idle"],
            "purge": None if columns["purge"] == UNKNOWN_PURGE_SCORE else columns["purge"] / 10,
            "risk": float(RISKS[columns["risk"]]) if columns["risk"] else None,
            "blockers": {str(blocker.value) for blocker in blockers_of(columns["blockers"])},
            "verdict": str(VERDICTS[columns["verdict"]].value),
            "trial": bool(
                snapshot.catalogue.columns.parts(row["number"] // CHUNK)["flags"][row["number"] % CHUNK] & TRIAL
            ),
            "only_written": bool(kind & ONLY_WRITTEN),
            "only_scanned": bool(kind & ONLY_SCANNED),
        }
    estate.last_verdicts = found
    return found


async def agree(estate: Mirror, judged: Judged, rules: Rules) -> dict[str, int]:
    """Table by table; gives how many tables each verdict is on."""
    mine, counts = await verdicts_of(estate), dict[str, int]()
    theirs = second_verdicts(judged, estate.now.date(), rules)
    assert mine.keys() == theirs.keys()
    for identifier, expected in theirs.items():
        found = mine[identifier]
        for name in ("idle", "blockers", "verdict", "trial", "only_written", "only_scanned"):
            assert found[name] == expected[name], (name, judged.tables[identifier]["fqn"], found, expected)
        assert (found["risk"] is None) == (expected["risk"] is None), (found, expected)
        # What is absent keeps the risk that it had.
        absent = judged.tables[identifier].get("absent_since")
        assert absent or found["risk"] == expected["risk"], (found, expected)
        # Tenths, rounded half up: at a tie the two may differ by the last bit.
        assert (found["purge"] is None) == (expected["purge"] is None)
        assert found["purge"] is None or abs(found["purge"] - expected["purge"]) <= 0.05 + 1e-6
        counts[found["verdict"]] = counts.get(found["verdict"], 0) + 1
    await costs_agree(estate, judged, rules)
    await dead_ends_agree(estate, judged, rules)
    await simulating_the_same_changes_nothing(estate)
    return counts


async def costs_agree(estate: Mirror, judged: Judged, rules: Rules) -> None:
    """Table by table, and the sum of all to a millionth."""
    reader = estate.reader
    snapshot = await reader.snapshot()
    await snapshot.load((*SAVING_COLUMNS, "activity"))
    columns, today, total = snapshot.catalogue.columns, estate.now.date(), Decimal(0)
    costs, savings = (
        np.concatenate([usd(snapshot.catalogue, columns.parts(chunk)) for chunk in range(columns.chunks)])
        for usd in (cost_of, saving_of)
    )
    flags, activity = (
        np.concatenate([columns.parts(chunk)[name] for chunk in range(columns.chunks)])
        for name in ("flags", "activity")
    )
    in_question = has_activity(activity, Activity.STALE, Activity.DORMANT, Activity.UNKNOWN) & ((flags & PRESENT) != 0)
    in_question &= (flags & (IN_USE_THROUGH_LINEAGE | IN_USE_THROUGH_SERIES)) == 0
    unused = released = 0.0
    for row in await estate.thirdeye.fetch_all("SELECT number, id FROM table_inventory WHERE removed_at IS NULL"):
        table = judged.tables[row["id"]]
        price = rules.prices.get(table["service_name"], Price())
        expected, found = second_prices.cost_of(table, price, today), float(costs[row["number"]])
        assert (expected is None) == np.isnan(found), (table["fqn"], expected, found)
        assert expected is None or found == pytest.approx(expected, rel=1e-9, abs=1e-9), table["fqn"]
        total += second_prices.storage_of(table, price, today) or 0
        if judged.tables[row["id"]]["judged"]["verdict"] == "STOP_REFRESH" and not table.get("absent_since"):
            assert savings[row["number"]] == pytest.approx(table["write_cost"], rel=1e-6), table["fqn"]
        if in_question[row["number"]]:
            unused += expected or 0
            released += float(np.nan_to_num(savings[row["number"]]))
    summary = await reader.document(snapshot, "summary")
    assert summary["total"]["storageCost"] == f"{total:.6f}"
    # Every dollar of these is told once.
    plan: UnlockDocument = await reader.document(snapshot, "unlocking")
    assert plan["tables"] == np.count_nonzero(in_question)
    assert float(sum(Decimal(group["cost"]) for group in plan["groups"])) == pytest.approx(unused, abs=0.005)
    told = sum(Decimal(group["cost"]) for group in plan["groups"] if group["state"] == "RELEASED")
    assert float(told) == pytest.approx(released, abs=0.005)


async def dead_ends_agree(estate: Mirror, judged: Judged, rules: Rules) -> None:
    """Set by set: its tables with their steps, and what it costs."""
    published = {told.number: told for told in await dead_ends_published(estate)}
    rows = await estate.thirdeye.fetch_all("SELECT number, id FROM table_inventory WHERE removed_at IS NULL")
    ids = {row["number"]: row["id"] for row in rows}
    found = {frozenset(ids[table] for table in told.steps): told for told in published.values()}
    expected = dead_ends_told(judged, rules.prices, estate.now.date())
    assert found.keys() == {frozenset(told.steps) for told in expected}
    for told in expected:
        mine = found[frozenset(told.steps)]
        assert {ids[table]: step for table, step in mine.steps.items()} == told.steps
        entry = mine.entry
        counts = (entry["assets"], entry["unpriced"], (entry["written30"], entry["written90"]), entry["steps"])
        assert counts == (told.assets, told.unpriced, told.written, max(told.steps.values())), (told, entry)
        assert float(entry["cost"]) == pytest.approx(told.cost, rel=1e-9, abs=1e-6)
        assert float(entry["writes"]) == pytest.approx(told.writes, rel=1e-9, abs=1e-6)


async def simulating_the_same_changes_nothing(estate: Mirror) -> None:
    """Another policy is judged as a refresh judges: the one in force gives the verdicts that there are."""
    snapshot = await estate.reader.snapshot()
    await snapshot.load(SIMULATED)
    # Without counts: how it would have fared in the past is not asked, and takes the most time.
    advice = {**snapshot.advice, "counts": {}}
    policy = Policy(**{**advice["policy"], "protected_tags": tuple(advice["policy"]["protected_tags"])})
    directory = snapshot.directory
    simulated = simulate(
        snapshot.catalogue, directory["tag_sets"], directory["labels"], advice, policy, packaged_prior()
    )
    assert simulated["changed"] == 0


@pytest.mark.parametrize("seed", [1])
async def test_verdicts_equal_the_second_ones(
    seed: int, sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, schema_name: Callable[[str], str]
) -> None:
    settings = a_past(sql_server, redis_server, signer, schema_name, seed=seed, tables=400, protected_tags=["PII"])
    async with mirror(settings, NOON) as estate:
        await estate.refresh()
        with sql_server.connect() as connection:
            judged = second_inventory(connection, settings.om_mysql_db, TODAY)
        prices = await service_prices(estate, judged)
        rules = Rules(protected=("PII",), prices=prices)
        counts = await agree(estate, judged, rules)
        # An estate that shows nothing would agree with anything.
        assert counts.keys() >= {"KEEP", "REVIEW", "STOP_REFRESH", "ARCHIVE"}, counts
        rows = await estate.thirdeye.fetch_all("SELECT id, number FROM table_inventory WHERE removed_at IS NULL")
        kept = next(row for row in rows if row["id"] in judged.tables)
        await store.keep(
            estate.thirdeye, number=kept["number"], reason="x", by="me", now=estate.now, until=estate.now.date()
        )
        await store.set_policy(
            estate.thirdeye, {"delete_risk": 0.5, "archive_risk": 0.9, "minimum_idle_days": 100}, "me", NOON
        )
        await estate.refresh()
        counts = await agree(
            estate, judged,
            Rules(delete_risk=0.5, archive_risk=0.9, minimum_idle=100, protected=("PII",), kept={kept["id"]}, prices=prices),
        )  # fmt: skip
        assert counts.keys() >= {"KEEP", "REVIEW", "DELETE"}, counts
        estate.now += timedelta(days=1)
        known = await known_to(estate)
        await estate.refresh()
        with sql_server.connect() as connection:
            judged = second_inventory(connection, settings.om_mysql_db, estate.now.date(), known)
        # What was kept until yesterday is kept no longer.
        await agree(
            estate, judged,
            Rules(delete_risk=0.5, archive_risk=0.9, minimum_idle=100, protected=("PII",), prices=prices),
        )  # fmt: skip


async def service_prices(estate: Mirror, judged: Judged) -> dict[str, Price]:
    """By service what its storage costs, of the rows of prices that there are."""
    rows = await estate.thirdeye.fetch_all("SELECT * FROM storage_price")
    today = estate.now.date()
    return {name: price_of(rows, name, service["type"], today) for name, service in judged.services.items()}


@pytest.mark.parametrize("seed", [5])
async def test_verdicts_agree_after_any_sequence_of_changes(
    seed: int, sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, schema_name: Callable[[str], str]
) -> None:
    await follow(sql_server, redis_server, signer, schema_name, seed=seed, rounds=3)


async def judge(estate: Mirror, connection: Any, known: Known) -> None:
    """Compares the verdicts of a refresh with the second ones, which are remembered."""
    estate.judged = second_inventory(connection, estate.settings.om_mysql_db, estate.now.date(), known, estate.now)
    await agree(estate, estate.judged, Rules(prices=await service_prices(estate, estate.judged)))


async def follow(
    server: MariaDB | MySQL, redis: Redis, signer: Signer, schema_name: Callable[[str], str], *, seed: int, rounds: int
) -> None:
    """Random changes and days passing; after each refresh the verdicts agree, in the end also in full."""
    settings = a_past(server, redis, signer, schema_name, seed=seed, tables=120)
    random = Random(seed)
    async with mirror(settings, NOON) as estate:
        known = await known_to(estate)
        await estate.refresh()
        with server.connect() as connection:
            await judge(estate, connection, known)
            made = OpenMetadataChanges(connection, settings.om_mysql_db, TODAY, random)
            for kind in [*["AUTO"] * rounds, "FULL"]:
                made.today = estate.now.date()
                made.some(random.randint(1, 15))
                known = await known_to(estate)
                await estate.refresh(kind)
                await judge(estate, connection, known)
                estate.now += timedelta(days=random.choice((0, 1, 31)))
