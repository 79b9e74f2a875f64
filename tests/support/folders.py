"""Where the data of the servers of a test run lies."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")
_PREFIX = "thirdeye-tests-"
# Of a run with two workers, each with both servers, many times over.
_ROOM_BYTES = 8 * 2**30


@contextmanager
def server_folder(otherwise: Path) -> Iterator[Path]:
    """A folder in memory where there is room for it: a run writes much and keeps nothing. Elsewhere the one given."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_MEMORY)) if _has_room() else otherwise
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _has_room() -> bool:
    if not os.access(_MEMORY, os.W_OK):
        return False
    for left in _MEMORY.glob(f"{_PREFIX}*-*"):
        # Of a run that was killed.
        if not Path(f"/proc/{left.name.removeprefix(_PREFIX).split('-')[0]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    return shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
