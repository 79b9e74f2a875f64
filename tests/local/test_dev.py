"""`thirdeye dev` as a newcomer runs it."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from thirdeye.local.processes import Child
from thirdeye.local.servers import HOST, free_port, wait_until
from thirdeye.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent


def start(folder: Path, port: int, name: str = "dev") -> Child:
    shell = {key: value for key, value in os.environ.items() if key.lower() not in Settings.model_fields}
    environment = {**shell, "PYTHONPATH": str(ROOT), "THIRDEYE_HOME": str(folder), "THIRDEYE_PORT": str(port)}
    command = [sys.executable, "-m", "thirdeye", "dev", "--tables", "30"]
    return Child(command, log=folder.parent / f"{name}.log", env=environment, guarded=True)


def processes_in(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(folder) in line or f"THIRDEYE_HOME={folder}" in environment:
                found.append(line)
    return found


def running(child: Child) -> bool:
    assert child.exit_code is None, child.log_end()
    return "Ctrl-C stops everything" in child.log_end(60)


@pytest.mark.parametrize("ending", ["terminate", "kill"])
def test_it_runs_answers_the_pasted_curl_and_leaves_nothing(tmp_path: Path, ending: str) -> None:
    home, port = tmp_path / "home", free_port()
    child = start(home, port)
    assert wait_until(lambda: running(child), seconds=90), child.log_end()
    text = child.log_end(80)
    curls = [line for line in text.splitlines() if line.startswith("curl ")]
    assert len(curls) == 2
    for curl, word in zip(curls, ("score", "title"), strict=True):
        answer = subprocess.run(shlex.split(curl), capture_output=True, check=True).stdout
        assert word in json.dumps(json.loads(answer)["data"])
    second = start(home, free_port(), name="second")
    assert wait_until(lambda: second.exit_code is not None, seconds=30)
    assert second.exit_code == 1
    assert "another `thirdeye dev`" in second.log_end()
    third = start(tmp_path / "other", port, name="third")
    assert wait_until(lambda: third.exit_code is not None, seconds=30)
    assert "set THIRDEYE_PORT" in third.log_end()
    if ending == "terminate":
        child.terminate(30)
        assert child.exit_code == 0, child.log_end()
    else:
        child.kill()
    assert wait_until(lambda: not processes_in(home), seconds=30), processes_in(home)
    # A second start finds all of it again.
    again = start(home, port, name="again")
    assert wait_until(lambda: running(again), seconds=60), again.log_end()
    assert "Loading" not in again.log_end(80)
    again.terminate(30)
    assert HOST in text
