"""What a process depends on, and whether it is there: watched every second, prepared once it can be reached."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from thirdeye.background import PeriodicTask
from thirdeye.cache import Cache
from thirdeye.database import MySQL, om_database, thirdeye_database
from thirdeye.deadlines import Deadlines
from thirdeye.errors import SchemaMissing, Unavailable
from thirdeye.migrations import MigrationFailed, applied_migrations, migrate, migration_ids
from thirdeye.observability.metrics import Metrics
from thirdeye.settings import Settings

_INTERVAL = 1.0
_NO_OM_SCHEMA = "correct OM_MYSQL_DB, or grant what `thirdeye grants` prints; `thirdeye doctor` tells which"
_NEWER = "a newer version of ThirdEye has migrated the schema: upgrade this one; `thirdeye doctor` says how to go back"
log = structlog.get_logger(__name__)


class Dependencies:
    """Watches OM's database, ThirdEye's and Redis; migrates when ThirdEye's first answers.

    `unavailable` names what did not answer last. `migrated` is None until that could be found out, and False once a migration
    of this version has failed or been rolled back. The databases in `serving` refuse at once while their server is unavailable,
    or their schema is not as this version needs it.
    """

    def __init__(
        self,
        settings: Settings,
        cache: Cache,
        metrics: Metrics,
        serving: Sequence[MySQL] = (),
        *,
        ping_timeout: float = Deadlines.ping,
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._metrics = metrics
        self._serving = serving
        self._ping_timeout = ping_timeout
        # Pools of their own, so that a busy pool never looks like a server that is down.
        narrow = settings.model_copy(update={"om_mysql_pool_size": 1, "thirdeye_mysql_pool_size": 1})
        self._om = om_database(narrow, lambda _name, _seconds: None)
        self._thirdeye = thirdeye_database(narrow, lambda _name, _seconds: None)
        self.unavailable: set[str] = set()
        self.migrated: bool | None = None
        self.problem: str | None = None
        # The migrations of this version, once all of them were applied.
        self._expected = frozenset[str]()
        self._grants_checked = False
        self._om_schema_missing = False
        self._watch = PeriodicTask(self.look, _INTERVAL, event="watch_failed")

    async def start(self) -> None:
        """Looks once, migrates if possible, and goes on watching in the background."""
        await self._om.start()
        await self._thirdeye.start()
        await self.look()
        self._watch.start()

    async def stop(self) -> None:
        """Stops watching."""
        await self._watch.stop()
        await self._om.stop()
        await self._thirdeye.stop()

    @property
    def mysql_unavailable(self) -> bool:
        """Whether one of the two databases is unavailable."""
        return not self.unavailable.isdisjoint({"openmetadata", "thirdeye"})

    async def look(self) -> None:
        """Asks all of them once, at the same time."""
        await asyncio.gather(
            self._probe("openmetadata", self._om_problem),
            self._probe("thirdeye", self._thirdeye_problem),
            self._probe("redis", self._cache.problem),
        )
        if not self._grants_checked and "openmetadata" not in self.unavailable:
            await self._check_grants()

    async def _probe(self, name: str, find_problem: Callable[[], Awaitable[str | None]]) -> None:
        """Notes whether a dependency is there; `find_problem` tells why it is not."""
        problem = await find_problem()
        up = problem is None
        self._metrics.dependency_up.labels(name).set(int(up))
        for database in self._serving:
            if database.name == name:
                database.refusing = not up
        if up and name in self.unavailable:
            self.unavailable.discard(name)
            log.info("dependency_back", dependency=name)
        elif not up and name not in self.unavailable:
            self.unavailable.add(name)
            log.warning("dependency_away", dependency=name, reason=problem)

    async def _om_problem(self) -> str | None:
        try:
            await self._om.ping(self._ping_timeout)
            self._om_schema_missing = False
        except SchemaMissing as error:
            if not self._om_schema_missing:
                self._om_schema_missing = True
                log.error("openmetadata_schema_missing", problem=error.detail, advice=_NO_OM_SCHEMA)
            return None  # the server is there; what its schema lacks is for the reading to say
        except Unavailable as error:
            return str(getattr(error, "detail", error))
        return None

    async def _thirdeye_problem(self) -> str | None:
        try:
            if self._expected:
                await self._compare()
            else:
                await self._migrate()
                await self._thirdeye.ping(self._ping_timeout)
        except Unavailable as error:
            problem = str(getattr(error, "detail", error))
            self._report(problem)
            return problem
        return None if self.migrated else self.problem

    async def _compare(self) -> None:
        """Whether all migrations are still applied. What was rolled back is not applied again: somebody meant it."""
        missing = self._expected - await applied_migrations(self._thirdeye, self._ping_timeout)
        if missing:
            self.migrated = False
            self._report(
                f"not applied any more: {', '.join(sorted(missing)[:5])}; run `thirdeye migrate` of this version"
            )
        elif not self.migrated:
            self.migrated, self.problem = True, None
            log.info("schema_current_again", schema=self._settings.thirdeye_mysql_schema)

    async def _migrate(self) -> None:
        try:
            applied = await migrate(self._settings, self._thirdeye)
        except MigrationFailed as error:
            self.migrated = False
            self._report(str(error))
            return
        self.migrated, self.problem, self._expected = True, None, migration_ids()
        log.info(
            "schema_verified",
            schema=self._settings.thirdeye_mysql_schema,
            applied=applied,
            connection=self._thirdeye.address,
            server=await self._thirdeye.server_version(),
        )
        newer = await applied_migrations(self._thirdeye) - self._expected
        if newer:
            log.warning("thirdeye_schema_newer", migrations=sorted(newer)[:5], advice=_NEWER)

    def _report(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            log.error("thirdeye_schema_not_ready", problem=problem)

    async def _check_grants(self) -> None:
        try:
            excess = await self._om.excess_privileges()
            version = await self._om.server_version()
        except Unavailable:
            return
        self._grants_checked = True
        log.info("openmetadata_connected", connection=self._om.address, server=version)
        if excess:
            log.warning(
                "openmetadata_account_may_write",
                excess=excess[:20],
                advice="ThirdEye only ever reads; take these away, `thirdeye grants` prints what it needs",
            )
