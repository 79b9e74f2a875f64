"""Runs the real API or the real worker in a process of its own by a clock in a file: `clocked.py api|worker FILE`."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from arq import cron, run_worker

from thirdeye.app import create_app
from thirdeye.observability.logging import configure_logging
from thirdeye.settings import process_settings


def main(kind: str, file: Path) -> None:
    def clock() -> datetime:
        return datetime.fromisoformat(file.read_text())

    settings = process_settings()
    configure_logging("INFO")
    if kind == "api":
        uvicorn.run(
            create_app(settings, clock=clock),
            host="127.0.0.1",
            port=settings.thirdeye_port,
            log_config=None,
            access_log=False,
        )
        return
    from worker import WorkerSettings
    from worker.jobs import compute_score

    # arq ignores inherited attributes, so these are its settings with another rhythm.
    ticking: dict[str, Any] = {
        **WorkerSettings.__dict__,
        "cron_jobs": [cron(compute_score, second=set(range(60)), run_at_startup=True, max_tries=4, keep_result=1)],
        "poll_delay": 0.1,
    }
    run_worker(type("Ticking", (), ticking), ctx={"clock": clock})  # type: ignore[arg-type]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
