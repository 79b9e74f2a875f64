"""Every command against everything that is known to go wrong: a sentence, an exit code, never a traceback.

Reproduced with `thirdeye refresh`. Relatives: all other commands, and each kind of failure: no server, a wrong password, no
schema or an old one, another refresh, a lost lease, Redis away, settings of every wrong form, Ctrl-C.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.support import PATIENCE, ROOT
from tests.support.api import prepare_accounts, settings_for
from tests.support.database import copy_migrated
from tests.support.deployment import process_environment
from thirdeye.cli import cli
from thirdeye.local.servers import MariaDB, Redis
from thirdeye.local.tokens import Signer
from thirdeye.mirror.context import RefreshContext, RefreshLost
from thirdeye.settings import Settings, process_settings

SCHEMA = "thirdeye_commands"
# Stands for a token.
TOKEN = "$TOKEN"
# By command what it needs.
COMMANDS: dict[tuple[str, ...], set[str]] = {
    ("refresh",): {"thirdeye"}, ("refresh", "--full"): {"thirdeye"},
    ("migrate",): {"thirdeye"}, ("migrate", "--status"): {"thirdeye"}, ("migrate", "--rollback", "1"): {"thirdeye"},
    ("check",): {"om", "thirdeye"}, ("grants",): {"om"}, ("audit",): {"thirdeye", "tables"},
    ("token", "deny", TOKEN): {"thirdeye", "tables"}, ("token", "allow", "0" * 8): {"thirdeye", "tables"},
    ("token", "denied"): {"thirdeye", "tables"},
    ("report",): {"thirdeye", "tables"}, ("report", "--json"): {"thirdeye", "tables"},
    ("serve",): set(), ("worker",): set(), ("worker", "--check"): set(), ("config", "show"): set(),
}  # fmt: skip
# By failure what is wrong, and what of a command it is about.
AWAY: dict[str, tuple[dict[str, str], str]] = {
    "no server": ({"OM_MYSQL_PORT": "1"}, "om thirdeye"),
    "no such host": ({"OM_MYSQL_HOST": "nowhere.invalid"}, "om thirdeye"),
    "no password": ({"THIRDEYE_MYSQL_PW": ""}, "thirdeye"),
    "a wrong password": ({"THIRDEYE_MYSQL_PW": "x"}, "thirdeye"),
    "a wrong user": ({"THIRDEYE_MYSQL_USER": "nobody"}, "thirdeye"),
    "a wrong password of OM": ({"OM_MYSQL_PW_RO": "x"}, "om"),
    "a schema that may not be made": ({"THIRDEYE_MYSQL_SCHEMA": "forbidden"}, "thirdeye"),
    "no schema of OM": ({"OM_MYSQL_DB": "forbidden"}, "om"),
}
INVALID: dict[str, dict[str, str]] = {
    "a number out of range": {"REFRESH_MINUTES": "0"},
    "no number": {"OM_MYSQL_PORT": "x"},
    "no JSON": {"JWT_PROVIDERS": "x"},
    "JSON of another kind": {"JWT_PROVIDERS": '{"a": 1}'},
    "nested JSON": {"JWT_PROVIDERS": "[" * 5000},
    "broken JSON in a list": {"JWT_ISSUERS": "["},
    "a port that is none": {"REDIS_URL": "redis://127.0.0.1:99999/0"},
    "an address that is none": {"JWT_JWKS_URL": "http://["},
    "no key": {"JWT_PUBLIC_KEY": ""},
    "the explorer in production": {"GRAPHQL_PLAYGROUND": "true"},
}


@pytest.fixture(scope="module")
def settings(mariadb: MariaDB, redis_server: Redis, signer: Signer) -> Settings:
    prepare_accounts(mariadb, "om_commands", SCHEMA)
    made = settings_for(mariadb, redis_server, om_schema="om_commands", schema=SCHEMA, signer=signer)
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS om_commands")
        # So that the account may log in there; it sees nothing else.
        cursor.execute(f"GRANT SELECT ON om_commands.* TO '{made.om_mysql_user_ro}'@'%'")
    copy_migrated(mariadb, SCHEMA, made)
    return made


Run = Callable[..., Any]


@pytest.fixture
def run(settings: Settings, signer: Signer) -> Iterator[Run]:
    """Runs a command in this process; what it printed and its exit code."""
    environment = process_environment(settings) | {"MYSQL_CONNECT_TIMEOUT": "3", "MYSQL_ACQUIRE_TIMEOUT": "3"}

    def invoke(*command: str, **wrong: str) -> Any:
        process_settings.cache_clear()
        words = [signer.token() if word == TOKEN else word for word in command]
        return CliRunner().invoke(cli, words, env={**environment, **wrong})

    yield invoke
    process_settings.cache_clear()


def ended(result: Any, *saying: str, code: int = 1) -> None:
    assert isinstance(result.exception, SystemExit), result.exc_info
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    assert result.output.strip()
    for text in saying:
        assert text in result.output, result.output


@pytest.mark.parametrize("failure", AWAY)
def test_what_is_away_is_said(run: Run, failure: str) -> None:
    wrong, about = AWAY[failure]
    concerned = [command for command, needs in COMMANDS.items() if needs & set(about.split())]
    assert concerned
    for command in concerned:
        ended(run(*command, **wrong))


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.soak)], ids=["in turn", "all"])
@pytest.mark.parametrize("failure", INVALID)
def test_a_wrong_setting_is_named(run: Run, failure: str, step: int) -> None:
    """All commands read their settings in the same way, so each fourth of them meets each failure here; each meets two."""
    wrong = INVALID[failure]
    for command in list(COMMANDS)[list(INVALID).index(failure) % step :: step]:
        ended(
            run(*command, **wrong),
            "a setting is wrong",
            *(name if name != "JWT_PUBLIC_KEY" else "JWT_" for name in wrong),
        )


def test_settings_that_cannot_be_read_are_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    ended(run("config", "show"), ".env cannot be read")


def test_a_schema_without_tables_is_said(run: Run, mariadb: MariaDB, settings: Settings) -> None:
    prepare_accounts(mariadb, "om_commands", "thirdeye_bare")
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE thirdeye_bare")
        try:
            for command, needs in COMMANDS.items():
                if "tables" in needs:
                    ended(run(*command, THIRDEYE_MYSQL_SCHEMA="thirdeye_bare"), "thirdeye migrate --status")
        finally:
            cursor.execute("DROP DATABASE thirdeye_bare")
            prepare_accounts(mariadb, "om_commands", SCHEMA)


@contextmanager
def lock(mariadb: MariaDB, name: str) -> Iterator[None]:
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", (f"{SCHEMA}.{name}",))
        assert cursor.fetchone() == (1,)
        yield


def test_another_refresh_and_a_lost_lease_are_said(run: Run, mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch) -> None:
    with lock(mariadb, "refresh"):
        ended(run("refresh"), "another refresh is running")

    def lost(_: RefreshContext) -> None:
        raise RefreshLost

    with monkeypatch.context() as patched:
        patched.setattr(RefreshContext, "check_lease", lost)
        ended(run("refresh"), "lost its lease; nothing of it was published")
    assert run("refresh").exit_code == 0


def test_a_defect_keeps_its_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(_: RefreshContext) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(RefreshContext, "check_lease", defect)
    assert isinstance(run("refresh").exception, ZeroDivisionError)


def test_a_worker_is_not_found_without_redis(settings: Settings) -> None:
    # In a process of its own, for arq keeps what its settings were when they were first asked for.
    environment = process_environment(settings) | {"REDIS_URL": "redis://127.0.0.1:1/0"}
    command = [sys.executable, "-m", "thirdeye", "worker", "--check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "Redis cannot be used" in done.stderr


def interrupted(process: subprocess.Popen[str]) -> str:
    """What it says until it ends. Python 3.11 may lose a Ctrl-C while a connection is made: people press it again."""
    while True:
        os.kill(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=2)[1]


@pytest.mark.parametrize("command", [("refresh",), ("grants",)])
def test_ctrl_c_stops_in_order(settings: Settings, command: tuple[str, ...]) -> None:
    """While a server that says nothing is waited for."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        environment = process_environment(settings) | {
            "OM_MYSQL_HOST": "127.0.0.1", "OM_MYSQL_PORT": str(silent.getsockname()[1]), "MYSQL_CONNECT_TIMEOUT": "60",
            "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        # Python must have come so far that the signal is its own, also where whoever runs the tests ignores it.
        script = (
            "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); from thirdeye.cli import main; "
            "print('ready', flush=True); sys.argv[0] = 'thirdeye'; main()"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", script, *command], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd=ROOT, process_group=0,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        waiting, _ = silent.accept()
        with waiting:
            errors = interrupted(process)
        assert process.returncode == 130, errors
        assert "Traceback" not in errors
        assert "stopped" in errors
