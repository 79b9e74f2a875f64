"""Whether a worker works, seen from an API: a worker that is dead cannot say so itself."""

import math
from typing import Final

from thirdeye.background import PeriodicTask
from thirdeye.errors import Unavailable
from thirdeye.jobs import JobQueue
from thirdeye.observability.metrics import Metrics

_INTERVAL: Final = 15.0


class WorkerWatch:
    """Asks Redis every fifteen seconds how many jobs wait, and whether a worker reports."""

    def __init__(self, jobs: JobQueue, metrics: Metrics) -> None:
        self._jobs = jobs
        self._metrics = metrics
        self._watch = PeriodicTask(self.look, _INTERVAL, event="worker_watch_failed")

    async def start(self) -> None:
        """Begins; whoever starts does not wait for Redis."""
        self._watch.start(wait_first=False)

    async def stop(self) -> None:
        """Stops watching."""
        await self._watch.stop()

    async def look(self) -> None:
        """Asks once. Without Redis nothing is known, and neither is that nobody works."""
        try:
            state = await self._jobs.state()
        except Unavailable:
            self._metrics.queue_jobs.set(math.nan)
            self._metrics.worker_reports.set(math.nan)
            return
        self._metrics.queue_jobs.set(state.jobs)
        self._metrics.worker_reports.set(int(state.worker_reports))
