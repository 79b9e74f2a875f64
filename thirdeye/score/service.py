"""Computing, keeping and answering the score: what the worker and the API share."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import structlog

from thirdeye.cache import Cache
from thirdeye.clock import Clock
from thirdeye.database import MySQL, Row, detached_task
from thirdeye.deadlines import DEADLINES, Deadlines
from thirdeye.errors import Unavailable
from thirdeye.inventory.columns import day_number
from thirdeye.inventory.reader import EstateReader, Snapshot
from thirdeye.inventory.rules import Activity, Thresholds
from thirdeye.mirror.refresh import EstateRefresh, RefreshRunning
from thirdeye.observability.metrics import Metrics
from thirdeye.score import store
from thirdeye.score.rules import (
    COMPONENTS,
    TALLIED,
    Bands,
    Status,
    Tally,
    Trend,
    ZIScore,
    band,
    inactive_percentage,
    slot_of,
    tally_services,
    trend,
    zi_score,
)
from thirdeye.settings import Settings

_LAST_TTL = 7 * 24 * 3600
_KEY, _LAST = "zi-score", "zi-score:last"
log = structlog.get_logger(__name__)


def bands_of(settings: Settings) -> Bands:
    """The bands that the settings name."""
    return Bands(**{name: getattr(settings, f"zi_band_{name}") for name in Bands.__dataclass_fields__})


def weights_of(settings: Settings) -> dict[str, int]:
    """The weight of each component."""
    return {name: getattr(settings, f"zi_weight_{name}") for name in COMPONENTS}


class ScoreService:
    """The score over one pair of databases and a cache. One instance a process."""

    def __init__(
        self,
        *,
        settings: Settings,
        refreshing: EstateRefresh,
        estate: EstateReader,
        thirdeye: MySQL,
        cache: Cache,
        clock: Clock,
        metrics: Metrics,
        mysql_unavailable: Callable[[], bool] = lambda: False,
        deadlines: Deadlines = DEADLINES,
    ) -> None:
        self._settings = settings
        self._refreshing = refreshing
        self._estate = estate
        self._thirdeye = thirdeye
        self._cache = cache
        self._clock = clock
        self._metrics = metrics
        self._mysql_unavailable = mysql_unavailable
        self._deadlines = deadlines
        self._last: dict[str, Any] | None = None
        # The answer asked for last, and when it gets stale.
        self._aging: tuple[dict[str, Any], datetime] | None = None
        self._loading: asyncio.Task[dict[str, Any] | None] | None = None
        self._first: asyncio.Task[dict[str, Any]] | None = None

    # ---- computing

    def current_slot(self) -> int:
        """The slot that this moment falls into."""
        return slot_of(int(self._clock().timestamp()) // 60, self._settings.refresh_minutes)

    async def is_due(self) -> bool:
        """Whether nobody has written the current slot's row yet."""
        return not await store.slot_is_written(self._thirdeye, self.current_slot(), self._settings.refresh_minutes)

    async def compute(self) -> bool:
        """Computes the current slot's score, writes its row and the cache; False when it is done or being done elsewhere.

        Raises DatabaseUnavailable when either database is; then no row is written.
        """
        async with self._thirdeye.advisory_lock("score") as got:
            if not got or not await self.is_due():
                return False
            now, slot = self._clock(), self.current_slot()
            try:
                await self._refreshing.run()
            except RefreshRunning:
                # Its result will do, with the next look at whether the slot is due.
                return False
            estate = await self._estate.snapshot(newest=True)
            await estate.load(TALLIED)
            score = await asyncio.to_thread(self._evaluate, estate)
            await store.insert_score(
                self._thirdeye,
                captured_at=now,
                score=score.score,
                status=score.status,
                meta=describe(score, estate, self._settings),
                slot=slot,
                slot_minutes=self._settings.refresh_minutes,
            )
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
            self._settings.recent_days,
        )
        by_service = {name: tally for name, tally in zip(services, tallies, strict=True) if tally.tables}
        return zi_score(by_service, weights_of(self._settings), bands_of(self._settings))

    async def publish(self) -> dict[str, Any] | None:
        """Puts the newest row's answer into the cache and gives it; None before the first row."""
        answer = await self._load()
        if answer is not None:
            await self._cache.set(_KEY, answer, ttl=self._settings.refresh_minutes * 60)
            await self._cache.set(_LAST, answer, ttl=_LAST_TTL)
            self._remember(answer)
        return answer

    # ---- answering

    async def cached(self) -> dict[str, Any] | None:
        """The newest score when the cache has it and it is not stale; asks no database and never fails."""
        answer: dict[str, Any] | None = await self._cache.get(_KEY)
        if answer is None or self._is_stale(answer):
            return None
        if answer is not self._last:
            self._remember(answer)
        return answer

    async def current(self) -> dict[str, Any]:
        """The newest score in the shape of the GraphQL type. Raises Unavailable when there is none to be had."""
        answer = await self._cache.get(_KEY)
        if answer is None:
            answer = await self._loaded()
        if answer is None:
            answer = await self._first_score()
        if answer["status"] != Status.PENDING and answer is not self._last:
            self._remember(answer)
        if answer["stale"] or self._is_stale(answer):
            return {**answer, "stale": True}
        return answer

    def _remember(self, answer: dict[str, Any]) -> None:
        self._last = answer
        self._metrics.score.set(answer["score"])
        self._metrics.score_captured.set(datetime.fromisoformat(answer["capturedAt"]).timestamp())

    async def has_cached(self) -> bool:
        """Whether an answer can be given without a database."""
        return self._last is not None or await self._cache.get(_LAST) is not None

    async def _loaded(self) -> dict[str, Any] | None:
        """From the database, by one task however many ask; the last known answer while it is away."""
        if self._loading is None:
            self._loading = detached_task(self.publish())
            self._loading.add_done_callback(self._loading_done)
        task = self._loading
        await asyncio.wait({task}, timeout=self._deadlines.stored_score)
        if task.done() and not isinstance(task.exception(), Unavailable):
            return task.result()
        last = self._last or await self._cache.get(_LAST)
        return {**last, "stale": True} if last is not None else await asyncio.shield(task)

    def _loading_done(self, task: "asyncio.Task[dict[str, Any] | None]") -> None:
        self._loading = None
        if not task.cancelled():
            task.exception()

    async def _first_score(self) -> dict[str, Any]:
        if self._first is None:
            self._first = detached_task(self._compute_first())
        task = self._first
        done, _ = await asyncio.wait({task}, timeout=self._deadlines.first_score)
        if not done:
            return pending(self._clock())
        if self._first is task:
            self._first = None
        return task.result()

    async def _compute_first(self) -> dict[str, Any]:
        while True:
            await self.compute()
            answer = await self.publish()
            if answer is not None:
                return answer
            await asyncio.sleep(0.2)  # another process is at it: its row will come

    def _is_stale(self, answer: dict[str, Any]) -> bool:
        if answer["status"] == Status.PENDING:
            return False
        if self._aging is None or self._aging[0] is not answer:
            interval = timedelta(minutes=self._settings.refresh_minutes)
            self._aging = (answer, datetime.fromisoformat(answer["capturedAt"]) + 2 * interval)
        return self._mysql_unavailable() or self._clock() > self._aging[1]

    async def _load(self) -> dict[str, Any] | None:
        row = await store.latest_score(self._thirdeye)
        if row is None:
            return None
        earlier = None
        if row["status"] != Status.NO_DATA:
            moment = row["captured_at"] - timedelta(days=self._settings.trend_days)
            earlier = await store.score_before(self._thirdeye, row, moment)
        return answer_of(row, earlier, self._settings)

    async def stop(self) -> None:
        """Cancels what runs in the background."""
        for task in (self._first, self._loading):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait({task})


def describe(score: ZIScore, estate: Snapshot, settings: Settings) -> dict[str, Any]:
    """What a history row keeps beside the score: its parts, its inputs, and the settings it was computed with."""
    total = score.total
    return {
        "breakdown": {component.name: component.points for component in score.components},
        "components": [
            {
                "component": component.name.upper(),
                "value": None if component.value is None else _decimals(100 * component.value),
                "weight": _decimals(100 * component.weight),
                "points": component.points,
            }
            for component in score.components
        ],
        "drivers": [
            {
                "component": driver.component.upper(),
                "service": driver.service,
                "points": _decimals(driver.points),
            }
            for driver in score.drivers
        ],
        "coverage": _decimals(score.coverage, 4),
        "metadata": _metadata(total),
        "warnings": estate.warnings,
        "generation": estate.generation,
        "inputs": {
            name: getattr(total, name)
            for name in Tally.__dataclass_fields__
            if name not in {"count_by_activity", "bytes_by_activity"}
        },
        "settings": {
            "weights": weights_of(settings),
            "bands": {name: getattr(bands_of(settings), name) for name in Bands.__dataclass_fields__},
            "thresholds": {name: getattr(settings, name) for name in Thresholds.__dataclass_fields__},
        },
    }


def _metadata(total: Tally) -> dict[str, Any]:
    counts = {f"{kind.lower()}Tables": total.count_by_activity.get(kind, 0) for kind in Activity}
    sizes = {f"{kind.lower()}Bytes": total.bytes_by_activity.get(kind, 0) for kind in Activity}
    # ACTIVE as an activity is narrower than the contract's "active", which is everything in use.
    recent = {"recentlyUsedTables": counts.pop("activeTables"), "recentlyUsedBytes": sizes.pop("activeBytes")}
    return {
        "totalTables": total.tables,
        "activeTables": total.active,
        "inactivePercentage": inactive_percentage(total.tables, total.active),
        "zombieTables": total.zombies,
        "totalBytes": total.bytes,
        "activeBytes": total.active_bytes,
        "zombieBytes": total.zombie_bytes,
        "sizedTables": total.sized,
        **recent,
        **counts,
        **sizes,
    }


def _decimals(value: Fraction, places: int = 1) -> float:
    return round(float(value), places)


def answer_of(row: Row, earlier: int | None, settings: Settings) -> dict[str, Any]:
    """The answer that a row of the history gives, compared with an `earlier` score. Rows written by hand lack `meta`."""
    meta, score = row["meta"], row["score"]
    direction, delta = trend(score, earlier, settings.trend_stable_points)
    empty = pending(datetime.now(UTC))
    return {
        "score": score,
        "status": row["status"] or band(score, bands_of(settings)),
        "breakdown": meta.get("breakdown", empty["breakdown"]),
        "metadata": {**empty["metadata"], **meta.get("metadata", {})},
        "components": meta.get("components", []),
        "drivers": meta.get("drivers", []),
        "coverage": meta.get("coverage", 0.0),
        "warnings": meta.get("warnings", []),
        "trend": direction,
        "delta": delta,
        "capturedAt": row["captured_at"].replace(tzinfo=UTC).isoformat(),
        "stale": False,
    }


def pending(now: datetime) -> dict[str, Any]:
    """The answer while the very first computation runs: zeros."""
    return {
        "score": 0,
        "status": Status.PENDING,
        "breakdown": dict.fromkeys(COMPONENTS, 0),
        "metadata": _metadata(Tally()),
        "components": [],
        "drivers": [],
        "coverage": 0.0,
        "warnings": [],
        "trend": Trend.STABLE,
        "delta": 0,
        "capturedAt": now.isoformat(),
        "stale": False,
    }
