"""Keeps the arq worker running: it exits when Redis goes away, and is started again with growing pauses."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from types import FrameType

import structlog

from thirdeye.observability.logging import configure_logging
from thirdeye.settings import process_settings

# -P: a folder named `worker` where this happens to run must not be taken for ours.
_COMMAND = (sys.executable, "-P", "-m", "arq", "worker.WorkerSettings")
# Arrays of a refresh go back to the system once they are done with; the C library would keep some of them.
_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "262144", "MALLOC_ARENA_MAX": "1"}
_FIRST_PAUSE, _MAX_PAUSE = 0.5, 5.0
# Tells the worker whose child it is.
_SUPERVISOR = "THIRDEYE_SUPERVISOR_PID"
_PARENT_CHECK_SECONDS = 2.0
# A worker that ran for so many seconds was healthy: the pauses start over.
_HEALTHY_SECONDS = 30.0
log = structlog.get_logger(__name__)


async def end_with_supervisor() -> None:
    """Waits while the supervisor of this process lives, then ends the process in order: a killed supervisor cannot."""
    supervisor = os.environ.get(_SUPERVISOR)
    if supervisor is None:
        return
    while os.getppid() == int(supervisor):  # noqa: ASYNC110  nobody tells of the death of a parent
        await asyncio.sleep(_PARENT_CHECK_SECONDS)
    log.warning("supervisor_gone")
    os.kill(os.getpid(), signal.SIGTERM)


class Supervisor:
    """Starts the command until it is told to stop by SIGTERM or SIGINT, which it passes on."""

    def __init__(self, command: tuple[str, ...] = _COMMAND) -> None:
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def run(self) -> int:
        """Runs until stopped; the exit code of the last child when it was stopped, else never returns."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        pause = _FIRST_PAUSE
        while not self._stopping:
            started = time.monotonic()
            environment = _ENVIRONMENT | os.environ | {_SUPERVISOR: str(os.getpid())}
            self._child = subprocess.Popen(self._command, env=environment)  # noqa: S603
            if self._stopped():  # told so between the two lines above
                self._child.terminate()
            code = self._child.wait()
            if self._stopped():
                break
            pause = _FIRST_PAUSE if time.monotonic() - started > _HEALTHY_SECONDS else min(2 * pause, _MAX_PAUSE)
            log.warning("worker_exited", exit_code=code, again_in_seconds=pause)
            self._pause(pause)
        return 0

    def _stopped(self) -> bool:
        return self._stopping

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until:
            time.sleep(0.1)

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()


def supervise() -> int:
    """Supervises `arq worker.WorkerSettings`."""
    configure_logging(process_settings().log_level)
    return Supervisor().run()
