"""Migrations: up, down and up again, by many at once, after a kill, when one fails, and what rolling back may lose."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from yoyo import read_migrations

from tests.support import PATIENCE, ROOT
from tests.support.api import prepare_accounts, running, settings_for
from tests.support.database import copy_migrated
from tests.support.mirror import nothing
from thirdeye import migration_runner, migrations
from thirdeye.cli import cli
from thirdeye.database import MySQL as Database
from thirdeye.database import thirdeye_database
from thirdeye.errors import SchemaMissing
from thirdeye.local.servers import MariaDB, MySQL, Redis, free_port
from thirdeye.local.tokens import Signer
from thirdeye.migrations import (
    MigrationFailed,
    RollbackRefused,
    SchemaUnfit,
    check_schema,
    migrate,
    migration_ids,
    migration_status,
    roll_back,
    wait_until_current,
)
from thirdeye.resources import resource
from thirdeye.settings import Settings, process_settings
from thirdeye.sql_text import excess_privileges

pytestmark = [pytest.mark.anyio, pytest.mark.starts_first]
MIGRATIONS = ROOT / "migrations"
ALL = sorted(path.stem for path in MIGRATIONS.glob("*.sql") if not path.name.endswith(".rollback.sql"))
TABLES = sorted(
    line.split("EXISTS ")[1].split()[0]
    for path in MIGRATIONS.glob("*.sql")
    for line in path.read_text().splitlines()
    if line.startswith("CREATE TABLE")
)
# What the next refresh or detection makes anew, and answers that are kept for a day: nothing is lost with it.
REBUILT = {
    "table_inventory_staged_text", "table_inventory_staged_facts", "estate_blob", "estate_state", "lineage_asset",
    "idempotency_key", "detection_state", "view_text", "budget_forecast", "data_version",
}  # fmt: skip
# A value that is no default, by type.
VALUES = {
    "date": "2026-01-01",
    "datetime": "2026-01-01",
    "timestamp": "2026-01-01",
    "enum": 1,
    "json": "{}",
    "longtext": "{}",
}


@pytest.fixture
def settings(
    sql_server: MariaDB | MySQL, redis_server: Redis, schema_name: Callable[[str], str], signer: Signer
) -> Settings:
    schema = schema_name("thirdeye")
    prepare_accounts(sql_server, "om_none", schema)
    return settings_for(sql_server, redis_server, om_schema="om_none", schema=schema, signer=signer)


@pytest.fixture
def migrated(settings: Settings, sql_server: MariaDB | MySQL) -> None:
    """The schema is current already, where how it became so is no matter: in a tenth of the time."""
    copy_migrated(sql_server, settings.thirdeye_mysql_schema, settings)


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Database]:
    made = thirdeye_database(settings, nothing)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def shape(thirdeye: Database) -> list[Any]:
    return [
        *[await thirdeye.fetch_one(f"SHOW CREATE TABLE {table}") for table in TABLES],
        await thirdeye.fetch_all("SELECT * FROM storage_price ORDER BY service_type"),
    ]


async def test_up_down_and_up_again_give_the_same(settings: Settings) -> None:
    async with database(settings) as thirdeye:
        assert await migrate(settings, thirdeye) == ALL
        first = await shape(thirdeye)
        assert await migrate(settings, thirdeye) == []
        assert await roll_back(settings, thirdeye, len(ALL) + 3) == ALL[::-1]
        assert (await migration_status(settings)).pending == ALL
        left = {next(iter(row.values())) for row in await thirdeye.fetch_all("SHOW TABLES")}
        assert len(TABLES) > 10
        assert not set(TABLES) & left
        assert await migrate(settings, thirdeye) == ALL
        assert await shape(thirdeye) == first
        assert (await migration_status(settings)).applied == ALL


@pytest.mark.usefixtures("migrated")
async def test_first_sights_of_an_older_version_are_kept(settings: Settings) -> None:
    """Of a version that knew neither since when tables are known, nor that accesses of undated usage were none."""
    since = ALL.index("0032.add-known-since")
    async with database(settings) as thirdeye:
        await roll_back(settings, thirdeye, len(ALL) - since)
        for number, service, day in ((0, "shop", 1), (1, "shop", 9), (2, "crm", 9)):
            await thirdeye.execute(
                "INSERT INTO table_inventory (number, id, fqn, fqn_key, name, service, seen_at, last_accessed) "
                "VALUES (%(number)s, %(number)s, 't', %(number)s, 't', %(service)s, %(day)s, '2026-11-01')",
                {"number": number, "service": service, "day": f"2026-10-0{day}"},
            )
        await thirdeye.execute("INSERT INTO table_keep (number, reason, kept_by, kept_at, kept_until) "
                               "VALUES (1, 'ours', 'ann', '2026-10-09', '2027-10-09')")  # fmt: skip
        await thirdeye.execute("INSERT INTO estate_state (id, generation, refreshed_at, as_of) "
                               "VALUES (1, 7, '2026-11-01', '2026-11-01')")  # fmt: skip
        assert await migrate(settings, thirdeye) == ALL[since:]
        tables = await thirdeye.fetch_all(
            "SELECT known_since, seen_later, last_accessed FROM table_inventory ORDER BY number"
        )
        assert [tuple(table.values()) for table in tables] == [
            (date(2026, 10, 1), 0, None), (date(2026, 10, 9), 1, None), (date(2026, 10, 9), 0, None),
        ]  # fmt: skip
        # What people said stays; the next refresh is a full one, for there is no state to continue.
        assert await thirdeye.fetch_one("SELECT number, reason FROM table_keep") == {"number": 1, "reason": "ours"}
        assert await thirdeye.fetch_one("SELECT * FROM estate_state") is None


@pytest.mark.usefixtures("migrated")
async def test_prices_of_an_older_version_and_back_to_it(settings: Settings) -> None:
    """Of a version that knew neither lower rates, nor prices of services, nor the sources of list prices."""
    since = ALL.index("0046.extend-storage-price")
    insert = "INSERT INTO storage_price ({}, set_by, set_at) VALUES ({}, 'ann', '2026-01-02')"
    types, rates = "service_type, effective_from, usd_per_gb_month", "long_term_usd_per_gb_month, long_term_days"

    async def prices(thirdeye: Database, columns: str, more: str = "") -> list[tuple[Any, ...]]:
        sql = f"SELECT {columns} FROM storage_price WHERE {more or 'TRUE'} ORDER BY service_type, effective_from"
        return [tuple(str(value) for value in row.values()) for row in await thirdeye.fetch_all(sql)]

    async with database(settings) as thirdeye:
        listed = await shape(thirdeye)
        await thirdeye.execute(
            insert.format(f"{types}, service, {rates}", "'BigQuery', '2000-01-01', 0.5, 'bq', 0.25, 90")
        )
        await thirdeye.execute(insert.format(f"{types}, {rates}", "'BigQuery', '2026-01-01', 0.4, 0.2, 60"))
        await thirdeye.execute("INSERT INTO source_column (table_name, column_name) VALUES ('tag_usage', 'state')")
        # A price for one service would be one for all services of its type.
        assert await roll_back(settings, thirdeye, len(ALL) - since, lose_data=True) == ALL[since:][::-1]
        assert await prices(thirdeye, types, "service_type = 'BigQuery'") == [
            ("BigQuery", "2000-01-01", "0.018626"), ("BigQuery", "2026-01-01", "0.400000"),
        ]  # fmt: skip
        with pytest.raises(Exception, match="source_column"):
            await thirdeye.fetch_all("SELECT * FROM source_column")
        # As that version left them: a list price of then, and those that somebody set.
        await thirdeye.execute("UPDATE storage_price SET usd_per_gb_month = 0.0353 WHERE service_type = 'Clickhouse'")
        await thirdeye.execute(
            "UPDATE storage_price SET usd_per_gb_month = 0.7, set_by = 'ann' WHERE service_type = 'Snowflake'"
        )
        await thirdeye.execute(insert.format(types, "'Mine', '2026-01-01', 0.1"))
        await thirdeye.execute("INSERT INTO estate_state (id, generation, refreshed_at, as_of) "
                               "VALUES (1, 7, '2026-11-01', '2026-11-01')")  # fmt: skip
        assert await migrate(settings, thirdeye) == ALL[since:]
        own = [
            (row[0], *row[2:]) for row in await prices(thirdeye, f"{types}, service, {rates}, source", "set_by = 'ann'")
        ]
        assert own == [
            ("BigQuery", "0.400000", "", "None", "None", "None"), ("Mine", "0.100000", "", "None", "None", "None"),
            ("Snowflake", "0.700000", "", "None", "None", "None"),
        ]  # fmt: skip
        assert await prices(thirdeye, f"{types}, {rates}, source_date", "service_type IN ('Clickhouse', 'BigQuery') "
                            "AND set_by = 'thirdeye'") == [
            ("BigQuery", "2000-01-01", "0.018626", "0.009313", "90", "2026-11-27"),
            ("Clickhouse", "2000-01-01", "0.025300", "None", "None", "2026-11-27"),
        ]  # fmt: skip
        assert await thirdeye.fetch_all("SELECT * FROM source_column") == []
        assert await thirdeye.fetch_one("SELECT * FROM estate_state") is None
        # Without what people set there is nothing that a new schema would not have.
        await thirdeye.execute("DELETE FROM storage_price WHERE set_by = 'ann'")
        await roll_back(settings, thirdeye, len(ALL) - since)
        await migrate(settings, thirdeye)
        assert await shape(thirdeye) == listed


@pytest.mark.one_server
async def test_many_at_once_apply_each_step_once(settings: Settings) -> None:
    async with database(settings) as thirdeye:
        results = await asyncio.gather(*(migrate(settings, thirdeye) for _ in range(4)))
    assert sorted(results, key=len) == [[], [], [], ALL]


@pytest.mark.one_server
async def test_all_go_through_one_connection_and_a_schema_that_is_current_needs_none(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each start of a process made a table and dropped it, to find that there was nothing to do."""
    connect, connected = migration_runner._Backend.connect, list[Any]()

    def counting(self: Any, uri: Any) -> Any:
        connected.append(uri)
        return connect(self, uri)

    monkeypatch.setattr(migration_runner._Backend, "connect", counting)
    async with database(settings) as thirdeye:
        assert await migrate(settings, thirdeye) == ALL
        assert len(connected) == 1
        assert await migrate(settings, thirdeye) == []
        assert len(connected) == 1
        log = await thirdeye.fetch_all("SELECT migration_id, hostname FROM _yoyo_log WHERE operation = 'apply'")
    assert sorted(row["migration_id"] for row in log if row["migration_id"]) == ALL
    assert all(row["hostname"] for row in log)


@pytest.mark.usefixtures("migrated")
async def test_a_lock_left_by_a_killed_run_is_broken(settings: Settings) -> None:
    async with database(settings) as thirdeye:
        await roll_back(settings, thirdeye, 1)
        await thirdeye.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, NOW(), 1)")
        # The statement of the killed run had been done, its mark had not.
        await thirdeye.execute((resource("migrations") / f"{ALL[-1]}.sql").read_text())
        assert await migrate(settings, thirdeye) == ALL[-1:]


def rollback_of(id_: str) -> str:
    return (MIGRATIONS / f"{id_}.rollback.sql").read_text()


@pytest.mark.parametrize("id_", ALL)
def test_a_rollback_says_what_it_loses(id_: str) -> None:
    text = rollback_of(id_)
    said = re.match(r"-- loses: (nothing, \w.*|SELECT .*)\n", text)
    assert said is not None
    query = said[1] if said[1].startswith("SELECT") else ""
    # Whole tables that nothing brings back, and every column of one; `open_key` follows from others.
    for dropped in re.findall(r"DROP TABLE IF EXISTS (\w+)", text):
        assert (dropped in REBUILT) != (f"FROM {dropped}" in query)
    altered = re.search(r"ALTER TABLE (\w+)", text)
    if altered and altered[1] not in REBUILT:
        columns = set(re.findall(r"DROP COLUMN (\w+)", text)) - {"open_key"}
        assert {column for column in columns if not re.search(rf"\b{column}\b", query)} == set()


async def fill(thirdeye: Database) -> None:
    """Puts a row into each table, in every column something that is no default; and seeds that people took away."""
    columns = await thirdeye.fetch_all(
        "SELECT table_name AS `table`, column_name AS name, data_type AS kind FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND COALESCE(generation_expression, '') = '' ORDER BY table_name"
    )
    for table in TABLES:
        row = {each["name"]: VALUES.get(each["kind"], 77) for each in columns if each["table"] == table}
        await insert(thirdeye, table, row)
    await insert(thirdeye, "storage_price", {"service_type": "X", "effective_from": "2026-01-01", "usd_per_gb_month": 1,
                                             "set_by": "ann", "set_at": "2026-01-01", "long_term_days": 9})  # fmt: skip
    await thirdeye.execute("DELETE FROM action_rule WHERE id = 3 OR name LIKE 'Old parts%%'")


async def insert(thirdeye: Database, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(f"`{name}`" for name in row)
    await thirdeye.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f'%({name})s' for name in row)})", row)


async def rows_that_stay(thirdeye: Database) -> dict[str, Any]:
    """By table, as it is, everything that nothing brings back; prices and rules of ours come back with their migrations."""
    there = {next(iter(row.values())) for row in await thirdeye.fetch_all("SHOW TABLES")}
    rows = {table: await thirdeye.fetch_all(f"SELECT * FROM {table}") for table in {*TABLES} & there - REBUILT}
    return {table: [row for row in rows[table] if row.get("set_by") != "thirdeye"] for table in rows}


@cache
def all_read() -> Any:
    """Read once: yoyo parses all files, and half of the processor time of two hundred steps goes there."""
    return read_migrations(str(MIGRATIONS))


def up_to(id_: str) -> Any:
    return all_read().filter(lambda migration: migration.id <= id_)


@pytest.mark.usefixtures("migrated")
@pytest.mark.unmeasured
async def test_what_people_wrote_is_kept_or_the_rollback_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each migration, from the newest: rolled back and applied again, items had lost their tables. Refused are also history,
    first sights, audits and denials, which nothing brings back, and the return of rules that people deleted."""
    monkeypatch.setattr(migration_runner, "_read", all_read)
    async with database(settings) as thirdeye:
        await fill(thirdeye)
        before = await rows_that_stay(thirdeye)
        with pytest.raises(RollbackRefused, match=r"0052\..* \(1\), 0051\..*--lose-data"):
            await roll_back(settings, thirdeye, len(ALL))
        for id_ in reversed(ALL):
            before = await rows_that_stay(thirdeye)
            if rollback_of(id_).startswith("-- loses: nothing"):
                assert await roll_back(settings, thirdeye, 1) == [id_]
                with monkeypatch.context() as patch:
                    patch.setattr(migration_runner, "_read", partial(up_to, id_))
                    assert await migrate(settings, thirdeye) == [id_]
            else:
                with pytest.raises(RollbackRefused, match=re.escape(id_)):
                    await roll_back(settings, thirdeye, 1)
            assert await rows_that_stay(thirdeye) == before
            assert await roll_back(settings, thirdeye, 1, lose_data=True) == [id_]


@pytest.mark.usefixtures("migrated")
async def test_a_rollback_that_was_killed_before_it_was_noted_goes_on(settings: Settings) -> None:
    chosen = ["0050.extend-saving-baseline", "0048.create-source-column"]
    async with database(settings) as thirdeye:
        # What it takes away is gone, and so is what it could lose.
        await thirdeye.execute("ALTER TABLE saving_baseline DROP COLUMN price_basis")
        await thirdeye.execute("DROP TABLE source_column")
        taken_back = await roll_back(settings, thirdeye, len(ALL) - ALL.index(chosen[-1]))
        assert {*chosen} <= {*taken_back}
        assert await migrate(settings, thirdeye) == taken_back[::-1]


@pytest.mark.one_server
@pytest.mark.usefixtures("migrated")
async def test_readiness_sees_what_was_rolled_back_under_it(settings: Settings, signer: Signer) -> None:
    """It said 200 while lists failed as a defect. Nothing is applied again behind the operator's back; a newer version's
    migrations do not matter; a schema that is made anew, and empty, is not current either."""
    newer = "INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES ('newer', '9999.newer')"
    async with database(settings) as thirdeye, running(settings, signer) as api:

        async def becomes(status: int, degraded: list[str]) -> str:
            async def ready() -> Any:
                return await api.client.get("/api/v1/thirdeye/health/ready")

            while (answer := await ready()).status_code != status or answer.json()["degraded"] != degraded:
                await asyncio.sleep(0.05)
            return str(answer.json().get("reason", ""))

        async def code() -> str | None:
            errors = (await api.ask("{ actionItems { edges { node { id assigneeKind } } } }")).get("errors")
            return str(errors[0]["extensions"]["code"]) if errors else None

        async with asyncio.timeout(PATIENCE):
            await becomes(200, [])
            await thirdeye.execute(newer)
            await becomes(200, [])
            await thirdeye.execute("DELETE FROM _yoyo_migration WHERE migration_id = '9999.newer'")
            await roll_back(settings, thirdeye, len(ALL) - ALL.index("0051.add-assignee-kind"))
            assert "migrations" in await becomes(503, ["thirdeye"])
            assert await code() == "UNAVAILABLE"
            pending = ALL[ALL.index("0051.add-assignee-kind") :]
            assert (await migration_status(settings)).pending == pending
            assert await migrate(settings, thirdeye) == pending
            await becomes(200, [])
            assert await code() is None
            await thirdeye.execute("RENAME TABLE _yoyo_migration TO elsewhere")
            await becomes(503, ["thirdeye"])
            await thirdeye.execute("RENAME TABLE elsewhere TO _yoyo_migration")
            await becomes(200, [])


@pytest.mark.one_server
async def test_a_user_without_a_name_can_migrate(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The image runs as 10001, of whom its system knows nothing."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 10001)
    monkeypatch.setattr(migration_runner, "_read", partial(up_to, ALL[0]))
    async with database(settings) as thirdeye:
        assert await migrate(settings, thirdeye) == ALL[:1]
        (noted,) = await thirdeye.fetch_all("SELECT operation, username FROM _yoyo_log")
        assert list(noted.values()) == ["apply", "10001"]


@pytest.mark.one_server
@pytest.mark.usefixtures("migrated")
async def test_a_schema_of_a_newer_version_is_left_alone(settings: Settings) -> None:
    """Neither forth nor back; a version that is told so runs on it all the same, as while both run in an upgrade."""
    newer = "INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES ('newer', '9999.newer')"
    async with database(settings) as thirdeye:
        await check_schema(settings, thirdeye)
        await thirdeye.execute(newer)
        assert (await migration_status(settings)).newer == ["9999.newer"]
        for step in (migrate(settings, thirdeye), roll_back(settings, thirdeye, 1), check_schema(settings, thirdeye)):
            with pytest.raises(SchemaUnfit, match=r"newer version .*\(9999\.newer\).*`thirdeye migrate --rollback 1`"):
                await step
        allowed = settings.model_copy(update={"allow_newer_schema": True})
        await check_schema(allowed, thirdeye)
        assert await migrate(allowed, thirdeye) == []
        with pytest.raises(SchemaUnfit):
            await roll_back(allowed, thirdeye, 1, lose_data=True)


@pytest.mark.one_server
@pytest.mark.usefixtures("migrated")
async def test_a_schema_that_was_restored_in_part_is_refused(settings: Settings) -> None:
    async with database(settings) as thirdeye:
        await thirdeye.execute("DROP TABLE budget, table_keep")
        with pytest.raises(SchemaUnfit, match=r"lacks budget, table_keep, .*Restore the backup as a whole"):
            await check_schema(settings, thirdeye)


@pytest.mark.one_server
@pytest.mark.usefixtures("migrated")
async def test_a_table_that_somebody_alters_is_not_gone(settings: Settings, sql_server: MariaDB | MySQL) -> None:
    """MariaDB leaves it out of its list for a moment."""

    def is_waiting() -> bool:
        with sql_server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User lock'")
            return bool(cursor.fetchone()[0])

    async with database(settings) as thirdeye, database(settings) as altering:
        async with altering.advisory_lock("migrate"), asyncio.timeout(PATIENCE):
            await altering.execute("RENAME TABLE budget TO budget_altered")
            checking = asyncio.create_task(check_schema(settings, thirdeye))
            while not checking.done() and not is_waiting():
                await asyncio.sleep(0.01)
            await altering.execute("RENAME TABLE budget_altered TO budget")
        await checking


@pytest.mark.one_server
async def test_who_waits_goes_on_as_soon_as_others_have_migrated(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_POLL_SECONDS", 0.01)
    async with database(settings) as thirdeye:
        with pytest.raises(MigrationFailed, match=r"after 0\.02 s .*no schema"):
            await wait_until_current(settings, thirdeye, 0.02)
        waiting = asyncio.create_task(wait_until_current(settings, thirdeye, PATIENCE))
        assert await migrate(settings, thirdeye) == ALL
        await waiting
        await roll_back(settings, thirdeye, 1)
        with pytest.raises(MigrationFailed, match=rf"1 migrations are pending, from {re.escape(ALL[-1])} on"):
            await wait_until_current(settings, thirdeye, 0.02)


async def test_a_failing_migration_shows_the_true_error(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001.good.sql").write_text("-- transactional: false\nCREATE TABLE IF NOT EXISTS good (id INT)\n")
    bad = folder / "0002.bad.sql"
    bad.write_text("-- transactional: false\nCREATE TABLE bad (id NONSENSE)\n")
    for module in (migrations, migration_runner):
        monkeypatch.setattr(module, "resource", lambda _name: folder)
    async with database(settings) as thirdeye:
        for _ in range(2):
            with pytest.raises(MigrationFailed, match=r"0002\.bad.*NONSENSE"):
                await migrate(settings, thirdeye)
            assert (await migration_status(settings)).applied == ["0001.good"]
        bad.write_text("-- transactional: false\nCREATE TABLE bad (id INT)\n")
        assert await migrate(settings, thirdeye) == ["0002.bad"]


@pytest.mark.one_server
@pytest.mark.usefixtures("migrated")
async def test_title_and_status_alone_make_an_item(settings: Settings) -> None:
    async with database(settings) as thirdeye:
        await thirdeye.execute("INSERT INTO action_items (title, status) VALUES ('t', 'DONE')")
        await thirdeye.execute("INSERT INTO health_score_history (score) VALUES (5)")
        row = await thirdeye.fetch_one("SELECT * FROM action_items")
        assert row is not None
        assert row["created_at"] == row["updated_at"] is not None
        score = await thirdeye.fetch_one("SELECT * FROM health_score_history")
        assert score is not None
        assert score["captured_at"] is not None


async def test_a_schema_that_may_not_be_made_is_explained(settings: Settings) -> None:
    forbidden = settings.model_copy(update={"thirdeye_mysql_schema": "not_ours"})
    async with database(forbidden) as thirdeye:
        with pytest.raises(SchemaMissing) as caught:
            await migrate(forbidden, thirdeye)
    assert "not_ours" in caught.value.detail


@pytest.mark.one_server
def test_the_command(settings: Settings, sql_server: MariaDB | MySQL, tmp_path: Path) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "OM_MYSQL_HOST": settings.om_mysql_host,
        "OM_MYSQL_PORT": str(settings.om_mysql_port),
        "THIRDEYE_MYSQL_SCHEMA": settings.thirdeye_mysql_schema,
        "THIRDEYE_MYSQL_USER": settings.thirdeye_mysql_user,
        "THIRDEYE_MYSQL_PW": settings.thirdeye_mysql_pw.get_secret_value(),
        "OM_MYSQL_USER_RO": settings.om_mysql_user_ro,
        "OM_MYSQL_PW_RO": settings.om_mysql_pw_ro.get_secret_value(),
        "JWT_PUBLIC_KEY": str(settings.jwt_public_key),
    }

    def thirdeye(*arguments: str, **more: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "thirdeye", *arguments]
        done = subprocess.run(
            command, env={**environment, **more}, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def here(*arguments: str, **more: str) -> tuple[int, str]:
        """The same in this process: each of its own takes two seconds to start."""
        process_settings.cache_clear()
        result = CliRunner().invoke(cli, arguments, env={**environment, **more})
        process_settings.cache_clear()
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result.exit_code, result.output

    assert here("migrate", "--status")[0] == 1
    schema_missing, no_password = "no schema yet: run `thirdeye migrate`", "wrong user or password"
    for more, said in (
        ({}, {schema_missing}),
        ({"THIRDEYE_MYSQL_PW": "wrong"}, {no_password}),
        ({"OM_MYSQL_PORT": "1"}, {"cannot be reached"}),
        ({"OM_MYSQL_HOST": "nowhere.invalid"}, {"cannot be reached"}),
    ):
        code, text = here("check", **more)
        (line,) = [line for line in text.splitlines() if line.startswith("thirdeye: ")][-1:]
        assert (code, {each for each in (schema_missing, no_password, "cannot be reached") if each in line}) == (
            1,
            said,
        )
    code, text = thirdeye("migrate")
    assert (code, text.count("applied ")) == (0, len(ALL)), text
    assert "current" in here("migrate")[1]
    # What people wrote is lost only where that is said.
    newest = ALL[ALL.index("0051.add-assignee-kind") :]
    back = ("migrate", "--rollback", str(len(newest)))
    with sql_server.connect(settings.thirdeye_mysql_schema) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO action_items (title, assignee, assignee_kind) VALUES ('t', 'ann', 'USER')")
        connection.commit()
    code, text = thirdeye(*back)
    assert (code, "0051.add-assignee-kind (1)" in text, "--lose-data" in text, "Traceback" in text) == (
        1,
        True,
        True,
        False,
    )
    assert here(*back, "--lose-data")[1].split() == [word for id_ in newest[::-1] for word in ("rolled", "back", id_)]
    assert [line for line in here("migrate", "--status")[1].splitlines() if "pending" in line] == [
        f"pending  {id_}" for id_ in newest
    ]
    code, text = here("check")
    # This account has no rights on an OM schema, which is not there.
    assert code == 1, text
    assert "no schema openmetadata_db for this account" in text
    assert f"pending migrations: {len(newest)}; run `thirdeye migrate`" in text
    assert "GRANT SELECT" in here("grants", "--all")[1]
    code, text = thirdeye("serve", REFRESH_MINUTES="0")
    assert code == 1
    assert "REFRESH_MINUTES" in text
    assert here("migrate", "--wait", "1")[0] == 1
    assert here("migrate")[0] == 0
    assert here("migrate", "--wait", "1") == (0, "the schema is current\n")
    # Neither starts over a newer version's schema, and each says why: an engine that starts it again shows that each time.
    with sql_server.connect(settings.thirdeye_mysql_schema) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES ('x', '9001.later')")
        connection.commit()
    assert "newer    9001.later" in here("migrate", "--status")[1].splitlines()
    assert "a newer version of ThirdEye has migrated the schema: 9001.later" in here("check")[1]
    for command in ("serve", "worker", "migrate"):
        code, text = here(command, THIRDEYE_PORT=str(free_port()))
        assert (code, "migrated by a newer version of ThirdEye (9001.later)" in text) == (1, True), (command, text)
    assert here("migrate", OM_MYSQL_PORT="1")[0] == 1


@pytest.mark.parametrize(
    ("lines", "excess"),
    [
        (["GRANT USAGE ON *.* TO `om_ro`@`%` IDENTIFIED BY PASSWORD '*AB'"], []),
        (["GRANT SELECT ON `om`.* TO `om_ro`@`%`", "GRANT SELECT, SHOW VIEW ON `a`.`b` TO `x`@`%`"], []),
        (["GRANT SELECT (`id`, `name`), INSERT (`id`) ON `om`.`t` TO `x`@`%`"], ["INSERT on `om`.`t`"]),
        (
            ["GRANT ALL PRIVILEGES ON *.* TO `x`@`%` WITH GRANT OPTION"],
            ["ALL PRIVILEGES on *.*", "GRANT OPTION on *.*"],
        ),
        (["GRANT SELECT, UPDATE ON `om`.* TO `x`@`%`"], ["UPDATE on `om`.*"]),
        (["GRANT `writer`@`%` TO `x`@`%`"], ["role `writer`@`%`"]),
    ],
)
def test_privileges_beyond_reading_are_seen(lines: list[str], excess: list[str]) -> None:
    assert excess_privileges(lines) == excess


def test_the_names_of_the_files_are_the_ids_that_are_noted() -> None:
    """Those are found without yoyo, which a process needs only where something is to be applied."""
    assert migration_ids() == {str(migration.id) for migration in migration_runner._read()}
