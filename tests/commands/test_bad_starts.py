"""Real processes over what they may not start over: an exit code and the sentence that an administrator needs, or a process
that stays up, is not ready, and has the reason in its log. An engine that restarts what ends shows that sentence each time.

Elsewhere: `test_failures.py` has every setting and server of each command in one process, `tests/deploy/test_image.py` the
secret that only root may read, `test_doctor_address.py` and `test_doctor_gateway.py` proxies that strip or fold headers.
"""

import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import PATIENCE
from tests.support.api import prepare_accounts, settings_for
from tests.support.database import copy_migrated
from tests.support.deployment import process_environment
from tests.support.waiting import wait_for
from thirdeye.local.processes import Child
from thirdeye.local.servers import MariaDB, MySQL, Redis, free_port
from thirdeye.local.tokens import Signer
from thirdeye.migrations import migration_ids
from thirdeye.settings import Settings

pytestmark = [pytest.mark.unmeasured, pytest.mark.one_server]
SCHEMA = "thirdeye_starts"
# The second of them alters a table, the third another one.
NEWEST = sorted(each for each in migration_ids() if each >= "0072")
Start = Callable[..., Child]


@pytest.fixture
def settings(sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer) -> Iterator[Settings]:
    # OpenMetadata's schema was moved: the account sees none of this name.
    prepare_accounts(sql_server, "om_moved", SCHEMA)
    made = settings_for(sql_server, redis_server, om_schema="om_moved", schema=SCHEMA, signer=signer)
    copy_migrated(sql_server, SCHEMA, made)
    yield made
    with sql_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {SCHEMA}")


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Start]:
    """Starts `thirdeye COMMAND`; its log is both of its outputs."""
    children = []

    def started(*command: str, **more: str) -> Child:
        environment = process_environment(settings) | {"THIRDEYE_PORT": str(free_port()), **more}
        log = tmp_path / f"{len(children)}.log"
        child = Child([sys.executable, "-m", "thirdeye", *command], log=log, env=environment, guarded=True)
        children.append(child)
        return child

    yield started
    for child in children:
        child.kill()


def text_of(child: Child) -> str:
    return child.log.read_text()


def ended(child: Child) -> tuple[int | None, str]:
    """How it ended, and all that it said: no more than a few lines, none of a traceback."""
    wait_for(lambda: child.exit_code is not None, saying=child.log_end)
    text = text_of(child)
    assert "Traceback" not in text
    return child.exit_code, text


@contextmanager
def statements(server: MariaDB | MySQL, *said: str) -> Iterator[None]:
    """A connection that said this, and stays."""
    with server.connect(SCHEMA) as connection, connection.cursor() as cursor:
        for statement in said:
            cursor.execute(statement)
        yield
        connection.commit()


def noted(server: MariaDB | MySQL) -> list[str]:
    with server.connect(SCHEMA) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT migration_id FROM _yoyo_migration")
        return sorted({str(row[0]) for row in cursor.fetchall()} & set(NEWEST))


def forget_newest(server: MariaDB | MySQL) -> None:
    """As before them, but for what they did: a run that was killed before it noted it."""
    with statements(server, f"DELETE FROM _yoyo_migration WHERE migration_id >= '{NEWEST[0]}'"):
        pass


def test_settings_and_secrets_end_the_start_before_anything_is_connected(start: Start, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    wrong: dict[str, tuple[dict[str, str], str]] = {
        "serve": (
            {"MAX_CONNECTIONS": "10", "MAX_CONNECTIONS_BY_ADDRESS": "20"},
            "MAX_CONNECTIONS_BY_ADDRESS, MAX_CONNECTIONS: the first must not be above the second",
        ),
        "worker": ({"THIRDEYE_MYSQL_PW": "", "THIRDEYE_MYSQL_PW_FILE": str(tmp_path / "empty")}, "THIRDEYE_MYSQL_PW_FILE: "),
        # A folder, for root may read every file.
        "migrate": ({"OM_MYSQL_PW_RO": "", "OM_MYSQL_PW_RO_FILE": str(tmp_path)}, "OM_MYSQL_PW_RO_FILE: "),
    }  # fmt: skip
    # No server is there to be asked.
    children = {command: start(command, OM_MYSQL_PORT="1", **more) for command, (more, _) in wrong.items()}
    for command, (_, sentence) in wrong.items():
        code, text = ended(children[command])
        assert (code, "ThirdEye cannot start, a setting is wrong:" in text) == (1, True), text
        assert sentence in text
        assert text.count("\n") <= 2


def test_a_newer_schema_ends_the_start(start: Start, sql_server: MariaDB | MySQL) -> None:
    with statements(
        sql_server, "INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES ('x', '9001.later')"
    ):
        pass
    for child in [start(command) for command in ("serve", "worker", "migrate")]:
        code, text = ended(child)
        assert code == 1
        assert "was migrated by a newer version of ThirdEye (9001.later). Start that version or a later one" in text


def test_a_migration_that_was_killed_goes_on(start: Start, sql_server: MariaDB | MySQL) -> None:
    forget_newest(sql_server)
    waiting = (
        f"SELECT COUNT(*) FROM information_schema.processlist WHERE db = '{SCHEMA}' AND state LIKE '%metadata lock%'"
    )

    def waits() -> bool:
        with sql_server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(waiting)
            return bool(cursor.fetchone()[0])

    # It waits for who has locked the table that it alters.
    with statements(sql_server, "LOCK TABLES table_former_id WRITE"):
        killed = start("migrate")
        wait_for(waits, saying=killed.log_end)
        os.kill(killed.pid, signal.SIGKILL)
        wait_for(lambda: killed.exit_code is not None)
        assert noted(sql_server) == NEWEST[:2]
    code, text = ended(start("migrate"))
    assert (code, noted(sql_server)) == (0, NEWEST), text


def test_a_migration_that_fails_leaves_a_process_that_says_why_and_goes_on(
    start: Start, settings: Settings, sql_server: MariaDB | MySQL
) -> None:
    """And OpenMetadata's schema is another one by now, which stops nobody."""
    forget_newest(sql_server)
    schema = SCHEMA.replace("_", r"\_")  # as it was granted
    account = f"`{schema}`.* {{}} '{settings.thirdeye_mysql_user}'@'%'"
    with statements(sql_server, f"REVOKE ALTER, INDEX ON {account.format('FROM')}"):
        pass
    port = free_port()
    serve, worker = start("serve", THIRDEYE_PORT=str(port)), start("worker")
    reason = f"migration {NEWEST[1]} failed: "
    for child in (serve, worker):
        wait_for(lambda child=child: reason in text_of(child), saying=child.log_end)

    def ready() -> int:
        try:
            return int(urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/thirdeye/health/ready").status)
        except urllib.error.HTTPError as error:
            return int(error.code)
        except OSError:
            return 0

    wait_for(lambda: ready() == 503, saying=serve.log_end)
    assert [child.exit_code for child in (serve, worker)] == [None, None]
    with statements(sql_server, f"GRANT ALTER, INDEX ON {account.format('TO')}"):
        pass
    wait_for(lambda: ready() == 200, saying=serve.log_end)
    assert noted(sql_server) == NEWEST
    events = [json.loads(line) for line in text_of(serve).splitlines() if line.startswith("{")]
    # Once, though it was tried each second.
    said = sorted(event["event"] for event in events if reason in str(event))
    assert said == ["dependency_away", "thirdeye_schema_not_ready"]
    (moved,) = [event for event in events if event["event"] == "openmetadata_schema_missing"]
    assert "OM_MYSQL_DB" in moved["advice"]
    worker.terminate(PATIENCE)
    assert worker.exit_code == 0, worker.log_end()
