"""Child processes that end with this one, whatever ends it."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launcher.py")
_Request = tuple[Future[subprocess.Popen[bytes]], list[str], Path, Mapping[str, str] | None]


class _Spawner:
    """Starts processes in one thread that lives as long as this process.

    Linux ties the death signal of a child to the *thread* that made it: started in a short-lived thread, a server
    would be killed at the end of that thread.
    """

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[_Request] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, command: list[str], log: Path, env: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="spawner", daemon=True)
                self._thread.start()
        future: Future[subprocess.Popen[bytes]] = Future()
        self._requests.put((future, command, log, env))
        return future.result()

    def _work(self) -> None:
        while True:
            future, command, log, env = self._requests.get()
            try:
                future.set_result(_popen(command, log, env))
            except BaseException as error:
                future.set_exception(error)
            # Else this thread keeps the last Popen alive until the next request.
            del future, command, log, env


def _popen(command: list[str], log: Path, env: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        # A session of its own: Ctrl-C in the terminal reaches this process alone, which stops its children in order.
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, start_new_session=True
        )


_spawner = _Spawner()


class Child:
    """A running child process whose output goes to the end of the file `log`.

    `guarded` is for commands that start processes themselves: their whole process group ends with them.
    """

    def __init__(
        self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None, guarded: bool = False
    ) -> None:
        self.log = log
        self._guarded = guarded
        launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), "guard" if guarded else "exec", str(os.getpid())]
        self._process = _spawner.start([*launcher, *command], log, env)

    @property
    def pid(self) -> int:
        """The command's own process id; of a guarded one, its guard's."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def terminate(self, timeout: float) -> None:
        """SIGTERM, then SIGKILL after `timeout` seconds; returns when it is gone."""
        if self.exit_code is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        self._process.send_signal(signal.SIGUSR1 if self._guarded else signal.SIGKILL)
        self._process.wait()

    def log_end(self, lines: int = 25) -> str:
        """The last lines of the log."""
        return log_end(self.log, lines)


def log_end(log: Path, lines: int = 25) -> str:
    """The last lines of a log file; empty when there is none."""
    try:
        text = log.read_text("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
