"""A refresh: brings the inventory up to date with OM, phase by phase. Killed at any point, it leaves readers what they had."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from thirdeye.clock import Clock
from thirdeye.database import MySQL
from thirdeye.errors import DatabaseUnavailable, Unavailable
from thirdeye.locks import Lease
from thirdeye.mirror import store
from thirdeye.mirror.compaction import compact_sets
from thirdeye.mirror.context import (
    MakeAdvisor,
    OnProgress,
    References,
    RefreshContext,
    RefreshProgress,
    RefreshWork,
    Removals,
    all_referred_to,
    no_removals,
)
from thirdeye.mirror.phases import PHASES, Phase
from thirdeye.mirror.phases.staging import stage_empty_estate
from thirdeye.mirror.reader import open_reader
from thirdeye.mirror.refresh_running import RefreshRunning as RefreshRunning
from thirdeye.mirror.state import load_numbers, load_state
from thirdeye.observability.metrics import Metrics
from thirdeye.observability.spans import NO_SPANS, Spans
from thirdeye.settings import Settings

# AUTO reads only what changed, where that is possible.
RequestedKind = Literal["AUTO", "FULL"]
PHASE_NAMES: Final = tuple(phase.name for phase in PHASES)
_MAX_ERROR_LENGTH: Final = 2000
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class EstateRefresh:
    """Refreshes over one pair of databases. One at a time across all processes."""

    settings: Settings
    om: MySQL
    thirdeye: MySQL
    clock: Clock
    metrics: Metrics
    advisor: MakeAdvisor
    removals: Removals = no_removals
    references: References = all_referred_to
    spans: Spans = NO_SPANS
    monotonic: Callable[[], float] = time.monotonic

    async def is_queued(self) -> bool:
        """Whether a refresh is queued that nobody has begun."""
        return await store.queued_run(self.thirdeye) is not None

    async def run(
        self,
        kind: RequestedKind = "AUTO",
        *,
        requested_by: str | None = None,
        on_progress: OnProgress = lambda _phase, _seen: None,
    ) -> store.Run:
        """Refreshes, as the run that is queued if one is; gives the finished run.

        Raises RefreshRunning when another process is refreshing, DatabaseUnavailable when a database is; then the run is
        FAILED and readers keep what they had.
        """
        async with self.thirdeye.lease("refresh") as lease:
            if lease is None:
                raise RefreshRunning
            progress = await self._open_run(kind, requested_by, on_progress)
            started = time.perf_counter()
            try:
                with self.spans.span("refresh", {"thirdeye.refresh.run": progress.run}) as span:
                    await self._refresh(progress, lease)
                    span.note({"thirdeye.refresh.kind": progress.kind, "thirdeye.refresh.tables": progress.tables})
            except BaseException as error:
                await self._fail(progress, error)
                raise
            finally:
                self._count(progress, time.perf_counter() - started)
                for entry in progress.warnings.entries:
                    log.warning("refresh_warning", run=progress.run, **entry)
            self.metrics.estate_tables.set(progress.tables)
            for state, count in progress.view_texts.items():
                self.metrics.view_texts.labels(state).set(count)
            return await store.get_run(self.thirdeye, progress.run)

    async def _refresh(self, progress: RefreshProgress, lease: Lease) -> None:
        context, work = await self._prepare(progress, lease)
        obstacle = context.reader.obstacle
        if obstacle is None:
            async with context.reader.connected():
                await self._run_phases(PHASES, context, work)
        elif work.state.tables:
            # A grant or a schema that is missing for an hour must not empty the inventory.
            raise DatabaseUnavailable("openmetadata", f"{obstacle}: the inventory stays as it was")
        else:
            await stage_empty_estate(context, work, obstacle)
            await self._run_phases(PHASES[-1:], context, work)

    async def _prepare(self, progress: RefreshProgress, lease: Lease) -> tuple[RefreshContext, RefreshWork]:
        """Removes what unfinished refreshes left, and loads the state that this one continues."""
        now = self.clock()
        published = await store.state(self.thirdeye)
        previous = published["generation"] if published else 0
        await store.delete_unpublished(self.thirdeye, previous)
        state = await load_state(self.thirdeye, previous) if progress.kind == "AUTO" and previous else None
        progress.kind = "FULL" if state is None else "INCREMENTAL"
        if state is not None:
            compact_sets(state)
        work = RefreshWork(state or await load_numbers(self.thirdeye, previous))
        context = RefreshContext(
            previous_generation=previous,
            now=now,
            clock=self.clock,
            monotonic=self.monotonic,
            settings=self.settings,
            thirdeye=self.thirdeye,
            reader=await open_reader(self.om, self.thirdeye, progress.warnings),
            advisor=self.advisor(),
            removals=self.removals,
            references=self.references,
            lease=lease,
            progress=progress,
        )
        return context, work

    async def _run_phases(self, phases: Sequence[Phase], context: RefreshContext, work: RefreshWork) -> None:
        progress = context.progress
        for phase in phases:
            context.check_lease()
            progress.phase, counts = phase.name, progress.counts(phase.name)
            log.info("refresh", run=progress.run, **counts)
            progress.on_progress(phase.name, progress.seen)
            with self.spans.span(f"phase {phase.name}") as span:
                await store.save_progress(self.thirdeye, progress.run, counts)
                await phase.run(context, work)
                span.note({"thirdeye.refresh.seen": progress.seen, "thirdeye.refresh.changed": progress.changed})
        progress.phase = "DONE"
        seen, changed, tables = progress.seen, progress.changed, progress.tables
        log.info("refreshed", run=progress.run, kind=progress.kind, seen=seen, changed=changed, tables=tables)

    async def _open_run(
        self, kind: RequestedKind, requested_by: str | None, on_progress: OnProgress
    ) -> RefreshProgress:
        """Starts the queued run, or a new one."""
        now = self.clock()
        queued = await store.queued_run(self.thirdeye)
        if queued is not None and await store.take_run(self.thirdeye, queued["id"], now):
            run, kind = queued["id"], "FULL" if queued["kind"] == "FULL" else kind
        else:
            run = await store.new_run(self.thirdeye, kind, requested_by, now)
        await store.fail_abandoned_runs(self.thirdeye, run, now)
        return RefreshProgress(run=run, kind=kind, on_progress=on_progress)

    async def _fail(self, progress: RefreshProgress, error: BaseException) -> None:
        problem = f"{type(error).__name__}: {error}"
        log.warning("refresh_failed", run=progress.run, phase=progress.phase, problem=problem)
        detail = str(getattr(error, "detail", "") or error) if isinstance(error, Unavailable) else type(error).__name__
        counts, message = progress.counts("FAILED"), f"{progress.phase}: {detail}"[:_MAX_ERROR_LENGTH]
        closing = store.finish_run(
            self.thirdeye, progress.run, counts, progress.warnings.entries, self.clock(), error=message
        )
        try:
            await asyncio.shield(closing)
        except (Unavailable, asyncio.CancelledError):
            pass  # The next refresh closes it.

    def _count(self, progress: RefreshProgress, seconds: float) -> None:
        kind = progress.kind.lower()
        self.metrics.refreshes.labels(kind, "done" if progress.phase == "DONE" else "failed").inc()
        self.metrics.refresh_seconds.labels(kind).observe(seconds)
