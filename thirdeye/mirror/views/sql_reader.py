"""Reading texts of SQL in a process of its own.

sqlglot is pure Python: a text of a few KB takes it 10 to 60 ms, one of 1 MB many seconds, a million parentheses a GB. In
a thread it would hold up whatever else the process does, and nothing could stop it.
"""

import asyncio
import os
import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import orjson
import structlog

from thirdeye.mirror.views.sql_dialects import LENGTH_BYTES, STATEMENTS, Path

# The process stops itself after a second of processor time; beyond this it is stopped.
_MAX_SECONDS: Final = 15.0
_STARTING_SECONDS: Final = 60.0
_LIMIT: Final = 2**26
_STOPPED: Final = (TimeoutError, asyncio.IncompleteReadError, ConnectionError)
# It needs none of the settings, and should not see the secrets among them.
_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "LD_LIBRARY_PATH")
log = structlog.get_logger(__name__)


class SQLReader:
    """Reads one text at a time. The process starts with the first text and ends with the context."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stop()

    async def paths_in(self, text: str, dialect: str) -> list[Path] | None:
        """The tables that a text names; None for one that cannot be read in time. Raises OSError without a process."""
        paths = await self._read(text, dialect)
        return None if paths is None else [tuple(path) for path in paths]

    async def written_and_read(self, text: str, dialect: str) -> tuple[list[Path], list[Path]] | None:
        """The tables that statements write, and those that they name otherwise; likewise."""
        found = await self._read(text, f"{STATEMENTS}{dialect}")
        if found is None:
            return None
        written, read = ([tuple(path) for path in paths] for paths in found)
        return written, read

    async def _read(self, text: str, dialect: str) -> list[Any] | None:
        request = dialect.encode() + b"\0" + text.encode(errors="replace")
        # A process may be stopped between two texts: that is not the fault of the next.
        for _ in range(2):
            self._process = self._process or await _start()
            try:
                found: list[Any] | None = orjson.loads(await _ask(self._process, request, _MAX_SECONDS))
            except _STOPPED as error:
                log.warning("sql_reader_stopped", problem=type(error).__name__, characters=len(text), dialect=dialect)
                await self._stop()
            else:
                return found
        return None

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await _kill(process)


async def _start() -> asyncio.subprocess.Process:
    """A process that has read a text. Raises OSError if it cannot."""
    process = await _spawn()
    try:
        await _ask(process, b"\0SELECT 1", _STARTING_SECONDS)
    except _STOPPED as error:
        await _kill(process)
        raise OSError("the process that reads texts of views does not answer") from error
    except BaseException:
        await _kill(process)
        raise
    return process


async def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _spawn() -> asyncio.subprocess.Process:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "thirdeye.mirror.views.sql_reader_child",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=_LIMIT,
        env={**environment, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )


async def _ask(process: asyncio.subprocess.Process, request: bytes, seconds: float) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    async with asyncio.timeout(seconds):
        process.stdin.write(len(request).to_bytes(LENGTH_BYTES, "big") + request)
        await process.stdin.drain()
        length = int.from_bytes(await process.stdout.readexactly(LENGTH_BYTES), "big")
        return await process.stdout.readexactly(length)
