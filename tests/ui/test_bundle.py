"""What is shipped of the page is what its sources give, and they are sound. Needs Node, which `make setup` brings."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import PATIENCE, ROOT

pytestmark = pytest.mark.unmeasured
SOURCES = ROOT / "ui"
SHIPPED = ROOT / "thirdeye" / "ui" / "static"


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    if found is None or not (SOURCES / "node_modules").exists():
        pytest.skip("node or ui/node_modules is missing: run `make setup`")
    return found


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_bundle_is_what_its_sources_give(node: str, tmp_path: Path) -> None:
    run(node, "build.mjs", str(tmp_path / "built"))
    built = {path.name: path.read_bytes() for path in (tmp_path / "built").iterdir()}
    shipped = {path.name: path.read_bytes() for path in SHIPPED.iterdir()}
    assert sorted(built) == sorted(shipped)
    stale = [name for name, content in built.items() if content != shipped[name]]
    assert stale == [], "run `node ui/build.mjs` and commit thirdeye/ui/static"


def test_the_sources_have_their_types(node: str) -> None:
    run(node, "node_modules/typescript/bin/tsc", "--noEmit")


def test_the_bundle_is_small() -> None:
    compressed = {name: len(gzip.compress((SHIPPED / name).read_bytes(), 9)) for name in ("page.js", "page.css")}
    assert sum(compressed.values()) < 200_000, compressed


def test_what_is_in_the_bundle_comes_with_its_licence() -> None:
    declared = json.loads((SOURCES / "package.json").read_text("utf-8"))["dependencies"]
    licences = (SHIPPED / "LICENSES").read_text("utf-8")
    assert [name for name in declared if not re.search(rf"^{re.escape(name)} \d", licences, re.MULTILINE)] == []


def test_data_is_never_taken_for_markup() -> None:
    ways = r"dangerouslySetInnerHTML|\.(?:inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function\("
    sources = {path: path.read_text("utf-8") for path in (SOURCES / "src").rglob("*.ts*")}
    assert [str(path) for path, text in sources.items() if re.search(ways, text)] == []
