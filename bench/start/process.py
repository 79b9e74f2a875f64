"""One start of the API, from the moment its command is given."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from thirdeye.local.processes import Child

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PATIENCE: Final = 120.0
_PAUSE: Final = 0.005
Figures = dict[str, float]


class StartProblem(Exception):
    """A process does not start or does not answer."""


@dataclass(frozen=True)
class Question:
    """Where the API is to listen, and who asks it."""

    host: str
    port: int
    token: str

    def ready(self) -> bool:
        return self._status(f"http://{self.host}:{self.port}/api/v1/thirdeye/health/ready") is not None

    def score(self) -> bool:
        """Whether it gives the score: not one that is still to be computed."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "X-OM-Operation-Id": "get_zi_score",
            "Content-Type": "application/json",
        }
        address = f"http://{self.host}:{self.port}/api/v1/thirdeye/graphql"
        answer = self._status(urllib.request.Request(address, b"{}", headers))
        found = json.loads(answer or b"{}").get("data") or {}
        return (found.get("ziScore") or {}).get("score") is not None

    def _status(self, request: str | urllib.request.Request) -> bytes | None:
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                body: bytes = answer.read()
                return body if answer.status == 200 else None
        except OSError:
            return None


def start_once(tree: Path, environment: dict[str, str], question: Question, log: Path, idle: float) -> Figures:
    """Seconds to readiness and to the first score, of the clock and of the processor, and the memory afterwards."""
    began = time.monotonic()
    with _serving(tree, environment, log) as child:
        _wait(child, question.ready)
        ready, ready_cpu = time.monotonic() - began, processor_seconds(child.pid)
        _wait(child, question.score)
        answered, answered_cpu = time.monotonic() - began, processor_seconds(child.pid)
        # What it begins with its first answers is to be done.
        time.sleep(idle)
        return {
            "ready, s": ready,
            "ready, s of processor": ready_cpu,
            "first score, s": answered,
            "first score, s of processor": answered_cpu,
            **memory(child.pid),
        }


@contextmanager
def _serving(tree: Path, environment: dict[str, str], log: Path) -> Iterator[Child]:
    # The tree's own code, whatever the current folder is and wherever the interpreter has ThirdEye installed.
    command = [sys.executable, "-m", "thirdeye", "serve"]
    child = Child(command, log=log, env={**environment, "PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"})
    try:
        yield child
    finally:
        child.terminate(15.0)


def _wait(child: Child, true: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE
    while not true():
        if child.exit_code is not None or time.monotonic() > until:
            raise StartProblem(f"the API does not answer; its log ends:\n{child.log_end()}")
        time.sleep(_PAUSE)


def processor_seconds(pid: int) -> float:
    """What a process has used so far, in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(pid: int) -> Figures:
    """Megabytes: all that is resident, with its share of what others have too, and what is its own alone."""
    found = dict.fromkeys(("Rss", "Pss", "Private_Clean", "Private_Dirty"), 0)
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in found:
            found[name] = int(rest.split()[0])
    own = found["Private_Clean"] + found["Private_Dirty"]
    return {"RSS, MB": found["Rss"] / 1024, "PSS, MB": found["Pss"] / 1024, "own, MB": own / 1024}


def compile_all(tree: Path) -> None:
    """Has its modules compiled, as in an image: the first start is not to be the compiler's."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(tree / "thirdeye")], check=True)
