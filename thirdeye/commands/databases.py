"""`thirdeye check`: whether both databases can be used as they are."""

import sys

import typer

from thirdeye.commands.runner import no_observer, run, settings_or_exit, with_database
from thirdeye.database import MySQL, om_database, thirdeye_database
from thirdeye.errors import DatabaseUnavailable, SchemaMissing
from thirdeye.migrations import migration_status
from thirdeye.settings import Settings

_NO_SCHEMA = "no schema yet: run `thirdeye migrate`"


def check() -> None:
    """Looks at both databases and says what it finds; changes nothing. Exit code 1 when one cannot be used."""
    settings = settings_or_exit()
    om, thirdeye = om_database(settings, no_observer), thirdeye_database(settings, no_observer)
    problems = [
        run(with_database(om, _om_problem(om))),
        run(with_database(thirdeye, _thirdeye_problem(thirdeye, settings))),
    ]
    for database, problem in zip((om, thirdeye), problems, strict=True):
        if problem is not None:
            typer.echo(f"{database.name}: {database.address}: {problem}", err=True)
    sys.exit(0 if problems == [None, None] else 1)


async def _om_problem(om: MySQL) -> str | None:
    try:
        await _show_server(om)
        for privilege in await om.excess_privileges():
            typer.echo(f"  the read-only account has more than it needs: {privilege}")
    except DatabaseUnavailable as error:
        return _unavailable(error)
    return None


async def _thirdeye_problem(thirdeye: MySQL, settings: Settings) -> str | None:
    try:
        await _show_server(thirdeye)
        status = await migration_status(settings)
    except SchemaMissing:
        return _NO_SCHEMA
    except DatabaseUnavailable as error:
        return _unavailable(error)
    if not status.applied:
        return _NO_SCHEMA
    if status.newer and not settings.allow_newer_schema:
        return f"a newer version of ThirdEye has migrated the schema: {', '.join(status.newer[:5])}"
    return f"pending migrations: {len(status.pending)}; run `thirdeye migrate`" if status.pending else None


def _unavailable(error: DatabaseUnavailable) -> str:
    # Of a name that leads nowhere, or a server that does not answer, only the kind of error is known.
    return error.detail if " " in error.detail else f"the server cannot be reached ({error.detail})"


async def _show_server(database: MySQL) -> None:
    typer.echo(f"{database.name}: {database.address}, {await database.server_version()}")
