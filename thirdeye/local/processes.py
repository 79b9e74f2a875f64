"""Child processes that end with this one, whatever ends it."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launcher.py")
# One thread that lives as long as this process. Linux ties the death signal of a child to the *thread* that made it:
# started in a short-lived thread, a server would be killed at the end of that thread.
_spawner = ThreadPoolExecutor(1, thread_name_prefix="spawner")


def _popen(command: list[str], log: Path, env: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        # A session of its own: Ctrl-C in the terminal reaches this process alone, which stops its children in order.
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, start_new_session=True
        )


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
        self._process = _spawner.submit(_popen, [*launcher, *command], log, env).result()

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
