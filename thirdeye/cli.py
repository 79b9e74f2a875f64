"""The `thirdeye` command."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from thirdeye.commands import access, configuration, databases
from thirdeye.commands.doctor import doctor
from thirdeye.commands.failures import Commands
from thirdeye.commands.report import report
from thirdeye.commands.runner import no_observer, refuse_unfit_schema, settings_or_exit, with_database
from thirdeye.commands.runner import run as run_command
from thirdeye.database import MySQL, om_database, thirdeye_database
from thirdeye.lasting_imports import lasting_imports
from thirdeye.migrations import migrate, migration_status, roll_back, wait_until_current
from thirdeye.sql_text import parse_account, quote_account
from thirdeye.text import visible
from thirdeye.unused_modules import absent

# What only one command needs is imported there: it is half of the time that each takes to start.
if TYPE_CHECKING:
    from thirdeye.mirror.refresh import RequestedKind
    from thirdeye.mirror.store import Run

cli = typer.Typer(
    cls=Commands, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__
)
cli.add_typer(access.token, name="token")
cli.command("audit")(access.audit)
cli.command("check")(databases.check)
cli.command("report")(report)
cli.command("doctor")(doctor)
cli.add_typer(configuration.config, name="config")
cli.add_typer(configuration.operations, name="operations")


@cli.command()
def serve(
    reload: Annotated[bool, typer.Option("--reload", help="Start again whenever a source file changes.")] = False,
    processes: Annotated[
        int, typer.Option("--processes", min=0, max=64, help="How many serve together; 0: THIRDEYE_PROCESSES.")
    ] = 0,
) -> None:
    """Serves the API on THIRDEYE_HOST and THIRDEYE_PORT."""
    # uvicorn imports what watches source files wherever that is installed.
    with lasting_imports(), nullcontext() if reload else absent("watchfiles"):
        import uvicorn

        from thirdeye.commands.serving import serve_by_many, uvicorn_options

    settings = settings_or_exit()
    count = processes or settings.thirdeye_processes
    if reload and count > 1:
        sys.exit("--reload watches one process; leave --processes and THIRDEYE_PROCESSES away.")
    _refuse_taken_port(settings.thirdeye_host, settings.thirdeye_port)
    refuse_unfit_schema(settings)
    if count > 1:
        serve_by_many(settings, count)
    # uvicorn raises the signal again once it has stopped in order: that is a success, not a death by signal.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(0))
    uvicorn.run("thirdeye.app:app", reload=reload, **uvicorn_options(settings))


def _refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            sys.exit(f"Port {port} on {host} cannot be used ({error.strerror}); set THIRDEYE_PORT to another.")


@cli.command()
def worker(
    check: Annotated[bool, typer.Option("--check", help="Only tell whether a worker is alive; exit 1 if not.")] = False,
) -> None:
    """Runs the arq worker that computes the score, and starts it again when Redis was away."""
    settings = settings_or_exit()
    if check:
        from arq.connections import RedisSettings
        from arq.worker import async_check_health

        from thirdeye.jobs import queue_name

        redis, queue = RedisSettings.from_dsn(settings.redis_url), queue_name(settings.thirdeye_mysql_schema)
        sys.exit(asyncio.run(async_check_health(redis, queue_name=queue)))
    from worker.supervisor import supervise

    refuse_unfit_schema(settings)
    sys.exit(supervise())


@cli.command("migrate")
def migrate_command(
    status: Annotated[bool, typer.Option("--status", help="Only show what is applied and what is not.")] = False,
    rollback: Annotated[int, typer.Option("--rollback", min=0, help="Take so many of the newest back.")] = 0,
    lose_data: Annotated[bool, typer.Option("--lose-data", help="Also where that loses what people wrote.")] = False,
    wait: Annotated[int, typer.Option("--wait", min=0, help="Apply nothing; wait so many seconds for who does.")] = 0,
) -> None:
    """Creates the thirdeye schema if need be and applies the migrations that are pending."""
    settings = settings_or_exit()
    database = thirdeye_database(settings, no_observer)
    if wait:
        run_command(with_database(database, wait_until_current(settings, database, wait)))
        typer.echo("the schema is current")
        return
    if status:
        run_command(with_database(database, database.ping()))
        found = run_command(migration_status(settings))
        for name in found.applied:
            typer.echo(f"applied  {name}")
        for name in found.pending:
            typer.echo(f"pending  {name}")
        for name in found.newer:
            typer.echo(f"newer    {name}")
        return
    step = roll_back(settings, database, rollback, lose_data=lose_data) if rollback else migrate(settings, database)
    done = run_command(with_database(database, step))
    verb = "rolled back" if rollback else "applied"
    typer.echo("\n".join(f"{verb}  {name}" for name in done) or "nothing to do: the schema is current")


@cli.command()
def refresh(
    full: Annotated[bool, typer.Option("--full", help="Read everything again, not only what changed.")] = False,
) -> None:
    """Reads what changed in OpenMetadata into the inventory now, and shows how far it is."""
    from thirdeye.mirror.refresh import PHASE_NAMES
    from thirdeye.services import open_services

    settings = settings_or_exit()

    async def work() -> "Run":
        async with open_services(settings, watches=False) as services:
            await migrate(settings, services.thirdeye)
            with typer.progressbar(length=len(PHASE_NAMES), label="STARTING") as bar:

                def show(phase: str, seen: int) -> None:
                    bar.label = f"{phase:<10} {seen:>10,} tables read"
                    bar.update(max(PHASE_NAMES.index(phase) + 1 - bar.pos, 0))

                kind: RequestedKind = "FULL" if full else "AUTO"
                return await services.refresh.run(kind, requested_by="command line", on_progress=show)

    run = run_command(work())
    typer.echo(f"refresh {run['id']} ({run['kind']}): {run['seen']:,} tables read, {run['changed']:,} rows changed")
    for warning in run["warnings"]:
        typer.echo(visible(f"  {warning['code']}: {warning['count']:,}, for example {warning['example']}"))


@cli.command()
def grants(
    account: Annotated[str, typer.Option("--account", help="For which account: user, or user@host.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also for tables this account cannot see yet.")] = False,
) -> None:
    """Prints the GRANTs that the read-only account needs on OM's schema; run with an account that sees the schema.

    Without --account they are for the account that OM_MYSQL_USER_RO is on the server; with --all, for it from any host.
    """
    from thirdeye.mirror.openmetadata.source_tables import READABLE, grant_statements

    settings = settings_or_exit()
    try:
        grantee = parse_account(account) if account else quote_account(settings.om_mysql_user_ro, "%")
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--account") from None
    database = om_database(settings, no_observer)
    existing = {table: set(columns) for table, columns in READABLE.items()}
    if not everything:
        existing, current = run_command(with_database(database, _look(database)))
        grantee = grantee if account else current
    for statement in grant_statements(existing, settings.om_mysql_db, grantee):
        typer.echo(f"{statement};")


async def _look(database: MySQL) -> tuple[dict[str, set[str]], str]:
    from thirdeye.mirror.openmetadata.store import readable_columns

    return await readable_columns(database), await database.current_account()


@cli.command()
def dev(
    reload: Annotated[bool, typer.Option("--reload", help="Start the API again whenever a file changes.")] = False,
    tables: Annotated[int, typer.Option("--tables", min=0, max=1_000_000, help="Tables of the sample estate.")] = 300,
) -> None:
    """Runs everything on this machine: private MariaDB and Redis, a sample estate, worker and API."""
    from thirdeye.local.dev import run

    sys.exit(run(reload=reload, tables=tables))


def main() -> None:
    """Entry point."""
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    cli()
