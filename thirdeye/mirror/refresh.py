"""One refresh from the lease to the publication. Killed at any point it leaves readers what they had."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

import numpy as np
import orjson
import structlog

from thirdeye.clock import Clock
from thirdeye.database import Lease, MySQL, Row, Session
from thirdeye.errors import DatabaseUnavailable, SchemaMissing, Unavailable
from thirdeye.inventory.columns import CHUNK, Mask, day_number
from thirdeye.inventory.money import prices_by_service
from thirdeye.inventory.rules import Thresholds
from thirdeye.inventory.thresholds import thresholds_of
from thirdeye.inventory.totals import summarise
from thirdeye.mirror import evaluation, publication, store
from thirdeye.mirror.advisor import Advisor, Estate
from thirdeye.mirror.changes import Change, changes
from thirdeye.mirror.checksums import Checksums
from thirdeye.mirror.directory import Names, directory_of
from thirdeye.mirror.duplicates import find_duplicates
from thirdeye.mirror.lineage import Graph, find_nearest, graph_of, judge_assets, packed_adjacency, packed_nearest
from thirdeye.mirror.names import name_assets, rank_names
from thirdeye.mirror.openmetadata import parts
from thirdeye.mirror.openmetadata.store import OpenMetadata, readable_columns
from thirdeye.mirror.reading import EstateReading
from thirdeye.mirror.state import Index, State, load_numbers, load_state
from thirdeye.mirror.tables import TableReader
from thirdeye.mirror.usage import UsageReader
from thirdeye.mirror.warnings import Problems
from thirdeye.observability.metrics import Metrics
from thirdeye.settings import Settings

Kind = Literal["AUTO", "FULL"]
# Told the phase and how many tables were seen so far.
OnProgress = Callable[[str, int], None]
PHASES: Final = (
    "TABLES", "RELATIONS", "TAGS", "PROFILES", "USAGE", "LINEAGE", "RULES", "STAGING", "PUBLISHING",
)  # fmt: skip
log = structlog.get_logger(__name__)


class RefreshRunning(Unavailable):
    """Another process is refreshing; its run will do."""

    def __init__(self) -> None:
        super().__init__("another refresh is running")


class RefreshLost(Unavailable):
    """The lease ended under way; somebody else may be refreshing by now."""

    def __init__(self) -> None:
        super().__init__("this refresh lost its lease; nothing of it was published")


class EstateRefresh:
    """Refreshes over one pair of databases. One at a time across all processes."""

    def __init__(
        self,
        *,
        settings: Settings,
        om: MySQL,
        thirdeye: MySQL,
        clock: Clock,
        metrics: Metrics,
        advisor: Callable[[], Advisor],
    ) -> None:
        self._settings = settings
        self._om = om
        self._thirdeye = thirdeye
        self._clock = clock
        self._metrics = metrics
        self._advisor = advisor

    async def waits(self) -> bool:
        """Whether somebody asked for a refresh that has not begun."""
        return await store.queued_run(self._thirdeye) is not None

    async def run(
        self,
        kind: Kind = "AUTO",
        *,
        requested_by: str | None = None,
        on_progress: OnProgress = lambda _phase, _seen: None,
    ) -> dict[str, Any]:
        """Refreshes, AUTO from what changed where that is possible; gives the run's row. Takes a run that waits.

        Raises RefreshRunning when another is at it, DatabaseUnavailable when a database is; then the run is FAILED and readers
        keep what they had.
        """
        async with self._thirdeye.lease("refresh") as lease:
            if lease is None:
                raise RefreshRunning
            run, kind = await self._open(kind, requested_by)
            started = time.perf_counter()
            work = _Run(
                self._settings,
                self._om,
                self._thirdeye,
                self._clock,
                on_progress,
                lease,
                self._advisor(),
                run,
                kind,
            )
            try:
                await work.refresh()
            except BaseException as error:
                await self._fail(run, work, error)
                raise
            finally:
                outcome = "done" if work.phase == "DONE" else "failed"
                self._metrics.refreshes.labels(work.kind.lower(), outcome).inc()
                self._metrics.refresh_seconds.labels(work.kind.lower()).observe(time.perf_counter() - started)
            self._metrics.estate_tables.set(work.tables)
            return await store.get_run(self._thirdeye, run)

    async def _open(self, kind: Kind, requested_by: str | None) -> tuple[int, Kind]:
        now = self._clock()
        queued = await store.queued_run(self._thirdeye)
        if queued is not None and await store.take_run(self._thirdeye, queued["id"], now):
            run, kind = queued["id"], "FULL" if queued["kind"] == "FULL" else kind
        else:
            run = await store.new_run(self._thirdeye, kind, requested_by, now)
        await store.fail_abandoned_runs(self._thirdeye, run, now)
        return run, kind

    async def _fail(self, run: int, work: "_Run", error: BaseException) -> None:
        log.warning("refresh_failed", run=run, phase=work.phase, problem=f"{type(error).__name__}: {error}")
        detail = str(getattr(error, "detail", "") or error) if isinstance(error, Unavailable) else type(error).__name__
        try:
            await asyncio.shield(
                store.finish_run(
                    self._thirdeye,
                    run,
                    phase="FAILED",
                    seen=work.seen,
                    changed=work.changed,
                    warnings=work.problems.warnings,
                    now=self._clock(),
                    error=f"{work.phase}: {detail}"[:2000],
                )
            )
        except (Unavailable, asyncio.CancelledError):
            pass  # the next refresh buries it


class _Run:
    """The work of one run."""

    def __init__(
        self,
        settings: Settings,
        om: MySQL,
        thirdeye: MySQL,
        clock: Clock,
        on_progress: OnProgress,
        lease: Lease,
        advisor: Advisor,
        run: int,
        kind: Kind,
    ) -> None:
        self._settings = settings
        self._om = om
        self._thirdeye = thirdeye
        self._now: datetime = clock()
        self._clock = clock
        self._today = self._now.date()
        self._thresholds: Thresholds = thresholds_of(settings)
        self._on_progress = on_progress
        self._lease = lease
        self._advisor = advisor
        self._run = run
        self.kind: str = kind
        self.phase = "STARTING"
        self.seen = self.changed = self.tables = 0
        self.problems = Problems()
        self._before = 0
        self._changes: list[Change] = []

    async def _enter(self, phase: str) -> None:
        if self._lease.lost:
            raise RefreshLost
        self.phase = phase
        log.info("refresh", run=self._run, kind=self.kind, phase=phase, seen=self.seen, changed=self.changed)
        self._on_progress(phase, self.seen)
        await store.progress(
            self._thirdeye, self._run, kind=self.kind, phase=phase, seen=self.seen, changed=self.changed
        )

    async def refresh(self) -> None:
        """All phases."""
        current = await store.state(self._thirdeye)
        self._before = current["generation"] if current else 0
        await store.forget_unpublished(self._thirdeye, self._before)
        state = await self._state()
        if not await self._readable(state):
            return
        checksums = Checksums(self._om, self._columns)
        try:
            checksums.begin()
            async with self._om.session() as session:
                om = OpenMetadata(session, self._columns)
                await om.prepare()
                await self._read(om, checksums, state)
        finally:
            await checksums.end()

    async def _state(self) -> State:
        state = await load_state(self._thirdeye, self._before) if self.kind == "AUTO" and self._before else None
        self.kind = "FULL" if state is None else "INCREMENTAL"
        return state or await load_numbers(self._thirdeye, self._before)

    async def _readable(self, state: State) -> bool:
        """Whether OM's tables can be read. What is known is never given up for a grant or a schema that is missing."""
        try:
            self._columns = await readable_columns(self._om)
        except SchemaMissing as error:
            log.warning("om_schema_missing", detail=error.detail)
            self._columns = {}
        if set(parts.TABLES.needs) <= self._columns.get("table_entity", set()):
            return True
        what = (
            "table_entity cannot be read"
            if self._columns
            else f"schema {self._om.schema} does not exist, or the account sees nothing of it"
        )
        if state.tables:
            raise DatabaseUnavailable("openmetadata", f"{what}: the inventory stays as it was")
        self.problems.add("NOT_READABLE", f"{what}: {parts.TABLES.meaning}")
        await self._publish_nothing(f"{what}: {parts.TABLES.meaning}")
        return False

    async def _publish_nothing(self, warning: str) -> None:
        state = State()
        feeds = evaluation.ServiceFeeds([], [])
        directory = directory_of(state, Names(), feeds, [warning])
        await self._put_json("directory", directory)
        await self._summarise(state, directory, [])
        await self._put_json("duplicates", [])
        await self._publish()

    async def _read(self, om: OpenMetadata, checksums: Checksums, state: State) -> None:
        today = day_number(self._today)
        reading = EstateReading(om, checksums, state, self.problems, today)
        await self._enter("TABLES")
        tables = TableReader(om, state, today, self.problems, self._stage_text)
        await (tables.read_all() if self.kind == "FULL" else tables.read_changes())
        self.seen = tables.seen
        rekeyed, renamed = tables.rekeyed.numbers.astype(np.int32), tables.renamed
        del tables
        by_id, by_hash = Index(state.source["id"]), Index(state.source["key"])
        await self._enter("RELATIONS")
        await reading.ownership(by_id, rekeyed)
        await self._enter("TAGS")
        await reading.tags(by_hash, rekeyed)
        await self._enter("PROFILES")
        await reading.profiles(by_hash, rekeyed)
        del by_hash, rekeyed
        await self._enter("USAGE")
        usage_reader = UsageReader(om, self._thirdeye, self._run, state, self._today, self._thresholds.recent_days)
        await reading.usage(usage_reader, by_id)
        usage = await usage_reader.add_up(by_id, self._advisor)
        await self._enter("LINEAGE")
        await reading.lineage(by_id)
        known = await reading.assets()
        assets_changed = judge_assets(state, known, usage.assets_recent, usage.assets_90)
        await name_assets(self._thirdeye, reading, state, assets_changed)
        del known
        state.query["query_cost"] = evaluation.split_costs(state.tables, *await reading.query_costs(by_id))
        del by_id
        await self._enter("RULES")
        feeds = evaluation.judge_feeds(state, usage, self._today, self._thresholds)
        directly = evaluation.judge_tables(state, usage, feeds, self._today, self._thresholds)
        del usage
        graph = graph_of(state, state.present(), self.problems)
        await publication.stage_edges(self._thirdeye, state, self._run, self._before)
        nearest = await asyncio.to_thread(find_nearest, state, graph, directly)
        evaluation.judge_use(state, nearest.any[: state.tables], self._today, self._thresholds)
        for name, data in packed_nearest(nearest, state.tables):
            await publication.stage_blob(self._thirdeye, name, data, self._run, self._before)
        del nearest
        directory = directory_of(state, await reading.names(), feeds, reading.incomplete)
        prices = await self._prices(directory)
        await self._advise(state, feeds, graph, prices, incomplete=reading.evidence_incomplete)
        await self._enter("STAGING")
        for name, data in packed_adjacency(graph):
            await publication.stage_blob(self._thirdeye, name, data, self._run, self._before)
        del graph
        await rank_names(self._thirdeye, state, renamed.numbers, self._run, self._before)
        await self._put_json("directory", directory)
        await self._summarise(state, directory, prices)
        columns = await self._find_duplicates(om, reading, state)
        await publication.drop_blobs(self._thirdeye, "columns/", columns, self._run)
        await self._stage_facts(state, renamed.mask(state.tables))
        await publication.stage_blobs(self._thirdeye, state, self._run, self._before)
        self.tables = int(state.present().sum())
        await self._publish()

    async def _prices(self, directory: dict[str, Any]) -> list[Decimal]:
        rows = await store.prices(self._thirdeye, self._today)
        return prices_by_service(directory["services"], rows, self._today)

    async def _advise(
        self, state: State, feeds: evaluation.ServiceFeeds, graph: Graph, prices: list[Decimal], *, incomplete: bool
    ) -> None:
        advised = await self._advisor.advise(
            Estate(
                query=state.query,
                source=state.source,
                present=state.present(),
                service=state.service_of_place()[state.query["place"]],
                observed=np.array([verdict.observed_days for verdict in feeds.verdicts] or [0], np.int32),
                prices=prices,
                nodes=graph.nodes,
                sources=graph.sources,
                targets=graph.targets,
                tag_sets=state.tag_sets.items,
                incomplete=incomplete,
            )
        )
        await self._put_json("advice", advised)

    async def _summarise(self, state: State, directory: dict[str, Any], prices: list[Decimal]) -> None:
        """Prepares what `estate` answers."""
        await self._put_json("summary", await asyncio.to_thread(summarise, state.query, directory, prices))

    async def _find_duplicates(self, om: OpenMetadata, reading: EstateReading, state: State) -> set[str]:
        async def read(ids: list[str]) -> list[Row]:
            return await reading.optional(parts.TABLES, lambda: om.column_names(ids), [])

        async def put(name: str, data: bytes) -> None:
            await publication.stage_blob(self._thirdeye, name, data, self._run, self._before)

        return await find_duplicates(state, self._thirdeye, self._before, read, put, self.problems)

    async def _stage_text(self, rows: list[tuple[Any, ...]]) -> None:
        await store.stage_text(self._thirdeye, rows)
        self._on_progress(self.phase, self.seen)
        if self._lease.lost:
            raise RefreshLost

    async def _put_json(self, name: str, document: Any) -> None:
        await publication.stage_blob(self._thirdeye, name, orjson.dumps(document), self._run, self._before)

    async def _stage_facts(self, state: State, texts: Mask) -> None:
        for chunk in range(state.query.chunks):
            old = await publication.old_chunk(self._thirdeye, self._before, chunk)
            new = publication.new_chunk(state, chunk)
            first = chunk * CHUNK
            chosen = publication.changed_facts(old, new, texts[first : first + CHUNK])
            self._advisor.compare(old, new, first)
            if self._before:
                self._changes += changes(old or {}, new, first)
            self.changed += int(chosen.sum())
            await store.stage_facts(self._thirdeye, publication.fact_rows(new, first, chosen))

    async def _publish(self) -> None:
        await self._enter("PUBLISHING")
        async with self._thirdeye.transaction() as session:
            if self._lease.lost or not await store.still_open(session, self._run):
                raise RefreshLost
            await self._merge(session)
            await self._advisor.publish(session, self._run)
            now = self._clock()
            await store.publish_state(session, self._run, now, self._today)
            await store.finish_run(
                session,
                self._run,
                phase="DONE",
                seen=self.seen,
                changed=self.changed,
                warnings=self.problems.warnings,
                now=now,
            )
        self.phase = "DONE"
        log.info("refreshed", run=self._run, kind=self.kind, seen=self.seen, changed=self.changed, tables=self.tables)

    async def _merge(self, session: Session) -> None:
        await store.merge_staged(session, self._now)
        moment = self._now.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
        rows = (
            (self._run, moment, str(kind.value), number, orjson.dumps(detail).decode())
            for kind, number, detail in self._changes
        )
        await store.put_changes(session, rows)
        await store.forget_changes(session, self._now - timedelta(days=self._settings.changes_days))
