"""The process that reads texts of SQL for `sql_reader.py`: it can be stopped, and what it takes ends with it.

A request is a dialect, a zero byte and a text; the answer a JSON list of paths, or null for a text that cannot be read.
Before the dialect, a plus sign asks for what statements write and read.
"""

import resource
import signal
import sys
from types import FrameType
from typing import Final

import orjson

from thirdeye.child_process import serve
from thirdeye.mirror.views.sql_dialects import STATEMENTS
from thirdeye.mirror.views.sql_references import UnreadableText, paths_in, written_and_read

# Of processor time: on a busy machine a text is not to blame for what others take.
MAX_SECONDS: Final = 1.0
_MAX_MEMORY: Final = 2**30
# About 500 parentheses around an expression are read; more would need more than the stack of a thread.
_RECURSION_LIMIT: Final = 10_000


class _TooSlow(BaseException):
    """A text took more than MAX_SECONDS; no `except Exception` of a library may keep it."""


def answer(request: bytes) -> bytes:
    """The answer to one request."""
    head, _, body = request.partition(b"\0")
    dialect, text = head.decode(), body.decode(errors="replace")
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, MAX_SECONDS)
        try:
            found: object = (
                written_and_read(text, dialect.removeprefix(STATEMENTS))
                if dialect.startswith(STATEMENTS)
                else paths_in(text, dialect)
            )
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        return orjson.dumps(found)
    except (UnreadableText, MemoryError, RecursionError, _TooSlow, orjson.JSONEncodeError):
        return b"null"


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _TooSlow


def main() -> None:
    """Serves over standard input and output."""
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))
    sys.setrecursionlimit(_RECURSION_LIMIT)
    signal.signal(signal.SIGVTALRM, _stop)
    serve(answer)


if __name__ == "__main__":
    main()
