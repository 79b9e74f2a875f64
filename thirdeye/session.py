"""Statements over one connection of a pool, and their end: on the server too, when nobody waits for them any more.

Rows come through a dict cursor on the raw connection of `databases`, because its own records cost half again as much and
are no mappings.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import aiomysql
import pymysql

from thirdeye import quick_rows
from thirdeye.sql_text import encode_bytes, literal_rows

Row = dict[str, Any]
Values = Mapping[str, Any]
# Of a row the bytes of each value's text; None for NULL.
Texts = tuple[bytes | None, ...]
Result = TypeVar("Result")
# Told the database's name and the seconds of every statement.
Observer = Callable[[str, float], None]
# Told these, the statement's text and its rows as well; of one that failed -1 rows.
Tracer = Callable[[str, float, str, int], None]
# Of answers that are given again for as long as their data are the same (`data_version.py`): the tables that they are made of,
# by family. Whatever writes one of these moves the family's version in the same transaction, and need not know of it.
VERSIONED: Final = {"items": "action_items"}
_MOVE_VERSION: Final = (
    "INSERT INTO data_version (family, version) VALUES (%(family)s, 1) ON DUPLICATE KEY UPDATE version = version + 1"
)
_KILL_SECONDS: Final = 2.0
_MAX_KILLS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Executed:
    """What a writing statement did: rows matched (changed or not) and the AUTO_INCREMENT value it made."""

    matched: int
    inserted_id: int


class _Cursor(aiomysql.DictCursor):  # type: ignore[misc]
    async def _query(self, sql: str) -> None:
        connection = self._get_db()
        self._last_executed = sql
        self._clear_result()
        await quick_rows.query(connection, sql)
        await self._do_get_result()

    def _conv_row(self, row: tuple[Any, ...]) -> Row:
        return dict(zip(self._fields, row, strict=True))

    def _escape_args(self, values: Values, connection: Any) -> Row:
        return _literals(values, connection)


def _literals(values: Values, connection: Any) -> Row:
    """By name what stands for a value in a statement."""
    return {
        name: encode_bytes(value) if type(value) is bytes else connection.escape(value)
        for name, value in values.items()
    }


class _QuietCursor(_Cursor):
    """Asks for no warnings: what is odd in OM's rows is counted by the refresh, and each asking is a round trip."""

    async def _show_warnings(self, conn: Any) -> None:
        pass


class _StreamingCursor(aiomysql.SSDictCursor):  # type: ignore[misc]
    async def _show_warnings(self, conn: Any) -> None:
        pass


class Session:
    """Statements over one connection. Parameters are bound by name: `%(name)s`.

    A statement that is given up, by its timeout (in seconds) or because whoever waits for it is cancelled, is ended on
    the server as well: `abandoned` is told the connection's number there.
    """

    def __init__(
        self,
        raw: Any,
        name: str,
        observe: Observer,
        *,
        timeout: float | None = None,
        abandoned: Callable[[int], None] = lambda _number: None,
        one_at_a_time: bool = False,
        in_transaction: bool = False,
        tracer: Tracer | None = None,
    ) -> None:
        # Of a session that several tasks share each waits for the others: a connection answers one at a time.
        self._turn = asyncio.Lock() if one_at_a_time else nullcontext()
        self._raw = raw
        self._name = name
        self._observe = observe
        self._tracer = tracer
        self._timeout = timeout
        self._abandoned = abandoned
        # How many rows writing statements matched; those of a part that was undone do not count.
        self.changes = 0
        self._savepoints = 0
        self._in_transaction = in_transaction
        # Families of which something was written.
        self._written = set[str]()

    async def _run(self, cursor: Any, sql: str, values: Values | None) -> None:
        await self._within_time(cursor.execute(sql, values or None))

    async def _within_time(self, statement: Awaitable[Result]) -> Result:
        try:
            async with asyncio.timeout(self._timeout):
                return await statement
        except (asyncio.CancelledError, TimeoutError):
            self._abandoned(self._raw.thread_id())
            # Not back into the pool: the next one to use it would find it ended.
            self._raw.close()
            raise

    @asynccontextmanager
    async def _cursor(self, sql: str, values: Values | None) -> AsyncIterator[Any]:
        async with self._turn:
            started = time.perf_counter()
            cursor = await self._raw.cursor(_QuietCursor if self._name == "openmetadata" else _Cursor)
            try:
                await self._run(cursor, sql, values)
                yield cursor
            finally:
                self._note(started, sql, cursor.rowcount)
                await cursor.close()

    def _note(self, started: float, sql: str, rows: int) -> None:
        seconds = time.perf_counter() - started
        self._observe(self._name, seconds)
        if self._tracer is not None:
            self._tracer(self._name, seconds, sql, rows)

    async def fetch_all(self, sql: str, values: Values | None = None) -> list[Row]:
        """All rows, each a dict by column name."""
        async with self._cursor(sql, values) as cursor:
            return list(await cursor.fetchall())

    async def fetch_one(self, sql: str, values: Values | None = None) -> Row | None:
        """The first row, or None."""
        async with self._cursor(sql, values) as cursor:
            row: Row | None = await cursor.fetchone()
            return row

    async def fetch_texts(self, sql: str, values: Values) -> list[Texts]:
        """All rows of a statement that selects, each the bytes of its values' texts: for what goes on as it comes."""
        async with self._turn:
            started, count = time.perf_counter(), -1
            try:
                bound = sql % _literals(values, self._raw)
                rows = await self._within_time(quick_rows.texts(self._raw, bound))
                count = len(rows)
                return rows
            finally:
                self._note(started, sql, count)

    async def stream(self, sql: str, values: Values | None = None) -> AsyncGenerator[Row, None]:
        """Rows as they arrive, so that a large answer is never in memory as a whole; go through all of them."""
        started, rows = time.perf_counter(), -1
        cursor = await self._raw.cursor(_StreamingCursor)
        try:
            await self._run(cursor, sql, values)
            rows = 0
            while (row := await cursor.fetchone()) is not None:
                rows += 1
                yield row
        finally:
            await cursor.close()
            self._note(started, sql, rows)

    async def execute(self, sql: str, values: Values | None = None) -> Executed:
        """Runs a writing statement."""
        families = self._families_in(sql)
        if families and not self._in_transaction:
            async with transaction(self._raw):
                done = await self._execute(sql, values)
                if done.matched:
                    await self._move(families)
        else:
            done = await self._execute(sql, values)
            self._written |= families if done.matched else set()
        self.changes += max(done.matched, 0)
        return done

    async def _execute(self, sql: str, values: Values | None) -> Executed:
        async with self._cursor(sql, values) as cursor:
            return Executed(matched=cursor.rowcount, inserted_id=cursor.lastrowid or 0)

    def _families_in(self, sql: str) -> set[str]:
        """The families of which a statement may write something: one that only names a table counts as well."""
        if self._name != "thirdeye":
            return set()
        return {family for family, table in VERSIONED.items() if table in sql}

    async def move_versions(self) -> None:
        """Moves the versions of what the transaction has written: last, for until it ends others wait to do so."""
        await self._move(self._written)

    async def _move(self, families: set[str]) -> None:
        for family in sorted(families):
            await self._execute(_MOVE_VERSION, {"family": family})

    async def execute_rows(self, head: str, rows: Iterable[Sequence[Any]], tail: str = "") -> None:
        """Runs `head` (INSERT INTO ... VALUES) for rows of text, numbers, moments, bytes and None, about a megabyte at a time;
        `tail` may say what is to be done with rows that are there already.
        """
        for values in literal_rows(rows):
            await self.execute(head + values + tail)

    async def mark(self) -> None:
        """Marks how far the transaction is, for `check_mark`."""
        await self.execute("SAVEPOINT mark")

    async def check_mark(self) -> None:
        """Raises the server's error if the whole transaction was undone since `mark`, as a server does to end a deadlock.

        Whoever could do without what failed then does not know that the rest is gone as well.
        """
        await self.execute("RELEASE SAVEPOINT mark")

    @asynccontextmanager
    async def part(self) -> AsyncIterator[None]:
        """A part of a transaction that is under way: on any error undone by itself."""
        self._savepoints += 1
        # A name of its own, for the same name again would move the savepoint of a part around this one.
        name, changes = f"part{self._savepoints}", self.changes
        await self.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self.changes = changes
            with suppress(Exception):
                await self.execute(f"ROLLBACK TO SAVEPOINT {name}")
            raise


@asynccontextmanager
async def transaction(raw: Any) -> AsyncIterator[None]:
    """A transaction of a raw connection: committed at the end, rolled back on any error."""
    await raw.begin()
    try:
        yield
        await raw.commit()
    except BaseException:
        with suppress(Exception):
            await raw.rollback()
        raise


@asynccontextmanager
async def without_autocommit(raw: Any) -> AsyncIterator[None]:
    """Lets nothing commit by itself: once a server has undone a transaction to end a deadlock, what follows would."""
    await raw.autocommit(False)
    try:
        yield
    finally:
        try:
            await raw.autocommit(True)
        except BaseException as error:
            # Not back into the pool like this.
            raw.close()
            if not isinstance(error, Exception):
                raise


class StatementKiller:
    """Ends on the server what nobody waits for any more. Closing the connection alone does not: a server notices that
    only when it has something to send.
    """

    def __init__(self, *, host: str, port: int, user: str, password: str) -> None:
        self._options: dict[str, Any] = {"host": host, "port": port, "user": user, "password": password}
        self._tasks: set[asyncio.Task[None]] = set()

    def kill(self, number: int) -> None:
        """Begins to end the connection of this number; an account may end its own."""
        # While the server answers nobody there is no use in trying for each.
        if len(self._tasks) < _MAX_KILLS:
            task = asyncio.get_running_loop().create_task(self._kill(int(number)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _kill(self, number: int) -> None:
        with suppress(pymysql.err.MySQLError, OSError, TimeoutError):
            async with asyncio.timeout(_KILL_SECONDS):
                connection = await aiomysql.connect(**self._options, connect_timeout=_KILL_SECONDS)
                try:
                    await connection.query(f"KILL {number}")
                finally:
                    connection.close()

    async def stop(self) -> None:
        """Waits for those under way, which takes two seconds at most."""
        if self._tasks:
            await asyncio.wait(self._tasks)
