"""Bringing the `thirdeye` schema up to date with yoyo, safely when several processes start at once.

A server-side advisory lock is the real mutex: it dies with its process. Whoever holds it may break a lock row that a
killed run of yoyo left behind. Each migration is one idempotent statement, so that a run killed half way goes on.

The first line of each rollback says what it `loses`: a query that counts the rows that nothing brings back, or nothing.
"""

import asyncio
import re
from typing import TYPE_CHECKING

import pymysql
import structlog

from thirdeye.database import MySQL, create_schema
from thirdeye.database_errors import NOT_READABLE
from thirdeye.errors import DatabaseUnavailable, SchemaMissing, Unavailable
from thirdeye.migration_errors import MigrationFailed as MigrationFailed
from thirdeye.migration_errors import RollbackRefused as RollbackRefused
from thirdeye.migration_errors import SchemaUnfit as SchemaUnfit
from thirdeye.resources import resource
from thirdeye.settings import Settings

if TYPE_CHECKING:
    from thirdeye.migration_runner import MigrationStatus

_LOCK_SECONDS = 60
_CHECK_SECONDS = 5.0
_POLL_SECONDS = 1.0
# No such column, or no such table: a rollback that was killed before it could note it took them away.
_GONE_BEFORE = frozenset({1054, 1146})
_IDS = "SELECT migration_id FROM _yoyo_migration"
_ROLLBACK = ".rollback.sql"
_LOSES = re.compile(r"-- loses: (?:nothing\b|(SELECT .*))")
_MAKES = re.compile(r"^CREATE TABLE IF NOT EXISTS (\w+)", re.MULTILINE)
log = structlog.get_logger(__name__)


async def migration_status(settings: Settings) -> "MigrationStatus":
    """What is applied and what is not; changes nothing. Raises DatabaseUnavailable or SchemaMissing."""
    from thirdeye.migration_runner import status

    return await asyncio.to_thread(status, settings)


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
    files = [path.name for path in resource("migrations").glob("*.sql")]
    return frozenset(name.removesuffix(".sql") for name in files if not name.endswith(_ROLLBACK))


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
    from thirdeye.migration_runner import change

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
        return await asyncio.to_thread(change, settings, roll_back)


async def _check_losses(thirdeye: MySQL, ids: list[str]) -> None:
    lost = [f"{id_} ({rows:,})" for id_ in ids if (rows := await _lost_rows(thirdeye, id_))]
    if lost:
        raise RollbackRefused(
            f"rolling back would lose what nothing brings back; migrations, with rows: {', '.join(lost)}. Nothing was rolled "
            "back; make a backup of ThirdEye's schema, then add --lose-data."
        )


async def _lost_rows(thirdeye: MySQL, id_: str) -> int:
    text = (resource("migrations") / f"{id_}{_ROLLBACK}").read_text(encoding="utf-8")
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
