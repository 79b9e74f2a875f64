"""Whether a worker is alive."""

from typing import cast

from arq.typing import WorkerSettingsType
from arq.worker import check_health

from worker.settings import WorkerSettings


def is_alive() -> bool:
    """Whether a worker has reported to Redis lately."""
    return check_health(cast("WorkerSettingsType", WorkerSettings)) == 0
