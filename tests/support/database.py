"""ThirdEye's schema, opened as the service opens it, and emptied between tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from thirdeye.commands.runner import no_observer
from thirdeye.database import MySQL, thirdeye_database
from thirdeye.local import servers
from thirdeye.migrations import migrate
from thirdeye.settings import Settings


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


def empty_thirdeye(server: servers.MariaDB | servers.MySQL, schema: str) -> None:
    """Takes all rows out of a schema but those that migrations put there; one that is not there stays so."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (schema,))
        tables = {row[0] for row in cursor.fetchall() if "yoyo" not in row[0]}
        for name in tables & {"storage_price", "action_rule"}:
            cursor.execute(f"DELETE FROM `{schema}`.`{name}` WHERE set_by <> 'thirdeye'")
        for name in tables - {"storage_price", "action_rule"}:
            cursor.execute(f"TRUNCATE TABLE `{schema}`.`{name}`")
        connection.commit()
