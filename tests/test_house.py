"""The house keeps its habits: names that say what a module holds, files short enough to read."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("thirdeye", "worker")
# Words that say what kind of thing a module is, or what it does, but not what it holds.
VAGUE_WORDS = frozenset({
    "adviser", "asking", "base", "changing", "common", "copies", "core", "denials", "feeding", "finding", "helper",
    "helpers", "lib", "manager", "measuring", "migrating", "misc", "naming", "neighbours", "once", "other", "people",
    "problems", "rates", "shared", "spread", "stopping", "stuff", "things", "tools", "twins", "util", "utils", "words",
})  # fmt: skip
MAX_LINES = 400


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_module_has_a_vague_name() -> None:
    vague = []
    for path in modules():
        parts = set(path.relative_to(ROOT).with_suffix("").parts)
        # The sample estate has people and names of its own.
        vague += [name_of(path)] if parts & VAGUE_WORDS and "local" not in parts else []
    assert vague == []


def test_files_are_short_enough_to_read() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


def test_every_module_says_what_it_holds() -> None:
    assert [name_of(path) for path in modules() if not path.read_text(encoding="utf-8").startswith('"""')] == []


def test_no_process_loads_what_only_a_child_of_it_needs() -> None:
    # 7 and 490 MB.
    code = "import sys, thirdeye.app, thirdeye.services; print({'sqlglot', 'statsforecast'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
