"""ThirdEye's schema, opened as the service opens it, and emptied between tests."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from thirdeye.commands.runner import no_observer
from thirdeye.database import MySQL, thirdeye_database
from thirdeye.local import servers
from thirdeye.migrations import migrate
from thirdeye.settings import Settings

# By server: a schema that is only copied from.
_TEMPLATES = dict[servers.MariaDB | servers.MySQL, str]()
# Tables with rows that migrations put there.
_OF_MIGRATIONS = {"storage_price", "action_rule"}


@asynccontextmanager
async def open_thirdeye(settings: Settings, *, migrated: bool = True) -> AsyncIterator[MySQL]:
    """The database; all migrations are applied unless `migrated` is false."""
    thirdeye = thirdeye_database(settings, no_observer)
    await thirdeye.start()
    try:
        if migrated:
            await migrate(settings, thirdeye)
        yield thirdeye
    finally:
        await thirdeye.stop()


def copy_migrated(server: servers.MariaDB | servers.MySQL, schema: str, settings: Settings) -> None:
    """Makes a schema as migrations make it, in a tenth of their time; one that is there stays as it is.

    The first time on a server it is migrated, and remembered as what others are copied from.
    """
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", (schema,))
        if cursor.fetchone():
            return
    if server in _TEMPLATES:
        copy_schema(server, _TEMPLATES[server], schema)
        return
    with ThreadPoolExecutor(1) as beside_any_loop:
        beside_any_loop.submit(asyncio.run, _migrated(settings)).result()
    _TEMPLATES[server] = f"{schema}_migrated"
    copy_schema(server, schema, _TEMPLATES[server])


async def _migrated(settings: Settings) -> None:
    async with open_thirdeye(settings):
        pass


def copy_schema(server: servers.MariaDB | servers.MySQL, source: str, target: str) -> None:
    """Makes a schema with the tables and rows of another."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SHOW CREATE DATABASE `{source}`")
        cursor.execute(cursor.fetchone()[1].replace(f"`{source}`", f"`{target}`"))
        for table in _tables(cursor, source):
            cursor.execute(f"CREATE TABLE `{target}`.`{table}` LIKE `{source}`.`{table}`")
        for table in _with_rows(cursor, source):
            _copy_rows(cursor, source, target, table)


def copy_rows(server: servers.MariaDB | servers.MySQL, source: str, target: str) -> None:
    """Puts what is in one schema into another that knows nothing yet."""
    with server.connect() as connection, connection.cursor() as cursor:
        for table in _with_rows(cursor, source) - _OF_MIGRATIONS:
            if "yoyo" not in table:
                _copy_rows(cursor, source, target, table)


def seed(server: servers.MariaDB | servers.MySQL, schema: str) -> None:
    """Makes the rows that migrations put there what they were: what a test changed of them, too."""
    with server.connect() as connection, connection.cursor() as cursor:
        _seed(server, cursor, schema)
        connection.commit()


def _seed(server: servers.MariaDB | servers.MySQL, cursor: Any, schema: str) -> None:
    for table in _OF_MIGRATIONS.intersection(_tables(cursor, schema)):
        if server in _TEMPLATES:
            cursor.execute(f"DELETE FROM `{schema}`.`{table}`")
            _copy_rows(cursor, _TEMPLATES[server], schema, table)
        else:
            cursor.execute(f"DELETE FROM `{schema}`.`{table}` WHERE set_by <> 'thirdeye'")


def _copy_rows(cursor: Any, source: str, target: str, table: str) -> None:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s AND COALESCE(generation_expression, '') = ''",
        (source, table),
    )
    columns = ", ".join(f"`{row[0]}`" for row in cursor.fetchall())
    cursor.execute(f"INSERT INTO `{target}`.`{table}` ({columns}) SELECT {columns} FROM `{source}`.`{table}`")


def _tables(cursor: Any, schema: str) -> list[str]:
    cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (schema,))
    return [row[0] for row in cursor.fetchall()]


def _with_rows(cursor: Any, schema: str) -> set[str]:
    """The tables that hold any."""
    asked = [f"(SELECT '{table}' FROM `{schema}`.`{table}` LIMIT 1)" for table in _tables(cursor, schema)]
    cursor.execute(" UNION ALL ".join(asked) or "SELECT 1 FROM DUAL WHERE FALSE")
    return {row[0] for row in cursor.fetchall()}


def _counting(cursor: Any, schema: str) -> set[str]:
    """The tables whose next number is not the first."""
    cursor.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND auto_increment > 1", (schema,)
    )
    return {row[0] for row in cursor.fetchall()}


def empty_thirdeye(server: servers.MariaDB | servers.MySQL, schema: str) -> None:
    """Takes all rows out of a schema but those that migrations put there; one that is not there stays so."""
    with server.connect() as connection, connection.cursor() as cursor:
        if isinstance(server, servers.MySQL):
            cursor.execute("SET SESSION information_schema_stats_expiry = 0")
        filled = {table for table in _with_rows(cursor, schema) if "yoyo" not in table}
        _seed(server, cursor, schema)
        # To truncate one takes MySQL as long as all deletions together.
        counting = _counting(cursor, schema) - _OF_MIGRATIONS
        for name in counting:
            cursor.execute(f"TRUNCATE TABLE `{schema}`.`{name}`")
        for name in filled - counting - _OF_MIGRATIONS:
            cursor.execute(f"DELETE FROM `{schema}`.`{name}`")
        connection.commit()
