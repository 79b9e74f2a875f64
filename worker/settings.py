"""What arq reads: which jobs there are and how they run."""

import sys
from typing import Any, ClassVar

from arq import cron, func
from arq.connections import RedisSettings

from thirdeye.jobs import queue_name
from thirdeye.settings import Settings, SettingsInvalid, process_settings
from worker.jobs import compute_forecast, compute_score, prune, refresh_estate, shut_down, start_up


def _settings() -> Settings:
    try:
        return process_settings()
    except SettingsInvalid as error:
        sys.exit(f"The worker cannot start, a setting is wrong:\n{error}")


class WorkerSettings:
    """arq takes these from the class itself, inherited ones it ignores."""

    redis_settings = RedisSettings.from_dsn(_settings().redis_url)
    queue_name = queue_name(_settings().thirdeye_mysql_schema)
    functions: ClassVar[list[Any]] = [
        compute_score,
        compute_forecast,
        prune,
        func(refresh_estate, max_tries=20, timeout=3600, keep_result=0),
    ]
    # A cron pattern cannot express any interval: each minute it looks whether the slot is due.
    cron_jobs: ClassVar[list[Any]] = [
        cron(compute_score, second=0, run_at_startup=True, max_tries=4, timeout=7200, keep_result=60),
        # Half a minute later, so that it finds the day that has just been written.
        cron(compute_forecast, second=30, max_tries=4, timeout=7200, keep_result=60),
        cron(prune, minute=17, second=45, max_tries=4, timeout=7200, keep_result=60),
    ]
    on_startup = start_up
    on_shutdown = shut_down
    max_jobs = 4
    job_timeout = 7200
    # SIGTERM lets the running job finish.
    job_completion_wait = 60
    health_check_interval = 10
    handle_signals = True
