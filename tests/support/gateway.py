"""A real nginx with the configuration that `deploy/gateway/render` prints."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT
from tests.support.fronts import Front
from tests.support.waiting import wait_for
from thirdeye.local.processes import Child
from thirdeye.local.servers import ServerProblem, find_program, free_port

RENDER = ROOT / "deploy" / "gateway" / "render"
# What Debian's nginx.conf has around the files of conf.d, with folders of the test's own.
_MAIN = """
{user}daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn; worker_processes 2;
events {{ worker_connections 512; }}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  access_log off;
  include {folder}/gateway.conf;
}}
"""


def nginx_program() -> str:
    """The path of nginx; skips the test where there is none."""
    try:
        return find_program("nginx", "nginx-light")
    except ServerProblem as reason:
        pytest.skip(str(reason))


def render(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """What `render` does with these settings, `GATEWAY_` before their names."""
    variables = {f"GATEWAY_{name.upper()}": value for name, value in settings.items()}
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run([str(RENDER), *arguments], env=environment, capture_output=True, text=True, check=False)


def write_configuration(folder: Path, gateway: str) -> Path:
    """A whole configuration of nginx in this folder."""
    (folder / "gateway.conf").write_text(gateway)
    main = folder / "nginx.conf"
    # Debian's compiled-in user may not enter a folder of root's.
    main.write_text(_MAIN.format(folder=folder, user="user root; " if os.geteuid() == 0 else ""))
    return main


class Gateway(Front):
    """Runs until `stop`; `settings` as of `render`, with ports of its own unless it says otherwise.

    `edit` does to what was rendered what an administrator may have done.
    """

    def __init__(self, folder: Path, *, edit: Callable[[str], str] = str, **settings: str) -> None:
        folder.mkdir(exist_ok=True)
        self.port, self.status_port = free_port(), free_port()
        self._log = folder / "access.log"
        own = {
            "listen": f"127.0.0.1:{self.port}",
            "status": f"127.0.0.1:{self.status_port}",
            "access_log": str(self._log),
            # A slow machine is no reason to ask once only.
            "retry_within": "1m",
        }
        done = render(**{**own, **settings})
        assert done.returncode == 0, done.stderr
        main = write_configuration(folder, edit(done.stdout))
        command = [nginx_program(), "-c", str(main), "-p", str(folder)]
        self._child = Child(command, log=folder / "out", guarded=True)
        # nginx writes its pid once it listens.
        wait_for((folder / "nginx.pid").exists, saying=self._child.log_end)

    def log(self) -> list[dict[str, Any]]:
        """The lines of the access log; nginx writes one after the answer is sent."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def has_repeated(self) -> bool:
        return any("," in line["answers"] for line in self.log())

    def stop(self) -> None:
        self._child.kill()
