"""Columns in files that several processes map."""

import errno
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from tests.support import ROOT
from thirdeye.inventory import store
from thirdeye.inventory.columns import QUERY_FIELDS, PackedColumns
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.shared_columns import SharedColumns

DATA = np.arange(70_000, dtype="i4").tobytes()
_OTHER = """
import sys
from pathlib import Path
from thirdeye.inventory.shared_columns import SharedColumns
found = SharedColumns(Path(sys.argv[1])).find("query/00003", 7, "size", "i4")
maps = Path("/proc/self/maps").read_text()
print(int(found.sum()), any(sys.argv[1] in line and " r--s " in line for line in maps.splitlines()))
"""


def test_another_process_maps_what_the_first_has_written(tmp_path: Path) -> None:
    folder = tmp_path / "columns"
    shared = SharedColumns(folder)
    assert shared.find("query/00003", 7, "size", "i4") is None
    values = shared.share("query/00003", 7, "size", "i4", DATA)
    assert values.tobytes() == DATA
    assert str(folder) in Path("/proc/self/maps").read_text()
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 1
    done = subprocess.run(
        [sys.executable, "-c", _OTHER, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(int(values.sum(dtype="i8"))), "True"]
    assert folder.stat().st_mode & 0o077 == 0


def test_who_writes_second_takes_what_is_there(tmp_path: Path) -> None:
    first, second = SharedColumns(tmp_path), SharedColumns(tmp_path)
    first.share("query/00000", 1, "size", "i4", DATA)
    (file,) = tmp_path.iterdir()
    number = file.stat().st_ino
    assert second.share("query/00000", 1, "size", "i4", DATA).tobytes() == DATA
    assert [each.stat().st_ino for each in tmp_path.iterdir()] == [number]


def test_only_newer_versions_stay_and_what_is_mapped_can_be_read_on(tmp_path: Path) -> None:
    shared = SharedColumns(tmp_path)
    old = shared.share("query/00000", 1, "size", "i4", DATA)
    shared.share("query/00000", 2, "size", "i4", DATA)
    shared.share("query/00001", 1, "size", "i4", DATA)
    # Of a process that was killed while it wrote.
    (tmp_path / "query-00000@1.idle.4711").write_bytes(b"half")
    shared.keep({"query/00000": 1, "query/00001": 1})
    assert shared.find("query/00000", 2, "size", "i4") is not None
    shared.keep({"query/00000": 2})
    assert [file.name for file in tmp_path.iterdir()] == ["query-00000@2.size"]
    assert old.tobytes() == DATA
    shared.clear()
    assert not list(tmp_path.iterdir())


@pytest.mark.anyio
async def test_of_two_readers_only_the_first_asks_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[str]()

    async def parts(_thirdeye: Any, name: str, _version: int, spans: list[tuple[int, int]]) -> list[bytes]:
        asked.append(name)
        return [bytes(range(size)) for _, size in spans]

    monkeypatch.setattr(store, "blob_parts", parts)
    columns = PackedColumns(QUERY_FIELDS, [4])
    snapshot: Any = SimpleNamespace(versions={"query/00000": 3})
    found = []
    for names in (["size"], ["size"], ["idle", "size"]):
        reader = EstateReader(cast(Any, None))
        reader.shared = SharedColumns(tmp_path)
        arrays = await reader._fields(snapshot, "query/00000", columns, 0, names)
        found.append({name: values.tobytes() for name, values in arrays.items()})
    assert found[0] == found[1] == {"size": bytes(range(32))}
    assert found[2] == {"size": bytes(range(32)), "idle": bytes(range(8))}
    assert len(asked) == 2


def test_half_of_a_file_is_never_found(tmp_path: Path) -> None:
    (tmp_path / "query-00000@1.size.4711").write_bytes(DATA[:5])
    assert SharedColumns(tmp_path).find("query/00000", 1, "size", "i4") is None


def test_where_nothing_can_be_written_values_are_ones_own(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    shared = SharedColumns(tmp_path / "file")
    for _ in range(2):
        assert shared.share("query/00000", 1, "size", "i4", DATA).tobytes() == DATA
    shared.keep({})
    shared.clear()


def test_a_full_disk_keeps_no_half_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_half(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_half)
    assert SharedColumns(tmp_path).share("query/00000", 1, "size", "i4", DATA).tobytes() == DATA
    assert list(tmp_path.iterdir()) == []
