"""JSON lines on standard output, from structlog and the standard library alike.

Every request writes a line, so its cost counts. `python -m bench.serve.log_line` compares this with structlog's own
processors and BytesLogger: 9 us against 23 a line with 16 lines a turn of the event loop, 18 against 27 with 4, of about 130
for a whole request from the cache. Rendering in one step saves 2 to 3 us, one system call for the lines of a turn the
rest; the line of a request also goes around structlog's wrappers, which saves 4 more. BytesLogger also raises when the disk
is full or nobody reads, and the request would fail with it.
"""

import asyncio
import atexit
import fcntl
import logging
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# These repeat, with addresses, what our own lines say.
_NOISY_LOGGERS: Final = ("databases", "httpx", "httpcore", "uvicorn.access", "aiomysql", "yoyo")


class LineWriter:
    """Writes lines; in an event loop, those of one turn of the loop with one system call.

    `lock`: a file that is locked meanwhile, where other processes write to the same output.
    """

    def __init__(self, file: BinaryIO, lock: Path | None = None) -> None:
        self._file = file
        self._shared = lock.open("wb") if lock else None
        self._lock = threading.Lock()
        self._pending: list[bytes] = []
        self._scheduled_in: asyncio.AbstractEventLoop | None = None
        atexit.register(self._flush)

    def info(self, line: bytes) -> None:
        """Writes one line, at the end of this turn of the loop."""
        with self._lock:
            self._pending.append(line)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._flush()
            return
        if self._scheduled_in is not loop:
            self._scheduled_in = loop
            loop.call_soon(self._flush)

    def error(self, line: bytes) -> None:
        """Writes one line now, in case this process does not live until the end of the turn."""
        with self._lock:
            self._pending.append(line)
        self._flush()

    debug = info
    warning = critical = error

    def _flush(self) -> None:
        self._scheduled_in = None
        with self._lock:
            rest, self._pending = b"".join(self._pending), []
            if not rest:
                return
            try:
                if self._shared is not None:
                    fcntl.flock(self._shared, fcntl.LOCK_EX)
                while rest:
                    # Unbuffered files may take less than all.
                    rest = rest[self._file.write(rest) or len(rest) :]
                self._file.flush()
            except (OSError, ValueError):
                pass  # a full disk, a pipe without a reader: a service that cannot log still serves
            finally:
                if self._shared is not None:
                    fcntl.flock(self._shared, fcntl.LOCK_UN)


class DirectLog:
    """Writes lines as a logger of structlog does, but without its wrappers: these take two thirds of a line's time.

    It writes as is configured when it is made.
    """

    def __init__(self, name: str) -> None:
        configured = structlog.get_config()
        self._processors = configured["processors"]
        self._logger = configured["logger_factory"](name)
        self._enabled: bool = structlog.get_logger(name).bind().is_enabled_for(logging.INFO)

    def info(self, event: str, **fields: object) -> None:
        """Writes one line, unless the level of the log is above this."""
        if not self._enabled:
            return
        fields["event"] = event
        line: Any = fields
        try:
            for processor in self._processors:
                line = processor(self._logger, "info", line)
        except structlog.DropEvent:
            return
        self._logger.info(line)


def render_line(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
    """A structlog processor: what the processors of `configure_logging` for other loggers do, in one step."""
    structlog.processors.add_log_level(logger, method, event)
    event["timestamp"] = datetime.now(UTC)
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, method, event)
    return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def _adding(trace_id: Callable[[], str | None] | None) -> list[Processor]:
    """A processor that says in which trace a line was written; none without traces."""
    if trace_id is None:
        return []

    def add_trace_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if (found := trace_id()) is not None:
            event["trace_id"] = found
        return event

    return [add_trace_id]


def configure_logging(
    level: str, *, trace_id: Callable[[], str | None] | None = None, lock: Path | None = None
) -> None:
    """JSON lines on standard output, for structlog and for the standard library's loggers alike.

    `trace_id` gives the id of the trace that its caller is in, `lock` is a file that the processes have that write there.
    """
    writer = LineWriter(sys.stdout.buffer, lock)
    structlog.configure(
        processors=[*_adding(trace_id), render_line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=True,
    )
    shared: list[Processor] = [
        *_adding(trace_id),
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer = structlog.processors.JSONRenderer(
        serializer=lambda value, **_: orjson.dumps(value, default=str).decode()
    )
    processors: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=processors))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
