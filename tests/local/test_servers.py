"""Private servers: they start, keep to themselves, and end with their parent."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest
import redis

from tests.support import PATIENCE, ROOT
from tests.support.processes import is_gone
from tests.support.waiting import wait_for
from thirdeye.local import processes, servers
from thirdeye.local.processes import Child
from thirdeye.local.servers import (
    HOST,
    MariaDB,
    MySQL,
    PrivateServer,
    Redis,
    ServerProblem,
    free_port,
    port_is_free,
    wait_until,
)


def ask(server: MariaDB | MySQL, statement: str) -> Any:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


@pytest.fixture(scope="module")
def new_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a MariaDB that has just been made, which takes longer than to copy it."""
    server = MariaDB(tmp_path_factory.mktemp("new"), fast=True)
    server.start()
    server.stop()
    return server.folder / "data"


@pytest.fixture
def own_mariadb(tmp_path: Path, new_data: Path) -> Iterator[MariaDB]:
    """One that a test may kill."""
    server = MariaDB(tmp_path / "mariadb", fast=True)
    shutil.copytree(new_data, server.folder / "data")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path / "redis")
    server.start()
    yield server
    server.kill()


def test_sql_servers_speak_utf8mb4_without_a_binary_log(sql_server: MariaDB | MySQL) -> None:
    row = ask(sql_server, "SELECT @@character_set_server, @@log_bin, @@port, @@skip_name_resolve, @@tmpdir")
    assert row == ("utf8mb4", 0, sql_server.port, 1, str(sql_server.folder / "tmp"))


def test_nobody_comes_in_without_the_password(sql_server: MariaDB | MySQL) -> None:
    ways: list[dict[str, Any]] = [{"host": HOST, "port": sql_server.port}, {"unix_socket": sql_server.unix_socket}]
    for way in ways:
        for user in ("root", "", "mysql", "mariadb.sys", "mysql.sys"):
            # PyMySQL leaves the socket of a refused connection to the collector.
            refused = pymysql.connect(user=user, defer_connect=True, **way)
            with pytest.raises(pymysql.err.OperationalError, match=r"1045|4151|3118"):
                refused.connect()
            refused._force_close()
        pymysql.connect(user="root", password=sql_server.root_password, **way).close()


def test_secrets_are_for_their_owner_only(own_mariadb: MariaDB, own_redis: Redis) -> None:
    files = [(own_mariadb, "password"), (own_mariadb, "init.sql"), (own_redis, "password"), (own_redis, "redis.conf")]
    for server, name in files:
        assert server.folder.stat().st_mode & 0o777 == 0o700
        assert (server.folder / name).stat().st_mode & 0o777 == 0o600
        assert len(server.root_password) >= 32
        assert server._child
        assert server.root_password.encode() not in Path(f"/proc/{server._child.pid}/cmdline").read_bytes()


def test_a_starting_mariadb_leaves_the_temporary_tables_of_another_alone(own_mariadb: MariaDB, tmp_path: Path) -> None:
    with own_mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE d")
        cursor.execute("CREATE TEMPORARY TABLE d.t (a INT) ENGINE=Aria")
        other = MariaDB(tmp_path / "other", fast=True)
        other.start()
        other.kill()
        cursor.execute("DROP TEMPORARY TABLE d.t")


def test_data_outlive_a_crash_and_the_port_stays(own_mariadb: MariaDB) -> None:
    server, port = own_mariadb, own_mariadb.port
    ask(server, "CREATE DATABASE kept")
    assert server._child
    pid = server._child.pid
    server.kill()
    assert not server.running
    assert is_gone(pid)
    assert not server._answers()
    server.start()
    server.restart()
    assert server.port == port
    assert ask(server, "SHOW DATABASES LIKE 'kept'") == ("kept",)


def test_a_paused_server_does_nothing_any_more(own_mariadb: MariaDB) -> None:
    assert own_mariadb._child is not None
    threads = Path(f"/proc/{own_mariadb._child.pid}/task")
    for _ in range(5):
        own_mariadb.pause()
        assert {(each / "stat").read_text().rpartition(")")[2].split()[0] for each in threads.iterdir()} == {"T"}
        own_mariadb.resume()
        assert ask(own_mariadb, "SELECT 1") == (1,)


def test_a_lost_password_file_mends_itself(own_mariadb: MariaDB) -> None:
    own_mariadb.stop()
    (own_mariadb.folder / "password").unlink()
    again = MariaDB(own_mariadb.folder, fast=True)
    again.start()
    assert again.root_password != own_mariadb.root_password
    assert ask(again, "SELECT 1") == (1,)
    again.kill()


def test_half_a_data_folder_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "data.new" / "mysql").mkdir(parents=True)
    server = MariaDB(tmp_path, fast=True)
    server.start()
    assert ask(server, "SELECT 1") == (1,)
    server.kill()


def test_a_deep_folder_gets_a_short_private_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90)
    server = MariaDB(deep, fast=True)
    assert MariaDB(deep).unix_socket == server.unix_socket
    short = Path(server.unix_socket).parent
    assert len(server.unix_socket) < 107
    assert short.stat().st_mode & 0o777 == 0o700
    # A folder that others may write to is not taken.
    short.chmod(0o777)
    other = Path(MariaDB(deep).unix_socket).parent
    assert other != short
    short.rmdir()
    other.rmdir()


def test_a_server_that_does_not_come_up_shows_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = MariaDB(tmp_path, fast=True)
    options = server._options
    monkeypatch.setattr(server, "_options", lambda: [*options(), "--no-such-option=1"])
    with pytest.raises(ServerProblem, match=r"(?s)did not start.*unknown variable 'no-such-option=1'"):
        server.start()
    assert not server.running


def test_a_data_folder_that_cannot_be_made_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installer = tmp_path / "mariadb-install-db"
    installer.write_text("#!/bin/sh\necho the disk is full\nexit 3\n")
    installer.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(ServerProblem, match=r"(?s)data folder failed.*the disk is full"):
        MariaDB(tmp_path / "m").start()
    assert not (tmp_path / "m" / "data").exists()


def test_a_missing_program_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers.shutil, "which", lambda *_arguments, **_options: None)
    with pytest.raises(ServerProblem, match="apt-get install redis-server"):
        Redis(tmp_path / "redis").start()


@pytest.mark.parametrize("kind", [MariaDB, Redis])
def test_a_port_taken_before_the_first_start_is_replaced(
    kind: type[MariaDB | Redis], own_redis: Redis, tmp_path: Path
) -> None:
    server: PrivateServer = kind(tmp_path / "second")
    server.port = own_redis.port
    server.start()
    assert server.port != own_redis.port
    server.kill()


def test_a_port_taken_before_a_restart_is_an_error(own_redis: Redis) -> None:
    own_redis.stop()
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind((HOST, own_redis.port))
        thief.listen()
        assert not port_is_free(own_redis.port)
        with pytest.raises(ServerProblem, match=r"(?i)address already in use"):
            own_redis.start()
    assert port_is_free(own_redis.port)


def test_ports_are_not_those_of_outgoing_connections() -> None:
    # From where Linux takes them, unless a machine is told otherwise.
    assert all(1024 < free_port() < 32768 for _ in range(20))


def test_redis_asks_for_its_password(own_redis: Redis) -> None:
    with redis.Redis(port=own_redis.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.ping()


def test_a_server_started_in_a_short_thread_lives_on(tmp_path: Path) -> None:
    server = Redis(tmp_path)
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    assert not wait_until(lambda: not server.running, seconds=0.3)
    server.stop()
    assert not server.running


PARENT = """
import sys, time
from pathlib import Path
from thirdeye.local.servers import Redis, MariaDB
from thirdeye.local.processes import Child
folder = Path(sys.argv[1])
servers = Redis(folder / "r"), MariaDB(folder / "m", fast=True)
for server in servers:
    server.start()
script = "trap '' TERM; sleep 1000 & echo $$ $! > $0.new; mv $0.new $0; wait; wait"
guarded = Child(["bash", "-c", script, str(folder / "pids")], log=folder / "log", guarded=True)
while not (folder / "pids").exists():
    time.sleep(0.01)
print(*(server._child.pid for server in servers), guarded.pid, (folder / "pids").read_text(), flush=True)
time.sleep(1000)
"""


def test_nothing_outlives_a_parent_killed_with_9(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 5
        assert not any(is_gone(pid) for pid in pids)
        os.kill(parent.pid, signal.SIGKILL)
    # The guarded one ignores SIGTERM: it gets its grace period and no more.
    wait_for(lambda: all(is_gone(pid) for pid in pids))


def guarded(tmp_path: Path, script: str) -> Child:
    log = tmp_path / "log"
    child = Child(["bash", "-c", script], log=log, guarded=True)
    wait_for(lambda: log.exists() and "ready" in log.read_text())
    return child


def started_by(child: Child) -> int:
    return int(child.log_end().split()[0])


def test_a_guarded_child_passes_on_its_exit_code_and_ends_what_it_left(tmp_path: Path) -> None:
    child = guarded(tmp_path, "sleep 1000 & echo $! ready; exit 7")
    wait_for(lambda: child.exit_code is not None)
    assert child.exit_code == 7
    wait_for(lambda: is_gone(started_by(child)))


def test_a_guarded_child_stops_in_order(tmp_path: Path) -> None:
    child = guarded(tmp_path, "trap 'echo bye; exit 3' TERM; echo ready; sleep 1000 & wait")
    child.terminate(PATIENCE)
    assert child.exit_code == 3
    assert child.log_end(1) == "bye"


def test_a_guarded_child_that_ignores_sigterm_is_killed_with_all_it_started(tmp_path: Path) -> None:
    child = guarded(tmp_path, "trap '' TERM; sleep 1000 & echo $! ready; wait")
    child.terminate(timeout=0.2)
    assert child.exit_code == 137
    wait_for(lambda: is_gone(started_by(child)))


def test_the_end_of_a_missing_log_is_empty(tmp_path: Path) -> None:
    assert processes.log_end(tmp_path / "none") == ""
