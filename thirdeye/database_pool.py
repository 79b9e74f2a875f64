"""The pools of `databases`, with the acquire timeout that they lack."""

import asyncio
from typing import Any

from thirdeye.unused_modules import absent, stood_in_for

# `databases` imports SQLAlchemy for queries that are built with it, of which there are none here: 15 MB of a process, and a
# tenth of the time until it answers.
with stood_in_for("sqlalchemy"), absent("click"):
    from databases import Database as Database
    from databases import DatabaseURL
    from databases.backends.mysql import MySQLBackend, MySQLConnection


class _BoundedConnection(MySQLConnection):
    _database: "BoundedMySQLBackend"

    async def acquire(self) -> None:
        async with asyncio.timeout(self._database.acquire_timeout):
            await super().acquire()


class BoundedMySQLBackend(MySQLBackend):
    """`databases`' MySQL backend with the acquire timeout that it lacks, in seconds."""

    def __init__(self, database_url: Any, *, acquire_timeout: float, **options: Any) -> None:
        # Not the library's own, which makes a compiler for SQLAlchemy's queries.
        self._database_url, self._options = DatabaseURL(database_url), options
        self._dialect: Any = None
        self._pool = None
        self.acquire_timeout = acquire_timeout

    def connection(self) -> MySQLConnection:
        return _BoundedConnection(self, self._dialect)


Database.SUPPORTED_BACKENDS["mysql+thirdeye"] = "thirdeye.database_pool:BoundedMySQLBackend"
