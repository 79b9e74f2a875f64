"""`scripts/test_proxy` where it cannot test: it says why, and fails only if what is there is broken."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT

TOOLS = ("bash", "cat", "dirname", "env", "grep", "sed", "timeout")
JAVA_17, JAVA_11 = "echo javac 17.0.15", "echo javac 11.0.2"
NOT_FETCHED = "echo 'Could not resolve dependencies for project io.thirdeye'; exit 1"


@pytest.mark.parametrize(
    ("programs", "code", "said"),
    [
        ({}, 0, "not run, Maven or Java is missing"),
        ({"mvn": "exit 1"}, 0, "not run, Maven or Java is missing"),
        ({"mvn": "exit 1", "javac": JAVA_11}, 0, "not run, Java is older than 17"),
        ({"mvn": NOT_FETCHED, "javac": JAVA_17}, 0, "not run, its libraries cannot be fetched"),
        ({"mvn": "echo 'COMPILATION ERROR'; exit 1", "javac": JAVA_17}, 1, "COMPILATION ERROR"),
        # What is not known to be missing is a failure.
        ({"mvn": "exit 1", "javac": JAVA_17}, 1, ""),
    ],
)
def test_what_it_says_where_it_cannot_test(tmp_path: Path, programs: dict[str, str], code: int, said: str) -> None:
    for tool in TOOLS:
        path = shutil.which(tool)
        assert path is not None
        (tmp_path / tool).symlink_to(path)
    for name, does in programs.items():
        (tmp_path / name).write_text(f"#!/usr/bin/env bash\n{does}\n")
        (tmp_path / name).chmod(0o755)
    command = [str(ROOT / "scripts" / "test_proxy")]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stderr) == (code, True), done
