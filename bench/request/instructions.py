"""`python -m bench.request.instructions FILE` under Valgrind: prints the instructions of each question's request.

The number is the least of single requests, each counted by itself, while nothing is done beside them that time demands.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import uvloop

from bench.request.callgrind import OPTIONS, Callgrind
from bench.request.questions import Question, answering, questions
from thirdeye import cache
from thirdeye.background import PeriodicTask
from thirdeye.data_version import DataVersion
from thirdeye.edge import rate_limit

_COUNTED = 9


def count(folder: Path, settings: dict[str, Any], token: str) -> dict[str, int]:
    """The instructions of one request of each question, by its name; starts a process under Valgrind."""
    task, output = folder / "instructions.json", folder / "callgrind"
    task.write_text(json.dumps({"settings": settings, "token": token, "output": str(output)}))
    command = [
        "valgrind",
        *OPTIONS,
        f"--callgrind-out-file={output}",
        sys.executable,
        "-m",
        "bench.request.instructions",
    ]
    done = subprocess.run(
        [*command, str(task)], stdout=subprocess.PIPE, check=True, env={**os.environ, "PYTHONHASHSEED": "0"}
    )
    counted: dict[str, int] = json.loads(done.stdout)
    return counted


async def _count_each(asked: list[Question], settings: dict[str, Any], callgrind: Callgrind) -> dict[str, int]:
    counted = {}
    async with answering(settings, asked) as connection:
        callgrind.start()
        for question in asked:
            each = []
            for _ in range(_COUNTED):
                callgrind.zero()
                answer = await connection.ask(question.another())
                each.append(callgrind.count())
                if b" 200 " not in answer[:20] or b'"errors"' in answer:
                    sys.exit(f"nothing counted, {question.name}: {answer[:500]!r}")
            counted[question.name] = min(each)
        callgrind.stop()
    return counted


def _time_does_not_matter() -> None:
    """Under Valgrind everything takes fifty times as long: what is done once in some milliseconds would be done always."""
    PeriodicTask.start = lambda *_, **__: None  # type: ignore[method-assign]
    rate_limit._COUNT_TRUSTED = 3600.0  # type: ignore[misc]
    rate_limit._DEFERRED_INTERVAL = 3600.0  # type: ignore[misc]
    rate_limit._MIN_DEFERRED = 1_000_000  # type: ignore[misc]
    cache._PROCESS_TTL = 3600.0
    assert DataVersion.__init__.__kwdefaults__ is not None
    DataVersion.__init__.__kwdefaults__["seconds"] = 3600.0


def main() -> None:
    task = json.loads(Path(sys.argv[1]).read_text())
    _time_does_not_matter()
    asked = questions(task["token"], 10)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(_count_each(asked, task["settings"], Callgrind(Path(task["output"]))))))


if __name__ == "__main__":
    main()
