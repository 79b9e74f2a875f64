"""Rows of OM that make no sense: counted with an example, never a stopped refresh, never a wrong sum."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.mirror.test_refresh import a_world, agrees
from tests.support.clocks import NOON, TODAY
from tests.support.deployment import process_environment
from tests.support.mirror import mirror
from tests.support.second_inventory import second_inventory
from thirdeye.cli import cli
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings, process_settings

pytestmark = pytest.mark.anyio


def hash_of(*names: str) -> str:
    return ".".join(md5(name.encode()).hexdigest() for name in names)


def add_table(cursor: Any, number: int, names: list[str], **more: Any) -> str:
    identifier = f"00000000-0000-4000-8000-{number:012d}"
    document = {
        "id": identifier,
        "name": names[-1],
        "fullyQualifiedName": ".".join(names),
        "updatedAt": 1_790_000_000_000,
        "updatedBy": "x",
        "deleted": False,
    }
    cursor.execute(
        "INSERT INTO table_entity (json, fqnHash) VALUES (%s, %s)", (json.dumps({**document, **more}), hash_of(*names))
    )
    return identifier


@pytest.fixture
def world(
    sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, schema_name: Callable[[str], str]
) -> Settings:
    return a_world(sql_server, redis_server, signer, schema_name, tables=40, seed=3)


async def test_each_is_counted_and_nothing_stops(world: Settings, sql_server: MariaDB | MySQL) -> None:
    with sql_server.connect(world.om_mysql_db) as connection, connection.cursor() as cursor:
        odd = [
            add_table(cursor, 1, ["snowflake_prod", "three", "segments"]),
            add_table(cursor, 2, ["snowflake_prod", "a", "b", "c", "five"]),
            add_table(cursor, 3, ["snowflake_prod", "a", "b", "c", "d", "e", "seven"]),
            add_table(
                cursor, 4, ["snowflake_prod", "db", "s", "seconds"], lifeCycle={"created": {"timestamp": 1_700_000_000}}
            ),
            add_table(
                cursor, 5, ["snowflake_prod", "db", "s", "words"], lifeCycle={"updated": {"timestamp": "yesterday"}}
            ),
            add_table(cursor, 6, ["snowflake_prod", "db", "s", "list"], lifeCycle=[1, 2]),
            add_table(cursor, 7, ["snowflake_prod", "db", "s", "negative"], description="x" * 5000),
            add_table(cursor, 8, ["snowflake_prod", "db", "s", "absurd"]),
        ]
        for name, identifier in (("x", "not-a-uuid"), ("zeros", "00000000-0000-0000-0000-000000000000")):
            document = {"id": identifier, "name": name, "fullyQualifiedName": f"snowflake_prod.db.s.{name}"}
            document |= {"updatedAt": 1, "updatedBy": "x"}
            cursor.execute(
                "INSERT INTO table_entity (json, fqnHash) VALUES (%s, %s)", (json.dumps(document), hash_of(name))
            )
        for name, size in (("negative", -5), ("absurd", 1e30)):
            cursor.execute(
                "INSERT INTO profiler_data_time_series (entityFQNHash, extension, jsonSchema, json) VALUES (%s, 'table.tableProfile', 'x', %s)",
                (
                    hash_of("snowflake_prod", "db", "s", name),
                    json.dumps({"timestamp": 1_790_000_000_000, "sizeInByte": size}),
                ),
            )
        cursor.execute(
            "INSERT INTO entity_usage (id, entityType, usageDate, count1) VALUES (%s, 'table', %s, 5)",
            (odd[3], TODAY + timedelta(days=9)),
        )
        cursor.execute(
            "INSERT INTO entity_relationship (fromId, toId, fromEntity, toEntity, relation) VALUES (%s, %s, 'table', 'table', 13)",
            (odd[3], "00000000-0000-4000-8000-00000000dead"),
        )
        expected = {
            "FQN_OF_OTHER_LENGTH", "TIME_IN_ANOTHER_UNIT", "TIME_UNREADABLE", "LIFE_CYCLE_BROKEN", "SIZE_IS_NONSENSE",
            "USAGE_IN_THE_FUTURE", "TABLE_ID_IS_NO_UUID", "LINEAGE_TO_NOTHING",
        }  # fmt: skip
        if isinstance(sql_server, MariaDB):
            # MySQL's JSON type takes no broken text.
            cursor.execute("SET check_constraint_checks = 0, sql_mode = ''")
            cursor.execute("INSERT INTO table_entity (json, fqnHash) VALUES ('{broken', %s)", (hash_of("broken"),))
            expected.add("TABLE_JSON_BROKEN")
    async with mirror(world, NOON) as estate:
        run = await estate.refresh()
        assert run["phase"] == "DONE"
        warnings = {warning["code"]: warning for warning in run["warnings"]}
        assert expected <= warnings.keys()
        assert (warnings["FQN_OF_OTHER_LENGTH"]["count"], warnings["SIZE_IS_NONSENSE"]["count"]) == (3, 2)
        assert warnings["TABLE_ID_IS_NO_UUID"]["count"] == 2
        assert all(warning["example"] for warning in warnings.values())
        inventory = await estate.inventory()
        assert set(odd) <= inventory.keys()
        by_name = {inventory[identifier]["name"]: inventory[identifier] for identifier in odd}
        assert [inventory[identifier]["service"] for identifier in odd[:3]] == ["snowflake_prod"] * 3
        assert (by_name["five"]["database_name"], by_name["five"]["schema_name"]) == ("a", "b.c")
        assert by_name["negative"]["described"] == 1
        assert by_name["negative"]["size_bytes"] is by_name["absurd"]["size_bytes"] is None
        assert by_name["seconds"]["created"] == date(2023, 11, 14)
        assert by_name["seconds"]["last_accessed"] == TODAY
        assert (await estate.refresh())["changed"] == 0


async def test_an_empty_estate_is_an_estate(
    sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, schema_name: Callable[[str], str]
) -> None:
    settings = a_world(sql_server, redis_server, signer, schema_name, tables=0, seed=1)
    async with mirror(settings, NOON) as estate:
        assert (await estate.refresh())["phase"] == "DONE"
        assert await estate.inventory() == {}
        assert (await estate.refresh())["kind"] == "INCREMENTAL"


def test_the_command_refreshes_and_tells_what_it_did(
    world: Settings, sql_server: MariaDB | MySQL, tmp_path: Path
) -> None:
    def refresh(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "thirdeye", "refresh", *options]
        return subprocess.run(
            command, env=process_environment(world), cwd=tmp_path, capture_output=True, text=True, check=False
        )

    def refresh_here(*options: str) -> str:
        """The same in this process: each of its own takes some seconds to start."""
        process_settings.cache_clear()
        result = CliRunner().invoke(cli, ["refresh", *options], env=process_environment(world))
        process_settings.cache_clear()
        return result.stdout

    done = refresh()
    assert done.returncode == 0, done.stderr
    assert "(FULL): 40 tables read" in done.stdout
    assert "TIME_UNREADABLE" in done.stdout
    assert "(INCREMENTAL)" in refresh_here()
    assert "(FULL): 40 tables read" in refresh_here("--full")

    async def compare() -> None:
        async with mirror(world, NOON) as estate, estate.thirdeye.lease("refresh") as lease:
            assert lease is not None
            busy = refresh()
            assert (busy.returncode, "another refresh is running" in busy.stderr) == (1, True)
        with sql_server.connect() as connection:
            async with mirror(world, NOON) as estate:
                # The command goes by the clock of the machine.
                state = await estate.thirdeye.fetch_one("SELECT as_of FROM estate_state")
                assert state is not None
                await agrees(estate, second_inventory(connection, world.om_mysql_db, state["as_of"]))

    asyncio.run(compare())
