"""`scripts/test_proxy` where it cannot test: it says why, and fails only if what is there is broken."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT

TOOLS = ("bash", "cat", "dirname", "env", "grep", "sed", "timeout")
JAVA_17, JAVA_11 = "echo javac 17.0.15", "echo javac 11.0.2"
NOT_FETCHED = "echo 'Could not resolve dependencies for project io.thirdeye'; exit 1"
# Everything is there; of the tests one fails.
A_TEST_FAILS = """case "$*" in *FailuresTest*) echo 'Failures: 1'; exit 1;; esac"""


@pytest.mark.parametrize("arguments", [[], ["build"]], ids=["all", "build"])
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
def test_what_it_says_where_it_cannot_test(
    tmp_path: Path, programs: dict[str, str], code: int, said: str, arguments: list[str]
) -> None:
    done = run(tmp_path, programs, *arguments)
    assert (done.returncode, said in done.stderr) == (code, True), done
    # Nothing is built: CI goes on without it.
    assert done.stdout == ""


@pytest.mark.parametrize(("maven", "code"), [("exit 0", 0), (A_TEST_FAILS, 1)])
def test_a_test_that_fails_is_a_failure_and_what_is_built_is_named(tmp_path: Path, maven: str, code: int) -> None:
    done = run(tmp_path, {"mvn": maven, "javac": JAVA_17}, "build")
    built = f"{ROOT}/deploy/openmetadata-proxy/target/test-classpath\n"
    assert (done.returncode, done.stdout) == (code, "" if code else built), done


def test_ci_hands_the_resource_to_the_tests() -> None:
    """And goes on without it where it cannot be built, but not where a test of it failed."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.index("set -euo pipefail") < script.index("\nTHIRDEYE_TEST_PROXY=$(scripts/test_proxy build)\n")
    assert script.index("\nexport THIRDEYE_TEST_PROXY\n") < script.index("\nmake test\n")


def run(folder: Path, programs: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The script where only these programs are there."""
    for tool in TOOLS:
        path = shutil.which(tool)
        assert path is not None
        (folder / tool).symlink_to(path)
    for name, does in programs.items():
        (folder / name).write_text(f"#!/usr/bin/env bash\n{does}\n")
        (folder / name).chmod(0o755)
    command = [str(ROOT / "scripts" / "test_proxy"), *arguments]
    return subprocess.run(command, env={"PATH": str(folder)}, capture_output=True, text=True, check=False)
