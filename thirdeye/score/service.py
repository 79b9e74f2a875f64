"""Computes, stores and answers the score, for the worker and the API."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from thirdeye.cache import Cache
from thirdeye.clock import Clock
from thirdeye.data_version import DataVersion
from thirdeye.database import MySQL
from thirdeye.deadlines import DEADLINES, Deadlines
from thirdeye.errors import Unavailable
from thirdeye.inventory.columns import day_number
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.mirror.refresh_running import RefreshRunning
from thirdeye.observability.metrics import Metrics
from thirdeye.score import store
from thirdeye.score.answers import ScoreAnswer, answer_of, bands_of, meta_of, pending_answer, weights_of
from thirdeye.score.rules import TALLY_COLUMNS, Status, ZIScore, slot_of, tally_services, zi_score
from thirdeye.settings import Settings
from thirdeye.single_flight import SingleFlight

if TYPE_CHECKING:
    from thirdeye.mirror.refresh import EstateRefresh

_LAST_TTL = 7 * 24 * 3600
_KEY, _LAST = "zi-score", "zi-score:last"
_LOAD, _FIRST_SCORE = "load", "first score"
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False)
class ScoreService:
    """The score over one pair of databases and a cache. One instance a process."""

    settings: Settings
    # A refresh; importing it takes longer than an answer.
    refreshing: Callable[[], "EstateRefresh"]
    estate: EstateReader
    thirdeye: MySQL
    cache: Cache
    clock: Clock
    metrics: Metrics
    mysql_unavailable: Callable[[], bool] = lambda: False
    deadlines: Deadlines = DEADLINES
    _last: ScoreAnswer | None = field(default=None, init=False)
    # The answer given last, and when it becomes stale.
    _stale_at: tuple[ScoreAnswer, datetime] | None = field(default=None, init=False)
    _flights: SingleFlight = field(default_factory=SingleFlight, init=False)
    _version: DataVersion = field(init=False)

    def __post_init__(self) -> None:
        self._version = DataVersion(partial(store.version, self.thirdeye), timeout=self.deadlines.data_version)

    # ---- computing

    def current_slot(self) -> int:
        """The slot of the present moment."""
        return slot_of(int(self.clock().timestamp()) // 60, self.settings.refresh_minutes)

    async def is_due(self) -> bool:
        """Whether the current slot has no row yet."""
        return not await store.slot_is_written(self.thirdeye, self.current_slot(), self.settings.refresh_minutes)

    async def compute(self) -> bool:
        """Computes the current slot's score, writes its row and the cache; False when that is done or under way elsewhere.

        Raises DatabaseUnavailable when either database is; then no row is written.
        """
        async with self.thirdeye.advisory_lock("score") as locked:
            if not locked or not await self.is_due():
                return False
            now, slot = self.clock(), self.current_slot()
            try:
                await self.refreshing().run()
            except RefreshRunning:
                # The next check whether the slot is due will use its result.
                return False
            estate = await self.estate.snapshot(newest=True)
            await estate.load(TALLY_COLUMNS)
            score = await asyncio.to_thread(self._evaluate, estate)
            await store.insert_score(
                self.thirdeye,
                captured_at=now,
                score=score.score,
                status=score.status,
                meta=meta_of(score, estate, self.settings),
                slot=slot,
                slot_minutes=self.settings.refresh_minutes,
            )
            self._version.forget()
            log.info("score_computed", score=score.score, status=score.status, tables=score.total.tables, slot=slot)
            await self.publish()
            return True

    def _evaluate(self, estate: Snapshot) -> ZIScore:
        services = [entry["name"] for entry in estate.directory["services"]]
        tallies = tally_services(
            estate.catalogue.columns,
            estate.catalogue.place_service,
            len(services),
            day_number(estate.as_of),
            self.settings.recent_days,
        )
        by_service = {name: tally for name, tally in zip(services, tallies, strict=True) if tally.tables}
        missing = estate.missing_evidence
        return zi_score(by_service, weights_of(self.settings), bands_of(self.settings), missing=missing)

    async def publish(self) -> ScoreAnswer | None:
        """Caches and returns the answer for the newest row; None before the first row."""
        answer = await self._load()
        if answer is not None:
            await self.cache.set(_KEY, answer, ttl=self.settings.refresh_minutes * 60)
            await self.cache.set(_LAST, answer, ttl=_LAST_TTL)
            self._remember(answer)
        return answer

    # ---- answering

    def unchanged(self) -> ScoreAnswer | None:
        """The score answered last if it is known to be the newest; the same object for as long as nothing changes.

        None when the database must be asked first, or when the answer is stale. Waits for nothing.
        """
        last, version = self._last, self._version.known
        # Of an older release it has no version.
        if last is None or version is None or last.get("version") != version:
            return None
        return None if last["stale"] or self._is_stale(last) else last

    async def _cached(self) -> ScoreAnswer | None:
        """The cached score, unless the history is known to have moved on: whoever wrote it may have had no cache."""
        answer: ScoreAnswer | None = await self.cache.get(_KEY)
        if answer is None:
            return None
        version = await self._version.current()
        if version is not None and version != answer.get("version"):
            return None
        return self._last if answer == self._last else answer

    async def current(self) -> ScoreAnswer:
        """The newest score. Raises Unavailable when there is none and none can be computed."""
        answer = await self._cached()
        if answer is None:
            answer = await self._load_shared()
        if answer is None:
            answer = await self._first_score()
        if answer["status"] != Status.PENDING and answer is not self._last:
            self._remember(answer)
        if answer["stale"] or self._is_stale(answer):
            return {**answer, "stale": True}
        return answer

    def _remember(self, answer: ScoreAnswer) -> None:
        self._last = answer
        self.metrics.score.set(answer["score"])
        self.metrics.score_captured.set(datetime.fromisoformat(answer["capturedAt"]).timestamp())

    async def has_cached(self) -> bool:
        """Whether a score can be answered without a database."""
        return self._last is not None or await self.cache.get(_LAST) is not None

    async def _load_shared(self) -> ScoreAnswer | None:
        """From the database, once for all callers; the last answer known while that is slow or unavailable."""
        try:
            async with asyncio.timeout(self.deadlines.stored_score):
                return await self._flights.do(_LOAD, self.publish)
        except (TimeoutError, Unavailable) as error:
            last: ScoreAnswer | None = self._last or await self.cache.get(_LAST)
            if last is not None:
                return {**last, "stale": True}
            if isinstance(error, Unavailable):
                raise
        return await self._flights.do(_LOAD, self.publish)

    async def _first_score(self) -> ScoreAnswer:
        try:
            async with asyncio.timeout(self.deadlines.first_score):
                return await self._flights.do(_FIRST_SCORE, self._compute_first)
        except TimeoutError:
            return pending_answer(self.clock(), self.settings)

    async def _compute_first(self) -> ScoreAnswer:
        while True:
            await self.compute()
            answer = await self.publish()
            if answer is not None:
                return answer
            await asyncio.sleep(0.2)  # another process computes it

    def _is_stale(self, answer: ScoreAnswer) -> bool:
        if answer["status"] == Status.PENDING:
            return False
        if self._stale_at is None or self._stale_at[0] is not answer:
            interval = timedelta(minutes=self.settings.refresh_minutes)
            self._stale_at = (answer, datetime.fromisoformat(answer["capturedAt"]) + 2 * interval)
        return self.mysql_unavailable() or self.clock() > self._stale_at[1]

    async def _load(self) -> ScoreAnswer | None:
        # Before the rows: one that is written meanwhile moves it again.
        version = await self._version.current()
        row = await store.latest_score(self.thirdeye)
        if row is None:
            return None
        earlier = None
        if row.status != Status.NO_DATA:
            moment = row.captured_at - timedelta(days=self.settings.trend_days)
            earlier = await store.score_before(self.thirdeye, row, moment)
        return answer_of(row, earlier, self.settings, version or 0)

    async def stop(self) -> None:
        """Cancels what runs in the background."""
        await self._flights.stop()
        await self._version.stop()
