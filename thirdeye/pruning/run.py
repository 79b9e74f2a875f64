"""Pruning: batch after batch, one process at a time. Killed anywhere, the next run goes on."""

from dataclasses import dataclass
from typing import Final

import structlog

from thirdeye.clock import Clock
from thirdeye.database import MySQL
from thirdeye.observability.metrics import Metrics
from thirdeye.pruning import store

# What is left after so many waits for the next run.
_MAX_BATCHES: Final = 200
_STEPS: Final = (
    store.thin_scores, store.thin_daily_facts, store.delete_runs, store.delete_denials, store.delete_verdicts,
    store.delete_findings, store.join_savings,
)  # fmt: skip
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pruning:
    """Deletes what has grown old."""

    thirdeye: MySQL
    clock: Clock
    metrics: Metrics

    async def run(self) -> int | None:
        """How many rows it took; None while another process prunes. Raises DatabaseUnavailable."""
        async with self.thirdeye.advisory_lock("pruning") as locked:
            if not locked:
                return None
            total = 0
            for step in _STEPS:
                for _ in range(_MAX_BATCHES):
                    pruned = await step(self.thirdeye, self.clock())
                    total += pruned
                    if not pruned:
                        break
            self.metrics.schema_bytes.set(await store.schema_bytes(self.thirdeye))
            if total:
                log.info("pruned", rows=total)
            return total
