"""Loads an estate into a MySQL or MariaDB server, in statements of many rows."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import date

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from thirdeye.local.sample.ddl import MARKED_TABLE, Layout, create_statements
from thirdeye.local.sample.estate import Estate
from thirdeye.local.sample.options import EstateOptions
from thirdeye.local.sample.rows import COLUMNS, Row, Value, all_rows

DEFAULT_SCHEMA = "openmetadata_db"
STATEMENT_CHARACTERS = 1_000_000
ROWS_PER_COMMIT = 100_000
SAMPLE_MARK = "ThirdEye sample estate "
SESSION = (
    "SET unique_checks = 0, foreign_key_checks = 0, time_zone = '+00:00', "
    "sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"
)
SESSION_AFTER = "SET unique_checks = 1, foreign_key_checks = 1, time_zone = DEFAULT, sql_mode = DEFAULT"
# Needs a right that not every account has, and only saves time.
WITHOUT_BINARY_LOG, WITH_BINARY_LOG = "SET sql_log_bin = 0", "SET sql_log_bin = 1"


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far a load has come; `tables` counts rows of `table_entity`."""

    rows: int
    tables: int
    seconds: float

    @property
    def rows_per_second(self) -> int:
        return round(self.rows / self.seconds) if self.seconds else 0


Progress = Callable[[LoadProgress], None]


class NotASampleError(Exception):
    """The schema holds tables that no sample load created: it may be a real OpenMetadata and stays untouched."""


def load(
    estate: Estate,
    connection: Connection,
    progress: Progress | None = None,
    *,
    schema: str = DEFAULT_SCHEMA,
    layout: Layout = Layout.OM_1_9,
) -> LoadProgress:
    """Create the schema and OM's tables in it and insert the whole estate; an older sample is replaced.

    `connection` is a PyMySQL connection (utf8mb4) of an account that may create the schema. `progress` is called
    after each commit. Raises NotASampleError when the schema holds anything but a sample.
    """
    with connection.cursor() as cursor, _bulk_session(cursor):
        _create_schema(cursor, schema, layout)
        result = _Load(connection, cursor, progress).run(estate, layout)
        options = asdict(estate.options) | {"today": estate.options.today.isoformat()}
        cursor.execute(f"ALTER TABLE `{MARKED_TABLE}` COMMENT = {_literal(SAMPLE_MARK + json.dumps(options))}")
    return result


def loaded_options(connection: Connection, schema: str = DEFAULT_SCHEMA) -> EstateOptions | None:
    """The options of the sample estate in this schema.

    None when there is none, a load did not finish, or it was loaded by a version whose samples had other options.
    """
    with connection.cursor() as cursor:
        mark = _read_mark(cursor, schema)
    try:
        values = json.loads((mark or "").removeprefix(SAMPLE_MARK))
        if set(values) != {field.name for field in fields(EstateOptions)}:
            return None
        return EstateOptions(**{**values, "today": date.fromisoformat(values["today"])})
    except (ValueError, TypeError, KeyError):
        return None


class _Load:
    """One run: collects rows per table and sends each table's when they fill a statement."""

    def __init__(self, connection: Connection, cursor: Cursor, progress: Progress | None) -> None:
        self._connection = connection
        self._cursor = cursor
        self._progress = progress
        self._pending: dict[str, list[str]] = {table: [] for table in COLUMNS}
        self._characters = dict.fromkeys(COLUMNS, 0)
        self._rows = self._tables = self._uncommitted = 0
        self._started = time.monotonic()

    def run(self, estate: Estate, layout: Layout) -> LoadProgress:
        # An explicit transaction: a connection in autocommit mode would commit each statement.
        self._connection.begin()
        for table, row in all_rows(estate, layout):
            self._tables += table == "table_entity"
            self._add(table, row)
        for table in COLUMNS:
            self._send(table)
        return self._commit()

    def _add(self, table: str, row: Row) -> None:
        literal = "(" + ",".join(map(_literal, row)) + ")"
        self._pending[table].append(literal)
        self._characters[table] += len(literal)
        if self._characters[table] > STATEMENT_CHARACTERS:
            self._send(table)

    def _send(self, table: str) -> None:
        literals = self._pending[table]
        if not literals:
            return
        columns = ",".join(f"`{column}`" for column in COLUMNS[table])
        self._cursor.execute(f"INSERT INTO `{table}` ({columns}) VALUES " + ",".join(literals))
        self._rows += len(literals)
        self._uncommitted += len(literals)
        self._pending[table] = []
        self._characters[table] = 0
        if self._uncommitted >= ROWS_PER_COMMIT:
            self._commit()
            self._connection.begin()

    def _commit(self) -> LoadProgress:
        self._connection.commit()
        self._uncommitted = 0
        done = LoadProgress(self._rows, self._tables, time.monotonic() - self._started)
        if self._progress is not None:
            self._progress(done)
        return done


def _literal(value: Value) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    return "NULL" if value is None else str(value)


@contextlib.contextmanager
def _bulk_session(cursor: Cursor) -> Iterator[None]:
    cursor.execute(SESSION)
    with contextlib.suppress(pymysql.err.MySQLError):
        cursor.execute(WITHOUT_BINARY_LOG)
    try:
        yield
    finally:
        with contextlib.suppress(pymysql.err.MySQLError):
            cursor.execute(SESSION_AFTER)
            cursor.execute(WITH_BINARY_LOG)


def _create_schema(cursor: Cursor, schema: str, layout: Layout) -> None:
    cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{schema}` CHARACTER SET utf8mb4")
    cursor.execute(f"USE `{schema}`")
    cursor.execute("SHOW TABLES")
    present = [name for (name, *_) in cursor.fetchall()]
    if present and not (_read_mark(cursor, schema) or "").startswith(SAMPLE_MARK):
        raise NotASampleError(f"schema {schema} holds {len(present)} tables that are no sample estate")
    statements = create_statements(layout)
    # The marked table is dropped last and created first, so that an interrupted load can be replaced.
    for table in sorted(statements, key=lambda name: name == MARKED_TABLE):
        cursor.execute(f"DROP TABLE IF EXISTS `{table}`")
    for table, statement in statements.items():
        cursor.execute(statement + (f" COMMENT='{SAMPLE_MARK}loading'" if table == MARKED_TABLE else ""))


def _read_mark(cursor: Cursor, schema: str) -> str | None:
    cursor.execute(
        "SELECT table_comment FROM information_schema.tables WHERE table_schema = %s AND table_name = %s",
        (schema, MARKED_TABLE),
    )
    row = cursor.fetchone()
    return str(row[0]) if row else None
