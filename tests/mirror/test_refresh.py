"""The inventory equals a second computation in plain Python, refreshed in full and from changes."""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from tests.support.api import prepare_accounts, settings_for
from tests.support.clocks import NOON, TODAY
from tests.support.database import copy_migrated
from tests.support.mirror import Mirror, mirror
from tests.support.om_changes import OpenMetadataChanges
from tests.support.published import recorded_statements
from tests.support.second_inventory import Judged, second_inventory
from tests.support.second_memory import Known, known_to
from tests.support.second_ownership import ownership_agrees
from thirdeye.inventory.columns import ABSENT, IN_USE_THROUGH_SERIES
from thirdeye.local.sample import SECRET_MARKERS, EstateOptions, generate, load
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.mirror import usage
from thirdeye.mirror.refresh import PHASE_NAMES
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured]
SAME = {
    "fqn": "fqn", "name": "name", "table_type": "table_type", "described": "described", "created": "created",
    "metadata_changed": "metadata_changed", "last_accessed": "accessed", "last_written": "written",
    "queries_30d": "queries", "first_use": "first_use", "last_use": "last_use", "days_of_use": "days_of_use",
    "longest_gap": "longest_gap", "size_bytes": "size", "evidence": "evidence", "activity": "activity",
    "in_use": "in_use", "in_use_through_lineage": "through_lineage", "zombie": "zombie", "owners": "owners",
    "tags": "tags", "domains": "domains_now", "departed": "departed", "nearest": "nearest", "service": "service_name",
    **{name: name for name in (
        "marks", "products", "place_tags", "place_products", "edited_by", "followers", "tested", "cared_for",
    )},
    "unknown_reason": "unknown_reason", "idle_days": "idle_days", "known_since": "known_since",
}  # fmt: skip


def test_phases_keep_the_names_that_the_api_tells() -> None:
    assert PHASE_NAMES == (
        "TABLES", "SERIES", "VIEWS", "RELATIONS", "TAGS", "PROFILES", "USAGE", "LINEAGE", "RULES", "STAGING", "PUBLISHING",
    )  # fmt: skip


async def agrees(estate: Mirror, judged: Judged) -> None:
    """Table by table."""
    inventory = await estate.inventory()
    assert inventory.keys() == judged.tables.keys()
    same_tables(inventory, judged)
    for identifier, expected in judged.tables.items():
        row = inventory[identifier]
        actual = {name: row[name] for name in SAME}
        second = {name: expected[SAME[name]] for name in SAME}
        differing = {name: (actual[name], second[name]) for name in SAME if actual[name] != second[name]}
        assert not differing, row["fqn"]
        assert row["tier"] == (expected["tier"] or 0)
        cost = expected["query_cost"]
        assert (
            row["query_cost_30d"] is None
            if cost is None
            else float(row["query_cost_30d"]) == pytest.approx(cost, abs=1e-6)
        )


def same_tables(inventory: dict[str, dict[str, Any]], judged: Judged) -> None:
    """Tables are who they were, parts of the same series, and away since the same minute."""
    groups = defaultdict[int, set[str]](set)
    for identifier, row in inventory.items():
        expected = judged.tables[identifier]
        known = judged.numbers.get(identifier)
        assert row["number"] == known if known is not None else row["number"] not in judged.numbers_before, row["fqn"]
        since = row["absent_since"] and row["absent_since"].replace(second=0, microsecond=0, tzinfo=None)
        assert (since, bool(row["flags"] & ABSENT)) == (expected["absent_since"], since is not None), row["fqn"]
        shared = bool(row["flags"] & IN_USE_THROUGH_SERIES)
        assert shared == expected.get("through_series", False), row["fqn"]
        if row["series"]:
            groups[row["series"]].add(identifier)
    assert {frozenset(each) for each in groups.values()} == {each.parts for each in judged.series}


async def test_a_full_refresh_equals_the_second_inventory(settings: Settings, sql_server: MariaDB | MySQL) -> None:
    async with mirror(settings, NOON) as estate:
        run = await estate.refresh()
        assert (run["kind"], run["phase"], run["seen"], run["error"]) == ("FULL", "DONE", 300, None)
        with sql_server.connect() as connection:
            judged = second_inventory(connection, settings.om_mysql_db, TODAY)
        await agrees(estate, judged)
        again = await estate.refresh()
        assert (again["kind"], again["changed"]) == ("INCREMENTAL", 0)
        await agrees(estate, judged)
        tables = await estate.thirdeye.fetch_all("SELECT * FROM table_inventory")
        blobs = await estate.thirdeye.fetch_all("SELECT * FROM estate_blob")
        assert not any(marker in str(row) for row in (*tables, *blobs) for marker in SECRET_MARKERS)


@pytest.mark.one_server
async def test_a_first_reading_costs_no_statement_for_each_day_of_usage(settings: Settings) -> None:
    async with mirror(settings, NOON) as estate:
        estate.statements.clear()
        await estate.refresh()
        assert len(await usage_blobs(estate)) > 390
        assert estate.statements["openmetadata"] < 100
        assert estate.statements["thirdeye"] < 250


@pytest.mark.one_server
async def test_days_read_together_equal_days_read_one_by_one(
    sql_server: MariaDB | MySQL,
    redis_server: Redis,
    signer: Signer,
    schema_name: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = a_world(sql_server, redis_server, signer, schema_name, tables=60, seed=2)
    async with mirror(settings, NOON) as estate:
        await estate.refresh()
        together = await usage_blobs(estate)
        for rows in (100, 1):
            monkeypatch.setattr(usage, "BATCH_ROWS", rows)
            await estate.refresh("FULL")
            assert await usage_blobs(estate) == together
        with sql_server.connect() as connection:
            await agrees(estate, second_inventory(connection, settings.om_mysql_db, TODAY))


async def test_what_changes_of_a_table_deleted_long_ago_leads_to_nothing_else(
    sql_server: MariaDB | MySQL,
    redis_server: Redis,
    signer: Signer,
    schema_name: Callable[[str], str],
) -> None:
    settings = a_world(sql_server, redis_server, signer, schema_name, tables=60, seed=2)
    async with mirror(settings, NOON) as estate:
        await estate.refresh()
        with sql_server.connect() as connection, connection.cursor() as cursor:
            deleted = cursor.execute(
                f"UPDATE `{settings.om_mysql_db}`.table_entity "
                "SET json = JSON_SET(json, '$.description', 'gone', '$.updatedAt', updatedAt + 1) WHERE deleted = 1"
            )
            connection.commit()
        with recorded_statements() as statements:
            again = await estate.refresh()
        assert again["kind"] == "INCREMENTAL" and deleted <= again["seen"] < 10
        # On a million tables each part of OM that is read beside takes a scan of seconds.
        assert deleted and not [statement for statement in statements if "GROUP BY entityFQNHash" in statement]
        with sql_server.connect() as connection:
            await agrees(estate, second_inventory(connection, settings.om_mysql_db, TODAY))


async def usage_blobs(estate: Mirror) -> dict[str, bytes]:
    """The stored days of usage, by name."""
    rows = await estate.thirdeye.fetch_all("SELECT name, data FROM estate_blob WHERE name LIKE 'usage/%'")
    return {row["name"]: row["data"] for row in rows}


@pytest.mark.parametrize("seed", [1, 3])
async def test_other_estates_too(
    seed: int,
    sql_server: MariaDB | MySQL,
    redis_server: Redis,
    signer: Signer,
    schema_name: Callable[[str], str],
) -> None:
    settings = a_world(sql_server, redis_server, signer, schema_name, tables=60 * seed, seed=seed)
    async with mirror(settings, NOON) as estate:
        await estate.refresh()
        with sql_server.connect() as connection:
            await agrees(estate, second_inventory(connection, settings.om_mysql_db, TODAY))


def a_world(
    server: MariaDB | MySQL, redis: Redis, signer: Signer, schema_name: Callable[[str], str], *, tables: int, seed: int
) -> Settings:
    """An estate of its own, and settings for it."""
    om, schema = schema_name("om"), schema_name("te")
    with server.connect() as connection:
        load(generate(EstateOptions(today=TODAY, tables=tables, seed=seed, usage_days=200)), connection, schema=om)
    prepare_accounts(server, om, schema)
    settings = settings_for(server, redis, om_schema=om, schema=schema, signer=signer)
    copy_migrated(server, schema, settings)
    return settings


@pytest.mark.parametrize("seed", range(2))
async def test_refreshes_from_changes_agree_after_any_sequence(
    seed: int, sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, schema_name: Callable[[str], str]
) -> None:
    await follow_changes(sql_server, redis_server, signer, schema_name, seed=seed, rounds=4, changes=15)


async def follows(estate: Mirror, connection: Any, known: Known) -> Judged:
    """Compares a refresh with the second inventory, which is remembered."""
    judged = second_inventory(connection, estate.settings.om_mysql_db, estate.now.date(), known, estate.now)
    await agrees(estate, judged)
    await ownership_agrees(estate, judged.tables, judged.ownership)
    estate.judged = judged
    return judged


async def follow_changes(
    server: MariaDB | MySQL,
    redis: Redis,
    signer: Signer,
    schema_name: Callable[[str], str],
    *,
    seed: int,
    rounds: int,
    changes: int,
) -> None:
    """Refreshes after each round of random changes, days passing in between, and compares; in the end also in full."""
    settings = a_world(server, redis, signer, schema_name, tables=90, seed=seed + 10)
    random = Random(seed)
    async with mirror(settings, NOON) as estate:
        known = await known_to(estate)
        await estate.refresh()
        with server.connect() as connection:
            await follows(estate, connection, known)
            made = OpenMetadataChanges(connection, settings.om_mysql_db, TODAY, random)
            for _ in range(rounds):
                made.today = estate.now.date()
                made.some(random.randint(1, changes))
                known = await known_to(estate)
                run = await estate.refresh()
                assert run["kind"] == "INCREMENTAL"
                await follows(estate, connection, known)
                estate.now += timedelta(days=random.choice((0, 0, 1, 31)))
            known = await known_to(estate)
            await estate.refresh()
            before = await estate.inventory()
            assert (await estate.refresh("FULL"))["kind"] == "FULL"
            await follows(estate, connection, known)
            after = await estate.inventory()
            assert {identifier: row["number"] for identifier, row in before.items()} == {
                identifier: row["number"] for identifier, row in after.items()
            }
