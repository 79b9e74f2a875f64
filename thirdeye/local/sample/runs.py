"""Ingestion pipelines of services, and the runs of them that OpenMetadata holds."""

from collections.abc import Iterator

from thirdeye.local.sample.naming import dice, identifier, join_fqn, join_hash
from thirdeye.local.sample.options import HISTORY_DAYS, EstateOptions
from thirdeye.local.sample.records import (
    Feed,
    PipelineRecord,
    Reach,
    RunRecord,
    Runs,
    Schedule,
    ServiceRecord,
    TableRecord,
)
from thirdeye.local.sample.schedules import MONDAY, newest_day, was_read, weekday

ASPECT = 61
USAGE = "usage"
TYPES = (USAGE, "metadata", "lineage", "profiler")
RECENT_DAYS = 200
OTHER_RUNS_DAYS = 30
# Older versions of OM stored no steps, the oldest times in seconds.
WITHOUT_STEPS_DAYS, IN_SECONDS_DAYS = 500, 700


class Ingestion:
    """The pipelines of the database services of an estate, and their runs."""

    def __init__(self, options: EstateOptions, services: list[ServiceRecord]) -> None:
        self._options = options
        self._services = services

    def pipelines(self) -> Iterator[PipelineRecord]:
        """Those of services; a service whose usage comes from a file or from elsewhere has none."""
        for number, service in enumerate(self._services):
            if service.runs is not Runs.ABSENT:
                for kind in TYPES:
                    yield self._pipeline(kind, number, service.fqn, service.name_hash)

    def pipeline_of_tests(self, table: TableRecord) -> PipelineRecord:
        """That of a table's test suite: its FQN begins with the service's, and it is none of the service's own."""
        return self._pipeline("TestSuite", table.index, table.fqn, table.fqn_hash)

    def runs(self) -> Iterator[RunRecord]:
        """All runs of the pipelines of services."""
        for number, service in enumerate(self._services):
            if service.runs in {Runs.RECORDED, Runs.RECENT}:
                for kind in TYPES:
                    pipeline = self._pipeline(kind, number, service.fqn, service.name_hash)
                    yield from self._usage_runs(pipeline, number, service) if kind == USAGE else self._others(pipeline)

    def runs_of_tests(self, table: TableRecord) -> Iterator[RunRecord]:
        """Those of a table's test suite."""
        return self._others(self.pipeline_of_tests(table))

    def _pipeline(self, kind: str, number: int, parent_fqn: str, parent_hash: str) -> PipelineRecord:
        name = f"{kind.lower()}_agent"
        return PipelineRecord(
            id=identifier(self._options.seed, f"ingestionPipeline/{kind}", number),
            name=name,
            fqn=join_fqn(parent_fqn, name),
            fqn_hash=join_hash(parent_hash, name),
            pipeline_type=kind,
            updated_at_ms=self._options.moment_ms(390, number),
        )

    def _usage_runs(self, pipeline: PipelineRecord, number: int, service: ServiceRecord) -> Iterator[RunRecord]:
        random = dice(self._options.seed, ASPECT, number)
        oldest = RECENT_DAYS if service.runs is Runs.RECENT else HISTORY_DAYS
        stopped = newest_day(service.feed, Reach.WATCHED) if service.feed is Feed.SILENT else -1
        for day in range(min(oldest, self._options.usage_days), -1, -1):
            second, chance, seconds = random.randrange(7_000, 12_000), random.random(), random.randint(40, 900)
            if service.schedule is Schedule.WEEKLY and weekday(day, self._options) != MONDAY:
                continue
            state, batches = ("success" if chance > 0.06 else "partialSuccess"), 2
            if day < stopped or not was_read(service, day, self._options):
                # Some succeed without having read the log, some are killed.
                state, batches = ("failed", "failed", "success", "running")[int(chance * 4)], 0
            yield self._run(
                pipeline, day, second, state, seconds, _steps(service.service_type, batches, random.random())
            )

    def _others(self, pipeline: PipelineRecord) -> Iterator[RunRecord]:
        for day in range(min(OTHER_RUNS_DAYS, self._options.usage_days), -1, -1):
            yield self._run(pipeline, day, 20_000 + day, "success", 300, (("Source", 40), ("OpenMetadata", 40)))

    def _run(
        self,
        pipeline: PipelineRecord,
        day: int,
        second: int,
        state: str,
        seconds: int,
        steps: tuple[tuple[str, int], ...],
    ) -> RunRecord:
        killed = state == "running"
        started = self._options.moment_ms(day, second)
        return RunRecord(
            id=identifier(self._options.seed, pipeline.id, day),
            pipeline_fqn_hash=pipeline.fqn_hash,
            started=started // 1000 if day > IN_SECONDS_DAYS else started,
            seconds=None if killed else seconds,
            state=state,
            steps=None if killed or day > WITHOUT_STEPS_DAYS else steps,
        )


def _steps(service_type: str, batches: int, share: float) -> tuple[tuple[str, int], ...]:
    tables = batches * round(20 + 900 * share)
    return ((service_type, batches), ("Query Parser", batches), ("Table Usage", tables), ("OpenMetadata", tables // 5))
