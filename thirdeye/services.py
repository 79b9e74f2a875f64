"""Composition root: what a process uses, made from the settings, opened and closed in one place."""

from contextlib import AsyncExitStack
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from thirdeye.cache import Cache
from thirdeye.clock import Clock, utc_now
from thirdeye.database import om_database, thirdeye_database
from thirdeye.deadlines import DEADLINES, Deadlines
from thirdeye.dependencies import Dependencies
from thirdeye.inventory.reader import EstateReader
from thirdeye.jobs import JobQueue
from thirdeye.observability.metrics import Metrics
from thirdeye.observability.spans import open_spans
from thirdeye.score.service import ScoreService
from thirdeye.settings import Settings
from thirdeye.worker_watch import WorkerWatch

# What a process that answers hardly ever does is imported and made when it is first asked for: 5 MB, and a tenth of the time
# until it answers.
if TYPE_CHECKING:
    from thirdeye.actions.detection.run import Detection
    from thirdeye.forecast.daily_facts import DailyFacts
    from thirdeye.forecast.forecaster import Forecaster
    from thirdeye.forecast.past import PastFacts
    from thirdeye.mirror.refresh import EstateRefresh
    from thirdeye.pruning.run import Pruning


class Service(Protocol):
    """What has to be opened before use and closed after."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Services:
    """The databases, the cache and what the domains build on them; open within `async with`.

    `thirdeye` answers: in the API its statements end after MYSQL_STATEMENT_TIMEOUT. `thirdeye_unbounded` is for work of
    minutes. A pool makes no connection before its first statement.
    """

    def __init__(
        self, settings: Settings, *, clock: Clock, deadlines: Deadlines, answers_requests: bool, watches: bool
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.deadlines = deadlines
        self.metrics = Metrics()
        redis, schema = settings.redis_url, settings.thirdeye_mysql_schema
        self.spans = open_spans(settings, self.metrics)
        self.cache = Cache(redis, schema, self.spans.look_ups(self.metrics.observe_cache), timeout=deadlines.cache)
        observe, tracer = self.metrics.observe_database, self.spans.statements()
        timeout = settings.mysql_statement_timeout if answers_requests else None
        self.om = om_database(settings, observe, tracer=tracer)
        self.thirdeye = thirdeye_database(settings, observe, statement_timeout=timeout, tracer=tracer)
        self.thirdeye_unbounded = (
            thirdeye_database(settings, observe, tracer=tracer) if answers_requests else self.thirdeye
        )
        databases = [self.om, self.thirdeye, *([self.thirdeye_unbounded] if answers_requests else [])]
        serving = databases if answers_requests else ()
        self.dependencies = Dependencies(settings, self.cache, self.metrics, serving, ping_timeout=deadlines.ping)
        self.estate = EstateReader(self.thirdeye)
        self.jobs = JobQueue(redis, schema, timeout=deadlines.job_queue, queueing=self.spans.queueing)
        self.score = ScoreService(
            settings=settings,
            refreshing=lambda: self.refresh,
            estate=self.estate,
            thirdeye=self.thirdeye,
            cache=self.cache,
            clock=clock,
            metrics=self.metrics,
            deadlines=deadlines,
            mysql_unavailable=lambda: answers_requests and self.dependencies.mysql_unavailable,
        )
        self._databases = databases
        self._later: list[Service] = [self.dependencies] if watches else []
        if watches and answers_requests:
            self._later.append(WorkerWatch(self.jobs, self.metrics))
        self.metrics.refresh_interval.set(60 * settings.refresh_minutes)
        for database in (self.om, self.thirdeye):
            self.metrics.connections_limit.labels(database.name).set(database.pool_size)
            used = partial(getattr, database, "connections_used")
            self.metrics.connections_used.labels(database.name).set_function(used)
        if settings.return_risk_prior:
            # Made now, for the start says what is wrong with that file.
            _ = self.refresh

    @cached_property
    def refresh(self) -> "EstateRefresh":
        from thirdeye.actions.detection.store import tables_being_removed
        from thirdeye.mirror.refresh import EstateRefresh
        from thirdeye.pruning.references.store import numbers_referred_to
        from thirdeye.verdict.advisor import advisors

        return EstateRefresh(
            settings=self.settings,
            om=self.om,
            thirdeye=self.thirdeye_unbounded,
            clock=self.clock,
            metrics=self.metrics,
            advisor=advisors(self.settings, self.thirdeye_unbounded),
            removals=partial(tables_being_removed, self.thirdeye_unbounded, self.clock),
            references=partial(numbers_referred_to, self.thirdeye_unbounded, self.clock),
            spans=self.spans,
        )

    @cached_property
    def detection(self) -> "Detection":
        from thirdeye.actions.detection.run import Detection

        return Detection(settings=self.settings, thirdeye=self.thirdeye, estate=self.estate, clock=self.clock)

    @cached_property
    def daily_facts(self) -> "DailyFacts":
        from thirdeye.forecast.daily_facts import DailyFacts

        return DailyFacts(settings=self.settings, thirdeye=self.thirdeye, estate=self.estate)

    @cached_property
    def past_facts(self) -> "PastFacts":
        from thirdeye.forecast.past import PastFacts

        return PastFacts(om=self.om, thirdeye=self.thirdeye, estate=self.estate)

    @cached_property
    def forecaster(self) -> "Forecaster":
        from thirdeye.forecast.forecaster import Forecaster

        return Forecaster(thirdeye=self.thirdeye, estate=self.estate, clock=self.clock)

    @cached_property
    def pruning(self) -> "Pruning":
        from thirdeye.pruning.run import Pruning

        return Pruning(thirdeye=self.thirdeye, clock=self.clock, metrics=self.metrics)

    def add(self, *services: Service) -> None:
        """Has these opened after the others, in this order, and closed before them."""
        self._later += services

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self.spans.start()
            stack.push_async_callback(self.spans.stop)
            stack.push_async_callback(self.cache.stop)
            stack.push_async_callback(self.jobs.stop)
            for database in self._databases:
                await database.start()
                stack.push_async_callback(database.stop)
            # What uses the databases stops before them.
            stack.push_async_callback(self.score.stop)
            for service in self._later:
                await service.start()
                stack.push_async_callback(service.stop)
            self._open = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.__aexit__(kind, error, trace)


def open_services(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    deadlines: Deadlines = DEADLINES,
    answers_requests: bool = False,
    watches: bool = True,
) -> Services:
    """The services of a process, for `async with`; nothing is opened before.

    `answers_requests`: its statements are bounded, and a database that was found unavailable is refused at once.
    `watches`: it migrates the schema as soon as that can be reached, and watches what it depends on.
    """
    return Services(settings, clock=clock, deadlines=deadlines, answers_requests=answers_requests, watches=watches)
