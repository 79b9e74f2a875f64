"""`thirdeye dev` as a newcomer runs it."""

import json
import os
import shlex
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import PATIENCE, ROOT
from tests.support.waiting import wait_for
from thirdeye.local.processes import Child
from thirdeye.local.servers import HOST, free_port
from thirdeye.local.sign_in_link import SignInLink
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


class NotFollowed(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like others."""

    def redirect_request(self, *_: Any) -> None:
        return None


def opened(url: str, **headers: str) -> tuple[int, str | None, str]:
    """Status, where it leads, and what it says."""
    try:
        with urllib.request.build_opener(NotFollowed).open(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, None, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["location"], error.read().decode()


def test_the_link_signs_in_once() -> None:
    link = SignInLink("http://127.0.0.1:1/page/#token=a.b.c")
    try:
        assert "a.b.c" not in link.url
        base = link.url.rpartition("/")[0]
        for other in (base, f"{base}/", f"{base}/guessed", f"{link.url}/", f"{link.url}?x"):
            status, leads_to, text = opened(other)
            assert (status, leads_to) == (410, None)
            assert "token" in text
        # A browser that looks ahead does not use it up.
        assert opened(link.url, **{"Sec-Purpose": "prefetch;prerender"})[:2] == (503, None)
        assert opened(link.url)[:2] == (303, "http://127.0.0.1:1/page/#token=a.b.c")
        status, leads_to, text = opened(link.url)
        assert (status, leads_to) == (410, None)
        assert "This link was used" in text
    finally:
        link.close()
    with pytest.raises(urllib.error.URLError):
        opened(link.url)


@pytest.mark.parametrize("ending", ["terminate", pytest.param("kill", marks=pytest.mark.soak)])
def test_it_runs_answers_the_pasted_commands_leaves_nothing_and_ends_with_its_servers(
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
    # The page comes first, and its link signs in.
    first = next(line for line in text.splitlines() if "http://" in line).split()
    assert first[0] == "Page"
    page = f"http://127.0.0.1:{port}/api/v1/thirdeye/ui/"
    assert page in text
    assert opened(first[1])[:2] == (303, f"{page}#token={token}")
    assert opened(first[1])[0] == 410
    assert opened(page)[2].startswith("<!doctype html>")
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
    assert HOST in text
    ends_with_its_database(home, port, start)


def ends_with_its_database(home: Path, port: int, start: Callable[..., Child]) -> None:
    """A second start finds all of it again, and a server that dies ends everything with the end of its log."""
    # Settings of the shell that the printed token would not fit.
    again = start(home, port, name="again", JWT_ISSUERS="elsewhere", JWT_ALGORITHM="RS512")
    wait_for(lambda: running(again), saying=again.log_end)
    assert "Loading" not in again.log_end(80)
    curl = next(line for line in again.log_end(80).splitlines() if line.startswith("curl "))
    wait_for(lambda: "score" in json.dumps(paste(curl, token_of(again))["data"]))
    mariadb = next(pid for pid, line in processes_in(home).items() if "--datadir=" in line)
    os.kill(mariadb, signal.SIGKILL)
    wait_for(lambda: again.exit_code is not None, saying=again.log_end)
    assert again.exit_code == 1
    assert "MariaDB ended by itself" in again.log_end(60)
    wait_for(lambda: not processes_in(home), saying=lambda: processes_in(home))


# Each is a process of its own, and all are read in one place.
@pytest.mark.parametrize(
    "port", ["abc", "65536", *(pytest.param(port, marks=pytest.mark.soak) for port in ("0", "8586x"))]
)
def test_a_port_that_is_none_is_named(tmp_path: Path, port: str, start: Callable[..., Child]) -> None:
    child = start(tmp_path / "home", port)
    wait_for(lambda: child.exit_code is not None, saying=child.log_end)
    assert child.exit_code == 1
    assert "THIRDEYE_PORT" in child.log_end()
    assert "Traceback" not in child.log_end()
