"""Private MariaDB, MySQL and Redis for development, tests and benchmarks: unprivileged, on loopback, ended with us."""

import hashlib
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

import pymysql
from pymysql.connections import Connection

from thirdeye.local.processes import Child, log_end

HOST = "127.0.0.1"
_START_SECONDS = 180.0
_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.1
# The kernel allows 107 bytes.
_MAX_SOCKET_PATH_BYTES = 100
# Below where Linux takes the local ports of outgoing connections from: one of those could hold the port of a server
# while it restarts.
PORTS = range(20000, 32000)
_handed_out: set[int] = set()


class ServerProblem(Exception):
    """A server is not installed or does not start; the message says what to do, or how its log ends."""


def port_is_free(port: int) -> bool:
    """Whether a server could listen there at the moment."""
    with socket.socket() as probe:
        # As servers do: connections that linger after their server's end do not hold its port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port() -> int:
    """A TCP port that nobody listens on at the moment; random, so that two processes seldom choose the same.

    None is given twice: whoever was given one may not listen on it yet.
    """
    for _ in range(1000):
        port = secrets.choice(PORTS)
        if port not in _handed_out and port_is_free(port):
            _handed_out.add(port)
            return port
    raise ServerProblem(f"no free TCP port between {PORTS.start} and {PORTS.stop}")


def write_private(path: Path, text: str) -> None:
    """Replaces a file atomically; only its owner can read it."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def find_program(name: str, package: str) -> str:
    """The path of a program. Raises ServerProblem naming the package to install."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise ServerProblem(f"{name} is not installed: apt-get install {package}")
    return path


def wait_until(ready: Callable[[], bool], *, seconds: float, alive: Callable[[], bool] = lambda: True) -> bool:
    """Polls `ready` until it is true, ever less often; False after `seconds`, or when `alive` turns false."""
    deadline, pause = time.monotonic() + seconds, _FIRST_PAUSE_SECONDS
    while time.monotonic() < deadline:
        if ready():
            return True
        if not alive():
            return False
        time.sleep(pause)
        # To ask costs those who are waited for.
        pause = min(1.2 * pause, _LONGEST_PAUSE_SECONDS)
    return False


class PrivateServer(ABC):
    """One server in a folder of its own, on a free port that it keeps over restarts."""

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self.host = HOST
        self.port = free_port()
        self.log = folder / "server.log"
        self._child: Child | None = None
        self._started = False
        password_file = folder / "password"
        if not password_file.exists():
            write_private(password_file, secrets.token_urlsafe(24))
        self.root_password = password_file.read_text()

    @abstractmethod
    def _command(self) -> Sequence[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    def start(self) -> None:
        """Starts the server and returns when it answers. Raises ServerProblem with the end of its log."""
        for _ in range(_ATTEMPTS):
            self._child = Child(self._command(), log=self.log)
            if wait_until(self._answers, seconds=_START_SECONDS, alive=lambda: self.running):
                self._started = True
                return
            self.kill()
            # Its clients know the port of a server that ran already.
            if self._started or port_is_free(self.port):
                break
            self.port = free_port()
        raise ServerProblem(f"{self.name} did not start; its log {self.log} ends:\n{log_end(self.log)}")

    def stop(self, timeout: float = 30.0) -> None:
        """Lets the server finish; kills it after `timeout` seconds."""
        if self._child is not None:
            self._child.terminate(timeout)
            self._child = None

    def kill(self) -> None:
        """Ends the server as a power cut would."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def pause(self) -> None:
        """Stops the server as a machine that hangs would: its connections stay, nothing is answered."""
        if self._child is not None:
            os.kill(self._child.pid, signal.SIGSTOP)
            # On a busy machine some of its threads go on answering for a while.
            os.waitid(os.P_PID, self._child.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Lets a paused server go on."""
        if self._child is not None:
            os.kill(self._child.pid, signal.SIGCONT)

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self._child is not None and self._child.exit_code is None


class _SqlServer(PrivateServer):
    """What MariaDB and MySQL have in common. `fast`: no durability, for tests."""

    def __init__(self, folder: Path, *, fast: bool = False, buffer_pool: str = "128M") -> None:
        super().__init__(folder)
        self._fast = fast
        self._buffer_pool = buffer_pool
        self._data = folder / "data"
        self.unix_socket = str(folder / "s.sock")
        if len(os.fsencode(self.unix_socket)) > _MAX_SOCKET_PATH_BYTES:
            self.unix_socket = str(_short_folder(folder) / "s.sock")
        # Not the system's: a starting MariaDB removes the temporary tables it finds there, those of others too.
        self._temporary = folder / "tmp"
        self._temporary.mkdir(exist_ok=True)

    @abstractmethod
    def _initialise(self, data: Path) -> None: ...

    def start(self) -> None:
        if not self._data.exists():
            # Created elsewhere and moved, so that an interrupted start leaves no partial data folder.
            fresh = self.folder / "data.new"
            shutil.rmtree(fresh, ignore_errors=True)
            self._initialise(fresh)
            fresh.rename(self._data)
        self._write_init_file()
        super().start()

    def _write_init_file(self) -> None:
        password = self.root_password
        lines = []
        for host in ("localhost", HOST):
            lines.append(f"CREATE USER IF NOT EXISTS 'root'@'{host}' IDENTIFIED BY '{password}';")
            lines.append(f"ALTER USER 'root'@'{host}' IDENTIFIED BY '{password}';")
            lines.append(f"GRANT ALL PRIVILEGES ON *.* TO 'root'@'{host}' WITH GRANT OPTION;")
        lines.append(f"DROP USER IF EXISTS ''@'localhost', 'root'@'::1', 'root'@'{socket.gethostname().lower()}';")
        write_private(self.folder / "init.sql", "\n".join(lines) + "\n")

    def _options(self) -> list[str]:
        options = [
            f"--datadir={self._data}",
            f"--port={self.port}",
            f"--bind-address={HOST}",
            f"--socket={self.unix_socket}",
            f"--pid-file={self.folder / 'server.pid'}",
            f"--tmpdir={self._temporary}",
            f"--init-file={self.folder / 'init.sql'}",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_520_ci",
            "--skip-name-resolve",
            "--skip-log-bin",
            f"--innodb-buffer-pool-size={self._buffer_pool}",
            "--max-allowed-packet=64M",
        ]
        if self._fast:
            options += ["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-flush-method=nosync"]
        return options + _as_root()

    def _answers(self) -> bool:
        try:
            # PyMySQL leaves its socket open when nobody listens.
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(self.unix_socket)
            self.connect().close()
        except (pymysql.err.MySQLError, OSError):
            return False
        return True

    def connect(self, schema: str | None = None) -> Connection:
        """A connection as root, over the Unix socket."""
        return pymysql.connect(
            unix_socket=self.unix_socket,
            user="root",
            password=self.root_password,
            database=schema,
            charset="utf8mb4",
            autocommit=True,
            # A Unix socket needs no TLS, whose setup takes thirty milliseconds.
            ssl_disabled=True,
        )


def _short_folder(folder: Path) -> Path:
    """A private folder with a short path, the same for every start in `folder`, so that they do not add up."""
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
    path = Path(tempfile.gettempdir()) / f"thirdeye-{os.getuid()}-{digest}"
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077:
        return path
    # It belongs to another user, or others may write there.
    return Path(tempfile.mkdtemp(prefix="thirdeye-"))


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _run(command: Sequence[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerProblem(f"{what} failed:\n{(done.stdout + done.stderr)[-3000:]}")


class MariaDB(_SqlServer):
    """A private MariaDB."""

    name = "MariaDB"

    def _initialise(self, data: Path) -> None:
        program = find_program("mariadb-install-db", "mariadb-server-core")
        options = [
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            # Else it refuses a machine whose own name cannot be looked up.
            "--force",
            f"--tmpdir={self._temporary}",
        ]
        # Without --user, also as root: with it, the script gives a folder of an installed server to that user.
        _run([program, *options], "making MariaDB's data folder")

    def _command(self) -> Sequence[str]:
        return [find_program("mariadbd", "mariadb-server-core"), "--no-defaults", *self._options()]


class MySQL(_SqlServer):
    """A private MySQL; `mysqld` is the path of its program, or of a script that passes `--no-defaults` itself."""

    name = "MySQL"

    def __init__(self, folder: Path, mysqld: str, *, fast: bool = False, buffer_pool: str = "128M") -> None:
        super().__init__(folder, fast=fast, buffer_pool=buffer_pool)
        self._mysqld = mysqld

    def _server(self) -> list[str]:
        with Path(self._mysqld).open("rb") as program:
            head = program.read(65536)
        # It is understood as the first argument only.
        passes_it = head.startswith(b"#!") and b"--no-defaults" in head
        return [self._mysqld] if passes_it else [self._mysqld, "--no-defaults"]

    def _initialise(self, data: Path) -> None:
        options = ["--initialize-insecure", f"--datadir={data}", *_as_root()]
        _run([*self._server(), *options], "making MySQL's data folder")

    def _command(self) -> Sequence[str]:
        return [*self._server(), *self._options(), "--mysqlx=OFF", "--performance-schema=OFF"]


class Redis(PrivateServer):
    """A private Redis that keeps nothing on disk."""

    name = "Redis"

    @property
    def url(self) -> str:
        """Its address with the password, as REDIS_URL takes it."""
        return f"redis://:{self.root_password}@{self.host}:{self.port}/0"

    def _command(self) -> Sequence[str]:
        config = self.folder / "redis.conf"
        lines = [
            f"port {self.port}",
            f"bind {HOST}",
            f"requirepass {self.root_password}",
            f'dir "{self.folder}"',
            'save ""',
            "appendonly no",
            "daemonize no",
        ]
        write_private(config, "\n".join(lines) + "\n")
        return [find_program("redis-server", "redis-server"), str(config)]

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.root_password}\r\nPING\r\n".encode())
                connection.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: connection.recv(100), b""))
                return b"+PONG" in answer
        except OSError:
            return False
