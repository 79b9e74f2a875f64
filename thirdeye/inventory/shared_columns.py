"""Columns that several processes of one machine have in memory once: files that all of them map.

One file for a field of a chunk in a version, in a folder that is theirs alone. Whoever reads a field from the database
first writes it; a file has its name only when it is whole, so that a process that is killed half way leaves nothing wrong.
A file that is removed stays readable for who has mapped it.
"""

import mmap
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import structlog

from thirdeye.inventory.columns import Array, Fields

log = structlog.get_logger(__name__)


class SharedColumns:
    """The files of one folder. Without one, or where it cannot be written, a process keeps what it reads itself."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._told = False

    def find_all(self, blob: str, version: int, fields: Iterable[str], dtypes: Fields) -> dict[str, Array]:
        """The values of these fields, of those that a process has written."""
        if self._folder is None:
            return {}
        found = {field: self.find(blob, version, field, dtypes[field]) for field in fields}
        return {field: values for field, values in found.items() if values is not None}

    def find(self, blob: str, version: int, field: str, dtype: str) -> Array | None:
        """The values of a field that a process has written; None if none has."""
        if self._folder is None:
            return None
        try:
            with _path(self._folder, blob, version, field).open("rb") as file:
                return np.frombuffer(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ), dtype)
        except (OSError, ValueError):
            return None

    def share(self, blob: str, version: int, field: str, dtype: str, data: bytes) -> Array:
        """The values, out of memory that others have too; of who writes first if several do."""
        if self._folder is None:
            return np.frombuffer(data, dtype)
        path = _path(self._folder, blob, version, field)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            try:
                draft.write_bytes(data)
                with suppress(FileExistsError):
                    os.link(draft, path)
            finally:
                # What was written of it before the disk was full, too.
                draft.unlink(missing_ok=True)
        except OSError as error:
            if not self._told:
                self._told = True
                log.warning("columns_not_shared", folder=str(self._folder), reason=str(error))
        shared = self.find(blob, version, field, dtype)
        return np.frombuffer(data, dtype) if shared is None else shared

    def keep(self, versions: Mapping[str, int]) -> None:
        """Removes what is older than these versions of blobs, and what no blob has any more."""
        for path in self._files():
            chunk, _, rest = path.name.partition("@")
            version = rest.partition(".")[0]
            if not version.isdigit() or int(version) < versions.get(chunk.replace("-", "/"), int(version) + 1):
                path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Removes all: equal versions no longer mean equal values."""
        for path in self._files():
            path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return [*self._folder.iterdir()] if self._folder is not None and self._folder.is_dir() else []


def _path(folder: Path, blob: str, version: int, field: str) -> Path:
    return folder / f"{blob.replace('/', '-')}@{version}.{field}"
