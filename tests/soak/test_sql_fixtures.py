"""sqlglot over the statements of its own tests, in each one's dialect: none may stop what reads them."""

import ast
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import sqlglot

from thirdeye.mirror.views.sql_reader import SQLReader
from thirdeye.mirror.views.sql_reader_child import MAX_SECONDS

pytestmark = [pytest.mark.soak, pytest.mark.anyio]
DIALECTS = {dialect.value for dialect in sqlglot.Dialects}


@pytest.fixture(scope="module")
def fixtures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests of the installed version, from its source distribution; they are not in the wheel."""
    folder = tmp_path_factory.mktemp("sqlglot")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "-q"]
    done = subprocess.run([*command, f"sqlglot=={version('sqlglot')}"], cwd=folder, capture_output=True, check=False)
    archives = list(folder.glob("sqlglot-*.tar.gz"))
    if done.returncode or not archives:
        pytest.skip("the source distribution of sqlglot cannot be downloaded")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("sqlglot-*/tests"))


def statements(fixtures: Path) -> Iterator[tuple[str, str]]:
    """Texts with blanks in the tests, and the statements of the files of SQL: each with its dialect."""
    for path in sorted(fixtures.rglob("*.py")):
        dialect = path.stem.removeprefix("test_")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
                yield node.value, dialect if dialect in DIALECTS else ""
    for path in sorted(fixtures.rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        for statement in text.split("\n" if path.stem == "identity" else ";"):
            if statement.strip():
                yield statement, ""


async def test_none_stops_the_reader(fixtures: Path) -> None:
    outcomes, slowest, pids = Counter[str](), 0.0, set[int]()
    async with SQLReader() as reader:
        for text, dialect in statements(fixtures):
            started = time.perf_counter()
            paths = await reader.paths_in(text, dialect)
            slowest = max(slowest, time.perf_counter() - started) if outcomes else 0.0
            outcomes["unreadable" if paths is None else "read" if paths else "without tables"] += 1
            assert reader.process.pid is not None, text
            pids.add(reader.process.pid)
    print(f"{sum(outcomes.values()):,} statements: {dict(outcomes)}; the slowest took {slowest:.3f} s of {MAX_SECONDS}")
    assert sum(outcomes.values()) >= 20_000
    # Most of the others are expressions and messages.
    assert outcomes["read"] > 0.15 * sum(outcomes.values())
    assert len(pids) == 1
