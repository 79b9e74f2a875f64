"""The two MySQL databases: OM's, read only, and ThirdEye's own.

`databases` keeps the pools and their connections; statements run by `session.py`. Pools start empty, so that a process
starts while its server is away; an acquire timeout bounds the wait for a connection.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from contextvars import ContextVar, copy_context
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import aiomysql
import pymysql
from pymysql.constants import CLIENT, FIELD_TYPE
from pymysql.converters import conversions

from thirdeye.connection_shares import ConnectionShare, current_share, sharing
from thirdeye.database_errors import AWAY, CONTENDED, DUPLICATE, REFUSED, SCHEMA_MISSING
from thirdeye.database_pool import Database
from thirdeye.deadlines import Deadlines
from thirdeye.errors import AlreadyExists, DatabaseUnavailable, SchemaMissing, Unavailable
from thirdeye.locks import Lease, Turns, named_lock, pauses
from thirdeye.session import Executed as Executed
from thirdeye.session import Observer, StatementKiller, Tracer, Values, transaction, without_autocommit
from thirdeye.session import Row as Row
from thirdeye.session import Session as Session
from thirdeye.session import Texts as Texts
from thirdeye.settings import Settings
from thirdeye.sql_text import decode_datetime, encode_datetime, excess_privileges, quote_account

# Set on every connection, so that what a server has as its default (ANSI_QUOTES, NO_BACKSLASH_ESCAPES) cannot matter.
_SQL_MODE = "'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
# The one place where stored moments become aware, and where only those in UTC are stored.
_CONVERTERS = {
    **conversions,
    datetime: encode_datetime,
    FIELD_TYPE.DATETIME: decode_datetime,
    FIELD_TYPE.TIMESTAMP: decode_datetime,
}


Result = TypeVar("Result")
# By database the session that everything in this context goes through.
_joined: ContextVar[dict["MySQL", Session]] = ContextVar("joined", default={})  # noqa: B039  never changed in place


def detached_task(work: Coroutine[Any, Any, Result], share: ConnectionShare | None = None) -> asyncio.Task[Result]:
    """A task for work that others wait for too, or that outlives whoever began it: of no transaction of its beginner.

    Its connections are of this share, if any, and never of its beginner's.
    """

    def begin() -> asyncio.Task[Result]:
        _joined.set({})
        with sharing(share):
            return asyncio.create_task(work)

    return copy_context().run(begin)


class MySQL:
    """One database with its bounded pool. Failing to reach it raises DatabaseUnavailable or SchemaMissing.

    While `refusing`, it does so at once: whoever watches the server (`dependencies.py`) has found it away, and asks it
    again each second, so that requests neither wait for it nor all try it when it is back.
    """

    def __init__(
        self,
        settings: Settings,
        observe: Observer,
        *,
        name: str,
        user: str,
        password: str,
        schema: str,
        pool_size: int,
        statement_timeout: float | None,
        read_only: bool = False,
        tracer: Tracer | None = None,
    ) -> None:
        host, port = settings.om_mysql_host, settings.om_mysql_port
        self.name = name
        self.schema = schema
        self.address = f"{user}@{host}:{port}/{schema}"
        self.refusing = False
        self.pool_size = pool_size
        self.connections_used = 0
        self._observe = observe
        self._tracer = tracer
        self._statement_timeout = statement_timeout
        self._turns = Turns()
        self._statement_killer = StatementKiller(host=host, port=port, user=user, password=password)
        init = "SET SESSION TRANSACTION READ ONLY" if read_only else "SET SESSION time_zone = '+00:00'"
        url = f"mysql+thirdeye://{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}/{schema}"
        self._database = Database(
            url,
            min_size=0,
            max_size=pool_size,
            pool_recycle=280,
            acquire_timeout=settings.mysql_acquire_timeout,
            connect_timeout=settings.mysql_connect_timeout,
            charset="utf8mb4",
            sql_mode=_SQL_MODE,
            init_command=init,
            conv=_CONVERTERS,
            # Without it an UPDATE that changes nothing looks like one that found no row.
            client_flag=CLIENT.FOUND_ROWS,
        )

    async def start(self) -> None:
        """Opens the pool, empty: no connection is made before the first statement."""
        await self._database.connect()

    async def stop(self) -> None:
        """Closes the pool and its connections."""
        await self._statement_killer.stop()
        await self._database.disconnect()

    def _session(self, raw: Any, *, shared: bool = False, in_transaction: bool = False) -> Session:
        return Session(
            raw,
            self.name,
            self._observe,
            timeout=self._statement_timeout,
            abandoned=self._statement_killer.kill,
            one_at_a_time=shared,
            in_transaction=in_transaction,
            tracer=self._tracer,
        )

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """A raw connection of the pool, within the share of whoever asks."""
        share = current_share()
        within_share = nullcontext() if share is None else share.connection()
        async with within_share, self._database.connection() as connection:
            self.connections_used += 1
            try:
                yield connection.raw_connection
            finally:
                self.connections_used -= 1

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """One connection of the pool for several statements, each its own transaction; within `joined`, that one."""
        with self._translated():
            joined = _joined.get().get(self)
            if joined is not None:
                yield joined
                return
            async with self._connection() as raw:
                yield self._session(raw)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """One connection inside a transaction: committed at the end, rolled back on any error. Within `joined` it is a
        part of that one, which alone commits.

        `databases`' own transaction loses the pool's connection when the rollback itself fails, so this one is ours.
        """
        with self._translated():
            joined = _joined.get().get(self)
            if joined is not None:
                async with joined.part():
                    yield joined
                return
            async with self._connection() as raw, transaction(raw):
                session = self._session(raw, in_transaction=True)
                yield session
                await session.move_versions()

    @asynccontextmanager
    async def _locked(self, lock: str, seconds: float, *, taken: str) -> AsyncIterator[Any]:
        """A raw connection for which the server holds a lock. Raises Unavailable when others hold it for so many seconds.

        Who waits holds no connection: within this process each waits for its turn, and a lock that another process holds
        is asked for again and again.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout_at(until):
                    await stack.enter_async_context(self._turns.turn(lock))
            except TimeoutError:
                raise Unavailable(taken) from None
            for pause in pauses():
                async with AsyncExitStack() as attempt:
                    raw = await attempt.enter_async_context(self._connection())
                    if await attempt.enter_async_context(named_lock(self._session(raw), lock, 0)):
                        await stack.enter_async_context(attempt.pop_all())
                        break
                if clock() >= until:
                    raise Unavailable(taken)
                await asyncio.sleep(pause)
            yield raw

    @asynccontextmanager
    async def joined(self, lock: str, seconds: float) -> AsyncIterator[Session]:
        """One transaction for all that is done within, by whatever function, on one connection: all of it or nothing.

        Only one at a time holds `lock`. Raises Unavailable when others hold it for so many seconds.
        """
        taken = "the same request is being worked on; try again in a second"
        with self._translated():
            async with self._locked(lock, seconds, taken=taken) as raw, without_autocommit(raw), transaction(raw):
                session = self._session(raw, shared=True, in_transaction=True)
                await session.mark()
                token = _joined.set({**_joined.get(), self: session})
                try:
                    yield session
                finally:
                    _joined.reset(token)
                await session.move_versions()

    @asynccontextmanager
    async def locked(self, lock: str, seconds: float) -> AsyncIterator[Session]:
        """A session under a lock of this installation. Raises Unavailable when others hold it for so many seconds."""
        name, taken = self.lock_name(lock), "others are asking for the same at the moment; try again"
        with self._translated():
            joined = _joined.get().get(self)
            if joined is None:
                async with self._locked(name, seconds, taken=taken) as raw:
                    yield self._session(raw)
                return
            async with named_lock(joined, name, seconds) as got:
                if not got:
                    raise Unavailable(taken)
                yield joined

    async def fetch_all(self, sql: str, values: Values | None = None) -> list[Row]:
        """All rows, each a dict by column name."""
        async with self.session() as session:
            return await session.fetch_all(sql, values)

    async def fetch_one(self, sql: str, values: Values | None = None) -> Row | None:
        """The first row, or None."""
        async with self.session() as session:
            return await session.fetch_one(sql, values)

    async def fetch_texts(self, sql: str, values: Values) -> list[Texts]:
        """All rows of a statement that selects, each the bytes of its values' texts: for what goes on as it comes."""
        async with self.session() as session:
            return await session.fetch_texts(sql, values)

    async def execute(self, sql: str, values: Values | None = None) -> Executed:
        """Runs a writing statement."""
        async with self.session() as session:
            return await session.execute(sql, values)

    async def ping(self, timeout: float = Deadlines.ping) -> None:
        """Asks the server for nothing, within `timeout` seconds. Raises DatabaseUnavailable or SchemaMissing."""
        await self.fetch_within(timeout, "SELECT 1")

    async def fetch_within(self, timeout: float, sql: str) -> list[Row]:
        """All rows. Raises DatabaseUnavailable when they are not there within `timeout` seconds, SchemaMissing."""
        with self._translated():
            async with asyncio.timeout(timeout):
                return await self.fetch_all(sql)

    def lock_name(self, lock: str) -> str:
        """What the server knows a lock of this installation by."""
        return f"{self.schema}.{lock}"[:64]

    async def server_version(self) -> str:
        """What the server says it is, such as 8.4.7 or 10.11.19-MariaDB."""
        row = await self.fetch_one("SELECT VERSION() AS version")
        return str(row["version"]) if row else "unknown"

    async def current_account(self) -> str:
        """The account that the server took the login for, as SQL has it: its host may be a pattern."""
        row = await self.fetch_one("SELECT CURRENT_USER() AS account")
        user, _, host = str(row["account"] if row else "").rpartition("@")
        return quote_account(user, host)

    async def excess_privileges(self) -> list[str]:
        """What the account may do beyond reading, from SHOW GRANTS. Nothing is tried out."""
        rows = await self.fetch_all("SHOW GRANTS")
        return excess_privileges(str(next(iter(row.values()))) for row in rows)

    @asynccontextmanager
    async def advisory_lock(self, lock: str, timeout: int = 0) -> AsyncIterator[bool]:
        """A lock that the server holds for one connection; it dies with the connection. Yields whether it was got.

        The connection is kept until the end. `timeout` in seconds: how long to wait for the lock.
        """
        async with self.session() as session, named_lock(session, self.lock_name(lock), timeout) as got:
            yield got

    @asynccontextmanager
    async def lease(self, name: str) -> AsyncIterator[Lease | None]:
        """A lock for long work; None when somebody else holds it.

        The server frees it when the holder's process dies, and within a minute when its machine falls silent: the
        connection is spoken on every ten seconds, and the server closes one that nobody speaks on.
        """
        lease = Lease(self.session, self.lock_name(name))
        try:
            yield lease if await lease.get() else None
        finally:
            await lease.stop()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        if self.refusing:
            raise DatabaseUnavailable(self.name, "found away by the watch")
        try:
            yield
        except pymysql.err.MySQLError as error:
            code = error.args[0] if error.args else None
            if code in SCHEMA_MISSING:
                raise SchemaMissing(self.name, f"no schema {self.schema} for this account ({code})") from error
            if code in REFUSED:
                detail = f"the server refuses this account: wrong user or password (error {code})"
                raise DatabaseUnavailable(self.name, detail) from error
            if code in AWAY or isinstance(error, pymysql.err.InterfaceError):
                raise DatabaseUnavailable(self.name, f"the server cannot be reached (error {code})") from error
            if code == DUPLICATE:
                raise AlreadyExists("the same is there already; nothing was changed") from error
            if code in CONTENDED:
                message = "others are changing the same at the moment; nothing was changed, try again"
                raise Unavailable(message) from error
            raise
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise DatabaseUnavailable(self.name, type(error).__name__) from error


def om_database(
    settings: Settings, observe: Observer, *, statement_timeout: float | None = None, tracer: Tracer | None = None
) -> MySQL:
    """OM's database, every transaction read only."""
    return MySQL(
        settings,
        observe,
        name="openmetadata",
        user=settings.om_mysql_user_ro,
        password=settings.om_mysql_pw_ro.get_secret_value(),
        schema=settings.om_mysql_db,
        pool_size=settings.om_mysql_pool_size,
        read_only=True,
        statement_timeout=statement_timeout,
        tracer=tracer,
    )


def thirdeye_database(
    settings: Settings, observe: Observer, *, statement_timeout: float | None = None, tracer: Tracer | None = None
) -> MySQL:
    """ThirdEye's own schema, on the same server as OM's."""
    return MySQL(
        settings,
        observe,
        name="thirdeye",
        user=settings.thirdeye_mysql_user,
        password=settings.thirdeye_mysql_pw.get_secret_value(),
        schema=settings.thirdeye_mysql_schema,
        pool_size=settings.thirdeye_mysql_pool_size,
        statement_timeout=statement_timeout,
        tracer=tracer,
    )


async def create_schema(settings: Settings) -> None:
    """Creates ThirdEye's schema if the account may. Raises SchemaMissing with the reason when it may not."""
    schema = settings.thirdeye_mysql_schema
    try:
        connection = await aiomysql.connect(
            host=settings.om_mysql_host,
            port=settings.om_mysql_port,
            user=settings.thirdeye_mysql_user,
            password=settings.thirdeye_mysql_pw.get_secret_value(),
            connect_timeout=settings.mysql_connect_timeout,
            # Another process may be quicker; that is no news.
            init_command="SET SESSION sql_notes = 0",
        )
        try:
            async with connection.cursor() as cursor:
                charset = "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci"
                await cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{schema}` {charset}")
        finally:
            connection.close()
    except pymysql.err.MySQLError as error:
        raise SchemaMissing("thirdeye", f"schema {schema} is missing and cannot be created: {error}") from error
