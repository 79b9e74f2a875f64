"""The pools of `databases`, with the acquire timeout that they lack, and without aiomysql's ceremony around a connection."""

import asyncio
from typing import Any

import aiomysql

from thirdeye.unused_modules import absent, stood_in_for

# `databases` imports SQLAlchemy for queries that are built with it, of which there are none here: 15 MB of a process, and a
# tenth of the time until it answers.
with stood_in_for("sqlalchemy"), absent("click"):
    from databases import Database as Database
    from databases import DatabaseURL
    from databases.backends.mysql import MySQLBackend, MySQLConnection


class _Pool(aiomysql.Pool):  # type: ignore[misc]
    """aiomysql's pool, which looks at all of its free connections whenever it is asked for one, and begins a task whenever one
    comes back, whether somebody waits for it or not. Here one that is free is taken, and given back, at once.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # How many may wait for the connections of others.
        self._waiting = 0

    def take(self) -> Any:
        """The connection that has been free for longest, if it can be used; None when aiomysql has to see to it."""
        if self._closing or self._waiting or not self._free or not self._is_usable(self._free[0]):
            return None
        connection = self._free.popleft()
        self._used.add(connection)
        return connection

    def _is_usable(self, connection: Any) -> bool:
        """What aiomysql looks at before it closes one."""
        reader = connection._reader
        ended = reader.at_eof() or reader.exception() or reader.eof_received
        return not ended and not 0 <= self._recycle < self._loop.time() - connection.last_usage

    async def _acquire(self) -> Any:
        self._waiting += 1
        try:
            return await super()._acquire()
        finally:
            self._waiting -= 1

    async def wait_closed(self) -> None:
        self._waiting += 1
        try:
            await super().wait_closed()
        finally:
            self._waiting -= 1

    def give_back(self, connection: Any) -> bool:
        """Whether it is free again; if not, aiomysql has to see to it."""
        if self._waiting or self._closing or connection.closed or connection.get_transaction_status():
            return False
        self._used.remove(connection)
        self._free.append(connection)
        return True


class _BoundedConnection(MySQLConnection):
    _database: "BoundedMySQLBackend"

    async def acquire(self) -> None:
        pool = self._database._pool
        self._connection = pool.take()
        if self._connection is None:
            async with asyncio.timeout(self._database.acquire_timeout):
                await super().acquire()

    async def release(self) -> None:
        pool = self._database._pool
        if pool.give_back(self._connection):
            self._connection = None
        else:
            await super().release()


class BoundedMySQLBackend(MySQLBackend):
    """`databases`' MySQL backend with the acquire timeout that it lacks, in seconds."""

    def __init__(self, database_url: Any, *, acquire_timeout: float, **options: Any) -> None:
        # Not the library's own, which makes a compiler for SQLAlchemy's queries.
        self._database_url, self._options = DatabaseURL(database_url), options
        self._dialect: Any = None
        self._pool: Any = None
        self.acquire_timeout = acquire_timeout

    async def connect(self) -> None:
        url = self._database_url
        self._pool = _Pool(
            host=url.hostname, port=url.port or 3306, user=url.username, password=url.password, db=url.database,
            autocommit=True, echo=False, loop=asyncio.get_running_loop(), **self._get_connection_kwargs(),
        )  # fmt: skip

    def connection(self) -> MySQLConnection:
        return _BoundedConnection(self, self._dialect)


Database.SUPPORTED_BACKENDS["mysql+thirdeye"] = "thirdeye.database_pool:BoundedMySQLBackend"
