"""Serving the API by one process, or by several that are forked from one which has imported everything.

Forked ones have one copy of modules, schema and what else is never changed, and one that ended is there again in a moment:
it has nothing to import. They take requests from one socket. See ADR 0017.
"""

import atexit
import gc
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

import structlog
import uvicorn

import thirdeye.app
from thirdeye.edge.connections import Connections
from thirdeye.edge.socket import GuardedProtocol
from thirdeye.observability.logging import configure_logging
from thirdeye.serving_process import ServingProcess
from thirdeye.settings import Settings

_GRACE: Final = 10
# After uvicorn's own, for what a process closes then.
_KILLED_AFTER: Final = _GRACE + 10.0
# One that ends sooner than that is not started again at once: it would only end again.
_SHORT_LIFE: Final = 5.0
_SIGNALS: Final = frozenset({signal.SIGCHLD, signal.SIGTERM, signal.SIGINT})
log = structlog.get_logger(__name__)


def uvicorn_options(settings: Settings) -> dict[str, Any]:
    """How uvicorn serves the API."""
    connections = Connections(limit=settings.max_connections, limit_by_address=settings.max_connections_by_address)
    return {
        "host": settings.thirdeye_host,
        "port": settings.thirdeye_port,
        # Called as the class would be; with --reload it is passed on to another process.
        "http": partial(GuardedProtocol, open_connections=connections),
        "log_config": None,
        "access_log": False,
        "server_header": False,
        # Nothing here asks where a request came from.
        "proxy_headers": False,
        "timeout_keep_alive": settings.keep_alive_seconds,
        "timeout_graceful_shutdown": _GRACE,
    }


def serve_by_many(settings: Settings, count: int) -> NoReturn:
    """Serves by so many processes until SIGTERM or SIGINT; ends this process."""
    configure_logging(settings.log_level)
    thirdeye.app.prepare(settings)
    listening = uvicorn.Config("", **uvicorn_options(settings)).bind_socket()
    # What was made so far is in the memory of all: a collection would write into it, and so copy it.
    gc.collect()
    gc.freeze()
    folder = Path(tempfile.mkdtemp(prefix="thirdeye-serve-"))
    try:
        Supervisor(settings, listening, folder, count).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0)


class Supervisor:
    """Keeps the processes running. Only this one is told to stop; it tells them."""

    def __init__(self, settings: Settings, listening: socket.socket, folder: Path, count: int) -> None:
        self._settings = settings
        self._listening = listening
        self._folder = folder
        self._count = count
        # By process id, its number and when it was started.
        self._running: dict[int, tuple[int, float]] = {}
        # By number, when it may be started again.
        self._due: dict[int, float] = dict.fromkeys(range(count), 0.0)
        # Ends for them when this process does, whatever ends it.
        self._alive = os.pipe()

    def run(self) -> None:
        """Returns once all have stopped."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        log.info("processes_started", processes=self._count)
        while True:
            self._start_due()
            came = signal.sigtimedwait(_SIGNALS, 1.0 if self._due else 60.0)
            if came is not None and came.si_signo != signal.SIGCHLD:
                break
            self._note_ended()
        self._stop()

    def _start_due(self) -> None:
        for number in [number for number, when in self._due.items() if when <= time.monotonic()]:
            pid = os.fork()
            if pid == 0:
                self._serve(number)
            del self._due[number]
            self._running[pid] = number, time.monotonic()

    def _note_ended(self) -> None:
        for pid, (number, started) in list(self._running.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del self._running[pid]
                log.error("process_ended", process=number, exit_code=os.waitstatus_to_exitcode(status))
                lived = time.monotonic() - started
                self._due[number] = time.monotonic() + (0.0 if lived >= _SHORT_LIFE else 1.0)

    def _stop(self) -> None:
        self._signal(signal.SIGTERM)
        until = time.monotonic() + _KILLED_AFTER
        while self._running and time.monotonic() < until:
            for pid in list(self._running):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    del self._running[pid]
            if self._running:
                signal.sigtimedwait({signal.SIGCHLD}, 0.1)
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        for pid in self._running:
            os.kill(pid, number)

    def _serve(self, number: int) -> NoReturn:
        """In the new process."""
        code = 1
        try:
            os.close(self._alive[1])
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            # uvicorn raises the signal again once it has stopped in order: that is a success, not a death by signal.
            signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(0))
            threading.Thread(target=self._stop_with_supervisor, daemon=True).start()
            process = ServingProcess(number=number, count=self._count, folder=self._folder)
            app = thirdeye.app.make_app(process)
            server = uvicorn.Server(uvicorn.Config(app, **uvicorn_options(self._settings)))
            server.run(sockets=[self._listening])
            code = 0 if server.started else 3
        except (SystemExit, KeyboardInterrupt) as end:
            code = end.code if isinstance(end, SystemExit) and isinstance(end.code, int) else 0
        finally:
            # Not this process's own end: what the supervisor has begun is the supervisor's to end.
            atexit._run_exitfuncs()
            os._exit(code)

    def _stop_with_supervisor(self) -> None:
        os.read(self._alive[0], 1)
        # The supervisor was killed; what the processes have mapped stays.
        shutil.rmtree(self._folder, ignore_errors=True)
        os.kill(os.getpid(), signal.SIGTERM)
