"""Applying migrations and taking them back by yoyo, over one connection of its own. Nothing else imports yoyo.

Only where there is something to be done: a process that finds the schema as it should be needs none of this.
"""

import getpass
import logging
import os
import socket
import uuid
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

import pymysql.connections
from yoyo import read_migrations
from yoyo.backends.core.mysql import MySQLBackend
from yoyo.connections import parse_uri

from thirdeye.clock import utc_now
from thirdeye.migration_errors import MigrationFailed
from thirdeye.resources import resource
from thirdeye.settings import Settings

_APPLIED = "_yoyo_migration"
# No such column or key to drop, or such a column or key already: a run that was killed before it could note it altered
# the table, as a whole, for servers do that or nothing.
_ALTERED_BEFORE = frozenset({1060, 1061, 1091})
_IDS = "SELECT migration_id FROM _yoyo_migration"


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


def status(settings: Settings) -> MigrationStatus:
    """What is applied and what is not; changes nothing."""
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


def change(settings: Settings, roll_back: int | None) -> list[str]:
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
