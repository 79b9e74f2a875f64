"""Bringing the `thirdeye` schema up to date with yoyo, safely when several processes start at once.

A server-side advisory lock is the real mutex: it dies with its process. Whoever holds it may break a lock row that a
killed run of yoyo left behind. Each migration is one idempotent statement, so that a run killed half way goes on.

The first line of each rollback says what it `loses`: a query that counts the rows that nothing brings back, or nothing.
"""

import asyncio
import getpass
import logging
import os
import re
import socket
import uuid
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

import pymysql.connections
import structlog
from yoyo import read_migrations
from yoyo.backends.core.mysql import MySQLBackend
from yoyo.connections import parse_uri

from thirdeye.clock import utc_now
from thirdeye.database import MySQL, create_schema
from thirdeye.database_errors import NOT_READABLE
from thirdeye.errors import DatabaseUnavailable, SchemaMissing, Unavailable
from thirdeye.resources import resource
from thirdeye.settings import Settings

_LOCK_SECONDS = 60
_CHECK_SECONDS = 5.0
_POLL_SECONDS = 1.0
_APPLIED = "_yoyo_migration"
# No such column or key to drop, or such a column or key already: a run that was killed before it could note it altered
# the table, as a whole, for servers do that or nothing.
_ALTERED_BEFORE = frozenset({1060, 1061, 1091})
# No such column, or no such table: a rollback that was killed before it could note it took them away.
_GONE_BEFORE = frozenset({1054, 1146})
_IDS = "SELECT migration_id FROM _yoyo_migration"
_LOSES = re.compile(r"-- loses: (?:nothing\b|(SELECT .*))")
_MAKES = re.compile(r"^CREATE TABLE IF NOT EXISTS (\w+)", re.MULTILINE)
log = structlog.get_logger(__name__)


class MigrationFailed(Exception):
    """A migration's statement failed; the message names the file and the server's own error."""


class RollbackRefused(MigrationFailed):
    """Rolling back would lose what nothing brings back; the message says where and how much of it there is."""


class SchemaUnfit(MigrationFailed):
    """The schema is not one that this version may work on; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class MigrationStatus:
    """Ids of the migrations that are applied, of those that are not, and of a newer version's, in order."""

    applied: list[str]
    pending: list[str]
    newer: list[str]


class _Connection(pymysql.connections.Connection):  # type: ignore[misc]
    """PyMySQL's, which reads the system's certificates anew for each connection: a twentieth of a second."""

    _made: ClassVar[Any] = None

    def _create_ssl_ctx(self, sslp: Any) -> Any:
        if sslp:
            return super()._create_ssl_ctx(sslp)
        if _Connection._made is None:
            _Connection._made = super()._create_ssl_ctx(sslp)
        return _Connection._made


class _Backend(MySQLBackend):  # type: ignore[misc]
    """yoyo's backend, connected in autocommit mode: anything else hides the true error of a failing DDL.

    All migrations go through its one connection, and it asks the server only what the server alone knows: yoyo connects
    anew for each migration, tries whether DDL can be rolled back, and looks for the machine's name in the DNS each time.
    """

    def connect(self, dburi: Any) -> Any:
        return _Connection(
            host=dburi.hostname,
            port=dburi.port,
            user=dburi.username,
            password=dburi.password,
            database=dburi.database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=5,
        )

    def copy(self) -> AbstractContextManager["_Backend"]:
        return nullcontext(self)

    def quote_identifier(self, identifier: str) -> str:
        return f"`{identifier}`"

    def _check_transactional_ddl(self) -> bool:
        return False

    def get_log_data(self, migration: Any = None, operation: str = "apply") -> dict[str, Any]:
        """What yoyo notes of each step; its own version ends where the system knows no name of the user, as in an image."""
        return {
            "id": str(uuid.uuid1()),
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "username": _user_name(),
            "hostname": socket.gethostname(),
            "created_at_utc": utc_now().replace(tzinfo=None),
            "operation": operation,
        }


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _backend(settings: Settings) -> _Backend:
    user, password = settings.thirdeye_mysql_user, settings.thirdeye_mysql_pw.get_secret_value()
    address = f"{settings.om_mysql_host}:{settings.om_mysql_port}/{settings.thirdeye_mysql_schema}"
    uri = parse_uri(f"mysql://{quote(user, safe='')}:{quote(password, safe='')}@{address}")
    logging.getLogger("yoyo").setLevel(logging.WARNING)
    return _Backend(uri, _APPLIED)


def _read() -> Any:
    return read_migrations(str(resource("migrations")))


def _status(settings: Settings) -> MigrationStatus:
    backend, migrations = _backend(settings), _read()
    try:
        if _APPLIED not in backend.list_tables():
            return MigrationStatus(applied=[], pending=[migration.id for migration in migrations], newer=[])
        pending = [migration.id for migration in backend.to_apply(migrations)]
        known = [migration.id for migration in migrations]
        with closing(backend.connection.cursor()) as cursor:
            cursor.execute(_IDS)
            newer = sorted({row[0] for row in cursor.fetchall()}.difference(known))
        return MigrationStatus(applied=[id_ for id_ in known if id_ not in pending], pending=pending, newer=newer)
    finally:
        backend.connection.close()


def _change(settings: Settings, roll_back: int | None) -> list[str]:
    """Applies what is pending, or takes so many of the newest back."""
    backend, done = _backend(settings), []
    try:
        backend.init_database()
        backend.break_lock()
        with backend.lock():
            if roll_back is None:
                chosen, step, note = backend.to_apply(_read()), backend.apply_one, backend.mark_one
            else:
                chosen, step, note = backend.to_rollback(_read()), backend.rollback_one, backend.unmark_one
            for migration in list(chosen)[:roll_back]:
                _run(step, note, migration)
                done.append(str(migration.id))
    finally:
        backend.connection.close()
    return done


def _run(step: Any, note: Any, migration: Any) -> None:
    try:
        step(migration)
    except Exception as error:
        if error.args and error.args[0] in _ALTERED_BEFORE:
            note(migration)
            return
        raise MigrationFailed(
            f"migration {migration.id} failed: {error}. Nothing after it was applied; mend the cause and start again."
        ) from error


async def migration_status(settings: Settings) -> MigrationStatus:
    """What is applied and what is not; changes nothing. Raises DatabaseUnavailable or SchemaMissing."""
    return await asyncio.to_thread(_status, settings)


async def migrate(settings: Settings, thirdeye: MySQL) -> list[str]:
    """Creates the schema if it may, applies what is pending, and gives the ids applied by this call.

    Raises MigrationFailed, as SchemaUnfit over a newer version's schema, DatabaseUnavailable, or SchemaMissing when the
    schema is not there and may not be created.
    """
    try:
        await thirdeye.ping()
    except SchemaMissing:
        await create_schema(settings)
        log.info("schema_created", schema=settings.thirdeye_mysql_schema)
    # As at nearly every start of a process: found by one statement, where yoyo locks, makes a table and drops it. Over a newer
    # version's schema it goes on, to be refused.
    if migration_ids() == await applied_migrations(thirdeye, _LOCK_SECONDS):
        return []
    return await _locked(settings, thirdeye, None)


async def roll_back(settings: Settings, thirdeye: MySQL, count: int, *, lose_data: bool = False) -> list[str]:
    """Takes the newest `count` applied migrations back and gives their ids, newest first.

    Raises RollbackRefused, and takes none back, where that would lose what nothing brings back, unless `lose_data`.
    """
    return await _locked(settings, thirdeye, count, lose_data=lose_data)


async def wait_until_current(settings: Settings, thirdeye: MySQL, seconds: float) -> None:
    """Waits until somebody else has applied all migrations of this version. Raises MigrationFailed when they have not after
    so many seconds, SchemaUnfit at once.
    """
    until = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            pending = sorted(migration_ids() - await applied_migrations(thirdeye, _CHECK_SECONDS))
            if not pending:
                await check_schema(settings, thirdeye)
                return
            reason = f"{len(pending)} migrations are pending, from {pending[0]} on; run `thirdeye migrate` and see how it ended"
        except Unavailable as error:
            reason = str(getattr(error, "detail", error))
        if asyncio.get_running_loop().time() >= until:
            raise MigrationFailed(f"after {seconds:g} s the schema is still not current: {reason}")
        await asyncio.sleep(_POLL_SECONDS)


def migration_ids() -> frozenset[str]:
    """The migrations of this version."""
    return frozenset(str(migration.id) for migration in _read())


def tables_made() -> dict[str, str]:
    """By migration of this version the table that it makes, of those that make one."""
    made = {}
    for id_ in sorted(migration_ids()):
        match = _MAKES.search((resource("migrations") / f"{id_}.sql").read_text(encoding="utf-8"))
        if match:
            made[id_] = match[1]
    return made


async def applied_migrations(thirdeye: MySQL, timeout: float = _LOCK_SECONDS) -> frozenset[str]:
    """The migrations that the schema has, by one statement over some dozen rows. Raises DatabaseUnavailable."""
    try:
        return frozenset(row["migration_id"] for row in await thirdeye.fetch_within(timeout, _IDS))
    except pymysql.err.MySQLError as error:
        if error.args[0] not in NOT_READABLE:
            raise
        return frozenset()


async def check_schema(settings: Settings, thirdeye: MySQL) -> None:
    """Raises SchemaUnfit where a newer version has migrated the schema, unless that is allowed, or where it was restored in
    part: a table is gone whose migration is noted. Raises DatabaseUnavailable, or SchemaMissing.
    """
    applied = await applied_migrations(thirdeye, _CHECK_SECONDS)
    newer = sorted(applied - migration_ids())
    if newer and not settings.allow_newer_schema:
        raise SchemaUnfit(f"{_newer(settings, newer)}; or set ALLOW_NEWER_SCHEMA=true for as long as it takes.")
    gone = await _gone(thirdeye, applied)
    if gone:
        # While another process alters a table MariaDB may leave it out of its list.
        async with thirdeye.advisory_lock("migrate", timeout=_LOCK_SECONDS) as got:
            if not got:
                raise DatabaseUnavailable("thirdeye", f"another process has been migrating for over {_LOCK_SECONDS} s")
            gone = await _gone(thirdeye, applied)
    if gone:
        raise SchemaUnfit(
            f"the schema {settings.thirdeye_mysql_schema} lacks {', '.join(gone[:5])}, although the migrations that make them "
            "are noted as applied, as after a restore of a part. Restore the backup as a whole into an empty schema; "
            "`thirdeye doctor` says more."
        )


async def _gone(thirdeye: MySQL, applied: frozenset[str]) -> list[str]:
    """The tables that are not there, although the migrations that make them are applied."""
    tables = {next(iter(row.values())) for row in await thirdeye.fetch_within(_CHECK_SECONDS, "SHOW TABLES")}
    return sorted(table for id_, table in tables_made().items() if id_ in applied and table not in tables)


def _newer(settings: Settings, newer: list[str]) -> str:
    return (
        f"the schema {settings.thirdeye_mysql_schema} was migrated by a newer version of ThirdEye ({', '.join(newer[:5])}). "
        f"Start that version or a later one; or take these back with it, `thirdeye migrate --rollback {len(newer)}`"
    )


async def _locked(settings: Settings, thirdeye: MySQL, roll_back: int | None, *, lose_data: bool = True) -> list[str]:
    async with thirdeye.advisory_lock("migrate", timeout=_LOCK_SECONDS) as got:
        if not got:
            raise DatabaseUnavailable("thirdeye", f"another process has been migrating for over {_LOCK_SECONDS} s")
        known, applied = migration_ids(), await applied_migrations(thirdeye)
        newer = sorted(applied - known)
        # Older migrations under newer ones were never tried in that order, neither forth nor back.
        if newer and not (settings.allow_newer_schema and roll_back is None):
            raise SchemaUnfit(f"{_newer(settings, newer)}.")
        if not lose_data:
            await _check_losses(thirdeye, sorted(applied & known)[::-1][:roll_back])
        return await asyncio.to_thread(_change, settings, roll_back)


async def _check_losses(thirdeye: MySQL, ids: list[str]) -> None:
    lost = [f"{id_} ({rows:,})" for id_ in ids if (rows := await _lost_rows(thirdeye, id_))]
    if lost:
        raise RollbackRefused(
            f"rolling back would lose what nothing brings back; migrations, with rows: {', '.join(lost)}. Nothing was rolled "
            "back; make a backup of ThirdEye's schema, then add --lose-data."
        )


async def _lost_rows(thirdeye: MySQL, id_: str) -> int:
    text = (resource("migrations") / f"{id_}.rollback.sql").read_text(encoding="utf-8")
    said = _LOSES.match(text)
    if said is None:
        raise RollbackRefused(f"{id_} does not say what its rollback loses; add --lose-data if that may be anything")
    try:
        row = await thirdeye.fetch_one(said[1]) if said[1] else None
    except pymysql.err.MySQLError as error:
        if error.args[0] not in _GONE_BEFORE:
            raise
        return 0
    return int(next(iter(row.values()))) if row else 0
