"""Runs ThirdEye in a process of its own as a test needs it.

`run_process.py api|worker|waiting_worker FILE`: by the clock in a file. `run_process.py serve FACTOR`: `thirdeye serve`, every
time limit of a request that many times as long.
"""

import sys
from dataclasses import fields
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from arq import cron, run_worker

import thirdeye.app
from tests.support.api import LONG_DEADLINES
from thirdeye.cli import main as thirdeye_command
from thirdeye.clock import Clock
from thirdeye.deadlines import Deadlines
from thirdeye.observability.logging import configure_logging
from thirdeye.settings import process_settings


def run_api(clock: Clock) -> None:
    settings = process_settings()
    configure_logging("INFO")
    app = thirdeye.app.create_app(settings, clock=clock, deadlines=LONG_DEADLINES)
    thirdeye.app.keep_what_is_made()
    uvicorn.run(app, host="127.0.0.1", port=settings.thirdeye_port, log_config=None, access_log=False)


def run_ticking_worker(clock: Clock) -> None:
    """The worker, looking every second whether the score is due."""
    from worker import WorkerSettings
    from worker.jobs import compute_score

    configure_logging("INFO")
    # arq ignores inherited attributes, so these are its settings with another rhythm.
    ticking: dict[str, Any] = {
        **WorkerSettings.__dict__,
        "cron_jobs": [cron(compute_score, second=set(range(60)), run_at_startup=True, max_tries=4, keep_result=1)],
        "poll_delay": 0.1,
    }
    run_worker(type("Ticking", (), ticking), ctx={"clock": clock})  # type: ignore[arg-type]


def run_waiting_worker(clock: Clock) -> None:
    """The worker without its schedule."""
    from worker import WorkerSettings

    waiting: dict[str, Any] = {**WorkerSettings.__dict__, "cron_jobs": [], "poll_delay": 0.1}
    run_worker(type("Waiting", (), waiting), ctx={"clock": clock})  # type: ignore[arg-type]


def serve(factor: int) -> None:
    deadlines = Deadlines(**{field.name: factor * getattr(Deadlines, field.name) for field in fields(Deadlines)})
    thirdeye.app.create_app = partial(thirdeye.app.create_app, deadlines=deadlines)  # type: ignore[assignment]
    sys.argv = ["thirdeye", "serve"]
    thirdeye_command()


def main(kind: str, argument: str) -> None:
    def clock() -> datetime:
        return datetime.fromisoformat(Path(argument).read_text())

    if kind == "serve":
        serve(int(argument))
    elif kind == "api":
        run_api(clock)
    elif kind == "waiting_worker":
        run_waiting_worker(clock)
    else:
        run_ticking_worker(clock)


if __name__ == "__main__":
    main(*sys.argv[1:])
