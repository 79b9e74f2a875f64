"""`thirdeye dev` as a newcomer runs it."""

import json
import os
import shlex
import signal
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import PATIENCE, ROOT
from tests.support.waiting import wait_for
from thirdeye.local.processes import Child
from thirdeye.local.servers import HOST, free_port
from thirdeye.settings import Settings

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]


def start_dev(folder: Path, port: int | str, name: str = "dev", **settings: str) -> Child:
    shell = {key: value for key, value in os.environ.items() if key.lower() not in Settings.model_fields}
    own = {"PYTHONPATH": str(ROOT), "THIRDEYE_HOME": str(folder), "THIRDEYE_PORT": str(port)}
    environment = {**shell, **own, **settings}
    command = [sys.executable, "-m", "thirdeye", "dev", "--tables", "30"]
    return Child(command, log=folder.parent / f"{name}.log", env=environment, guarded=True)


def processes_in(folder: Path) -> dict[int, str]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(folder) in line or f"THIRDEYE_HOME={folder}" in environment:
                found[int(entry.name)] = line
    return found


def running(child: Child) -> bool:
    assert child.exit_code is None, child.log_end()
    return "Ctrl-C stops everything" in child.log_end(60)


@pytest.fixture
def start() -> Iterator[Callable[..., Child]]:
    started: list[Child] = []

    def begin(*arguments: Any, **more: Any) -> Child:
        started.append(start_dev(*arguments, **more))
        return started[-1]

    yield begin
    for child in started:
        child.terminate(PATIENCE)


def token_of(child: Child) -> str:
    (export,) = [line for line in child.log_end(80).splitlines() if line.startswith("export TOKEN=")]
    return export.removeprefix("export TOKEN=")


def paste(command: str, token: str) -> Any:
    """Does what a shell and curl would: a machine with nothing but Python may not have curl."""
    assert token not in command
    curl, silent, url, *arguments = [part.replace("$TOKEN", token) for part in shlex.split(command)]
    assert (curl, silent) == ("curl", "-s")
    options = list(zip(arguments[::2], arguments[1::2], strict=True))
    headers = dict(value.split(": ", 1) for option, value in options if option == "-H")
    (body,) = [value for option, value in options if option == "-d"]
    request = urllib.request.Request(url, data=body.encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


@pytest.mark.parametrize("ending", ["terminate", pytest.param("kill", marks=pytest.mark.soak)])
def test_it_runs_answers_the_pasted_commands_and_leaves_nothing(
    tmp_path: Path, ending: str, start: Callable[..., Child]
) -> None:
    home, port = tmp_path / "home", free_port()
    child = start(home, port)
    wait_for(lambda: running(child), saying=child.log_end)
    text = child.log_end(80)
    curls = [line for line in text.splitlines() if line.startswith("curl ")]
    assert len(curls) == 3
    score, tables, item = curls
    token = token_of(child)
    assert text.count(token) == 1
    wait_for(lambda: "score" in json.dumps(paste(score, token)["data"]))
    # The estate is being read for the first time.
    wait_for(lambda: "tables" in json.dumps(paste(tables, token)["data"]))
    wait_for(lambda: "title" in json.dumps(paste(item, token)["data"]))
    second = start(home, free_port(), name="second")
    wait_for(lambda: second.exit_code is not None, saying=second.log_end)
    assert second.exit_code == 1
    assert "another `thirdeye dev`" in second.log_end()
    third = start(tmp_path / "other", port, name="third")
    wait_for(lambda: third.exit_code is not None, saying=third.log_end)
    assert "set THIRDEYE_PORT" in third.log_end()
    if ending == "terminate":
        child.terminate(PATIENCE)
        assert child.exit_code == 0, child.log_end()
    else:
        child.kill()
    wait_for(lambda: not processes_in(home), saying=lambda: processes_in(home))
    # A second start finds all of it again.
    again = start(home, port, name="again")
    wait_for(lambda: running(again), saying=again.log_end)
    assert "Loading" not in again.log_end(80)
    again.terminate(PATIENCE)
    assert HOST in text


def test_a_server_that_dies_ends_everything_with_the_end_of_its_log(
    tmp_path: Path, start: Callable[..., Child]
) -> None:
    home = tmp_path / "home"
    # Settings of the shell that the printed token would not fit.
    child = start(home, free_port(), JWT_ISSUERS="elsewhere", JWT_ALGORITHM="RS512")
    wait_for(lambda: running(child), saying=child.log_end)
    curl = next(line for line in child.log_end(80).splitlines() if line.startswith("curl "))
    wait_for(lambda: "score" in json.dumps(paste(curl, token_of(child))["data"]))
    mariadb = next(pid for pid, line in processes_in(home).items() if "--datadir=" in line)
    os.kill(mariadb, signal.SIGKILL)
    wait_for(lambda: child.exit_code is not None, saying=child.log_end)
    assert child.exit_code == 1
    assert "MariaDB ended by itself" in child.log_end(60)
    wait_for(lambda: not processes_in(home), saying=lambda: processes_in(home))


@pytest.mark.parametrize("port", ["abc", "0", "65536", "8586x"])
def test_a_port_that_is_none_is_named(tmp_path: Path, port: str, start: Callable[..., Child]) -> None:
    child = start(tmp_path / "home", port)
    wait_for(lambda: child.exit_code is not None, saying=child.log_end)
    assert child.exit_code == 1
    assert "THIRDEYE_PORT" in child.log_end()
    assert "Traceback" not in child.log_end()
