"""JSON lines on standard output, from structlog and the standard library alike."""

import asyncio
import atexit
import logging
import sys
import threading
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson
import structlog


class _Lines:
    """Writes lines; in an event loop, those of one turn of the loop with one system call."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._waiting: list[bytes] = []
        self._scheduled_in: asyncio.AbstractEventLoop | None = None
        atexit.register(self._flush)

    def info(self, line: bytes) -> None:
        """Writes one line, at the end of this turn of the loop."""
        with self._lock:
            self._waiting.append(line)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._flush()
            return
        if self._scheduled_in is not loop:
            self._scheduled_in = loop
            loop.call_soon(self._flush)

    def error(self, line: bytes) -> None:
        """Writes one line now, in case this process does not live until then."""
        with self._lock:
            self._waiting.append(line)
        self._flush()

    debug = info
    warning = critical = error

    def _flush(self) -> None:
        self._scheduled_in = None
        with self._lock:
            rest, self._waiting = b"".join(self._waiting), []
            if not rest:
                return
            try:
                while rest:
                    # Unbuffered files may take less than all.
                    rest = rest[self._file.write(rest) or len(rest) :]
                self._file.flush()
            except (OSError, ValueError):
                pass  # a full disk, a pipe without a reader: a service that cannot say what it does still does it


def _line(logger: Any, method: str, event: Any) -> bytes:
    """What structlog's processors in `configure_logging` make, in one step: each request passes here."""
    structlog.processors.add_log_level(logger, method, event)
    event["timestamp"] = datetime.now(UTC)
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, method, event)
    return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def configure_logging(level: str) -> None:
    """JSON lines on standard output, for structlog and for the standard library's loggers alike."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer = structlog.processors.JSONRenderer(
        serializer=lambda value, **_: orjson.dumps(value, default=str).decode()
    )
    lines = _Lines(sys.stdout.buffer)
    structlog.configure(
        processors=[_line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These say once more, and with addresses, what our own lines say.
    for noisy in ("databases", "httpx", "httpcore", "uvicorn.access", "aiomysql", "yoyo"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
