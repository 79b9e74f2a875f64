"""Reading texts of SQL in a process of its own.

sqlglot is pure Python: a text of a few KB takes it 10 to 60 ms, one of 1 MB many seconds, a million parentheses a GB. In
a thread it would hold up whatever else the process does, and nothing could stop it.
"""

from types import TracebackType
from typing import Any, Final, Self

import orjson
import structlog

from thirdeye.child_process import STOPPED, ChildProcess
from thirdeye.mirror.views.sql_dialects import STATEMENTS, Path

# The process stops itself after a second of processor time; beyond this it is stopped.
_MAX_SECONDS: Final = 15.0
_STARTING_SECONDS: Final = 60.0
log = structlog.get_logger(__name__)


class SQLReader:
    """Reads one text at a time. The process starts with the first text and ends with the context."""

    def __init__(self) -> None:
        self.process = ChildProcess("thirdeye.mirror.views.sql_reader_child")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.process.stop()

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
            await self._start()
            try:
                found: list[Any] | None = orjson.loads(await self.process.ask(request, _MAX_SECONDS))
            except STOPPED as error:
                log.warning("sql_reader_stopped", problem=type(error).__name__, characters=len(text), dialect=dialect)
            else:
                return found
        return None

    async def _start(self) -> None:
        """Has a process that has read a text. Raises OSError if it cannot."""
        if self.process.pid is None:
            try:
                await self.process.ask(b"\0SELECT 1", _STARTING_SECONDS)
            except STOPPED as error:
                raise OSError("the process that reads texts of views does not answer") from error
