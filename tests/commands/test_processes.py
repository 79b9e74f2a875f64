"""`thirdeye serve --processes`: real processes behind one port."""

import os
import re
import shutil
import signal
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.api import prepare_accounts, settings_for
from tests.support.database import copy_migrated
from tests.support.deployment import process_environment
from tests.support.waiting import wait_for
from thirdeye.local.processes import Child
from thirdeye.local.servers import MariaDB, MySQL, Redis, free_port
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.one_server]
SCHEMA = "thirdeye_processes"


class Served:
    """Two processes, and the one that keeps them."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        # Not within the test's own: a socket's path has an end after 107 bytes.
        self.port, self.temporary = free_port(), Path(tempfile.mkdtemp())
        more = {"THIRDEYE_PORT": str(self.port), "TMPDIR": str(self.temporary), "THIRDEYE_PROCESSES": "2"}
        command = [sys.executable, "-m", "thirdeye", "serve"]
        self.child = Child(command, log=folder / "log", env=environment | more)

    def ask(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            return str(answer.read().decode())

    def ready(self) -> bool:
        try:
            return set(self.serving()) == {"0", "1"}
        except urllib.error.URLError:
            return False

    def serving(self) -> list[str]:
        """The numbers of those that tell their metrics."""
        return re.findall(r'^thirdeye_refresh_interval_seconds\{process="(\d)"\}', self.ask("/metrics"), re.MULTILINE)

    def pids(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read_text().split()]


@pytest.fixture
def served(sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, tmp_path: Path) -> Iterator[Served]:
    prepare_accounts(sql_server, "om_processes", SCHEMA)
    settings = settings_for(sql_server, redis_server, om_schema="om_processes", schema=SCHEMA, signer=signer)
    copy_migrated(sql_server, SCHEMA, settings)
    served = Served(process_environment(settings), tmp_path)
    wait_for(served.ready, saying=served.child.log_end)
    yield served
    served.child.kill()
    shutil.rmtree(served.temporary)
    with sql_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {SCHEMA}")


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_one_that_is_killed_is_replaced_while_the_other_answers(served: Served) -> None:
    first, second = served.pids()
    os.kill(first, signal.SIGKILL)
    while first in served.pids() or len(served.pids()) < 2:
        served.ask("/api/v1/thirdeye/health/live")
    wait_for(served.ready, saying=served.child.log_end)
    assert second in served.pids()
    assert '"process_ended"' in served.child.log.read_text()

    (folder,) = served.temporary.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    pids = served.pids()
    served.child.terminate(60)
    assert served.child.exit_code == 0
    assert all(is_gone(pid) for pid in pids)
    assert not folder.exists()
    lines = served.child.log.read_text().splitlines()
    assert sum('"stopped"' in line for line in lines) == 2
    assert all(line.startswith("{") and line.endswith("}") for line in lines)


def test_none_outlives_the_one_that_keeps_them(served: Served) -> None:
    pids = served.pids()
    served.child.kill()
    wait_for(lambda: all(is_gone(pid) for pid in pids), saying=served.child.log_end)
    assert not list(served.temporary.iterdir())


def test_what_is_being_worked_on_when_all_are_told_to_stop_is_answered(
    served: Served, sql_server: MariaDB | MySQL, signer: Signer
) -> None:
    pids, token = served.pids(), signer.token(sub="ann")
    request = urllib.request.Request(
        f"http://127.0.0.1:{served.port}/api/v1/thirdeye/action-items",
        data=b'{"title": "late"}',
        headers={"content-type": "application/json", "authorization": f"Bearer {token}"},
    )
    with ThreadPoolExecutor(1) as asking, sql_server.connect(SCHEMA) as holding, holding.cursor() as cursor:
        cursor.execute("LOCK TABLES action_items WRITE")
        answer = asking.submit(lambda: urllib.request.urlopen(request, timeout=60).status)

        def is_waiting() -> bool:
            cursor.execute("SHOW PROCESSLIST")
            return any("table metadata lock" in str(row[6]) for row in cursor.fetchall())

        wait_for(is_waiting, saying=served.child.log_end)
        os.kill(served.child.pid, signal.SIGTERM)
        # The other one, which has nothing to do.
        wait_for(lambda: any(map(is_gone, pids)), saying=served.child.log_end)
        assert served.child.exit_code is None
        cursor.execute("UNLOCK TABLES")
        assert answer.result() == 201
    wait_for(lambda: served.child.exit_code is not None)
    assert served.child.exit_code == 0
    assert all(map(is_gone, pids))
